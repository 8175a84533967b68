"""When something is on, and whether it is open: for schedules and for contacts' hours alike.

Pure functions of schedule rules. What the rules leave unsaid is said as unknown, never guessed:

- A rule's occurrence belongs to the day it begins: validity, `except` and red days ask about that day,
  also when it ends after midnight.
- On a red day (`app.services.red_days`) `red_days` says open or closed; absent, it is unknown. A `once`
  rule names its date and always holds there; `always` without `red_days` holds on red days too.
- A rule without hours tells the day only: an occurrence from midnight to midnight, unknown, with
  `hours_known` false.
- `always` has one occurrence a day, midnight to midnight.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from heapq import merge
from typing import Final, Literal, NamedTuple

from app.schemas.schedule import Frequency, ScheduleRule
from app.services.red_days import is_red
from app.services.schedule_days import starting_days
from app.services.wall_clock import (
    DAY,
    DAY_MINUTES,
    END_OF_TIME,
    instant,
    local_time,
    minute_of_day,
    moment,
    utc_day,
)

Certainty = Literal["certain", "unknown"]
State = Literal["open", "closed", "unknown"]

# How far ahead a change of state is looked for: a year, leap day included.
HORIZON: Final = 366 * DAY


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One time something is on, from `start` up to `end`, both aware in Europe/Stockholm.

    Subtract and compare in UTC (`start.astimezone(UTC)`): within one zone Python does it by wall clock,
    an hour wrong on the nights the clock is changed. `certainty` is "unknown" when it may be on.
    """

    start: datetime
    end: datetime
    certainty: Certainty
    note: str | None = None
    hours_known: bool = True


@dataclass(frozen=True, slots=True)
class OpenState:
    """The state at a moment. `until` (aware, Europe/Stockholm) is when it next changes.

    `until` is None when the state stays for a year at least.
    """

    state: State
    until: datetime | None


class _Span(NamedTuple):
    """An occurrence with its instants first, so that spans sort by time; the certain of equals leads."""

    start: int
    end: int
    note: str
    doubt: bool
    rule: int
    occurrence: Occurrence


def occurrences(rules: Sequence[ScheduleRule], start: datetime, end: datetime) -> Iterator[Occurrence]:
    """Every occurrence that overlaps [start, end), whole, in order of start and then end.

    Where rules coincide in start, end and note there is one occurrence, certain if any of them is.
    Lazy, so a caller may stop early; the length of the window is the caller's to limit.
    ValueError when a moment has no time zone or `end` is before `start`.
    """
    since, before = instant(start), instant(end)
    if before < since:
        raise ValueError("the window ends before it starts")
    return (span.occurrence for span in _spans(rules, since, before))


def next_occurrence(rules: Sequence[ScheduleRule], after: datetime) -> Occurrence | None:
    """The occurrence under way at `after`, or else the next to start; None when there is none to come.

    Of several under way, the one that started first. For the one after it, ask again from its end.
    ValueError when `after` has no time zone.
    """
    span = next(_spans(rules, instant(after), END_OF_TIME), None)
    return span.occurrence if span else None


def open_state(rules: Sequence[ScheduleRule], at: datetime) -> OpenState:
    """Whether it is open at `at`, and when that changes.

    Open when a certain occurrence covers the moment, unknown when only doubtful ones do, else closed;
    the end of an occurrence is outside it. Occurrences that overlap or touch are one opening. Without
    any rule nothing is known, and the state is unknown. ValueError when `at` has no time zone.
    """
    now = instant(at)
    if not rules:
        return OpenState("unknown", None)
    state, end = _stretch(_spans(rules, now, now + HORIZON + 1), now)
    return OpenState(state, local_time(end) if now < end <= now + HORIZON else None)


def _stretch(spans: Iterator[_Span], now: int) -> tuple[State, int]:
    """The state at `now` and when it ends, as far as `spans` (those that end after `now`) tell.

    An end that equals `now` means that they tell of none.
    """
    state: State = "closed"
    end = now
    for span in spans:
        kind: State = "unknown" if span.doubt else "open"
        if span.start <= now:
            if kind == state:
                end = max(end, span.end)
            elif state != "open":
                state, end = kind, span.end
        elif state == "closed":
            return state, span.start
        elif span.start > end:
            break
        elif kind == state:
            end = max(end, span.end)
        elif kind == "open":
            return state, span.start
    return state, end


def _spans(rules: Sequence[ScheduleRule], since: int, before: int) -> Iterator[_Span]:
    """Spans that overlap [since, before), in order, equals told once."""
    told: tuple[int, int, str] | None = None
    for span in merge(*(_spans_of(rule, index, since, before) for index, rule in enumerate(rules))):
        if span[:3] != told:
            told = span[:3]
            yield span


def _spans_of(rule: ScheduleRule, index: int, since: int, before: int) -> Iterator[_Span]:
    from_ = minute_of_day(rule.from_) if rule.from_ else 0
    to = minute_of_day(rule.to) if rule.to else DAY_MINUTES
    if to <= from_:
        to += DAY_MINUTES
    hours_known = rule.freq is Frequency.ALWAYS or rule.from_ is not None
    asks_red_days = rule.red_days != "open" and not _says_its_red_days(rule)
    # The day in Sweden is UTC's or the one after it, and an occurrence ends the day after it begins.
    for day in starting_days(rule, utc_day(since) - 1, utc_day(before) + 1):
        doubt = not hours_known
        if asks_red_days and is_red(date.fromordinal(day)):
            if rule.red_days == "closed":
                continue
            doubt = True
        start, end = moment(day, from_), moment(day, to)
        if start.instant >= before:
            return
        # Hours that fall wholly inside the skipped hour of a spring night are not held.
        if end.instant <= since or end.instant <= start.instant:
            continue
        certainty: Certainty = "unknown" if doubt else "certain"
        occurrence = Occurrence(start.local, end.local, certainty, rule.note, hours_known)
        yield _Span(start.instant, end.instant, rule.note or "", doubt, index, occurrence)


def _says_its_red_days(rule: ScheduleRule) -> bool:
    return rule.freq is Frequency.ONCE or (rule.freq is Frequency.ALWAYS and rule.red_days is None)
