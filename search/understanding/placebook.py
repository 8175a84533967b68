"""Places by name: what a reader of questions needs to know of a gazetteer, and a book made of one."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

from rapidfuzz import process
from rapidfuzz.distance import DamerauLevenshtein

from search.understanding.sounds import sound
from search.words import fold

SHORTEST_MISSPELT = 6  # shorter names are too like other words
SHORTEST_HEARD = 5  # of a name that sounds just the same
TWO_ERRORS_FROM = 9
TOWN = 10_000  # people
KINDS = {"kommun": 0, "ort": 1, "stadsdel": 1, "distrikt": 2, "regso": 2, "county": 3}
_REGSO_PEOPLE = 3_000  # areas without a population are drawn at about this size
MOST_MET = 50_000  # words whose places are remembered


@dataclass(frozen=True, slots=True)
class Place:
    """A place to look at. `kind`: county, region, kommun, ort, stadsdel, distrikt, regso or postcode.

    `municipality_codes`: the kommuner of a region, or none when a region is only a point with a reach.
    `radius_km`: how far "in" the place reaches; 0 when its code says it (county). `circles`: latitudes,
    longitudes and kilometres that draw an island or a province more closely than that.
    """

    name: str
    kind: str
    municipality_code: str | None
    county_code: str | None
    lat: float
    lon: float
    population: int | None = None
    municipality_codes: tuple[str, ...] = ()
    radius_km: float = 0
    circles: tuple[tuple[float, float, float], ...] = ()


class PlaceBook(Protocol):
    """Where places are looked up. Names are given as `place_key` writes them.

    `met`: what single words turned out to be called, `plain`: those that no name begins with; kept by the
    reader.
    """

    met: dict[str, tuple[Place, ...]]
    plain: set[str]

    def find(self, folded_name: str) -> Sequence[Place]:
        """Every place called so."""

    def longest(self, first_word: str) -> int:
        """How many words the longest name has that begins with this one; 0 when none does."""

    def postcode(self, digits: str) -> Place | None:
        """The place of five digits."""

    def by_code(self, code: str) -> Place | None:
        """The county of two digits or the kommun of four."""

    def misspelt(self, word: str) -> Sequence[Place]:
        """The kommuner and towns whose name sounds the same or is one letter away, a long one two."""


@lru_cache(maxsize=50_000)
def place_key(name: str) -> str:
    """A name as books know it: no case, no marks, Älgarås and AElgaras alike, hyphens as spaces."""
    plain = (
        fold(name)
        .replace("ø", "o")
        .replace("æ", "a")
        .replace("ae", "a")
        .replace("oe", "o")
        .replace("aa", "a")
    )
    return " ".join("".join(char if char.isalnum() else " " for char in plain).split())


def reach_km(kind: str, population: int | None = None) -> float:
    """How far a place of a kind reaches when it is asked for by name."""
    match kind:
        case "county" | "region":
            return 0
        case "kommun":
            return 15
        case "ort":
            return 4 if (population or 0) < 10_000 else 8
        case "postcode":
            return 5
        case _:
            return 3


def rank(place: Place) -> tuple[int, int]:
    """Larger kinds first, then by people."""
    people = place.population or (_REGSO_PEOPLE if place.kind in {"regso", "stadsdel"} else 0)
    return KINDS.get(place.kind, 2), -people


class Places:
    """A book of places in memory, made once from rows of a gazetteer."""

    def __init__(self, named: Iterable[tuple[Place, Iterable[str]]], postcodes: Mapping[str, Place]) -> None:
        """`named`: each place with its other names; its own name need not be among them."""
        found: dict[str, dict[Place, None]] = defaultdict(dict)
        self._codes: dict[str, Place] = {}
        self.met: dict[str, tuple[Place, ...]] = {}
        self.plain: set[str] = set()
        self._meant: dict[str, Sequence[Place]] = {}  # places that misspelt words were taken for
        self._one_off: dict[str, set[str]] = defaultdict(set)
        self._sounds: dict[str, set[str]] = defaultdict(set)
        self._long: set[str] = set()
        self._postcodes = postcodes
        for place, others in named:
            for name in (place.name, *others):
                found[place_key(name)][place] = None
            code = place.municipality_code if place.kind == "kommun" else place.county_code
            if place.kind in {"kommun", "county"} and code:
                self._codes[code] = place
            own = place_key(place.name)
            if not _known_to_all(place) or len(own) < SHORTEST_HEARD:
                continue
            self._sounds[sound(place.name.lower())].add(own)
            if len(own) >= SHORTEST_MISSPELT:
                for key in _one_off(own):
                    self._one_off[key].add(own)
            if len(own) >= TWO_ERRORS_FROM:
                self._long.add(own)
        self._named = {name: tuple(sorted(places, key=rank)) for name, places in found.items() if name}

        self._longest = longest_names(self._named)

    def find(self, folded_name: str) -> Sequence[Place]:
        return self._named.get(folded_name, ())

    def longest(self, first_word: str) -> int:
        return self._longest.get(first_word, 0)

    def postcode(self, digits: str) -> Place | None:
        return self._postcodes.get(digits)

    def by_code(self, code: str) -> Place | None:
        return self._codes.get(code)

    def misspelt(self, word: str) -> Sequence[Place]:
        known = self._meant.get(word)
        if known is None:
            known = self._nearly_called(word)
            if len(self._meant) < MOST_MET:
                self._meant[word] = known
        return known

    def _nearly_called(self, word: str) -> Sequence[Place]:
        folded_name = fold(word)
        if len(folded_name) < SHORTEST_HEARD:
            return ()
        names = set(self._sounds.get(sound(word), ()))
        if len(folded_name) >= SHORTEST_MISSPELT:
            names |= {name for key in _one_off(folded_name) for name in self._one_off.get(key, ())}
        if not names and len(folded_name) >= TWO_ERRORS_FROM:
            alike = [name for name in self._long if name[0] == folded_name[0]]
            best = process.extractOne(
                folded_name, sorted(alike), scorer=DamerauLevenshtein.distance, score_cutoff=2, processor=None
            )
            names |= {str(best[0])} if best else set()
        return [place for name in sorted(names) for place in self._named[name] if _known_to_all(place)]


def _known_to_all(place: Place) -> bool:
    return place.kind == "kommun" or (place.kind == "ort" and (place.population or 0) >= TOWN)


def longest_names(names: Iterable[str]) -> dict[str, int]:
    """First word of a name → how many words the longest such name has."""
    found: dict[str, int] = {}
    for name in names:
        words = name.split()
        found[words[0]] = max(found.get(words[0], 0), len(words))
    return found


def _one_off(name: str) -> Iterator[str]:
    """The name and what is left without each letter: names one letter apart share one of these."""
    yield name
    for index in range(len(name)):
        yield name[:index] + name[index + 1 :]
