"""A row and a mapping into records of the exchange format: pure, with every trouble named by its place."""

import re
from collections.abc import Iterable, Iterator
from collections.abc import Mapping as Lookup
from dataclasses import dataclass, field
from typing import Any, Final

from app.services.exchange_hours import contacts_by_channel
from app.services.exchange_mapping import (
    ListingPart,
    Mapping,
    OrganisationPart,
    Rule,
    Table,
    template_columns,
)
from app.services.exchange_read import Row, heading
from app.services.exchange_report import Rejected, Warnings
from app.services.exchange_values import (
    READERS,
    AgeSpan,
    BadValue,
    Reader,
    joined_ages,
    plain_text,
    unbroken,
    value_class,
)

_SEGMENT: Final = re.compile(r"([\w-]+)(?:\[(\d*)\])?")
_OPTIONAL: Final = re.compile(r"\[([^\[\]]*)\]")
_PLACE: Final = re.compile(r"\{([\w.]+)(?:\|(\w+))?\}")
_NUMBER: Final = "\x00"
_NO_WORDS: Final = frozenset({"nej", "no", "false", "0", ""})


@dataclass
class RowRecords:
    """What one row became: records as dicts of the format, or the reasons why not."""

    organisation: dict[str, Any] | None = None
    listing: dict[str, Any] | None = None
    rejected: list[Rejected] = field(default_factory=list)


class RowMapper:
    """Applies one mapping to rows. `municipalities`: name (as `heading` gives it) → kommun code."""

    def __init__(self, mapping: Mapping, warnings: Warnings, municipalities: Lookup[str, str]) -> None:
        self._mapping = mapping
        self._warnings = warnings
        self._readers: dict[str, Reader] = {**READERS, "municipality": self._municipality}
        self._municipalities = municipalities
        self._known: dict[tuple[int, str], str | None] = {}
        self._headings = {id(table): table.headings for table in mapping.tables}
        self._ignored = {id(t): frozenset(heading(name) for name in t.ignore) for t in mapping.tables}

    def records(self, row: Row) -> RowRecords:
        """The row's records; `rejected` is filled, and the records empty, when the row cannot be taken."""
        table = self._mapping.table(row.sheet)
        if table is None:
            self._warnings.add("the mapping has no table for this sheet", row.sheet, row.number)
            return RowRecords()
        cells = self._columns(table, row)
        result = RowRecords()
        result.rejected += [
            Rejected(row.sheet, row.number, name, "empty", "is required")
            for name in table.required
            if name not in cells
        ]
        if result.rejected or self._skipped(table, cells, row):
            return result
        reading = _Reading(self, row, cells, result.rejected)
        if table.organisation is not None:
            result.organisation = {"type": "organisation"} | reading.part(table.organisation)
        if table.listing is not None:
            listing = self._listing(table.listing, reading, result.organisation)
            if listing is None:
                self._warnings.add(
                    "rows without a listing: only the organisation is kept", row.sheet, row.number
                )
            result.listing = listing
        if result.rejected:
            return RowRecords(rejected=result.rejected)
        return result

    def _skipped(self, table: Table, cells: dict[str, object], row: Row) -> bool:
        for skip in table.skip:
            if re.search(skip.matches, _joined(cells.get(skip.column)), re.IGNORECASE):
                self._warnings.add(
                    f"left out by the mapping's skip rule on {skip.column}", row.sheet, row.number
                )
                return True
        return False

    def _listing(
        self, part: ListingPart, reading: "_Reading", organisation: dict[str, Any] | None
    ) -> dict[str, Any] | None:
        listing: dict[str, Any] = {"type": "listing"} | reading.part(part)
        if part.contact_hours is not None:
            contacts = contacts_by_channel(part.contact_hours, reading.cells, reading.warn)
            if contacts:
                listing["contacts"] = [*contacts, *listing.get("contacts", [])]
        if any(not listing.get(name) for name in part.needs):
            return None
        if organisation is not None:
            listing.setdefault("organisation", organisation.get("external_id"))
        return listing

    def _columns(self, table: Table, row: Row) -> dict[str, object]:
        """The row under the mapping's own column names; nested objects under dotted ones."""
        cells: dict[str, object] = {}
        for name, value in _flat(row.values):
            column = self._column(table, name, row)
            if column is not None and column not in cells and value_class(value) != "empty" and value != []:
                cells[column] = value
        if table.sheet_as and table.sheet_as not in cells and row.sheet:
            cells[table.sheet_as] = row.sheet
        return cells

    def _column(self, table: Table, name: str, row: Row) -> str | None:
        key = (id(table), name)
        if key not in self._known:
            self._known[key] = self._headings[id(table)].get(heading(name))
            if self._known[key] is None and heading(name) not in self._ignored[id(table)]:
                self._warnings.add(f"column {name[:60]!r} is not used by the mapping", row.sheet, row.number)
        return self._known[key]

    def read(self, rule: Rule, column: str, value: object) -> list[object]:
        """One cell's values through `parse` and `map`. Raises BadValue."""
        read = self._readers[rule.parse or "text"]
        result: list[object] = []
        for piece in map(unbroken, _pieces(value, rule.split)):
            words = [piece] if rule.map is None else self._terms(rule.map, column, piece)
            parsed = words if rule.map is not None and rule.parse is None else [read(w) for w in words]
            # A label without an age beside others leaves the whole span open, so it is kept as None.
            result.extend(value for value in parsed if value is not None or rule.parse == "age")
        return result

    def _terms(self, name: str, column: str, piece: object) -> list[str]:
        value_map = self._mapping.maps[name]
        word = str(piece).lower() if isinstance(piece, bool) else plain_text(piece)
        if word is None:
            return []
        terms = value_map.terms(word)
        if terms is not None:
            return terms
        if value_map.otherwise == "keep":
            return [word]
        shown = repr(word[:60]) if value_map.show_unmapped else value_class(word)
        self._warnings.add(f"column {column}: {shown} is not in the value map {name}", None, None)
        return []

    def _municipality(self, value: object) -> str | None:
        text = plain_text(value)
        if text is None or re.fullmatch(r"\d{4}", text):
            return text
        name = heading(text)
        for key in (name, name.removesuffix(" kommun"), name.removesuffix(" kommun").removesuffix("s")):
            if key in self._municipalities:
                return self._municipalities[key]
        raise BadValue("municipality", "is not the name or code of a kommun")

    def warn_bad(self, column: str, problem: str, row: Row) -> None:
        self._warnings.add(f"column {column}: {problem}; left out", row.sheet, row.number)


