"""The API's description by Sweden's REST API profile: texts, problems, examples, servers."""

from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from app.config import get_settings
from app.errors import ERRORS
from app.openapi_examples import example
from app.release import RELEASED, VERSION
from app.schemas.problem import Problem

BASE = "/api/v1"
PUBLIC = "https://torg.example"
DESCRIPTION = """\
Torg är en öppen katalog över aktiviteter, mötesplatser och stödlinjer för den som är ensam. Här kan vem
som helst söka utan nyckel, och föreningar, församlingar och kommuner kan registrera och hålla sitt
utbud aktuellt.

Torg is an open directory of activities, meeting places and support lines for people who are lonely.
Anyone may search without a key; associations, congregations and municipalities register and keep their
listings current.

**Begränsningar / limits.** 600 anrop i minuten och adress utan nyckel, 3 000 med nyckel; högst 100
träffar per sida; högst 1 MB i en förfrågan. / 600 requests a minute and address without a key, 3 000
with one; at most 100 items a page; at most 1 MB in a body.

**Okänt är inte nej / unknown is not no.** Ett fält som saknas är inte känt; `null` betyder att man vet
att det inte finns. / An absent field is not known; `null` means known to be without.
"""
LIMITATIONS = (
    "600 requests a minute and address without a key and 3 000 with one (RateLimit headers, 429); "
    "100 items a page; 1 MB a body; a search reaches the first 100 000 answers."
)
TAGS = {
    "search": "Sök och förslag. / Search and suggestions.",
    "listings": "Aktiviteter, mötesplatser och stödlinjer. / Activities, meeting places and support lines.",
    "organisations": "Vilka som står bakom. / Who is behind them.",
    "venues": "Platser, som flera kan dela. / Places, which several may share.",
    "webhooks": (
        "Meddelanden till ett eget system eller en enhets brevlåda."
        " / Messages to a system of one's own or a unit's mailbox."
    ),
    "keys": "Nycklar för den som registrerar. / Keys for those who register.",
    "people": "Roller, och det som kräver två personer. / Roles, and what takes two people.",
    "vocabularies": "Termer med svenska och engelska namn. / Terms with Swedish and English labels.",
    "referrals": "Hänvisningar från vård och omsorg. / Referrals from health and social care.",
    "inbox": "Hänvisningar hos den som tar emot. / Referrals where they are received.",
    "my-referral": "För personen själv. / For the person herself.",
    "service": "Om tjänsten själv. / About the service itself.",
}
ANSWERS = {
    "200": "What was asked for.",
    "201": "Made. `Location` and `ETag` tell where and which version.",
    "202": "Taken; done in a moment.",
    "204": "Done; there is nothing to tell.",
}
METHODS = ("get", "put", "post", "delete", "patch")
Json = dict[str, Any]


def describe(app: FastAPI) -> None:
    """Let the app serve this description, with its own public address as the server."""

    def served() -> Json:
        if app.openapi_schema is None:
            app.openapi_schema = document(app, get_settings().public_url)
        return app.openapi_schema

    app.openapi = served  # type: ignore[method-assign]


