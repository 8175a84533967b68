"""What a person wishes, out of the readings of her question: what must be, what lifts, what lowers."""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise

from search.understanding.chain import Question
from search.understanding.compounds import indefinite, parts
from search.understanding.kin import kin
from search.understanding.language import is_function_word
from search.understanding.lexicon import Lexicon
from search.understanding.people import parse_age
from search.understanding.placebook import Place, PlaceBook
from search.understanding.places import resolve
from search.understanding.reading import Reading
from search.understanding.times import When, parse
from search.words import key

# Ages → the audience words that speak of them.
_AGES = (
    ("children", 0, 12),
    ("teenagers", 13, 19),
    ("young-adults", 18, 29),
    ("adults", 30, 64),
    ("seniors", 65, 120),
)
_GENDERS = {"woman": "women", "man": "men"}


SOFT = 0.7  # what a situation says of facts is never certain enough to filter
BESIDE = 0.6  # of a situation's weight, when an activity is asked for by its name
TOLD = 8  # words: somebody tells her life, and single words of it say little of what she wants
IN_PASSING = 0.5  # of the weight of a category read in such a single word
IN_PART = 0.4  # of a compound's weight, for each of its parts
SHORTEST_HALF = 3  # letters of a half of a compound written apart
DEFINITE = ("an", "en", "et", "na")
KIN = 1.8  # of a hint's points, for the very activity within its category
WRONG = 0.5  # so far avoided, a line is not for this danger
UNREAD = 5  # words: somebody tells something that nobody here understood


# Forms that help takes: who asks for a group or a talk has not told what about.
ANY_FORM = frozenset({"counselling", "lines", "peer-support-group", "social", "support"})
# Who asks for these is one of those whom they are for.
_IS_ONE_OF = {
    "carer-support": ("carers",),
    "grief-support": ("bereaved",),
    "open-preschool": ("families", "parents"),
    "parent-support": ("families", "parents"),
    "youth-club": ("teenagers",),
}
# What a situation means and what would be beside the point, by kind of term → the wishes it belongs to.
_MEANT = {
    "category": "categories",
    "audience": "audiences",
    "fact": "facts",
    "loneliness": "loneliness",
    "kind": "kinds",
    "attendance": "attendance",
}
_AVOIDED = {
    "category": "avoid_categories",
    "audience": "avoid_audiences",
    "kind": "avoid_kinds",
    "fact": "without",
}
_ALONE = frozenset({"bara", "endast", "enbart", "only", "blott"})
_VACANT = frozenset({"ledig", "lediga", "ledigt", "vacancies", "vacant"})
OLD = 55
WIDE_YEARS = 40  # "vuxen" is no age to look for
LESS = 0.5  # of the weight of age and gender beside an illness, an origin, a loss
_AGE_NAMES = frozenset(name for name, _, _ in _AGES)


@dataclass
class Wishes:
    """Weights 0..1 by term. A wish for a fact may be for its absence (`without`)."""

    categories: dict[str, float] = field(default_factory=dict)
    audiences: dict[str, float] = field(default_factory=dict)
    facts: dict[str, float] = field(default_factory=dict)
    without: dict[str, float] = field(default_factory=dict)
    loneliness: dict[str, float] = field(default_factory=dict)
    kinds: dict[str, float] = field(default_factory=dict)
    attendance: dict[str, float] = field(default_factory=dict)
    languages: dict[str, float] = field(default_factory=dict)
    costs: dict[str, float] = field(default_factory=dict)
    avoid_categories: dict[str, float] = field(default_factory=dict)
    avoid_audiences: dict[str, float] = field(default_factory=dict)
    avoid_kinds: dict[str, float] = field(default_factory=dict)
    belongs: set[str] = field(default_factory=set)
    genders: set[str] = field(default_factory=set)
    ages: list[tuple[int, int]] = field(default_factory=list)
    children_ages: bool = False
    places: list[Place] = field(default_factory=list)
    times: list[When] = field(default_factory=list)
    sure_times: bool = False
    time_share: float = 1.0  # of the points for being on then: a time in a life told is often past
    this_language_alone: bool = False  # "talar bara albanska"
    vacancy: bool = False  # a free place is asked for
    asked_in: str = "sv"
    words: dict[str, float] = field(default_factory=dict)
    hints: dict[str, float] = field(default_factory=dict)  # words of listings that are just for the situation
    acute: str | None = None
    acute_categories: dict[str, float] = field(default_factory=dict)
    signs: set[str] = field(default_factory=set)
    guessed_genders: set[str] = field(default_factory=set)
    refused: set[tuple[str, str]] = field(default_factory=set)  # certain: (kind, term) never wanted

    @property
    def concepts(self) -> bool:
        return bool(
            self.categories or self.audiences or self.facts or self.without or self.kinds or self.languages
        )


