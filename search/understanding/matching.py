"""Phrases of the lexicon found in the words of a question."""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

from search.understanding.compounds import is_word, parts
from search.understanding.keys import FOLDED, Language, keys_of
from search.understanding.language import is_everyday
from search.understanding.lexicon import GAP, Anchored, Lexicon, Meaning, Phrase, PhraseIndex
from search.understanding.reading import Token
from search.understanding.sounds import SHORTEST
from search.understanding.spelling import is_foreign, known_parts, meant_by

JOINED, TWO_PARTS, PART, TYPING_ERROR = 1.0, 0.9, 0.6, 0.8
FOREIGN = 0.8  # a phrase of a language that the question may also be in
TURNED = frozenset({"attendance", "cost", "fact"})
NOT_WORDS = frozenset({"aldrig", "ej", "inte", "never", "not"})
LONG = 4  # words of a phrase
NEXT_ONES = (1 << GAP + 3) - 2  # bits of the tokens that the next word of a phrase may stand on


class Unit(NamedTuple):
    """A word as it may be read: a token, two tokens written apart, a part of one, one corrected."""

    first: int
    last: int
    keys: frozenset[str]
    quality: float
    everyday: bool = False  # a word of function just as it stands: "man" is not "män"
    loose: bool = False  # not a word as it was typed


class Match(NamedTuple):  # plain tuples, as a long text makes thousands of both
    """A phrase found over the tokens `first`..`last`; `covers` are those that its words stand on."""

    meaning: Meaning
    first: int
    last: int
    covers: frozenset[int]
    quality: float
    language: Language

    @property
    def weight(self) -> float:
        return self.meaning.weight * self.quality


Standing = tuple[Unit, tuple[Phrase, ...], frozenset[int]]


def matches(
    tokens: tuple[Token, ...],
    lexicon: Lexicon,
    languages: tuple[Language, ...],
    taken: frozenset[int],
    told: frozenset[int] = frozenset(),
    sentences: Sequence[int] = (),
) -> list[Match]:
    """Every phrase found, longer ones before those they cover, each meaning once.

    `taken`: tokens that are names of places; they are neither split nor corrected. `told`: tokens that tell
    times; they are not corrected. `sentences`: of each token the number of its sentence, since no phrase goes
    on in the next one.
    """
    units = _whole(tokens, lexicon, languages[0])
    units += _members(units, lexicon, languages)
    standing = _standing(units, lexicon.phrases)
    found = list(_find(standing, lexicon.phrases, languages))
    met = frozenset(index for match in found for index in match.covers)
    further = list(_loose(tokens, lexicon, met, taken, told, swedish="sv" in languages[:2]))
    if further:
        standing += _standing(further, lexicon.phrases)
        kinds = {(match.meaning.kind, index) for match in found for index in match.covers}
        found += [
            match
            for match in _find(standing, lexicon.phrases, languages, loose=True)
            if (match.meaning.kind, match.first) not in kinds  # the whole word has said more
        ]
    return _settled(
        match
        for match in found
        if not (sentences and sentences[match.first] != sentences[match.last])
        if not _turned_by_not(match, tokens)
    )


def _turned_by_not(match: Match, tokens: tuple[Token, ...]) -> bool:
    """Whether a "not" among the words of what one can or wants turns it: "har inte druckit"."""
    return match.meaning.kind in TURNED and any(
        tokens[at].folded in NOT_WORDS for at in range(match.first, match.last) if at not in match.covers
    )


def _whole(tokens: tuple[Token, ...], lexicon: Lexicon, language: Language) -> list[Unit]:
    units = [
        Unit(number, number, lexicon.keys(token.keys), 1.0, is_everyday(token.word, language))
        for number, token in enumerate(tokens)
    ]
    for number, (one, other) in enumerate(pairwise(tokens)):
        if units[number].everyday or units[number + 1].everyday or min(len(one.word), len(other.word)) < 2:
            continue
        keys = _joined(one.word, other.word)
        if keys and lexicon.has(read := lexicon.keys(keys)):
            units.append(Unit(number, number + 1, read, JOINED))
    return units


@lru_cache(maxsize=20_000)
def _joined(one: str, other: str) -> frozenset[str]:
    """The keys of two words as one, perhaps with an s between; none when they are not made of letters."""
    if not (one + other).isalpha():
        return frozenset()
    return keys_of(one + other) if one[-1] == "s" else keys_of(one + other) | keys_of(f"{one}s{other}")


