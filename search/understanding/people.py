"""Who a question is about: ages and genders, of the one who asks or of a child or relative."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal, get_args

from search.understanding.ages import OLDEST, Age, age_at
from search.understanding.pieces import Phrases, Piece, folded_set, pieces_of, read_data
from search.understanding.reading import Certainty, Reading, Token

Whose = Literal["self", "child", "relative"]
GENDERS = ("man", "woman", "nonbinary")
ADULT_CHILD = 55  # a number beside "min son" that is higher is not his age
OLD_PARENT = 55  # "mamma 84" is somebody's mother who is helped, "mamma 34" asks herself
_VALUE = re.compile(r"([0-9]{1,3})(?:\.\.([0-9]{1,3}))?#(self|child|relative)")

_MINE = folded_set(
    "min mitt mina vår vårt våra mins my our mi mis nuestra nuestro моя моєї моєму мій мого моїй моїм"
    " наш наша minun"
)
_ARTICLES = folded_set(
    "en ett den denna denne någon nån ingen annan hans hennes deras sin a an the another some una un hänen"
)
_I_AM = folded_set("är som blev blivit jag am soy i'm im як olen")
_FOR = folded_set("för till for para для med")
_ADJECTIVES = folded_set(
    "ensam gammal gamla ung unga äldre medelålders yngre gay homosexuell bisexuell bi hetero trans"
    " transsexuell blind döv singel"
    " frånskild skild nyskild arbetslös hemlös utbränd sjuk frisk svensk somalisk arabisk finsk"
    " samisk blyg vuxen lonely"
    " single old young gammel pensionerad ensamstående ogift gift autistisk lesbisk queer muslimsk kristen"
)
_AGE_TO_PERSON = folded_set(
    "är på som fyllt blir fyller blev nu snart bara en is of aged turning ca cirka runt var"
)
_LISTED = folded_set("och and y та ja")
_PARENT_SELF_BEFORE = folded_set(
    "ensamstående ensam ung nyskild nybliven blivande trött orolig skild frånskild som förstagångs"
    " jag är för nyinflyttad utmattad"
    " sjuk utländsk ny single young new lonely a för och till"
)
_OTHER_ONE_DOES = folded_set(
    "har är kan vill behöver kommer bor sitter mår orkar fått blev blivit dricker slår dog gick"
    " klarar vägrar glömmer känner sover has is"
    " needs lives wants tarvitsee asuu"
)
_GOES_ON = folded_set("och men som med snart and but with i")
_ADJECTIVE_BETWEEN = folded_set(
    "gamla gammal lilla lille äldre äldsta yngsta yngre vuxna vuxen sjuka dementa ensamma kära"
    " stackars little old elderly älskade nya"
)


@dataclass(frozen=True, slots=True)
class _Person:
    """A word for a person. `group`: what the word says, before the words around it are heard."""

    begin: int
    end: int
    group: str
    gender: str
    whose: Whose = "self"
    certainty: Certainty | None = "likely"  # None: told of, but not the one who comes


def parse_age(value: str) -> tuple[int, int, Whose]:
    """Lowest and highest age and whose, of `72#self` or `13..19#child`. Raises ValueError on others."""
    match = _VALUE.fullmatch(value)
    if match is None:
        raise ValueError("an age is written 72#self or 13..19#child")
    low = int(match[1])
    high = low if match[2] is None else int(match[2])
    if not low <= high <= OLDEST:
        raise ValueError(f"ages run from low to high, at most {OLDEST}")
    return low, high, _whose(match[3])


def parse_gender(value: str) -> tuple[str, Whose]:
    """Gender (man, woman, nonbinary) and whose, of `woman#self`. Raises ValueError on anything else."""
    gender, mark, whose = value.partition("#")
    if gender not in GENDERS or not mark:
        raise ValueError("a gender is written woman#self")
    return gender, _whose(whose)


def _whose(text: str) -> Whose:
    for whose in get_args(Whose):
        if text == whose:
            known: Whose = whose
            return known
    raise ValueError("it is self, child or relative")


def read_people(tokens: Sequence[Token], year: int, text: str = "") -> tuple[Reading, ...]:
    """Ages (`72#self`) and genders (`man#child`) in a question, in order; `year` is the present one.

    `text` is the question as sent; it shows dashes and commas.
    """
    pieces = pieces_of(tokens, text)
    persons = _persons(pieces)
    ages: list[Age] = []
    at = 0
    while at < len(pieces):
        age = age_at(pieces, at, year)
        if age is not None:
            ages.append(age)
        at = age.end if age else at + 1
    found = [*_said_ages(pieces, persons, ages), *_age_words(pieces)]
    found.extend(_genders(pieces, persons, ages))
    return tuple(dict.fromkeys(sorted(found, key=lambda reading: (reading.start, reading.kind))))


# Persons


@lru_cache
def _person_words() -> Phrases[tuple[str, str]]:
    return Phrases(
        (word, (key.split()[0], key.split()[1]))
        for key, languages in read_data("people.yaml")["persons"].items()
        for words in languages.values()
        for word in words
    )


@lru_cache
def _ages_of_words() -> Phrases[tuple[str, str]]:
    return Phrases(
        (word, (key.split()[0], key.split()[1]))
        for key, languages in read_data("people.yaml")["ages"].items()
        for words in languages.values()
        for word in words
    )


def _persons(pieces: Sequence[Piece]) -> list[_Person]:
    found: list[_Person] = []
    at = 0
    while at < len(pieces):
        match = _person_words().longest(pieces, at) or _parent_of(pieces, at)
        if match is None:
            at += 1
            continue
        (group, gender), end = match
        found.append(_heard(pieces, _Person(at, end, group, gender)))
        at = end
    return found


def _parent_of(pieces: Sequence[Piece], at: int) -> tuple[tuple[str, str], int] | None:
    """Any other compound of mamma and pappa: fyrabarnsmamma, helgpappa."""
    word = pieces[at].folded
    gender = "woman" if word.endswith("mamma") else "man" if word.endswith("pappa") else None
    return (("parent", gender), at + 1) if gender else None


def _heard(pieces: Sequence[Piece], person: _Person) -> _Person:  # noqa: PLR0911  one way out for each form
    """The person with whose it is, by the words around."""
    before = _word(pieces, person.begin - 1)
    mine = before in _MINE or (before in _ADJECTIVE_BETWEEN and _word(pieces, person.begin - 2) in _MINE)
    after = _word(pieces, person.end)
    match person.group:
        case "child":
            if after == "till" and not mine:  # "dotter till en alkoholist"
                return replace(person, whose="self")
            return replace(person, whose="child")
        case "relative":
            return person if after == "till" and not mine else replace(person, whose="relative")
        case "partner":
            return replace(person, whose="relative", certainty=None)
        case "parent":
            return replace(person, whose=_parent(before, after, mine=mine))
        case "many":
            afraid = _word(pieces, person.begin - 2) in {"radd", "afraid"} or after in {"som", "who"}
            meant = before in _FOR or _word(pieces, person.begin) in _FOR
            certainty: Certainty = "likely" if meant else "guess"
            return replace(person, certainty=None if afraid else certainty)
        case "self-or-partner" if mine:
            child = (
                pieces[person.begin].folded in {"kille", "tjej", "boy", "girl", "chico", "chica"}
            ) and _young(pieces, person)
            return replace(
                person, whose="child" if child else "relative", certainty="likely" if child else None
            )
    return replace(person, certainty=_self_certainty(pieces, person, before, after, mine=mine))


def _parent(before: str, after: str, *, mine: bool) -> Whose:
    if mine or (after in _OTHER_ONE_DOES and before not in _PARENT_SELF_BEFORE):
        return "relative"
    return "self"


def _young(pieces: Sequence[Piece], person: _Person) -> bool:
    following = pieces[person.end : person.end + 2]
    return any((piece.number or 99) < 16 for piece in following)


def _self_certainty(
    pieces: Sequence[Piece], person: _Person, before: str, after: str, *, mine: bool
) -> Certainty | None:
    """How sure it is that a word such as "karl" is the one who comes; None when it tells of somebody else."""
    if mine:
        return None
    number_near = _numbered(pieces, person.end) or _numbered_before(pieces, person.begin)
    if pieces[person.begin].word == "man":  # mostly "one", not "man"
        return "certain" if number_near or before in _ADJECTIVES or _self_said(pieces, person) else None
    if before in _ARTICLES and not number_near and not _self_said(pieces, person):
        return None
    if after in {"som", "who"} and not _self_said(pieces, person) and not number_near and before not in _FOR:
        return "guess"
    return "certain"


def _self_said(pieces: Sequence[Piece], person: _Person) -> bool:
    """Said of oneself: "jag är en …", "som …", "för en … ", perhaps with an adjective between."""
    for index in range(person.begin - 1, max(person.begin - 4, -1), -1):
        word = pieces[index].folded
        if word in _I_AM or word in _FOR:
            return word not in _FOR or _word(pieces, index - 1) != "radd"
        if word not in _ARTICLES and word not in _ADJECTIVES:
            return False
    return False


def _numbered(pieces: Sequence[Piece], at: int) -> bool:
    """A number follows, perhaps after "på" or "i"."""
    at += _word(pieces, at) in {"pa", "i", "ar", "aged", "runt", "over"}
    return at < len(pieces) and pieces[at].number is not None


def _numbered_before(pieces: Sequence[Piece], at: int) -> bool:
    return any(
        piece.number is not None or piece.folded.endswith(("arig", "ariga", "arige"))
        for piece in pieces[max(at - 4, 0) : at]
    )


def _word(pieces: Sequence[Piece], at: int) -> str:
    return pieces[at].folded if 0 <= at < len(pieces) else ""


# Ages and genders


def _said_ages(pieces: Sequence[Piece], persons: Sequence[_Person], ages: Sequence[Age]) -> list[Reading]:
    found: list[Reading] = []
    earlier: tuple[Age, Whose] | None = None
    # Backwards, so that "3 och 5 år" makes the bare 3 an age as well.
    owned = [(age, _owner(pieces, persons, age)) for age in ages]
    for age, owner in reversed(owned):
        whose = owner
        if earlier and _in_list(pieces, age, earlier[0]):
            whose = whose or earlier[1]
        if whose is None:
            earlier = None
            continue
        earlier = (age, whose)
        sure: Certainty = "certain" if age.form != "bare" or owner else "likely"
        found.append(
            Reading("age", f"{age.text}#{whose}", pieces[age.begin].start, pieces[age.end - 1].end, sure)
        )
    return found


def _in_list(pieces: Sequence[Piece], one: Age, two: Age) -> bool:
    between = pieces[one.end : two.begin]
    return (not between and "," in pieces[two.begin].gap) or (
        len(between) == 1 and between[0].folded in _LISTED
    )


def _owner(pieces: Sequence[Piece], persons: Sequence[_Person], age: Age) -> Whose | None:
    """Whose age it is; None when a bare number is no age."""
    if age.form == "noun":
        return _owner_of_noun(pieces, age)
    if age.form in {"adjective", "years"}:
        person = _beside(persons, age.end, 2)
        if person and (age.form == "adjective" or _before_age(persons, pieces, age, 1) is None):
            return _aged(person, age)
    reach = 4 if age.form == "bare" else 6
    person = _before_age(persons, pieces, age, reach)
    if person:
        return _aged(person, age)
    before = _word(pieces, age.begin - 1)
    if age.form == "bare":
        alone = (
            age.end == len(pieces)
            or pieces[age.end].gap.strip(" ") != ""
            or pieces[age.end].folded in _GOES_ON
        )
        said = before in {"jag", "i'm", "im"} or (
            before in {"ar", "am", "fyller", "fyllt", "blir", "blev", "turned"}
            and _word(pieces, age.begin - 2) in {"jag", "i"}
        )
        return "self" if said and alone and not (pieces[age.end :] and "%" in pieces[age.end].gap) else None
    return "child" if age.high < 10 else "self"


def _owner_of_noun(pieces: Sequence[Piece], age: Age) -> Whose:
    before = _word(pieces, age.begin - 1)
    mine = before in _MINE or _word(pieces, age.begin - 2) in _MINE
    if mine:
        return "child" if age.high < 40 else "relative"
    parent = before in {"till", "med", "har"} or (
        before in _ARTICLES and _word(pieces, age.begin - 2) in {"till", "med", "har"}
    )
    return "child" if age.high < 13 or (parent and age.high < 30) else "self"


def _beside(persons: Sequence[_Person], at: int, reach: int) -> _Person | None:
    """The person that a word or two after an age tells: "72 år ensam karl"."""
    return next((person for person in persons if 0 <= person.begin - at < reach), None)


def _before_age(persons: Sequence[_Person], pieces: Sequence[Piece], age: Age, reach: int) -> _Person | None:
    """The person told of before an age, with no "jag" and no end of a sentence between."""
    ends = {person.end: person for person in persons}
    for end in range(age.begin, max(age.begin - reach, 0), -1):
        if end in ends:
            return ends[end]
        piece = pieces[end - 1]
        if piece.folded in {"jag", "i", "i'm"} or pieces[end].new_sentence:
            return None
        joins = piece.folded in _AGE_TO_PERSON or piece.folded in _LISTED or piece.number is not None
        if age.form == "bare" and not joins:
            return None
    return None


def _aged(person: _Person, age: Age) -> Whose:
    """Whose the age is, when the number itself tells more than the word: "mamma 84"."""
    if person.group == "parent" and age.low >= OLD_PARENT:
        return "relative"
    if person.whose == "child" and age.low > ADULT_CHILD:
        return "self"
    return person.whose


def _age_words(pieces: Sequence[Piece]) -> list[Reading]:
    """Words that name an age: tonåring, bebis, pensionär."""
    found = []
    at = 0
    while at < len(pieces):
        match = _ages_of_words().longest(pieces, at)
        if match is None:
            at += 1
            continue
        (span, usual), end = match
        before = _word(pieces, at - 1)
        whose = usual
        if before in _MINE and usual == "self":
            whose = "relative"
        elif before in _I_AM or (before in _ARTICLES and _word(pieces, at - 2) in _I_AM):
            whose = "self"
        found.append(Reading("age", f"{span}#{whose}", pieces[at].start, pieces[end - 1].end, "likely"))
        at = end
    return found


def _genders(pieces: Sequence[Piece], persons: Sequence[_Person], ages: Sequence[Age]) -> list[Reading]:
    found: list[Reading] = []
    for person in persons:
        if person.gender not in GENDERS:
            continue
        aged = next(
            (age for age in ages if 0 <= age.begin - person.end < 3 or 0 <= person.begin - age.end < 2), None
        )
        whose = _aged(person, aged) if aged else person.whose
        certainty = person.certainty
        gender = person.gender
        if certainty is None and person.whose == "relative" and person.group.endswith("partner"):
            gender, whose, certainty = "woman" if gender == "man" else "man", "self", "guess"
        if certainty is not None:
            span = pieces[person.begin].start, pieces[person.end - 1].end
            found.append(Reading("gender", f"{gender}#{whose}", *span, certainty))
    return _agreed(found)


def _agreed(found: list[Reading]) -> list[Reading]:
    """A guess yields to what is said; two genders of one person make both a guess."""
    said = {one.value for one in found if one.certainty != "guess" and one.value.endswith("#self")}
    if len(said) > 1:
        return [replace(one, certainty="guess") if one.value in said else one for one in found]
    if said:
        return [
            one
            for one in found
            if one.certainty != "guess" or not one.value.endswith("#self") or one.value in said
        ]
    return found
