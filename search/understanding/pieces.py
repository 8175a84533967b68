"""A question in its smallest pieces, words apart from numbers, and lists of phrases found in it."""

import re
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from functools import lru_cache
from pathlib import Path
from typing import Any, Generic, NamedTuple, TypeVar

import yaml

from search.understanding.reading import Token
from search.words import fold

DATA = Path(__file__).parent.parent / "data"
_PIECE = re.compile(r"\d+|[^\W\d_]+(?:['’ʼ][^\W\d_]+)*")
_SENTENCE_END = re.compile(r"[.;!?\n]")
_DASH = re.compile(r"^\s*[-‐‑‒–—−]\s*$")
T = TypeVar("T")


class Piece(NamedTuple):
    """A word or a number. `gap` is what stands before it: a space, a dash, ", ", or nothing.

    `capital`: written with a capital that is not merely the first of its sentence. `plus`: a "+" follows.
    """

    start: int
    end: int
    word: str
    folded: str
    gap: str
    capital: bool = False
    plus: bool = False

    @property
    def number(self) -> int | None:
        return int(self.folded) if self.folded.isdecimal() and len(self.folded) <= 4 else None

    @property
    def dashed(self) -> bool:
        """A dash joins it to the piece before."""
        return _DASH.match(self.gap) is not None

    @property
    def new_sentence(self) -> bool:
        return _SENTENCE_END.search(self.gap) is not None


def pieces_of(tokens: Sequence[Token], text: str = "") -> list[Piece]:
    """The pieces of a question in order.

    `text` is the question as it was sent; without it dashes, commas and capitals between the tokens are
    not seen, and spaces are taken for granted. Not to be changed: places, times and people share them.
    """
    kept = _kept.get("last")
    if kept is not None and kept[0] is tokens and kept[1] == text:
        return kept[2]
    found = _cut(tokens, text)
    _kept["last"] = (tokens, text, found)
    return found


_kept: dict[str, tuple[Sequence[Token], str, list[Piece]]] = {}  # of the last question


def _cut(tokens: Sequence[Token], text: str) -> list[Piece]:
    found: list[Piece] = []
    end = 0
    shouted = text.isupper()
    for token in tokens:
        word, folded, start = token.word, token.folded, token.start
        gap = text[end:start] if text else (" " if found else "")
        if folded.isalpha():  # marks of Arabic vowels stand in `word` alone
            capital = bool(found) and not shouted and _is_capital(text, start, gap)
            found.append(Piece(start, token.end, word, folded, gap, capital))
        else:
            _split(token, gap, found, capitals=bool(text) and not shouted, text=text)
        end = token.end
    return found


def _is_capital(text: str, start: int, gap: str) -> bool:
    """Whether a word is written with a capital that it does not owe to being the first of its sentence."""
    return text[start : start + 1].isupper() and _SENTENCE_END.search(gap) is None


def _split(token: Token, gap: str, found: list[Piece], *, capitals: bool, text: str) -> None:
    """A token such as 72-årig, 18.30 or 24:e as its parts; places are exact when nothing was respelt."""
    exact = len(token.word) == token.end - token.start
    done = 0
    for part in _PIECE.finditer(token.word):
        start = token.start + part.start() if exact else token.start
        end = token.start + part.end() if exact else token.end
        before = gap + token.word[done : part.start()]
        capital = capitals and bool(found) and _is_capital(text, start, before)
        plus = token.word[part.end() :] == "+"
        found.append(Piece(start, end, part.group(), _fold(part.group()), before, capital, plus))
        done, gap = part.end(), ""


class Phrases(Generic[T]):
    """Phrases of folded words and what each means; the longest one at a place is found.

    A phrase that begins with "=" must be written with its marks (sön is not son).
    """

    def __init__(self, entries: Iterable[tuple[str, T]]) -> None:
        self._by_first: dict[str, list[tuple[tuple[str, ...], tuple[str, ...] | None, T]]] = {}
        for phrase, meaning in entries:
            exact = tuple(_words(phrase)) if phrase.startswith("=") else None
            words = tuple(_fold(word) for word in _words(phrase))
            if not words:
                raise ValueError(f"a phrase without a word: {phrase!r}")
            self._by_first.setdefault(words[0], []).append((words, exact, meaning))
        for found in self._by_first.values():
            found.sort(key=lambda entry: (-len(entry[0]), entry[1] is None))

    @property
    def firsts(self) -> AbstractSet[str]:
        """The folded words that phrases begin with."""
        return self._by_first.keys()

    def longest(self, pieces: Sequence[Piece], at: int) -> tuple[T, int] | None:
        """The meaning of the longest phrase that begins with piece `at`, and the piece after its last."""
        options = self._by_first.get(pieces[at].folded)
        if options is None:
            return None
        following = pieces[at + 1].folded if at + 1 < len(pieces) else None
        for words, exact, meaning in options:
            end = at + len(words)
            if end > len(pieces) or (end > at + 1 and words[1] != following):
                continue
            if all(pieces[at + i].folded == word for i, word in enumerate(words) if i) and (
                exact is None or all(pieces[at + i].word == word for i, word in enumerate(exact))
            ):
                return meaning, end
        return None


def _fold(word: str) -> str:
    return fold(word).replace("’", "'").replace("ʼ", "'")


def _words(phrase: str) -> list[str]:
    return _PIECE.findall(phrase.lstrip("=?").lower())


@lru_cache
def read_data(name: str) -> Mapping[str, Any]:
    """A YAML file of search/data, read once."""
    with (DATA / name).open(encoding="utf-8") as file:
        read: Mapping[str, Any] = yaml.safe_load(file)
    return read


def folded_set(words: str | Iterable[str]) -> frozenset[str]:
    """Words (or one text of words) without marks, to compare with `Piece.folded`."""
    return frozenset(fold(word) for word in (words.split() if isinstance(words, str) else words))