class _Reading:
    """One row being read: its cells, and where its troubles go."""

    def __init__(
        self, mapper: RowMapper, row: Row, cells: dict[str, object], rejected: list[Rejected]
    ) -> None:
        self.cells = cells
        self._mapper = mapper
        self._row = row
        self._rejected = rejected

    def warn(self, column: str, problem: str) -> None:
        self._mapper.warn_bad(column, problem, self._row)

    def part(self, part: OrganisationPart | ListingPart) -> dict[str, Any]:
        record: dict[str, Any] = {}
        constants: list[tuple[str, object]] = []
        spread: list[tuple[str, object]] = []
        for path, rule in part.fields.items():
            if not self._applies(rule):
                continue
            if rule.value is not None:
                constants.append((path, rule.value))
                continue
            value = self._value(path, rule)
            if value is None or value == []:
                continue
            if "[]." in path and isinstance(value, list) and len(value) == 1:
                spread.append((path, value[0]))
            else:
                place(record, path, value)
        for path, value in [*spread, *constants]:
            place(record, path, value, spread=True, only_beside=(path, value) in constants)
        return _closed(record)

    def _applies(self, rule: Rule) -> bool:
        if rule.unless is not None and rule.unless in self.cells:
            return False
        return rule.when is None or _joined(self.cells.get(rule.when)).lower() not in _NO_WORDS

    def _value(self, path: str, rule: Rule) -> object:
        if rule.template is not None:
            return self._filled(rule)
        values: list[object] = []
        for column in rule.columns:
            if column not in self.cells:
                continue
            values += self._cell(rule, column)
        return self._shaped(path, rule, values)

    def _cell(self, rule: Rule, column: str) -> list[object]:
        try:
            return self._mapper.read(rule, column, self.cells[column])
        except BadValue as error:
            self._bad(rule, column, error)
            return []

    def _bad(self, rule: Rule, column: str, error: BadValue) -> None:
        if rule.bad == "warn":
            self.warn(column, str(error))
        else:
            shape = value_class(self.cells.get(column))
            self._rejected.append(Rejected(self._row.sheet, self._row.number, column, shape, str(error)))

    def _shaped(self, path: str, rule: Rule, values: list[object]) -> object:
        if rule.parse == "age":
            if None in values and any(values):
                self.warn(rule.columns[0], "some of its labels name no age")
                return None
            try:
                span = joined_ages(v for v in values if isinstance(v, AgeSpan))
            except BadValue as error:
                self._bad(rule, rule.columns[0], error)
                return None
            return None if span is None else {"min": span.min, "max": span.max}
        distinct = list(dict.fromkeys(values))
        if rule.limit is not None and len(distinct) > rule.limit:
            if rule.limit > 1:
                self.warn(rule.columns[0], f"more than {rule.limit} values for {path}")
            distinct = distinct[: rule.limit]
        if "[]" in path:
            return distinct
        if rule.join is not None:
            return cut(rule.join.join(str(v) for v in distinct), rule.max_length) or None
        first = distinct[0] if distinct else None
        return cut(first, rule.max_length) if isinstance(first, str) else first

    def _filled(self, rule: Rule) -> str | None:
        for template in rule.templates:
            whole = _OPTIONAL.sub(lambda m: self._fill(m[1]) or "", template)
            if (text := self._fill(whole)) is not None:
                parsed = READERS[rule.parse](text) if rule.parse else text
                return cut(str(parsed), rule.max_length) if parsed is not None else None
        return None

    def _fill(self, template: str) -> str | None:
        if any(name not in self.cells for name in template_columns(template)):
            return None
        try:
            return _PLACE.sub(lambda m: self._word(m[1], m[2]), template)
        except BadValue:
            return None

    def _word(self, column: str, reader: str | None) -> str:
        value = self.cells[column]
        if reader == "first":
            return next((plain_text(p) or "" for p in _pieces(value, ",")), "")
        if reader is None:
            return _joined(value)
        parsed = self._mapper._readers[reader](value)  # noqa: SLF001 the same module
        if parsed is None:
            raise BadValue("empty", "is empty")
        return str(parsed)


