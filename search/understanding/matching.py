"""Phrases of the lexicon found in the words of a question."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from rapidfuzz import process
from rapidfuzz.distance import DamerauLevenshtein

from search.understanding.compounds import is_word, parts
from search.understanding.keys import FOLDED, Language, exact, keys_of
from search.understanding.language import is_everyday
from search.understanding.lexicon import GAP, Item, Lexicon, Meaning, Phrase
from search.understanding.reading import Token

JOINED, PART, TYPING_ERROR = 1.0, 0.6, 0.8
FOREIGN = 0.8  # a phrase of a language that the question may also be in
SHORTEST_CORRECTED, TWO_ERRORS_FROM = 5, 9


@dataclass(frozen=True, slots=True)
class Unit:
    """A word as it may be read: a token, two tokens written apart, a part of one, one corrected."""

    first: int
    last: int
    keys: frozenset[str]
    quality: float
    everyday: bool = False  # a word of function just as it stands: "man" is not "män"


@dataclass(frozen=True, slots=True)
class Match:
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


def matches(
    tokens: tuple[Token, ...], lexicon: Lexicon, languages: tuple[Language, ...], taken: frozenset[int]
) -> list[Match]:
    """Every phrase found, longer ones before those they cover, each meaning once.

    `taken`: tokens that are names of places; they are neither split nor corrected.
    """
    units = _whole(tokens, lexicon, languages[0])
    units += _members(units, len(tokens), lexicon, languages)
    found = list(_find(units, len(tokens), lexicon.anchored, languages))
    met = frozenset(index for match in found for index in match.covers)
    further = list(_loose(tokens, lexicon, met, taken))
    if further:
        kinds = {(match.meaning.kind, index) for match in found for index in match.covers}
        found += [
            match
            for match in _find(
                [*units, *further], len(tokens), lexicon.anchored, languages, only=frozenset(further)
            )
            if (match.meaning.kind, match.first) not in kinds  # the whole word has said more
        ]
    return _settled(found)


def _whole(tokens: tuple[Token, ...], lexicon: Lexicon, language: Language) -> list[Unit]:
    units = [
        Unit(number, number, _known(token.keys, lexicon), 1.0, is_everyday(token.word, language))
        for number, token in enumerate(tokens)
    ]
    for number, (one, other) in enumerate(pairwise(tokens)):
        written_apart = len(one.word) >= 2 and len(other.word) >= 2 and (one.word + other.word).isalpha()
        if written_apart and not (units[number].everyday or units[number + 1].everyday):
            keys = keys_of(one.word + other.word)
            if one.word[-1] != "s":
                keys |= keys_of(f"{one.word}s{other.word}")
            units.append(Unit(number, number + 1, _known(keys, lexicon), JOINED))
    return units


def _members(units: list[Unit], length: int, lexicon: Lexicon, languages: tuple[Language, ...]) -> list[Unit]:
    """Members of the lexicon's classes that are several words, as units: "gick bort" stands for died."""
    found = _find(units, length, lexicon.class_phrases, languages)
    return [Unit(match.first, match.last, frozenset({match.meaning.value}), match.quality) for match in found]


def _known(keys: frozenset[str], lexicon: Lexicon) -> frozenset[str]:
    """The keys, with those of the classes that the word is a member of."""
    kept = exact(keys, lexicon.known)
    classes = [lexicon.class_words[key] for key in kept if key in lexicon.class_words]
    return kept.union(*classes) if classes else kept


def _loose(
    tokens: tuple[Token, ...], lexicon: Lexicon, met: frozenset[int], taken: frozenset[int]
) -> Iterator[Unit]:
    for number, token in enumerate(tokens):
        if number in taken or len(token.folded) < SHORTEST_CORRECTED or not token.folded.isascii():
            continue
        split = parts(token.folded)
        for part in split:
            yield Unit(number, number, _part_keys(part), PART)
        if not split and number not in met and not is_word(token.folded):
            corrected = closest(token.folded, lexicon.words)
            if corrected is not None:
                yield Unit(number, number, _known(keys_of(corrected), lexicon), TYPING_ERROR)


@lru_cache(maxsize=20_000)
def _part_keys(part: str) -> frozenset[str]:
    """A first part stands in a form of its own: kvinno is kvinna, sorge is sorg, barns is barn."""
    keys = keys_of(part)
    if part[-1] in "oues":
        keys |= keys_of(part[:-1]) | keys_of(part[:-1] + "a")
    return frozenset(key for key in keys if key.startswith(("sv:", FOLDED)))


