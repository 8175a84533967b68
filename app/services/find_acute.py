"""Acute danger in a question: fixed words, numbers that always answer, and lines that are open now."""

from collections.abc import Mapping, Sequence
from typing import Any

from app.services.find_labels import Labels, Pair
from app.services.find_request import Plan
from search import pool
from search.filters import And, Equals, Filter, In, Not
from search.moments import open_at
from search.pool import Probe
from search.ranking import rank
from search.understanding.chain import Question
from search.wishes import Wishes

MOST_LINES = 5
_CALLED: Mapping[str, Pair] = {
    "112": ("Nödnumret, dygnet runt", "Emergency number, round the clock"),
    "1177": ("Råd om vård, dygnet runt", "Advice on care, round the clock"),
}


def lines(question: Question, wishes: Wishes, plan: Plan, labels: Labels) -> list[Probe]:
    """The questions for lines of that kind: the open ones, then the others. None without a sign."""
    told = _told(question, labels)
    if told is None:
        return []
    meant: Filter = And(
        (Equals("kind", "support_line"), In("categories", tuple(told.get("categories") or ())))
    )
    held = pool.must(wishes, plan.now.date()).get("person")
    whole: Filter = meant if held is None else And((meant, held))
    is_open = open_at(plan.now)
    return [
        Probe("", And((whole, is_open)), line_open=True),
        Probe("", And((whole, Not(is_open)))),
    ]


def chosen(
    asked: Sequence[Probe], results: Sequence[dict[str, Any]], wishes: Wishes, plan: Plan
) -> list[str]:
    """Document ids of the lines to show, the open ones first, then as they fit."""
    ranked = rank(pool.candidates(asked, results), wishes, plan.now.toordinal())
    ranked.sort(key=lambda one: not one.candidate.line_open)
    return [one.candidate.id for one in ranked[:MOST_LINES]]


def acute(
    question: Question, labels: Labels, items: list[dict[str, Any]], wished: Sequence[str]
) -> dict[str, Any] | None:
    """What is shown above all items. `items`: the lines; `wished`: the languages of the client."""
    told = _told(question, labels)
    if told is None:
        return None
    texts: Mapping[str, str] = told["text"]
    wishes = [question.language] if question.tokens else []
    language = next(
        (lang for lang in (*wishes, *(one.split("-")[0] for one in wished), "sv") if lang in texts), "en"
    )
    return {
        "sign": question.acute,
        "text": " ".join(str(texts[language]).split()),
        "language": language,
        "reviewed": str(told["reviewed"]),
        "numbers": [
            {"number": number, "label": labels.say(_CALLED[number]) if number in _CALLED else ""}
            for number in map(str, told["numbers"])
        ],
        "lines": items,
    }


def _told(question: Question, labels: Labels) -> Mapping[str, Any] | None:
    return labels.knowledge.lexicon.acute.get(question.acute) if question.acute else None
