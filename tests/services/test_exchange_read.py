"""Files into rows."""

import gzip
import json
from pathlib import Path

import openpyxl
import pytest

from app.services.exchange_read import BrokenRow, ReadOptions, Row, Unreadable, read


def file(tmp_path: Path, name: str, data: bytes) -> Path:
    path = tmp_path / name
    path.write_bytes(data)
    return path


def test_a_broken_line_is_reported_and_the_others_are_kept(tmp_path: Path) -> None:
    path = file(
        tmp_path, "a.jsonl", b'\xef\xbb\xbf{"a": 1}\n\n{"a": \n{"b": "\xff"}\n[1]\n{"c": NaN}\n{"d": 4}'
    )
    rows = list(read(path))
    assert [row.number for row in rows] == [1, 3, 4, 5, 6, 7]
    assert [type(row) for row in rows] == [Row, BrokenRow, BrokenRow, BrokenRow, BrokenRow, Row]


def test_a_gzip_that_ends_too_early_is_told_in_a_sentence(tmp_path: Path) -> None:
    whole = gzip.compress(b'{"a": 1}\n' * 10_000)
    with pytest.raises(Unreadable, match="ends too early"):
        list(read(file(tmp_path, "a.jsonl.gz", whole[: len(whole) // 2])))
    with pytest.raises(Unreadable, match="not a gzip"):
        list(read(file(tmp_path, "b.jsonl.gz", b'{"a": 1}')))


def test_a_json_array_and_a_list_under_a_key_are_read(tmp_path: Path) -> None:
    assert list(read(file(tmp_path, "a.json", b'[{"a": 1}]'))) == [Row(None, 1, {"a": 1})]
    path = file(tmp_path, "b.json", b'{"data": {"rows": [{"a": 1}, 2]}}')
    rows = list(read(path, ReadOptions(records="data.rows")))
    assert isinstance(rows[1], BrokenRow)
    with pytest.raises(Unreadable, match="no list of records"):
        list(read(path))
    with pytest.raises(Unreadable, match="line 1"):
        list(read(file(tmp_path, "c.json", b"{")))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("mark", [";", ",", "\t"])
def test_csv_is_read_in_its_encoding_and_with_its_separator(tmp_path: Path, encoding: str, mark: str) -> None:
    text = f'Förening{mark}Ort\n"Ål; å, ö\noch mer"{mark}Årsta\n\nB{mark}\n'
    rows = list(read(file(tmp_path, "a.csv", text.encode(encoding))))
    assert rows == [
        Row(None, 2, {"Förening": "Ål; å, ö\noch mer", "Ort": "Årsta"}),
        Row(None, 5, {"Förening": "B"}),
    ]


@pytest.mark.parametrize("encoding", ["cp1252", "cp850", "mac-roman"])
def test_another_encoding_is_named_with_the_place_and_can_be_set(tmp_path: Path, encoding: str) -> None:
    path = file(tmp_path, "a.csv", "namn;ort\nx;Västerås på ön Öja\n".encode(encoding))
    with pytest.raises(Unreadable, match=rf"byte 12 \(line 2\).*likely {encoding}"):
        list(read(path))
    assert list(read(path, ReadOptions(encoding=encoding))) == [
        Row(None, 2, {"namn": "x", "ort": "Västerås på ön Öja"})
    ]


def test_a_csv_row_with_more_cells_than_headings_is_reported(tmp_path: Path) -> None:
    rows = list(read(file(tmp_path, "a.csv", b"a;b\n1;2;3\n4;5\n")))
    assert isinstance(rows[0], BrokenRow)
    assert rows[1] == Row(None, 3, {"a": "4", "b": "5"})


@pytest.mark.parametrize(
    ("data", "word"), [(b"", "empty"), (b"a\x00b;c\n", "NUL"), (b'a;b\n"1;2\n', "quotation")]
)
def test_what_is_no_csv_is_told_in_a_sentence(tmp_path: Path, data: bytes, word: str) -> None:
    with pytest.raises(Unreadable, match=word):
        list(read(file(tmp_path, "a.csv", data)))


def test_all_sheets_of_a_workbook_are_read_under_their_headings(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    first = book.active
    assert first is not None
    first.title = "Norr"
    for cells in (["Föreningar 2026"], [], ["Förening *", "Ort", "Ort"], ["A", "B", "C"], [None, " "], ["D"]):
        first.append(cells)
    first.merge_cells("A1:C1")
    book.create_sheet("Söder").append(["Förening"])
    book["Söder"].append(["E"])
    book.create_sheet("Tomt")
    book.save(tmp_path / "a.xlsx")
    rows = list(read(tmp_path / "a.xlsx", ReadOptions(headings=frozenset({"förening", "ort"}))))
    assert rows == [
        Row("Norr", 4, {"Förening *": "A", "Ort": "B", "Ort (2)": "C"}),
        Row("Norr", 6, {"Förening *": "D"}),
        Row("Söder", 2, {"Förening": "E"}),
    ]


def test_what_is_no_workbook_is_told_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(Unreadable, match="not a workbook"):
        list(read(file(tmp_path, "a.xlsx", b"PK\x03\x04 broken")))
    with pytest.raises(Unreadable, match="no file"):
        list(read(tmp_path / "none.csv"))
    with pytest.raises(Unreadable, match="should end in"):
        list(read(file(tmp_path, "a.pdf", b"")))


def test_a_deeply_nested_line_is_a_broken_row(tmp_path: Path) -> None:
    rows = list(
        read(file(tmp_path, "a.jsonl", b'{"a": ' + b"[" * 100_000 + b"\n" + json.dumps({"b": 1}).encode()))
    )
    assert [type(row) for row in rows] == [BrokenRow, Row]
