"""Listings out and in again in every status, and rows that vanish from their source and return."""

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app.models import Listing, Organisation, SearchDocument
from app.services import listing_changes, listings
from app.services.exchange import run_export, run_import
from app.services.exchange_report import ImportReport
from app.services.listing_status import ALLOWED

ORGANISATION = {
    "type": "organisation",
    "external_id": "kvarnen",
    "name": "Kvarnen",
    "org_number": None,
    "legal_form": "foundation",
    "texts": {"sv": {"description": "Vi maler.", "provenance": "machine"}},
    "child_safeguarding": True,
}
WHOLE: dict[str, Any] = {
    "type": "listing",
    "organisation": "kvarnen",
    "kind": "activity",
    "texts": {
        "sv": {"title": "Fika", "summary": "Kaffe för alla.", "description": "Rad ett.\nRad två."},
        "sv-simple": {"title": "Fika", "summary": None, "provenance": "machine"},
        "ar": {"title": "قهوة"},
    },
    "categories": ["coffee-meetup", "language-cafe"],
    "audiences": [{"term": "women", "only": True}, {"term": "seniors", "only": False}],
    "loneliness": ["social", "existential"],
    "languages": [{"code": "sv", "mode": "spoken"}, {"code": "swl", "mode": "signed"}],
    "age": {"min": 18, "max": None},
    "cost": {"kind": "paid", "min_sek": 12.5, "per": "visit", "note": "Kaffe", "benefits": ["far"]},
    "attendance": ["in_person", "online"],
    "facts": {"drop_in": True, "id_required": False},
    "venues": [
        {"name": "Kvarnen", "street": "Mjölgränd 1", "municipality_code": "0180", "lat": 59.3, "lon": 18.1},
        {
            "name": "Rummet",
            "street": "Hemliga gränd 7",
            "municipality_code": "0180",
            "district": None,
            "visibility": "hidden",
            "directions": "Gula porten",
            "facts": {"lift": False},
        },
    ],
    "schedule": [
        {"freq": "weekly", "days": ["tu", "fr"], "weeks": "odd", "from": "22:00", "to": "02:00"},
        {"freq": "monthly", "days": ["su"], "nth": -1, "from": "10:00", "to": "24:00", "note": "Söndag"},
        {"freq": "once", "date": "2026-12-24", "red_days": "open"},
        {
            "freq": "always",
            "valid_from": "2026-06-01",
            "valid_to": "2026-06-07",
            "except": ["2026-06-06"],
            "red_days": "closed",
        },
    ],
    "contacts": [
        {
            "channel": "phone",
            "value": "08-465 004 12",
            "label": "Kansliet",
            "hours": [{"freq": "weekly", "days": ["mo"], "from": "09:00", "to": "12:00"}],
            "cost": "normal",
            "languages": ["sv", "ar"],
        }
    ],
    "capacity": {"status": "limited", "as_of": "2026-11-01", "note": "Några platser"},
    "answered_by": "volunteers",
    "crisis": None,
    "confirmed_on": "2026-10-02",
    "source": {"name": "Kvarnens blad", "url": "https://kvarnen.example/", "retrieved_on": "2026-10-01"},
}
BARE = {"type": "listing", "organisation": "kvarnen", "kind": "meeting_place", "age": None}


def written(path: Path, *records: object) -> Path:
    path.write_text("\n".join(json.dumps(record) for record in records), "utf-8")
    return path


def backup(session: Session) -> list[dict[str, Any]]:
    out = io.BytesIO()
    run_export(out, session=session, public=False, statuses=None)
    return [json.loads(line) for line in out.getvalue().splitlines()]


def test_a_backup_of_everything_fills_an_empty_database_with_the_same(
    session: Session, tmp_path: Path
) -> None:
    contents = {f"whole-{status}": WHOLE | {"status": status} for status in ALLOWED}
    # What is not public may lack what publishing needs.
    contents |= {f"bare-{status}": BARE | {"status": status} for status in ALLOWED if status != "published"}
    everything = [ORGANISATION, *({**entry, "external_id": name} for name, entry in contents.items())]
    first = run_import(written(tmp_path / "a.jsonl", *everything), source="s", session=session)
    assert first.ok, first.to_text()
    assert first.warnings == {}

    saved = backup(session)
    assert saved == everything
    session.execute(text("TRUNCATE organisation, venue CASCADE"))
    session.expunge_all()
    again = run_import(written(tmp_path / "b.jsonl", *saved), source="backup", session=session)
    assert again.ok, again.to_text()
    assert again.counts["listing"].created == len(contents)
    assert backup(session) == everything

    third = run_import(tmp_path / "b.jsonl", source="backup", session=session)
    assert third.counts["listing"].unchanged == len(contents)
    assert third.warnings == {}
    found = session.scalars(select(SearchDocument.body["external_id"].astext).distinct()).all()
    assert found == ["whole-published"]


