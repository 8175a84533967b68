"""What a listing's own words tell that no field does: cancelled, full, for professionals."""

import re
from functools import lru_cache
from pathlib import Path

import yaml

from search.words import fold


@lru_cache(maxsize=1)
def _patterns() -> dict[str, dict[str, re.Pattern[str]]]:
    path = Path(__file__).parent / "data" / "signs.yaml"
    written: dict[str, dict[str, list[str]]] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return {
        sign: {
            where: re.compile(r"\b(?:" + "|".join(re.escape(fold(phrase)) for phrase in phrases) + r")\b")
            for where, phrases in places.items()
        }
        for sign, places in written.items()
    }


def signs_of(title: str, summary: str, description: str) -> frozenset[str]:
    """The signs of `search/data/signs.yaml` that the texts give."""
    texts = {"title": fold(title), "any": fold(f"{title}. {summary}")}
    texts["text"] = f"{texts['any']}. {fold(description)}"
    return frozenset(
        sign
        for sign, places in _patterns().items()
        if any(pattern.search(texts[where]) for where, pattern in places.items())
    )
