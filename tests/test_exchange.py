"""Files in and out of the real database."""

import io
import json
import os
import signal
import subprocess
import sys
import time
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from app import db
from app.models import AuditRow, Listing, Organisation, OutboxJob
from app.schemas.listing import ListingIn
from app.services.exchange import MappingError, Unreadable, run_export, run_import

ORGANISATION = {"type": "organisation", "external_id": "kvarnen", "name": "Kvarnen", "org_number": None}
LISTING: dict[str, Any] = {
    "type": "listing",
    "external_id": "fika",
    "organisation": "kvarnen",
    "kind": "activity",
    "texts": {"sv": {"title": "Fika", "summary": "Kaffe för alla."}},
    "categories": ["coffee-meetup"],
    "contacts": [{"channel": "phone", "value": "08-465 004 12"}],
}


def lines(tmp_path: Path, *records: object, name: str = "a.jsonl") -> Path:
    path = tmp_path / name
    path.write_text("\n".join(json.dumps(record) for record in records), "utf-8")
    return path


def number(session: Session, table: type[Any]) -> int:
    return session.scalar(select(func.count()).select_from(table)) or 0


def counts(report: Any, kind: str = "listing") -> tuple[int, int, int, int, int]:
    c = report.counts[kind]
    return (c.created, c.changed, c.unchanged, c.rejected, c.paused)


def test_the_same_file_twice_changes_nothing(session: Session, tmp_path: Path) -> None:
    path = lines(tmp_path, ORGANISATION, LISTING)
    assert counts(run_import(path, source="s", session=session)) == (1, 0, 0, 0, 0)
    before = number(session, AuditRow), number(session, OutboxJob)
    again = run_import(path, source="s", session=session)
    assert counts(again) == (0, 0, 1, 0, 0)
    assert counts(again, "organisation") == (0, 0, 1, 0, 0)
    assert (number(session, AuditRow), number(session, OutboxJob)) == before


def test_a_dry_run_tells_the_same_and_writes_nothing(session: Session, tmp_path: Path) -> None:
    path = lines(tmp_path, ORGANISATION, LISTING, LISTING | {"external_id": "b", "kind": "party"})
    report = run_import(path, source="s", session=session, dry_run=True)
    assert counts(report) == (1, 0, 0, 1, 0)
    assert not report.written
    assert number(session, Organisation) == number(session, Listing) == number(session, OutboxJob) == 0


def test_a_bad_row_is_reported_by_its_place_and_the_others_are_kept(session: Session, tmp_path: Path) -> None:
    path = lines(
        tmp_path,
        ORGANISATION,
        LISTING,
        LISTING,
        LISTING | {"external_id": "b", "categories": ["no-such"]},
        LISTING | {"external_id": "c", "organisation": "unknown"},
        LISTING | {"external_id": "d", "colour": "secret"},
        {"type": "party"},
    )
    report = run_import(path, source="s", session=session)
    assert [(r.row, r.column) for r in report.rejected] == [
        (3, "/external_id"),
        (4, "/categories/0"),
        (5, "/organisation"),
        (6, "/colour"),
        (7, "/type"),
    ]
    assert counts(report) == (1, 0, 0, 4, 0)
    assert "secret" not in report.to_text() + report.to_json()


def test_a_strict_run_with_a_bad_row_writes_nothing(session: Session, tmp_path: Path) -> None:
    path = lines(tmp_path, ORGANISATION, LISTING | {"kind": "party"})
    report = run_import(path, source="s", session=session, strict=True)
    assert not report.written
    assert number(session, Organisation) == 0


def test_a_listing_that_lacks_something_becomes_a_draft(session: Session, tmp_path: Path) -> None:
    bare = {k: v for k, v in LISTING.items() if k != "categories"}
    report = run_import(lines(tmp_path, ORGANISATION, bare), source="s", session=session)
    assert session.scalars(select(Listing.status)).all() == ["draft"]
    assert report.ok
    run_import(lines(tmp_path, ORGANISATION, LISTING), source="s", session=session)
    assert session.scalars(select(Listing.status)).all() == ["published"]


