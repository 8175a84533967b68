"""What can be completed from memory while somebody types: terms, phrases of nine languages, and places."""

import heapq
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from rapidfuzz import process
from rapidfuzz.distance import OSA

from app.services.geography import Gazetteer
from app.services.taxonomies import Term, Vocabulary
from search.understanding.lexicon import Lexicon
from search.words import fold

Kind = Literal["category", "audience", "phrase", "place"]
# How a text answers what was typed, the best first.
WHOLE, BEGINNING, INSIDE, CLOSE = range(4)
ONE_ERROR_FROM, TWO_ERRORS_FROM = 4, 8  # letters typed; with fewer, nearly every word is close
FIRST = 8  # kept of each kind and language for a single letter, with which thousands begin
LAST = chr(0x10FFFF)


@dataclass(frozen=True, slots=True)
class Entry:
    """A text that may be completed. `chip` is what it tells; the greater `size` (people of a place) first."""

    kind: Kind
    value: str
    text: str
    chip: str = ""
    language: str = ""
    size: int = 0


@dataclass(frozen=True, slots=True)
class Completion:
    entry: Entry
    level: int  # WHOLE … CLOSE
    errors: int = 0


class Completions:
    """All that can be completed, in the order of its folded words; made once."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        found = [(tail, inside, entry) for entry in entries for tail, inside in _tails(_plain(entry.text))]
        found.sort(key=lambda one: one[0])
        self._tails = [tail for tail, _, _ in found]
        self._entries = [(inside, entry) for _, inside, entry in found]
        self._words: dict[str, list[str]] = {}  # by first letter
        for word in sorted({tail.partition(" ")[0] for tail in self._tails}):
            self._words.setdefault(word[0], []).append(word)
        self._first: dict[str, list[Completion]] = {}

    def of(self, typed: str) -> list[Completion]:
        """The completions of what has been typed so far, in no order; close ones when nothing begins so."""
        beginning = " ".join(_plain(typed).split())
        if len(beginning) < 2:
            return self._of_letter(beginning)
        found = list(self._beginning(beginning))
        if not found and " " in beginning:  # a compound written apart
            found = [replace(one, level=CLOSE) for one in self._beginning(beginning.replace(" ", ""))]
        return found or (self._close(beginning) if len(beginning) >= ONE_ERROR_FROM else [])

    def _of_letter(self, letter: str) -> list[Completion]:
        """Worked out once a letter: what stands first of each kind and language."""
        if letter not in self._words:
            return []
        if letter not in self._first:
            groups: dict[tuple[str, str], list[Completion]] = {}
            for one in self._beginning(letter):
                groups.setdefault((one.entry.kind, one.entry.language), []).append(one)
            self._first[letter] = [
                one for group in groups.values() for one in heapq.nsmallest(FIRST * 4, group, key=_order)
            ]
        return self._first[letter]

    def _beginning(self, beginning: str) -> Iterator[Completion]:
        for number in range(*self._span(beginning)):
            inside, entry = self._entries[number]
            level = INSIDE if inside else WHOLE if self._tails[number] == beginning else BEGINNING
            yield Completion(entry, level)

    def _close(self, beginning: str) -> list[Completion]:
        """Those that begin nearly so. The first letter must be right, as it nearly always is."""
        if " " in beginning:
            low, high = self._span(beginning[0])
            known: Sequence[str] = [tail for tail in self._tails[low:high] if " " in tail]
        else:
            known = self._words.get(beginning[0], ())
        most = 2 if len(beginning) >= TWO_ERRORS_FROM else 1
        errors: dict[str, int] = {}
        for length in (len(beginning), len(beginning) + 1, len(beginning) - 1):
            heads = list({text[:length] for text in known})
            for head, distance, _ in process.extract(
                beginning, heads, scorer=OSA.distance, score_cutoff=most, limit=None
            ):
                errors[head] = min(int(distance), errors.get(head, most))
        return [
            Completion(self._entries[number][1], CLOSE, count)
            for head, count in errors.items()
            for number in range(*self._span(head))
        ]

    def _span(self, beginning: str) -> tuple[int, int]:
        return bisect_left(self._tails, beginning), bisect_left(self._tails, beginning + LAST)


def _plain(text: str) -> str:
    spaced = text.replace("-", " ")
    return spaced.lower() if spaced.isascii() else fold(spaced)


def _tails(folded: str) -> Iterator[tuple[str, bool]]:
    """The text from its beginning, and from each later word on."""
    words = folded.split()
    for number in range(len(words)):
        yield " ".join(words[number:]), number > 0


def completions(vocabulary: Vocabulary, lexicon: Lexicon, gazetteer: Gazetteer) -> Completions:
    """Everything that is known here."""
    return Completions([*_terms(vocabulary), *_phrases(vocabulary, lexicon), *_places(gazetteer)])


def _terms(vocabulary: Vocabulary) -> Iterator[Entry]:
    kinds: tuple[tuple[Kind, Iterable[Term]], ...] = (
        ("category", vocabulary.categories.values()),
        ("audience", vocabulary.audiences.values()),
    )
    for kind, terms in kinds:
        for term in terms:
            for text in dict.fromkeys((term.sv, term.en, *term.also)):
                own = text in {term.sv, term.en}
                yield Entry(kind, term.id, text, f"{kind}:{term.id}", size=own)


def _phrases(vocabulary: Vocabulary, lexicon: Lexicon) -> Iterator[Entry]:
    own = {(text.casefold(), chip) for text, chip in ((one.text, one.chip) for one in _terms(vocabulary))}
    for language, texts in lexicon.texts.items():
        for text, kind, value in texts:
            chip = f"{kind}:{value}"
            if (text.casefold(), chip) not in own:
                yield Entry("phrase", text, text, chip, language)


def _places(gazetteer: Gazetteer) -> Iterator[Entry]:
    for names in (gazetteer.by_name, gazetteer.by_other_name):
        for name, hits in names.items():
            for hit in hits:
                if hit.display:
                    yield Entry("place", hit.name, name, size=hit.population or 0)


def _order(one: Completion) -> tuple[int, int, int, int, str]:
    entry = one.entry
    return one.level, one.errors, -entry.size, len(entry.text), entry.text


def best(found: Sequence[Completion], kind: Kind, languages: Sequence[str], count: int) -> list[Completion]:
    """The best ones of a kind, each text and (but for places) each thing told once.

    At the same level the languages given stand first, and larger places.
    """
    rank = {language: number for number, language in enumerate(languages)}
    own = [one for one in found if one.entry.kind == kind]
    own.sort(key=lambda one: (one.level, one.errors, rank.get(one.entry.language, len(rank)), *_order(one)))
    kept: list[Completion] = []
    seen: set[str] = set()
    for one in own:
        told = {one.entry.value, one.entry.chip} - {""}
        if seen.isdisjoint(told):
            kept.append(one)
            seen |= told
        if len(kept) == count:
            break
    return kept
