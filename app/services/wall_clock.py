"""Wall time in Sweden and the instants it stands for.

Days are proleptic ordinals (`date.toordinal`), wall times are minutes from the day's midnight, and
instants are whole microseconds since 1970-01-01T00:00Z. Two aware datetimes of one zone compare by their
wall clock in Python, which is wrong when the clock is turned back; instants have no such trap.
"""

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

STOCKHOLM: Final = ZoneInfo("Europe/Stockholm")
DAY_MINUTES: Final = 24 * 60
DAY: Final = 24 * 60 * 60 * 1_000_000  # as a difference of instants
# The first and last day schedules reach: a year inside Python's calendar, so that no step leaves it.
FIRST_DAY: Final = date(2, 1, 1).toordinal()
LAST_DAY: Final = date(9998, 12, 31).toordinal()

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_DAY: Final = date(1970, 1, 1).toordinal()
END_OF_TIME: Final = (LAST_DAY + 1 - _EPOCH_DAY) * DAY
_MICROSECOND: Final = timedelta(microseconds=1)


def today() -> date:
    """The day it is in Sweden."""
    return datetime.now(STOCKHOLM).date()


class Moment(NamedTuple):
    """An instant, and the same as a datetime in Europe/Stockholm."""

    instant: int
    local: datetime


def instant(at: datetime) -> int:
    """Microseconds since the epoch; ValueError for a datetime without time zone."""
    if at.utcoffset() is None:
        raise ValueError("a datetime without time zone names no instant")
    return (at - _EPOCH) // _MICROSECOND


def minute_of_day(wall_time: str) -> int:
    """Minutes from midnight of "HH:MM"; "24:00" is 1440."""
    return int(wall_time[:2]) * 60 + int(wall_time[3:])


def utc_day(at: int) -> int:
    """Ordinal of the day in UTC; the day in Sweden is this one or the next."""
    return at // DAY + _EPOCH_DAY


@lru_cache(maxsize=16384)
def moment(day: int, minute: int) -> Moment:
    """The instant when clocks in Sweden show `minute` of `day`; 1440 and more are the next days.

    A time that occurs twice (the hour when summer time ends) is its first occurrence, as RFC 5545
    §3.3.5 reads it. A time that does not occur (summer time begins) is the moment the clock jumps.
    So a later wall time is never an earlier instant.
    """
    days, minute = divmod(minute, DAY_MINUTES)
    wall = datetime.fromordinal(day + days) + timedelta(minutes=minute)
    local = wall.replace(tzinfo=STOCKHOLM)
    at = instant(local)
    if local.utcoffset() == local.replace(fold=1).utcoffset():
        return Moment(at, local)
    there = local_time(at)
    if there.replace(tzinfo=None, fold=0) == wall:
        return Moment(at, local)
    jump = _jump(instant(local.replace(fold=1)), at)
    return Moment(jump, local_time(jump))


def local_time(at: int) -> datetime:
    """The instant as a datetime in Europe/Stockholm; `fold` tells the second of a repeated hour."""
    return (_EPOCH + timedelta(microseconds=at)).astimezone(STOCKHOLM)


def _jump(before: int, after: int) -> int:
    """The first instant in (before, after] with the offset of `after`."""
    offset = local_time(after).utcoffset()
    while after - before > 1:
        middle = (before + after) // 2
        if local_time(middle).utcoffset() == offset:
            after = middle
        else:
            before = middle
    return after
