"""Under which forms a word is known: its stems in the languages that its letters can belong to."""

import re
import unicodedata
from collections.abc import Set as AbstractSet
from functools import lru_cache
from pathlib import Path
from typing import Literal, get_args

import snowballstemmer
import yaml

from search.understanding.compounds import indefinite
from search.words import fold, stem_once

Language = Literal["sv", "en", "ar", "so", "fi", "fa", "uk", "ti", "es"]
LANGUAGES: tuple[Language, ...] = get_args(Language)
LATIN: tuple[Language, ...] = ("sv", "en", "fi", "es", "so")
NORDIC: tuple[Language, ...] = ("sv", "fi")
_NORDIC_LETTERS = frozenset("åäö")
FOLDED = "svf:"
BEGINNING = 5  # letters compared in languages without a stemmer here

_ENGLISH = snowballstemmer.stemmer("english")
_FINNISH = snowballstemmer.stemmer("finnish")
_SPANISH = snowballstemmer.stemmer("spanish")
_ARABIC = snowballstemmer.stemmer("arabic")
_ARABIC_LETTERS = str.maketrans(
    {"أ": "ا", "إ": "ا", "آ": "ا", "ة": "ه", "ى": "ي", "ك": "ک", "ي": "ی", "ـ": None}
)
# Written with a space, a narrow joiner or nothing between: the beginning of a verb and the plural of a noun.
_PERSIAN_SPACE = re.compile(r"(?<=\bمی) (?=\w)|(?<=\bنمی) (?=\w)| (?=ها(?:ی|یی|یم)?\b)")
_PERSIAN_ENDINGS = ("\u200cهای", "\u200cها", "های", "هایی", "ها", "ان", "ی")
_UKRAINIAN_ENDINGS = "аеиіїоуюяьйєм"


@lru_cache(maxsize=50_000)
def script(word: str) -> str:
    """latin, arabic, cyrillic, ethiopic or other, by the first letter."""
    for char in word:
        if char.isalpha():
            name = unicodedata.name(char, "")
            for known in ("LATIN", "ARABIC", "CYRILLIC", "ETHIOPIC"):
                if name.startswith(known):
                    return known.lower()
            return "other"
    return "other"


def languages_of(word: str) -> tuple[Language, ...]:
    """The languages whose script the word is written in."""
    match script(word):
        case "latin":
            return NORDIC if _NORDIC_LETTERS.intersection(word.casefold()) else LATIN
        case "arabic":
            return ("ar", "fa")
        case "cyrillic":
            return ("uk",)
        case "ethiopic":
            return ("ti",)
        case _:
            return ("sv",)  # numbers


@lru_cache(maxsize=200_000)
def keys_in(word: str, language: Language) -> frozenset[str]:
    """The forms a word of a phrase is known by; two inflections of one word mostly share one.

    A Swedish word has its forms with marks (`sv:`) and without (`svf:`), for those who type without.
    """
    plain = word.casefold()
    match language:
        case "sv":
            forms = _swedish(plain)
            return frozenset({*(f"sv:{form}" for form in forms), *(f"svf:{fold(form)}" for form in forms)})
        case "en":
            made = fold(_ENGLISH.stemWord(plain.removesuffix("'s").removesuffix("’s")))
        case "fi":
            made = fold(_FINNISH.stemWord(plain))
        case "es":
            made = fold(_SPANISH.stemWord(plain))
        case "so":
            made = fold(plain)[:BEGINNING]
        case "ar":
            made = _ARABIC.stemWord(plain).translate(_ARABIC_LETTERS)
        case "fa":
            made = _persian(plain)
        case "uk":
            made = unicodedata.normalize("NFC", plain).replace("'", "").replace("’", "")
            made = _shortened(made)[:BEGINNING]
        case "ti":
            made = plain
    return frozenset({f"{language}:{made}"})


def _shortened(word: str) -> str:
    """A Ukrainian word without its last one or two vowels, as long as three letters stay."""
    for _ in range(2):
        if len(word) > 3 and word[-1] in _UKRAINIAN_ENDINGS:
            word = word[:-1]
    return word


def joined(text: str) -> str:
    """A text of the same length in which the parts of a Persian word hold together: می خواهم is می‌خواهم."""
    return _PERSIAN_SPACE.sub("\u200c", text) if "ی" in text or "ه" in text else text


def _persian(plain: str) -> str:
    made = plain.translate(_ARABIC_LETTERS).removesuffix("\u200cام")
    ending = next((end for end in _PERSIAN_ENDINGS if made.endswith(end)), "")
    made = made.removesuffix(ending) if len(made) - len(ending) >= 3 else made
    return made.replace("\u200c", "")


@lru_cache(maxsize=1)
def _irregular() -> dict[str, str]:
    path = Path(__file__).parent.parent / "data" / "irregular.yaml"
    written: dict[str, list[str]] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return {form: word for word, forms in written.items() for form in (word, *forms)}


def _swedish(plain: str) -> tuple[str, ...]:
    known = _irregular().get(plain)
    if known:
        return (known,)
    plain = plain.replace("é", "e")  # as many write it: cafe
    told = (plain, *indefinite(plain))
    return tuple(dict.fromkeys((*told, *(stem_once(word) for word in told))))


@lru_cache(maxsize=200_000)
def keys_of(word: str) -> frozenset[str]:
    """Every key of a word in a question. One typed with marks is not taken for one without."""
    keys = frozenset(key for language in languages_of(word) for key in keys_in(word, language))
    return (
        keys
        if fold(word) == word.casefold().replace("é", "e")
        else frozenset(key for key in keys if not key.startswith(FOLDED))
    )


def exact(keys: frozenset[str], known: AbstractSet[str]) -> frozenset[str]:
    """The keys without those for typing without marks when the word itself is a known one."""
    if keys.isdisjoint(known):
        return keys
    return frozenset(key for key in keys if not key.startswith(FOLDED))