def document(app: FastAPI, address: str = PUBLIC) -> Json:
    """The whole OpenAPI document, with paths relative to `address` + /api/v1."""
    spec = get_openapi(
        title="Torg",
        version=VERSION,
        summary="An open directory of what brings people together, and of someone to talk to.",
        description=DESCRIPTION,
        routes=app.routes,
        terms_of_service=f"{PUBLIC}/terms",
        contact={"name": "Torg", "url": PUBLIC},
        license_info={
            "name": "EUPL-1.2",
            "url": "https://interoperable-europe.ec.europa.eu/collection/eupl/eupl-text-eupl-12",
        },
        servers=[{"url": address.rstrip("/") + BASE, "description": "Torg"}],
        tags=[{"name": name, "description": text} for name, text in TAGS.items()],
        external_docs={"description": "Guide, glossary, errors and SLA", "url": f"{PUBLIC}/docs"},
    )
    # Not among the arguments: FastAPI would remark in the log that it lacks a package to check it with.
    spec["info"]["contact"]["email"] = "torg@torg.example"
    spec["info"]["x-limitations"] = LIMITATIONS
    spec["info"]["x-sla"] = {
        "availability": "Best effort; see the operator's own terms.",
        "responseTime": "A search is answered within 50 ms at the median.",
        "support": "torg@torg.example",
    }
    spec["info"]["x-released"] = RELEASED.isoformat()
    spec["paths"] = {path.removeprefix(BASE): item for path, item in spec["paths"].items()}
    components = spec.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    _add_problem(schemas)
    components["responses"] = {f"Problem{status}": _problem(status) for status in ERRORS}
    used: set[str] = set()
    for path, method, operation in operations(spec):
        operation["operationId"] = _operation_id(operation["operationId"], used)
        _finish(path, method, operation, schemas)
    return spec


def operations(spec: Json) -> Iterator[tuple[str, str, Json]]:
    """Every (path, method, operation) of an OpenAPI document."""
    for path, item in spec["paths"].items():
        for method in METHODS:
            if method in item:
                yield path, method, item[method]


def _operation_id(made: str, used: set[str]) -> str:
    """FastAPI's `show_api_v1_listings__listing__get` without the base path; unique as it was."""
    name = made.replace("_api_v1_", "_", 1)
    short = "_".join(part for part in name.split("_") if part)
    while short in used:
        short += "_"
    used.add(short)
    return short


def _add_problem(schemas: Json) -> None:
    problem = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas.update(problem.pop("$defs"))
    schemas["Problem"] = problem


def _problem(status: int) -> Json:
    error = ERRORS[status]
    told: Json = {
        "type": f"{PUBLIC}/problems/{error.code}",
        "title": error.title_sv,
        "status": status,
        "detail": error.title_sv,
        "instance": f"{BASE}/search",
    }
    if status == 422:
        told["errors"] = [{"pointer": "/limit", "code": "less_than_equal", "message": "Värdet är för högt."}]
    return {
        "description": f"{error.title_en} (`{error.code}`).",
        "content": {
            "application/problem+json": {
                "schema": {"$ref": "#/components/schemas/Problem"},
                "examples": {error.code: {"value": told}},
            }
        },
    }


def _finish(path: str, method: str, operation: Json, schemas: Json) -> None:
    operation.setdefault("description", operation.get("summary", ""))
    responses = operation["responses"]
    for status in [status for status in responses if status >= "4"]:
        del responses[status]
    for status, response in responses.items():
        if response.get("description") in (None, "", "Successful Response"):
            response["description"] = ANSWERS.get(status, "The answer.")
        _give_example(response.get("content", {}), schemas)
    _give_example(operation.get("requestBody", {}).get("content", {}), schemas)
    if method == "get" and "security" not in operation:
        responses["304"] = {"description": "Unchanged since the ETag sent in If-None-Match."}
    for code in _possible(path, method, operation):
        responses[str(code)] = {"$ref": f"#/components/responses/Problem{code}"}


def _give_example(content: Json, schemas: Json) -> None:
    media = content.get("application/json")
    if media is not None and not media.get("examples"):
        media["examples"] = {"example": {"value": example(media.get("schema", {}), schemas)}}


def _possible(path: str, method: str, operation: Json) -> list[int]:
    """The errors an operation can meet, from what it takes."""
    possible = {400, 422, 429, 500, 503}
    if "{" in path or path.endswith("-sessions"):  # these name a referral in the body
        possible |= {404, 410}
    if "security" in operation:
        possible |= {401, 403}
    if "requestBody" in operation:
        possible |= {413, 415}
    if method != "get" and "security" in operation:
        possible |= {409, 412, 428}
    return sorted(possible)
