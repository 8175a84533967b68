"""When nothing fits at all: the same kind of thing nearest by or from afar, open lines, or anything."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from app.schemas.search import SearchRequest
from app.services.find_request import Knowledge, Plan
from app.services.find_understood import Understood
from search import pool
from search.filters import And, Equals, all_of
from search.moments import open_at
from search.pool import Probe
from search.queries import Nearest, Order, Sorting
from search.ranking import rank
from search.wishes import Wishes

LINES = 3
# What holds even then: not over, open to this person, not lacking what is needed, not refused.
_STILL = ("state", "age", "person", "fact", "recruiting", "refused")


def nearest_probes(made: Understood, request: SearchRequest, plan: Plan, knowledge: Knowledge) -> list[Probe]:
    """Questions beyond what the request demands; the last one is empty only when the index is."""
    wishes = alike(made.wishes, request)
    must = pool.must(wishes, plan.now.date())
    kept = [part for name, part in must.items() if name.split(":")[0] in _STILL]
    held = all_of([*kept, *(part for name, part in plan.query.groups if name == "age")])
    near = _near(made, request, plan, knowledge)
    order: tuple[Sorting, ...] = near or (Order("threshold", descending=True),)
    same, most = pool.concepts(wishes), request.limit
    asked = (
        []
        if same is None
        else [
            Probe("", all_of([held, same]), order, most),
            Probe("", all_of([held, same, pool.REMOTE]), limit=most),
        ]
    )
    lines = And((Equals("kind", "support_line"), open_at(plan.now)))
    return [
        *asked,
        Probe("", all_of([held, lines]), limit=pool.CANDIDATES, line_open=True),
        Probe("", held, order, most),
    ]


def nearest(
    asked: Sequence[Probe],
    results: Sequence[dict[str, Any]],
    made: Understood,
    request: SearchRequest,
    plan: Plan,
) -> list[str]:
    """Document ids of one page: half of it the nearest, then from afar, then lines, then what is left."""
    found = [pool.candidates([probe], [result]) for probe, result in zip(asked, results, strict=True)]
    wishes = alike(made.wishes, request)
    found[-2] = [one.candidate for one in rank(found[-2], wishes, plan.now.toordinal())]
    half = max(1, request.limit // 2)
    portions = [of[:size] for of, size in zip(found, [half] * (len(found) - 2) + [LINES, half], strict=True)]
    chosen: list[str] = []
    seen: set[str] = set()
    for candidate in (one for of in (*portions, *found) for one in of):
        same = {candidate.features.listing_id, candidate.features.series}
        if seen.isdisjoint(same):
            chosen.append(candidate.id)
            seen |= same
    return chosen[: request.limit]


def alike(wishes: Wishes, request: SearchRequest) -> Wishes:
    """The wishes with the kinds of thing and people that stand in the fields of the request."""
    return replace(
        wishes,
        categories={**wishes.categories, **dict.fromkeys(request.category, 1.0)},
        audiences={**wishes.audiences, **dict.fromkeys(request.audience, 1.0)},
        languages={**wishes.languages, **dict.fromkeys(request.language, 1.0)},
        facts={**wishes.facts, **dict.fromkeys(request.fact, 1.0)},
    )


def _near(made: Understood, request: SearchRequest, plan: Plan, knowledge: Knowledge) -> tuple[Nearest, ...]:
    if plan.point is not None:
        return (Nearest(*plan.point),)
    words = knowledge.vocabulary
    for place in made.wishes.places:
        return (Nearest(place.lat, place.lon),)
    for code in request.municipality:
        return (Nearest(words.municipalities[code].lat, words.municipalities[code].lon),)
    for code in request.county:
        return (Nearest(words.counties[code].lat, words.counties[code].lon),)
    return ()
