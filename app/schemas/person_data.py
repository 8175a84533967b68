"""Finds what must not stand in a free text: personal numbers, e-mail addresses and telephone numbers.

Numbers are looked for in every spelling: with spaces, hyphens, dots or plus, ten or twelve digits, in digits
of other scripts or full width, with invisible characters between, with the letters O and l for digits.
"""

import re
import unicodedata
from collections.abc import Iterator
from datetime import date
from typing import Literal

from stdnum.luhn import is_valid

Found = Literal["personal_number", "email_address", "phone_number"]

_MAIL = re.compile(
    r"[\w.+%-]+\s*(?:@|\(at\)|\[at\]|\bsnabel-?\s?a\b)\s*[\w-]+(?:\s*(?:\.|\(dot\)|\bpunkt\b)\s*[\w-]+)+",
    re.IGNORECASE,
)
_TIMES = re.compile(r"(?<!\d)\d{1,2}[.:]\d{2}(?:\s*[-–]\s*\d{1,2}[.:]\d{2})?(?!\d)")
_DAYS = re.compile(r"(?<!\d)(?:19|20)\d{2}-\d{2}-\d{2}(?![\d-])(?!\s*\d)")
# Digits with at most three separating characters between two of them.
_RUN = re.compile(r"\+?\d(?:[\s\-–—‑./+_,()]{0,3}\d)+")
# A personal number may have anything but letters between its digits, and one short word before its last four.
_WIDE_RUN = re.compile(r"\d(?:[\W_]{0,8}\d)+(?:[\W_]{1,8}\w{1,6}[\W_]{1,8}\d{4}(?!\d))?")
_PHONE = re.compile(r"(?:\+|00)\d{8,14}|0\d{6,10}")
# Letters that are typed for digits, among digits.
_LIKE_DIGITS = re.compile(r"[\dOolI](?:[\s\-–—‑./+_,()]{0,3}[\dOolI])+")
_DIGIT_OF = str.maketrans("OolI", "0011")
_ENOUGH_DIGITS = 5  # "10 l" is ten litres


def find(text: str) -> set[Found]:
    """What kinds of such data the text holds."""
    plain = _plain(text)
    found: set[Found] = set()
    if _MAIL.search(plain):
        found.add("email_address")
    for run in _WIDE_RUN.findall(plain):
        digits = "".join(filter(str.isdigit, run))
        if any(_personal(part) for part in _windows(digits)):
            found.add("personal_number")
    for run in _RUN.findall(_DAYS.sub(" ; ", _TIMES.sub(" ; ", plain))):
        digits = "".join(filter(str.isdigit, run))
        if _PHONE.fullmatch(("+" if run.startswith("+") else "") + digits):
            found.add("phone_number")
    return found


def _plain(text: str) -> str:
    """Compatibility forms folded, digits of every script as ASCII, invisible characters gone."""
    folded = unicodedata.normalize("NFKC", text)
    shown = (_shown(one, unicodedata.category(one)) for one in folded)
    return _LIKE_DIGITS.sub(_as_digits, "".join(shown))


def _as_digits(run: re.Match[str]) -> str:
    enough = sum(map(str.isdigit, run[0])) >= _ENOUGH_DIGITS
    return run[0].translate(_DIGIT_OF) if enough else run[0]


def _shown(character: str, category: str) -> str:
    if category == "Nd":
        return str(unicodedata.digit(character))
    if category in ("Cf", "Mn"):
        return ""
    return "-" if category == "Pd" or character == "\N{MINUS SIGN}" else character


def _windows(digits: str) -> Iterator[str]:
    """Twelve- and ten-digit parts: a number may stand among others in one run."""
    for length in (12, 10):
        for start in range(len(digits) - length + 1):
            yield digits[start : start + length]


def _personal(digits: str) -> bool:
    """A Swedish personal or co-ordination number: a day of birth (or with 60 added) and a check digit.

    With the century given, a wrong check digit is taken for a slip of the pen.
    """
    whole = len(digits) == 12
    if whole and digits[:2] not in ("18", "19", "20"):
        return False
    century, short = (digits[:2], digits[2:]) if whole else ("20", digits)
    year, month, day = int(century + short[:2]), int(short[2:4]), int(short[4:6])
    day -= 60 if day > 60 else 0
    try:
        born = date(year, month, day)
    except ValueError:
        if (month, day) != (2, 29) or whole:
            return False
        born = date(2000, 2, 29)  # of another century
    if whole:
        return born.year <= date.today().year  # noqa: DTZ011  a day more or less is nothing here
    return bool(is_valid(short))
