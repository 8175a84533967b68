"""A question understood: a chain of pure stages over one frozen object."""

import re
from bisect import bisect_left
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import NamedTuple, cast

from search.understanding.hardship import read_hardship
from search.understanding.keys import Language
from search.understanding.language import is_function_word, language_of
from search.understanding.lexicon import WEAK, Lexicon, Meaning
from search.understanding.matching import Match, matches
from search.understanding.people import read_people
from search.understanding.placebook import PlaceBook
from search.understanding.places import read_places
from search.understanding.reading import Certainty, Reading, ReadingKind, Token
from search.understanding.spelling import spelt
from search.understanding.times import times_and_told
from search.understanding.tokens import tokenize
from search.understanding.whose_life import told_of, without_swedish
from search.words import MAX_QUERY_WORDS

MOST_CHARACTERS = 2000
NEGATIONS = frozenset(
    ("inte", "ej", "utan", "icke", "inget", "ingen", "inga", "slippa", "slipper", "not", "no", "without",
     "non", "ei", "ilman", "sin", "без", "не", "بدون", "ليس", "aan")
)  # fmt: skip
# "orkar inte laga mat" tells what is hard, not what is unwanted.
UNABLE = frozenset(
    ("orkar", "orka", "kan", "kunna", "kunde", "hinner", "vagar", "tors", "klarar", "har", "hade", "far",
     "fick", "gar", "gick", "blir", "blev", "kommer", "ar", "var", "cant", "cannot", "can", "don't", "dont",
     "haven't", "have")
)  # fmt: skip
GOING = frozenset({"ga", "go", "in", "pa", "ringa", "till", "to", "traffa"})
BESIDE_GOING = frozenset({"any", "att", "en", "ett", "ha", "med", "nagon", "nagot", "nagra", "vara"})
WANTING = frozenset({"dont", "don't", "do", "ska", "slippa", "vill", "ville"})
# A person does not take back what has happened to her by saying "inte".
TOPICS = frozenset({"audience", "category", "fact", "situation"})
NEGATABLE = frozenset({"audience", "category", "fact"})
MANNER = frozenset({"attendance", "cost", "fact"})  # told in several words, a single one of them is no topic
# Said by a word for a relative, of whom nothing is asked by it.
OF_ANOTHER = frozenset({"families", "men", "parent-support", "parents", "women"})
STRUCTURAL = frozenset({"age", "attendance", "cost", "language", "place", "time"})
SURE, LIKELY = 0.75, 0.45
SHORT = 4  # words: of so few even the vague ones are meant
_BREAK = re.compile(r"[,.;:!?]")
_SENTENCE_END = re.compile(r"(?<![.])[.](?![.])|[;!?]|\n\s*\n")  # dots that trail off end none


class Word(NamedTuple):
    """A word to look for in texts. `weight`: less when a reading already stands for it."""

    token: Token
    weight: float


@dataclass(frozen=True)
class Question:
    """What is known of a question so far. Every stage returns a new one."""

    text: str
    now: datetime
    tokens: tuple[Token, ...] = ()
    starts: tuple[int, ...] = ()  # of the tokens
    language: Language = "sv"
    languages: tuple[Language, ...] = ("sv",)
    readings: tuple[Reading, ...] = ()
    words: tuple[Word, ...] = ()
    acute: str | None = None
    told: tuple[Reading, ...] = ()  # times that are told and not asked for
    stages: tuple[tuple[str, tuple[Reading, ...]], ...] = field(default=(), repr=False)

    def of(self, *kinds: ReadingKind) -> tuple[Reading, ...]:
        """The readings of these kinds, in the order of the text."""
        return tuple(reading for reading in self.readings if reading.kind in kinds)


Stage = Callable[[Question], Question]


def understand(
    text: str,
    *,
    now: datetime,
    lexicon: Lexicon,
    places: PlaceBook,
    located: bool = False,
    ignore: Iterable[str] = (),
    given: Iterable[Reading] = (),
) -> Question:
    """Read a question. `now`: Swedish local time; `located`: "near me" has a place; `ignore`: chips off.

    `given`: readings that the client holds for certain, beside the text or instead of it.

    Switching a chip off removes that reading and nothing else; its words are then searched for as words.
    Never raises; only the first 2 000 characters are read.
    """
    ignored = frozenset(ignore)
    chain: tuple[Stage, ...] = (
        _normalised,
        lambda question: _in_language(question, lexicon),
        lambda question: _with_places(question, places, located=located),
        _with_times,
        _with_people,
        lambda question: _with_phrases(question, lexicon),
        lambda question: _with_hardship(question, lexicon),
        lambda question: _with_given(question, given),
        lambda question: _without(question, ignored),
        lambda question: _with_words(question, lexicon),
        lambda question: _with_acute(question, lexicon),
    )
    question = Question(text[:MOST_CHARACTERS], now)
    for stage in chain:
        question = stage(question)
    return question


