"""Values as people write them in registers, read into the exchange format's fields.

Every reader is pure, takes one cell's value and gives the field's value, or None where nothing is told.
It raises `BadValue` (code and message) otherwise; neither ever holds the value itself.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from urllib.parse import urlsplit

import phonenumbers
from phonenumbers import shortnumberinfo
from pydantic import TypeAdapter, ValidationError
from stdnum.exceptions import ValidationError as NumberError
from stdnum.se import orgnr

from app.schemas.fields import WebAddress


class BadValue(ValueError):
    """A value that cannot be read; `code` is stable, the message is for people and never echoes."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True)
class AgeSpan:
    """Years, inclusive; None is no limit."""

    min: int | None
    max: int | None


def value_class(value: object) -> str:  # noqa: PLR0911 one line a shape
    """What shape a value has, for reports that must not show it: "text of 14 characters", "empty"."""
    match value:
        case None:
            return "empty"
        case str() if not value.strip():
            return "empty"
        case str():
            return f"text of {len(value)} character{'s' if len(value) != 1 else ''}"
        case bool():
            return "yes/no"
        case int() | float():
            return "number"
        case date():
            return "date"
        case list() | tuple():
            return f"list of {len(value)}"
        case dict():
            return "object"
        case _:
            return type(value).__name__


# UTF-8 once read as Windows-1252 ("Ã¥", "â€™"), and the mark for what could not be read at all.
_BROKEN: Final = re.compile("[ÂÃ][\x80-\xbf€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ]|â€|\ufffd")


def unbroken(value: object) -> object:
    """The value itself. Raises BadValue for text whose letters an earlier change of encoding broke."""
    if isinstance(value, str) and _BROKEN.search(value):
        raise BadValue("broken_text", "holds letters that an earlier change of encoding broke")
    return value


def plain_text(value: object) -> str | None:
    """One line of text: white space joined, invisible characters gone; numbers as text."""
    if value is None:
        return None
    if isinstance(value, bool | list | dict):
        raise BadValue("not_text", f"should be text, is {value_class(value)}")
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    text = str(value)
    if not text.isprintable():
        text = "".join(c for c in text if c.isspace() or unicodedata.category(c) not in {"Cc", "Cf"})
    return " ".join(text.split()) or None


def long_text(value: object) -> str | None:
    """Text that keeps its line breaks."""
    if isinstance(value, str):
        lines = [plain_text(line) or "" for line in value.splitlines()]
        return "\n".join(lines).strip() or None
    return plain_text(value)


def slug(value: object) -> str | None:
    """Lower-case ASCII with hyphens: "Sävsjö IF (fotboll)" → "savsjo-if-fotboll"."""
    text = plain_text(value)
    if text is None:
        return None
    ascii_text = unicodedata.normalize("NFKD", text.lower().replace("ø", "o").replace("æ", "ae"))
    folded = ascii_text.encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", folded).strip("-")[:100].strip("-") or None


_YEARS: Final = r"(?:års?|year|yrs?)?"
_DASH: Final = r"(?:-|till|t\.?o\.?m\.?|to)"
_NO_LIMIT: Final = 99  # "65-150 år" and "65-100 år" mean 65 and older
_SPAN = re.compile(rf"(\d{{1,3}}) ?{_YEARS} ?{_DASH} ?(\d{{1,3}})(?!\d)")
_FROM = re.compile(
    rf"(?:från|minst|över|fr\.?o\.?m\.?|fyllda) (\d{{1,3}})(?!\d)"
    rf"|\+ ?(\d{{1,3}})(?!\d)"
    rf"|(\d{{1,3}}) ?{_YEARS} ?"
    rf"(?:\+|- ?{_YEARS} ?(?=\)|$|,)|(?:och|&|o) (?:äldre|uppåt|upp)|eller äldre|uppåt)"
)
_UP_TO = re.compile(
    rf"(?:under|yngre än) (\d{{1,3}})(?!\d)|(?:upp till|högst|max|t\.?o\.?m\.?) (\d{{1,3}})(?!\d)"
    rf"|(\d{{1,3}}) ?{_YEARS} (?:och|eller) yngre"
)
_NOT_AGES = re.compile(r"\b(?:åk|årskurs|klass|född|födda|årgång)\b|\d{4}|<|>")


