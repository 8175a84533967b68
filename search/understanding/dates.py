"""Dates, weeks and clock times in a question: "den 24 december", "24/12", "vecka 8", "kl 18", "efter fem"."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, time, timedelta
from functools import lru_cache

from search.understanding import clock_words
from search.understanding.clock_words import AFTERNOON, DAYTIME, EVENING, LISTING, MORNING, TO
from search.understanding.pieces import Phrases, Piece, folded_set, read_data
from search.understanding.when import When, parse

_ANY = When()
CLOCK = folded_set("kl klockan klocka klockslaget")
_UNTIL_NOON = folded_set("före innan before")
_AFTER = folded_set("efter after")
_ABOUT = folded_set("vid kring runt runtomkring omkring around at")
# Words that a date, a week or a clock time may begin with.
_WEEK = folded_set(
    "v vecka veckan veckorna week weeks wk viikko viikon viikolla viikot semana semanas"
    " الأسبوع اسبوع هفته тиждень тижні тижня toddobaad toddobaadka ሰሙን"
)
BEGINNING = CLOCK | _UNTIL_NOON | _AFTER | _ABOUT | _WEEK | {"den", "the"}
_EXPECTING = ("gravid", "havande", "pregnan", "raskaa", "embaraz", "вагітн", "حامل", "باردار")
_IN_MONTH = folded_set("i in under en during у в في")
_COUNTED = folded_set("barn personer kl klockan år åringar vuxna st people kids")  # "vecka 8 och 2 barn"
_OF_DATE = folded_set("e de a d:e st nd rd th of den")
# What may follow an hour said without "klockan"; before a noun the number counts something ("efter tre år").
_AFTER_HOUR = folded_set(
    "i på nära och eller med för till utan om som där ikväll idag imorgon in near and or with for today"
)


@dataclass(frozen=True, slots=True)
class Found:
    """A piece of time at pieces `begin` up to `end`. `past` and `void` are no wish, but take their words.

    `loose`: an hour that may be of the morning or the afternoon. `single`: "söndag kväll", not "söndagar".
    """

    begin: int
    end: int
    when: When = _ANY
    sure: bool = True
    guess: bool = False
    past: bool = False
    void: bool = False
    loose: bool = False
    single: bool = False


def month_at(pieces: Sequence[Piece], at: int, end: int, month: int, today: date) -> Found | None:
    """A month by name, with its day after it ("December 24") or alone ("i december")."""
    if end < len(pieces):
        day = pieces[end].number
        if day and day <= 31 and len(pieces[end].folded) <= 2 and pieces[end].gap == " ":
            made = _next_date(day, month, today)
            if made:
                return Found(at, end + 1, When(made, made))
    if at and pieces[at - 1].folded in _IN_MONTH:
        year = today.year if month >= today.month else today.year + 1
        last = date(year + month // 12, month % 12 + 1, 1) - timedelta(1)
        return Found(at, end, When(max(date(year, month, 1), today), last), guess=True)
    return None


def dated(pieces: Sequence[Piece], at: int, today: date) -> Found | None:  # noqa: PLR0911  one way out for each form
    """A date, a clock time or a week that begins with a number, or with "den", "kl", "v."."""
    word = pieces[at].folded
    if word in CLOCK:
        return _clock(pieces, at, at + 1)
    if word in _WEEK:
        return _weeks(pieces, at, today)
    if word in {"den", "the"} and at + 1 < len(pieces):
        return _date(pieces, at, at + 1, today)
    if word in _AFTER or word in _UNTIL_NOON or word in _ABOUT:
        return _about(pieces, at)
    if pieces[at].number is None:
        return None
    dated = _date(pieces, at, at, today)
    if dated or at + 1 == len(pieces):
        return dated
    after = pieces[at + 1]
    if (
        after.folded == "tiden"
        or after.folded in {"pm", "am"}
        or (after.gap == ":" and len(after.folded) == 2)
    ):
        return _clock(pieces, at, at)
    return None


def _date(pieces: Sequence[Piece], begin: int, at: int, today: date) -> Found | None:  # noqa: C901, PLR0911  one way out for each form
    day = pieces[at].number
    if day is None or at + 1 >= len(pieces):
        return None
    after = pieces[at + 1]
    if len(pieces[at].folded) == 4:
        return _iso_date(pieces, begin, at)
    if not 1 <= day <= 31:
        return None
    if after.gap == "/" and after.number and (day, after.number) not in {(24, 7), (1, 2)}:
        made = _next_date(day, after.number, today)
        return Found(begin, at + 2, When(made, made)) if made else None
    last, end = day, at + 1
    if (after.dashed or after.folded in LISTING) and end < len(pieces):
        end += 0 if after.dashed else 1
        last = (pieces[end].number or 0) if end < len(pieces) else 0
        end += 1
    ordinal = False
    while end < len(pieces) and pieces[end].folded in _OF_DATE:
        ordinal, end = True, end + 1
    named = _months().longest(pieces, end) if end < len(pieces) else None
    if named:
        first_day, last_day = _next_date(day, named[0], today), _next_date(last, named[0], today)
        if first_day and last_day and first_day <= last_day:
            return Found(begin, named[1], When(first_day, last_day))
    if ordinal and begin < at and last == day:
        month = today.replace(day=1)
        for _ in range(3):
            made = _next_date(day, month.month, today)
            if made and (made - today).days < 62:
                return Found(begin, end, When(made, made))
            month = (month + timedelta(31)).replace(day=1)
    return None


def _iso_date(pieces: Sequence[Piece], begin: int, at: int) -> Found | None:
    if at + 2 >= len(pieces) or not (pieces[at + 1].dashed and pieces[at + 2].dashed):
        return None
    year, month, day = (pieces[at + i].number or 0 for i in range(3))
    try:
        made = date(year, month, day)
        parse(f"{made}..{made}/")
    except ValueError:
        return None
    return Found(begin, at + 3, When(made, made))


def _next_date(day: int, month: int, today: date) -> date | None:
    """The coming day of a month; a leap day within eight years. None when there is none such."""
    for year in range(today.year, today.year + 9):
        try:
            made = date(year, month, day)
        except ValueError:
            continue
        if made >= today:
            return made
    return None


def _weeks(pieces: Sequence[Piece], at: int, today: date) -> Found | None:
    """A week by its ISO number, or several: "v. 44", "vecka 8 och 9", "v 7–10"."""
    number = pieces[at + 1].number if at + 1 < len(pieces) else None
    span = _week(number, today)
    if number is None or span is None:
        return None
    first, last = span
    end, to = at + 2, None
    if end < len(pieces):
        to = end if pieces[end].dashed else end + 1 if pieces[end].folded in TO | LISTING else None
    until = pieces[to].number if to is not None and to < len(pieces) else None
    counted = to is not None and to + 1 < len(pieces) and pieces[to + 1].folded in _COUNTED
    through = _week(until, today) if until and number < until and not counted else None
    if to is not None and until and through:
        end, first, last = to + 1, through[0] - timedelta(7 * (until - number)), through[1]
    told = any(piece.folded.startswith(_EXPECTING) for piece in pieces[max(0, at - 3) : end + 1])
    return Found(at, end, When(max(today, first), last), void=told)


def _week(number: int | None, today: date) -> tuple[date, date] | None:
    """The coming week of a number, from Monday to Sunday; the one that runs counts as coming."""
    if number is None or not 1 <= number <= 53:
        return None
    for year in range(today.year - 1, today.year + 8):  # the last week of a year may end in the next
        try:
            last = date.fromisocalendar(year, number, 7)
        except ValueError:
            continue
        if last >= today:
            return last - timedelta(6), last
    return None


def _clock(pieces: Sequence[Piece], begin: int, at: int) -> Found | None:
    read = clock_words.hour(pieces, at)
    if read is None:
        return None
    hour, minute, end, loose = read
    if end < len(pieces) and (pieces[end].dashed or pieces[end].folded in TO):  # "18–20": it begins at 18
        until = clock_words.hour(pieces, end if pieces[end].dashed else end + 1)
        end = until[2] if until else end
    if end < len(pieces) and pieces[end].folded in {"tiden", "snaret", "prick"}:
        end += 1
    return Found(begin, end, When(at=time(hour, minute)), loose=loose)


def _about(pieces: Sequence[Piece], at: int) -> Found | None:
    """Told by the hour: "efter fem", "före tolv", "vid 18-tiden", also with "klockan" between."""
    word = pieces[at].folded
    begin = at + 1
    said = begin < len(pieces) and pieces[begin].folded in CLOCK
    read = clock_words.hour(pieces, begin + said)
    if read is None:
        return None
    hour, minute, end, loose = read
    if end < len(pieces) and pieces[end].folded == "tiden":
        said, end = True, end + 1
    following = pieces[end] if end < len(pieces) else None
    told = following is None or following.gap.strip() != "" or following.folded in _AFTER_HOUR
    if not (said or minute or told):
        return None
    if loose and hour <= 8 and word not in _UNTIL_NOON:
        hour += 12 if hour <= 7 or word in _AFTER else 0
    if word in _ABOUT:
        return Found(at, end, When(at=time(hour % 24, minute)), sure=said)
    if word in _UNTIL_NOON:
        return Found(at, end, When(parts=frozenset({MORNING}) if hour <= 12 else DAYTIME), sure=False)
    parts = {EVENING} if hour >= 16 else {AFTERNOON, EVENING} if hour >= 11 else {MORNING, AFTERNOON, EVENING}
    return Found(at, end, When(parts=frozenset(parts)))


@lru_cache
def _months() -> Phrases[int]:
    return Phrases(
        (name, int(atom.removeprefix("month:")))
        for atom, languages in read_data("times.yaml").items()
        if atom.startswith("month:")
        for names in languages.values()
        for name in names
    )
