"""Examples for the API's description: written by hand for what people send, derived for the rest."""

from collections.abc import Mapping
from typing import Any

Schema = Mapping[str, Any]

# What a reader copies must be accepted as it stands.
WRITTEN: dict[str, Any] = {
    "OrganisationIn": {
        "external_id": "kaffekvarnen-farsta",
        "name": "Föreningen Kaffekvarnen i Farsta",
        "legal_form": "non-profit-association",
        "municipality_code": "0180",
        "website": "https://kaffekvarnen.example",
        "email": "hej@kaffekvarnen.example",
        "phone": "08-465 004 12",
        "texts": {"sv": {"description": "Vi ordnar öppna kaffestunder och promenader i Farsta."}},
    },
    "ListingIn": {
        "external_id": "kaffekvarnen-sprakcafe",
        "kind": "activity",
        "texts": {"sv": {"title": "Språkcafé på tisdagar", "summary": "Prata svenska över en kopp kaffe."}},
        "categories": ["language-cafe", "coffee-meetup"],
        "audiences": [{"term": "newcomers", "only": False}],
        "languages": [{"code": "sv", "mode": "spoken"}, {"code": "ar", "mode": "spoken"}],
        "age": {"min": 18, "max": None},
        "cost": {"kind": "free"},
        "attendance": ["in_person"],
        "facts": {"drop_in": True, "registration_required": False},
        "venues": [
            {
                "name": "Farsta bibliotek",
                "street": "Farstaplan 23",
                "postal_code": "123 47",
                "city": "Farsta",
                "municipality_code": "0180",
                "district": "Farsta",
                "lat": 59.2437,
                "lon": 18.0916,
                "facts": {"step_free_entrance": True},
            }
        ],
        "schedule": [
            {"freq": "weekly", "days": ["tu"], "from": "17:00", "to": "19:00", "red_days": "closed"}
        ],
        "contacts": [{"channel": "phone", "value": "08-465 004 12", "label": "Kansliet"}],
        "confirmed_on": "2026-10-02",
    },
    "SearchRequest": {"q": "språkcafé", "near": "59.2437,18.0916", "radius_km": 10, "fact": ["drop_in"]},
    "WebhookIn": {"url": "https://system.kaffekvarnen.example/torg", "events": ["referral.requested"]},
    "KeyIn": {"name": "Föreningens webbplats", "scopes": ["listings:write"]},
}
FORMATS = {
    "date": "2026-11-21",
    "date-time": "2026-11-21T16:00:00Z",
    "uuid": "019aa4f0-1c00-7000-8000-000000000001",
    "uri": "https://torg.example",
    "binary": "",
}
DEEPEST = 8  # below this, what may be left out is left out


def example(schema: Schema, components: Mapping[str, Schema], depth: int = 0) -> Any:
    """A value that validates against the schema; `components` holds what `$ref` may name."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        written = WRITTEN.get(name.removesuffix("-Input").removesuffix("-Output"))
        return written if written is not None else example(components[name], components, depth + 1)
    for key in ("examples", "enum"):
        if schema.get(key):
            return schema[key][0]
    for key in ("example", "const"):
        if key in schema:
            return schema[key]
    for key in ("anyOf", "oneOf"):
        if key in schema:
            real = [part for part in schema[key] if part.get("type") != "null"]
            return example(real[0], components, depth + 1) if real and depth < DEEPEST else None
    if "allOf" in schema:
        return example(schema["allOf"][0], components, depth + 1)
    return _of_type(schema, components, depth)


def _of_type(schema: Schema, components: Mapping[str, Schema], depth: int) -> Any:
    kind = schema.get("type")
    if kind == "object":
        return _object(schema, components, depth)
    if kind == "array":
        return [example(schema.get("items", {}), components, depth + 1)] if depth < DEEPEST else []
    plain = {
        "string": FORMATS.get(schema.get("format", ""), "text"),
        "integer": int(schema.get("minimum", 1)),
        "number": schema.get("minimum", 1.5),
        "boolean": True,
        "null": None,
    }
    return plain.get(str(kind), {})


def _object(schema: Schema, components: Mapping[str, Schema], depth: int) -> dict[str, Any]:
    needed = schema.get("required", ())
    made = {
        name: example(part, components, depth + 1)
        for name, part in schema.get("properties", {}).items()
        if name in needed or depth < DEEPEST
    }
    values = schema.get("additionalProperties")
    if not made and isinstance(values, dict):
        names = schema.get("propertyNames", {})
        made = {str(example(names, components) if names else "name"): example(values, components, depth + 1)}
    return made