def wishes_of(question: Question, lexicon: Lexicon, book: PlaceBook) -> Wishes:
    """The wishes of a question."""
    made = Wishes(asked_in=question.language, acute=question.acute)
    if question.acute:
        made.acute_categories = dict.fromkeys(
            lexicon.acute.get(question.acute, {}).get("categories", ()), 1.0
        )
        made.kinds["support_line"] = 1.0
    asked_for = [
        one
        for one in question.of("category")
        if one.certainty == "certain" and not one.negated and one.value not in ANY_FORM
    ]
    # What a question begins with is asked for, whatever is told after it: "gympa för en som inte kan stå".
    # Not a thing that is known: "inkassobreven ligger oöppnade".
    first = any(
        one.start == token.start and not token.folded.endswith(DEFINITE)
        for token in question.tokens[:1]
        for one in asked_for
    )
    told = (
        len(question.tokens) >= TOLD
        and not first
        and any(one.kind == "situation" for one in question.readings)
    )
    named = bool(asked_for) and not told
    made.this_language_alone = any(
        token.folded in _ALONE and token.end + 1 == reading.start
        for reading in question.of("language")
        for token in question.tokens
    )
    made.vacancy = any(token.folded in _VACANT for token in question.tokens)
    acute = _acute(question, lexicon)
    for reading in sorted(question.readings, key=lambda one: one.kind == "situation"):
        share = 1.0
        if named and reading.kind == "situation":
            share = BESIDE
        elif told and reading.kind == "category" and " " not in question.text[reading.start : reading.end]:
            share = IN_PASSING
        if reading.kind == "situation":
            if not _outdone(reading, acute):
                _situation(made, reading, lexicon, share)
        else:
            _take(made, reading if share == 1.0 else reading._replace(weight=reading.weight * share), book)
    if made.acute_categories:
        made.acute_categories = _right_lines(made, acute, lexicon)
    times = question.of("time")
    if (told or all(one.certainty == "guess" for one in times)) and not any(when.now for when in made.times):
        made.sure_times, made.time_share = False, IN_PASSING
    if len(question.tokens) >= UNREAD and not (made.concepts or made.times or made.places):
        _unread(made)
    _looked_for(made, question)
    telling = any(
        one.kind == "audience"
        and one.certainty == "certain"
        and one.value not in _AGE_NAMES | {"women", "men", "everyone"}
        for one in question.readings
    )
    _people(made, telling=telling)
    return made


def _acute(question: Question, lexicon: Lexicon) -> list[Reading]:
    known = lexicon.situations
    return [one for one in question.of("situation") if one.value in known and known[one.value].acute]


def _outdone(reading: Reading, acute: list[Reading]) -> bool:
    """Whether words tell of danger now, and of nothing milder: a child that drank bleach does not drink."""
    return reading not in acute and any(one.start < reading.end and reading.start < one.end for one in acute)


def _right_lines(made: Wishes, acute: list[Reading], lexicon: Lexicon) -> dict[str, float]:
    """The lines for a danger, without those that are wrong for what happened; else those that it means."""
    lines = made.acute_categories
    fitting = {term: lines[term] for term in lines if made.avoid_categories.get(term, 0.0) < WRONG}
    meant = {
        term: 1.0
        for one in acute
        for term, weight in lexicon.situations[one.value].means.get("category", {}).items()
        if weight >= 1
    }
    return fitting or meant or lines


def _looked_for(made: Wishes, question: Question) -> None:
    """The words of the texts that tell whether a listing is meant."""
    halves = [
        len(token.word) >= SHORTEST_HALF and not is_function_word(token.folded, question.language)
        for token in question.tokens
    ]
    for number, (one, other) in enumerate(pairwise(question.tokens)):
        if halves[number] and halves[number + 1]:  # "sopp lunch" is looked for as "sopplunch" too
            _raise(made.hints, key(one.word + other.word), KIN)
    narrow: set[str] = set()
    for word in question.words:
        whole, in_parts, kinds = _forms(word.token.word, word.token.folded)
        for form in whole:
            _raise(made.words, form, word.weight)
        for part in in_parts:
            _raise(made.words, part, IN_PART * word.weight)
        narrow |= kinds
    for told in sorted(narrow):
        _raise(made.hints, told, KIN)


@lru_cache(maxsize=50_000)
def _forms(word: str, folded: str) -> tuple[tuple[str, ...], tuple[str, ...], frozenset[str]]:
    """The keys of a word, those of its parts, and those of what is narrower than its category."""
    whole = tuple(key(form) for form in (word, *indefinite(word.lower())))
    in_parts = tuple(key(part) for part in parts(folded))
    return whole, in_parts, frozenset[str]().union(*(kin(form) for form in (*whole, *in_parts)))


def _unread(made: Wishes) -> None:
    """When a sentence tells something that was not understood, somebody to talk to is never wrong."""
    made.categories |= {
        "listening-line": 0.6,
        "counselling": 0.4,
        "crisis-line": 0.3,
        "open-meeting-place": 0.2,
    }
    made.kinds |= {"support_line": 0.5}


def _raise(weights: dict[str, float], term: str, weight: float) -> None:
    if weight > weights.get(term, 0.0):
        weights[term] = weight


