"""What is missing where: counted by kinds of wishes, without words, and told only from five searches on."""

from datetime import date

import pytest
from sqlalchemy import delete, select
from typer.testing import CliRunner

from app import cli, db
from app.models import SearchGap
from app.services import gaps
from app.services.gaps import Gaps

AS_OF = "2026-11-25T14:00:00+01:00"
SEARCH = "/api/v1/search"


@pytest.fixture
def counted(small_square, monkeypatch) -> Gaps:
    made = Gaps()
    monkeypatch.setattr(gaps, "counted", made)
    with db.session_scope() as session:
        session.execute(delete(SearchGap))
    return made


def written(made: Gaps) -> list[tuple[str, str, int]]:
    with db.session_scope() as session:
        made.flush(session)
    with db.read_scope() as session:
        rows = session.scalars(select(SearchGap).order_by(SearchGap.wishes))
        return [(row.municipality_code, row.wishes, row.searches) for row in rows]


def search(client, **wishes) -> dict:
    response = client.post(SEARCH, json={"as_of": AS_OF, **wishes})
    assert response.status_code == 200, response.text
    return response.json()


def test_kinds_are_counted_and_nothing_else_is_kept(small_square, counted):
    answer = search(small_square, q="schack på somaliska i Pajala, min man dog, 81 år")
    assert answer["fulfilling"] < 5
    ((code, wishes, searches),) = written(counted)
    assert (code, searches) == ("2521", 1)
    kinds = {chip["kind"] for chip in answer["interpretation"]["chips"]} - {"place", "category"}
    assert {one for one in wishes.split("+") if ":" not in one} == kinds
    assert {one for one in wishes.split("+") if ":" in one} <= {"category:culture", "category:support"} | {
        f"category:{top}" for top in ("social", "youth-and-family", "movement", "learning")
    }
    for told in ("schack", "so", "81", "partner", "Pajala"):
        assert told not in wishes.replace("social", "").split("+")


def test_enough_answers_no_place_and_later_pages_are_not_counted(small_square, counted):
    assert search(small_square, q="fika")["fulfilling"] >= 5
    search(small_square, q="schack på somaliska")
    search(small_square, q="schack på somaliska i Pajala", page=2)
    search(small_square, municipality=["2521"])  # nothing was said
    assert written(counted) == []


def test_counts_of_several_writings_add_up(small_square, counted):
    for _ in range(2):
        search(small_square, q="schack på somaliska i Pajala")
        search(small_square, q="schack på somaliska", municipality=["2521"])
        rows = written(counted)
    ((code, _wishes, searches),) = rows
    assert (code, searches) == ("2521", 4)
    assert written(counted) == rows  # nothing new to add


def test_fewer_than_five_are_not_shown(small_square, counted):
    runner = CliRunner()
    for _ in range(4):
        search(small_square, q="schack på somaliska i Pajala")
    written(counted)
    assert runner.invoke(cli.app, ["gaps"]).output == ""
    search(small_square, q="schack på somaliska i Pajala")
    written(counted)
    month = f"{date.today():%Y-%m}"  # noqa: DTZ011  the service counts in UTC; a month's end is no matter here
    line = runner.invoke(cli.app, ["gaps", "--municipality", "2521"]).output.split("\t")
    assert (line[0], line[1], line[2], line[4]) == (month, "2521", "Pajala", "5\n")
    assert runner.invoke(cli.app, ["gaps", "--month", "1999-01"]).output == ""


def test_counting_needs_no_database(small_square, counted, monkeypatch):
    def away():
        raise AssertionError("a search must not ask the database")

    monkeypatch.setattr(db, "session_scope", away)
    monkeypatch.setattr(small_square.app.state.search, "reading", away)
    search(small_square, q="schack på somaliska i Pajala")
    monkeypatch.undo()
    assert len(counted._counts) == 1