def test_a_full_run_pauses_what_vanished_from_its_source_alone(session: Session, tmp_path: Path) -> None:
    two = LISTING | {"external_id": "two"}
    other = LISTING | {"external_id": "other"}
    run_import(lines(tmp_path, ORGANISATION, LISTING, two), source="s", session=session)
    run_import(lines(tmp_path, other, name="b.jsonl"), source="t", session=session)
    report = run_import(lines(tmp_path, ORGANISATION, LISTING), source="s", session=session, full=True)
    assert counts(report) == (0, 0, 1, 0, 1)
    rows = session.execute(select(Listing.external_id, Listing.status))
    assert {name: status for name, status in rows} == {  # noqa: C416 rows are not pairs
        "fika": "published",
        "two": "paused",
        "other": "published",
    }


def test_a_full_run_with_a_bad_row_pauses_nothing(session: Session, tmp_path: Path) -> None:
    run_import(lines(tmp_path, ORGANISATION, LISTING), source="s", session=session)
    bad = LISTING | {"kind": "party"}
    report = run_import(lines(tmp_path, ORGANISATION, bad), source="s", session=session, full=True)
    assert counts(report) == (0, 0, 0, 1, 0)
    assert session.scalars(select(Listing.status)).all() == ["published"]


@pytest.mark.parametrize("records", [(), (ORGANISATION,)])
def test_a_full_run_of_a_file_without_a_listing_pauses_nothing(
    session: Session, tmp_path: Path, records: tuple[dict[str, Any], ...]
) -> None:
    run_import(lines(tmp_path, ORGANISATION, LISTING), source="s", session=session)
    report = run_import(lines(tmp_path, *records), source="s", session=session, full=True)
    assert counts(report) == (0, 0, 0, 0, 0)
    assert "nothing was paused" in report.to_text()
    assert session.scalars(select(Listing.status)).all() == ["published"]


