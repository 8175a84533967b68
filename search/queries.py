"""What is asked of the index, and how the answer is read: pure, without a connection."""

from dataclasses import dataclass

from search.filters import Filter, all_of
from search.words import fold, key, query_words, split, stem

# The name a facet has outside → the field it counts.
FACETS: dict[str, str] = {
    "kind": "kind",
    "category": "categories",
    "audience": "audiences",
    "language": "languages",
    "municipality": "municipality_code",
    "county": "county_code",
    "cost": "cost_kind",
    "free": "free",
    "attendance": "attendance",
    "fact": "facts_true",
    "loneliness": "loneliness",
    "organisation": "organisation_id",
    "day_part": "day_parts",
}


@dataclass(frozen=True, slots=True)
class Order:
    """By a field's value; documents without it come last."""

    field: str
    descending: bool = False


@dataclass(frozen=True, slots=True)
class Nearest:
    lat: float
    lon: float


Sorting = Order | Nearest


@dataclass(frozen=True, slots=True)
class SearchQuery:
    """One question. `groups` maps a facet's name (or any other name) to its filter; all must hold.

    A facet is counted without the filter of its own group, so that one can choose another value of it.
    """

    text: str = ""
    groups: tuple[tuple[str, Filter], ...] = ()
    sort: tuple[Sorting, ...] = ()
    page: int = 1
    limit: int = 20
    facets: tuple[str, ...] = ()

    def condition(self, *, without: str | None = None) -> Filter | None:
        return all_of(part for name, part in self.groups if name != without)


def sent_text(text: str) -> str:
    """The query as the index is asked it: without stop words, as stems."""
    words = query_words(text)
    return " ".join(stem(word) for word in words)


def wanted_words(text: str) -> tuple[frozenset[str], str | None]:
    """For highlighting: the keys of the query's words, and the last one's folded beginning."""
    words = query_words(text)
    if not words:
        return frozenset(), None
    last = fold(words[-1])
    still_typing = split(text)[-1] == words[-1] and len(last) >= 3
    return frozenset(key(word) for word in words), fold(stem(words[-1])) if still_typing else None


def own_facets(query: SearchQuery) -> list[str]:
    """The facets that have a filter of their own and so need a question of their own."""
    filtered = {name for name, _ in query.groups}
    return [name for name in query.facets if name in filtered]


def sorted_by(order: Sorting) -> str:
    """The order as Meilisearch writes it."""
    match order:
        case Nearest(lat, lon):
            return f"_geoPoint({lat!r}, {lon!r}):asc"
        case Order(name, descending):
            return f"{name}:{'desc' if descending else 'asc'}"
