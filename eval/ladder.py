"""What each part of understanding adds: the same questions with parts switched off, one after the other."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from app.schemas.search import SearchRequest
from app.services.find_desk import Desk
from app.services.find_request import Knowledge, Plan, plan
from app.services.find_understood import ENOUGH, HERE, wishes_in
from eval.evaluate import wishes
from search import pool
from search.documents import card_of
from search.fit import WEIGHTS, Weights
from search.near import nearness
from search.pool import Probe
from search.queries import sent_text
from search.ranking import rank
from search.understanding.chain import Question, understand, without
from search.wishes import Wishes

CONCEPTS = frozenset({"attendance", "audience", "category", "cost", "fact", "kind", "language", "loneliness"})
SITUATIONS = CONCEPTS | {"situation"}
EVERYTHING = SITUATIONS | {"age", "gender", "place", "time"}
_PENALTIES = (
    *("avoid", "closed", "others", "stale", "aging", "full", "waitlist", "later", "recruiting"),
    *("professionals", "lecture", "not_open", "cancelled"),
)
_MILD: Weights = replace(WEIGHTS, **dict.fromkeys(_PENALTIES, 0.0))


@dataclass(frozen=True)
class Rung:
    """Which kinds of readings count, and with what weights. None: the engine's own order of the words."""

    name: str
    kinds: frozenset[str] | None
    weights: Weights = _MILD


RUNGS = (
    Rung("the engine alone: words as stems, in its order", None),
    Rung("our ranking of the words", frozenset()),
    Rung("+ concepts: categories, audiences, facts, languages, costs", CONCEPTS),
    Rung("+ situations told in sentences", SITUATIONS),
    Rung("+ place, time, age and gender", EVERYTHING),
    Rung("+ what lowers a listing: closed to the person, full, stale, cancelled …", EVERYTHING, WEIGHTS),
)
Engine = Callable[[Sequence[Probe]], Awaitable[list[dict[str, Any]]]]


async def climb(
    desk: Desk, sets: Mapping[str, Iterable[Mapping[str, Any]]]
) -> dict[str, list[list[tuple[Mapping[str, Any], list[str]]]]]:
    """For each set and rung every question with the external ids found."""
    knowledge = await desk.knowledge()
    return {
        name: [[(query, await _found(desk, knowledge, query, rung)) for query in questions] for rung in RUNGS]
        for name, questions in ((name, list(given)) for name, given in sets.items())
    }


async def _found(desk: Desk, knowledge: Knowledge, query: Mapping[str, Any], rung: Rung) -> list[str]:
    client = desk.client
    if client is None:
        raise RuntimeError("The ladder needs Meilisearch.")

    async def ask(probes: Sequence[Probe]) -> list[dict[str, Any]]:
        return await client.multi_search([probe.asked(desk.uid) for probe in probes])

    request = SearchRequest.model_validate(wishes(query))
    planned = plan(request, knowledge, clock=datetime.now(UTC))
    if rung.kinds is None:
        words = Probe(
            sent_text(request.q), planned.query.condition(), limit=request.limit, retrieve=("id", "card")
        )
        (result,) = await ask([words])
        return [card_of(hit["card"])["external_id"] for hit in result["hits"]]
    question = _reduced(request, planned, knowledge, rung.kinds)
    ids = await _ranked(ask, question, wishes_in(question, planned, knowledge), planned, rung.weights)
    if not ids:
        return []
    (result,) = await ask([pool.by_ids(ids[: request.limit])])
    cards = {hit["id"]: card_of(hit["card"])["external_id"] for hit in result["hits"]}
    return [cards[one] for one in ids[: request.limit] if one in cards]


def _reduced(request: SearchRequest, planned: Plan, knowledge: Knowledge, kinds: frozenset[str]) -> Question:
    """The question as if nothing else could be read; what is not read are words."""
    question = understand(
        request.q,
        now=planned.now,
        lexicon=knowledge.lexicon,
        places=knowledge.book,
        located=planned.point is not None,
    )
    kept = tuple(one for one in question.readings if one.kind in kinds)
    return without(replace(question, readings=kept, stages=()), (), knowledge.lexicon)


async def _ranked(
    ask: Engine, question: Question, wished: Wishes, planned: Plan, weights: Weights
) -> list[str]:
    """Document ids, gathered and ranked as the service does, with these weights."""
    held = planned.query.condition()
    probes = pool.probes(question, wished, base=held, now=planned.now)
    found = pool.candidates(probes, await ask(probes))
    here = sum(
        not wished.places or any(nearness(one.features, place) >= HERE for place in wished.places)
        for one in found
    )
    if here < ENOUGH:
        wide = replace(wished, places=[], times=[])
        probes = pool.probes(question, wide, base=held, now=planned.now)
        known = {one.id for one in found}
        found += [
            replace(one, on=0.0 if wished.times else None)
            for one in pool.candidates(probes, await ask(probes))
            if one.id not in known
        ]
    return [one.candidate.id for one in rank(found, wished, planned.now.toordinal(), weights)]
