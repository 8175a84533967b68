"""Whether a listing takes people: what was said holds for 30 days, or until the day that was named."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

HOLDS_DAYS = 30


def holds(capacity: Mapping[str, Any] | None, today: date) -> bool:
    """Whether this (as the exchange format writes it) still tells how it is. Without a date it does."""
    if not capacity or has_ended(capacity, today):
        return False
    if capacity.get("until"):
        return True
    said = capacity.get("as_of")
    return said is None or today - date.fromisoformat(said) <= timedelta(days=HOLDS_DAYS)


def has_ended(capacity: Mapping[str, Any], today: date) -> bool:
    """Whether the last day that was named is over."""
    return bool(capacity.get("until")) and date.fromisoformat(capacity["until"]) < today


def is_full(capacity: Mapping[str, Any] | None, today: date) -> bool:
    """Whether the listing has said that it takes nobody, and that still holds."""
    return capacity is not None and capacity.get("status") == "full" and holds(capacity, today)
