"""Schedule rules as the index holds them: regular weekly hours where there are such, else slots.

The rules are read by `app.services.schedules` alone; weekly hours are only a shorter way to write what that
module says, and the days of the horizon on which the two differ are spelt out.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from app.schemas.listing import Kind, ListingIn
from app.schemas.schedule import WEEKDAYS, Frequency, ScheduleRule
from app.services.red_days import is_red
from app.services.schedules import Occurrence, occurrences
from search.documents import (
    ALWAYS_FROM,
    ALWAYS_TO,
    HORIZON_DAYS,
    PART_LEAST,
    PART_MINUTES,
    PARTS,
    SLOTS_A_DAY,
    Hours,
)

STOCKHOLM = ZoneInfo("Europe/Stockholm")
DAY = 1440
Stretch = tuple[int, int]  # minutes after local midnight: from (included), to (excluded)
Days = Mapping[int, list[Stretch]]  # by day ordinal


class _Regular(NamedTuple):
    by_weekday: list[list[Stretch]]
    first: int
    last: int


def rules_of(record: ListingIn) -> list[ScheduleRule]:
    """The rules that say when a listing is on: a support line's are those of all its contacts."""
    if record.kind is Kind.SUPPORT_LINE:
        return [rule for contact in record.contacts or [] for rule in contact.hours or []]
    return list(record.schedule or [])


def hours(rules: Sequence[ScheduleRule], today: date) -> Hours:
    """What the index keeps of the rules, for the 26 weeks from today."""
    if not rules:
        return Hours()
    start = datetime.combine(today, time(), STOCKHOLM)
    end = datetime.combine(today + timedelta(days=HORIZON_DAYS), time(), STOCKHOLM)
    seen = list(occurrences(rules, start, end))
    certain = _by_day(one for one in seen if one.certainty == "certain")
    unknown = _by_day(one for one in seen if one.certainty == "unknown" and one.hours_known)
    days_only = {
        one.start.toordinal() for one in seen if not one.hours_known and not is_red(one.start.date())
    }
    first, last = today.toordinal(), today.toordinal() + HORIZON_DAYS - 1
    certain = {day: stretches for day, stretches in certain.items() if first <= day <= last}
    unknown = {day: stretches for day, stretches in unknown.items() if first <= day <= last}
    parts = {
        (day, part)
        for day, stretches in certain.items()
        for begin, until in stretches
        for part in _parts(begin, until)
    }
    found = Hours(
        hours_known=True,
        always_open=any(is_round_the_clock(rule) for rule in rules),
        occurrence_days=sorted(certain.keys() | days_only),
        occurrence_parts=sorted(day * 4 + part for day, part in parts),
        day_parts=sorted(
            f"{weekday}-{PARTS[part]}" for weekday, part in {(_weekday(day), part) for day, part in parts}
        ),
        unknown_days=sorted(unknown.keys() - certain.keys()),
        next_start=_next_start(seen, start),
    )
    if found.always_open:
        return found
    regular = _regular(rules)
    spelt_out: Iterable[int] = range(first, last + 1)
    if regular is not None:
        found.closed_days, doubtful, spelt_out = _exceptions(regular, certain, unknown, first, last)
        found.unknown_days = sorted({*found.unknown_days, *doubtful})
        _state(regular, found)
    found.slots = sorted(_slots(certain, spelt_out))
    found.unknown_slots = sorted(_slots(unknown, spelt_out) - set(found.slots))
    return found


def _state(regular: _Regular, found: Hours) -> None:
    found.valid_from_day, found.valid_to_day = regular.first, regular.last
    for weekday, stretches in enumerate(regular.by_weekday):
        for letter, (begin, until) in zip("ab", stretches, strict=False):
            setattr(found, f"o{weekday}{letter}_f", begin)
            setattr(found, f"o{weekday}{letter}_t", until)


