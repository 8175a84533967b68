"""Persons told of in a question: the one who asks, a child, a relative, and how sure it is."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal

from search.understanding.pieces import Phrases, Piece, folded_set, read_data
from search.understanding.reading import Certainty

Whose = Literal["self", "child", "relative"]

MINE = folded_set(
    "min mitt mina vår vårt våra mins my our mi mis nuestra nuestro моя моєї моєму мій мого моїй моїм"
    " наш наша minun"
)
ARTICLES = folded_set(
    "en ett den denna denne någon nån ingen annan hans hennes deras sin a an the another some una un hänen"
)
I_AM = folded_set("är som blev blivit jag am soy i'm im як olen")
_WITH = folded_set("med åt with")
_FOR = folded_set("för till for para для med")
_ADJECTIVES = folded_set(
    "ensam gammal gamla ung unga äldre medelålders yngre gay homosexuell bisexuell bi hetero trans"
    " transsexuell blind döv singel"
    " frånskild skild nyskild arbetslös hemlös utbränd sjuk frisk svensk somalisk arabisk finsk"
    " samisk blyg vuxen lonely"
    " single old young gammel pensionerad ensamstående ogift gift autistisk lesbisk queer muslimsk kristen"
)
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
_WITH_ME = folded_set("ihop tillsammans gift förlovad dejtar träffar lever bor")
_ADJECTIVE_BETWEEN = folded_set(
    "gamla gammal lilla lille äldre äldsta yngsta yngre vuxna vuxen sjuka dementa ensamma kära"
    " stackars little old elderly älskade nya"
)


@dataclass(frozen=True, slots=True)
class Person:
    """A word for a person. `group`: what the word says, before the words around it are heard."""

    begin: int
    end: int
    group: str
    gender: str
    whose: Whose = "self"
    certainty: Certainty | None = "likely"  # None: told of, but not the one who comes


@lru_cache
def _person_words() -> Phrases[tuple[str, str]]:
    return Phrases(
        (word, (key.split()[0], key.split()[1]))
        for key, languages in read_data("people.yaml")["persons"].items()
        for words in languages.values()
        for word in words
    )


def persons_in(pieces: Sequence[Piece]) -> list[Person]:
    """The persons of a question in order."""
    found: list[Person] = []
    words = _person_words()
    at = 0
    while at < len(pieces):
        word = pieces[at].folded
        match = (words.longest(pieces, at) if word in words.firsts else None) or _parent_of(word, at)
        if match is None:
            at += 1
            continue
        (group, gender), end = match
        person = _heard(pieces, Person(at, end, group, gender))
        found.append(_same_as(pieces, person, found[-1] if found else None))
        at = end
    return found


def _same_as(pieces: Sequence[Piece], person: Person, last: Person | None) -> Person:
    """A word that is said of a partner or a child, not of oneself: "min fru är gravid"."""
    if (
        person.group != "self"
        or last is None
        or not (last.group.endswith("partner") or last.whose == "child")
    ):
        return person
    if last.group == "self-or-partner" and last.whose != "relative":
        return person
    at = person.begin
    while at > last.end and pieces[at - 1].folded in ARTICLES | _ADJECTIVES:
        at -= 1
    is_it = at - 1 == last.end and pieces[last.end].folded in I_AM
    named = at == last.end and "," in pieces[at].gap
    if not (is_it or named):
        return person
    return replace(person, whose=last.whose, certainty=None if last.whose == "relative" else person.certainty)


def _parent_of(word: str, at: int) -> tuple[tuple[str, str], int] | None:
    """Any other compound of mamma and pappa: fyrabarnsmamma, helgpappa."""
    gender = "woman" if word.endswith("mamma") else "man" if word.endswith("pappa") else None
    return (("parent", gender), at + 1) if gender else None


def _heard(pieces: Sequence[Piece], person: Person) -> Person:  # noqa: PLR0911  one way out for each form
    """The person with whose it is, by the words around."""
    before = word_at(pieces, person.begin - 1)
    mine = before in MINE or (before in _ADJECTIVE_BETWEEN and word_at(pieces, person.begin - 2) in MINE)
    after = word_at(pieces, person.end)
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
            afraid = word_at(pieces, person.begin - 2) in {"radd", "afraid"} or after in {"som", "who"}
            meant = before in _FOR or word_at(pieces, person.begin) in _FOR
            certainty: Certainty = "likely" if meant else "guess"
            return replace(person, certainty=None if afraid else certainty)
        case "self-or-partner" if _together_with(pieces, person):
            return replace(person, whose="relative", certainty=None)
        case "self-or-partner" if pieces[person.begin].folded in {"killen", "tjejen"}:
            return replace(person, certainty=None)  # somebody told of; nobody calls herself so
        case "self-or-partner" if mine:
            child = (
                pieces[person.begin].folded in {"kille", "tjej", "boy", "girl", "chico", "chica"}
            ) and _young(pieces, person)
            return replace(
                person, whose="child" if child else "relative", certainty="likely" if child else None
            )
    return replace(person, certainty=_self_certainty(pieces, person, before, after, mine=mine))


def _together_with(pieces: Sequence[Piece], person: Person) -> bool:
    """Whether a word is said of a partner by what follows: "killen jag är ihop med"."""
    following = [piece.folded for piece in pieces[person.end : person.end + 5]]
    return (
        bool(following)
        and following[0] in {"jag", "som"}
        and "jag" in following[:2]
        and not _WITH_ME.isdisjoint(following)
    )


def _parent(before: str, after: str, *, mine: bool) -> Whose:
    if mine or before in _WITH or (after in _OTHER_ONE_DOES and before not in _PARENT_SELF_BEFORE):
        return "relative"
    return "self"


def _young(pieces: Sequence[Piece], person: Person) -> bool:
    following = pieces[person.end : person.end + 2]
    return any((piece.number or 99) < 16 for piece in following)


def _self_certainty(
    pieces: Sequence[Piece], person: Person, before: str, after: str, *, mine: bool
) -> Certainty | None:
    """How sure it is that a word such as "karl" is the one who comes; None when it tells of somebody else."""
    if mine:
        return None
    number_near = _numbered(pieces, person.end) or _numbered_before(pieces, person.begin)
    if pieces[person.begin].word == "man":  # mostly "one", not "man"
        return "certain" if number_near or before in _ADJECTIVES or _self_said(pieces, person) else None
    if before in ARTICLES and not number_near and not _self_said(pieces, person):
        return None
    if after in {"som", "who"} and not _self_said(pieces, person) and not number_near and before not in _FOR:
        return "guess"
    return "certain"


def _self_said(pieces: Sequence[Piece], person: Person) -> bool:
    """Said of oneself: "jag är en …", "som …", "för en … ", perhaps with an adjective between."""
    for index in range(person.begin - 1, max(person.begin - 4, -1), -1):
        word = pieces[index].folded
        if word in I_AM or word in _FOR:
            return word not in _FOR or word_at(pieces, index - 1) != "radd"
        if word not in ARTICLES and word not in _ADJECTIVES:
            return False
    return False


def _numbered(pieces: Sequence[Piece], at: int) -> bool:
    """A number follows, perhaps after "på" or "i"."""
    at += word_at(pieces, at) in {"pa", "i", "ar", "aged", "runt", "over"}
    return at < len(pieces) and pieces[at].number is not None


def _numbered_before(pieces: Sequence[Piece], at: int) -> bool:
    return any(
        piece.number is not None or piece.folded.endswith(("arig", "ariga", "arige"))
        for piece in pieces[max(at - 4, 0) : at]
    )


def word_at(pieces: Sequence[Piece], at: int) -> str:
    """The folded word of a piece; empty where there is none."""
    return pieces[at].folded if 0 <= at < len(pieces) else ""
