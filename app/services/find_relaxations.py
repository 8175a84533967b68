"""Which wish to give up when few fulfil them all, and how many come then: asked in one round trip."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from app.errors import Invalid
from app.schemas.search import SearchRequest
from app.services import find_understood
from app.services.find_counted import counted
from app.services.find_labels import Labels, Pair
from app.services.find_request import plan
from app.services.find_understood import Understood
from app.services.geography import resolve_place
from search import pool
from search.pool import Probe
from search.understanding.chain import without
from search.understanding.places import Place, resolve
from search.understanding.reading import ReadingKind

MOST, MOST_ASKED = 6, 24
_GIVE_WAY: tuple[ReadingKind, ...] = ("time", "cost", "age", "gender", "language", "fact")
WIDER_KM = (20.0, 50.0)
# Fields of a request that give way each by itself, and what giving way is called.
_FIELDS: Mapping[str, Pair] = {
    "open_at": ("vid den tidpunkten", "at that time"),
    "open_now": ("öppet nu", "open now"),
    "from_date": ("från det datumet", "from that date"),
    "to_date": ("till det datumet", "until that date"),
    "free": ("kostnad", "cost"),
    "max_sek": ("pris", "price"),
    "age": ("ålder", "age"),
    "age_min": ("lägsta ålder", "lowest age"),
    "age_max": ("högsta ålder", "highest age"),
    "max_staleness_days": ("nyligen bekräftat", "lately confirmed"),
    "organisation": ("organisation", "organisation"),
    "bbox": ("kartrutan", "the map area"),
}
_TERMS: Mapping[str, str] = {
    "category": "category",
    "audience": "audience",
    "language": "language",
    "fact_or_unknown": "fact",
    "kind": "kind",
    "attendance": "attendance",
    "loneliness": "loneliness",
    "weekday": "weekday",
    "part_of_day": "part_of_day",
}


@dataclass(frozen=True)
class Relaxation:
    """A request with one wish less, or, where that gives nothing, with `several` less."""

    label: str
    gives_up: str
    request: SearchRequest
    several: bool = False


def variations(
    request: SearchRequest, made: Understood, labels: Labels, *, slow: bool
) -> list[tuple[Relaxation, Probe]]:
    """Each way to give up one wish, with the question that counts what comes then. `slow`: ask few."""
    asked = []
    for one in islice(_Ways(request, made, labels).all(), MOST if slow else MOST_ASKED):
        probe = _counting(one.request, request, made, labels)
        if probe is not None:
            asked.append((one, probe))
    return asked


def relaxations(
    varied: Sequence[tuple[Relaxation, Probe]], results: Sequence[dict[str, Any]], now: int
) -> list[dict[str, Any]]:
    """Those that give more than the `now` that fulfil all wishes, most first; then what gives up several."""
    found = [
        (one, int(result["totalHits"]))
        for (one, _), result in zip(varied, results, strict=True)
        if int(result["totalHits"]) > now
    ]
    found.sort(key=lambda pair: (pair[0].several, -pair[1]))
    return [
        {
            "label": one.label,
            "gives_up": one.gives_up,
            "total": total,
            "request": one.request.model_dump(mode="json", exclude_defaults=True),
        }
        for one, total in found[:MOST]
    ]


def _counting(
    request: SearchRequest, before: SearchRequest, made: Understood, labels: Labels
) -> Probe | None:
    """The question whose count is the total of that very request; None when what is left makes no sense."""
    knowledge = labels.knowledge
    try:
        planned = plan(request, knowledge, clock=made.question.now)
    except Invalid:
        return None
    query = planned.query
    if find_understood.in_words(request):
        same_words = (request.near, request.place, request.chips) == (before.near, before.place, before.chips)
        question = (
            without(made.question, request.ignore, knowledge.lexicon)
            if same_words
            else find_understood.question_of(request, planned, knowledge)
        )
        query = counted(question, find_understood.wishes_in(question, planned, knowledge), planned)
    return pool.counting(replace(query, facets=()))[0]


class _Ways:
    """The ways to give up one wish, the smaller concession first."""

    def __init__(self, request: SearchRequest, made: Understood, labels: Labels) -> None:
        self._request = request
        self._question = made.question
        self._labels = labels

    def all(self) -> Iterator[Relaxation]:
        yield from self._facts()
        yield from self._places()
        yield from self._place_and_time()
        yield from self._chips()
        yield from self._broader()
        yield from self._fields()
        yield from self._terms()
        yield from self._areas()

    def _made(self, label: Pair, gives_up: str, **changes: Any) -> Relaxation:
        kept = {"page": 1, "exact": find_understood.in_words(self._request), "debug": False}
        request = self._request.model_copy(update={**kept, **changes})
        return Relaxation(self._labels.say(label), gives_up, request)

    def _without(self, what: str, gives_up: str, **changes: Any) -> Relaxation:
        return self._made((f"utan krav på {what}", f"without asking for {what}"), gives_up, **changes)

    def _ignoring(self, *chips: str) -> dict[str, Any]:
        """Changes that switch chips off, those that were read and those that were sent."""
        return {
            "ignore": [*self._request.ignore, *chips],
            "chips": [chip for chip in self._request.chips if chip not in chips],
        }

    def _facts(self) -> Iterator[Relaxation]:
        for fact in dict.fromkeys(self._request.fact):
            left = [one for one in self._request.fact if one != fact]
            name = self._labels.term("fact", fact)
            yield self._made(
                (f"även där det inte är känt: {name}", f"also where it is not known: {name}"),
                "fact",
                fact=left,
                fact_or_unknown=[*self._request.fact_or_unknown, fact],
            )
            yield self._without(name, "fact", fact=left)

    def _places(self) -> Iterator[Relaxation]:
        chips = [one for one in self._question.of("place") if one.value != "here"]
        request, knowledge = self._request, self._labels.knowledge
        place: Place | None = None
        changes: dict[str, Any] = {}
        gives_up = "place" if request.place else "near"
        if chips:
            place = resolve(chips[0].value, knowledge.book)
            changes, gives_up = self._ignoring(*(one.chip for one in chips)), chips[0].chip
        elif request.near:
            lat, lon = (float(part) for part in request.near.split(","))
            place = Place("", "point", None, None, lat, lon, radius_km=request.radius_km or 0)
        elif request.place:
            near = request.municipality[0] if request.municipality else None
            hit = resolve_place(knowledge.gazetteer, request.place, near)
            if hit is not None:
                place = Place(hit.name, hit.kind, hit.municipality_code, hit.county_code, hit.lat, hit.lon)
        if place is None:
            return
        name = place.name or self._labels.say(("platsen", "the place"))
        here = {"near": f"{place.lat:.6f},{place.lon:.6f}", "place": None}
        for radius in WIDER_KM:
            if radius > (request.radius_km or 0) and not (chips and (request.near or request.place)):
                yield self._made(
                    (f"inom {radius:.0f} km från {name}", f"within {radius:.0f} km of {name}"),
                    gives_up,
                    **changes,
                    **here,
                    radius_km=radius,
                )
        nowhere: dict[str, Any] = {} if chips else {"near": None, "place": None, "radius_km": None}
        if not chips and request.sort == "distance":
            nowhere["sort"] = None
        county = knowledge.vocabulary.counties.get(place.county_code or "")
        if county is not None and place.kind != "county" and not request.county:
            yield self._made(
                (f"i hela {county.name}", f"in the whole of {county.name}"),
                gives_up,
                **changes,
                **nowhere,
                county=[county.code],
            )
        yield self._made(("var som helst", "anywhere"), gives_up, **changes, **nowhere)

    def _place_and_time(self) -> Iterator[Relaxation]:
        """Both at once: something rare is often neither here nor then, and each alone gives nothing."""
        places = [one.chip for one in self._question.of("place") if one.value != "here"]
        times = [one.chip for one in self._question.of("time")]
        if places and times:
            both = self._made(
                ("var och när som helst", "anywhere, at any time"),
                places[0],
                **self._ignoring(*places, *times),
            )
            yield replace(both, several=True)

    def _chips(self) -> Iterator[Relaxation]:
        for kind in _GIVE_WAY:
            found = self._question.of(kind)
            for reading in found:
                yield self._without(
                    self._labels.reading(reading), reading.chip, **self._ignoring(reading.chip)
                )
            if len(found) > 1 and kind == "time":
                yield self._made(
                    ("när som helst", "at any time"),
                    found[0].chip,
                    **self._ignoring(*(one.chip for one in found)),
                )
        for reading in self._question.of("category", "audience"):
            if reading.negated:
                name = self._labels.reading(reading)
                yield self._made(
                    (f"även {name}", f"also {name}"), reading.chip, **self._ignoring(reading.chip)
                )

    def _broader(self) -> Iterator[Relaxation]:
        categories = self._labels.knowledge.vocabulary.categories
        for reading in self._question.of("category"):
            term = categories.get(reading.value)
            if reading.negated or term is None or not term.ancestors:
                continue
            changes = self._ignoring(reading.chip)
            changes["chips"] = [*changes["chips"], f"category:{term.ancestors[0]}"]
            name = self._labels.term("category", term.ancestors[0])
            yield self._made((f"bredare: {name}", f"broader: {name}"), reading.chip, **changes)
        for value in dict.fromkeys(self._request.category):
            term = categories[value]
            if term.ancestors:
                name = self._labels.term("category", term.ancestors[0])
                left = [one for one in self._request.category if one != value]
                yield self._made(
                    (f"bredare: {name}", f"broader: {name}"), "category", category=[*left, term.ancestors[0]]
                )

    def _fields(self) -> Iterator[Relaxation]:
        for field, pair in _FIELDS.items():
            default = SearchRequest.model_fields[field].get_default(call_default_factory=True)
            if getattr(self._request, field) != default:
                yield self._without(self._labels.say(pair), field, **{field: default})

    def _terms(self) -> Iterator[Relaxation]:
        for field, kind in _TERMS.items():
            values = getattr(self._request, field)
            if values:
                said = ", ".join(self._labels.term(kind, str(value)) for value in values)
                yield self._without(said, field, **{field: []})

    def _areas(self) -> Iterator[Relaxation]:
        words, request = self._labels.knowledge.vocabulary, self._request
        if request.municipality:
            counties = sorted({words.municipalities[code].county_code for code in request.municipality})
            names = ", ".join(words.counties[code].name for code in counties)
            if not request.county:
                yield self._made(
                    (f"i hela {names}", f"in the whole of {names}"),
                    "municipality",
                    municipality=[],
                    county=counties,
                )
            said = ", ".join(words.municipalities[code].name_short for code in request.municipality)
            yield self._made((f"inte bara i {said}", f"not only in {said}"), "municipality", municipality=[])
        if request.county:
            said = ", ".join(words.counties[code].name for code in request.county)
            yield self._made((f"inte bara i {said}", f"not only in {said}"), "county", county=[])
