"""Swedish compounds taken apart: `sorgegrupp` is sorge + grupp.

The words come from a spelling dictionary (its licence lies beside the file), the domain's own first and
last parts from `search/data/compounds.yaml`. Names of places are never split: the caller leaves them out.
"""

import gzip
from functools import lru_cache
from pathlib import Path

import yaml

from search.words import fold

DATA = Path(__file__).parent.parent / "data"
SHORTEST_PART = 3
SHORTEST_WHOLE = 7
SHORTEST_DEFINITE = 5
_ENDINGS = (
    "", "en", "et", "n", "t", "er", "ar", "or", "na", "erna", "arna", "orna", "s", "ens", "ets", "a", "e",
)  # fmt: skip


class _Parts:
    def __init__(self) -> None:
        self.begins: set[str] = set()
        self.ends: set[str] = set()
        self.words: set[str] = set()
        with gzip.open(DATA / "swedish_words.txt.gz", "rt", encoding="utf-8") as file:
            for line in file:
                word, _, roles = line.rstrip("\n").partition(" ")
                plain = fold.__wrapped__(word)  # no room in the cache for a whole dictionary
                self.words.add(plain)
                if "b" in roles:
                    self.begins.add(plain)
                if "e" in roles:
                    self.ends.add(plain)
        own = yaml.safe_load((DATA / "compounds.yaml").read_text(encoding="utf-8"))
        self.begins.update(fold(word) for word in own["first"])
        self.ends.update(fold(word) for word in own["last"])
        self.domain = frozenset(fold(word) for word in (*own["first"], *own["last"]))
        self.whole = frozenset(fold(word) for word in own["whole"])


@lru_cache(maxsize=1)
def _known() -> _Parts:
    return _Parts()


@lru_cache(maxsize=50_000)
def is_word(folded: str) -> bool:
    """Whether the dictionary has the word, as it stands or without a common ending."""
    words = _known().words
    return any(folded.endswith(end) and folded[: len(folded) - len(end)] in words for end in _ENDINGS)


def indefinite(word: str) -> tuple[str, ...]:
    """The dictionary's words that one in lower case may be the definite or neuter form of: "paddan" is padda.

    The stemmer leaves -an, -on, -et and -t, so "schacket" and "schack" share no stem.
    """
    words = _known().words
    if len(word) < SHORTEST_DEFINITE or word[-1] not in "nt" or fold(word) in words:
        return ()
    cuts = [1, 2] if word[-2:] in {"en", "et"} else [1]
    if word[-4:] in {"mmen", "mmet", "nnen", "nnet"}:  # rummet
        cuts.append(3)
    return tuple(word[:-cut] for cut in cuts if fold(word[:-cut]) in words)


def _is_last(folded: str) -> bool:
    ends = _known().ends
    return any(
        folded.endswith(end)
        and len(folded) - len(end) >= SHORTEST_PART
        and folded[: len(folded) - len(end)] in ends
        for end in _ENDINGS
    )


def _is_first(folded: str) -> bool:
    known = _known()
    return (
        folded in known.begins
        or (folded.endswith("s") and (folded[:-1] in known.begins or folded[:-1] in known.ends))
        or folded in known.ends
    )


@lru_cache(maxsize=50_000)
def parts(folded: str) -> tuple[str, ...]:
    """The parts of a folded compound, first to last; empty when it is none.

    Of several ways to split, one whose parts the domain knows wins, then the longest last part.
    """
    known = _known()
    if len(folded) < SHORTEST_WHOLE or folded in known.whole or not folded.isalpha():
        return ()
    ways: list[tuple[int, int, tuple[str, ...]]] = []
    needed = 2 if is_word(folded) else 0  # what the dictionary has as a word must be the domain's to be split
    for cut in range(SHORTEST_PART, len(folded) - SHORTEST_PART + 1):
        first, last = folded[:cut], folded[cut:]
        if not _is_first(first):
            continue
        if _is_last(last) and _familiar(first) + _familiar(last) >= needed:
            ways.append((_familiar(first) + _familiar(last), len(last), (first, last)))
        elif not needed and len(last) >= SHORTEST_WHOLE and (rest := parts(last)):
            ways.append((_familiar(first), 0, (first, *rest)))
    return max(ways, default=(0, 0, ()))[2]


def _familiar(part: str) -> int:
    domain = _known().domain
    return int(any(part.endswith(end) and part[: len(part) - len(end)] in domain for end in _ENDINGS))
