"""How well a listing fits what is wished, as named points that can be told to the person."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from search.features import Features
from search.near import nearness
from search.understanding.chain import SURE
from search.wishes import Wishes, admits, likely_others, other_audiences, person_ages

SAID_DAYS = 120  # so long a word about places left is believed for ranking
STALE_DAYS, AGING_DAYS = 365, 183
SOON_DAYS = 30
NARROW_YEARS = 25
ELSE = 0.7
SIDES = frozenset({"offenders", "sexual_offenders"})  # help for one side of a violence, wrong for the other


@dataclass(frozen=True, slots=True)
class Weights:
    """Points for a full match of each part. Found by `make eval`; docs/search.md tells how they add up."""

    category: float = 1.1
    audience: float = 0.95
    fact: float = 0.7
    loneliness: float = 0.4
    kind: float = 0.7
    attendance: float = 1.0
    language: float = 2.6
    asked_in: float = 0.6
    text: float = 2.2
    hint: float = 0.5
    engine: float = 0.4
    place: float = 3.2
    time: float = 4.6
    cost: float = 1.0
    age: float = 0.8
    avoid: float = 1.5
    closed: float = 0.7
    others: float = 2.2
    threshold: float = 0.15
    stale: float = 0.3
    aging: float = 0.15
    full: float = 4.5
    waitlist: float = 0.45
    later: float = 0.5
    recruiting: float = 3.0
    not_giving: float = 2.0
    professionals: float = 3.0
    lecture: float = 1.5
    not_open: float = 3.5
    side: float = 4.5
    cancelled: float = 6.0
    acute: float = 3.0
    line_open: float = 0.3


WEIGHTS = Weights()


class Part(NamedTuple):
    """Points of one kind, with the term they are for: what explains a hit."""

    name: str
    term: str
    points: float


@dataclass(frozen=True, slots=True)
class Candidate:
    """A listing found by the engine: how well by its text (0..1), and whether it is on at the wished time."""

    id: str
    features: Features
    engine: float = 0.0
    on: float | None = None  # 1 on, 0.3 not known, 0 not; None when no time is wished
    line_open: bool = False  # a support line that answers now


def top(points: Iterable[float]) -> float:
    """The best counts whole, the second a third, the third a sixth: many half fits are no fit."""
    best = sorted(points, reverse=True)[:3]
    return sum(value * share for value, share in zip(best, (1.0, 0.35, 0.15), strict=False))


def _wished(own: frozenset[str], wished: Mapping[str, float]) -> float:
    return top([wished[term] for term in own if term in wished]) if wished else 0.0


def held(of: Features, word: str) -> float:
    """How surely a listing is about a word: 1 in the title, less in summary, compounds and description."""
    if word in of.title:
        return 1.0
    if word in of.near:
        return 0.75
    if word in of.parts:
        return 0.6
    return 0.45 if word in of.body else 0.0


def text_match(of: Features, words: Mapping[str, float], idf: Mapping[str, float]) -> float:
    """0..1: the share of the wished words that the texts hold, by how telling the words are."""
    total = got = 0.0
    for word, weight in words.items():
        worth = weight * idf.get(word, 1.0)
        total += worth
        got += worth * held(of, word)
    return got / total if total else 0.0


class Judge:
    """Gives the points of candidates for one set of wishes.

    `idf`: how telling each wished word is; `today`: the ordinal of the day that stands for now.
    """

    def __init__(
        self, wishes: Wishes, idf: Mapping[str, float], today: int, weights: Weights = WEIGHTS
    ) -> None:
        self.wishes = wishes
        self.idf = idf
        self.today = today
        self.weights = weights
        self.others = other_audiences(wishes)
        self.likely_others = likely_others(wishes)
        self.ages = person_ages(wishes)
        self.welcome = {*wishes.belongs, "everyone"}

    def score(self, candidate: Candidate) -> float:
        return sum(part.points for part in self.parts(candidate))

    def parts(self, candidate: Candidate) -> list[Part]:
        """The points, those of zero left out."""
        of = candidate.features
        return [
            part
            for points in (
                self._topic(of),
                self._people(of),
                self._facts(of),
                self._languages(of),
                self._costs(of),
                self._found(candidate),
                self._avoided(of),
                self._state(of),
            )
            for part in points
            if part.points
        ]

    def _topic(self, of: Features) -> Iterator[Part]:
        wishes, weights = self.wishes, self.weights
        topic = max(_wished(of.categories, wishes.categories), 0.7 * _wished(of.broader, wishes.categories))
        yield Part("category", "", weights.category * topic)
        yield Part("loneliness", "", weights.loneliness * _wished(of.loneliness, wishes.loneliness))
        yield Part("kind", of.kind, weights.kind * wishes.kinds.get(of.kind, 0.0))
        if wishes.attendance:
            yield Part("attendance", "", weights.attendance * _wished(of.attendance, wishes.attendance))
            sure = max(wishes.attendance.values()) >= SURE
            if sure and of.attendance and of.attendance.isdisjoint(wishes.attendance):
                yield Part("not_attendance", "", -weights.attendance)

    def _people(self, of: Features) -> Iterator[Part]:
        wishes, weights = self.wishes, self.weights
        audience = _wished(of.audiences, wishes.audiences)
        if not audience and wishes.audiences and "everyone" in of.audiences:
            audience = 0.15
        yield Part("audience", "", weights.audience * audience)
        if of.only and not admits(of.only, wishes.belongs):
            yield Part("closed", "", -weights.closed)
        if not of.only.isdisjoint(self.likely_others):
            yield Part("others", "", -2 * weights.others)
        if self.others and not of.audiences.isdisjoint(self.others) and of.audiences.isdisjoint(self.welcome):
            yield Part("others", "", -weights.others)
        if self.ages and of.age_min is not None and of.age_max is not None:
            fits = any(of.age_min <= high and of.age_max >= low for low, high in self.ages)
            narrow = of.age_max - of.age_min < NARROW_YEARS
            yield Part("age", "", weights.age * (-3 if not fits else 1.3 if narrow else 0.7))

    def _facts(self, of: Features) -> Iterator[Part]:
        weight = self.weights.fact
        for fact, wish in self.wishes.facts.items():
            if fact in of.facts:
                yield Part("fact", fact, weight * wish)
            elif fact in of.not_facts:
                yield Part("not_fact", fact, -1.5 * weight * wish)
        for fact, wish in self.wishes.without.items():
            if fact in of.not_facts:
                yield Part("fact", f"not:{fact}", weight * wish)
            elif fact in of.facts:
                yield Part("not_fact", f"not:{fact}", -2.5 * weight * wish)

    def _languages(self, of: Features) -> Iterator[Part]:
        wishes, weights = self.wishes, self.weights
        for language, wish in wishes.languages.items():
            if language in of.languages:
                yield Part("language", language, weights.language * wish)
            elif of.languages:
                lost = 0.3 if "sv" in of.languages else 1.0  # an interpreter helps with Swedish
                yield Part("not_language", language, -lost * weights.language * wish)
        if wishes.asked_in != "sv":
            spoken = wishes.asked_in in of.languages
            written = wishes.asked_in in of.texts
            yield Part("asked_in", wishes.asked_in, weights.asked_in * (spoken + 0.4 * written))

    def _costs(self, of: Features) -> Iterator[Part]:
        weight = self.weights.cost
        for cost, wish in self.wishes.costs.items():
            if cost in {"free", "low_cost"}:
                share = 1.0 if of.free else 0.0
                if of.free is False:
                    share = -1.5 if cost == "free" else -0.5
                yield Part("cost", cost, weight * wish * share)
            elif cost in of.benefits:
                yield Part("cost", cost, 3 * weight * wish)

    def _found(self, candidate: Candidate) -> Iterator[Part]:
        of, wishes, weights = candidate.features, self.wishes, self.weights
        words = text_match(of, wishes.words, self.idf)
        yield Part("text", "", weights.text * words)
        if wishes.hints:
            hint = max(weight * held(of, word) for word, weight in wishes.hints.items())
            yield Part("hint", "", weights.hint * hint)
        yield Part("engine", "", weights.engine * candidate.engine)
        if wishes.places:
            near = max(nearness(of, place) for place in wishes.places)
            yield Part("place", "", weights.place * near * self._beside(of, words))
        if candidate.on is not None:
            yield Part("time", "", weights.time * candidate.on * wishes.time_share)
        if wishes.acute_categories and of.kind == "support_line":
            yield Part("acute", "", weights.acute * _wished(of.categories, wishes.acute_categories))
            yield Part("acute", "", 0.3 * weights.acute * of.crisis)
        if candidate.line_open:
            yield Part("line_open", "", weights.line_open * (3 if wishes.acute_categories else 1))

    def _beside(self, of: Features, words: float) -> float:
        """What being near is worth: less for something else than the activity that was asked for."""
        if max(self.wishes.categories.values(), default=0.0) < SURE:
            return 1.0
        return min(1.0, ELSE + _wished(of.categories, self.wishes.categories) + words)

    def _avoided(self, of: Features) -> Iterator[Part]:
        wishes, weights = self.wishes, self.weights
        gives = wishes.categories.get("volunteer-tasks", 0.0) >= SURE
        for own, avoided in (
            (of.categories, wishes.avoid_categories),
            (of.audiences, wishes.avoid_audiences),
            ({of.kind}, wishes.avoid_kinds),
        ):
            if avoided:
                for term in own:
                    yield Part("avoid", term, -weights.avoid * avoided.get(term, 0.0))
        if (
            "volunteer-tasks" in of.categories or "recruiting" in of.signs
        ) and "volunteer-tasks" not in wishes.categories:
            yield Part("recruiting", "", -weights.recruiting)
        if gives and "volunteer-tasks" not in of.categories:
            yield Part("not_giving", "", -weights.not_giving)
        for sign in of.signs & SIDES:
            yield Part("side", sign, weights.side * (0.5 if sign in wishes.signs else -1))
        for sign in of.signs:
            points = {
                "professionals": weights.professionals,
                "lecture": weights.lecture,
                "not_open": weights.not_open,
                "cancelled": weights.cancelled,
            }.get(sign, 0.0)
            yield Part(sign, "", -points)

    def _state(self, of: Features) -> Iterator[Part]:
        weights, today = self.weights, self.today
        yield Part("threshold", "", weights.threshold * of.threshold / 100)
        if of.confirmed is not None and of.kind != "support_line":
            old = today - of.confirmed
            if old > AGING_DAYS:
                stale = old > STALE_DAYS
                yield Part("stale" if stale else "aging", "", -(weights.stale if stale else weights.aging))
        said = of.capacity_day is None or today - of.capacity_day <= SAID_DAYS
        if "full" in of.signs or (of.capacity == "full" and said):
            yield Part("full", "", -weights.full)
        elif of.capacity == "waitlist" and said:
            yield Part("waitlist", "", -weights.waitlist)
        if of.first_day is not None and of.first_day > today + SOON_DAYS:
            yield Part("later", "", -weights.later)
