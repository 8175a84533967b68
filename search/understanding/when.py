"""A wish about time as a value: its short notation, read back from a client, and its words."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, time
from typing import Literal

from search.documents import PARTS

Weeks = Literal["odd", "even"]
WEEKDAYS = ("mo", "tu", "we", "th", "fr", "sa", "su")
NOW = "now"
WORKDAYS, WEEKEND = frozenset(range(5)), frozenset({5, 6})
MOST_DAYS = 366
_DATE = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
_SPAN = re.compile(rf"({_DATE})\.\.({_DATE})")
_CLOCK = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])")
_YEARS = range(2000, 2200)


@dataclass(frozen=True, slots=True)
class When:
    """What must hold of the time. Nothing set means any.

    `first` to `last` are days in Sweden, both included. `weekdays`: Monday is 0. `parts` are places in
    `search.documents.PARTS`. `at` is a local clock time when it should be on. `now`: open at the moment of
    asking. `weeks`: ISO weeks.
    """

    first: date | None = None
    last: date | None = None
    weekdays: frozenset[int] = frozenset()
    parts: frozenset[int] = frozenset()
    at: time | None = None
    now: bool = False
    weeks: Weeks | None = None

    @property
    def value(self) -> str:
        """The notation `DAYS/PART[/WEEKS]` or `now`: `su/evening`, `2026-12-24..2026-12-26/`, `tu//odd`."""
        if self.now:
            return NOW
        days = ",".join(WEEKDAYS[day] for day in sorted(self.weekdays))
        if self.first and self.last:
            days = f"{self.first}..{self.last}"
        part = f"{self.at:%H:%M}" if self.at else ",".join(PARTS[index] for index in sorted(self.parts))
        return f"{days}/{part}" + (f"/{self.weeks}" if self.weeks else "")


def parse(value: str) -> When:
    """The wish written as `When.value`. Raises ValueError on anything else."""
    if value == NOW:
        return When(now=True)
    days, slash, rest = value.partition("/")
    part, second_slash, weeks = rest.partition("/")
    if not slash or (second_slash and weeks not in {"odd", "even"}) or not (days or part or weeks):
        raise ValueError("a time is written DAYS/PART or DAYS/PART/WEEKS")
    first = last = None
    weekdays: frozenset[int] = frozenset()
    if span := _SPAN.fullmatch(days):
        first, last = (date.fromisoformat(day) for day in span.groups())
        if first.year not in _YEARS or last.year not in _YEARS or not 0 <= (last - first).days <= MOST_DAYS:
            raise ValueError("the last day comes before the first or too long after it")
    elif days:
        weekdays = frozenset(WEEKDAYS.index(day) for day in days.split(","))
    at = None
    parts: frozenset[int] = frozenset()
    if clock := _CLOCK.fullmatch(part):
        at = time(int(clock[1]), int(clock[2]))
    elif part:
        parts = frozenset(PARTS.index(name) for name in part.split(","))
    known: Weeks | None = "odd" if weeks == "odd" else "even" if weeks == "even" else None
    return When(first, last, weekdays, parts, at, weeks=known)


_WORDS: Mapping[str, Mapping[str, Sequence[str]]] = {
    "sv": {
        "now": "öppet nu",
        "days": ("måndag", "tisdag", "onsdag", "torsdag", "fredag", "lördag", "söndag"),
        "months": (
            "januari", "februari", "mars", "april", "maj", "juni",
            "juli", "augusti", "september", "oktober", "november", "december",
        ),
        "parts": ("förmiddag", "eftermiddag", "kväll", "natt"),
        "workdays": "vardagar",
        "weekend": "helger",
        "odd": "udda veckor",
        "even": "jämna veckor",
        "or": "eller",
        "at": "kl.",
    },
    "en": {
        "now": "open now",
        "days": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
        "months": (
            "January", "February", "March", "April", "May", "June",
            "July", "August", "September", "October", "November", "December",
        ),
        "parts": ("morning", "afternoon", "evening", "night"),
        "workdays": "weekdays",
        "weekend": "weekends",
        "odd": "odd weeks",
        "even": "even weeks",
        "or": "or",
        "at": "at",
    },
}  # fmt: skip


def label(when: When, lang: str) -> str:
    """The wish in words, Swedish for `sv` and English for any other language: "söndag kväll"."""
    words = _WORDS["sv" if lang == "sv" else "en"]
    if when.now:
        return str(words["now"])
    said = [_days(when, words)]
    if when.at:
        clock = f"{when.at:%H.%M}" if lang == "sv" else f"{when.at:%H:%M}"
        said.append(f"{words['at']} {clock}")
    else:
        said.append(_listed([words["parts"][index] for index in sorted(when.parts)], str(words["or"])))
    if when.weeks:
        said.append(str(words[when.weeks]))
    return " ".join(filter(None, said))


def _days(when: When, words: Mapping[str, Sequence[str]]) -> str:
    if when.first and when.last:
        months = words["months"]
        first = f"{when.first.day} {months[when.first.month - 1]}"
        if when.first == when.last:
            return f"{words['days'][when.first.weekday()]} {first}"
        last = f"{when.last.day} {months[when.last.month - 1]}"
        same_month = (when.first.year, when.first.month) == (when.last.year, when.last.month)
        return f"{when.first.day if same_month else first}–{last}"
    if when.weekdays == WORKDAYS:
        return str(words["workdays"])
    if when.weekdays == WEEKEND:
        return str(words["weekend"])
    return _listed([words["days"][day] for day in sorted(when.weekdays)], str(words["or"]))


def _listed(names: Sequence[str], last: str) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} {last} {names[-1]}" if names else ""
