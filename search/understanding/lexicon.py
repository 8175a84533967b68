"""The lexicon: everyday phrases of nine languages and what they tell, read from `search/data/lexicon`."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from search.understanding import wordings
from search.understanding.keys import FOLDED, LANGUAGES, Language, exact, keys_in
from search.understanding.language import function_words
from search.understanding.sounds import SHORTEST, sound
from search.understanding.tokens import written_out
from search.understanding.wordings import key_words
from search.words import fold, stem_once

_Loader = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
DATA = Path(__file__).parent.parent / "data" / "lexicon"
GAP = 2  # other words that may stand between two words of a phrase
WEAK = 0.4
LACKED = frozenset({"cost", "fact"})
MOST_KNOWN = 50_000  # words whose places in phrases are remembered

Item = frozenset[str]  # the keys that a word may have to stand here


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a phrase tells: `kind` and `value` as of a reading, `weight` 0..1. `negated`: a wish against."""

    kind: str
    value: str
    weight: float
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Phrase:
    """A sequence of words and what it tells."""

    items: tuple[Item, ...]
    meaning: Meaning
    language: Language
    text: str = ""


@dataclass(frozen=True, slots=True, eq=False)  # each is itself, which is quick to tell
class Anchored:
    """A phrase as it is looked for: its words as numbers of the index, from the rarest of them on."""

    phrase: Phrase
    slots: tuple[int, ...]
    needs: frozenset[int]
    anchor: int


class Within:
    """Longer phrases by their rarest word, each with that and a neighbour in order, and by each word."""

    def __init__(self) -> None:
        self.by_anchor: dict[int, list[tuple[int, int, Anchored]]] = {}
        self.by_word: dict[int, list[Anchored]] = {}

    def add(self, one: Anchored) -> None:
        """Take in one more phrase."""
        at = max(one.anchor, 1)
        self.by_anchor.setdefault(one.slots[one.anchor], []).append((one.slots[at - 1], one.slots[at], one))
        for slot in one.needs:
            self.by_word.setdefault(slot, []).append(one)


class PhraseIndex:
    """Phrases by their rarest word. Equal words of phrases have one number, so that comparing is cheap."""

    def __init__(self, phrases: Sequence[Phrase]) -> None:
        longer = [phrase for phrase in phrases if len(phrase.items) > 1]
        numbers = {
            item: number
            for number, item in enumerate(dict.fromkeys(item for phrase in longer for item in phrase.items))
        }
        self._singles: dict[str, list[Phrase]] = {}
        for phrase in phrases:
            if len(phrase.items) == 1:
                for key in phrase.items[0]:
                    self._singles.setdefault(key, []).append(phrase)
        self._numbers: dict[str, list[int]] = {}
        for item, number in numbers.items():
            for key in item:
                self._numbers.setdefault(key, []).append(number)
        frequency = Counter(numbers[item] for phrase in longer for item in phrase.items)
        for language, words in function_words().items():  # they stand in every question
            for word in words:
                if (found := numbers.get(keys_in(word, language))) is not None:
                    frequency[found] += len(phrases)
        self._anchored: list[Anchored] = []
        for phrase in longer:
            slots = tuple(numbers[item] for item in phrase.items)
            anchor = min(range(len(slots)), key=lambda at: frequency[slots[at]])
            self._anchored.append(Anchored(phrase, slots, frozenset(slots), anchor))
        self._within: dict[frozenset[Language], Within] = {}
        self._known: dict[frozenset[str], tuple[tuple[Phrase, ...], frozenset[int]]] = {}

    def within(self, languages: frozenset[Language]) -> "Within":
        """The longer phrases of some languages."""
        found = self._within.get(languages)
        if found is None:
            found = Within()
            for one in self._anchored:
                if one.phrase.language in languages:
                    found.add(one)
            self._within[languages] = found
        return found

    def of(self, keys: frozenset[str]) -> tuple[tuple[Phrase, ...], frozenset[int]]:
        """The phrases that are this one word, and the words of longer phrases that it may stand for."""
        found = self._known.get(keys)
        if found is None:
            ordered = sorted(keys)
            singles = dict.fromkeys(phrase for key in ordered for phrase in self._singles.get(key, ()))
            slots = frozenset(sorted({number for key in ordered for number in self._numbers.get(key, ())}))
            found = tuple(singles), slots
            if len(self._known) < MOST_KNOWN:
                self._known[keys] = found
        return found


