"""Which questions the engine is asked for an understood question, and what comes of the answers.

Candidates are gathered generously (by words, by concepts, near and from afar) within what must hold, and
then ranked by `search.ranking`. What must hold is only what is certain, and never rules out the unknown.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import combinations
from typing import Any

from search.features import unpack
from search.filters import (
    And,
    AtLeast,
    AtMost,
    Equals,
    Filter,
    GeoRadius,
    In,
    Missing,
    Not,
    Or,
    all_of,
    any_of,
    to_meilisearch,
)
from search.fit import Candidate
from search.moments import on_days, open_at
from search.queries import FACETS, Nearest, SearchQuery, Sorting, own_facets, sent_text, sorted_by
from search.understanding.chain import SURE, Question, asked_words
from search.understanding.placebook import Place
from search.understanding.times import When
from search.wishes import Wishes, other_audiences, person_ages
from search.words import stem

CANDIDATES, FEWER = 80, 40  # of each question to the engine
AROUND_KM = 30.0
GROWN = 18
CHIEF = 0.6  # of the weightiest wish of its kind: what weighs as much is looked for first
STRONG = 0.2  # a weaker concept brings no candidates of its own
NOT_KNOWN = 0.3  # how much "perhaps on" counts beside "on"
_FOR_FAMILIES = ("addiction-relatives", "carers", "families", "parents", "single-parents")
REMOTE: Filter = Or((In("attendance", ("online", "phone")), Missing("municipality_code")))


@dataclass(frozen=True)
class Probe:
    """One question to the engine. `on`: what its hits are known to be at the wished time."""

    text: str = ""
    condition: Filter | None = None
    sort: tuple[Sorting, ...] = ()
    limit: int = CANDIDATES
    on: float | None = None
    line_open: bool = False
    strategy: str = "frequency"
    retrieve: tuple[str, ...] = ("id", "features")
    page: int = 1
    facets: tuple[str, ...] = ()

    def asked(self, uid: str) -> dict[str, Any]:
        """The question as Meilisearch takes it."""
        made: dict[str, Any] = {
            "indexUid": uid,
            "q": self.text,
            "matchingStrategy": self.strategy,
            "page": self.page,
            "hitsPerPage": self.limit,
            "attributesToRetrieve": list(self.retrieve),
        }
        if self.text:
            made["showRankingScore"] = True
        if self.condition is not None:
            made["filter"] = to_meilisearch(self.condition)
        if self.facets:
            made["facets"] = list(self.facets)
        if self.sort:
            made["sort"] = [sorted_by(order) for order in self.sort]
        return made


def by_ids(ids: Sequence[str]) -> Probe:
    """The cards of some documents."""
    return Probe(condition=In("id", tuple(ids)), limit=len(ids), retrieve=("id", "card"))


def counting(query: SearchQuery) -> list[Probe]:
    """How many there are, and the facets of the query: each without the filter of its own group."""
    apart = own_facets(query)
    together = tuple(FACETS[name] for name in query.facets if name not in apart)
    text = sent_text(query.text)
    return [
        Probe(text, query.condition(), limit=0, strategy="all", facets=together),
        *(
            Probe(text, query.condition(without=name), limit=0, strategy="all", facets=(FACETS[name],))
            for name in apart
        ),
    ]


def counts(query: SearchQuery, results: Sequence[dict[str, Any]]) -> tuple[int, dict[str, dict[str, int]]]:
    """The total and the facets, out of the answers to `counting`."""
    told: dict[str, dict[str, int]] = {}
    for result in results[: 1 + len(own_facets(query))]:
        told |= result.get("facetDistribution") or {}
    return int(results[0]["totalHits"]), {name: told.get(FACETS[name], {}) for name in query.facets}


def must(wishes: Wishes, today: date) -> dict[str, Filter]:
    """What certainly must hold, by the kind of wish; none of it rules out the unknown.

    The kinds: `state`, `age`, `person`, `fact:x`, `fact:-x`, `cost`, `recruiting`, `refused:x`.
    """
    made = {"state": Not(AtMost("last_day", today.toordinal() - 1)), **_who(wishes)}
    for fact, weight in wishes.facts.items():
        if weight >= SURE:
            made[f"fact:{fact}"] = Not(Equals("facts_false", fact))
    for fact, weight in wishes.without.items():
        if weight >= SURE:
            made[f"fact:-{fact}"] = Not(Equals("facts_true", fact))
    if wishes.costs.get("free", 0) >= SURE:
        made["cost"] = Not(Equals("free", False))
    if not wishes.categories.get("volunteer-tasks"):
        # Who seeks something for herself is not asked to give her time.
        made["recruiting"] = And(
            (Not(Equals("categories", "volunteer-tasks")), Not(Equals("signs", "recruiting")))
        )
    for kind, term in sorted(wishes.refused):
        field_name = "categories" if kind == "category" else "audiences"
        made[f"refused:{term}"] = Not(Equals(field_name, term))
    return made


def _who(wishes: Wishes) -> dict[str, Filter]:
    """Whom a listing must admit, and by what age."""
    parts: dict[str, Filter] = {}
    ages = person_ages(wishes)
    if ages:
        fits = [
            And((Not(AtMost("age_max", low - 1)), Not(AtLeast("age_min", high + 1)))) for low, high in ages
        ]
        if max(low for low, _ in ages) < GROWN:  # whoever brings the child may be of any age
            fits.append(
                And((In("audiences", _FOR_FAMILIES), Not(In("audiences", ("children", "teenagers")))))
            )
        parts["age"] = any_of(fits)
    closed = other_audiences(wishes)
    if closed:
        welcome = tuple(sorted(wishes.belongs))
        parts["person"] = Not(
            And((In("audiences_only", tuple(sorted(closed))), Not(In("audiences_only", welcome))))
        )
    return parts


def _groups(wishes: Wishes, share: float) -> list[Filter]:
    """For each kind of thing wished, the listings that have some of it.

    `share`: terms that weigh less than so much of the weightiest of their kind bring none.
    """
    groups: list[Filter] = []
    for name, weights in (
        ("categories", wishes.categories),
        ("audiences", wishes.audiences),
        ("facts_true", wishes.facts),
        ("facts_false", wishes.without),
        ("languages", wishes.languages),
        ("benefits", wishes.costs),
    ):
        least = max(STRONG, share * max(weights.values(), default=0.0))
        terms = tuple(sorted(term for term, weight in weights.items() if weight >= least))
        if terms:
            groups.append(In(name, terms))
    return groups


def concepts(wishes: Wishes, share: float = 0.0) -> Filter | None:
    """Listings that have anything of what is wished; None when nothing is wished by its name."""
    ways = _groups(wishes, share)
    kinds = tuple(sorted(wishes.kinds))
    if kinds and not ways:
        return In("kind", kinds)
    return any_of(ways) if ways else None


def at_other_times(wishes: Wishes, *, base: Filter | None, now: datetime) -> list[Probe]:
    """The activity that was asked for where it was asked for, when it is not on then; nothing without one."""
    named = named_activity(wishes)
    if named is None or not wishes.places or not wishes.sure_times:
        return []
    held = all_of((base, *must(wishes, now.date()).values(), named))
    there = any_of([around(place) for place in wishes.places])
    return [Probe("", all_of((held, there)), nearest_first(wishes), FEWER, on=0.0)]


def named_activity(wishes: Wishes) -> Filter | None:
    """Listings of the activities that were certainly asked for; None when none was."""
    sure = tuple(sorted(term for term, weight in wishes.categories.items() if weight >= SURE))
    return In("categories", sure) if sure else None


def several_concepts(wishes: Wishes) -> Filter | None:
    """Listings that are right in two ways at least: they must not be crowded out by those right in one."""
    pairs = [And(pair) for pair in combinations(_groups(wishes, CHIEF), 2)]
    return any_of(pairs) if pairs else None


def around(place: Place) -> Filter:
    """In the place or not far from it."""
    ways: list[Filter] = []
    if place.kind == "county" and place.county_code:
        return Equals("county_code", place.county_code)
    if place.municipality_codes:
        return In("municipality_code", place.municipality_codes)
    if place.municipality_code:
        ways.append(Equals("municipality_code", place.municipality_code))
    ways.append(GeoRadius(place.lat, place.lon, (place.radius_km + AROUND_KM) * 1000))
    return any_of(ways)


def when_filter(when: When, now: datetime, *, or_unknown: bool) -> Filter | None:
    """On at the wished time; `or_unknown`: or nobody knows."""
    if when.now:
        return open_at(now, or_unknown=or_unknown)
    if when.at is not None and when.first is not None and when.first == when.last:
        moment = datetime.combine(when.first, when.at, now.tzinfo)
        return open_at(moment, or_unknown=or_unknown)
    parts: Iterable[int] = when.parts
    if when.at is not None and not when.parts:
        parts = {_part_of(when.at.hour)}
    return on_days(
        when.first,
        when.last,
        when.weekdays,
        parts,
        today=now.date(),
        or_unknown=or_unknown,
        weeks=when.weeks,
    )


def _part_of(hour: int) -> int:
    return 3 if hour < 5 or hour >= 23 else 0 if hour < 12 else 1 if hour < 17 else 2


def times(wishes: Wishes, now: datetime, *, or_unknown: bool) -> Filter | None:
    """On at every wished time; None without such a wish."""
    return all_of(when_filter(when, now, or_unknown=or_unknown) for when in wishes.times)


def probes(question: Question, wishes: Wishes, *, base: Filter | None, now: datetime) -> list[Probe]:
    """The questions that gather candidates, within `base`: what the request itself demands.

    By words, by any concept, by several concepts at once; near and then, whatever it is; what may be on
    then; and what can be reached from anywhere.
    """
    held = all_of((base, *must(wishes, now.date()).values()))
    text = " ".join(stem(word) for word in asked_words(question))
    wished, chief, several = concepts(wishes), concepts(wishes, CHIEF), several_concepts(wishes)
    place = any_of([around(place) for place in wishes.places]) if wishes.places else None
    order = nearest_first(wishes)
    sure, perhaps = times(wishes, now, or_unknown=False), times(wishes, now, or_unknown=True)
    on = None if sure is None else 1.0
    here = all_of((held, place, sure))
    made: list[Probe] = []
    if text:
        made.append(Probe(text, here, on=on))
    made += [Probe("", all_of((here, ways)), order, on=on) for ways in (several, chief) if ways is not None]
    if wished != chief:
        made.append(Probe("", all_of((here, wished)), order, FEWER, on))
    if not made or place is not None or (sure is not None and wishes.sure_times):
        made.append(Probe("", here, order, on=on))
    if sure is not None:
        other = Not(sure) if not wishes.sure_times else all_of((perhaps, Not(sure)))
        untold = NOT_KNOWN if wishes.sure_times else 0.0
        made.append(Probe("", all_of((held, place, other, chief)), order, FEWER, untold))
    if place is not None:
        remote = all_of((held, REMOTE, sure))
        made += [Probe(text, remote, limit=FEWER, on=on)] if text else []
        made += [Probe("", all_of((remote, chief)), limit=FEWER, on=on)]
    lines = _lines(wishes)
    if lines is not None:
        made.append(Probe("", all_of((held, lines, open_at(now))), limit=FEWER, line_open=True))
    return made


def nearest_first(wishes: Wishes) -> tuple[Sorting, ...]:
    """From the first place that is a point; a county or a region has none that counts."""
    pointed = [place for place in wishes.places if not place.municipality_codes and place.kind != "county"]
    return tuple(Nearest(place.lat, place.lon) for place in pointed[:1])


def _lines(wishes: Wishes) -> Filter | None:
    """Support lines, when somebody to talk to may be wanted: which are open now decides their order."""
    wanted = tuple(sorted({*wishes.acute_categories, *(t for t in wishes.categories if t.endswith("-line"))}))
    if wanted:
        return And((Equals("kind", "support_line"), In("categories", wanted)))
    return Equals("kind", "support_line") if "support_line" in wishes.kinds else None


def candidates(asked: Sequence[Probe], results: Sequence[dict[str, Any]]) -> list[Candidate]:
    """The hits of all questions, each document once with the best that is known of it."""
    found: dict[str, Candidate] = {}
    for probe, result in zip(asked, results, strict=True):
        for hit in result["hits"]:
            known = found.get(hit["id"])
            engine = float(hit.get("_rankingScore", 0.0)) if probe.text else 0.0
            if known is None:
                found[hit["id"]] = Candidate(
                    hit["id"], unpack(hit["features"]), engine, probe.on, probe.line_open
                )
            elif engine > known.engine or (probe.on or 0) > (known.on or 0) or probe.line_open:
                found[hit["id"]] = Candidate(
                    known.id,
                    known.features,
                    max(engine, known.engine),
                    probe.on if known.on is None else max(known.on, probe.on or 0),
                    known.line_open or probe.line_open,
                )
    return list(found.values())
