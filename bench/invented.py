"""Invented organisations and listings in the exchange format: the same ones for the same seed."""

# ruff: noqa: S311 - chance without secrets
import json
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Any

from app.services.taxonomies import Kommun, Vocabulary

LISTINGS_EACH = 50  # of one organisation
_FORMS = ("Föreningen", "Stiftelsen", "Nätverket", "Studiekretsen", "Byalaget")
_NAMES = (
    *("Kaffekvarnen", "Symaskinen", "Nattljus", "Vindskyddet", "Tändstickan", "Källaren", "Ullgarnet"),
    *("Trasmattan", "Grinden", "Gungstolen", "Fyrbåken", "Hasselbacken", "Rönnbäret", "Åkanten"),
)
_WHEN = (
    "på tisdagar",
    "i höst",
    "för nybörjare",
    "om kvällen",
    "varje vecka",
    "på söndagar",
    "mitt på dagen",
)
_WHAT = (
    *("kaffe", "samtal", "musik", "hantverk", "promenad", "läsning", "bakning", "odling", "schack", "sång"),
    *("stickning", "bräddspel", "teater", "språkträning", "läxhjälp", "cykling", "fiske", "foto", "data"),
)
_SAID = (
    "Vi träffas i lugn och ro, och ingen behöver kunna något i förväg.",
    "Kom som du är, stanna så länge du vill och ta gärna med en vän.",
    "Det finns alltid någon vid dörren som tar emot den som är ny.",
    "Lokalen ligger nära bussen och vi bjuder på kaffe, te och smörgås.",
    "Efteråt går de som vill en runda längs vattnet innan vi skiljs åt.",
    "Ledarna är volontärer som själva en gång kom hit ensamma.",
    "Den som hellre lyssnar än pratar är precis lika välkommen.",
    "Vi hjälps åt att duka, laga mat och städa efter oss.",
    "Säg till i förväg om du behöver tolk eller har frågor om vägen.",
)
_STREETS = ("Storgatan", "Kyrkvägen", "Skolgatan", "Ängsvägen", "Hamngatan", "Torget", "Stationsgatan")
_PLACES = (
    "Biblioteket",
    "Medborgarhuset",
    "Församlingshemmet",
    "Bygdegården",
    "Träffpunkten",
    "Fritidsgården",
)
_LANGUAGES = ("ar", "en", "fi", "so", "fa", "uk", "es", "pl")
_LISTING_FACTS = ("drop_in", "free_food", "children_welcome", "registration_required", "anonymous_ok")
_VENUE_FACTS = ("step_free_entrance", "wheelchair_accessible", "accessible_toilet", "near_public_transport")
_DAYS = ("mo", "tu", "we", "th", "fr", "sa", "su")


def records(count: int, words: Vocabulary, *, seed: int, today: date, name: str) -> Iterator[dict[str, Any]]:
    """So many listings, and each organisation before its own. `name` begins every external id."""
    chance = Random(seed)
    kommuner = list(words.municipalities.values())
    # People live unevenly, and so do listings.
    weights = [kommun.population or 10_000 for kommun in kommuner]
    for number in range(count):
        owner = f"{name}-{number // LISTINGS_EACH}"
        if number % LISTINGS_EACH == 0:
            yield _organisation(owner, chance, chance.choices(kommuner, weights)[0])
        kommun = chance.choices(kommuner, weights)[0]
        yield _listing(f"{name}-{number}", owner, chance, kommun, words, today)


def write(path: Path, count: int, words: Vocabulary, *, seed: int, today: date, name: str) -> int:
    """The same as a JSON Lines file; returns its number of rows."""
    rows = 0
    with path.open("w", encoding="utf-8") as file:
        for record in records(count, words, seed=seed, today=today, name=name):
            file.write(json.dumps(record, ensure_ascii=False) + "\n")
            rows += 1
    return rows


def _organisation(external_id: str, chance: Random, kommun: Kommun) -> dict[str, Any]:
    name = f"{chance.choice(_FORMS)} {chance.choice(_NAMES)} i {kommun.name_short}"
    return {
        "type": "organisation",
        "external_id": external_id,
        "name": name,
        "legal_form": "non-profit-association",
        "municipality_code": kommun.code,
        "website": f"https://{external_id}.example",
        "email": f"hej@{external_id}.example",
        "phone": f"08-465 004 {chance.randrange(100):02}",
        "texts": {"sv": {"description": f"{name} ordnar öppna träffar."}},
    }


