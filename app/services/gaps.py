"""What is missing where, for those who plan: classes of searches that found too little, without their words.

A class is the month, the kommun and the kinds of what was wished; of a category also the topmost one. No
text, no situation, no value that tells of health. Counted in memory, written now and then; a lost count is
no loss.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.models import SearchGap
from app.schemas.search import SearchRequest
from app.services.find_request import Knowledge
from app.services.find_understood import ENOUGH
from search.understanding.places import resolve

SHOWN_FROM = 5  # searches; fewer might be one person
MOST_CLASSES = 10_000  # kept between two writings
FLUSH_SECONDS = 300.0


@dataclass(frozen=True, slots=True, order=True)
class Gap:
    """A class of searches: `month` as 2026-11, SCB's code, the kinds wished, joined by `+`."""

    month: str
    municipality_code: str
    wishes: str


class Gaps:
    """Counts of this process since they were last written."""

    def __init__(self) -> None:
        self._counts: Counter[Gap] = Counter()

    def note(
        self, request: SearchRequest, answer: Mapping[str, Any], knowledge: Knowledge, today: date
    ) -> None:
        """Count an answer that fulfils too little. Touches nothing but memory."""
        understood = answer["interpretation"]
        if understood is None or request.page > 1 or answer["degraded"] or answer["fulfilling"] >= ENOUGH:
            return
        wishes = _kinds(understood["chips"], knowledge)
        if not wishes:
            return
        for code in _kommuner(request, understood["chips"], knowledge):
            gap = Gap(f"{today:%Y-%m}", code, wishes)
            if gap in self._counts or len(self._counts) < MOST_CLASSES:
                self._counts[gap] += 1

    def flush(self, session: Session) -> int:
        """Add what has been counted to the table; returns how many classes. The caller commits."""
        taken, self._counts = self._counts, Counter()
        for gap, searches in sorted(taken.items()):
            row = insert(SearchGap).values(
                month=gap.month,
                municipality_code=gap.municipality_code,
                wishes=gap.wishes,
                searches=searches,
            )
            session.execute(
                row.on_conflict_do_update(
                    index_elements=["month", "municipality_code", "wishes"],
                    set_={"searches": SearchGap.searches + row.excluded.searches},
                )
            )
        return len(taken)


counted = Gaps()


def shown(session: Session, *, month: str | None = None, municipality: str | None = None) -> list[SearchGap]:
    """The classes with enough searches to be told, the largest first."""
    query = select(SearchGap).where(SearchGap.searches >= SHOWN_FROM)
    if month:
        query = query.where(SearchGap.month == month)
    if municipality:
        query = query.where(SearchGap.municipality_code == municipality)
    order = (SearchGap.searches.desc(), SearchGap.month, SearchGap.municipality_code, SearchGap.wishes)
    return list(session.scalars(query.order_by(*order)))


def _kinds(chips: list[dict[str, Any]], knowledge: Knowledge) -> str:
    return "+".join(sorted({_kind(chip, knowledge) for chip in chips if chip["kind"] != "place"}))


def _kind(chip: Mapping[str, Any], knowledge: Knowledge) -> str:
    if chip["kind"] != "category":
        return str(chip["kind"])
    term = knowledge.vocabulary.categories[chip["value"]]
    return f"category:{term.ancestors[-1] if term.ancestors else term.id}"


def _kommuner(request: SearchRequest, chips: list[dict[str, Any]], knowledge: Knowledge) -> set[str]:
    """The kommun of the filter, or that of the place that was read; none for several."""
    named = set(request.municipality)
    for chip in chips:
        place = resolve(chip["value"], knowledge.book) if chip["kind"] == "place" else None
        if place is not None and place.municipality_code:
            named.add(place.municipality_code)
    known = named & set(knowledge.vocabulary.municipalities)
    return known if len(known) == 1 else set()
