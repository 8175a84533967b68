"""Who a question is about: ages and genders, of the one who asks or of a child or relative."""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import get_args

from search.understanding.ages import GOES_ON, OLDEST, Age, age_at
from search.understanding.persons import ARTICLES, I_AM, MINE, Person, Whose, persons_in, word_at
from search.understanding.pieces import Phrases, Piece, folded_set, pieces_of, read_data
from search.understanding.reading import Certainty, Reading, Token

GENDERS = ("man", "woman", "nonbinary")
ADULT_CHILD = 55  # a number beside "min son" that is higher is not his age
OLD_PARENT = 55  # "mamma 84" is somebody's mother who is helped, "mamma 34" asks herself
YOUNGEST_PARENT = 13
_VALUE = re.compile(r"([0-9]{1,3})(?:\.\.([0-9]{1,3}))?#(self|child|relative)")
_AGE_TO_PERSON = folded_set(
    "är på som fyllt blir fyller blev nu snart bara en is of aged turning ca cirka runt var"
)
_LISTED = folded_set("och and y та ja")
_IS = folded_set("är am fyller fyllt blir blev turned is")
_TURNS = folded_set("fyller fyllt turned")
_OTHERS = folded_set("hon han hen she he")
_ABOUT = folded_set("nästan snart bara drygt ungefär typ redan nyss precis just runt nu almost nearly")
# Of whom nothing is known but what they are or do: "aspergare på 44", "alkoholist på 50".
_ONE_WHO = re.compile(r".{3,}(?:are|ist|iker|ling|kvinna)")
_OLD = folded_set("gammal gamla gamle gammel old")
_IDENTITIES = folded_set(
    "bi bisexuell bög flata gay hbtq homosexuell ickebinär lesbisk queer transperson homo transa"
)
_LACKED_SINCE = folded_set("aldrig första ingen inget inga inte knappt never not first no")
YOUNGEST_ASKING = 10  # a lower bare number beside "är" counts something else


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
    persons = persons_in(pieces)
    ages: list[Age] = []
    at = 0
    while at < len(pieces):
        age = age_at(pieces, at, year)
        if age is not None:
            ages.append(age)
        at = age.end if age else at + 1
    found = [*_said_ages(pieces, persons, ages), *_age_words(pieces)]
    found.extend(_genders(pieces, persons, ages))
    if not ages:
        found.extend(_old(pieces, persons))
    return tuple(dict.fromkeys(sorted(found, key=lambda reading: (reading.start, reading.kind))))


@lru_cache
def _ages_of_words() -> Phrases[tuple[str, str]]:
    return Phrases(
        (word, (key.split()[0], key.split()[1]))
        for key, languages in read_data("people.yaml")["ages"].items()
        for words in languages.values()
        for word in words
    )


def _said_ages(pieces: Sequence[Piece], persons: Sequence[Person], ages: Sequence[Age]) -> list[Reading]:
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


def _owner(pieces: Sequence[Piece], persons: Sequence[Person], age: Age) -> Whose | None:
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
    if age.form == "bare":
        return _of_one_who(pieces, age) or _said_bare(pieces, persons, age)
    if age.form == "years" and _time_without(pieces, age):
        return None
    return "child" if age.high < 10 else "self"


def _time_without(pieces: Sequence[Piece], age: Age) -> bool:
    """Whether "på tre år" tells how long something has been lacking: "inte sett henne på tre år"."""
    if word_at(pieces, age.begin - 1) != "pa":
        return False
    return any(word_at(pieces, at) in _LACKED_SINCE for at in range(max(age.begin - 10, 0), age.begin - 1))


def _of_one_who(pieces: Sequence[Piece], age: Age) -> Whose | None:
    """Whose age "på 44" is after a word for what somebody is: "aspergare", "alkoholist"; else None."""
    one = word_at(pieces, age.begin - 2)
    if word_at(pieces, age.begin - 1) != "pa" or age.low < YOUNGEST_ASKING:
        return None
    if one not in _IDENTITIES and not _ONE_WHO.fullmatch(one):
        return None
    return "relative" if word_at(pieces, age.begin - 3) in MINE else "self"


def _said_bare(pieces: Sequence[Piece], persons: Sequence[Person], age: Age) -> Whose | None:
    """Whose age a number is that only "är" tells: "jag är nästan 90", ", är 16", "hon är 45", "17, tjej"."""
    following = pieces[age.end] if age.end < len(pieces) else None
    if following is not None and (
        "%" in following.gap or not (following.gap.strip(" ") or following.folded in GOES_ON)
    ):
        return None
    at = age.begin - 1
    while at > 0 and pieces[at].folded in _ABOUT:
        at -= 1
    verb, subject = word_at(pieces, at), word_at(pieces, at - 1)
    if verb in {"jag", "i'm", "im"} or (verb in _IS and subject in {"jag", "i"}):
        return "self"
    if age.low < YOUNGEST_ASKING:
        return None
    if verb in _IS:
        if subject in _OTHERS or verb in _TURNS:
            return "relative"
        return "self" if at == 0 or pieces[at].gap.strip(" ") else None
    begins = age.begin == 0 and any(person.begin == age.end for person in persons)
    return "self" if begins else None