def _members(units: list[Unit], lexicon: Lexicon, languages: tuple[Language, ...]) -> list[Unit]:
    """Members of the lexicon's classes that are several words, as units: "gick bort" stands for died."""
    found = _find(_standing(units, lexicon.class_phrases), lexicon.class_phrases, languages)
    return [Unit(match.first, match.last, frozenset({match.meaning.value}), match.quality) for match in found]


def _loose(
    tokens: tuple[Token, ...],
    lexicon: Lexicon,
    met: frozenset[int],
    taken: frozenset[int],
    told: frozenset[int],
    *,
    swedish: bool,
) -> Iterator[Unit]:
    """Words as they may be read: in their parts, and as what they sound like or nearly are."""
    for number, token in enumerate(tokens):
        if number in taken or len(token.folded) < SHORTEST or not token.folded.isascii():
            continue
        split = parts(token.folded)
        if not split and number not in met | told:
            if is_word(token.folded):
                split = known_parts(token.folded, lexicon.words)
            elif swedish and not is_foreign(token, lexicon):
                split, meant = meant_by(token, lexicon)
                if meant is not None:
                    yield Unit(number, number, lexicon.keys(keys_of(meant)), TYPING_ERROR, loose=True)
        for part in split:
            yield Unit(number, number, _part_keys(part), PART, loose=True)
        if len(split) > 2:  # "sorgegruppsträff": the first two or the last two are often a word of their own
            for one, other in pairwise(split):
                yield Unit(number, number, _joined(one, other.removesuffix("s")), TWO_PARTS, loose=True)


@lru_cache(maxsize=20_000)
def _part_keys(part: str) -> frozenset[str]:
    """A first part stands in a form of its own: kvinno is kvinna, sorge is sorg, barns is barn."""
    keys = keys_of(part)
    if part[-1] in "oues":
        keys |= keys_of(part[:-1]) | keys_of(part[:-1] + "a")
    return frozenset(key for key in keys if key.startswith(("sv:", FOLDED)))


class _Places:
    """Where each of some words of longer phrases stands, by where its units begin or end."""

    def __init__(self, ordered: Iterable[tuple[int, Unit, frozenset[int]]], asked: set[int]) -> None:
        self._found: dict[int, tuple[list[int], list[Unit]]] = {slot: ([], []) for slot in asked}
        for at, unit, slots in ordered:
            for slot in slots & asked:
                numbers, units = self._found[slot]
                numbers.append(at)
                units.append(unit)

    def units(self, slot: int) -> list[Unit]:
        """The units of a word, in the order of the text."""
        return self._found[slot][1]

    def nearest(self, slot: int, at: int, last: int) -> Unit | None:
        """The first unit of a word from a place on, not after the last one."""
        numbers, units = self._found[slot]
        index = bisect_left(numbers, at)
        return units[index] if index < len(numbers) and numbers[index] <= last else None


def _standing(units: Iterable[Unit], index: PhraseIndex) -> list[Standing]:
    """Units with the phrases that they are and the words of longer ones that they may stand for."""
    return [(unit, *index.of(unit.keys)) for unit in units]


def _find(
    standing: list[Standing],
    index: PhraseIndex,
    languages: tuple[Language, ...],
    *,
    loose: bool = False,
) -> Iterator[Match]:
    """Every place of every phrase; `loose`: only where some word is not as it was typed."""
    for unit, phrases, _ in standing:
        if phrases and not unit.everyday and (unit.loose or not loose):
            for phrase in phrases:
                if phrase.language in languages:
                    yield _alone(unit, phrase, languages)
    whole = [(unit, slots) for unit, _, slots in standing if slots and unit.quality != PART]
    wanted = _wanted(whole, index, languages, loose=loose)
    if not wanted:
        return
    asked = {slot for one in wanted for slot in one.slots}
    whole.sort(key=_first_of)
    starting = _Places(((unit.first, unit, slots) for unit, slots in whole), asked)
    # Backwards, so that the nearest unit before a place is the first one from it on; of those that end
    # together the longest.
    whole.sort(key=_last_of)
    ending = _Places(((-unit.last, unit, slots) for unit, slots in whole), asked)
    for anchored in wanted:
        for unit in starting.units(anchored.slots[anchored.anchor]):
            path = _path(unit, anchored, starting, ending)
            if path is not None and (not loose or any(one.loose for one in path)):
                yield _match(path, anchored.phrase, languages)


