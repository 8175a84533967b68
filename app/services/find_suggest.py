"""Suggestions while somebody types: words and places from memory, titles from the index. Nothing is kept."""

from collections.abc import Sequence
from typing import Any

from app.services.find_completions import (
    BEGINNING,
    CLOSE,
    INSIDE,
    WHOLE,
    Completion,
    best,
)
from app.services.find_desk import Desk
from app.services.find_request import Knowledge
from app.services.taxonomies import Wording
from search.client import SearchUnavailable
from search.words import fold

TERMS, PHRASES, PLACES, TITLES = 8, 4, 4, 8
DEFAULT_LANGUAGES = ("sv", "en")
Suggested = tuple[int, dict[str, str]]


async def suggest(desk: Desk, text: str, languages: Sequence[str]) -> dict[str, Any]:
    """Suggestions, ready for JSON, the best first: what begins so, then words inside, then typing errors.

    `languages`: of the client by preference; labels are Swedish or English. Without Meilisearch there are no
    titles, and the answer is `degraded`.
    """
    if not fold(text.strip()):
        return {"items": [], "degraded": False}
    items = _from_memory(await desk.knowledge(), text, languages)
    degraded = False
    try:
        items += await _titles(desk, text.strip())
    except SearchUnavailable:
        degraded = True
    items.sort(key=lambda one: one[0])
    return {"items": [item for _, item in items], "degraded": degraded}


def _from_memory(knowledge: Knowledge, text: str, languages: Sequence[str]) -> list[Suggested]:
    found = knowledge.completions.of(text)
    label: Wording = "en" if languages and languages[0].startswith("en") else "sv"
    wished = tuple(dict.fromkeys((*(one.split("-")[0] for one in languages), *DEFAULT_LANGUAGES)))
    terms = [one for kind in ("category", "audience") for one in best(found, kind, wished, TERMS)]
    terms.sort(key=_order)
    told = {one.entry.chip: _order(one) for one in terms[:TERMS]}
    phrases = [
        one
        for one in best(found, "phrase", wished, PHRASES + TERMS)
        if _order(one) < told.get(one.entry.chip, (CLOSE + 1, 0))  # else the term itself says it
    ]
    closer = {one.entry.chip for one in phrases[:PHRASES]}
    return [
        *((one.level, _term(knowledge, one, label)) for one in terms[:TERMS] if one.entry.chip not in closer),
        *((one.level, _place(one)) for one in best(found, "place", wished, PLACES)),
        *((one.level, _phrase(knowledge, one, label)) for one in phrases[:PHRASES]),
    ]


def _order(one: Completion) -> tuple[int, int]:
    return one.level, one.errors


def _label(knowledge: Knowledge, chip: str, label: Wording) -> str:
    kind, _, term = chip.partition(":")
    words = knowledge.vocabulary
    terms = words.categories if kind == "category" else words.audiences
    return terms[term].label(label) if term in terms else term


def _term(knowledge: Knowledge, one: Completion, label: Wording) -> dict[str, str]:
    entry = one.entry
    return {"type": entry.kind, "value": entry.value, "label": _label(knowledge, entry.chip, label)}


def _phrase(knowledge: Knowledge, one: Completion, label: Wording) -> dict[str, str]:
    entry = one.entry
    return {
        "type": "phrase",
        "value": entry.text,
        "label": entry.text,
        "language": entry.language,
        "chip": entry.chip,
        "beside": _label(knowledge, entry.chip, label),
    }


def _place(one: Completion) -> dict[str, str]:
    return {"type": "place", "value": one.entry.value, "label": one.entry.value}


async def _titles(desk: Desk, text: str) -> list[Suggested]:
    if desk.client is None:
        raise SearchUnavailable("there is no Meilisearch")
    (result,) = await desk.client.multi_search(
        [
            {
                "indexUid": desk.uid,
                "q": text,
                "limit": TITLES,
                "attributesToSearchOn": ["title"],
                "attributesToRetrieve": ["listing_id", "title"],
            }
        ]
    )
    return [
        (_level(hit["title"], text), {"type": "title", "value": hit["listing_id"], "label": hit["title"]})
        for hit in result["hits"]
    ]


def _level(title: str, text: str) -> int:
    folded, typed = fold(title), fold(text)
    if folded == typed:
        return WHOLE
    if folded.startswith(typed):
        return BEGINNING
    return INSIDE if f" {typed}" in folded else CLOSE