def _take(made: Wishes, reading: Reading, book: PlaceBook) -> None:  # noqa: C901, PLR0912
    match reading.kind:
        case "category" | "audience" if reading.negated:
            avoided = made.avoid_categories if reading.kind == "category" else made.avoid_audiences
            _raise(avoided, reading.value, reading.weight)
            if reading.certainty == "certain":
                made.refused.add((reading.kind, reading.value))
        case "category":
            _raise(made.categories, reading.value, reading.weight)
            if reading.weight >= 0.5:
                made.belongs.update(_IS_ONE_OF.get(reading.value, ()))
        case "audience":
            _raise(made.audiences, reading.value, reading.weight)
            if reading.weight >= 0.5:
                made.belongs.add(reading.value)
        case "fact":
            _raise(made.without if reading.negated else made.facts, reading.value, reading.weight)
        case "loneliness":
            _raise(made.loneliness, reading.value, reading.weight)
        case "kind":
            _raise(made.kinds, reading.value, reading.weight)
        case "attendance":
            _raise(made.attendance, reading.value, reading.weight)
        case "language" if reading.value == "sv" and reading.certainty == "guess":
            pass  # "svenska" is told of much here
        case "language":
            _raise(made.languages, reading.value, reading.weight)
        case "cost":
            _raise(made.costs, reading.value, reading.weight)
        case "gender":
            gender, _, whose = reading.value.partition("#")
            if whose != "relative":
                (made.guessed_genders if reading.certainty == "guess" else made.genders).add(gender)
        case "age":
            low, high, whose = parse_age(reading.value)
            made.ages.append((low, high))
            made.children_ages = made.children_ages or whose == "child"
        case "place":
            place = resolve(reading.value, book)
            if place is not None:
                made.places.append(place)
        case "time":
            made.times.append(parse(reading.value))
            made.sure_times = made.sure_times or reading.certainty == "certain"
        case "situation":
            pass  # by `_situation`, after all others


def _situation(made: Wishes, reading: Reading, lexicon: Lexicon, share: float) -> None:
    """`share`: of its weight, save for what she cannot do without: she needs it beside any activity, too."""
    situation = lexicon.situations.get(reading.value)
    if situation is None:
        return
    for names, source in ((_MEANT, situation.means), (_AVOIDED, situation.avoid)):
        for kind, terms in source.items():
            if kind not in names:
                continue
            weights: dict[str, float] = getattr(made, names[kind])
            sure = SOFT if kind in {"fact", "attendance"} else 1.0
            for term, own in terms.items():
                beside = 1.0 if kind == "fact" and own >= 1 else share
                _raise(weights, term, own * reading.weight * sure * beside)
    made.signs |= situation.signs
    for word in situation.words:
        _raise(made.hints, key(word), reading.weight * share)
    if reading.weight * share >= 0.4:
        made.belongs |= situation.belongs


def _people(made: Wishes, *, telling: bool) -> None:
    """Ages and genders as wishes. `telling`: something else is said of who they are, which tells more."""
    share = LESS if telling else 1.0
    if telling:
        for name in (_AGE_NAMES | {"women", "men"}) & made.audiences.keys():
            made.audiences[name] *= LESS
    for low, high in made.ages:
        for name, first, last in _AGES:
            if low <= last and high >= first:
                made.belongs.add(name)
                if high - low < WIDE_YEARS or low >= OLD:
                    _raise(made.audiences, name, 0.6 * share)
    for gender in made.genders:
        term = _GENDERS.get(gender)
        if term:
            made.belongs.add(term)
            _raise(made.audiences, term, (0.5 if gender == "man" else 0.35) * share)


def admits(only: frozenset[str], belongs: AbstractSet[str]) -> bool:
    """Whether a listing that is only for some lets the person in: by age, by gender, and by all else."""
    ages, genders = only & _AGE_NAMES, only & {"women", "men"}
    return all(not asked or not asked.isdisjoint(belongs) for asked in (ages, genders, only - ages - genders))


def likely_others(made: Wishes) -> frozenset[str]:
    """Groups that probably do not admit this person: of the other gender, by a guess."""
    if made.genders or len(made.guessed_genders) != 1:
        return frozenset()
    return frozenset({"man": {"women"}, "woman": {"men"}}.get(next(iter(made.guessed_genders)), set()))


def person_ages(made: Wishes) -> list[tuple[int, int]]:
    """The ages that a listing must admit: none of children whom the person wants to help."""
    helps = made.categories.get("volunteer-tasks", 0.0) >= 0.5
    return [] if helps and made.children_ages else made.ages


def other_audiences(made: Wishes) -> frozenset[str]:
    """Main audiences the person certainly is not of: of the other gender, of other ages."""
    other: set[str] = set()
    if len(made.genders) == 1:
        other |= {"man": {"women"}, "woman": {"men"}}.get(next(iter(made.genders)), set())
    ages = person_ages(made)
    if ages:
        other |= {
            name for name, first, last in _AGES if all(low > last or high < first for low, high in ages)
        }
    return frozenset(other - made.belongs)