def _listing(
    external_id: str, owner: str, chance: Random, kommun: Kommun, words: Vocabulary, today: date
) -> dict[str, Any]:
    leaves = [term for term in words.categories.values() if not term.children]
    categories = chance.sample(leaves, chance.choice((1, 1, 2, 3)))
    what = chance.sample(_WHAT, 3)
    title = f"{categories[0].sv} {chance.choice(_WHEN)}"[:80]
    summary = f"{what[0].capitalize()}, {what[1]} och {what[2]} i {kommun.name_short}."
    texts: dict[str, Any] = {
        "sv": {
            "title": title,
            "summary": summary,
            "description": " ".join(chance.sample(_SAID, chance.randrange(2, 6))),
        }
    }
    if chance.random() < 0.3:
        texts["en"] = {"title": categories[0].en[:80], "summary": f"For everyone in {kommun.name_short}."}
    record: dict[str, Any] = {
        "type": "listing",
        "external_id": external_id,
        "organisation": owner,
        "kind": chance.choice(("activity", "activity", "activity", "meeting_place")),
        "texts": texts,
        "categories": [term.id for term in categories],
        "languages": [
            {"code": "sv", "mode": "spoken"},
            *({"code": code, "mode": "spoken"} for code in chance.sample(_LANGUAGES, chance.randrange(3))),
        ],
        "attendance": ["in_person"],
        "facts": {fact: chance.random() < 0.7 for fact in chance.sample(_LISTING_FACTS, 3)},
        "venues": [_venue(chance, kommun)],
        "schedule": [_rule(chance, today) for _ in range(chance.choice((1, 1, 2)))],
        "contacts": [{"channel": "phone", "value": f"08-465 004 {chance.randrange(100):02}"}],
        "confirmed_on": (today - timedelta(days=chance.randrange(400))).isoformat(),
    }
    if chance.random() < 0.6:
        audiences = chance.sample(list(words.audiences), chance.choice((1, 2)))
        record["audiences"] = [{"term": term, "only": False} for term in audiences]
    if chance.random() < 0.6:
        low = chance.choice((0, 13, 16, 18, 65))
        record["age"] = {"min": low, "max": chance.choice((None, low + 20))}
    if chance.random() < 0.8:
        free = {"kind": "free"}
        record["cost"] = chance.choice((free, free, {"kind": "paid", "min_sek": chance.randrange(10, 300)}))
    if chance.random() < 0.4:
        record["loneliness"] = chance.sample(("social", "emotional", "existential"), 2)
    return record


def _venue(chance: Random, kommun: Kommun) -> dict[str, Any]:
    city = kommun.main_locality or kommun.name_short
    return {
        "name": f"{chance.choice(_PLACES)} i {city}",
        "street": f"{chance.choice(_STREETS)} {chance.randrange(1, 90)}",
        "city": city,
        "municipality_code": kommun.code,
        "lat": round(kommun.lat + chance.gauss(0, 0.03), 5),
        "lon": round(kommun.lon + chance.gauss(0, 0.05), 5),
        "visibility": "public",
        "facts": {fact: chance.random() < 0.7 for fact in chance.sample(_VENUE_FACTS, 2)},
    }


def _rule(chance: Random, today: date) -> dict[str, Any]:
    start = chance.randrange(8, 20)
    rule: dict[str, Any] = {
        "freq": "weekly",
        "days": chance.sample(_DAYS, chance.choice((1, 1, 1, 2, 5))),
        "from": f"{start:02}:00",
        "to": f"{start + chance.choice((2, 3)):02}:00",
    }
    shape = chance.random()
    if shape < 0.4:
        rule["valid_from"] = (today - timedelta(days=60)).isoformat()
        rule["valid_to"] = (today + timedelta(days=chance.randrange(30, 200))).isoformat()
    elif shape < 0.5:
        rule["weeks"] = chance.choice(("odd", "even"))
    elif shape < 0.6:
        rule |= {"freq": "monthly", "nth": chance.choice((1, 2, 3, -1))}
    if chance.random() < 0.6:
        rule["red_days"] = chance.choice(("open", "closed"))
    return rule
