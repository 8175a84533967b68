"""Filters for moments, days and parts of days. Every moment is Swedish local time."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Literal

from search.documents import HORIZON_DAYS, PARTS, SLOTS_A_DAY
from search.filters import And, AtLeast, AtMost, Between, Equals, Filter, In, Not, Or, any_of


def open_at(moment: datetime, *, or_unknown: bool = False) -> Filter:
    """Open at a moment; `or_unknown` takes in what may be open, or tells no hours."""
    day, minute, weekday = moment.toordinal(), moment.hour * 60 + moment.minute, moment.weekday()
    slot = day * SLOTS_A_DAY + minute // 5
    hours = any_of(
        And((AtMost(f"o{weekday}{letter}_f", minute), AtLeast(f"o{weekday}{letter}_t", minute + 1)))
        for letter in "ab"
    )
    regular: list[Filter] = [
        hours,
        AtMost("valid_from_day", day),
        AtLeast("valid_to_day", day),
        Not(Equals("closed_days", day)),
    ]
    if not or_unknown:
        regular.append(Not(Equals("unknown_days", day)))
    ways: list[Filter] = [Equals("always_open", True), And(tuple(regular)), Equals("slots", slot)]
    if or_unknown:
        ways += [Equals("unknown_slots", slot), Equals("hours_known", False)]
    return Or(tuple(ways))


def on_days(
    first: date | None,
    last: date | None,
    weekdays: Iterable[int],
    parts: Iterable[int],
    *,
    today: date,
    or_unknown: bool = False,
    weeks: Literal["odd", "even"] | None = None,
) -> Filter | None:
    """On at some time between the days (both included), on one of the weekdays, in one of the parts of day.

    `weeks`: only in ISO weeks of an odd or an even number. None when nothing is asked. Days are told up to
    the horizon of the index: nothing is known to be on after it.
    """
    days, times = set(weekdays), sorted(set(parts))
    if first is None and last is None and weeks is None:
        if not days and not times:
            return None
        names = [
            f"{day}-{PARTS[part]}" for day in sorted(days or range(7)) for part in times or range(len(PARTS))
        ]
        return _or_no_hours(In("day_parts", tuple(names)), or_unknown=or_unknown)
    start = (first or today).toordinal()
    end = last.toordinal() if last else start + HORIZON_DAYS
    if not days and not times and weeks is None:
        wanted: Filter = Between("occurrence_days", start, end)
        if or_unknown:
            wanted = Or((wanted, Between("unknown_days", start, end)))
        return _or_no_hours(wanted, or_unknown=or_unknown)
    told = [
        day
        for day in range(max(start, today.toordinal()), min(end, today.toordinal() + HORIZON_DAYS) + 1)
        if (not days or (day + 6) % 7 in days) and (weeks is None or _weeks_of(day) == weeks)
    ]
    wanted = In("occurrence_parts", tuple(day * 4 + part for day in told for part in times or range(4)))
    return _or_no_hours(wanted, or_unknown=or_unknown)


def _weeks_of(day: int) -> Literal["odd", "even"]:
    return "odd" if date.fromordinal(day).isocalendar().week % 2 else "even"


def _or_no_hours(wanted: Filter, *, or_unknown: bool) -> Filter:
    return Or((wanted, Equals("hours_known", False))) if or_unknown else wanted