def test_what_was_public_before_a_backup_is_gone_and_not_unknown_after_it(
    client: Any, session: Session, tmp_path: Path
) -> None:
    paused = WHOLE | {"external_id": "fika", "status": "paused"}
    run_import(written(tmp_path / "a.jsonl", ORGANISATION, paused), source="s", session=session)
    session.commit()
    listing_id = session.scalars(select(Listing.id)).one()
    assert client.get(f"/api/v1/listings/{listing_id}").status_code == 410


@pytest.mark.parametrize("status", ["published", "secret", 7])
def test_a_backup_cannot_publish_what_may_not_be_published(
    session: Session, tmp_path: Path, status: object
) -> None:
    bare = BARE | {"external_id": "x", "status": status}
    report = run_import(written(tmp_path / "a.jsonl", ORGANISATION, bare), source="s", session=session)
    assert report.counts["listing"].rejected == 1
    assert session.scalars(select(Listing.id)).all() == []
    assert "secret" not in report.to_text() + report.to_json()


FIKA = WHOLE | {"external_id": "fika"}
BRIDGE = WHOLE | {"external_id": "bridge"}
Run = Callable[..., ImportReport]


@pytest.fixture
def run(session: Session, tmp_path: Path) -> Run:
    """A full import of just these listings from a source."""

    def run(*entries: dict[str, Any], source: str = "s", full: bool = True) -> ImportReport:
        path = written(tmp_path / "a.jsonl", ORGANISATION, *entries)
        report = run_import(path, source=source, full=full, session=session)
        assert report.ok, report.to_text()
        return report

    return run


def fika(session: Session) -> Listing:
    owner = session.scalars(select(Organisation)).one()
    found = listings.by_external_id(session, owner.id, "fika")
    assert found is not None
    return found


def test_a_row_that_vanished_is_published_again_when_it_returns(session: Session, run: Run) -> None:
    run(FIKA, BRIDGE)
    run(BRIDGE)
    assert fika(session).status == "paused"
    report = run(FIKA, BRIDGE, full=False)
    assert fika(session).status == "published"
    assert (report.counts["listing"].changed, report.warnings) == (1, {})
    found = session.scalars(select(SearchDocument.body["external_id"].astext).distinct())
    assert set(found) == {"fika", "bridge"}
    run(BRIDGE)
    run(FIKA, BRIDGE)
    assert fika(session).status == "published"


def test_what_its_owner_paused_stays_paused(session: Session, run: Run) -> None:
    run(FIKA, BRIDGE)
    listing_changes.take(session, fika(session), "pause", actor="key:1")
    report = run(FIKA, BRIDGE)
    assert fika(session).status == "paused"
    assert [text for text in report.warnings if "paused here" in text]


def test_what_its_owner_paused_after_it_returned_stays_paused(session: Session, run: Run) -> None:
    run(FIKA, BRIDGE)
    run(BRIDGE)
    listing_changes.take(session, fika(session), "publish", actor="key:1")
    listing_changes.take(session, fika(session), "pause", actor="key:1")
    run(BRIDGE)
    run(FIKA, BRIDGE)
    assert fika(session).status == "paused"


def test_a_vanished_row_that_another_source_brings_stays_paused(session: Session, run: Run) -> None:
    run(FIKA, BRIDGE)
    run(BRIDGE)
    run(FIKA, source="t", full=False)
    assert fika(session).status == "paused"


def test_a_vanished_row_that_returns_without_what_publishing_needs_stays_paused(
    session: Session, run: Run
) -> None:
    run(FIKA, BRIDGE)
    run(BRIDGE)
    report = run({k: v for k, v in FIKA.items() if k != "categories"}, BRIDGE)
    assert fika(session).status == "paused"
    assert [text for text in report.warnings if "lack something" in text]


def test_a_vanished_row_that_was_archived_meanwhile_stays_archived(session: Session, run: Run) -> None:
    run(FIKA, BRIDGE)
    run(BRIDGE)
    listing_changes.take(session, fika(session), "archive", actor="key:1")
    run(FIKA, BRIDGE)
    assert fika(session).status == "archived"
