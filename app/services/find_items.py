"""Cards of the index as items of an answer: the chosen text, what is on now and next, how near, how fresh."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any, Literal, NamedTuple

import orjson

from app.schemas.schedule import ScheduleRule
from app.services.find_request import Knowledge, Plan
from app.services.freshness import freshness
from app.services.schedules import next_occurrence, open_state
from app.services.taxonomies import LanguageTerm, Term, Wording
from search.near import distance_km
from search.queries import wanted_words
from search.words import marked

Matched = Literal["all", "related"]


def items(
    plan: Plan, hits: Sequence[tuple[dict[str, Any], Matched]], languages: Sequence[str]
) -> list[dict[str, Any]]:
    """The items of an answer, ready for JSON: cards of the index, each with how it matches."""
    words = wanted_words(plan.query.text)
    return [_item(plan, card, languages, words, matched=matched) for card, matched in hits]


def next_start(card: dict[str, Any], now: datetime) -> str | None:
    """When it begins next, as the item tells it: UTC, in an order that plain comparison keeps."""
    coming = on(_written_rules(card), now.replace(second=0, microsecond=0))[1]
    return None if coming is None else str(coming["start"])


def hours_known(card: dict[str, Any]) -> bool:
    return _written_rules(card) != b"[]"


def facets(
    counted: Mapping[str, Mapping[str, int]], knowledge: Knowledge, language: str
) -> dict[str, list[dict[str, Any]]]:
    """The counts with labels, the most frequent first."""
    return {
        name: sorted(
            (
                {"value": value, "label": _label(name, value, knowledge, language), "count": count}
                for value, count in counts.items()
            ),
            key=lambda entry: (-entry["count"], entry["label"]),
        )
        for name, counts in counted.items()
    }


def choose(texts: dict[str, Any], languages: Sequence[str]) -> dict[str, Any]:
    """The text in the first of the languages there is, else Swedish, English, any."""
    asked = languages[0] if languages else "sv"
    titled = [lang for lang, text in texts.items() if text.get("title")]
    chosen = next(
        (
            lang
            for wish in (*languages, "sv", "en", *titled)
            for lang in (wish, wish.split("-")[0])
            if lang in titled
        ),
        None,
    )
    if chosen is None:
        return {"title": "", "language": asked, "fallback_from": None, "machine_translated": False}
    text = texts[chosen]
    met = chosen == asked or chosen == asked.split("-")[0] != "sv"
    return {
        "title": text["title"],
        "summary": text.get("summary"),
        "description": text.get("description"),
        "language": chosen,
        "fallback_from": None if met or chosen == asked else asked,
        "machine_translated": text.get("provenance") == "machine",
    }


def _fresh(kind: str, confirmed_on: str | None, today: date) -> dict[str, Any]:
    day = date.fromisoformat(confirmed_on) if confirmed_on else None
    return {"status": freshness(kind, day, today), "confirmed_on": confirmed_on}


def distance_m(one: Sequence[float] | None, other: Sequence[float] | None) -> int | None:
    """Metres between two points (lat, lon); None when either is not given."""
    if one is None or other is None:
        return None
    return round(1000 * distance_km((one[0], one[1]), (other[0], other[1])))


@lru_cache(maxsize=8192)
def _rules(written: bytes) -> tuple[ScheduleRule, ...]:
    return tuple(ScheduleRule.model_validate(rule) for rule in orjson.loads(written))


def _utc(moment: datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class _On(NamedTuple):
    """What is told of hours from the minute it was worked out until it changes (epoch seconds)."""

    since: float
    before: float
    state: dict[str, Any] | None
    coming: dict[str, Any] | None


_known_on: dict[bytes, _On] = {}  # the same listings are shown again and again
_KNOWN_MOST = 8192
_NOTHING = _On(0, 0, None, None)


def on(written: bytes, now: datetime) -> tuple[dict[str, Any] | None, dict[str, Any] | None]:
    """Open state and next occurrence of written rules at a minute: shared, not to be changed."""
    if written == b"[]":
        return None, None
    moment = now.timestamp()
    known = _known_on.get(written, _NOTHING)
    if not known.since <= moment < known.before:
        known = _worked_out(written, now)
        if len(_known_on) >= _KNOWN_MOST:
            del _known_on[next(iter(_known_on))]
        _known_on[written] = known
    return known.state, known.coming


def _worked_out(written: bytes, now: datetime) -> _On:
    """At `now`, and how long it holds: until the state changes and what is next has ended.

    A state that no change is told of may have one by the next minute: it is looked for a year ahead.
    """
    rules, moment = _rules(written), now.timestamp()
    state, coming = open_state(rules, now), next_occurrence(rules, now)
    before = moment + 60 if state.until is None else state.until.timestamp()
    if coming is not None:
        before = min(before, coming.end.timestamp())
    occasion = None
    if coming is not None:
        occasion = {
            "start": _utc(coming.start),
            "end": _utc(coming.end),
            "certainty": coming.certainty,
        }
    return _On(moment, before, {"state": state.state, "until": _utc(state.until)}, occasion)


def _written_rules(card: dict[str, Any]) -> bytes:
    if card["kind"] == "support_line":
        rules = [rule for contact in card.get("contacts") or [] for rule in contact.get("hours") or []]
    else:
        rules = card.get("schedule") or []
    return orjson.dumps(rules)


def _item(
    plan: Plan,
    card: dict[str, Any],
    languages: Sequence[str],
    words: tuple[frozenset[str], str | None],
    *,
    matched: Matched,
) -> dict[str, Any]:
    wanted, prefix = words
    text = choose(card.get("texts") or {}, languages)
    state, coming = on(_written_rules(card), plan.now.replace(second=0, microsecond=0))
    highlights = {
        name: pieces
        for name in ("title", "summary")
        if wanted and text.get(name) and (pieces := marked(text[name], wanted, prefix))
    }
    return {
        "id": card["id"],
        "external_id": card.get("external_id"),
        "organisation": card["organisation"],
        "kind": card["kind"],
        "text": text,
        "highlights": highlights,
        "distance_m": distance_m(plan.point, card.get("point")),
        "next_occurrence": coming,
        "open_state": state,
        "facts": card.get("facts") or {},
        "venue": card.get("venue"),
        "categories": card.get("categories") or [],
        "audiences": card.get("audiences") or [],
        "languages": card.get("languages") or [],
        "age": card.get("age"),
        "cost": card.get("cost"),
        "attendance": card.get("attendance") or [],
        "threshold": card["threshold"],
        "freshness": _fresh(card["kind"], card.get("confirmed_on"), plan.now.date()),
        "matched": matched,
        "unknown": [],
        "reasons": None,
    }


def _label(facet: str, value: str, knowledge: Knowledge, language: str) -> str:
    words = knowledge.vocabulary
    wording: Wording = "en" if language.startswith("en") else "sv"
    if facet == "municipality" and value in words.municipalities:
        return words.municipalities[value].name_short
    if facet == "county" and value in words.counties:
        return words.counties[value].name
    labelled: dict[str, Mapping[str, Term | LanguageTerm]] = {
        "category": words.categories,
        "audience": words.audiences,
        "fact": words.facts,
        "language": words.languages,
    }
    term = labelled.get(facet, {}).get(value)
    return value if term is None else term.label(wording)