@lru_cache(maxsize=8)
def _by_length(words: frozenset[str]) -> dict[int, list[str]]:
    sorted_words: dict[int, list[str]] = {}
    for word in sorted(words):
        sorted_words.setdefault(len(word), []).append(word)
    return sorted_words


@lru_cache(maxsize=20_000)
def closest(folded: str, words: frozenset[str]) -> str | None:
    """The word that was most likely meant: one letter off, two in long words, the first letter right."""
    most = 2 if len(folded) >= TWO_ERRORS_FROM else 1
    by_length = _by_length(words)
    candidates = [
        word
        for length in range(len(folded) - most, len(folded) + most + 1)
        for word in by_length.get(length, ())
        if word[0] == folded[0]
    ]
    best = process.extractOne(
        folded, candidates, scorer=DamerauLevenshtein.distance, score_cutoff=most, processor=None
    )
    return None if best is None else str(best[0])


def _find(
    units: list[Unit],
    length: int,
    anchored: Mapping[str, list[tuple[Phrase, int]]],
    languages: tuple[Language, ...],
    *,
    only: frozenset[Unit] | None = None,
) -> Iterator[Match]:
    starting: list[list[Unit]] = [[] for _ in range(length + 1)]
    ending: list[list[Unit]] = [[] for _ in range(length + 1)]
    for unit in units:
        starting[unit.first].append(unit)
        ending[unit.last].append(unit)
    there = frozenset().union(*(unit.keys for unit in units))
    for unit in units:
        for key in unit.keys:
            for phrase, anchor in anchored.get(key, ()):
                items = phrase.items
                if phrase.language not in languages:
                    continue
                if len(items) == 1:
                    if not unit.everyday and (only is None or unit in only):
                        yield _match([unit], phrase, languages)
                    continue
                if unit.quality == PART or any(item.isdisjoint(there) for item in items):
                    continue
                path = _path(unit, items, anchor, starting, ending)
                if path is not None and (only is None or not only.isdisjoint(path)):
                    yield _match(path, phrase, languages)


def _match(path: list[Unit], phrase: Phrase, languages: tuple[Language, ...]) -> Match:
    quality = min(unit.quality for unit in path)
    if phrase.language != languages[0]:
        quality *= FOREIGN
    return Match(
        phrase.meaning,
        path[0].first,
        path[-1].last,
        frozenset(index for unit in path for index in range(unit.first, unit.last + 1)),
        quality,
        phrase.language,
    )


def _path(
    unit: Unit, items: tuple[Item, ...], anchor: int, starting: list[list[Unit]], ending: list[list[Unit]]
) -> list[Unit] | None:
    path = [unit]
    for item in items[anchor + 1 :]:
        after = path[-1].last + 1
        following = _first(item, (starting[at] for at in range(after, min(after + GAP + 1, len(starting)))))
        if following is None:
            return None
        path.append(following)
    for item in reversed(items[:anchor]):
        before = path[0].first - 1
        leading = _first(item, (ending[at] for at in range(before, max(before - GAP - 1, -1), -1)))
        if leading is None:
            return None
        path.insert(0, leading)
    return path


def _first(item: Item, places: Iterable[list[Unit]]) -> Unit | None:
    return next(
        (
            unit
            for place in places
            for unit in place
            if unit.quality != PART and not unit.keys.isdisjoint(item)
        ),
        None,
    )


def _settled(found: Iterable[Match]) -> list[Match]:
    """Each meaning once, by its best match; a match within a longer one of its kind is gone."""
    best: dict[Meaning, Match] = {}
    for match in found:
        key = Meaning(match.meaning.kind, match.meaning.value, 0, match.meaning.negated)
        known = best.get(key)
        if known is None or (len(match.covers), match.weight) > (len(known.covers), known.weight):
            best[key] = match
    chosen = list(best.values())
    kept = [
        match
        for match in chosen
        if not any(
            other.meaning.kind == match.meaning.kind
            and match.covers < other.covers
            and other.weight >= match.weight
            for other in chosen
        )
    ]
    return sorted(kept, key=lambda match: (match.first, match.last, match.meaning.kind, match.meaning.value))