def age(value: object) -> AgeSpan | None:
    """Reads "Barn och ungdom (0-20 år)", "Vuxna 21+", "Pensionär 65 år och äldre", "7-10 (7-10 år)".

    None where the label names no age ("Vuxna"). Raises BadValue where it is a school year, a year of
    birth, or a number that may mean either bound ("Barn och ungdom >20").
    """
    text = plain_text(value)
    if text is None:
        return None
    words = text.lower().replace("–", "-").replace("—", "-").replace("−", "-")
    words = re.sub(r"\s*-\s*", "-", words)
    if "alla åldrar" in words or "alla åldersgrupper" in words:
        return AgeSpan(None, None)
    if not re.search(r"\d", words):
        return None
    if _NOT_AGES.search(words):
        raise BadValue("age_unclear", "does not say clearly which ages it is for")
    months = "mån" in words
    if spans := _SPAN.findall(words):
        low, high = min(int(a) for a, _ in spans), max(int(b) for _, b in spans)
        if any(int(a) > int(b) for a, b in spans):
            raise BadValue("age_order", "the lower age is above the upper one")
        return _whole_years(low, high, months)
    if found := _UP_TO.search(words):
        below, upto, younger = found.groups()
        limit = int(below) - 1 if below else int(upto or younger)
        return _whole_years(None, limit, months)
    if found := _FROM.search(words):
        return _whole_years(int(next(g for g in found.groups() if g)), None, months)
    raise BadValue("age_unclear", "does not say clearly which ages it is for")


