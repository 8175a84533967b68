"""Two pieces of time that are one wish: "söndag" and "kväll", "den 24" and "kl 18"."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta

from search.understanding.clock_words import AFTERNOON, EVENING, LISTING, MORNING
from search.understanding.dates import Found
from search.understanding.pieces import Piece, folded_set
from search.understanding.when import When

NOON, EARLIEST = 12, 4  # o'clock
_GLUE = folded_set(
    "på i om kl klockan den och eller vid under mot sent tidigt the on in at and or during de la por el los y"
    " يوم ايام في و у в і та ja tai iyo ama روز و ከምኡ"
)


def shared(found: list[Found]) -> list[Found]:
    """The only days and the only part of day of a question belong together, wherever they stand."""
    wishes = [one for one in found if not one.when.now]
    if len(wishes) != 2 or wishes[0].void:
        return found
    one, two = wishes
    if _has_days(one.when) == _has_days(two.when):
        return found
    when = _both(one, two, listed=False)
    return found if when is None else [one if one.when.now else replace(one, when=when) for one in found]


def joined_of(one: Found, two: Found, pieces: Sequence[Piece]) -> Found | None:
    """Both as one when only words like "på" and "och" stand between and they fit together."""
    between = pieces[one.end : two.begin]
    if len(between) > 2 or any(piece.folded not in _GLUE for piece in between):
        return None
    if any(piece.new_sentence for piece in pieces[one.end : two.begin + 1]) or one.void or two.void:
        return None
    if one.past or two.past:
        near = not between and not pieces[two.begin].gap.strip() and not two.past
        return replace(one, end=two.end) if near and one.past and not two.when.first else None
    when = _both(one, two, listed=any(piece.folded in LISTING for piece in between))
    if when is None:
        return None
    return Found(
        one.begin,
        two.end,
        when,
        one.sure or two.sure,
        one.guess and two.guess,
        single=one.single or two.single,
    )


def _both(one: Found, two: Found, *, listed: bool) -> When | None:
    a, b = one.when, two.when
    if a.now or b.now or (a.at and b.at) or (a.weeks and b.weeks):
        return None
    days = _days(a, b)
    if days is None:
        return None
    at, parts = a.at or b.at, a.parts | b.parts
    if a.parts and b.parts and (_has_days(b) or not (listed or a.parts == b.parts)):
        return None
    if at and parts:
        loose = one.loose if a.at else two.loose
        if loose and at.hour < 12 and parts & {AFTERNOON, EVENING}:
            at = at.replace(hour=at.hour + 12)
        elif parts == {MORNING} and at.hour >= NOON + EARLIEST:  # "vid sju på morgonen"
            at = at.replace(hour=at.hour - NOON)
        parts = frozenset()
    elif at and (one.loose or two.loose) and 1 <= at.hour <= 7:
        at = at.replace(hour=at.hour + 12)
    return When(days.first, days.last, days.weekdays, parts, at, weeks=a.weeks or b.weeks)


def _has_days(when: When) -> bool:
    return bool(when.first or when.weekdays)


def _days(a: When, b: When) -> When | None:
    """The days of two wishes as one; None when they do not belong together."""
    if not _has_days(b) or not _has_days(a):
        return a if _has_days(a) else b
    if a.first and a.last and b.first and b.last:
        if a.first <= b.first <= b.last <= a.last and len(_dates(a)) > 1:
            return b  # "nästa vecka på onsdag"
        touching = 0 <= (b.first - a.last).days <= 1 and (a.parts, a.at) == (b.parts, b.at)
        return When(a.first, b.last) if touching else None
    if a.weekdays and b.weekdays:
        return None if a.parts or a.at else When(weekdays=a.weekdays | b.weekdays)
    spanning, weekly = (a, b) if a.first else (b, a)
    span = _dates(spanning)
    fitting = [day for day in span if day.weekday() in weekly.weekdays]
    if len(span) > 7 or not fitting:
        return None
    return When(fitting[0], fitting[-1])


def _dates(when: When) -> list[date]:
    if when.first is None or when.last is None:
        return []
    return [when.first + timedelta(i) for i in range((when.last - when.first).days + 1)]