def _noted(question: Question, name: str, found: Iterable[Reading]) -> Question:
    new = tuple(found)
    return replace(question, readings=question.readings + new, stages=(*question.stages, (name, new)))


def _normalised(question: Question) -> Question:
    tokens = tokenize(question.text)
    return replace(question, tokens=tokens, starts=tuple([token.start for token in tokens]))


def _in_language(question: Question, lexicon: Lexicon) -> Question:
    language, languages = language_of(question.tokens, lexicon.known)
    return replace(question, language=language, languages=languages)


def _with_places(question: Question, places: PlaceBook, *, located: bool) -> Question:
    found = read_places(question.tokens, places, text=question.text)
    return _noted(question, "place", (one for one in found if located or one.value != "here"))


def _with_times(question: Question) -> Question:
    found, told = times_and_told(question.tokens, question.now, text=question.text)
    return _noted(replace(question, told=told), "time", found)


def _with_people(question: Question) -> Question:
    return _noted(question, "people", read_people(question.tokens, question.now.year, text=question.text))


def _covered(question: Question, readings: Iterable[Reading]) -> frozenset[int]:
    """The numbers of the tokens that lie within the readings."""
    tokens, starts = question.tokens, question.starts
    found: set[int] = set()
    for reading in readings:
        number = bisect_left(starts, reading.start)
        while number < len(tokens) and tokens[number].end <= reading.end:
            found.add(number)
            number += 1
    return frozenset(found)


def _sentences(question: Question) -> list[int]:
    """Of each token the number of its sentence."""
    numbers: list[int] = []
    number = end = 0
    for token in question.tokens:
        number += _SENTENCE_END.search(question.text, end, token.start) is not None
        numbers.append(number)
        end = token.end
    return numbers


def _with_phrases(question: Question, lexicon: Lexicon) -> Question:
    names = _covered(question, question.of("place"))
    times = _covered(question, question.of("time"))
    past = _covered(question, question.told)
    found = matches(question.tokens, lexicon, question.languages, names, times, _sentences(question))
    told: dict[int, list[Match]] = {}  # by each of their tokens
    for match in found:
        if match.meaning.kind == "situation" or (match.meaning.kind in MANNER and len(match.covers) > 1):
            for index in match.covers:
                told.setdefault(index, []).append(match)
    others = _covered(question, (one for one in question.of("gender") if one.value.endswith("#relative")))
    said = frozenset(index for match in found if len(match.covers) > 1 for index in match.covers)
    readings = [
        _reading(
            question,
            match,
            said,
            lowered=_within(match, told.get(match.first, ())) or match.covers <= times,
            refusable=match.meaning.kind != "fact" or match.meaning.value in lexicon.refusable,
        )
        for match in found
        if not match.covers <= names
        and not (match.covers <= past and match.meaning.kind == "category")  # "sen höstlovet"
        and not _lost(question, match, told.get(match.first, ()))
        and not (match.covers <= others and match.meaning.value in OF_ANOTHER)
    ]
    readings = told_of(readings, question.tokens, question.of("age", "gender"))
    readings = without_swedish(readings, question.tokens, question.text)
    topics = [one for one in readings if one.kind in TOPICS]
    if len(question.tokens) <= SHORT and topics and all(one.weight < LIKELY for one in topics):
        readings = [
            one._replace(weight=min(1.0, 2 * one.weight), certainty="likely") if one in topics else one
            for one in readings
        ]
    return _noted(question, "phrases", readings)


def _with_hardship(question: Question, lexicon: Lexicon) -> Question:
    return _noted(
        question, "hardship", read_hardship(question.tokens, question.readings, lexicon, question.text)
    )


def _within(match: Match, situations: Iterable[Match]) -> bool:
    """A single word of a life told in several says little by itself: "man" in "min man dog"."""
    return match.meaning.kind in {"audience", "category", "fact"} and any(
        match.covers < other.covers for other in situations
    )


def _lost(question: Question, match: Match, situations: Iterable[Match]) -> bool:
    """What a situation says is lacking: "familj" in "utan familj"."""
    return (
        match.meaning.kind in NEGATABLE
        and match.first > 0
        and question.tokens[match.first - 1].folded in NEGATIONS
        and any({match.first - 1, *match.covers} <= other.covers for other in situations)
    )


def _reading(
    question: Question, match: Match, said: frozenset[int], *, lowered: bool, refusable: bool
) -> Reading:
    """`said`: tokens of phrases of several words; a "not" among them is already understood.

    `refusable`: a "not" turns it. Nobody wishes for no calm: "inga lysrör" tells of light that hurts.
    """
    meaning: Meaning = match.meaning
    weight = round(match.weight * (0.5 if lowered else 1), 3)
    negated = meaning.negated or (
        refusable
        and meaning.kind in NEGATABLE
        and meaning.weight > WEAK
        and (_negated_before(question, match, said) or (not lowered and _goes_not(question.tokens, match)))
    )
    certainty: Certainty = "certain" if weight >= SURE else "likely" if weight >= LIKELY else "guess"
    return Reading(
        cast(ReadingKind, meaning.kind),
        meaning.value,
        question.tokens[match.first].start,
        question.tokens[match.last].end,
        certainty,
        weight,
        negated,
    )


