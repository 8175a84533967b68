"""A day told by another one: "dan före julafton", "kvällen efter nyårsdagen", "helgen före jul"."""

from datetime import date, timedelta

from search.understanding.clock_words import EVENING, MORNING, NIGHT
from search.understanding.pieces import folded_set
from search.understanding.when import When

BEFORE = folded_set("före innan before")
AFTER = folded_set("efter after")
_DAY = folded_set("dan dagen day")
_DAYS, _WEEK, _WEEKEND = folded_set("dagarna days"), folded_set("veckan week"), folded_set("helgen weekend")
_PARTS = {"kvallen": EVENING, "evening": EVENING, "natten": NIGHT, "night": NIGHT, "morgonen": MORNING}
BESIDE = _DAY | _DAYS | _WEEK | _WEEKEND | _PARTS.keys()
_FEW_DAYS, _FULL_WEEK, _SUNDAY = 4, 7, 6


def beside(word: str, told: When, today: date, *, before: bool) -> When | None:
    """What `word` ("dan", "helgen") names before or after the told days; None when that is over."""
    if told.first is None or told.last is None:
        return None
    edge = told.first - timedelta(1) if before else told.last + timedelta(1)
    parts: frozenset[int] = frozenset()
    days = 1
    if word in _PARTS:
        parts = frozenset({_PARTS[word]})
    elif word in _DAYS:
        days = _FEW_DAYS
    elif word in _WEEK:
        days = _FULL_WEEK
    elif word in _WEEKEND:
        days = 2
        beyond = (edge.weekday() - _SUNDAY) % 7 if before else (_SUNDAY - 1 - edge.weekday()) % 7
        edge += timedelta(-beyond if before else beyond)
    first, last = (edge - timedelta(days - 1), edge) if before else (edge, edge + timedelta(days - 1))
    return None if last < today else When(max(first, today), last, parts=parts)
