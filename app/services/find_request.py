"""A search request as a query of the index: pure, given what is known of words and places."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cached_property

from app.errors import FieldProblem, Invalid
from app.schemas.schedule import WEEKDAYS
from app.schemas.search import SearchRequest
from app.services import find_places
from app.services.find_completions import Completions, completions
from app.services.geography import Gazetteer, resolve_place
from app.services.taxonomies import Term, Vocabulary
from app.services.wall_clock import STOCKHOLM
from search.documents import PARTS
from search.filters import (
    AtLeast,
    AtMost,
    Equals,
    Filter,
    GeoBox,
    GeoRadius,
    In,
    Missing,
    Not,
    Or,
    all_of,
)
from search.moments import on_days, open_at
from search.queries import Nearest, Order, SearchQuery
from search.understanding import lexicon
from search.understanding.lexicon import Lexicon
from search.understanding.placebook import Places

NEAR_KM = 10.0


@dataclass(frozen=True)
class Knowledge:
    """Words and places, kept in memory so that a search asks no database for them."""

    vocabulary: Vocabulary
    gazetteer: Gazetteer

    @cached_property
    def book(self) -> Places:
        """The places as the reading of questions looks them up."""
        return find_places.book(self.gazetteer)

    @cached_property
    def lexicon(self) -> Lexicon:
        """The lexicon of the data files, with the words of the vocabularies beside."""
        return lexicon.build(
            {
                kind: {term.id: _said(term) for term in terms.values()}
                for kind, terms in (
                    ("category", self.vocabulary.categories),
                    ("audience", self.vocabulary.audiences),
                    ("fact", self.vocabulary.facts),
                )
            }
        )

    @cached_property
    def completions(self) -> Completions:
        """What suggestions are made of."""
        return completions(self.vocabulary, self.lexicon, self.gazetteer)


def _said(term: Term) -> dict[str, tuple[str, ...]]:
    """The words of a term; the name of a term that others stand below is vague (a leading `?`)."""
    weak = "?" if term.children else ""
    return {"sv": (f"{weak}{term.sv}", *term.also), "en": (f"{weak}{term.en}",)}


@dataclass(frozen=True)
class Plan:
    query: SearchQuery
    now: datetime
    point: tuple[float, float] | None  # lat, lon to measure distances from
    soonest: bool


def plan(request: SearchRequest, knowledge: Knowledge, *, clock: datetime) -> Plan:
    """What to ask. Raises Invalid, naming the fields, when the wishes contradict each other."""
    _check(request, knowledge)
    now = local(request.as_of or clock)
    where, point = _place(request, knowledge)
    groups = (
        ("kind", _any("kind", [kind.value for kind in request.kind])),
        ("category", _any("categories", request.category)),
        ("audience", _any("audiences", request.audience)),
        ("language", _any("languages", request.language)),
        ("municipality", _any("municipality_code", request.municipality)),
        ("county", _any("county_code", request.county)),
        ("attendance", _any("attendance", request.attendance)),
        ("loneliness", _any("loneliness", request.loneliness)),
        ("organisation", _any("organisation_id", [str(one) for one in request.organisation])),
        ("where", where),
        ("age", _ages(request)),
        ("free", _known_or("free", _is("free", request.free), request)),
        ("price", _known_or("price_from_sek", _at_most("price_from_sek", request.max_sek), request)),
        ("needed", _facts(request)),
        ("open", _open(request, now)),
        ("when", _when(request, now.date())),
        ("confirmed", _confirmed(request, now.date())),
    )
    query = SearchQuery(
        text=request.q.strip(),
        groups=tuple((name, part) for name, part in groups if part is not None),
        sort=_sort(request, point),
        page=request.page,
        limit=request.limit,
        facets=tuple(dict.fromkeys(request.facets)),
    )
    return Plan(query, now, point, soonest=request.sort == "soonest")


def local(moment: datetime) -> datetime:
    """The moment in Sweden; one without a zone is already Swedish wall time."""
    return moment.replace(tzinfo=STOCKHOLM) if moment.tzinfo is None else moment.astimezone(STOCKHOLM)


def _numbers(text: str) -> list[float]:
    return [float(part) for part in text.split(",")]


def _check(request: SearchRequest, knowledge: Knowledge) -> None:  # noqa: C901, PLR0912  one rule a line
    problems: list[FieldProblem] = []

    def wrong(field: str, code: str, message: str) -> None:
        problems.append(FieldProblem(f"/{field}", code, message))

    words = knowledge.vocabulary
    for field, asked, known in (
        ("category", request.category, words.categories),
        ("audience", request.audience, words.audiences),
        ("fact", request.fact, words.facts),
        ("fact_or_unknown", request.fact_or_unknown, words.facts),
        ("language", request.language, words.languages),
        ("municipality", request.municipality, words.municipalities),
        ("county", request.county, words.counties),
    ):
        if any(term not in known for term in asked):
            wrong(field, "unknown-term", "Names a term that the vocabulary does not have.")
    if request.near and request.place:
        wrong("place", "one-place", "Give near or place, not both.")
    if request.radius_km is not None and not (request.near or request.place):
        wrong("radius_km", "place-needed", "A radius needs near or place.")
    if request.sort == "distance" and not (request.near or request.place):
        wrong("sort", "place-needed", "Sorting by distance needs near or place.")
    if request.near:
        lat, lon = _numbers(request.near)
        if abs(lat) > 90 or abs(lon) > 180:
            wrong("near", "out-of-range", "Latitude is from -90 to 90, longitude from -180 to 180.")
    if request.bbox:
        west, south, east, north = _numbers(request.bbox)
        if max(abs(south), abs(north)) > 90 or max(abs(west), abs(east)) > 180:
            wrong("bbox", "out-of-range", "Latitude is from -90 to 90, longitude from -180 to 180.")
        elif south > north or west > east:
            wrong("bbox", "wrong-order", "The order is west,south,east,north.")
    if request.from_date and request.to_date and request.from_date > request.to_date:
        wrong("to_date", "wrong-order", "to_date is before from_date.")
    if request.age_min is not None and request.age_max is not None and request.age_min > request.age_max:
        wrong("age_max", "wrong-order", "age_max is below age_min.")
    if problems:
        raise Invalid("The wishes of the search do not go together.", problems)


def _any(field: str, values: Iterable[str]) -> Filter | None:
    wanted = tuple(dict.fromkeys(values))
    return In(field, wanted) if wanted else None


def _is(field: str, value: bool | None) -> Filter | None:
    return None if value is None else Equals(field, value)


def _at_most(field: str, bound: float | None) -> Filter | None:
    return None if bound is None else AtMost(field, bound)


def _known_or(field: str, wanted: Filter | None, request: SearchRequest) -> Filter | None:
    if wanted is None or not request.include_unknown:
        return wanted
    return Or((wanted, Missing(field)))


def _ages(request: SearchRequest) -> Filter | None:
    low = request.age if request.age is not None else request.age_min
    high = request.age if request.age is not None else request.age_max
    both = [
        None if high is None else AtMost("age_min", high),
        None if low is None else AtLeast("age_max", low),
    ]
    if request.age is not None:  # a person's age, and perhaps a range as well
        both += [
            None if request.age_max is None else AtMost("age_min", request.age_max),
            None if request.age_min is None else AtLeast("age_max", request.age_min),
        ]
    return _known_or("age_min", all_of(both), request)


def _facts(request: SearchRequest) -> Filter | None:
    certain: list[Filter] = [Equals("facts_true", fact) for fact in request.fact]
    allowed: list[Filter] = [Not(Equals("facts_false", fact)) for fact in request.fact_or_unknown]
    if request.include_unknown:
        certain = [Not(Equals("facts_false", fact)) for fact in request.fact]
    return all_of(certain + allowed)


def _place(request: SearchRequest, knowledge: Knowledge) -> tuple[Filter | None, tuple[float, float] | None]:
    parts: list[Filter] = []
    point: tuple[float, float] | None = None
    if request.near:
        lat, lon = _numbers(request.near)
        point = lat, lon
        parts.append(GeoRadius(lat, lon, (request.radius_km or NEAR_KM) * 1000))
    elif request.place:
        hit = resolve_place(
            knowledge.gazetteer, request.place, request.municipality[0] if request.municipality else None
        )
        if hit is None:
            problem = FieldProblem("/place", "unknown-place", "No place or postcode is known by this name.")
            raise Invalid("The place is not known.", [problem])
        point = hit.lat, hit.lon
        if hit.kind == "county" and hit.county_code and request.radius_km is None:
            parts.append(Equals("county_code", hit.county_code))
        elif hit.kind == "kommun" and hit.municipality_code and request.radius_km is None:
            parts.append(Equals("municipality_code", hit.municipality_code))
        else:
            parts.append(GeoRadius(hit.lat, hit.lon, (request.radius_km or NEAR_KM) * 1000))
    if request.bbox:
        west, south, east, north = _numbers(request.bbox)
        parts.append(GeoBox(south, west, north, east))
    return all_of(parts), point


def _open(request: SearchRequest, now: datetime) -> Filter | None:
    moments = [local(request.open_at)] if request.open_at else []
    if request.open_now:
        moments.append(now)
    return all_of(open_at(moment, or_unknown=request.include_unknown) for moment in moments)


def _when(request: SearchRequest, today: date) -> Filter | None:
    return on_days(
        request.from_date,
        request.to_date,
        {WEEKDAYS.index(day) for day in request.weekday},
        [PARTS.index(part) for part in request.part_of_day],
        today=today,
        or_unknown=request.include_unknown,
    )


def _confirmed(request: SearchRequest, today: date) -> Filter | None:
    if request.max_staleness_days is None:
        return None
    return AtLeast("confirmed_day", (today - timedelta(days=request.max_staleness_days)).toordinal())


def _sort(request: SearchRequest, point: tuple[float, float] | None) -> tuple[Order | Nearest, ...]:
    chosen = request.sort or ("relevance" if request.q.strip() else "distance" if point else "threshold")
    match chosen:
        case "distance" if point is not None:
            return (Nearest(*point),)
        case "soonest":
            return (Order("next_start"),)
        case "threshold":
            return (Order("threshold", descending=True),)
        case "title":
            return (Order("sort_title"),)
        case _:
            return ()


def clock() -> datetime:
    return datetime.now(UTC)
