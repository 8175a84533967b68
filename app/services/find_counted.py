"""What fulfils a whole request: the set that is counted, that facets count, and that relaxations widen."""

from dataclasses import replace

from app.services.find_request import Plan
from search import pool
from search.filters import And, Equals, Filter, GeoRadius, In, Missing, Not, any_of
from search.queries import SearchQuery
from search.understanding.chain import SURE, Question
from search.understanding.places import Place
from search.wishes import Wishes

BESIDE_KM = 2.0  # a place has no sharp edge
_ANYWHERE = And((Equals("kind", "support_line"), Missing("municipality_code")))


def counted(question: Question, wishes: Wishes, plan: Plan) -> SearchQuery:
    """All that fulfils every certain wish, of what is surely meant.

    When no kind of thing is surely meant, any wished one will do; without those the words must all be there.
    """
    topic = pool.named_activity(wishes) or pool.concepts(wishes)
    words = [word.token.word for word in question.words if word.weight == 1]
    return replace(
        plan.query,
        text=" ".join(words) if topic is None else "",
        groups=(
            *plan.query.groups,
            *_wished(wishes, plan),
            *([] if topic is None else [("must:topic", topic)]),
        ),
    )


def _wished(wishes: Wishes, plan: Plan) -> list[tuple[str, Filter]]:
    groups = [(f"must:{name}", part) for name, part in pool.must(wishes, plan.now.date()).items()]
    named = [place for place in wishes.places if place.kind != "point"]  # the request itself holds a point
    if named:
        groups.append(("must:place", any_of([*(inside(place) for place in named), _ANYWHERE])))
    groups.append(("must:on", Not(Equals("signs", "cancelled"))))
    time = pool.times(wishes, plan.now, or_unknown=True)
    if time is not None and wishes.sure_times:
        groups.append(("must:time", time))
    spoken = tuple(sorted(code for code, weight in wishes.languages.items() if weight >= SURE))
    if spoken:
        groups.append(("must:language", In("languages", spoken)))
    return groups


def inside(place: Place) -> Filter:
    """Within the place, not merely near it."""
    if place.kind == "county" and place.county_code:
        return Equals("county_code", place.county_code)
    if place.kind == "kommun" and place.municipality_code:
        return Equals("municipality_code", place.municipality_code)
    if place.municipality_codes:
        return In("municipality_code", place.municipality_codes)
    around: list[Filter] = [GeoRadius(place.lat, place.lon, (place.radius_km + BESIDE_KM) * 1000)]
    if place.municipality_code:
        around.append(
            And((Equals("municipality_code", place.municipality_code), Equals("district", place.name)))
        )
    return any_of(around)
