"""What ranking must know of a listing, packed into one string of its document.

Packed so that a pool of a hundred candidates is one short string each, read once and then known by it.
"""

from dataclasses import asdict, dataclass, fields
from functools import lru_cache
from typing import Any

import orjson


@dataclass(frozen=True, slots=True)
class Features:
    """A listing at a venue, for ranking. Days are ordinals; what is None is not known."""

    listing_id: str = ""
    kind: str = ""
    series: str = ""  # the same for the dates of one series
    categories: frozenset[str] = frozenset()
    broader: frozenset[str] = frozenset()
    audiences: frozenset[str] = frozenset()
    only: frozenset[str] = frozenset()
    languages: frozenset[str] = frozenset()
    texts: frozenset[str] = frozenset()
    loneliness: frozenset[str] = frozenset()
    attendance: frozenset[str] = frozenset()
    facts: frozenset[str] = frozenset()
    not_facts: frozenset[str] = frozenset()
    signs: frozenset[str] = frozenset()
    title: frozenset[str] = frozenset()  # keys of words
    near: frozenset[str] = frozenset()  # of summary and labels
    body: frozenset[str] = frozenset()
    parts: frozenset[str] = frozenset()  # of compounds in title and summary
    places: frozenset[str] = frozenset()  # folded names
    municipality: str | None = None
    county: str | None = None
    point: tuple[float, float] | None = None
    approximate: bool = False
    age_min: int | None = None
    age_max: int | None = None
    cost: str | None = None
    free: bool | None = None
    benefits: frozenset[str] = frozenset()
    threshold: int = 0
    confirmed: int | None = None
    capacity: str | None = None
    capacity_day: int | None = None
    first_day: int | None = None
    last_day: int | None = None
    crisis: bool = False

    def packed(self) -> str:
        """The features as a string that `unpack` reads; empty ones are left out."""
        kept = {
            _SHORT[name]: sorted(value) if isinstance(value, frozenset) else value
            for name, value in asdict(self).items()
            if value not in (None, "", False) and value != frozenset()
        }
        return orjson.dumps(kept).decode()


_SHORT = {field.name: f"{number:x}" for number, field in enumerate(fields(Features))}
_LONG = {short: name for name, short in _SHORT.items()}
_SETS = frozenset(field.name for field in fields(Features) if "frozenset" in str(field.type))


@lru_cache(maxsize=20_000)
def unpack(packed: str) -> Features:
    """The features of a packed string."""
    given: dict[str, Any] = {}
    for short, value in orjson.loads(packed).items():
        name = _LONG[short]
        given[name] = frozenset(value) if name in _SETS else tuple(value) if name == "point" else value
    return Features(**given)