def test_an_unreadable_file_or_mapping_writes_nothing(session: Session, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes("Förening;Ort\nÅ;Ö\n".encode("cp1252"))
    with pytest.raises(Unreadable, match="cp1252"):
        run_import(path, source="s", mapping="foreningsregister", session=session)
    with pytest.raises(MappingError):
        run_import(path, source="s", mapping="none", session=session)
    assert number(session, Organisation) == 0


def test_a_register_goes_in_through_its_mapping(session: Session, tmp_path: Path) -> None:
    path = tmp_path / "register.csv"
    path.write_text(
        "Förening;Kommun;Typ;Aktiviteter;Orgnr\nSchackklubben;Stockholm;Hobby;Schack;19121212-1212\n"
        "Schackklubben;Stockholm;Hobby;Bridge;\nVägen;Stockholm;Vägförening;;\n;Stockholm;;;\n",
        "utf-8",
    )
    report = run_import(path, source="r", mapping="foreningsregister", session=session)
    assert counts(report, "organisation") == (2, 0, 0, 1, 0)
    assert counts(report) == (1, 0, 0, 0, 0)
    assert report.rows == 4
    told = report.to_text()
    assert "row 5, name (empty): is required" in told
    assert "1212" not in told
    assert any("stands in the file before" in key for key in report.warnings)


def test_a_public_export_tells_of_a_venue_what_its_visibility_lets_out(
    session: Session, tmp_path: Path
) -> None:
    venue = {"name": "Huset", "street": "Skyddsvägen 1", "municipality_code": "0180", "district": "Farsta"}
    hidden = LISTING | {"venues": [venue | {"visibility": "hidden"}]}
    run_import(lines(tmp_path, ORGANISATION, hidden), source="s", session=session)
    out = io.BytesIO()
    run_export(out, session=session)
    assert "Skyddsvägen" not in out.getvalue().decode()
    assert json.loads(out.getvalue().splitlines()[1])["venues"] == [
        {"municipality_code": "0180", "visibility": "hidden"}
    ]
    backup = io.BytesIO()
    run_export(backup, session=session, public=False, statuses=None)
    assert json.loads(backup.getvalue().splitlines()[1]) == hidden | {"status": "published"}


TEXT = st.text(st.characters(codec="utf-8", categories=("L", "N", "P")), min_size=1, max_size=20)
DAYS = st.dates().map(lambda day: day.isoformat())
ENTRY = st.fixed_dictionaries(
    {"kind": st.sampled_from(["activity", "meeting_place", "support_line"])},
    optional={
        "texts": st.dictionaries(
            st.sampled_from(["sv", "en", "sv-simple", "ar"]),
            st.fixed_dictionaries(
                {}, optional={"title": TEXT, "summary": TEXT | st.none(), "description": TEXT}
            ),
        ),
        "categories": st.lists(
            st.sampled_from(["games", "music", "sport"]), min_size=1, max_size=3, unique=True
        ),
        "audiences": st.lists(
            st.builds(lambda t, o: {"term": t, "only": o}, st.sampled_from(["men", "women"]), st.booleans()),
            min_size=1,
            unique_by=lambda a: a["term"],
        ),
        "languages": st.just([{"code": "sv", "mode": "spoken"}, {"code": "swl", "mode": "signed"}])
        | st.none(),
        "age": st.fixed_dictionaries({}, optional={"min": st.integers(0, 40) | st.none(), "max": st.just(90)})
        | st.none(),
        "cost": st.none()
        | st.fixed_dictionaries(
            {"kind": st.just("paid")}, optional={"min_sek": st.floats(0, 100), "note": TEXT}
        ),
        "facts": st.dictionaries(st.sampled_from(["drop_in", "id_required"]), st.booleans()) | st.none(),
        "venues": st.none()
        | st.lists(
            st.fixed_dictionaries(
                {},
                optional={
                    "name": TEXT | st.none(),
                    "street": TEXT,
                    "municipality_code": st.just("0180"),
                    "visibility": st.sampled_from(["public", "district", "hidden"]),
                    "facts": st.just({"lift": True}),
                },
            ),
            min_size=1,
            max_size=3,
        ),
        "schedule": st.none()
        | st.lists(
            st.fixed_dictionaries(
                {"freq": st.just("weekly"), "days": st.just(["mo", "su"])},
                optional={
                    "weeks": st.just("odd"),
                    "except": st.lists(DAYS, min_size=1),
                    "note": TEXT | st.none(),
                },
            ),
            min_size=1,
            max_size=3,
        ),
        "capacity": st.fixed_dictionaries({"status": st.just("full")}, optional={"as_of": DAYS}) | st.none(),
        "crisis": st.booleans() | st.none(),
        "confirmed_on": st.dates(max_value=date(2026, 10, 1)).map(str) | st.none(),
        "source": st.fixed_dictionaries({"name": TEXT}, optional={"retrieved_on": DAYS}) | st.none(),
    },
)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(ENTRY)
def test_nothing_of_a_listing_is_lost_between_import_and_export(
    session: Session, tmp_path: Path, entry: dict[str, Any]
) -> None:
    sent = entry | {"type": "listing", "external_id": "x", "organisation": "kvarnen"}
    expected = ListingIn.model_validate(sent).exchange()
    with session.begin_nested() as undone:
        report = run_import(lines(tmp_path, ORGANISATION, sent), source="s", session=session)
        assert report.ok, report.to_text()
        session.expire_all()
        out = io.BytesIO()
        run_export(out, session=session, public=False, statuses=None)
        undone.rollback()
    session.expunge_all()
    back = json.loads(out.getvalue().splitlines()[1])
    back.pop("status")
    assert back == expected


@pytest.mark.fault
def test_a_run_killed_in_the_middle_leaves_nothing(clean: None, database_url: str, tmp_path: Path) -> None:
    many = [LISTING | {"external_id": f"n{i}"} for i in range(20_000)]
    path = lines(tmp_path, ORGANISATION, *many)
    code = (
        "import sys\nfrom pathlib import Path\nfrom app.services.exchange import run_import\n"
        "run_import(Path(sys.argv[1]), source='s', progress=lambda done, _: print(done, flush=True))\n"
    )
    run = subprocess.Popen(
        [sys.executable, "-c", code, str(path)],
        stdout=subprocess.PIPE,
        env={**os.environ, "DATABASE_URL": database_url},
        cwd=Path(__file__).parent.parent,
    )
    with run:
        assert run.stdout is not None
        assert run.stdout.readline().strip() == b"500"
        run.send_signal(signal.SIGKILL)
    deadline = time.monotonic() + 20
    with db.engine().connect() as connection:
        while time.monotonic() < deadline:
            alive = "SELECT count(*) FROM pg_stat_activity WHERE state LIKE 'idle in%' OR state = 'active'"
            if (connection.scalar(text(alive)) or 0) <= 1:  # this connection itself
                break
            time.sleep(0.2)
        assert connection.scalar(select(func.count()).select_from(Organisation)) == 0
        assert connection.scalar(select(func.count()).select_from(OutboxJob)) == 0
