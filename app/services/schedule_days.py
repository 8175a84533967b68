"""The days a schedule rule names, by arithmetic on ordinals instead of trying every day."""

from calendar import monthrange
from collections.abc import Iterator
from datetime import date
from typing import assert_never

from app.schemas.schedule import WEEKDAYS, Frequency, ScheduleRule, Weekday
from app.services.wall_clock import FIRST_DAY, LAST_DAY


def starting_days(rule: ScheduleRule, first: int, last: int) -> Iterator[int]:
    """Ordinals, ascending, of the days from `first` to `last` (inclusive) on which `rule` begins.

    Validity and `except` are obeyed; red days are not looked at. Lazy: `last` may be far away.
    """
    first = max(first, FIRST_DAY, rule.valid_from.toordinal() if rule.valid_from else 0)
    last = min(last, LAST_DAY, rule.valid_to.toordinal() if rule.valid_to else LAST_DAY)
    days = _named_days(rule, first, last)
    if not rule.except_:
        return days
    excepted = {day.toordinal() for day in rule.except_}
    return (day for day in days if day not in excepted)


def _named_days(rule: ScheduleRule, first: int, last: int) -> Iterator[int]:
    match rule.freq:
        case Frequency.WEEKLY:
            return _weekly(rule, first, last)
        case Frequency.MONTHLY:
            return _monthly(rule, first, last)
        case Frequency.ONCE:
            day = rule.date.toordinal() if rule.date else 0
            return iter((day,) if first <= day <= last else ())
        case Frequency.ALWAYS:
            return iter(range(first, last + 1))
        case _:
            assert_never(rule.freq)


def _weekdays(days: list[Weekday] | None) -> list[int]:
    return sorted(WEEKDAYS.index(day) for day in days or ())


def _weekly(rule: ScheduleRule, first: int, last: int) -> Iterator[int]:
    weekdays = _weekdays(rule.days)
    parity = {None: None, "odd": 1, "even": 0}[rule.weeks]
    # Ordinal 1 is a Monday. Odd and even are the ISO week's own number, so that week 53 is followed
    # by week 1, both odd: never every other week.
    for monday in range(first - (first - 1) % 7, last + 1, 7):
        if parity is not None and date.fromordinal(monday).isocalendar().week % 2 != parity:
            continue
        for weekday in weekdays:
            if first <= monday + weekday <= last:
                yield monday + weekday


def _monthly(rule: ScheduleRule, first: int, last: int) -> Iterator[int]:
    weekdays = _weekdays(rule.days)
    start = date.fromordinal(first)
    year, month = start.year, start.month
    while (begins := date(year, month, 1).toordinal()) <= last:
        for day in sorted(_nth_days(year, month, weekdays, rule.nth or 1)):
            if first <= begins + day <= last:
                yield begins + day
        year, month = (year, month + 1) if month < 12 else (year + 1, 1)


def _nth_days(year: int, month: int, weekdays: list[int], nth: int) -> Iterator[int]:
    """Days of the month counted from 0: the `nth` of each weekday (-1 the last), where there is one."""
    first_weekday, length = monthrange(year, month)
    for weekday in weekdays:
        first = (weekday - first_weekday) % 7
        day = first + 7 * ((length - 1 - first) // 7 if nth == -1 else nth - 1)
        if day < length:
            yield day
