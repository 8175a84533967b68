"""Candidates in the order of how well they fit."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from search.features import sought
from search.fit import WEIGHTS, Candidate, Judge, Weights
from search.wishes import Wishes


@dataclass(frozen=True, slots=True)
class Ranked:
    candidate: Candidate
    score: float


def telling(candidates: Iterable[Candidate], words: Mapping[str, float]) -> dict[str, float]:
    """How telling each word is among the candidates: 1 for one that few have, near 0 when all have it."""
    texts = [candidate.features.words for candidate in candidates]
    size = len(texts) + 1
    found: dict[str, float] = {}
    for word in words:
        wanted = sought(word)
        count = sum([wanted in text for text in texts])
        found[word] = math.log((size + 1) / (count + 0.5)) / math.log((size + 1) / 0.5) if count else 0.3
    return found


def rank(
    candidates: Iterable[Candidate],
    wishes: Wishes,
    today: int,
    weights: Weights = WEIGHTS,
    *,
    elsewhen: bool = False,
) -> list[Ranked]:
    """The candidates, the best first; of a series only the best. Equal ones keep a fixed order, by id."""
    pool = list(candidates)
    judge = Judge(wishes, telling(pool, wishes.words), today, weights, elsewhen=elsewhen)
    scored = [Ranked(candidate, judge.score(candidate)) for candidate in pool]
    scored.sort(key=lambda one: (-one.score, one.candidate.id))
    seen: set[str] = set()
    kept: list[Ranked] = []
    for one in scored:
        features = one.candidate.features
        if features.listing_id in seen or features.series in seen:
            continue
        seen |= {features.listing_id, features.series}
        kept.append(one)
    return kept
