"""How long ago someone said that a listing is still true."""

from datetime import date
from typing import Literal

Freshness = Literal["fresh", "aging", "stale", "unknown"]
# Whole months after which a listing is aging and stale; a wrong number to a support line hurts most.
_MONTHS = {"activity": (6, 12), "meeting_place": (6, 12), "support_line": (3, 6)}
_UNPUBLISHED_AFTER_MONTHS = 18


def _months_since(day: date, today: date) -> int:
    return (today.year - day.year) * 12 + today.month - day.month - (today.day < day.day)


def freshness(kind: str, confirmed_on: date | None, today: date) -> Freshness:
    """fresh, aging or stale by the kind's months; unknown when nobody has confirmed it."""
    if confirmed_on is None:
        return "unknown"
    aging, stale = _MONTHS[kind]
    months = _months_since(confirmed_on, today)
    return "fresh" if months < aging else "aging" if months < stale else "stale"


def is_too_old(confirmed_on: date | None, today: date) -> bool:
    """Whether a listing was confirmed so long ago (18 months) that it is no longer found."""
    return confirmed_on is not None and _months_since(confirmed_on, today) >= _UNPUBLISHED_AFTER_MONTHS
