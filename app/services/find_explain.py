"""Why a listing stands where it stands, in short words: what fits, what is not known, what is against it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from app.schemas.schedule import WEEKDAYS
from app.schemas.search import SearchRequest
from app.services.find_labels import Labels, Pair
from search.documents import PARTS
from search.features import held, sought
from search.fit import Candidate, Judge, Part
from search.near import distance_km
from search.pool import NOT_KNOWN
from search.understanding.chain import Question
from search.understanding.placebook import Places
from search.understanding.when import When
from search.understanding.when import label as when_label
from search.wishes import Wishes
from search.words import key

FAR_KM = 10.0  # beyond the place asked for, and the way there is told
MOST_WORDS = 3
_AGAINST: Mapping[str, Pair] = {
    "cancelled": ("inställt", "cancelled"),
    "not_open": ("inte öppet", "not open"),
    "full": ("fullt", "full"),
    "waitlist": ("väntelista", "waiting list"),
    "stale": ("inte bekräftad på ett år", "not confirmed for a year"),
    "aging": ("inte bekräftad på ett halvår", "not confirmed for half a year"),
    "recruiting": ("söker volontärer", "looks for volunteers"),
    "professionals": ("för yrkesverksamma", "for professionals"),
    "lecture": ("föreläsning", "a lecture"),
    "others": ("mest för andra", "mostly for others"),
}


@dataclass(frozen=True)
class Explainer:
    """Explains the items of one answer. `idf`: how telling each wished word is among what was ranked."""

    question: Question
    wishes: Wishes
    idf: Mapping[str, float]
    labels: Labels

    def reasons(self, candidate: Candidate) -> dict[str, Any]:
        """`fits`, `unknown` and `against`, each a list of {code, text}, and the `summary` of them."""
        told = Judge(self.wishes, self.idf, self.question.now.toordinal()).parts(candidate)
        told.sort(key=lambda part: -abs(part.points))
        fits = _once((part.name, text) for part in told if (text := self._fits(part, candidate)))
        against = _once((part.name, text) for part in told if (text := self._against(part, candidate)))
        far = self._far(candidate)
        if far:
            against.append({"code": "far", "text": far})
        if candidate.on == 0 and self.wishes.times:
            against.append({"code": "time", "text": self._say("inte", "not", self._times())})
        unknown = _once(self._unknown(candidate))
        made = {"fits": fits, "unknown": unknown, "against": against}
        return {**made, "summary": self._summary(made)}

    def _say(self, sv: str, en: str, said: str) -> str:
        return self.labels.say((f"{sv} {said}", f"{en} {said}"))

    def _summary(self, made: Mapping[str, list[dict[str, str]]]) -> str:
        names: Mapping[str, Pair] = {
            "fits": ("passar", "fits"),
            "unknown": ("okänt", "not known"),
            "against": ("emot", "against"),
        }
        said = [
            f"{self.labels.say(pair)}: {', '.join(reason['text'] for reason in made[name])}"
            for name, pair in names.items()
            if made[name]
        ]
        return "; ".join(said)

    def _times(self) -> str:
        return ", ".join(when_label(when, self.labels.lang) for when in self.wishes.times)

    def _ages(self) -> str:
        return ", ".join(self.labels.ages(low, high) for low, high in self.wishes.ages)

    def _fits(self, part: Part, candidate: Candidate) -> str | None:  # noqa: C901, PLR0911, PLR0912  one kind of points a line
        of, wishes, term = candidate.features, self.wishes, self.labels.term
        if part.points <= 0:
            return None
        match part.name:
            case "category":
                return self._best("category", of.categories | of.broader, wishes.categories)
            case "audience":
                return self._best("audience", of.audiences, wishes.audiences)
            case "attendance":
                return self._best("attendance", of.attendance, wishes.attendance)
            case "loneliness":
                return self._best("loneliness", of.loneliness, wishes.loneliness)
            case "fact":
                return self._fact(part.term)
            case "kind" if wishes.kinds.get(of.kind, 0) >= 0.5:
                return term("kind", of.kind)
            case "language":
                return term("language", part.term)
            case "asked_in" if wishes.asked_in in of.languages | of.texts:
                return term("language", wishes.asked_in)
            case "cost" if part.term in {"free", "low_cost"} and not of.free:
                return self.labels.say(("frivillig avgift", "pay what you like"))
            case "cost":
                return term("cost", part.term)
            case "age":
                return self._ages()
            case "place":
                return self._near(candidate)
            case "time" if candidate.on == 1:
                return self._times()
            case "line_open":
                return self.labels.say(("öppet nu", "open now"))
            case "text":
                return self._words(candidate)
            case _:
                return None

    def _against(self, part: Part, candidate: Candidate) -> str | None:  # noqa: C901, PLR0911  as above
        of, term = candidate.features, self.labels.term
        if part.points >= 0:
            return None
        match part.name:
            case "not_fact":
                return self._not_fact(part.term)
            case "not_language":
                return self._say("inte", "not", term("language", part.term))
            case "not_attendance":
                return ", ".join(sorted(term("attendance", one) for one in of.attendance))
            case "cost":
                return self.labels.say(("kostar pengar", "costs money"))
            case "age":
                return self.labels.say(("för en annan ålder", "for another age"))
            case "closed":
                return self._say(
                    "bara för", "only for", ", ".join(sorted(term("audience", one) for one in of.only))
                )
            case "avoid":
                own = (("kind", {of.kind}), ("category", of.categories), ("audience", of.audiences))
                return next((term(kind, part.term) for kind, terms in own if part.term in terms), None)
            case "later" if of.first_day:
                return self._say("börjar först", "begins only on", date.fromordinal(of.first_day).isoformat())
            case name if name in _AGAINST:
                return self.labels.say(_AGAINST[name])
            case _:
                return None

    def _unknown(self, candidate: Candidate) -> Iterator[tuple[str, str]]:
        of, wishes = candidate.features, self.wishes
        for fact in (*wishes.facts, *wishes.without):
            weight = max(wishes.facts.get(fact, 0), wishes.without.get(fact, 0))
            if fact not in of.facts | of.not_facts and weight >= 0.5:
                yield "fact", self.labels.term("fact", fact)
        if wishes.costs and of.free is None and of.cost is None:
            yield "cost", self.labels.say(("kostnad", "cost"))
        if wishes.times and candidate.on == NOT_KNOWN:
            yield "time", self._times()
        if wishes.ages and of.age_min is None and of.age_max is None:
            yield "age", self.labels.say(("ålder", "age"))
        if wishes.languages and not of.languages:
            yield "language", ", ".join(self.labels.term("language", code) for code in wishes.languages)

    def _best(self, kind: str, own: frozenset[str], wished: Mapping[str, float]) -> str | None:
        held = sorted((term for term in own if term in wished), key=lambda term: (-wished[term], term))
        return self.labels.term(kind, held[0]) if held else None

    def _fact(self, term: str) -> str:
        name = self.labels.term("fact", term.removeprefix("not:"))
        return self._say("inte:", "not:", name) if term.startswith("not:") else name

    def _not_fact(self, term: str) -> str:
        name = self.labels.term("fact", term.removeprefix("not:"))
        return name if term.startswith("not:") else self._say("inte:", "not:", name)

    def _away(self, candidate: Candidate) -> float | None:
        of = candidate.features
        if of.point is None or of.approximate or not self.wishes.places:
            return None
        point = of.point
        return min(distance_km(point, (place.lat, place.lon)) for place in self.wishes.places)

    def _km(self, away: float) -> str:
        number = f"{away:.1f}" if away < 10 else f"{away:.0f}"
        return f"{number.replace('.', ',') if self.labels.lang == 'sv' else number} km"

    def _is_far(self, candidate: Candidate) -> float | None:
        away = self._away(candidate)
        if away is None or any(place.kind in {"county", "region"} for place in self.wishes.places):
            return None
        return away if away > FAR_KM + max(place.radius_km for place in self.wishes.places) else None

    def _far(self, candidate: Candidate) -> str | None:
        away = self._is_far(candidate)
        return (
            None
            if away is None
            else self.labels.say((f"ligger {self._km(away)} bort", f"is {self._km(away)} away"))
        )

    def _near(self, candidate: Candidate) -> str | None:
        of = candidate.features
        if self._is_far(candidate) is not None:
            return None
        for place in self.wishes.places:
            if place.kind == "kommun" and place.municipality_code == of.municipality:
                return place.name
            if place.kind == "county" and place.county_code == of.county:
                return place.name
            if of.municipality in place.municipality_codes:
                return place.name
        away = self._away(candidate)
        if away is None and any(place.municipality_code == of.municipality for place in self.wishes.places):
            kommun = self.labels.knowledge.book.by_code(of.municipality or "")  # where exactly is not told
            return kommun.name if kommun else None
        return None if away is None else self._km(away)

    def _words(self, candidate: Candidate) -> str | None:
        of = candidate.features
        found = [
            word.token.word
            for word in self.question.words
            if word.weight == 1 and held(of, sought(key(word.token.word)))
        ]
        if not found:
            return None
        said = ", ".join(found[:MOST_WORDS])
        return self._say("nämner", "mentions", said)


def explained(request: SearchRequest, wishes: Wishes, book: Places) -> Wishes:
    """The wishes of the question together with those that stand in fields of the request."""
    days = frozenset(WEEKDAYS.index(day) for day in request.weekday)
    times = frozenset(PARTS.index(part) for part in request.part_of_day)
    when = When(request.from_date, request.to_date, days, times)
    costs = {**wishes.costs, "free": 1.0} if request.free else wishes.costs
    ages = [*wishes.ages, *([(request.age, request.age)] if request.age is not None else [])]
    asked_for = [*([when] if when.value != "/" else []), *([When(now=True)] if request.open_now else [])]
    return replace(
        wishes,
        categories={**wishes.categories, **dict.fromkeys(request.category, 1.0)},
        audiences={**wishes.audiences, **dict.fromkeys(request.audience, 1.0)},
        facts={**wishes.facts, **dict.fromkeys((*request.fact, *request.fact_or_unknown), 1.0)},
        languages={**wishes.languages, **dict.fromkeys(request.language, 1.0)},
        attendance={**wishes.attendance, **dict.fromkeys(request.attendance, 1.0)},
        kinds={**wishes.kinds, **dict.fromkeys((str(kind) for kind in request.kind), 1.0)},
        costs=costs,
        ages=ages,
        times=[*wishes.times, *asked_for],
        places=[*wishes.places, *filter(None, map(book.by_code, (*request.municipality, *request.county)))],
    )


def in_fields(request: SearchRequest) -> bool:
    """Whether the request itself, not only its question, says when."""
    return bool(request.weekday or request.part_of_day or request.from_date or request.open_now)


def _once(found: Iterator[tuple[str, str]]) -> list[dict[str, str]]:
    return [{"code": code, "text": text} for text, code in {text: code for code, text in found}.items()]
