"""The whole answer as one row of listings, cut into pages: what was ranked, then the rest in engine order."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.services import find_items
from app.services.find_engine import Engine
from search.documents import card_of
from search.filters import Filter, In, Not, all_of
from search.pool import Probe
from search.queries import Order, Sorting, sent_text

SOONEST_MORE, SOONEST_MOST = 60, 2000  # listings whose next occasion is worked out: beyond the page, at most
BOTH_MOST = 5000
NEVER = "9999"


@dataclass(frozen=True)
class Stretch:
    """A part of the row that the engine holds, in its order."""

    condition: Filter | None
    text: str = ""
    sort: tuple[Sorting, ...] = ()

    def probe(self, *, limit: int = 0, page: int = 1, retrieve: tuple[str, ...] = ("id",)) -> Probe:
        return Probe(
            sent_text(self.text),
            self.condition,
            self.sort,
            limit,
            strategy="all",
            page=page,
            retrieve=retrieve,
        )

    def without(self, listings: Sequence[str]) -> "Stretch":
        """The stretch without listings that stand elsewhere in the row."""
        if not listings:
            return self
        others = all_of((self.condition, Not(In("listing_id", tuple(listings)))))
        return Stretch(others, self.text, self.sort)


@dataclass
class Page:
    """Hits of a page in order, and how long the row is."""

    hits: list[dict[str, Any]]
    total: int


async def cut(
    engine: Engine,
    ranked: Sequence[str],
    stretches: Sequence[Stretch],
    *,
    begin: int,
    limit: int,
    retrieve: tuple[str, ...],
    beside: Sequence[Probe] = (),
) -> tuple[Page, list[dict[str, Any]]]:
    """The row's places `begin` up to `begin + limit`. `ranked`: document ids that stand first.

    `beside`: questions that are asked in the same round trip, with their answers in the second result.
    """
    chosen = list(ranked[begin : begin + limit])
    counts: list[int | None] = [None] * len(stretches)
    if len(stretches) > 1:
        told = await engine.ask([stretch.probe() for stretch in stretches])
        counts = [int(result["totalHits"]) for result in told]
    probes = (
        [Probe(condition=In("id", tuple(chosen)), limit=len(chosen), retrieve=retrieve)] if chosen else []
    )
    wanted: list[tuple[int, int, int]] = []  # stretch, places to skip, how many of its probes
    skip, room = max(0, begin - len(ranked)), limit - len(chosen)
    for number, stretch in enumerate(stretches):
        count = counts[number]
        asked = _window(stretch, skip, room, count, retrieve)
        wanted.append((number, skip % room if room else 0, len(asked)))
        probes += asked
        if count is not None:
            taken = max(0, min(room, count - skip))
            skip, room = max(0, skip - count), room - taken
    results = await engine.ask([*probes, *beside])
    cards = {hit["id"]: hit for hit in results[0]["hits"]} if chosen else {}
    hits = [cards[one] for one in chosen if one in cards]  # one that went in between is left out
    at = 1 if chosen else 0
    for number, leave, size in wanted:
        answers = results[at : at + size]
        at += size
        if counts[number] is None:
            counts[number] = int(answers[0]["totalHits"])
        found = [hit for answer in answers for hit in answer["hits"]]
        hits += found[leave : leave + limit - len(hits)]
    return Page(hits, len(ranked) + sum(count or 0 for count in counts)), results[len(probes) :]


def _window(
    stretch: Stretch, skip: int, room: int, count: int | None, retrieve: tuple[str, ...]
) -> list[Probe]:
    """The engine gives whole pages: one or two of them hold the window. With no room it only counts."""
    if not room or (count is not None and skip >= count):
        return [] if count is not None else [stretch.probe()]
    first = skip // room + 1
    pages = (first,) if skip % room == 0 else (first, first + 1)
    return [stretch.probe(limit=room, page=page, retrieve=retrieve) for page in pages]


async def known_then_unknown(engine: Engine, known: Stretch, all_of_them: Stretch) -> list[Stretch]:
    """The row in two: what is known to be as wished, then what is only not known to be otherwise."""
    if known.condition is None:
        return [all_of_them]
    rest = all_of((all_of_them.condition, Not(known.condition)))
    unknown = Stretch(rest, all_of_them.text, all_of_them.sort)
    told = await engine.ask([known.probe(), unknown.probe(), all_of_them.probe()])
    one, other, both = (int(result["totalHits"]) for result in told)
    if one + other > both:  # known at one venue of a listing, unknown at another
        (result,) = await engine.ask([known.probe(limit=BOTH_MOST, retrieve=("id", "listing_id"))])
        unknown = unknown.without([hit["listing_id"] for hit in result["hits"]])
    return [known, unknown]


async def soonest(
    engine: Engine, row: Stretch, *, now: datetime, until: int, since: datetime | None
) -> list[tuple[str, str]]:
    """(document id, listing id) by what is next at `now`, right at least up to place `until` of the row.

    The index knows the first start seen from the day it last rolled, `since` (None when that lies after
    `now`): from a later moment the next one is never earlier, so looking on ends when all that is left
    starts later than what was found. Beyond `SOONEST_MOST` listings the row goes on as the index has it.
    """
    by_start = Stretch(row.condition, row.text, (Order("next_start"),))
    size = SOONEST_MOST if since is None else min(until + SOONEST_MORE, SOONEST_MOST)
    while True:
        (result,) = await engine.ask([by_start.probe(limit=size, retrieve=("id", "listing_id", "card"))])
        hits = result["hits"]
        starts = [find_items.next_start(card_of(hit["card"]), now) or NEVER for hit in hits]
        ordered = sorted(zip(starts, ((hit["id"], hit["listing_id"]) for hit in hits), strict=True))
        left = find_items.next_start(card_of(hits[-1]["card"]), since) if since and hits else None
        settled = left is not None and until <= len(ordered) and ordered[until - 1][0] < left
        if settled or len(hits) < size or size >= SOONEST_MOST:
            return [found for _, found in ordered]
        size = min(4 * size, SOONEST_MOST)