def _owner_of_noun(pieces: Sequence[Piece], age: Age) -> Whose:
    before = word_at(pieces, age.begin - 1)
    mine = before in MINE or word_at(pieces, age.begin - 2) in MINE
    if mine:
        return "child" if age.high < 40 else "relative"
    parent = before in {"till", "med", "har"} or (
        before in ARTICLES and word_at(pieces, age.begin - 2) in {"till", "med", "har"}
    )
    return "child" if age.high < 13 or (parent and age.high < 30) else "self"


def _beside(persons: Sequence[Person], at: int, reach: int) -> Person | None:
    """The person that a word or two after an age tells: "72 år ensam karl"."""
    return next((person for person in persons if 0 <= person.begin - at < reach), None)


def _before_age(persons: Sequence[Person], pieces: Sequence[Piece], age: Age, reach: int) -> Person | None:
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


def _aged(person: Person, age: Age) -> Whose:
    """Whose the age is, when the number itself tells more than the word: "mamma 84"."""
    if person.group == "parent" and age.low >= OLD_PARENT:
        return "relative"
    if person.whose == "child" and age.low > ADULT_CHILD:
        return "self"
    if person.whose == "self" and person.group in {"parent", "many"} and age.high < YOUNGEST_PARENT:
        return "child"
    return person.whose


def _age_words(pieces: Sequence[Piece]) -> list[Reading]:
    """Words that name an age: tonåring, bebis, pensionär."""
    found = []
    words = _ages_of_words()
    at = 0
    while at < len(pieces):
        match = words.longest(pieces, at) if pieces[at].folded in words.firsts else None
        if match is None:
            at += 1
            continue
        (span, usual), end = match
        before = word_at(pieces, at - 1)
        whose = usual
        if before in MINE and usual == "self":
            whose = "relative"
        elif before in I_AM or (before in ARTICLES and word_at(pieces, at - 2) in I_AM):
            whose = "self"
        found.append(Reading("age", f"{span}#{whose}", pieces[at].start, pieces[end - 1].end, "likely"))
        at = end
    return found


def _old(pieces: Sequence[Piece], persons: Sequence[Person]) -> list[Reading]:
    """Seniors: "gammal" beside a word for oneself. Not of a friend, a dog or what somebody once was."""
    selves = {person.begin for person in persons if person.group == "self" and person.whose == "self"}
    return [
        Reading("age", "65..120#self", piece.start, piece.end, "likely")
        for at, piece in enumerate(pieces[:-1])
        if piece.folded in _OLD
        and word_at(pieces, at - 1) not in MINE
        and (at + 1 in selves or pieces[at + 1].folded in _IDENTITIES)
    ]


def _genders(pieces: Sequence[Piece], persons: Sequence[Person], ages: Sequence[Age]) -> list[Reading]:
    found: list[Reading] = []
    for person in persons:
        if person.gender not in GENDERS:
            continue
        aged = next(
            (age for age in ages if 0 <= age.begin - person.end < 3 or 0 <= person.begin - age.end < 2), None
        )
        span = pieces[person.begin].start, pieces[person.end - 1].end
        whose = _aged(person, aged) if aged and person.group not in {"parent", "many"} else person.whose
        if person.group == "parent" and aged and aged.low >= OLD_PARENT:
            whose = "relative"
        certainty = person.certainty
        gender = person.gender
        if certainty is None and person.whose == "relative" and person.group.endswith("partner"):
            found.append(Reading("gender", f"{gender}#relative", *span, "guess"))
            gender, whose, certainty = "woman" if gender == "man" else "man", "self", "guess"
        if certainty is not None:
            found.append(Reading("gender", f"{gender}#{whose}", *span, certainty))
    return _agreed(found)


def _agreed(found: list[Reading]) -> list[Reading]:
    """A guess yields to what is said; two genders of one person make both a guess."""
    said = {one.value for one in found if one.certainty != "guess" and one.value.endswith("#self")}
    if len(said) > 1:
        return [one._replace(certainty="guess") if one.value in said else one for one in found]
    if said:
        return [
            one
            for one in found
            if one.certainty != "guess" or not one.value.endswith("#self") or one.value in said
        ]
    return found
