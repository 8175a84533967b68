"""A small tree of filters over the fields of a `ListingDocument`.

One tree has two readings: `to_meilisearch` here, and SQL over the same documents for the time when
Meilisearch does not answer. Both say the same: a field holding several values matches when any of them
does, and a document without the field matches neither a comparison nor an equality.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import assert_never

Value = str | int | float | bool


@dataclass(frozen=True, slots=True)
class And:
    parts: tuple["Filter", ...]


@dataclass(frozen=True, slots=True)
class Or:
    """True when any part is; without parts it is never true."""

    parts: tuple["Filter", ...]


@dataclass(frozen=True, slots=True)
class Not:
    part: "Filter"


@dataclass(frozen=True, slots=True)
class Equals:
    field: str
    value: Value


@dataclass(frozen=True, slots=True)
class In:
    """True when the field holds any of the values; without values it is never true."""

    field: str
    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class AtLeast:
    field: str
    bound: float


@dataclass(frozen=True, slots=True)
class AtMost:
    field: str
    bound: float


@dataclass(frozen=True, slots=True)
class Between:
    """One and the same element lies between the bounds, both included."""

    field: str
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Missing:
    field: str


@dataclass(frozen=True, slots=True)
class GeoRadius:
    lat: float
    lon: float
    metres: float


@dataclass(frozen=True, slots=True)
class GeoBox:
    """West may be east of east: then the box crosses the date line."""

    south: float
    west: float
    north: float
    east: float


Filter = And | Or | Not | Equals | In | AtLeast | AtMost | Between | Missing | GeoRadius | GeoBox
NEVER = Or(())


def all_of(parts: Iterable[Filter | None]) -> Filter | None:
    """The parts together; None when there is none."""
    given = tuple(part for part in parts if part is not None)
    if not given:
        return None
    return given[0] if len(given) == 1 else And(given)


def any_of(parts: Iterable[Filter]) -> Filter:
    given = tuple(parts)
    return given[0] if len(given) == 1 else Or(given)


def fields(node: Filter) -> frozenset[str]:
    """The names of all fields the tree asks about."""
    match node:
        case And(parts) | Or(parts):
            return frozenset().union(*(fields(part) for part in parts))
        case Not(part):
            return fields(part)
        case GeoRadius() | GeoBox():
            return frozenset({"_geo"})
        case _:
            return frozenset({node.field})


def quote(value: Value) -> str:
    """A value as Meilisearch's filter language writes it: it has no parameters, so all is quoted."""
    match value:
        case bool():
            return "true" if value else "false"
        case int() | float():
            return repr(value)
        case str():
            escaped = value.replace("\\", "\\\\").replace("'", "\\'")
            return f"'{escaped}'"
        case _:
            assert_never(value)


def to_meilisearch(node: Filter) -> str:  # noqa: C901, PLR0911, PLR0912  one line for each kind of node
    """The tree in Meilisearch's filter language."""
    match node:
        case And(parts):
            return " AND ".join(f"({to_meilisearch(part)})" for part in parts)
        case Or(()):
            return "id IN []"
        case Or(parts):
            return " OR ".join(f"({to_meilisearch(part)})" for part in parts)
        case Not(part):
            return f"NOT ({to_meilisearch(part)})"
        case Equals(field, value):
            return f"{field} = {quote(value)}"
        case In(field, values):
            return f"{field} IN [{', '.join(quote(value) for value in values)}]"
        case AtLeast(field, bound):
            return f"{field} >= {quote(bound)}"
        case AtMost(field, bound):
            return f"{field} <= {quote(bound)}"
        case Between(field, low, high):
            return f"{field} {quote(low)} TO {quote(high)}"
        case Missing(field):
            return f"{field} NOT EXISTS"
        case GeoRadius(lat, lon, metres):
            return f"_geoRadius({lat!r}, {lon!r}, {metres!r})"
        case GeoBox(south, west, north, east):
            return f"_geoBoundingBox([{north!r}, {east!r}], [{south!r}, {west!r}])"
        case _:
            assert_never(node)