def _flat(values: Lookup[str, object], prefix: str = "") -> Iterator[tuple[str, object]]:
    for name, value in values.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield prefix + str(name), value


def _pieces(value: object, split: str | None) -> Iterable[object]:
    """A cell's single values. Text is split only outside parentheses: "Barn (0-6 år, mix), Vuxna"."""
    if isinstance(value, list):
        return value
    if not split or not isinstance(value, str):
        return [value]
    marks = re.escape(split)
    return [piece for piece in re.split(rf"[{marks}](?![^()]*\))", value) if piece.strip()]


def _joined(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(text for piece in value if (text := _joined(piece)))
    if isinstance(value, bool):
        return "ja" if value else "nej"
    return (plain_text(value) or "") if not isinstance(value, dict) else ""


def cut(text: str, limit: int | None) -> str:
    """Text of at most `limit` characters, cut at a word and marked with "…"."""
    if limit is None or len(text) <= limit:
        return text
    kept = text[: limit - 1]
    at_word = kept.rsplit(" ", 1)[0] if " " in kept[limit // 2 :] else kept
    return at_word.rstrip(" ,.;:-–") + "…"


def place(
    record: dict[str, Any], path: str, value: object, *, spread: bool = False, only_beside: bool = False
) -> None:
    """Puts a value at a path such as `texts.sv.title`, `contacts[0].value`, `venues[].district`.

    `spread`: one value goes into every element of a `[]` list (made when there is none, unless
    `only_beside`, which puts the value only into elements that have something else already).
    """
    name, _, rest = path.partition(".")
    found = _SEGMENT.fullmatch(name)
    if found is None:
        raise ValueError("a field path of the mapping cannot be read")
    key, index = found.groups()
    if index is None:
        if rest:
            place(record.setdefault(key, {}), rest, value, spread=spread, only_beside=only_beside)
        else:
            record[key] = value
    elif not rest:
        record[key] = value if isinstance(value, list) else [value]
    elif index:
        _place_at(record, key, int(index), rest, value, only_beside=only_beside)
    elif spread:
        entries = record.get(key) or ([] if only_beside else [{}])
        for entry in entries:
            place(entry, rest, value)
        if entries:
            record[key] = entries
    else:
        values = value if isinstance(value, list) else [value]
        entries = record.setdefault(key, [])
        entries.extend({} for _ in range(len(values) - len(entries)))
        for entry, each in zip(entries, values, strict=False):
            place(entry, rest, each)


def _place_at(
    record: dict[str, Any], key: str, index: int, rest: str, value: object, *, only_beside: bool
) -> None:
    """Numbered elements, marked with their number until `_closed`, so that an empty one leaves no hole."""
    entries: list[dict[str, Any]] = record.get(key, [])
    found = next((e for e in entries if e.get(_NUMBER) == index), None)
    if found is None:
        if only_beside:
            return
        found = {_NUMBER: index}
        record[key] = sorted([*entries, found], key=lambda e: int(e[_NUMBER]))
    place(found, rest, value)


def _closed(record: dict[str, Any]) -> dict[str, Any]:
    for value in record.values():
        for entry in value if isinstance(value, list) else []:
            if isinstance(entry, dict):
                entry.pop(_NUMBER, None)
    return record
