"""FHIR search: what is asked, by tables of parameters that the CapabilityStatement reads too."""

import re
from calendar import monthrange
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any, Literal
from urllib.parse import urlencode
from uuid import UUID

from sqlalchemy import ColumnElement, Select, SQLColumnExpression, and_, func, or_, select
from sqlalchemy.orm import Session

from app.config import get_settings
from app.errors import BadRequest, FieldProblem
from app.schemas.fhir_terms import FHIR_BASE
from app.services.fhir_elements import Json, kept
from app.services.wall_clock import STOCKHOLM

Kind = Literal["token", "reference", "string", "date", "special"]
Clause = ColumnElement[bool]
Pairs = Sequence[tuple[str, str]]
COUNT, MOST = 20, 100
_PAGES = 100_000
_MOMENT = re.compile(
    r"(?P<year>\d{4})(-(?P<month>\d\d)(-(?P<day>\d\d)(T(?P<clock>\d\d:\d\d(:\d\d(\.\d{1,9})?)?)"
    r"(?P<zone>Z|[+-]\d\d:\d\d)?)?)?)?"
)
_RESULT = {"_count", "_page", "_summary", "_include", "_sort", "_format", "_pretty", "_total"}


@dataclass(frozen=True)
class Param:
    """A search parameter: `clause(value, modifier)` is its filter for one value."""

    kind: Kind
    clause: Callable[[str, str], Clause]
    modifiers: frozenset[str] = frozenset()
    documentation: str = ""


@dataclass(frozen=True)
class Search:
    """What was asked, understood: `used` is what the self link says."""

    where: list[Clause] = field(default_factory=list)
    values: Mapping[str, str] = field(default_factory=dict)
    count: int = COUNT
    page: int = 1
    oldest_first: bool = False
    includes: frozenset[str] = frozenset()
    used: Pairs = ()

    @property
    def offset(self) -> int:
        return (self.page - 1) * self.count


def wrong(name: str, why: str) -> BadRequest:
    """A parameter that cannot be read; the answer names it and never its value."""
    return BadRequest("The search cannot be read.", [FieldProblem(f"/{name}", "search_parameter", why)])


def read(
    asked: Pairs, table: Mapping[str, Param], *, lenient: bool, includes: frozenset[str] = frozenset()
) -> Search:
    """Raises BadRequest for what is not understood; `lenient` leaves unknown parameters out instead."""
    where: list[Clause] = []
    values: dict[str, str] = {}
    used: list[tuple[str, str]] = []
    for name, value in asked:
        base, _, modifier = name.partition(":")
        if "\x00" in value or not value.isprintable():
            raise wrong(base if base in table else "_query", "Has the wrong type or form.")
        if not value:
            continue
        if base in table and (clause := _clause(table[base], modifier, value)) is not None:
            where.append(clause)
        elif base in table:
            raise wrong(base, "The modifier is not known.")
        elif name not in _RESULT:
            if lenient:
                continue
            raise wrong("_query", "A parameter is not known; Prefer: handling=lenient leaves it out.")
        values[name] = value
        if name not in ("_page", "_format", "_pretty"):
            used.append((name, value))
    return Search(
        where=where,
        values=values,
        count=_count(values),
        page=_whole(values, "_page", 1, low=1, high=_PAGES),
        oldest_first=_oldest_first(values),
        includes=_includes(asked, includes),
        used=used,
    )


def _clause(param: Param, modifier: str, value: str) -> Clause | None:
    """None for a modifier that is not known."""
    kind = ""
    if param.kind == "reference" and modifier[:1].isupper():
        kind, modifier = f"{modifier}/", ""  # owner:Organization=… says the type apart
    if modifier and modifier not in param.modifiers:
        return None
    return or_(*(param.clause(kind + one, modifier) for one in _alternatives(value)))


def _alternatives(value: str) -> list[str]:
    return [re.sub(r"\\([,|$\\])", r"\1", one) for one in re.split(r"(?<!\\),", value)]


def _whole(values: Mapping[str, str], name: str, default: int, *, low: int, high: int) -> int:
    given = values.get(name)
    if given is None:
        return default
    if not re.fullmatch(r"[0-9]{1,9}", given) or not low <= int(given) <= high:
        raise wrong(name, "Has the wrong type or form.")
    return int(given)


def _count(values: Mapping[str, str]) -> int:
    match values.get("_summary"):
        case "count":
            return 0
        case None | "false":
            return min(_whole(values, "_count", COUNT, low=0, high=10**9), MOST)
        case _:
            raise wrong("_summary", "Must be one of the allowed values.")


def _oldest_first(values: Mapping[str, str]) -> bool:
    if values.get("_sort", "-_lastUpdated") not in ("_lastUpdated", "-_lastUpdated"):
        raise wrong("_sort", "Must be one of the allowed values.")
    return values.get("_sort") == "_lastUpdated"


def _includes(asked: Pairs, known: frozenset[str]) -> frozenset[str]:
    wished = frozenset(value for name, value in asked if name == "_include" and value)
    if wished - known:
        raise wrong("_include", "Must be one of the allowed values.")
    return wished


