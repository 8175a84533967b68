"""Search by a question in a person's own words: understood, gathered widely, ranked, explained."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from app.schemas.search import SearchRequest
from app.services import find_chips
from app.services.find_places import point_place
from app.services.find_request import Knowledge, Plan
from search import pool
from search.filters import Filter, all_of
from search.near import nearness
from search.pool import Probe
from search.ranking import Ranked, rank
from search.understanding.chain import SURE, Question, understand
from search.wishes import Wishes, wishes_of

HERE = 0.45  # near enough to count as there
ENOUGH = 5  # with fewer answers it is said which wish to give up, and what is a little beside is shown


@dataclass
class Understood:
    """A question, what it wishes, and what has been found for it."""

    question: Question
    wishes: Wishes
    ranked: list[Ranked] = field(default_factory=list)
    fitting: int = 0  # so many of the ranked fulfil every certain wish
    elsewhen: bool = False  # the activity asked for is there, if at all, at other times


def in_words(request: SearchRequest) -> bool:
    """Whether there is something to understand."""
    return bool(request.q.strip() or request.chips)


def read(request: SearchRequest, plan: Plan, knowledge: Knowledge) -> Understood:
    """Understand the words and chips of a request. Raises Invalid for a chip that is none."""
    question = question_of(request, plan, knowledge)
    return Understood(question, wishes_in(question, plan, knowledge))


def question_of(request: SearchRequest, plan: Plan, knowledge: Knowledge) -> Question:
    """The question, without its chips that are switched off."""
    if not in_words(request):
        return Question("", plan.now)
    return understand(
        request.q,
        now=plan.now,
        lexicon=knowledge.lexicon,
        places=knowledge.book,
        located=plan.point is not None,
        ignore=request.ignore,
        given=find_chips.given(request, knowledge),
    )


def wishes_in(question: Question, plan: Plan, knowledge: Knowledge) -> Wishes:
    """What the question wishes, near the point of the request."""
    wishes = wishes_of(question, knowledge.lexicon, knowledge.book)
    if plan.point is not None:
        wishes.places = [point_place(*plan.point), *wishes.places]
    return wishes


def first_probes(made: Understood, plan: Plan, within: Filter | None) -> list[Probe]:
    """What the engine is asked first, `within` what the request itself demands."""
    return pool.probes(made.question, made.wishes, base=within, now=plan.now)


def wider_probes(made: Understood, plan: Plan) -> list[Probe]:
    """When little was found: anywhere, and at any time unless one is certain; what is refused still holds.

    When just the activity was not: that, there at other times.
    """
    wide = replace(made.wishes, places=[], times=made.wishes.times if made.wishes.sure_times else [])
    asked = (
        pool.at_other_times(made.wishes, base=plan.query.condition(), now=plan.now) if made.elsewhen else []
    )
    if made.fitting >= ENOUGH:
        return asked
    asked += pool.probes(made.question, wide, base=plan.query.condition(), now=plan.now)
    named = pool.named_activity(made.wishes)
    if wide.times and named is not None:  # the same activity at other times
        held = pool.must(made.wishes, plan.now.date()).values()
        every = all_of((plan.query.condition(), *held, named))
        asked.append(Probe("", every, pool.nearest_first(made.wishes), pool.FEWER, on=0.0))
    return asked


def order(
    made: Understood, plan: Plan, asked: Sequence[Probe], results: Sequence[dict[str, Any]]
) -> Understood:
    """Rank what the first questions found, and say how many of them are there, not only within reach."""
    found = pool.candidates(asked, results)
    ranked = rank(found, made.wishes, plan.now.toordinal())
    here = sum(
        not made.wishes.places
        or any(nearness(one.candidate.features, place) >= HERE for place in made.wishes.places)
        for one in ranked
    )
    return replace(made, ranked=ranked, fitting=here, elsewhen=_elsewhen(made.wishes, ranked))


def _elsewhen(wishes: Wishes, ranked: Sequence[Ranked]) -> bool:
    """Whether nothing of the activity that was asked for is both there and then."""
    named = {term for term, weight in wishes.categories.items() if weight >= SURE}
    return bool(named and wishes.places and wishes.sure_times) and not any(
        one.candidate.on
        and "cancelled" not in one.candidate.features.signs
        and not named.isdisjoint(one.candidate.features.categories | one.candidate.features.broader)
        and any(nearness(one.candidate.features, place) >= HERE for place in wishes.places)
        for one in ranked
    )


def widen(
    made: Understood, plan: Plan, asked: Sequence[Probe], results: Sequence[dict[str, Any]]
) -> Understood:
    """Add what the wider questions found; what is not there, or not then, ranks after what is."""
    known = {one.candidate.id for one in made.ranked}
    more = [
        one if made.wishes.sure_times else replace(one, on=0.0 if made.wishes.times else None)
        for one in pool.candidates(asked, results)
        if one.id not in known
    ]
    together = [*(one.candidate for one in made.ranked), *more]
    ranked = rank(together, made.wishes, plan.now.toordinal(), elsewhen=made.elsewhen)
    return replace(made, ranked=ranked)
