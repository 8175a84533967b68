"""The answer to a search: understood, gathered, ranked, cut into pages, and told with its reasons.

A search without words asks the engine once; one in words twice, and a third time when little is found.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from app.schemas.search import SearchRequest
from app.services import find_acute, find_items, find_nearest, find_pages, find_relaxations, find_understood
from app.services.find_counted import counted
from app.services.find_desk import Desk
from app.services.find_engine import Engine
from app.services.find_explain import Explainer, explained, in_fields
from app.services.find_interpretation import debug, interpretation
from app.services.find_items import Matched
from app.services.find_labels import Labels, wording
from app.services.find_pages import Page, Stretch
from app.services.find_relaxations import Relaxation
from app.services.find_request import Knowledge, Plan, local, plan
from app.services.find_understood import ENOUGH, Understood
from search import pool
from search.documents import card_of
from search.features import unpack
from search.filters import Filter, In, all_of
from search.fit import Candidate
from search.pool import Probe
from search.queries import SearchQuery, sent_text
from search.ranking import telling

CARD = ("id", "card")


@dataclass
class _Search:
    """One search under way."""

    engine: Engine
    request: SearchRequest
    plan: Plan
    labels: Labels
    wished: Sequence[str]
    clock: datetime
    made: Understood
    target: SearchQuery  # all that fulfils every certain wish
    known: Filter | None  # with `include_unknown`: what is known to be as the request demands
    facets: dict[str, dict[str, int]] = field(default_factory=dict)
    fulfilling: int = 0
    lines: list[str] = field(default_factory=list)  # document ids

    @property
    def ours(self) -> bool:
        """Whether our ranking decides the order."""
        return find_understood.in_words(self.request) and self.request.sort in {None, "relevance"}

    @property
    def begin(self) -> int:
        return (self.request.page - 1) * self.request.limit

    @property
    def retrieve(self) -> tuple[str, ...]:
        return (*CARD, "features") if self.request.explain else CARD


async def answer(
    desk: Desk, request: SearchRequest, knowledge: Knowledge, wished: Sequence[str], clock: datetime
) -> dict[str, Any]:
    """A SearchAnswer, ready for JSON. Raises Invalid, or Unavailable when both stores are away."""
    planned = plan(request, knowledge, clock=clock)
    made = find_understood.read(request, planned, knowledge)
    words = find_understood.in_words(request)
    search = _Search(
        Engine(desk),
        request,
        planned,
        Labels(knowledge, wording(wished[0] if wished else "sv")),
        wished,
        clock,
        made,
        counted(made.question, made.wishes, planned) if words else planned.query,
        _known(request, planned, knowledge, clock),
    )
    page = await _gather(search)
    hits: list[tuple[dict[str, Any], Matched]]
    if page is None:
        page, hits, beside, varied = await _paged(search)
    else:
        hits = [(hit, "all") for hit in page.hits]
        beside, varied = [], []
        if page.total < ENOUGH and not request.exact:
            varied = _variations(search)
            beside = await search.engine.ask([probe for _, probe in varied])
    if page.total == 0 and not request.exact and request.page == 1:
        hits = await _nearest(search)
    lines, counts = beside[: len(beside) - len(varied)], beside[len(beside) - len(varied) :]
    return {
        "items": _items(search, hits),
        "total": page.total,
        "fulfilling": search.fulfilling,
        "page": request.page,
        "limit": request.limit,
        "facets": find_items.facets(search.facets, knowledge, wished[0] if wished else "sv"),
        "degraded": search.engine.degraded,
        "interpretation": interpretation(search.made.question, search.labels) if words else None,
        "acute": _acute(search, lines),
        "relaxations": find_relaxations.relaxations(varied, counts, search.fulfilling),
        "debug": debug(search.made.question, search.labels, search.engine.asked) if request.debug else None,
    }


def _known(request: SearchRequest, planned: Plan, knowledge: Knowledge, clock: datetime) -> Filter | None:
    if not request.include_unknown:
        return None
    strict = plan(request.model_copy(update={"include_unknown": False}), knowledge, clock=clock)
    known = strict.query.condition()
    return None if known == planned.query.condition() else known


async def _gather(search: _Search) -> Page | None:
    """Ask what can be asked at once; the page itself, when nothing else decides its order."""
    request, made = search.request, search.made
    within = search.target.condition() if request.exact else search.plan.query.condition()
    first = find_understood.first_probes(made, search.plan, within) if search.ours else []
    lines = find_acute.lines(made.question, made.wishes, search.plan, search.labels)
    direct: list[Probe] = []
    if not search.ours and not lines and search.known is None and not search.plan.soonest:
        whole = Stretch(search.target.condition(), search.target.text, search.plan.query.sort)
        direct = [whole.probe(limit=request.limit, page=request.page, retrieve=search.retrieve)]
    counting = [] if direct and not search.target.facets else pool.counting(search.target)
    results = await search.engine.ask([*first, *lines, *counting, *direct])
    at = len(first) + len(lines)
    if counting:
        search.fulfilling, search.facets = pool.counts(search.target, results[at : at + len(counting)])
    if lines:
        search.lines = find_acute.chosen(lines, results[len(first) : at], made.wishes, search.plan)
    if direct:
        search.fulfilling = int(results[-1]["totalHits"])
        return Page(results[-1]["hits"], search.fulfilling)
    if search.ours:
        search.made = find_understood.order(made, search.plan, first, results[: len(first)])
        if (search.made.fitting < ENOUGH or search.made.elsewhen) and not request.exact:
            wider = find_understood.wider_probes(search.made, search.plan)
            search.made = find_understood.widen(
                search.made, search.plan, wider, await search.engine.ask(wider)
            )
    return None


async def _paged(
    search: _Search,
) -> tuple[Page, list[tuple[dict[str, Any], Matched]], list[dict[str, Any]], list[Any]]:
    """The page of a row that has several parts, with what is asked beside it in the same round trip."""
    ranked, listings = await _first_in_row(search)
    whole = Stretch(search.target.condition(), search.target.text, search.plan.query.sort)
    stretches = [whole]
    if search.known is not None:
        known = replace(whole, condition=all_of((whole.condition, search.known)))
        stretches = await find_pages.known_then_unknown(search.engine, known, whole)
    if search.plan.soonest:
        since = local(search.clock).replace(hour=0, minute=0, second=0, microsecond=0)
        found = await find_pages.soonest(
            search.engine,
            stretches[0],
            now=search.plan.now,
            until=search.begin + search.request.limit,
            since=since if search.plan.now >= since else None,
        )
        ranked, listings = [one for one, _ in found], [listing for _, listing in found]
    varied = []
    if search.fulfilling < ENOUGH and not search.request.exact:
        varied = _variations(search)
    chosen = ranked[search.begin : search.begin + search.request.limit]
    beside = [
        *([_fulfilling(search, chosen)] if chosen else []),
        *([pool.by_ids(search.lines)] if search.lines else []),
        *(probe for _, probe in varied),
    ]
    page, told = await find_pages.cut(
        search.engine,
        ranked,
        [stretch.without(listings) for stretch in stretches],
        begin=search.begin,
        limit=search.request.limit,
        retrieve=search.retrieve,
        beside=beside,
    )
    full = {hit["id"] for hit in told.pop(0)["hits"]} if chosen else set()
    near = set(chosen) - full
    return page, [(hit, "related" if hit["id"] in near else "all") for hit in page.hits], told, varied


def _variations(search: _Search) -> list[tuple[Relaxation, Probe]]:
    return find_relaxations.variations(
        search.request, search.made, search.labels, slow=search.engine.degraded
    )


async def _first_in_row(search: _Search) -> tuple[list[str], list[str]]:
    """Document and listing ids of what was ranked: what is known to be as demanded before what is not."""
    ranked = [(one.candidate.id, one.candidate.features.listing_id) for one in search.made.ranked]
    ids = [identifier for identifier, _ in ranked]
    if ranked and search.request.exact and search.target.text:
        (result,) = await search.engine.ask([_fulfilling(search, ids)])
        full = {hit["id"] for hit in result["hits"]}
        ranked = [pair for pair in ranked if pair[0] in full]
    if ranked and search.known is not None:
        held = all_of((search.known, In("id", tuple(ids))))
        (result,) = await search.engine.ask([Probe("", held, limit=len(ids), retrieve=("id",))])
        known = {hit["id"] for hit in result["hits"]}
        ranked.sort(key=lambda pair: pair[0] not in known)
    return [identifier for identifier, _ in ranked], [listing for _, listing in ranked]


def _fulfilling(search: _Search, ids: Sequence[str]) -> Probe:
    """Which of these documents fulfil every certain wish."""
    held = all_of((search.target.condition(), In("id", tuple(ids))))
    return Probe(sent_text(search.target.text), held, limit=len(ids), strategy="all", retrieve=("id",))


async def _nearest(search: _Search) -> list[tuple[dict[str, Any], Matched]]:
    """What to show when nothing fits: never an empty page while anything is there."""
    knowledge = search.labels.knowledge
    asked = find_nearest.nearest_probes(search.made, search.request, search.plan, knowledge)
    results = await search.engine.ask(asked)
    ids = find_nearest.nearest(asked, results, search.made, search.request, search.plan)
    if not ids:
        return []
    (result,) = await search.engine.ask([replace(pool.by_ids(ids), retrieve=search.retrieve)])
    hits = {hit["id"]: hit for hit in result["hits"]}
    return [(hits[one], "related") for one in ids if one in hits]


def _items(search: _Search, hits: Sequence[tuple[dict[str, Any], Matched]]) -> list[dict[str, Any]]:
    cards = [(card_of(hit["card"]), matched) for hit, matched in hits]
    items = find_items.items(search.plan, cards, search.wished)
    for (card, _), item in zip(cards, items, strict=True):
        item["unknown"] = _unknown(search.request, card, item)
    if search.request.explain:
        ranked = {one.candidate.id: one.candidate for one in search.made.ranked}
        wishes = explained(search.request, search.made.wishes, search.labels.knowledge.book)
        idf = telling(ranked.values(), wishes.words)
        explainer = Explainer(search.made.question, wishes, idf, search.labels)
        for (hit, matched), item in zip(hits, items, strict=True):
            candidate = ranked.get(hit["id"]) or Candidate(hit["id"], unpack(hit["features"]))
            if in_fields(search.request) and matched == "all":
                on = pool.NOT_KNOWN if "hours" in item["unknown"] else 1.0
                candidate = replace(candidate, on=on)
            item["reasons"] = explainer.reasons(candidate)
    return items


def _unknown(request: SearchRequest, card: dict[str, Any], item: dict[str, Any]) -> list[str]:
    """The wishes in the fields of the request of which nothing is known here."""
    facts = [*request.fact_or_unknown, *(request.fact if request.include_unknown else ())]
    found = [fact for fact in dict.fromkeys(facts) if fact not in item["facts"]]
    if not request.include_unknown:
        return found
    contacts = card.get("contacts") or []
    if {request.age, request.age_min, request.age_max} != {None} and not item["age"]:
        found.append("age")
    no_cost = not item["cost"] and not any(contact.get("cost") == "free" for contact in contacts)
    if (request.free is not None or request.max_sek is not None) and no_cost:
        found.append("cost")
    when = request.open_at or request.open_now or in_fields(request) or request.to_date
    if when and not find_items.hours_known(card):
        found.append("hours")
    return found


def _acute(search: _Search, results: Sequence[dict[str, Any]]) -> dict[str, Any] | None:
    cards = {hit["id"]: card_of(hit["card"]) for result in results for hit in result["hits"]}
    shown: list[tuple[dict[str, Any], Matched]] = [
        (cards[one], "all") for one in search.lines if one in cards
    ]
    items = find_items.items(search.plan, shown, search.wished)
    return find_acute.acute(search.made.question, search.labels, items, search.wished)