def _whole_years(low: int | None, high: int | None, months: bool) -> AgeSpan:
    if months:
        low, high = (low // 12 if low is not None else None), (high // 12 if high is not None else None)
    if high is not None and high >= _NO_LIMIT:
        high = None
    if (low or 0) > 130 or (high is not None and high < 0):
        raise BadValue("age_range", "is outside 0–130 years")
    return AgeSpan(low, high)


def joined_ages(spans: Iterable[AgeSpan]) -> AgeSpan | None:
    """One span of several that touch each other; None without spans.

    Raises BadValue where a gap lies between them: a span over the gap would invite people who are not meant.
    """
    ordered = sorted(spans, key=lambda s: (s.min or 0, s.max if s.max is not None else 999))
    if not ordered:
        return None
    low, high = ordered[0].min, ordered[0].max
    for span in ordered[1:]:
        if high is None:
            break
        if (span.min or 0) > high + 1:
            raise BadValue("age_gap", "the ages have a gap between them, which one range cannot say")
        high = None if span.max is None else max(high, span.max)
    if not low and high is None:
        return AgeSpan(None, None)
    return AgeSpan(low, high)


_SHORT: Final = re.compile(r"112|1177|11313|11414|116\d{3}")  # 116 xxx: the Union's helplines (2007/116/EC)


def phone(value: object) -> str | None:
    """A number that can be dialled in Sweden, spelt as the source spells it (90101, 116 111, 08-465 004 12).

    Short numbers are asked of `shortnumberinfo`, as the plain check calls 90101 invalid; those that its
    table lacks in some version (114 14, 116 016) are named here.
    """
    text = plain_text(value)
    if text is None:
        return None
    try:
        number = phonenumbers.parse(text, "SE")
    except phonenumbers.NumberParseException as error:
        raise BadValue("phone", "is not a telephone number") from error
    digits = re.sub(r"\D", "", text)
    if phonenumbers.is_valid_number(number) or _SHORT.fullmatch(digits):
        return text
    if shortnumberinfo.is_valid_short_number_for_region(number, "SE"):
        return text
    if phonenumbers.is_possible_number(number) and digits.startswith("08465004"):
        return text  # the series set aside for fiction
    raise BadValue("phone", "is not a telephone number that can be dialled in Sweden")


def postcode(value: object) -> str | None:
    """Five digits as "123 45"; "SE-123 45" and 12345.0 too."""
    text = plain_text(value)
    if text is None:
        return None
    found = re.fullmatch(r"(?:SE?-? ?)?(\d{3}) ?(\d{2})", text, re.IGNORECASE)
    if found is None:
        raise BadValue("postcode", "is not a Swedish postcode of five digits")
    return f"{found[1]} {found[2]}"


def org_number(value: object) -> str | None:
    """A legal person's number as "NNNNNN-NNNN". Personal numbers raise, as they are personal data."""
    text = plain_text(value)
    if text is None:
        return None
    digits = re.sub(r"[\s\-–.]", "", text)
    if not digits:
        return None
    if re.fullmatch(r"(?:06|16|18|19|20)\d{10}", digits):  # twelve digits: 16 is the tax agency's prefix
        digits = digits[2:]
    if re.fullmatch(r"\d\d[01]\d{7}", digits):  # a legal person has at least 20 where a person has the month
        raise BadValue("personal_number", "looks like a personal number, which is not kept")
    try:
        compact: str = orgnr.validate(digits)
    except NumberError as error:
        raise BadValue("org_number", "is not a valid organisation number") from error
    if compact.startswith("0"):
        raise BadValue("org_number", "is not a valid organisation number")
    return orgnr.format(compact)


_WEB = TypeAdapter(WebAddress)


def web_address(value: object) -> str | None:
    """A web address; a missing scheme becomes https://. Raises for e-mail addresses and prose."""
    text = plain_text(value)
    if text is None:
        return None
    text = re.sub(r"^(https?):/{0,3}(?=[^/])", lambda m: m[1].lower() + "://", text, flags=re.IGNORECASE)
    if not re.match(r"https?://", text, re.IGNORECASE):
        if "@" in text.split("/")[0]:
            raise BadValue("web_address", "is an e-mail address, not a web address")
        text = "https://" + text
    try:
        name = urlsplit(text).hostname or ""
        if name.endswith("."):
            text, name = text.replace(name, name.rstrip("."), 1), name.rstrip(".")
        if " " in text or ".." in name or not re.search(r"[^.]\.[^\W\d_]{2,}$", name):
            raise BadValue("web_address", "is not a web address")
        return str(_WEB.validate_python(text))
    except (ValidationError, ValueError) as error:
        raise BadValue("web_address", "is not a web address") from error


def host(value: object) -> str | None:
    """The host of a web address without www."""
    address = web_address(value)
    return None if address is None else (urlsplit(address).hostname or "").removeprefix("www.") or None


def email(value: object) -> str | None:
    text = plain_text(value)
    if text is None:
        return None
    text = text.removeprefix("mailto:")
    if not re.fullmatch(r"[^@\s,;]+@[^@\s,;]+\.[^@\s.,;]{2,}", text) or len(text) > 254:
        raise BadValue("email", "is not an e-mail address")
    return text


_DATE_FORMS: Final = ("%Y-%m-%d", "%Y%m%d", "%d/%m/%Y", "%d.%m.%Y", "%Y/%m/%d", "%Y-%m-%d %H:%M:%S")


def day(value: object) -> str | None:
    """A date as ISO text; reads dates of a workbook, ISO times, 20261003, 3/10/2026 (day first)."""
    if isinstance(value, datetime):
        return value.date().isoformat()
    if isinstance(value, date):
        return value.isoformat()
    text = plain_text(value)
    if text is None:
        return None
    with suppress(ValueError):
        return datetime.fromisoformat(text).date().isoformat()
    for form in _DATE_FORMS:
        with suppress(ValueError):
            return datetime.strptime(text, form).date().isoformat()  # noqa: DTZ007 a date has no zone
    raise BadValue("date", "is not a date")


_YES: Final = frozenset({"ja", "j", "yes", "y", "true", "sant", "sann", "x", "1", "oui", "vrai"})
_NO: Final = frozenset({"nej", "n", "no", "false", "falskt", "falsk", "0", "non", "faux"})


def boolean(value: object) -> bool | None:
    """ja/nej, x, 1/0, true/false; "vet ej" and the like are None."""
    if isinstance(value, bool):
        return value
    text = (plain_text(value) or "").lower()
    if text in _YES:
        return True
    if text in _NO:
        return False
    if text in {"", "-", "?", "vet ej", "okänt", "unknown", "ej angivet"}:
        return None
    raise BadValue("boolean", "is neither yes nor no")


def number(value: object) -> float | int | None:
    """A number; "1 200", "12,50", "40 kr"."""
    if isinstance(value, bool):
        raise BadValue("number", "is not a number")
    if isinstance(value, int | float):
        return value
    text = plain_text(value)
    if text is None:
        return None
    bare = re.sub(r"\s|kr(?:onor)?\.?$|:-$", "", text, flags=re.IGNORECASE).replace(",", ".")
    try:
        result = float(bare)
    except ValueError as error:
        raise BadValue("number", "is not a number") from error
    if result != result or result in (float("inf"), float("-inf")):  # noqa: PLR0124 NaN differs from itself
        raise BadValue("number", "is not a number")
    return int(result) if result.is_integer() else result


def wall_time(value: object) -> str | None:
    """Local time "17:00" of 17, 17.00, "kl 17", 9:30; 24:00 stays."""
    text = plain_text(value)
    if text is None:
        return None
    found = re.fullmatch(r"(?:kl\.? ?)?(\d{1,2})(?:[:.](\d{2}))?(?::00)?", text.lower())
    if found is None or (hour := int(found[1])) > 24 or (minute := int(found[2] or 0)) > 59:
        raise BadValue("time", "is not a time of day")
    if hour == 24 and minute:
        raise BadValue("time", "is not a time of day")
    return f"{hour:02d}:{minute:02d}"


Reader = Callable[[object], object]
READERS: Final[dict[str, Reader]] = {
    "text": plain_text,
    "long_text": long_text,
    "slug": slug,
    "age": age,
    "phone": phone,
    "postcode": postcode,
    "org_number": org_number,
    "web_address": web_address,
    "host": host,
    "email": email,
    "date": day,
    "boolean": boolean,
    "number": number,
    "time": wall_time,
}
