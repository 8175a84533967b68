"""Words of time in a question: "ikväll", "på söndag", "den 24 december", "efter fem", "sportlovet"."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import lru_cache

from search.documents import PART_MINUTES, PARTS
from search.understanding import clock_words
from search.understanding.clock_words import LISTING, NIGHT, TO, DayWord, weekday
from search.understanding.dates import BEGINNING, CLOCK, Found, dated, month_at
from search.understanding.eves import AFTER, BEFORE, BESIDE, beside
from search.understanding.feasts import next_feast
from search.understanding.joining import joined_of, shared
from search.understanding.pieces import Phrases, Piece, folded_set, pieces_of, read_data
from search.understanding.reading import Reading, Token
from search.understanding.told import is_told, is_wished
from search.understanding.when import WEEKDAYS, When, label, parse

__all__ = ["When", "label", "parse", "read_times"]

STORY = 25  # in a text with more words than this, words of time mostly tell of the life, not of the wish
SHORT_QUESTION = 8
_COMING = folded_set("på denna nu kommande till on this coming")
_THIS = folded_set("denna nu this")
_NEXT = folded_set("nästa nästkommande next")
_PAST = folded_set("förra senaste last")
_EVERY_OTHER = folded_set("varannan other")
_LEADING = _COMING | _NEXT | _PAST | _EVERY_OTHER | {"i"}
_OPEN = folded_set("öppet öppen öppna öppnar open مفتوح مفتوحة furan auki باز відкрито ክፉት abierto abierta")


def read_times(tokens: Sequence[Token], now: datetime, text: str = "") -> tuple[Reading, ...]:
    """What a question asks for about time, in order. `now` is aware, in Swedish local time.

    One wish told in two places ("nattöppet kafé fredagar") is two readings of one value.
    `text` is the question as sent; it shows dashes and commas. Days said without a year are the next ones.
    """
    return times_and_told(tokens, now, text)[0]


def times_and_told(
    tokens: Sequence[Token], now: datetime, text: str = ""
) -> tuple[tuple[Reading, ...], tuple[Reading, ...]]:
    """What `read_times` reads; and the times that are told and not asked for."""
    pieces = pieces_of(tokens, text)
    found: list[Found] = []
    at = 0
    while at < len(pieces):
        one = _at(pieces, at, now) if _may_begin(pieces[at].word, pieces[at].folded) else None
        if one is None:
            at += 1
            continue
        at = one.end
        joined = joined_of(found[-1], one, pieces) if found else None
        if joined is None:
            found.append(one)
        else:
            found[-1] = joined
    found.extend(_last_now(pieces, found))
    found = [replace(one, past=one.past or is_told(pieces, one, now.date())) for one in found]
    found = [
        replace(one, void=False, guess=True)
        if one.void and one.when.parts and is_wished(pieces, one)
        else one
        for one in found
    ]
    told = tuple(_reading(one, pieces) for one in found if one.past)
    found = shared([one for one in found if not (one.past or one.void)])
    found = [replace(one, when=_today(one.when, now)) if one.single else one for one in found]
    readings = [_reading(one, pieces) for one in found]
    return tuple(dict.fromkeys(readings)), told


def _reading(one: Found, pieces: Sequence[Piece]) -> Reading:
    when = one.when
    if one.loose and when.at and 1 <= when.at.hour <= 7:
        when = replace(when, at=when.at.replace(hour=when.at.hour + 12))
    sure = one.sure and len(pieces) <= STORY
    if when.now:
        sure = sure or any(piece.folded in _OPEN for piece in pieces)
    return Reading(
        "time",
        when.value,
        pieces[one.begin].start,
        pieces[one.end - 1].end,
        "guess" if one.guess else "certain" if sure else "likely",
    )


def _today(when: When, now: datetime) -> When:
    """A weekday with its part of day said on that day is this one, while it is not over: "söndag kväll"."""
    if when.weekdays != {now.weekday()} or not (when.parts or when.at):
        return when
    ends = [to for part in when.parts for _, to in PART_MINUTES[PARTS[part]]]
    end = when.at.hour * 60 + when.at.minute + 1 if when.at else max(ends)
    if end <= now.hour * 60 + now.minute:
        return when
    return replace(when, first=now.date(), last=now.date(), weekdays=frozenset())


def _last_now(pieces: Sequence[Piece], found: Sequence[Found]) -> list[Found]:
    """A short question that ends in "nu": "fika i Farsta nu"."""
    last = len(pieces) - 1
    if (
        0 < last < SHORT_QUESTION
        and pieces[last].folded in {"nu", "now"}
        and not any(f.end > last for f in found)
    ):
        return [Found(last, last + 1, When(now=True), sure=False)]
    return []


# One piece of time


@lru_cache(maxsize=50_000)
def _may_begin(word: str, folded: str) -> bool:
    """Whether any piece of time begins with a word: most words of a long text are none."""
    return (
        not folded.isalpha()
        or folded in _phrases().firsts
        or folded in _LEADING
        or folded in BEGINNING
        or folded in BESIDE
        or weekday(word, folded) is not None
        or clock_words.compound(folded) is not None
    )


def _at(pieces: Sequence[Piece], at: int, now: datetime) -> Found | None:
    """The longest piece of time that begins at a piece."""
    today = now.date()
    options = (
        _phrase(pieces, at, now),
        dated(pieces, at, today),
        _day(pieces, at, today),
        _worded(pieces, at, today),
        _beside(pieces, at, now),
    )
    return max((one for one in options if one), key=lambda one: one.end, default=None)


def _phrase(pieces: Sequence[Piece], at: int, now: datetime) -> Found | None:
    match = _phrases().longest(pieces, at)
    if match is None:
        return None
    (atoms, sure), end = match
    if atoms.startswith("month:"):
        return month_at(pieces, at, end, int(atoms[6:]), now.date())
    when = When()
    for atom in atoms.split("+"):
        when = when if atom in {"past", "none"} else _with(when, atom, now)
    return Found(at, end, when, sure, past=atoms == "past", void=atoms.startswith("none"))


def _beside(pieces: Sequence[Piece], at: int, now: datetime) -> Found | None:
    """A day told by the feast or date that it is before or after."""
    if pieces[at].folded not in BESIDE or at + 2 >= len(pieces):
        return None
    side = pieces[at + 1].folded
    if side not in BEFORE | AFTER:
        return None
    other = _phrase(pieces, at + 2, now) or dated(pieces, at + 2, now.date())
    if other is None or other.void or other.past:
        return None
    when = beside(pieces[at].folded, other.when, now.date(), before=side in BEFORE)
    return Found(at, other.end, when, other.sure) if when else None


@lru_cache
def _phrases() -> Phrases[tuple[str, bool]]:
    return Phrases(
        (phrase, (atoms, not phrase.startswith("?")))
        for atoms, languages in read_data("times.yaml").items()
        for phrases in languages.values()
        for phrase in phrases
    )


def _with(when: When, atom: str, now: datetime) -> When:
    """The wish with one more atom of times.yaml. Raises ValueError or KeyError on an unknown one."""
    today = now.date()
    monday = today - timedelta(today.weekday())
    name, _, value = atom.partition(":")
    match name:
        case "days":
            return replace(when, weekdays=frozenset(map(WEEKDAYS.index, value.split(","))))
        case "part":
            return replace(when, parts=parse(f"/{value}").parts)
        case "weeks":
            return replace(when, weeks=parse(f"//{value}").weeks)
        case "now":
            return replace(when, now=True)
        case "tonight":
            first = today
            last = today if now.hour < 5 else today + timedelta(1)
            return replace(when, first=first, last=last, parts=frozenset({NIGHT}))
        case _:
            pass
    spans = {
        "today": (today, today),
        "tomorrow": (today + timedelta(1), today + timedelta(1)),
        "overmorrow": (today + timedelta(2), today + timedelta(2)),
        "weekend": (max(today, monday + timedelta(5)), monday + timedelta(6)),
        "next-weekend": (monday + timedelta(12), monday + timedelta(13)),
        "this-week": (today, monday + timedelta(6)),
        "next-week": (monday + timedelta(7), monday + timedelta(13)),
    }
    first, last = spans[name] if name in spans else next_feast(value, today)
    return replace(when, first=max(first, today), last=last)


def _day(pieces: Sequence[Piece], at: int, today: date) -> Found | None:  # noqa: PLR0911  one way out for each form
    """A weekday with the words that tell which one: "nästa onsdag", "på söndagar", "tis-tors"."""
    word = pieces[at].folded
    lead = at + 1 if word in _LEADING else at
    if lead > at and word == "nu" and lead < len(pieces) and pieces[lead].folded == "pa":
        lead += 1
    if lead >= len(pieces):
        return None
    named = weekday(pieces[lead].word, pieces[lead].folded)
    if named is None or (named.form == "short" and not _short_fits(pieces, lead)):
        return None
    found = Found(at, lead + 1)
    if named.form == "genitive" and word == "i":
        return replace(found, past=True)
    if lead > at and word in _PAST:
        return replace(found, past=True)
    when = When(
        weekdays=frozenset({named.day}), parts=frozenset() if named.part is None else frozenset({named.part})
    )
    until = _until(pieces, lead + 1)
    if until and named.part is None:
        count = (until[0].day - named.day) % 7
        days = frozenset((named.day + i) % 7 for i in range(count + 1))
        return Found(at, until[1], When(weekdays=days))
    if word in _EVERY_OTHER and lead > at:  # which weeks is not told: every such day may be one
        return replace(found, when=when, sure=False)
    one_day = named.form == "single" or (named.form == "compound" and named.part is not None)
    if lead > at and one_day and word != "i":
        day = today + timedelta(_ahead(named.day, word, today, on=lead > at + 1))
        return replace(found, when=replace(when, first=day, last=day, weekdays=frozenset()))
    sure = named.form != "compound" or named.part is not None or named.open_
    begin = lead if lead > at and word == "i" else at
    single = one_day and lead == at and not named.lunch
    return Found(begin, lead + 1, when, sure=sure, single=single)


def _ahead(day: int, word: str, today: date, *, on: bool) -> int:
    """Days to the weekday that a word tells; `on`: "nu på söndag", which on a Sunday is the next one."""
    if word in _NEXT:
        return 7 - today.weekday() + day
    ahead = (day - today.weekday()) % 7
    return ahead if word in _THIS and not on else ahead or 7


def _short_fits(pieces: Sequence[Piece], at: int) -> bool:
    """An abbreviated weekday counts beside another weekday or a clock time only."""

    def day_at(index: int) -> bool:
        if not 0 <= index < len(pieces):
            return False
        piece = pieces[index]
        return weekday(piece.word, piece.folded) is not None

    after = pieces[at + 1] if at + 1 < len(pieces) else None
    beside = day_at(at - 1) or day_at(at + 1)
    joined = (at > 1 and pieces[at - 1].folded in LISTING | TO and day_at(at - 2)) or (
        after is not None and after.folded in LISTING | TO and day_at(at + 2)
    )
    return (
        beside
        or joined
        or (after is not None and (after.folded in CLOCK or after.folded.startswith("kvall")))
    )


def _until(pieces: Sequence[Piece], at: int) -> tuple[DayWord, int] | None:
    """The second weekday of a span that goes on at a piece, and the piece after it."""
    if at >= len(pieces):
        return None
    to = at + 1 if pieces[at].folded in TO else at
    if to >= len(pieces) or (to == at and not pieces[at].dashed):
        return None
    named = weekday(pieces[to].word, pieces[to].folded)
    return (named, to + 1) if named and named.part is None else None


def _worded(pieces: Sequence[Piece], at: int, today: date) -> Found | None:
    """A compound with a time in it: nattcafé, julbord, höstlovsläger."""
    word = clock_words.compound(pieces[at].folded)
    if word is None:
        return None
    if word.feast:
        first, last = next_feast(word.feast, today)
        return Found(at, at + 1, When(max(first, today), last), sure=word.holiday, guess=not word.holiday)
    days = frozenset(map(WEEKDAYS.index, word.days.split(","))) if word.days else frozenset()
    parts = frozenset() if word.part is None else frozenset({word.part})
    return Found(at, at + 1, When(weekdays=days, parts=parts), sure=False)
