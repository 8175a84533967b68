"""What a status means to the person, in words anybody understands."""

from functools import lru_cache
from pathlib import Path

import yaml

from app.models import Referral

_FILE = Path(__file__).resolve().parent.parent / "data" / "referral_texts.yaml"
FALLBACK = "sv"


@lru_cache
def _texts() -> dict[str, dict[str, str]]:
    texts: dict[str, dict[str, str]] = yaml.safe_load(_FILE.read_text(encoding="utf-8"))
    return texts


def headline(referral: Referral, language: str | None) -> tuple[str, str]:
    """The sentence for the referral's status, and the language it is in."""
    # Taken back by herself it is shredded at once; staff who take it back may give the same reason.
    herself = referral.reason == "withdrawn" and referral.shredded_at is not None
    key = "withdrawn" if herself else referral.status
    texts = _texts()
    sentences = texts[key]
    if referral.mode == "code":
        sentences = texts.get(f"{key}-code", sentences)
    spoken = language if language in sentences else FALLBACK
    return sentences[spoken], spoken
