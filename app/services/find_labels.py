"""Readings and wishes in plain words, Swedish or English."""

from collections.abc import Mapping
from dataclasses import dataclass

from app.services.find_request import Knowledge
from app.services.taxonomies import Wording
from search.understanding.people import parse_age, parse_gender
from search.understanding.places import HERE, Place, resolve
from search.understanding.reading import Reading
from search.understanding.when import label as when_label
from search.understanding.when import parse as parse_when

Pair = tuple[str, str]  # Swedish, English

SMALL: Mapping[str, Mapping[str, Pair]] = {
    "kind": {
        "activity": ("aktivitet", "activity"),
        "meeting_place": ("mötesplats", "meeting place"),
        "support_line": ("stödlinje", "support line"),
    },
    "attendance": {
        "in_person": ("på plats", "in person"),
        "online": ("på nätet", "online"),
        "phone": ("per telefon", "by phone"),
        "home_visit": ("hembesök", "home visit"),
    },
    "loneliness": {
        "social": ("social ensamhet", "social loneliness"),
        "emotional": ("känslomässig ensamhet", "emotional loneliness"),
        "existential": ("existentiell ensamhet", "existential loneliness"),
    },
    "cost": {
        "free": ("gratis", "free"),
        "low_cost": ("billigt", "low cost"),
        "fritidskort": ("fritidskort", "leisure card (fritidskort)"),
        "far": ("fysisk aktivitet på recept", "exercise on prescription (FaR)"),
        "companion_free": ("ledsagare gratis", "companion free of charge"),
        "low_income_discount": ("rabatt vid låg inkomst", "low-income discount"),
    },
    "gender": {
        "man": ("man", "man"),
        "woman": ("kvinna", "woman"),
        "nonbinary": ("icke-binär", "non-binary"),
    },
    "whose": {"child": ("barn", "child"), "relative": ("närstående", "relative")},
    "weekday": {
        "mo": ("måndag", "Monday"),
        "tu": ("tisdag", "Tuesday"),
        "we": ("onsdag", "Wednesday"),
        "th": ("torsdag", "Thursday"),
        "fr": ("fredag", "Friday"),
        "sa": ("lördag", "Saturday"),
        "su": ("söndag", "Sunday"),
    },
    "part_of_day": {
        "morning": ("förmiddag", "morning"),
        "afternoon": ("eftermiddag", "afternoon"),
        "evening": ("kväll", "evening"),
        "night": ("natt", "night"),
    },
}


@dataclass(frozen=True)
class Labels:
    """Words for terms. `lang` is `sv` or `en`."""

    knowledge: Knowledge
    lang: Wording

    def say(self, pair: Pair) -> str:
        return pair[1] if self.lang == "en" else pair[0]

    def small(self, kind: str, value: str) -> str:
        """The word for a value of a small closed list."""
        pair = SMALL[kind].get(value)
        return value if pair is None else self.say(pair)

    def term(self, kind: str, value: str) -> str:
        """The label of a vocabulary's term, or of a small list's value."""
        words = self.knowledge.vocabulary
        match kind:
            case "category" if value in words.categories:
                return words.categories[value].label(self.lang)
            case "audience" if value in words.audiences:
                return words.audiences[value].label(self.lang)
            case "fact" if value in words.facts:
                return words.facts[value].label(self.lang)
            case "language" if value in words.languages:
                return words.languages[value].label(self.lang)
            case _ if kind in SMALL:
                return self.small(kind, value)
            case _:
                return value

    def reading(self, reading: Reading) -> str:
        """What a chip is called."""
        match reading.kind:
            case "situation":
                situation = self.knowledge.lexicon.situations.get(reading.value)
                labels = situation.labels if situation else {}
                return labels.get(self.lang) or labels.get("sv") or reading.value
            case "time":
                return when_label(parse_when(reading.value), self.lang)
            case "place":
                return self.place(reading.value)
            case "age":
                low, high, whose = parse_age(reading.value)
                return self._of(whose, self.ages(low, high))
            case "gender":
                gender, whose = parse_gender(reading.value)
                return self._of(whose, self.small("gender", gender))
            case kind:
                return self.term(kind, reading.value)

    def _of(self, whose: str, said: str) -> str:
        return said if whose == "self" else f"{self.small('whose', whose)}: {said}"

    def ages(self, low: int, high: int) -> str:
        span = f"{low}" if low == high else f"{low}–{high}"
        return self.say((f"{span} år", f"{span} years"))

    def place(self, value: str) -> str:
        """A place with the kommun it lies in."""
        if value == HERE:
            return self.say(("nära mig", "near me"))
        place = resolve(value, self.knowledge.book)
        return value if place is None else self.named(place)

    def named(self, place: Place) -> str:
        kommun = self.knowledge.vocabulary.municipalities.get(place.municipality_code or "")
        if kommun is None or place.kind in {"kommun", "county", "region"} or kommun.name_short == place.name:
            return place.name
        return f"{place.name} ({kommun.name_short})"


def wording(lang: str) -> Wording:
    """Swedish for Swedish, English for any other language."""
    return "sv" if lang.split("-", maxsplit=1)[0].lower() == "sv" else "en"
