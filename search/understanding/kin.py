"""Words narrower than a category: who asks for a choir is shown choirs before other music."""

from collections import defaultdict
from functools import lru_cache
from typing import Any, cast

from search.understanding.pieces import read_data
from search.words import key


@lru_cache(maxsize=1)
def _asked() -> dict[str, frozenset[str]]:
    """Key of a word that is asked with → keys of the words of listings that are about just that."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for group in cast(list[dict[str, Any]], read_data("kin.yaml")):
        told = {key(word) for word in group["text"]}
        for word in group["say"]:
            found[key(word)] |= told
    return {word: frozenset(told) for word, told in found.items()}


def kin(word: str) -> frozenset[str]:
    """The keys of the words to look for in listings, of a word in a question known by its key."""
    return _asked().get(word, frozenset())
