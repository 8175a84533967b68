"""A question as tokens: cleaned, spoken spellings written out, each with the forms it may be known by."""

import re
import unicodedata
from functools import lru_cache
from pathlib import Path

import yaml

from search.understanding.keys import joined, keys_of
from search.understanding.reading import Token
from search.words import fold

MOST_TOKENS = 400  # of a question; 2 000 characters hold about 350 words
_WORD = re.compile(r"[^\W_]+(?:[.:'’\u200c-][^\W_]+)*\+?")
_HYPHENED = re.compile(r"[^\W_]+")


@lru_cache(maxsize=1)
def _spoken() -> dict[str, str]:
    path = Path(__file__).parent.parent / "data" / "spoken.yaml"
    read: dict[str, str] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return read


def written_out(word: str) -> str:
    """A word in lower case, as it is written when it is spelt as it is spoken: nån is någon."""
    return _spoken().get(word, word)


@lru_cache(maxsize=50_000)
def _read(typed: str) -> tuple[str, str, frozenset[str]]:
    word = written_out(unicodedata.normalize("NFC", typed).lower())
    return word, fold(word), keys_of(word)


def token(typed: str, start: int, end: int) -> Token:
    """The token of one typed word."""
    word, folded, keys = _read(typed)
    return Token(start, end, word, folded, keys)


def tokenize(text: str) -> tuple[Token, ...]:
    """The words of a text in order, at most `MOST_TOKENS`; never raises.

    A word with a hyphen is one token when it holds a digit (`9-åring`), else one for each part.
    """
    found: list[Token] = []
    for match in _WORD.finditer(joined(text)):
        typed = match.group()
        if "-" in typed and not any(char.isdigit() for char in typed):
            begin = match.start()
            found += [
                token(part.group(), begin + part.start(), begin + part.end())
                for part in _HYPHENED.finditer(typed)
            ]
        else:
            found.append(token(typed, match.start(), match.end()))
        if len(found) >= MOST_TOKENS:
            break
    return tuple(found[:MOST_TOKENS])
