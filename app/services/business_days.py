"""Days on which somebody is expected to answer: Monday to Friday, except Swedish red days."""

from datetime import UTC, datetime, timedelta

from app.services.red_days import is_red
from app.services.wall_clock import STOCKHOLM


def later(moment: datetime, days: int) -> datetime:
    """The same wall time in Stockholm `days` business days later, in UTC."""
    local = moment.astimezone(STOCKHOLM)
    while days > 0:
        local += timedelta(days=1)
        if local.weekday() < 5 and not is_red(local.date()):
            days -= 1
    return local.astimezone(UTC)