@dataclass(frozen=True, slots=True)
class Situation:
    """A life situation: how much listings with a term are lifted (`means`) or lowered (`avoid`).

    `words`: Swedish words in the texts of listings that are just for it. `signs`: those of
    `search/data/signs.yaml` that are then right, and wrong otherwise.
    """

    id: str
    labels: Mapping[str, str]
    means: Mapping[str, Mapping[str, float]]
    avoid: Mapping[str, Mapping[str, float]]
    belongs: frozenset[str]
    words: tuple[str, ...]
    signs: frozenset[str]
    acute: str | None


@dataclass
class Lexicon:
    """Phrases to be found, situations by id, words for correcting typing errors."""

    phrases: PhraseIndex = field(default_factory=lambda: PhraseIndex(()))
    class_words: dict[str, frozenset[str]] = field(default_factory=dict)  # a word's key → its classes' keys
    class_phrases: PhraseIndex = field(default_factory=lambda: PhraseIndex(()))
    situations: dict[str, Situation] = field(default_factory=dict)
    words: frozenset[str] = frozenset()
    sounds: dict[str, str] = field(default_factory=dict)  # how Swedish words of phrases sound → the word
    known: frozenset[str] = frozenset()  # every key but those for typing without marks
    telling: frozenset[str] = (
        frozenset()
    )  # of them those of whole words: Somali has their first letters alone
    refusable: frozenset[str] = frozenset()  # facts that a wish against is written for
    acute: dict[str, dict[str, Any]] = field(default_factory=dict)
    texts: dict[str, list[tuple[str, str, str]]] = field(
        default_factory=dict
    )  # by language: text, kind, value
    _told: dict[frozenset[str], frozenset[str]] = field(default_factory=dict, repr=False)

    def keys(self, keys: frozenset[str]) -> frozenset[str]:
        """The keys of a word, with those of the classes that it is a member of."""
        found = self._told.get(keys)
        if found is None:
            kept = exact(keys, self.known)
            found = kept.union(*(self.class_words.get(key, ()) for key in kept))
            if len(self._told) < MOST_KNOWN:
                self._told[keys] = found
        return found

    def has(self, keys: frozenset[str]) -> bool:
        """Whether a word of any phrase or class is known by one of the keys."""
        return any(self.phrases.of(keys)) or any(self.class_phrases.of(keys))


def _load(path: Path) -> dict[str, Any]:
    # The base loader makes nothing but strings, which is safe, and four times as fast as the safe one.
    read: dict[str, Any] = yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader)  # noqa: S506
    return read or {}


class _Reader:
    """Builds the phrases of all files; classes first, since phrases name them."""

    def __init__(self) -> None:
        self.class_words: dict[str, set[str]] = {}
        self.class_phrases: list[Phrase] = []
        self.phrases: list[Phrase] = []

    def read_classes(self, written: Mapping[str, Mapping[Language, Sequence[str]]]) -> None:
        """Every class in every language: single words by their keys, longer members as phrases."""
        for name, by_language in written.items():
            for language, members in by_language.items():
                known_by = class_key(name, language)
                for said in (
                    form for one in members for form in (str(one), *wordings.turned(str(one), language))
                ):
                    words = key_words(said)
                    if len(words) == 1:
                        for key in keys_in(words[0], language):
                            self.class_words.setdefault(key, set()).add(known_by)
                    else:
                        items = tuple(keys_in(word, language) for word in words)
                        self.class_phrases.append(Phrase(items, Meaning("class", known_by, 1.0), language))

    def items(self, text: str, language: Language) -> tuple[Item, ...]:
        """The words of a phrase, each with the keys that a word may have to stand there."""
        return tuple(
            frozenset({class_key(word.strip("<>"), language)})
            if word.startswith("<")
            else keys_in(written_out(word.lower()) if language == "sv" else word, language)
            for word in key_words(text)
        )

    def add(self, texts: Iterable[Any], language: Language, meaning: Meaning) -> None:
        for written in texts:
            text = str(written).strip()
            weak = text.startswith("?")
            text = text.removeprefix("?")
            scaled = Meaning(
                meaning.kind, meaning.value, meaning.weight * (WEAK if weak else 1), meaning.negated
            )
            for said in wordings.said(text, language, lacked=_lacked(scaled)):
                items = self.items(said, language)
                if items:
                    self.phrases.append(Phrase(items, scaled, language, said))

    def add_terms(self, kind: str, terms: Mapping[str, Mapping[str, Sequence[str]]]) -> None:
        """Terms with their phrases by language; `not:` before a term makes it a wish against it."""
        for term, by_language in terms.items():
            meaning = Meaning(kind, term.removeprefix("not:"), 1.0, term.startswith("not:"))
            for language in LANGUAGES:
                self.add(by_language.get(language) or (), language, meaning)

    def lexicon(self) -> Lexicon:
        made = Lexicon(
            phrases=PhraseIndex(self.phrases),
            class_words={key: frozenset(names) for key, names in self.class_words.items()},
            class_phrases=PhraseIndex(self.class_phrases),
        )
        made.known = frozenset(
            key
            for key in (
                *(
                    key
                    for phrase in (*self.phrases, *self.class_phrases)
                    for item in phrase.items
                    for key in item
                ),
                *self.class_words,
            )
            if not key.startswith(FOLDED)
        )
        made.telling = frozenset(key for key in made.known if not key.startswith("so:"))
        made.refusable = frozenset(
            phrase.meaning.value
            for phrase in self.phrases
            if phrase.meaning.kind == "fact" and phrase.meaning.negated
        )
        written = sorted(
            {
                word.lower()
                for phrase in self.phrases
                if phrase.language == "sv"
                for word in key_words(phrase.text)
                if not word.startswith("<") and len(word) >= SHORTEST
            }
        )
        made.words = frozenset(fold(word) for word in written)
        for form in (str, stem_once):  # the words themselves go before what their stems sound like
            for word in written:
                if len(form(word)) >= SHORTEST:
                    made.sounds.setdefault(sound(form(word)), word)
        return made


