"""Words that are not written as they should be: what was most likely meant."""

from functools import lru_cache

from rapidfuzz import process
from rapidfuzz.distance import DamerauLevenshtein

from search.understanding.compounds import is_word, parts
from search.understanding.keys import Language, keys_of
from search.understanding.lexicon import Lexicon
from search.understanding.reading import Token
from search.understanding.sounds import SHORTEST, sound
from search.words import fold, stem_once

SHORTEST_CORRECTED, TWO_ERRORS_FROM = 5, 9


def spelt(token: Token, lexicon: Lexicon, languages: tuple[Language, ...]) -> Token:
    """The token as it is written when it is a misspelt word of a phrase; else itself."""
    plain = token.folded.isascii() and token.folded.isalpha() and len(token.folded) >= SHORTEST
    if not plain or "sv" not in languages[:2] or is_foreign(token, lexicon) or is_word(token.folded):
        return token
    meant = None if parts(token.folded) else meant_by(token, lexicon)[1]
    return token if meant is None else Token(token.start, token.end, meant, fold(meant), keys_of(meant))


def is_foreign(token: Token, lexicon: Lexicon) -> bool:
    """Whether a word stands in phrases of another language: "meet" is no misspelt Swedish word."""
    return not lexicon.telling.isdisjoint(token.keys)


def known_parts(folded: str, words: frozenset[str]) -> tuple[str, ...]:
    """A dictionary's word in two words of phrases: `rullstolsdans` is rullstol + dans."""
    for cut in range(len(folded) - SHORTEST, SHORTEST - 1, -1):
        first, last = folded[:cut], folded[cut:]
        if last in words and (first in words or first.removesuffix("s") in words):
            return first, last
    return ()


def meant_by(token: Token, lexicon: Lexicon) -> tuple[tuple[str, ...], str | None]:
    """The word that a misspelt one may be, or the parts of a misspelt compound."""
    sounds = lexicon.sounds
    meant = sounds.get(sound(token.word)) or sounds.get(sound(stem_once(token.word)))
    if meant is None and len(token.folded) >= SHORTEST_CORRECTED:
        meant = _closest(token.folded, lexicon.words)
    if meant is not None:
        return (), meant
    for cut in range(len(token.word) - SHORTEST, SHORTEST - 1, -1):
        first = sounds.get(sound(token.word[:cut])) or sounds.get(sound(token.word[:cut].removesuffix("s")))
        rest = token.word[cut:]
        last = (sounds.get(sound(rest)) or sounds.get(sound(stem_once(rest)))) if first else None
        if first and last:
            return (fold(first), fold(last)), None
    return (), None


@lru_cache(maxsize=8)
def _by_length(words: frozenset[str]) -> dict[tuple[str, int], list[str]]:
    sorted_words: dict[tuple[str, int], list[str]] = {}
    for word in sorted(words):
        sorted_words.setdefault((word[0], len(word)), []).append(word)
    return sorted_words


@lru_cache(maxsize=20_000)
def _closest(folded: str, words: frozenset[str]) -> str | None:
    """The word that was most likely meant: one letter off, two in long words, the first letter right."""
    most = 2 if len(folded) >= TWO_ERRORS_FROM else 1
    by_length = _by_length(words)
    candidates = [
        word
        for length in range(len(folded) - most, len(folded) + most + 1)
        for word in by_length.get((folded[0], length), ())
    ]
    best = process.extractOne(
        folded, candidates, scorer=DamerauLevenshtein.distance, score_cutoff=most, processor=None
    )
    return None if best is None else str(best[0])
