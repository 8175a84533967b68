"""Feasts and school holidays: the days of a year that have a name in Sweden."""

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from functools import lru_cache

Span = tuple[date, date]


def next_feast(name: str, today: date) -> Span:
    """First and last day of the coming feast, or of one that lasts. Raises KeyError on an unknown name."""
    if name in _ONE_OF:
        return min(next_feast(one, today) for one in _ONE_OF[name])
    days_of = _FEASTS[name]
    for year in (today.year - 1, today.year):  # New Year and the holidays of Christmas run over
        first, last = days_of(year)
        if last >= today:
            return first, last
    return days_of(today.year + 1)


@lru_cache(maxsize=64)
def easter(year: int) -> date:
    """Easter Sunday of the western churches, by the Gregorian computus."""
    golden, century = year % 19, year // 100
    leap, passed = divmod(century, 4)
    moon = (century - (century + 8) // 25 + 1) // 3
    epact = (19 * golden + century - leap - moon + 15) % 30
    sunday = (32 + 2 * passed + 2 * (year % 100 // 4) - epact - year % 4) % 7
    late = (golden + 11 * epact + 22 * sunday) // 451
    month, day = divmod(epact + sunday - 7 * late + 114, 31)
    return date(year, month, day + 1)


def _fixed(month: int, day: int, days: int = 1) -> Callable[[int], Span]:
    def of(year: int) -> Span:
        first = date(year, month, day)
        return first, first + timedelta(days - 1)

    return of


def _easter(offset: int, days: int = 1) -> Callable[[int], Span]:
    def of(year: int) -> Span:
        first = easter(year) + timedelta(offset)
        return first, first + timedelta(days - 1)

    return of


def _weekday_from(
    month: int, day: int, weekday: int, *, before: int = 0, days: int = 1
) -> Callable[[int], Span]:
    """The first such weekday on or after a date; the feast begins `before` days earlier."""

    def of(year: int) -> Span:
        start = date(year, month, day)
        first = start + timedelta((weekday - start.weekday()) % 7 - before)
        return first, first + timedelta(days - 1)

    return of


def _weeks(first: int, last: int) -> Callable[[int], Span]:
    def of(year: int) -> Span:
        return date.fromisocalendar(year, first, 1), date.fromisocalendar(year, last, 7)

    return of


_FRIDAY, _SATURDAY, _SUNDAY = 4, 5, 6
_FEASTS: Mapping[str, Callable[[int], Span]] = {
    "advent": lambda year: (_FEASTS["advent-1"](year)[0], date(year, 12, 23)),
    "advent-1": _weekday_from(11, 27, _SUNDAY),
    "advent-2": _weekday_from(12, 4, _SUNDAY),
    "advent-3": _weekday_from(12, 11, _SUNDAY),
    "advent-4": _weekday_from(12, 18, _SUNDAY),
    "all-saints": _weekday_from(10, 31, _SATURDAY, before=1, days=3),
    "all-saints-eve": _weekday_from(10, 31, _SATURDAY, before=1),
    "ascension": _easter(39),
    "autumn-holiday": _weeks(44, 44),
    "between": _fixed(12, 27, 4),
    "boxing-day": _fixed(12, 26),
    "christmas": _fixed(12, 24, 3),
    "christmas-day": _fixed(12, 25),
    "christmas-eve": _fixed(12, 24),
    "christmas-holiday": _fixed(12, 19, 22),
    "easter": _easter(-2, 4),
    "easter-day": _easter(0),
    "easter-eve": _easter(-1),
    "easter-holiday": _easter(-6, 14),  # the week before in some kommuner, the week after in others
    "easter-monday": _easter(1),
    "epiphany": _fixed(1, 6),
    "epiphany-eve": _fixed(1, 5),
    "fathers-day": _weekday_from(11, 8, _SUNDAY),
    "first-of-may": _fixed(5, 1),
    "good-friday": _easter(-2),
    "halloween": _fixed(10, 31),
    "knut": _fixed(1, 13),
    "lucia": _fixed(12, 13),
    "maundy-thursday": _easter(-3),
    "midsummer": _weekday_from(6, 19, _FRIDAY, days=3),
    "midsummer-day": _weekday_from(6, 20, _SATURDAY),
    "midsummer-eve": _weekday_from(6, 19, _FRIDAY),
    "mothers-day": _weekday_from(5, 25, _SUNDAY),
    "national-day": _fixed(6, 6),
    "new-year": _fixed(12, 31, 2),
    "new-years-day": _fixed(1, 1),
    "new-years-eve": _fixed(12, 31),
    "nowruz": _fixed(3, 20),
    "orthodox-christmas": _fixed(1, 6, 2),
    "shrove-tuesday": _easter(-47),
    "sport-holiday": _weeks(7, 10),  # each county has one of these weeks
    "summer": _fixed(6, 1, 92),
    "summer-holiday": _fixed(6, 10, 72),
    "valentine": _fixed(2, 14),
    "walpurgis": _fixed(4, 30),
    "whitsun": _easter(48, 2),
    "womens-day": _fixed(3, 8),
    "yalda": _fixed(12, 20, 2),
}
# Names that mean whichever of several comes first.
_ONE_OF = {
    "school-holiday": (
        "sport-holiday",
        "easter-holiday",
        "summer-holiday",
        "autumn-holiday",
        "christmas-holiday",
    ),
    "second-day": ("easter-monday", "boxing-day"),
}