def _lacked(meaning: Meaning) -> str | None:
    return ("-" if meaning.negated else "") + meaning.value if meaning.kind in LACKED else None


def class_key(name: str, language: Language) -> str:
    """The key under which any member of a class of words is known."""
    return f"<{name}>:{language}"


KINDS = {
    "attendance": "attendance",
    "costs": "cost",
    "kinds": "kind",
    "languages": "language",
    "loneliness": "loneliness",
}


def kind_of(file: str) -> str | None:
    """What the terms of a lexicon file are; None for classes, situations and acute signs."""
    stem = file.partition("-")[0]
    return {"categories": "category", "audiences": "audience", "facts": "fact"}.get(stem, KINDS.get(stem))


def build(vocabulary: Mapping[str, Mapping[str, Mapping[str, Sequence[str]]]]) -> Lexicon:
    """The lexicon of the data files, with the labels and search words of the vocabularies beside.

    `vocabulary`: kind → term → language → words. Some seconds of work; kept by the caller.
    """
    reader = _Reader()
    reader.read_classes(_load(DATA / "classes.yaml"))
    files = {path.stem: _load(path) for path in sorted(DATA.glob("*.yaml"))}
    for kind, terms in vocabulary.items():
        reader.add_terms(kind, terms)
    made_of: dict[str, Situation] = {}
    for name, content in files.items():
        if name.startswith("situations"):
            made_of |= {
                identifier: _situation(identifier, written) for identifier, written in content.items()
            }
            phrases = {identifier: written.get("phrases") or {} for identifier, written in content.items()}
            reader.add_terms("situation", phrases)
        elif (of := kind_of(name)) is not None:
            reader.add_terms(of, content)
    made = reader.lexicon()
    made.situations = made_of
    made.acute = files.get("acute", {})
    made.texts = _typed(reader.phrases)
    return made


def _typed(phrases: Iterable[Phrase]) -> dict[str, list[tuple[str, str, str]]]:
    """What may be suggested while somebody types: the plain phrases of categories and audiences."""
    typed: dict[str, list[tuple[str, str, str]]] = {}
    for phrase in phrases:
        meaning = phrase.meaning
        if meaning.kind in {"category", "audience"} and meaning.weight > WEAK and "<" not in phrase.text:
            typed.setdefault(phrase.language, []).append((phrase.text, meaning.kind, meaning.value))
    return typed


def _weights(written: Mapping[str, Mapping[str, str]]) -> dict[str, dict[str, float]]:
    return {kind: {term: float(weight) for term, weight in terms.items()} for kind, terms in written.items()}


def _situation(identifier: str, written: Mapping[str, Any]) -> Situation:
    return Situation(
        id=identifier,
        labels=written["label"],
        means=_weights(written.get("means") or {}),
        avoid=_weights(written.get("avoid") or {}),
        belongs=frozenset(written.get("is") or ()),
        words=tuple(written.get("words") or ()),
        signs=frozenset(written.get("signs") or ()),
        acute=written.get("acute"),
    )


@lru_cache(maxsize=1)
def shipped() -> Lexicon:
    """The lexicon of the data files alone."""
    return build({})
