"""Chips as a client sends them back: each checked by the parser of its kind."""

from collections.abc import Callable, Container, Mapping
from typing import get_args

from app.errors import FieldProblem, Invalid
from app.schemas.listing import Attendance, Kind, Loneliness
from app.schemas.search import SearchRequest
from app.services.find_labels import SMALL
from app.services.find_request import Knowledge
from search.understanding.people import parse_age, parse_gender
from search.understanding.places import HERE, resolve
from search.understanding.reading import Reading, ReadingKind
from search.understanding.when import parse as parse_when

NEGATABLE: frozenset[str] = frozenset({"audience", "category", "fact"})


def given(request: SearchRequest, knowledge: Knowledge) -> tuple[Reading, ...]:
    """The readings that the chips of a request name. Raises Invalid, naming the place of each bad one."""
    found: list[Reading] = []
    problems: list[FieldProblem] = []
    for number, chip in enumerate(request.chips):
        reading = _reading(chip, request, knowledge)
        if reading is None:
            problems.append(
                FieldProblem(f"/chips/{number}", "unknown-chip", "Is no chip that is known here.")
            )
        else:
            found.append(reading)
    if problems:
        raise Invalid("The wishes of the search do not go together.", problems)
    return tuple(found)


def _reading(chip: str, request: SearchRequest, knowledge: Knowledge) -> Reading | None:
    negated = chip.startswith("-")
    kind, _, value = chip.removeprefix("-").partition(":")
    known: ReadingKind | None = next((one for one in get_args(ReadingKind) if one == kind), None)
    if known is None or (negated and known not in NEGATABLE):
        return None
    if not _is_known(known, value, request, knowledge):
        return None
    return Reading(known, value, certainty="certain", negated=negated)


def _parses(parse: Callable[[str], object], value: str) -> bool:
    try:
        parse(value)
    except ValueError:
        return False
    return True


def _is_known(kind: ReadingKind, value: str, request: SearchRequest, knowledge: Knowledge) -> bool:
    words = knowledge.vocabulary
    if kind == "place":
        if value == HERE:
            return bool(request.near or request.place)
        return resolve(value, knowledge.book) is not None
    parsers: Mapping[str, Callable[[str], object]] = {
        "age": parse_age,
        "gender": parse_gender,
        "time": parse_when,
    }
    if kind in parsers:
        return _parses(parsers[kind], value)
    terms: Mapping[str, Container[str]] = {
        "attendance": frozenset(get_args(Attendance)),
        "audience": words.audiences,
        "category": words.categories,
        "cost": SMALL["cost"],
        "fact": words.facts,
        "kind": frozenset(Kind),
        "language": words.languages,
        "loneliness": frozenset(get_args(Loneliness)),
        "situation": knowledge.lexicon.situations,
    }
    return value in terms.get(kind, ())
