"""Words of a text as the index and a query both see them: folded, without stop words, as Swedish stems."""

import re
import unicodedata
from functools import lru_cache

import snowballstemmer

# Short, and safe when å, ä and ö are folded away: "man" would also drop "män", "far" also "får".
STOP_WORDS = (
    "och", "i", "på", "av", "till", "från", "som", "det", "den", "de", "en", "ett", "att", "är", "du", "dig",
    "din", "vi", "oss", "er", "sig", "eller", "med", "jag", "få", "kan", "vill", "för", "om", "the", "of",
    "and", "ال",
)  # fmt: skip
MAX_QUERY_WORDS = 10  # Meilisearch ignores the eleventh word
_WORD = re.compile(r"\w+(?:[.:'’]\w+)*")
SHORTEST_STEM = 4
_ENDINGS = (
    "arna",
    "erna",
    "orna",
    "are",
    "ast",
    "ens",
    "ets",
    "ar",
    "er",
    "or",
    "en",
    "et",
    "na",
    "a",
    "e",
    "n",
    "s",
    "t",
)
_SWEDISH = snowballstemmer.stemmer("swedish")


@lru_cache(maxsize=100_000)
def fold(word: str) -> str:
    """Lower case without marks: "Språkcafé" becomes "sprakcafe", as Meilisearch folds Latin text."""
    small = word.casefold()
    if small.isascii():
        return small
    decomposed = unicodedata.normalize("NFKD", small)
    return "".join(char for char in decomposed if not unicodedata.combining(char))


_FOLDED_STOP_WORDS = frozenset(fold(word) for word in STOP_WORDS)


@lru_cache(maxsize=100_000)
def stem(word: str) -> str:
    """The Swedish Snowball stem, in lower case with its marks kept, never shorter than four letters.

    Stemmed until nothing changes: once makes "promenader" "promenad" but "promenad" "promen".
    """
    stemmed = unicodedata.normalize("NFC", word).lower()
    while (shorter := stem_once(stemmed)) != stemmed:
        stemmed = shorter
    return stemmed


@lru_cache(maxsize=100_000)
def stem_once(word: str) -> str:
    """One round of the stemmer on a word in lower case.

    Where it would leave less than four letters ("billig" is not "bil", "demens" not "dem") only a plain
    ending goes.
    """
    stemmed = str(_SWEDISH.stemWord(word))
    if len(stemmed) >= SHORTEST_STEM or stemmed == word:
        return stemmed
    ending = next(
        (end for end in _ENDINGS if word.endswith(end) and len(word) - len(end) >= SHORTEST_STEM), ""
    )
    return word.removesuffix(ending)


@lru_cache(maxsize=100_000)
def key(word: str) -> str:
    """What two words must share to be the same word here: the folded stem."""
    return fold(stem(word))


def split(text: str) -> list[str]:
    return _WORD.findall(text)


def is_stop_word(word: str) -> bool:
    return fold(word) in _FOLDED_STOP_WORDS


def stems(text: str) -> list[str]:
    """The distinct stems of a text in order, stop words left out."""
    return list(dict.fromkeys(stem(word) for word in split(text) if not is_stop_word(word)))


def query_words(text: str) -> list[str]:
    """The words of a query that are worth asking for; all of them when every one is a stop word."""
    found = split(text)
    telling = [word for word in found if not is_stop_word(word)]
    return (telling or found)[:MAX_QUERY_WORDS]


@lru_cache(maxsize=20_000)
def _words_of(text: str) -> tuple[tuple[int, int, str, str], ...]:
    """Every word of a text: where it begins and ends, its key and itself folded."""
    return tuple(
        (found.start(), found.end(), key(found.group()), fold(found.group()))
        for found in _WORD.finditer(text)
    )


def marked(text: str, wanted: frozenset[str], prefix: str | None) -> list[dict[str, str | bool]] | None:
    """The text in pieces, each saying whether it matches; None when nothing does.

    `wanted` holds word keys; a word beginning with `prefix` (folded) matches too. Joining the pieces
    gives the text back, so a reader needs no escaping rules.
    """
    pieces: list[dict[str, str | bool]] = []
    done = 0
    for start, end, word, folded in _words_of(text):
        if word in wanted or (prefix is not None and folded.startswith(prefix)):
            if start > done:
                pieces.append({"text": text[done:start], "match": False})
            pieces.append({"text": text[start:end], "match": True})
            done = end
    if not pieces:
        return None
    if done < len(text):
        pieces.append({"text": text[done:], "match": False})
    return pieces
