"""Endings of place names in Swedish, Finnish, Somali, Arabic and Ukrainian: "Kisatrakten", "Tukholmassa"."""

import re
from functools import lru_cache

from search.understanding.compounds import is_word
from search.understanding.pieces import folded_set

_SWEDISH_ENDING = re.compile(r"(.{3,}?)(?:s?omradet|s?regionen|s?bor?|s?borna|'s|s)$")
_AROUND_ENDING = re.compile(r"(.{2,}?)s?(?:trakten|trakterna|bygden|hallet|krokarna)$")
# What lies so is no place: "landsbygden", "uppehållet".
_LANDSCAPES = folded_set(
    "an andra av ben berg bergs bi bruks by dal fjäll för gles gräns gruv hem inlands inne jordbruks kust"
    " land landskaps nord norr odlings om sam samma sjö skog slätt socken syd söder tjäll upp uppe vad väst"
    " väster åt öst öster"
)
_FINNISH_ENDING = re.compile(r"(.{4,}?)(?:i?ssa|i?sta|i?lla|i?lta|i?lle|an|en|on|in|n)$")
_SOMALI_ENDING = re.compile(r"(.{5,}?)(?:ka|ga|da|ta)$")
_ARABIC_BEGINNING = re.compile(r"(?:و?ب|و?ل|ال|و)(.{4,})$")
_CYRILLIC_ENDING = re.compile(r"(.{3,}?)(?:і|и|у|а|ї|ю|ом|ою|ем|ові)$")
_FINNISH_CASES = ("ssa", "sta", "lla", "lta", "lle")
_FINNISH_NAMES = folded_set("tukholma uumaja luulaja haaparanta göteborgi kiiruna")


@lru_cache(maxsize=20_000)
def without_ending(key: str) -> tuple[tuple[str, bool], ...]:
    """What a name may be without its ending, and whether small places count too."""
    found: list[tuple[str, bool]] = []
    if match := _AROUND_ENDING.fullmatch(key):  # "Kisatrakten", "Ljungdalsbygden"
        told = match[1] not in _LANDSCAPES and not is_word(key)
        found += [(name, told) for name in (match[1], match[1] + "en", match[1] + "n")]
    elif match := _SWEDISH_ENDING.fullmatch(key):
        found.append((match[1], key == f"{match[1]}s"))
    if key.isascii():
        for ending in (_FINNISH_ENDING, _SOMALI_ENDING):
            match = ending.fullmatch(key)
            if match and (ending is _SOMALI_ENDING or key.endswith(_FINNISH_CASES)):
                found.append((match[1], False))
            elif match:  # the short endings are those of Swedish words too
                found += [(name, False) for name in (match[1], match[1] + "i") if name in _FINNISH_NAMES]
    elif match := _ARABIC_BEGINNING.match(key):
        found.append((match[1], False))
    elif match := _CYRILLIC_ENDING.fullmatch(key):
        found += [(match[1] + ending, False) for ending in ("", "а", "ь", "я", "о", "е")]
    return tuple(found)
