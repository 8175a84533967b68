"""How well a listing fits what is wished, as named points that can be told to the person."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from search.features import Features, held, sought
from search.near import FAR, nearness
from search.particular import is_for, untold
from search.understanding.chain import SURE
from search.wishes import Wishes, admits, likely_others, other_audiences, person_ages
from search.words import key

SAID_DAYS = 120  # so long a word about places left is believed for ranking
STALE_DAYS, AGING_DAYS = 365, 183
SOON_DAYS = 30
NARROW_YEARS = 25
# Of being near, of being on then, and of being on then but not there, for something else than was asked for.
ELSE, ELSE_THEN, ELSE_AFAR = 0.7, 0.6, 0.25
TEXT_FLOOR = 0.4  # of a single word that a reading already stands for
SPARED = 0.3
FEAST_DAYS = 31
COIN, COIN_SEK = 0.8, 50  # a small price beside what is free
FULL_YET = 0.3  # of the points for being full, of just the activity that was asked for
VOLUNTARY = 1.5  # "pay what you can" beside what is free, for who has little
# What somebody cannot come without; other facts make it easier.
NEEDS = frozenset(
    (
        "aac", "calm_environment", "captioning", "child_care", "companion_free", "easy_read",
        "escort_offered", "fragrance_free", "guide_dog_welcome", "hearing_loop", "pets_welcome",
        "phone_dial_in", "sign_language", "sobriety_required", "transport_offered", "wheelchair_accessible",
    )
)  # fmt: skip
# Activities that stand for any company: whatever is on there will do.
COMPANY = frozenset({"coffee-meetup", "open-meeting-place", "social"})
# Words that are against a listing only for who seeks what it says that it is not.
NOT_THAT = {"not_grief": ("grief-support",), "not_swedish": ("language-cafe", "swedish-learning")}
MEETING = frozenset(key(word) for word in ("årsmöte", "årsstämma", "medlemsmöte", "styrelsemöte"))
LOSSES = frozenset({"child_loss", "pet_loss"})
SIDES = frozenset({"offenders", "sexual_offenders"})  # help for one side of a violence, wrong for the other


@dataclass(frozen=True, slots=True)
class Weights:
    """Points for a full match of each part. Found by `make eval`; docs/search.md tells how they add up."""

    category: float = 1.1
    audience: float = 0.95
    fact: float = 0.7
    need: float = 1.2
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
    untold: float = 2.0
    loss: float = 1.5
    feast: float = 0.8
    threshold: float = 0.15
    stale: float = 0.3
    aging: float = 0.15
    full: float = 2.5
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
    if own.isdisjoint(wished):
        return 0.0
    points = [wished[term] for term in own if term in wished]
    return points[0] if len(points) == 1 else top(points)


_Told = list[tuple[str, str, float]]  # parts in the making: name, term, points
_Rule = Callable[[Candidate, Features, _Told], None]


def _only_then(of: Features) -> bool:
    """Whether a listing is just for some days, as a feast is."""
    if of.first_day is None or of.last_day is None:
        return False
    return of.last_day - of.first_day <= FEAST_DAYS


def _dear(of: Features) -> float:
    """What a price is worth to who has little: a coin is no hindrance, more is one."""
    coin = of.price is not None and of.price <= COIN_SEK and of.cost != "membership"
    return COIN if coin else -0.5


class Judge:
    """Gives the points of candidates for one set of wishes.

    `idf`: how telling each wished word is; `today`: the ordinal of the day that stands for now. `elsewhen`:
    the activity asked for is not on there then, so that what else is counts less.
    """

    def __init__(
        self,
        wishes: Wishes,
        idf: Mapping[str, float],
        today: int,
        weights: Weights = WEIGHTS,
        *,
        elsewhen: bool = False,
    ) -> None:
        self.wishes = wishes
        self.today = today
        self.weights = weights
        self.elsewhen = elsewhen
        self.others = other_audiences(wishes)
        self.likely_others = likely_others(wishes)
        self.ages = person_ages(wishes)
        self.told_age = any(high - low < NARROW_YEARS for low, high in self.ages)
        self.welcome = {*wishes.belongs, "everyone"}
        # Who asks what there is in a place is told of all that is.
        self.untold = untold(wishes) if wishes.concepts or not wishes.places else frozenset()
        self.words = [(sought(word), weight * idf.get(word, 1.0)) for word, weight in wishes.words.items()]
        self.hints = [(sought(word), weight) for word, weight in wishes.hints.items()]
        self.worth = sum(worth for _, worth in self.words)
        self.sure_activity = max(wishes.categories.values(), default=0.0) >= SURE
        self.feast = any(when.first is not None and not when.now for when in wishes.times)
        self.mourning = max(
            wishes.categories.get("grief-support", 0.0), wishes.audiences.get("bereaved", 0.0)
        )
        self.any_company = any(wishes.categories.get(one, 0.0) >= SURE for one in COMPANY)
        self.sure_attendance = max(wishes.attendance.values(), default=0.0) >= SURE
        self.signs = {
            "professionals": weights.professionals,
            "lecture": weights.lecture,
            "not_open": weights.not_open,
            "cancelled": weights.cancelled,
        }
        if MEETING.isdisjoint(wishes.words):
            self.signs["members_meeting"] = weights.lecture
        if "pets_welcome" in wishes.without:  # has none
            self.signs["own_animal"] = weights.not_open
        for sign, categories in NOT_THAT.items():
            self.signs[sign] = weights.not_open * max([wishes.categories.get(one, 0.0) for one in categories])
        # Hundreds are judged for a question: what it does not ask about is not looked at.
        rules: tuple[tuple[_Rule, object], ...] = (
            (self._topic, True),
            (self._attendance, wishes.attendance),
            (self._people, True),
            (self._facts, wishes.facts or wishes.without),
            (self._languages, wishes.languages or wishes.asked_in != "sv"),
            (self._costs, wishes.costs),
            (self._found, True),
            (self._avoided, wishes.avoid_categories or wishes.avoid_audiences or wishes.avoid_kinds),
            (self._giving, True),
            (self._signs, True),
            (self._state, True),
        )
        self.rules = [rule for rule, asked in rules if asked]

    def score(self, candidate: Candidate) -> float:
        return sum([points for _, _, points in self._told(candidate)])

    def parts(self, candidate: Candidate) -> list[Part]:
        """The points, those of zero left out."""
        return [Part(*told) for told in self._told(candidate) if told[2]]

    def _told(self, candidate: Candidate) -> _Told:
        told: _Told = []
        for rule in self.rules:
            rule(candidate, candidate.features, told)
        return told

    def _topic(self, _candidate: Candidate, of: Features, told: _Told) -> None:
        wishes, weights = self.wishes, self.weights
        if wishes.categories:
            topic = max(
                _wished(of.categories, wishes.categories), 0.7 * _wished(of.broader, wishes.categories)
            )
            told.append(("category", "", weights.category * topic))
        if wishes.loneliness:
            told.append(("loneliness", "", weights.loneliness * _wished(of.loneliness, wishes.loneliness)))
        if of.kind in wishes.kinds:
            told.append(("kind", of.kind, weights.kind * wishes.kinds[of.kind]))

    def _attendance(self, _candidate: Candidate, of: Features, told: _Told) -> None:
        wished, weight = self.wishes.attendance, self.weights.attendance
        told.append(("attendance", "", weight * _wished(of.attendance, wished)))
        if self.sure_attendance and of.attendance and of.attendance.isdisjoint(wished):
            told.append(("not_attendance", "", -weight))

    def _people(self, _candidate: Candidate, of: Features, told: _Told) -> None:
        wishes, weights = self.wishes, self.weights
        if wishes.audiences:
            audience = _wished(of.audiences, wishes.audiences)
            if not audience and "everyone" in of.audiences:
                audience = 0.15
            told.append(("audience", "", weights.audience * audience))
        if of.only:
            if not admits(of.only, wishes.belongs):
                told.append(("closed", "", -weights.closed))
            if not of.only.isdisjoint(self.likely_others):
                told.append(("others", "", -2 * weights.others))
        if self.others and not of.audiences.isdisjoint(self.others) and of.audiences.isdisjoint(self.welcome):
            told.append(("others", "", -weights.others))
        if self.ages and of.age_min is not None and of.age_max is not None:
            fits = any(of.age_min <= high and of.age_max >= low for low, high in self.ages)
            narrow = self.told_age and of.age_max - of.age_min < NARROW_YEARS
            told.append(("age", "", weights.age * (-3 if not fits else 1.3 if narrow else 0.7)))

    def _facts(self, _candidate: Candidate, of: Features, told: _Told) -> None:
        for fact, wish in self.wishes.facts.items():
            weight = self.weights.need if fact in NEEDS else self.weights.fact
            if fact in of.facts:
                told.append(("fact", fact, weight * wish))
            elif fact in of.not_facts:
                told.append(("not_fact", fact, -1.5 * weight * wish))
        weight = self.weights.fact
        for fact, wish in self.wishes.without.items():
            if fact in of.not_facts:
                told.append(("fact", f"not:{fact}", weight * wish))
            elif fact in of.facts:
                told.append(("not_fact", f"not:{fact}", -2.5 * weight * wish))

    def _languages(self, _candidate: Candidate, of: Features, told: _Told) -> None:
        wishes, weights = self.wishes, self.weights
        for language, wish in wishes.languages.items():
            if language in of.languages:
                told.append(("language", language, weights.language * wish))
            elif of.languages:
                # An interpreter helps with Swedish, unless it is told that she has this language alone.
                lost = 2.0 if wishes.this_language_alone else 0.3 if "sv" in of.languages else 1.0
                told.append(("not_language", language, -lost * weights.language * wish))
        if wishes.asked_in != "sv":
            spoken = wishes.asked_in in of.languages
            written = wishes.asked_in in of.texts
            told.append(("asked_in", wishes.asked_in, weights.asked_in * (spoken + 0.4 * written)))

    def _costs(self, _candidate: Candidate, of: Features, told: _Told) -> None:
        weight = self.weights.cost
        for cost, wish in self.wishes.costs.items():
            if cost in {"free", "low_cost"}:
                share = 1.0 if of.free else 0.0
                if cost == "low_cost" and of.cost == "voluntary":
                    share = VOLUNTARY
                elif of.free is False:
                    share = -1.5 if cost == "free" else _dear(of)
                told.append(("cost", cost, weight * wish * share))
            elif cost in of.benefits:
                told.append(("cost", cost, 3 * weight * wish))

    def _found(self, candidate: Candidate, of: Features, told: _Told) -> None:
        wishes, weights = self.wishes, self.weights
        words = self._text_match(of)
        told.append(("text", "", weights.text * words))
        if of.only and not of.only.isdisjoint(self.untold) and is_for(of, self.untold):
            asked = (
                words + _wished(of.categories, wishes.categories) + _wished(of.facts & NEEDS, wishes.facts)
            )
            told.append(("untold", "", -weights.untold * max(0.0, 1 - asked)))
        if wishes.hints:
            hint = max([weight * held(of, word) for word, weight in self.hints])
            told.append(("hint", "", weights.hint * hint))
        told.append(("engine", "", weights.engine * candidate.engine))
        near = 1.0
        if wishes.places:
            near = max([nearness(of, place) for place in wishes.places])
            told.append(("place", "", weights.place * near * self._beside(of, words, ELSE)))
        if candidate.on is not None:
            then = self._beside(of, words, ELSE_THEN) if near > FAR else self._beside(of, words, ELSE_AFAR)
            if self.elsewhen:
                then = self._beside(of, words, 0.0) * (1.0 if near > FAR else 0.5)
            told.append(("time", "", weights.time * candidate.on * wishes.time_share * then))
            if self.feast and candidate.on >= 1 and _only_then(of):
                told.append(("feast", "", weights.feast * wishes.time_share))
        if wishes.acute_categories and of.kind == "support_line":
            told.append(("acute", "", weights.acute * _wished(of.categories, wishes.acute_categories)))
            told.append(("acute", "", 0.3 * weights.acute * of.crisis))
        if candidate.line_open:
            told.append(("line_open", "", weights.line_open * (3 if wishes.acute_categories else 1)))

    def _text_match(self, of: Features) -> float:
        """0..1: the share of the wished words that the texts hold, by how telling the words are."""
        got = 0.0
        for word, worth in self.words:
            got += worth * held(of, word)
        return got / max(self.worth, TEXT_FLOOR) if self.worth else 0.0

    def _beside(self, of: Features, words: float, share: float) -> float:
        """What being near, or on then, is worth: a `share` for something else than the activity asked for."""
        if not self.sure_activity:
            return 1.0
        fits = _wished(of.categories, self.wishes.categories) + words
        if of.kind == "support_line" and "support_line" not in self.wishes.kinds:
            return min(1.0, fits)  # lines are open anywhere and always
        return 1.0 if self.any_company else min(1.0, share + fits)

    def _avoided(self, _candidate: Candidate, of: Features, told: _Told) -> None:
        wishes, weight = self.wishes, self.weights.avoid
        # Also for just whom it is asked: what else it is for harms little.
        spared = any(wishes.audiences.get(term, 0.0) >= SURE for term in of.audiences)
        for own, avoided in (
            (of.categories, wishes.avoid_categories),
            (of.audiences, wishes.avoid_audiences),
            (frozenset({of.kind}), wishes.avoid_kinds),
        ):
            if not own.isdisjoint(avoided):
                told += [
                    (
                        "avoid",
                        term,
                        -weight * avoided[term] * (SPARED if spared and term not in of.only else 1.0),
                    )
                    for term in own
                    if term in avoided
                ]

    def _giving(self, _candidate: Candidate, of: Features, told: _Told) -> None:
        """Tasks for volunteers, for who wishes to give her time and for who does not."""
        task, wished = "volunteer-tasks" in of.categories, self.wishes.categories.get("volunteer-tasks")
        if wished is None and (task or "recruiting" in of.signs):
            told.append(("recruiting", "", -self.weights.recruiting))
        if wished is not None and wished >= SURE and not task:
            told.append(("not_giving", "", -self.weights.not_giving))

    def _signs(self, _candidate: Candidate, of: Features, told: _Told) -> None:
        if not of.signs:
            return
        for sign in of.signs & SIDES:
            told.append(("side", sign, self.weights.side * (0.5 if sign in self.wishes.signs else -1)))
        for sign in of.signs & LOSSES:
            share = 0.3 if sign in self.wishes.signs else -self.mourning
            told.append(("loss", sign, self.weights.loss * share))
        for sign in of.signs:
            told.append((sign, "", -self.signs.get(sign, 0.0)))

    def _state(self, _candidate: Candidate, of: Features, told: _Told) -> None:
        weights, today = self.weights, self.today
        told.append(("threshold", "", weights.threshold * of.threshold / 100))
        if of.confirmed is not None and of.kind != "support_line":
            old = today - of.confirmed
            if old > AGING_DAYS:
                stale = old > STALE_DAYS
                told.append(("stale" if stale else "aging", "", -(weights.stale if stale else weights.aging)))
        said = of.capacity_day is None or today - of.capacity_day <= SAID_DAYS
        if "full" in of.signs or (of.capacity == "full" and said):
            told.append(("full", "", -weights.full * self._full(of)))
        elif of.capacity == "waitlist" and said:
            told.append(("waitlist", "", -weights.waitlist))
        if of.first_day is not None and of.first_day > today + SOON_DAYS:
            told.append(("later", "", -weights.later))

    def _full(self, of: Features) -> float:
        """What being full counts: below an equal with room, not below what was never asked for."""
        if self.wishes.vacancy:
            return 2.0
        just_that = self.sure_activity and _wished(of.categories, self.wishes.categories) >= SURE
        return FULL_YET if just_that else 1.0
