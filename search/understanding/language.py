"""Which language a question is written in."""

from collections.abc import Set as AbstractSet
from functools import lru_cache
from pathlib import Path

import yaml

from search.understanding.keys import LATIN, Language, script
from search.understanding.reading import Token
from search.words import fold

SHORTEST_TELLING, LONG = 4, 7  # letters: a shorter word by itself may be of any language
_PERSIAN_LETTERS = frozenset("پچژگکی")
_ARABIC_LETTERS = frozenset("كيةىأإ")


@lru_cache(maxsize=1)
def _written() -> dict[Language, frozenset[str]]:
    path = Path(__file__).parent.parent / "data" / "function_words.yaml"
    read: dict[Language, str] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return {language: frozenset(words.split()) for language, words in read.items()}


@lru_cache(maxsize=1)
def function_words() -> dict[Language, frozenset[str]]:
    """The folded function words of each language."""
    return {language: frozenset(fold(word) for word in words) for language, words in _written().items()}


def is_everyday(word: str, language: Language) -> bool:
    """Whether a word just as it is written is a function word of the language: "man", but not "män"."""
    return word in _written().get(language, frozenset())


def is_function_word(folded: str, language: Language) -> bool:
    return folded in function_words().get(language, frozenset())


def language_of(
    tokens: tuple[Token, ...], known: AbstractSet[str] = frozenset()
) -> tuple[Language, tuple[Language, ...]]:
    """The language, and those whose phrases may be meant. `known`: the keys of words that phrases have.

    A question without any function word may be in each language of its script: the one whose phrases know
    most of its words, Swedish before the others.
    """
    letters = "".join(token.word for token in tokens)
    kinds = [script(token.word) for token in tokens]
    for kind, alone in (("cyrillic", "uk"), ("ethiopic", "ti")):
        if kind in kinds:
            return alone, (alone, "sv", "en")  # type: ignore[return-value]
    written = _written()

    def hits(language: Language) -> int:
        return sum(token.word in written[language] for token in tokens)

    if "arabic" in kinds:
        persian = sum(char in _PERSIAN_LETTERS for char in letters) + 2 * hits("fa")
        arabic = sum(char in _ARABIC_LETTERS for char in letters) + 2 * hits("ar")
        found: Language = "fa" if persian > arabic else "ar"
        return found, (found, "ar" if found == "fa" else "fa", "sv", "en")
    counted = {language: hits(language) for language in LATIN}
    if not any(counted.values()):
        best = _telling_words(tokens, letters, known)
        return best, (best, *(language for language in LATIN if language != best))
    best = max(LATIN, key=lambda language: (counted[language], language == "sv"))
    if counted[best] == 1 and len(tokens) > 2:
        # One such word is no proof: "ja" is Finnish too, "i" is Somali, "for" Swedish typed without marks.
        return best, (best, *(language for language in LATIN if language != best))
    if best == "sv":
        return "sv", ("sv", "en") if counted["en"] == 0 else ("sv",)
    return best, (best, "sv", "en") if best != "en" else ("en", "sv")


def _telling_words(tokens: tuple[Token, ...], letters: str, known: AbstractSet[str]) -> Language:
    """The language whose phrases know most words of a question that has no function word; else Swedish."""
    if len(tokens) == 1 and len(letters) < LONG:
        return "sv"
    may_be = ("sv",) if "å" in letters else ("sv", "fi") if set("äö") & set(letters) else LATIN
    told = {language: _known_to(tokens, language, known) for language in may_be}
    best = max(may_be, key=lambda language: (told[language], language == "sv"))
    return best if told[best] >= len(tokens) / 2 else "sv"


def _known_to(tokens: tuple[Token, ...], language: Language, known: AbstractSet[str]) -> int:
    """How many words the phrases of a language know."""
    mark = f"{language}:"
    return sum(
        any(key.startswith(mark) and key in known for key in token.keys)
        for token in tokens
        if len(token.word) >= SHORTEST_TELLING
    )