def token(value: str, system: str, name: str) -> str:
    """The code of a token, `code` or `system|code` with our system."""
    before, bar, code = value.rpartition("|")
    if bar and before != system:
        return ""  # another system's code is none of ours
    if not re.fullmatch(r"[^\s]{1,200}", code):
        raise wrong(name, "Has the wrong type or form.")
    return code


def identity(value: str, name: str, *kinds: str) -> UUID:
    """The id of a reference, with or without its type; the nil id, which nobody has, for another type."""
    before, slash, last = value.removeprefix(base()).lstrip("/").rpartition("/")
    try:
        found = UUID(last)
    except ValueError as error:
        raise wrong(name, "Has the wrong type or form.") from error
    return found if not slash or before in kinds else UUID(int=0)


def moment(column: SQLColumnExpression[datetime]) -> Callable[[str, str], Clause]:
    """The clause of a date parameter over a column; a value stands for all of its day, hour or second."""

    def clause(value: str, _modifier: str) -> Clause:
        prefix, rest = (value[:2], value[2:]) if value[:2].isalpha() else ("eq", value)
        start, end = _span(rest)
        match prefix:
            case "eq":
                return and_(column >= start, column < end)
            case "ne":
                return or_(column < start, column >= end)
            case "gt" | "sa":
                return column >= end
            case "lt" | "eb":
                return column < start
            case "ge":
                return column >= start
            case "le":
                return column < end
            case _:
                raise wrong("_lastUpdated", "Has the wrong type or form.")

    return clause


def _span(value: str) -> tuple[datetime, datetime]:
    """From the first moment to the one after the last; local time where no zone is named."""
    found = _MOMENT.fullmatch(value.replace(" ", "+"))
    try:
        if found is None or found["year"] < "0002" or found["year"] > "9990":
            raise ValueError  # noqa: TRY301  one sentence for all that cannot be read
        if found["clock"]:
            start = datetime.fromisoformat(found[0])
            start = (start if start.tzinfo else start.replace(tzinfo=STOCKHOLM)).astimezone(UTC)
            parts = found["clock"].count(":") + ("." in found["clock"])
            return start, start + (timedelta(minutes=1), timedelta(seconds=1), timedelta(milliseconds=1))[
                parts - 1
            ]
        year, month, day = int(found["year"]), int(found["month"] or 1), int(found["day"] or 1)
        first = date(year, month, day)
    except ValueError as error:
        raise wrong("_lastUpdated", "Has the wrong type or form.") from error
    if found["day"]:
        after = first + timedelta(days=1)
    elif found["month"]:
        after = first + timedelta(days=monthrange(year, month)[1])
    else:
        after = date(year + 1, 1, 1)
    return _midnight(first), _midnight(after)


def _midnight(of: date) -> datetime:
    return datetime(of.year, of.month, of.day, tzinfo=STOCKHOLM).astimezone(UTC)


def page_of(session: Session, query: Select[Any], search: Search, *order: Any) -> tuple[list[Any], int]:
    """The rows of the page asked for, and how many there are; `order` begins with what `_sort` turns."""
    total = session.scalar(select(func.count()).select_from(query.options().subquery())) or 0
    if not search.count:
        return [], total
    first = order[0].asc() if search.oldest_first else order[0].desc()
    rows = session.scalars(query.order_by(first, *order[1:]).limit(search.count).offset(search.offset))
    return list(rows), total


def base() -> str:
    """The address of the FHIR service."""
    return get_settings().public_url.rstrip("/") + FHIR_BASE


def searchset(
    kind: str, search: Search, total: int, found: Sequence[Json], more: Sequence[Json] = ()
) -> Json:
    """A Bundle of what was found, with its links; `more` are resources that were to be included."""
    entries = [
        *(_entry(one, "match") for one in found),
        *(_entry(one, "include") for one in more),
    ]
    link = [{"relation": "self", "url": _link(kind, search, search.page)}]
    if search.count and search.page > 1:
        link.append({"relation": "previous", "url": _link(kind, search, search.page - 1)})
    if search.count and search.offset + len(found) < total and found:
        link.append({"relation": "next", "url": _link(kind, search, search.page + 1)})
    bundle: dict[str, Any] = {"resourceType": "Bundle", "type": "searchset", "total": total}
    return bundle | kept({"link": link, "entry": entries})


def transaction_response(made: Sequence[Json], *, minimal: bool) -> Json:
    """What became of each entry of a transaction, in its order."""
    entries = [
        kept(
            {
                "resource": None if minimal else of,
                "response": {
                    "status": "201 Created",
                    "location": f"{base()}/{of['resourceType']}/{of['id']}",
                    "etag": f'W/"{of["meta"]["versionId"]}"',
                    "lastModified": of["meta"]["lastUpdated"],
                },
            }
        )
        for of in made
    ]
    return {"resourceType": "Bundle", "type": "transaction-response", "entry": entries}


def _entry(of: Json, mode: str) -> Json:
    address = f"{base()}/{of['resourceType']}/{of['id']}"
    return {"fullUrl": address, "resource": of, "search": {"mode": mode}}


def _link(kind: str, search: Search, page: int) -> str:
    asked = [*search.used, *([("_page", str(page))] if page > 1 else [])]
    return f"{base()}/{kind}" + (f"?{urlencode(asked)}" if asked else "")