def _weekday(day: int) -> int:
    return (day + 6) % 7  # 0001-01-01 was a Monday


def is_round_the_clock(rule: ScheduleRule) -> bool:
    return (
        rule.freq is Frequency.ALWAYS
        and rule.red_days != "closed"
        and not any((rule.from_, rule.to, rule.valid_from, rule.valid_to, rule.except_))
    )


def _minute(moment: datetime) -> int:
    return moment.hour * 60 + moment.minute


def _merged(stretches: list[Stretch]) -> list[Stretch]:
    merged: list[Stretch] = []
    for begin, until in sorted(stretches):
        if merged and begin <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(until, merged[-1][1]))
        else:
            merged.append((begin, until))
    return merged


def _by_day(seen: Iterable[Occurrence]) -> dict[int, list[Stretch]]:
    days: dict[int, list[Stretch]] = defaultdict(list)
    for one in seen:
        day, last = one.start.toordinal(), one.end.toordinal()
        begin, until = _minute(one.start), _minute(one.end)
        while day < last:
            days[day].append((begin, DAY))
            day, begin = day + 1, 0
        if until > begin:
            days[day].append((begin, until))
    return {day: _merged(stretches) for day, stretches in days.items()}


@lru_cache(maxsize=4096)  # a listing has few different stretches, on many days
def _parts(begin: int, until: int) -> tuple[int, ...]:
    return tuple(
        number
        for number, part in enumerate(PARTS)
        if any(
            min(until, high) - max(begin, low) >= min(PART_LEAST, until - begin)
            for low, high in PART_MINUTES[part]
        )
    )


def _slots(days: Days, which: Iterable[int]) -> set[int]:
    return {
        day * SLOTS_A_DAY + slot
        for day in which
        for begin, until in days.get(day, [])
        for slot in range(begin // 5, -(-until // 5))
    }


def _next_start(seen: Sequence[Occurrence], start: datetime) -> int | None:
    for one in seen:
        if one.certainty == "certain":
            return int(max(one.start, start).timestamp() // 60)
    return None


def _regular(rules: Sequence[ScheduleRule]) -> _Regular | None:
    """The weekly hours that the rules state, when they can be stated so."""
    if any(rule.freq is not Frequency.WEEKLY or rule.weeks or rule.from_ is None for rule in rules):
        return None
    validities = {(rule.valid_from, rule.valid_to) for rule in rules}
    if len(validities) > 1:
        return None
    week: list[list[Stretch]] = [[] for _ in WEEKDAYS]
    for rule in rules:
        begin, until = (int(at[:2]) * 60 + int(at[3:]) for at in (rule.from_ or "", rule.to or ""))
        for name in rule.days or []:
            day = WEEKDAYS.index(name)
            if until > begin:
                week[day].append((begin, until))
            else:
                week[day].append((begin, DAY))
                if until:
                    week[(day + 1) % 7].append((0, until))
    week = [_merged(stretches) for stretches in week]
    if max(len(stretches) for stretches in week) > 2:
        return None
    ((valid_from, valid_to),) = validities
    return _Regular(
        week,
        valid_from.toordinal() if valid_from else ALWAYS_FROM,
        valid_to.toordinal() if valid_to else ALWAYS_TO,
    )


def _exceptions(
    regular: _Regular, certain: Days, unknown: Days, first: int, last: int
) -> tuple[list[int], list[int], list[int]]:
    """The days on which the weekly hours do not hold: closed, not known, and those with other hours."""
    closed, doubtful, other = [], [], []
    for day in range(first, last + 1):
        inside = regular.first <= day <= regular.last
        expected = regular.by_weekday[_weekday(day)] if inside else []
        on, maybe = certain.get(day, []), unknown.get(day, [])
        if on == expected and not maybe:
            continue
        if not on and maybe == expected:
            doubtful.append(day)
        else:
            closed.append(day)
            if on or maybe:
                other.append(day)
    return closed, doubtful, other
