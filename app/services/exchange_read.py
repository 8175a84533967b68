"""Files into rows: JSON Lines (also .gz), JSON arrays, CSV and XLSX, with troubles named by place.

A file that cannot be read at all raises `Unreadable` with one sentence; a row that cannot be read comes
as a `BrokenRow`, so that the rows around it are kept.
"""

import csv
import gzip
import io
import json
import re
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Final
from xml.etree.ElementTree import ParseError

import openpyxl
from openpyxl.utils.exceptions import InvalidFileException
from openpyxl.worksheet._read_only import ReadOnlyWorksheet


class Unreadable(Exception):
    """The file as a whole cannot be read; the text is one sentence for the person who sent it."""


@dataclass(frozen=True)
class Row:
    """One row. `number` is the line of a text file, the row of a sheet, or the place in an array; from 1."""

    sheet: str | None
    number: int
    values: dict[str, object]


@dataclass(frozen=True)
class BrokenRow:
    """A row that cannot be read, and why."""

    sheet: str | None
    number: int
    reason: str
    value_class: str = "row"


@dataclass(frozen=True)
class ReadOptions:
    """What the file does not say itself; None is found out."""

    encoding: str | None = None
    delimiter: str | None = None
    sheets: Sequence[str] | None = None
    header_row: int | None = None
    records: str | None = None
    headings: frozenset[str] = field(default_factory=frozenset)


Rows = Iterator[Row | BrokenRow]
_LINE_LIMIT: Final = 4_000_000  # characters; a record is under 1 MB, so a longer line is no record
_HEADER_SEARCH: Final = 20


def read(path: Path, options: ReadOptions | None = None) -> Rows:
    """The file's rows, lazily. The kind follows the name: .jsonl, .json, .csv, .tsv, .txt, .xlsx (+ .gz)."""
    options = options or ReadOptions()
    if not path.is_file():
        raise Unreadable(f"There is no file {path.name}.")
    suffixes = [s.lower() for s in path.suffixes]
    packed = bool(suffixes) and suffixes[-1] == ".gz"
    kind = (suffixes[:-1] if packed else suffixes)[-1:] or [""]
    match kind[0]:
        case ".jsonl" | ".ndjson":
            return _guarded(path, packed, _json_lines)
        case ".json" | ".geojson":
            return _guarded(path, packed, lambda stream: _json_document(stream, options.records))
        case ".csv" | ".tsv" | ".txt":
            return _guarded(path, packed, lambda stream: _csv(stream.read(), options))
        case ".xlsx" | ".xlsm":
            return _guarded(path, packed, lambda stream: _xlsx(stream, options))
        case ".xls" | ".ods":
            raise Unreadable(f"{path.name}: save the workbook as .xlsx or .csv; this older form is not read.")
        case _:
            raise Unreadable(f"{path.name}: the name should end in .jsonl, .json, .csv or .xlsx (+ .gz).")


def _guarded(path: Path, packed: bool, reader: Any) -> Rows:
    try:
        with gzip.open(path) if packed else path.open("rb") as stream:
            yield from reader(stream)
    except Unreadable as error:
        raise Unreadable(f"{path.name}: {error}") from error
    except (EOFError, zlib.error) as error:
        raise Unreadable(f"{path.name}: the compressed file ends too early; fetch it again.") from error
    except gzip.BadGzipFile as error:
        raise Unreadable(f"{path.name}: is not a gzip file, or is damaged.") from error
    except PermissionError as error:
        raise Unreadable(f"{path.name}: may not be read by this user.") from error


def _json_lines(stream: IO[bytes]) -> Rows:
    number = 0
    while line := stream.readline(_LINE_LIMIT):
        number += 1
        if number == 1:
            line = line.removeprefix(b"\xef\xbb\xbf")
            if line[:2] in (b"\xff\xfe", b"\xfe\xff"):
                raise Unreadable("is UTF-16; JSON Lines are UTF-8.")
        if len(line) >= _LINE_LIMIT and not line.endswith(b"\n"):
            raise Unreadable(f"line {number} is longer than {_LINE_LIMIT // 1_000_000} MB.")
        if line.strip():
            yield _json_row(line, number)