def _negated_before(question: Question, match: Match, said: frozenset[int]) -> bool:
    tokens = question.tokens
    before = tokens[max(match.first - 2, 0) : match.first]
    if (
        not before
        or match.first - 1 in said
        or _BREAK.search(question.text[before[-1].start : tokens[match.first].start])
    ):
        return False
    if before[-1].folded in NEGATIONS:
        return len(before) == 1 or before[0].folded not in UNABLE
    # One adjective may stand between: "inget religiöst sällskap". Not a verb: "vill inte sitta hemma".
    return len(before) == 2 and before[0].folded in {"utan", "without", "ilman", "bez", "без", "بدون"}


def _goes_not(tokens: tuple[Token, ...], match: Match) -> bool:
    """Whether what is not wanted stands after a word for going there: "vill inte gå på AA".

    Nobody goes to what she is or suffers: "vill inte vara hemlös", "vill inte träffa min man som slår".
    """
    if match.meaning.kind == "audience" or match.last - match.first > 1:
        return False
    at, first = match.first - 1, match.first
    while at >= max(first - 4, 0) and tokens[at].folded in GOING | BESIDE_GOING:
        at -= 1
    between = {token.folded for token in tokens[at + 1 : first]}
    if at < 1 or tokens[at].folded not in {"inte", "not"} or tokens[at - 1].folded not in WANTING:
        return False
    return not between.isdisjoint(GOING)


def _with_given(question: Question, given: Iterable[Reading]) -> Question:
    sure = tuple(dict.fromkeys(given))
    if not sure:
        return question
    sent = {one.chip for one in sure}
    aged = any(one.kind == "age" for one in sure)  # which says more than "tonåring" does
    read = tuple(
        one
        for one in question.readings
        if one.chip not in sent and not (aged and one.kind == "age" and one.certainty != "certain")
    )
    return replace(_noted(replace(question, readings=()), "given", sure), readings=read + sure)


def without(question: Question, ignored: Iterable[str], lexicon: Lexicon) -> Question:
    """The question as `understand` reads it when these chips, too, are switched off."""
    return _with_acute(_with_words(_without(question, frozenset(ignored)), lexicon), lexicon)


def _without(question: Question, ignored: frozenset[str]) -> Question:
    if not ignored:
        return question
    return replace(question, readings=tuple(one for one in question.readings if one.chip not in ignored))


def _with_words(question: Question, lexicon: Lexicon) -> Question:
    structural = _covered(question, (one for one in question.readings if one.kind in STRUCTURAL))
    read = _covered(question, question.of("category", "audience", "fact", "kind", "situation", "loneliness"))
    structural -= read  # "telefonvän" tells how and what
    # What is not wanted stands in the texts of those who have it as in those who do not.
    structural |= _covered(question, (one for one in question.readings if _denied(question, one)))
    people = _covered(question, question.of("gender"))
    kept = frozenset(question.readings)
    # What was switched off is still no topic: "Farsta" must not be demanded of the text then.
    off = _covered(
        question,
        (one for _, found in question.stages for one in found if one.kind in STRUCTURAL and one not in kept),
    )
    read |= people | off
    words = [
        Word(
            token if number in structural else spelt(token, lexicon, question.languages),
            0.15 if number in structural else 0.5 if number in read else 1.0,
        )
        for number, token in enumerate(question.tokens)
        if not is_function_word(token.folded, question.language)
        and (len(token.word) > 1 or token.word.isdigit())
    ]
    if not words:
        words = [Word(token, 1.0) for number, token in enumerate(question.tokens) if number not in structural]
    seen: dict[str, Word] = {}
    for word in words:
        seen.setdefault(word.token.folded, word)
    return replace(question, words=tuple(seen.values()))


def _denied(question: Question, reading: Reading) -> bool:
    """Whether a reading is negated by a word of the question: "utan remiss", and not "nybörjare"."""
    if not reading.negated:
        return False
    before = [token for token in question.tokens if token.end <= reading.start][-2:]
    within = [token for token in question.tokens if reading.start <= token.start < reading.end]
    return any(token.folded in NEGATIONS for token in (*before, *within))


def asked_words(question: Question) -> list[str]:
    """The words for the engine, the most telling first kept when there are more than it takes."""
    chosen = sorted(
        enumerate(word for word in question.words if word.weight >= 0.5),
        key=lambda pair: (-pair[1].weight, pair[0]),
    )[:MAX_QUERY_WORDS]
    return [word.token.word for _, word in sorted(chosen)]


def _with_acute(question: Question, lexicon: Lexicon) -> Question:
    signs = [
        (reading.weight, situation.acute)
        for reading in question.of("situation")
        if reading.weight >= LIKELY
        and (situation := lexicon.situations.get(reading.value))
        and situation.acute
    ]
    return replace(question, acute=max(signs)[1] if signs else None)
