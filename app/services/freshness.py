"""How long ago someone said that a listing is still true."""

from datetime import date
from typing import Literal

from app.schemas.listing import Kind

Freshness = Literal["fresh", "aging", "stale"]
# Months after which a listing is aging and stale; a wrong number to a support line hurts most.
_MONTHS: dict[Kind, tuple[int, int]] = {
    Kind.ACTIVITY: (6, 12),
    Kind.MEETING_PLACE: (6, 12),
    Kind.SUPPORT_LINE: (3, 6),
}
UNPUBLISHED_AFTER_MONTHS = 18


def months_before(day: date, months: int) -> date:
    """The same day of the month, `months` earlier; the 28th where the month is shorter."""
    years, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    return date(years, month + 1, min(day.day, 28) if day.day > 28 else day.day)


def freshness(kind: Kind, confirmed_on: date | None, today: date) -> Freshness:
    """fresh, aging or stale; a listing nobody has confirmed is stale."""
    aging, stale = _MONTHS[kind]
    if confirmed_on is None or confirmed_on <= months_before(today, stale):
        return "stale"
    return "aging" if confirmed_on <= months_before(today, aging) else "fresh"
