"""Swedish and English weekdays, their compounds, clock times and numbers in words, one word at a time."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from search.understanding.pieces import Piece, folded_set

Form = Literal["single", "definite", "plural", "genitive", "compound", "short"]
MORNING, AFTERNOON, EVENING, NIGHT = range(4)
DAYTIME = frozenset({MORNING, AFTERNOON})
TO = folded_set("till to tom through")
LISTING = folded_set("och eller o and or")
_SWEDISH_DAYS = {"man": 0, "tis": 1, "ons": 2, "tors": 3, "fre": 4, "lor": 5, "son": 6}
_ENGLISH_DAYS = {"mon": 0, "tues": 1, "wednes": 2, "thurs": 3, "fri": 4, "satur": 5, "sun": 6}
_DAY = re.compile(rf"({'|'.join(_SWEDISH_DAYS)})da(?:g(?P<tail>\w*)|(?P<spoken>n?s?))")
_ENGLISH_DAY = re.compile(rf"({'|'.join(_ENGLISH_DAYS)})day(s|'s)?")
_SHORT = {"mån": 0, "tis": 1, "ons": 2, "tor": 3, "tors": 3, "fre": 4, "lör": 5, "sön": 6}
_PART = re.compile(r"(formiddag|eftermiddag|morgon|morron|kvall|afton|natt|lunch|dagtid)")
_PART_OF = {
    "formiddag": MORNING, "eftermiddag": AFTERNOON, "morgon": MORNING, "morron": MORNING, "kvall": EVENING,
    "afton": EVENING, "natt": NIGHT, "lunch": AFTERNOON, "dagtid": AFTERNOON,
}  # fmt: skip
_OPEN = re.compile(r"s?oppe[tn]?$|s?oppna$")
_COMPOUND = re.compile(
    r"(?:(?P<day>vardag|helg)s?|(?P<part>formiddag|eftermiddag|morgon|kvall|natt)s?)(?P<rest>[a-z]{3,})"
)
_NO_COMPOUND = re.compile(r"helgon|helgjut|morgond|morgonrock|nattlinne|nattygsbord|kvallst|kvallsid")
_HOLIDAY = re.compile(r"(sport|vinter|pask|sommar|host|las|jul)lovs?[a-z]*")
_HOLIDAYS = {
    "sport": "sport-holiday", "vinter": "sport-holiday", "pask": "easter-holiday", "sommar": "summer-holiday",
    "host": "autumn-holiday", "las": "autumn-holiday", "jul": "christmas-holiday",
}  # fmt: skip
_MEAL = (
    r"(?:bord|brunch|buffe|cafe|dans|ensam|fest|fika|fir|frukost|gemenskap|kafe|kaffe|kvall|lunch|mat|middag|"
    r"mys|oppe|program|supe|traff)"
)
_FEAST = re.compile(rf"(julafton|jul|pask|nyar|midsommar|lucia|advent|valborg|halloween)s?{_MEAL}[a-z]*")
_FEASTS = {
    "julafton": "christmas-eve", "jul": "christmas", "pask": "easter", "nyar": "new-years-eve",
    "midsommar": "midsummer", "lucia": "lucia", "advent": "advent",
    "valborg": "walpurgis", "halloween": "halloween",
}  # fmt: skip
_HOURS = {
    word: number
    for number, words in enumerate(
        ("", "ett one", "två two", "tre three", "fyra four", "fem five", "sex six", "sju seven", "åtta eight",
         "nio nine", "tio ten", "elva eleven", "tolv twelve")
    )
    for word in folded_set(words)
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class DayWord:
    """A word that names a weekday. `part` when it names one too; `open_`: söndagsöppet."""

    day: int
    form: Form
    part: int | None = None
    open_: bool = False
    lunch: bool = False


@dataclass(frozen=True, slots=True)
class CompoundWord:
    """Another word with a time in it: vardagskvällar, nattcafé, julbord, höstlovsläger."""

    days: str | None = None
    part: int | None = None
    feast: str | None = None
    holiday: bool = False


@lru_cache(maxsize=20_000)
def weekday(word: str, folded: str) -> DayWord | None:  # noqa: PLR0911  one way out for each form
    """The weekday that a Swedish or English word names, also inside a compound."""
    if word in _SHORT:
        return DayWord(_SHORT[word], "short")
    if match := _ENGLISH_DAY.fullmatch(folded):
        return DayWord(_ENGLISH_DAYS[match[1]], "plural" if match[2] == "s" else "single")
    match = _DAY.fullmatch(folded)
    if match is None:
        return None
    day = _SWEDISH_DAYS[match[1]]
    spoken, tail = match["spoken"], match["tail"]
    if spoken is not None:
        # "sonda" and "manda" are words of their own when written without their marks
        return (
            None
            if spoken == "" and word == folded and match[1] in {"man", "son", "fre"}
            else DayWord(day, "single")
        )
    if tail in {"", "en", "n"}:
        return DayWord(day, "definite" if tail else "single")
    if tail in {"ar", "arna", "arnas", "ars", "er", "erna", "arne", "arn"}:
        return DayWord(day, "plural")
    if tail in {"s", "ens"}:
        return DayWord(day, "genitive")
    part = _PART.match(tail.removeprefix("s"))
    named = None if part is None else _PART_OF[part[1]]
    plural = part is not None and re.search(r"(ar|arna|er|erna)$", tail) is not None
    lunch = part is not None and part[1] == "lunch"
    return DayWord(day, "plural" if plural else "compound", named, _OPEN.search(tail) is not None, lunch)


@lru_cache(maxsize=20_000)
def compound(folded: str) -> CompoundWord | None:
    """The time inside another Swedish compound."""
    if match := _HOLIDAY.fullmatch(folded):
        return CompoundWord(feast=_HOLIDAYS[match[1]], holiday=True)
    if match := _FEAST.fullmatch(folded):
        return CompoundWord(feast=_FEASTS[match[1]])
    match = _COMPOUND.fullmatch(folded)
    if match is None or _NO_COMPOUND.match(folded):
        return None
    part = _PART.match(match["rest"]) if match["day"] else None
    named = _PART_OF[part[1] if part else match["part"]] if part or match["part"] else None
    days = {"vardag": "mo,tu,we,th,fr", "helg": "sa,su"}.get(match["day"] or "")
    return CompoundWord(days, named)


def hour(pieces: Sequence[Piece], at: int) -> tuple[int, int, int, bool] | None:  # noqa: PLR0911  one way out for each form
    """Hour, minute, the piece after, and whether it may mean the afternoon: "18.30", "sex", "halv sju"."""
    if at >= len(pieces):
        return None
    piece = pieces[at]
    if piece.folded == "halv" and at + 1 < len(pieces) and pieces[at + 1].folded in _HOURS:
        return (_HOURS[pieces[at + 1].folded] - 1) or 12, 30, at + 2, True
    if piece.folded in _HOURS:
        return _HOURS[piece.folded], 0, at + 1, True
    number = piece.number
    if number is None or number > 24 or len(piece.folded) > 2:
        return None
    if at + 1 < len(pieces):
        after = pieces[at + 1]
        if (
            after.gap in {".", ":"}
            and len(after.folded) == 2
            and (after.number or 0) < 60
            and after.number is not None
        ):
            return number % 24, after.number, at + 2, False
        if after.folded in {"pm", "am"}:
            return number % 12 + (12 if after.folded == "pm" else 0), 0, at + 2, False
    return number % 24, 0, at + 1, number < 12 and not piece.folded.startswith("0")
