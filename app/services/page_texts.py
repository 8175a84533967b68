"""The sentences of the pages: the person's in nine languages, the association's coded words in Swedish."""

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType

import yaml

_DATA = Path(__file__).resolve().parent.parent / "data"
LANGUAGES = ("sv", "en", "ar", "so", "fi", "fa", "uk", "ti", "es")
FALLBACK = "sv"
Words = Mapping[str, str]


@lru_cache
def words(language: str) -> Words:
    """All sentences in one of LANGUAGES, `name` (the language's own) and `dir` (ltr or rtl) among them."""
    text = (_DATA / "page_texts" / f"{language}.yaml").read_text(encoding="utf-8")
    return MappingProxyType(yaml.safe_load(text))


@lru_cache
def labels() -> Mapping[str, Words]:
    """What the coded words of a referral are called on the association's page, by kind and code."""
    return MappingProxyType(yaml.safe_load((_DATA / "case_labels.yaml").read_text(encoding="utf-8")))


def choose(*wished: str | None) -> str:
    """The first wished language that there are pages in, else Swedish. A wish may be an Accept-Language."""
    for wish in wished:
        for tag in (wish or "").split(",")[:20]:
            language = tag.partition(";")[0].strip().lower().partition("-")[0]
            if language in LANGUAGES:
                return language
    return FALLBACK
