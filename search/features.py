"""What ranking must know of a listing, packed into one string of its document.

Hundreds of these are read for a question, and most for the first time in this process: so a listing's words
stay one string to look in, and sets of terms, which many listings share, are made once for all of them.
"""

from dataclasses import dataclass, fields
from functools import lru_cache
from typing import Any

import orjson

_NONE: frozenset[str] = frozenset()
# How surely a listing is about a word: by the part of `Features.words` where it stands first.
_HELD = (1.0, 0.75, 0.6, 0.45)


@dataclass(slots=True)
class Features:
    """A listing at a venue, for ranking: not to be changed. Days are ordinals; what is None is not known."""

    listing_id: str = ""
    kind: str = ""
    series: str = ""  # the same for the dates of one series
    categories: frozenset[str] = _NONE
    broader: frozenset[str] = _NONE
    audiences: frozenset[str] = _NONE
    only: frozenset[str] = _NONE
    languages: frozenset[str] = _NONE
    texts: frozenset[str] = _NONE
    loneliness: frozenset[str] = _NONE
    attendance: frozenset[str] = _NONE
    facts: frozenset[str] = _NONE
    not_facts: frozenset[str] = _NONE
    signs: frozenset[str] = _NONE
    words: str = ""  # written by `words_of`
    places: frozenset[str] = _NONE  # folded names
    municipality: str | None = None
    county: str | None = None
    point: tuple[float, float] | None = None
    approximate: bool = False
    age_min: int | None = None
    age_max: int | None = None
    cost: str | None = None
    free: bool | None = None
    benefits: frozenset[str] = _NONE
    threshold: int = 0
    confirmed: int | None = None
    capacity: str | None = None
    capacity_day: int | None = None
    first_day: int | None = None
    last_day: int | None = None
    crisis: bool = False
    price: float | None = None  # SEK for a visit; not of a year's membership

    def packed(self) -> str:
        """The features as a string that `unpack` reads: their values in order."""
        return orjson.dumps(
            [
                "|".join(sorted(value)) if isinstance(value, frozenset) else value
                for value in (getattr(self, name) for name in _NAMES)
            ]
        ).decode()


_NAMES = tuple(field.name for field in fields(Features))
_SETS = tuple(number for number, field in enumerate(fields(Features)) if field.type == frozenset[str])
_POINT = next(number for number, field in enumerate(fields(Features)) if field.name == "point")


@lru_cache(maxsize=50_000)
def _terms(written: str) -> frozenset[str]:
    return frozenset(written.split("|"))


@lru_cache(maxsize=20_000)
def unpack(packed: str) -> Features:
    """The features of a packed string; of one by an earlier version only what tells listings apart."""
    given: Any = orjson.loads(packed)
    if isinstance(given, dict):  # until the worker has compared all documents, as it does at its start
        return Features(given.get("0", ""), given.get("1", ""), given.get("2", ""))
    for number in _SETS:
        written = given[number]
        given[number] = _terms(written) if written else _NONE
    if given[_POINT] is not None:
        given[_POINT] = tuple(given[_POINT])
    return Features(*given)


def words_of(title: frozenset[str], near: frozenset[str], parts: frozenset[str], body: frozenset[str]) -> str:
    """The keys of a listing's words, each where it weighs most.

    `near`: of the summary and the organisation; `parts`: of compounds in title and summary; `body`: of the
    description.
    """
    written: list[str] = []
    seen: set[str] = set()
    for keys in (title, near, parts, body):
        written.append("".join(f" {key}" for key in sorted(keys - seen)))
        seen |= keys
    return " |".join(written) + " "


def sought(word: str) -> str:
    """The key of a word as `held` looks for it."""
    return f" {word} "


def held(of: Features, word: str) -> float:
    """How surely a listing is about a word, as `sought` writes it: 1 in the title, less elsewhere, or 0."""
    at = of.words.find(word)
    return 0.0 if at < 0 else _HELD[of.words.count("|", 0, at)]


def title_keys(of: Features) -> list[str]:
    """The keys of the title's words."""
    return of.words.partition("|")[0].split()
