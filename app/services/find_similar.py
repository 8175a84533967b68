"""Listings like one that is shown: the same kind of thing for the same people, near it or online."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from app.db import DATABASE_AWAY
from app.errors import Unavailable
from app.services import documents, find_items, listing_views
from app.services.find_desk import Desk
from app.services.find_engine import Engine
from app.services.find_items import Matched
from app.services.find_request import Knowledge, Plan, local
from search import pool
from search.documents import card_of
from search.features import Features, title_keys, unpack
from search.filters import Equals, Not
from search.near import nearness
from search.queries import SearchQuery
from search.ranking import rank
from search.understanding.chain import Question
from search.understanding.placebook import Place, reach_km
from search.wishes import Wishes

NARROW_YEARS = 25  # a wider span of ages says little about whom it is for
WITHIN_REACH = 0.3  # of `nearness`: what can be reached from anywhere is
_WORDS = 0.5  # of the title: the kind of thing says more


async def similar(
    desk: Desk, listing: UUID, *, limit: int, languages: Sequence[str], clock: datetime
) -> dict[str, Any]:
    """A SimilarAnswer, ready for JSON. Raises NotFound, Gone, or Unavailable."""
    knowledge = await desk.knowledge()
    now = local(clock)
    own = await asyncio.to_thread(_features, desk, listing, knowledge, now)
    wishes = wishes_like(own)
    others = Not(Equals("listing_id", str(listing)))
    engine = Engine(desk)
    asked = pool.probes(Question("", now), wishes, base=others, now=now)
    found = pool.candidates(asked, await engine.ask(asked))
    alike = [one for one in found if one.features.series != own.series]
    ranked = rank(alike, wishes, now.toordinal())
    ranked.sort(key=lambda one: not _same_within_reach(one.candidate.features, own, wishes))
    ids = [one.candidate.id for one in ranked[:limit]]
    hits: dict[str, dict[str, Any]] = {}
    if ids:
        (result,) = await engine.ask([pool.by_ids(ids)])
        hits = {hit["id"]: card_of(hit["card"]) for hit in result["hits"]}
    point = None if own.approximate else own.point
    cards: list[tuple[dict[str, Any], Matched]] = [(hits[one], "related") for one in ids if one in hits]
    plan = Plan(SearchQuery(), now, point, soonest=False)
    return {"items": find_items.items(plan, cards, languages), "degraded": engine.degraded}


def _features(desk: Desk, listing: UUID, knowledge: Knowledge, now: datetime) -> Features:
    try:
        with desk.reading() as session:
            found = listing_views.published(session, listing)
            built = documents.build(found, today=now.date(), vocabulary=knowledge.vocabulary)
    except DATABASE_AWAY as error:
        raise Unavailable("The database does not answer.") from error
    return unpack(built[0].features)


def _same_within_reach(other: Features, own: Features, wishes: Wishes) -> bool:
    """The very same kind of thing, near enough to go to or reached from anywhere."""
    near = not wishes.places or any(nearness(other, place) >= WITHIN_REACH for place in wishes.places)
    return near and not own.categories.isdisjoint(other.categories)


def wishes_like(own: Features) -> Wishes:
    """What someone wishes who would come to this listing."""
    wishes = Wishes(
        categories={**dict.fromkeys(own.broader, 0.3), **dict.fromkeys(own.categories, 1.0)},
        audiences=dict.fromkeys(own.audiences - {"everyone"}, 0.8),
        languages=dict.fromkeys(own.languages - {"sv"}, 0.8),
        loneliness=dict.fromkeys(own.loneliness, 0.5),
        kinds={own.kind: 0.8},
        attendance=dict.fromkeys(own.attendance, 0.5),
        belongs=set(own.audiences | own.only),
        words=dict.fromkeys(title_keys(own), _WORDS),
    )
    narrow = own.age_min is not None and own.age_max is not None and own.age_max - own.age_min < NARROW_YEARS
    if own.age_min is not None and own.age_max is not None and narrow:
        wishes.ages = [(own.age_min, own.age_max)]
    if own.point is not None and own.attendance != {"online"}:
        kind = "kommun" if own.approximate else "point"
        lat, lon = own.point
        wishes.places = [Place("", kind, own.municipality, own.county, lat, lon, radius_km=reach_km(kind))]
    return wishes
