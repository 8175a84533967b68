"""What is asked of the index, and how the answer is read: pure, without a connection."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from search.filters import Filter, all_of, to_meilisearch
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
FEW = 10  # fewer hits than these, and related ones are looked for


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


@dataclass(slots=True)
class Found:
    """A page of hits as stored bodies, each with how it matched."""

    cards: list[dict[str, Any]] = field(default_factory=list)
    related: int = 0  # so many at the end matched only in part
    total: int = 0
    facets: dict[str, dict[str, int]] = field(default_factory=dict)


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


def _filtered(condition: Filter | None) -> dict[str, Any]:
    return {} if condition is None else {"filter": to_meilisearch(condition)}


def multi_search(uid: str, query: SearchQuery) -> list[dict[str, Any]]:
    """The questions: the page itself first, then one for each facet with a filter of its own."""
    apart = own_facets(query)
    text = sent_text(query.text)
    main: dict[str, Any] = {
        "indexUid": uid,
        "q": text,
        "matchingStrategy": "all",
        "page": query.page,
        "hitsPerPage": query.limit,
        "attributesToRetrieve": ["id", "card"],
        **_filtered(query.condition()),
    }
    together = [FACETS[name] for name in query.facets if name not in apart]
    if together:
        main["facets"] = together
    if query.sort:
        main["sort"] = [sorted_by(order) for order in query.sort]
    return [
        main,
        *(
            {
                "indexUid": uid,
                "q": text,
                "matchingStrategy": "all",
                "page": 1,
                "hitsPerPage": 0,
                "facets": [FACETS[name]],
                **_filtered(query.condition(without=name)),
            }
            for name in apart
        ),
    ]


def related_search(uid: str, query: SearchQuery, *, facets: bool) -> list[dict[str, Any]]:
    """The questions for hits that share only some words with the query.

    First those with its rarest words; then, since a word that nothing holds is the rarest of all, those
    with its first words.
    """
    asked = multi_search(uid, query)[0]
    if not facets:
        asked.pop("facets", None)
    return [asked | {"matchingStrategy": strategy} for strategy in ("frequency", "last")]


def wants_related(query: SearchQuery, found: Found) -> bool:
    return query.page == 1 and found.total < FEW and len(query_words(query.text)) > 1


def read(query: SearchQuery, results: Sequence[dict[str, Any]]) -> Found:
    """The answer to `multi_search`."""
    main = results[0]
    counted = dict(main.get("facetDistribution") or {})
    apart = own_facets(query)
    found = Found(cards=[hit["card"] for hit in main["hits"]], total=main["totalHits"])
    for name in query.facets:
        if name in apart:
            distribution = results[1 + apart.index(name)].get("facetDistribution") or {}
            found.facets[name] = distribution.get(FACETS[name], {})
        else:
            found.facets[name] = counted.get(FACETS[name], {})
    return found


def add_related(query: SearchQuery, found: Found, results: Sequence[dict[str, Any]]) -> None:
    """Append the related hits to a page that has few; without any full hit they are what is counted."""
    known = {card["id"] for card in found.cards}
    for result in results:
        for hit in result["hits"]:
            card = hit["card"]
            if card["id"] not in known and len(found.cards) < query.limit:
                known.add(card["id"])
                found.cards.append(card)
                found.related += 1
    if found.total == 0:
        counted = max(results, key=lambda result: int(result["totalHits"]))
        found.total = counted["totalHits"]
        for name in found.facets:
            found.facets[name] = (counted.get("facetDistribution") or {}).get(
                FACETS[name], found.facets[name]
            )