def _json_row(line: bytes, number: int) -> Row | BrokenRow:
    try:
        value = json.loads(line.decode("utf-8"), parse_constant=_no_constant)
    except UnicodeDecodeError as error:
        return BrokenRow(None, number, f"is not UTF-8 (byte {error.start + 1} of the line)", "broken text")
    except json.JSONDecodeError as error:
        return BrokenRow(None, number, f"is not JSON (character {error.colno})", "broken JSON")
    except (ValueError, RecursionError):
        return BrokenRow(None, number, "holds a value that JSON does not know", "broken JSON")
    if not isinstance(value, dict):
        return BrokenRow(None, number, "should be a JSON object", type(value).__name__)
    return Row(None, number, value)


def _no_constant(_: str) -> None:
    raise ValueError("NaN and Infinity are not JSON")


def _json_document(stream: IO[bytes], records: str | None) -> Rows:
    text = decode(stream.read(), None)
    try:
        value = json.loads(text, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        raise Unreadable(f"is not JSON: line {error.lineno}, character {error.colno}.") from error
    except (ValueError, RecursionError) as error:
        raise Unreadable("holds a value that JSON does not know, or is nested too deep.") from error
    for key in (records or "").split("."):
        if key:
            value = value.get(key) if isinstance(value, dict) else None
    if not isinstance(value, list):
        raise Unreadable("holds no list of records; name its key as `records` in the mapping.")
    for number, entry in enumerate(value, 1):
        if isinstance(entry, dict):
            yield Row(None, number, entry)
        else:
            yield BrokenRow(None, number, "should be a JSON object", type(entry).__name__)


def decode(data: bytes, encoding: str | None) -> str:
    """Bytes as text: the named encoding, else UTF-16 by its mark, else UTF-8. Raises Unreadable."""
    if encoding is None and data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        encoding = "utf-16"
    try:
        return data.decode(encoding or "utf-8-sig")
    except LookupError as error:
        raise Unreadable("the mapping names an encoding that does not exist.") from error
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        likely = "" if encoding else f" It is likely {_likely(data)}: set `encoding` in the mapping."
        raise Unreadable(
            f"is not {encoding or 'UTF-8'} text: byte {error.start} (line {line}) cannot be read.{likely}"
        ) from error


def _likely(data: bytes) -> str:
    """The single-byte encoding in which the file shows the most Swedish letters."""
    letters = set("åäöÅÄÖéÉü–’")
    sample = data[:1_000_000]

    def score(name: str) -> int:
        return sum(c in letters for c in sample.decode(name, errors="replace"))

    return max(("cp1252", "cp850", "mac-roman"), key=score)


def _csv(data: bytes, options: ReadOptions) -> Rows:
    text = decode(data, options.encoding)
    if "\x00" in text:
        raise Unreadable("holds NUL characters, so it is no CSV text.")
    if not text.strip():
        raise Unreadable("is empty.")
    csv.field_size_limit(_LINE_LIMIT)
    delimiter = options.delimiter or _delimiter(text)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        yield from _table(None, _csv_rows(reader), options)
    except csv.Error as error:
        raise Unreadable(f"line {reader.line_num} breaks the CSV rules (an open quotation mark?).") from error


def _csv_rows(reader: Any) -> Iterator[tuple[int, list[object]]]:
    start = 1
    for cells in reader:
        yield start, cells
        start = reader.line_num + 1


def _delimiter(text: str) -> str:
    """The separator found most evenly over the first lines; quoted parts do not count."""
    lines = [re.sub(r'"[^"]*"', "", line) for line in text.splitlines()[:50] if line.strip()][:20]

    def evenness(mark: str) -> tuple[int, int]:
        counts = [line.count(mark) for line in lines]
        return (min(counts), sum(counts))

    return max((";", ",", "\t", "|"), key=evenness)


def _xlsx(stream: IO[bytes], options: ReadOptions) -> Rows:
    data = io.BytesIO(stream.read())
    try:
        book = openpyxl.load_workbook(data, read_only=True, data_only=True)
    except (zipfile.BadZipFile, InvalidFileException, KeyError, ValueError, ParseError, OSError) as error:
        raise Unreadable("is not a workbook (.xlsx), or is damaged or locked with a password.") from error
    try:
        missing = set(options.sheets or ()) - set(book.sheetnames)
        if missing:
            raise Unreadable(f"lacks {len(missing)} of the sheets that the mapping names.")
        for name in options.sheets or book.sheetnames:
            sheet = book[name]
            if isinstance(sheet, ReadOnlyWorksheet) and sheet.sheet_state == "visible":
                sheet.reset_dimensions()  # a wrong declared size would cut rows off
                rows = (
                    (n, list[object](cells)) for n, cells in enumerate(sheet.iter_rows(values_only=True), 1)
                )
                yield from _table(name, rows, options)
    except (zipfile.BadZipFile, ParseError, zlib.error, KeyError, ValueError) as error:
        raise Unreadable("is a damaged workbook: a sheet cannot be read.") from error
    finally:
        book.close()


def _table(sheet: str | None, rows: Iterator[tuple[int, list[object]]], options: ReadOptions) -> Rows:
    """Rows under a heading row; rows without any value are passed over."""
    held: list[tuple[int, list[object]]] = []
    for row in rows:
        held.append(row)
        if len(held) >= max(_HEADER_SEARCH, options.header_row or 0):
            break
    if not any(_filled(cells) for _, cells in held):
        return
    at = _header_place(held, options)
    names = _headings(held[at][1])
    for number, cells in held[at + 1 :]:
        if _filled(cells):
            yield _cells(sheet, number, names, cells)
    for number, cells in rows:
        if _filled(cells):
            yield _cells(sheet, number, names, cells)


def _filled(cells: Sequence[object]) -> int:
    return sum(not _empty(cell) for cell in cells)


def _empty(cell: object) -> bool:
    return cell is None or (isinstance(cell, str) and not cell.strip())


def _header_place(held: list[tuple[int, list[object]]], options: ReadOptions) -> int:
    """Which row holds the headings: the named, else that with most known ones, else the first full."""
    if options.header_row is not None:
        if options.header_row > len(held):
            raise Unreadable("ends before the heading row that the mapping names.")
        return options.header_row - 1
    known = [sum(heading(c) in options.headings for c in cells) for _, cells in held]
    if max(known) > 0:
        return known.index(max(known))
    return next(i for i, (_, cells) in enumerate(held) if _filled(cells))


def heading(cell: object) -> str:
    """A heading for comparison: trimmed, one-spaced, lower case, without a final colon or star."""
    return " ".join(str(cell).split()).rstrip(":*").strip().casefold() if cell is not None else ""


def _headings(cells: Sequence[object]) -> list[str | None]:
    """Trimmed headings; a repeated one gets " (2)", an empty one is None."""
    seen: dict[str, int] = {}
    names: list[str | None] = []
    for cell in cells:
        text = " ".join(str(cell).split()) if not _empty(cell) else None
        if text is not None:
            seen[text] = seen.get(text, 0) + 1
            if seen[text] > 1:
                text = f"{text} ({seen[text]})"
        names.append(text)
    return names


def _cells(
    sheet: str | None, number: int, names: Sequence[str | None], cells: Sequence[object]
) -> Row | BrokenRow:
    extra = _filled(cells[len(names) :])
    if extra:
        return BrokenRow(sheet, number, "has more cells than there are headings", f"{len(cells)} cells")
    values = {
        name: cell for name, cell in zip(names, cells, strict=False) if name is not None and not _empty(cell)
    }
    if not values:
        return BrokenRow(sheet, number, "has values only in columns without a heading", f"{len(cells)} cells")
    return Row(sheet, number, values)
