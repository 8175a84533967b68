"""A workbook as people fill it in, made here in the shape of a national template, through its mapping."""

import zipfile
from datetime import datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.models import Organisation
from app.services import organisations
from app.services.exchange import Unreadable, run_import
from app.services.exchange_report import ImportReport

MAPPING = Path(__file__).parent.parent / "data" / "fr_gabarit.yaml"
HEADINGS = (
    *("__ignore__", "id", datetime(2026, 2, 23), "nom", "siret", "description", "adresse"),  # noqa: DTZ001
    *("code_postal", "telephone", "courriel", "site_web", "colonne en trop", None, None),
)
WHOLE: dict[str, Any] = {
    "id": "s-1",
    "nom": "Café du Port",
    "siret": 60487647500499.0,
    "description": "Un lieu ouvert à tous,\nsans rendez-vous.",
    "code_postal": 59260.0,
    "telephone": "08-465 004 12",
    "courriel": "bonjour@cafe.example",
    "site_web": "https://cafe.example/",
}


def row(**values: object) -> list[object]:
    """A whole row with these values instead of its own."""
    entry = WHOLE | values
    return [entry.get(str(name)) for name in HEADINGS]


ROWS: list[list[object]] = [
    [True, "Un identifiant unique", None, "Chaîne de 3 à 150 caractères"],  # the template's own guidance
    row(),
    [],
    row(id="s-2", courriel="pas une adresse", site_web="pas une url !"),
    row(id=None),
    row(id="s 3/b"),
    row(id="s-4", nom="CafÃ© du Port"),
    row(id="s-5", nom="Caf\ufffd du Port"),
    row(id="s-6", nom=True),
    row(id="s-7", telephone="0" * 60),
    row(id="s-8", description="x" * 6000),
    [*row(id="s-9"), "en plus"],
    row(nom="Un autre nom"),
    row(id="s-10", nom=1789.0, telephone=None, courriel="mailto:a@b.example", site_web="cafe.example"),
]
REPORTED = [
    (5, "mail", "text of 15 characters", "is not an e-mail address"),
    (5, "web", "text of 13 characters", "is not a web address"),
    (6, "id", "empty", "is required"),
    (7, "/external_id", "text of 5 characters", "String should match pattern"),
    (8, "name", "text of 13 characters", "holds letters that an earlier change of encoding broke"),
    (9, "name", "text of 12 characters", "holds letters that an earlier change of encoding broke"),
    (10, "name", "yes/no", "should be text"),
    (11, "/phone", "text of 60 characters", "at most 40"),
    (12, "/texts/fr/description", "text of 6000 characters", "at most 5000"),
    (13, None, "15 cells", "has more cells than there are headings"),
]


@pytest.fixture
def workbook(tmp_path: Path) -> Path:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "Structures"
    for cells in (HEADINGS, *ROWS):
        sheet.append(list(cells))
    book.create_sheet("Services").append(["id", "nom"])  # of which the mapping says nothing
    book["Services"].append(["t-1", "Un service"])
    path = tmp_path / "gabarit.xlsx"
    book.save(path)
    return path


@pytest.fixture
def report(session: Session, workbook: Path) -> ImportReport:
    return run_import(workbook, source="fr", mapping=MAPPING, session=session)


def test_each_bad_value_is_told_by_sheet_row_column_class_and_reason(report: ImportReport) -> None:
    told = [(entry.row, entry.column, entry.value_class) for entry in report.rejected]
    assert told == [entry[:3] for entry in REPORTED]
    for entry, (*_, reason) in zip(report.rejected, REPORTED, strict=True):
        assert reason in entry.reason
        assert entry.sheet == "Structures"
    assert (
        "sheet Structures, row 5, mail (text of 15 characters): is not an e-mail address" in report.to_text()
    )


def test_no_bad_value_stands_in_the_report(report: ImportReport) -> None:
    said = report.to_text() + report.to_json()
    for value in ("pas une", "s 3/b", "du Port", "000000", "xxxx", "en plus", "cafe.example"):
        assert value not in said


def test_the_good_rows_are_kept_as_the_template_means_them(session: Session, report: ImportReport) -> None:
    found = session.scalars(select(Organisation).order_by(Organisation.external_id)).all()
    assert [organisations.to_exchange(entry) for entry in found] == [
        {
            "type": "organisation",
            "external_id": "s-1",
            "name": "Café du Port",
            "website": "https://cafe.example/",
            "email": "bonjour@cafe.example",
            "phone": "08-465 004 12",
            "texts": {"fr": {"description": "Un lieu ouvert à tous, sans rendez-vous."}},
        },
        {
            "type": "organisation",
            "external_id": "s-10",
            "name": "1789",
            "website": "https://cafe.example",
            "email": "a@b.example",
            "texts": {"fr": {"description": "Un lieu ouvert à tous, sans rendez-vous."}},
        },
    ]
    assert (report.rows, report.counts["organisation"].created) == (13, 2)


def test_what_was_left_out_on_purpose_is_remarked(report: ImportReport) -> None:
    assert "left out by the mapping's skip rule on skip" in report.warnings
    assert "column 'colonne en trop' is not used by the mapping" not in report.warnings  # it is empty
    assert "column 'siret' is not used by the mapping" in report.warnings
    same = "the same organisation stands in the file before with other values: the first kept"
    assert report.warnings[same] == 1


@pytest.mark.parametrize("part", ["xl/worksheets/sheet1.xml", "xl/workbook.xml", "[Content_Types].xml"])
def test_a_workbook_in_a_broken_encoding_is_one_sentence_and_writes_nothing(
    session: Session, workbook: Path, tmp_path: Path, part: str
) -> None:
    broken = tmp_path / "broken.xlsx"
    with zipfile.ZipFile(workbook) as whole, zipfile.ZipFile(broken, "w") as copy:
        for name in whole.namelist():
            data = whole.read(name)
            copy.writestr(name, data.replace(b"s", b"\xe9", 1) if name == part else data)
    with pytest.raises(Unreadable, match=r"^broken\.xlsx: .*damaged") as refusal:
        run_import(broken, source="fr", mapping=MAPPING, session=session)
    assert "\n" not in str(refusal.value)
    assert session.scalars(select(Organisation.id)).all() == []


def test_a_workbook_without_the_sheet_that_the_mapping_names_is_one_sentence(
    session: Session, tmp_path: Path
) -> None:
    book = openpyxl.Workbook()
    book.save(tmp_path / "empty.xlsx")
    with pytest.raises(Unreadable, match="lacks 1 of the sheets"):
        run_import(tmp_path / "empty.xlsx", source="fr", mapping=MAPPING, session=session)