def _wanted(
    whole: list[tuple[Unit, frozenset[int]]],
    index: PhraseIndex,
    languages: tuple[Language, ...],
    *,
    loose: bool,
) -> list[Anchored]:
    """The longer phrases whose words are all there; `loose`: one of them not as it was typed."""
    within = index.within(frozenset(languages))
    begins, follows = _placed(whole)
    there = set(begins)
    if not loose:
        return [
            one
            for slot in begins
            for former, latter, one in within.by_anchor.get(slot, ())
            if former in follows and latter in begins and follows[former] & begins[latter]
            if one.needs <= there
        ]
    loosely = dict.fromkeys(slot for unit, slots in whole if unit.loose for slot in slots)
    found = (one for slot in loosely for one in within.by_word.get(slot, ()) if one.needs <= there)
    return list(dict.fromkeys(found))


def _placed(whole: list[tuple[Unit, frozenset[int]]]) -> tuple[dict[int, int], dict[int, int]]:
    """For each word of longer phrases the tokens that it begins on, and those that the next may, as bits."""
    begins: dict[int, int] = {}
    follows: dict[int, int] = {}
    for unit, slots in whole:
        first, next_ones = 1 << unit.first, NEXT_ONES << unit.last
        for slot in slots:
            begins[slot] = begins.get(slot, 0) | first
            follows[slot] = follows.get(slot, 0) | next_ones
    return begins, follows


def _first_of(placed: tuple[Unit, frozenset[int]]) -> int:
    return placed[0].first


def _last_of(placed: tuple[Unit, frozenset[int]]) -> int:
    return -placed[0].last


def _alone(unit: Unit, phrase: Phrase, languages: tuple[Language, ...]) -> Match:
    quality = unit.quality if phrase.language == languages[0] else unit.quality * FOREIGN
    covers = frozenset(range(unit.first, unit.last + 1))
    return Match(phrase.meaning, unit.first, unit.last, covers, quality, phrase.language)


def _match(path: Sequence[Unit], phrase: Phrase, languages: tuple[Language, ...]) -> Match:
    quality = min([unit.quality for unit in path])
    if phrase.language != languages[0]:
        quality *= FOREIGN
    return Match(
        phrase.meaning,
        path[0].first,
        path[-1].last,
        frozenset([index for unit in path for index in range(unit.first, unit.last + 1)]),
        quality,
        phrase.language,
    )


def _path(unit: Unit, anchored: Anchored, starting: _Places, ending: _Places) -> list[Unit] | None:
    path = [unit]
    gap = GAP + (
        len(anchored.slots) > LONG
    )  # a long phrase is sure enough: "sonen är 28 och kommer aldrig ut ur"
    for slot in anchored.slots[anchored.anchor + 1 :]:
        after = path[-1].last + 1
        following = starting.nearest(slot, after, after + gap)
        if following is None:
            return None
        path.append(following)
    for slot in reversed(anchored.slots[: anchored.anchor]):
        before = path[0].first - 1
        leading = ending.nearest(slot, -before, -before + gap)
        if leading is None:
            return None
        path.insert(0, leading)
    return path


def _telling(match: Match) -> tuple[int, float, int, int]:
    """More words first, then the surer, the closer together and the earlier ones."""
    return len(match.covers), match.weight, match.first - match.last, -match.first


def _settled(found: Iterable[Match]) -> list[Match]:
    """Each meaning once, by its best match; a match within a longer one of its kind is gone."""
    best: dict[tuple[str, str, bool], Match] = {}
    for match in found:
        key = (match.meaning.kind, match.meaning.value, match.meaning.negated)
        known = best.get(key)
        if known is None or _telling(match) > _telling(known):
            best[key] = match
    over: dict[tuple[str, int], list[Match]] = {}
    for match in best.values():
        for index in match.covers:
            over.setdefault((match.meaning.kind, index), []).append(match)
    kept = [
        match
        for match in best.values()
        if not any(
            _within(match, other) and other.weight >= match.weight
            for index in match.covers
            for other in over[match.meaning.kind, index]
        )
    ]
    return sorted(kept, key=lambda match: (match.first, match.last, match.meaning.kind, match.meaning.value))


def _within(match: Match, other: Match) -> bool:
    """Whether a longer match says more than one in its midst: "assistenten ska inte behöva betala"."""
    if match.covers < other.covers:
        return True
    inside = other.first <= match.first and match.last <= other.last
    return (
        inside
        and match.last - match.first < other.last - other.first
        and len(match.covers) <= len(other.covers)
    )
