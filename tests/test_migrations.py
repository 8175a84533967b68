"""The database as the migrations make it: from nothing, over what is there, and what it refuses."""

import secrets
from collections.abc import Iterator, Sequence
from uuid import UUID

import psycopg
import pytest
from alembic import command
from alembic.script import ScriptDirectory
from fastapi.testclient import TestClient
from sqlalchemy import MetaData, Table, insert, select, text
from sqlalchemy.exc import IntegrityError

from app import db, worker
from app.config import get_settings
from app.db import SchemaMismatch
from app.main import create_app
from app.models import Base, CategoryLink, Listing, ListingVenue, Organisation, Venue
from app.services import index_sync, listings, taxonomies

ORGANISATION, VENUE, LISTING, KEY = (UUID(int=number) for number in range(1, 5))
# What a database at the first revision holds, one row a table, in the words of that revision.
FIRST_ROWS = {
    "county": {
        "code": "01", "name": "Stockholms län", "name_short": "Stockholm", "letter": "AB",
        "lat": 59.3, "lon": 18.0,
    },
    "municipality": {
        "code": "0180", "name": "Stockholms kommun", "name_short": "Stockholm", "county_code": "01",
        "lat": 59.3, "lon": 18.0,
    },
    "place": {"name": "Farsta", "kind": "district", "municipality_code": "0180", "lat": 59.24, "lon": 18.09},
    "postcode": {"code": "123 47", "city": "Farsta", "municipality_code": "0180", "lat": 59.24, "lon": 18.09},
    "category": {"id": "coffee-meetup", "sv": "Fika", "en": "Coffee meetup", "position": 1},
    "audience": {"id": "women", "sv": "Kvinnor", "en": "Women", "position": 1},
    "fact": {
        "id": "drop_in", "grp": "joining", "at": "listing", "sv": "Drop in", "en": "Drop in", "position": 1,
    },
    "language": {"code": "sv", "name_sv": "svenska", "name_en": "Swedish"},
    "organisation": {"id": ORGANISATION, "external_id": "kvarnen", "name": "Kvarnen", "version": 3},
    "venue": {
        "id": VENUE, "name": "Kvarnen", "lat": 59.24, "lon": 18.09, "visibility": "public",
        "fingerprint": "x",
    },
    "listing": {
        "id": LISTING, "organisation_id": ORGANISATION, "external_id": "fika", "kind": "activity",
        "status": "published", "texts": {"sv": {"title": "Fika", "summary": "Kaffe."}}, "age": {"min": 18},
        "cost": {"kind": "free"}, "facts": {"drop_in": True}, "known_without": ["capacity"], "version": 2,
        "schedule": [{"freq": "weekly", "days": ["su"], "from": "17:00", "to": "19:00"}],
    },
    "listing_category": {"listing_id": LISTING, "position": 0, "category_id": "coffee-meetup"},
    "listing_audience": {"listing_id": LISTING, "position": 0, "audience_id": "women", "only": True},
    "listing_language": {"listing_id": LISTING, "position": 0, "code": "sv", "mode": "spoken"},
    "listing_venue": {"listing_id": LISTING, "position": 0, "venue_id": VENUE},
    "search_document": {
        "id": "x", "listing_id": LISTING, "body": {"content_hash": "old"}, "searchable": "fika",
    },
    "api_key": {
        "id": KEY, "organisation_id": ORGANISATION, "name": "key", "sha256": "x", "scopes": ["keys:write"],
    },
    "outbox": {"kind": "index_listing", "subject": LISTING},
    "audit": {"actor": "cli", "action": "create", "subject_kind": "listing", "subject": LISTING},
    "idempotency": {"caller": KEY, "key": "x", "request_sha256": "x", "status": 201, "body": b"{}"},
}  # fmt: skip


def revisions() -> list[str]:
    """All revisions, the first one first."""
    scripts = ScriptDirectory.from_config(db.alembic_config())
    return [script.revision for script in scripts.walk_revisions()][::-1]


def tables() -> Sequence[Table]:
    """The tables as they are in the database, those first that others refer to."""
    found = MetaData()
    found.reflect(db.engine())
    return [table for table in found.sorted_tables if table.name != "alembic_version"]


def fill(rows: dict[str, dict[str, object]]) -> None:
    with db.engine().begin() as connection:
        for table in tables():
            if table.name in rows:  # a later revision has tables of its own
                connection.execute(insert(table).values(rows[table.name]))


def content() -> dict[str, list[dict[str, object]]]:
    """Every row of every table, in an order that does not change."""
    with db.engine().connect() as connection:
        return {
            table.name: [
                dict(row) for row in connection.execute(select(table).order_by(*table.primary_key)).mappings()
            ]
            for table in tables()
        }


@pytest.fixture
def empty(stores, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An empty database of the test's own, which the settings name."""
    name = f"migrations_{secrets.token_hex(4)}"
    server = stores.database.url.replace("postgresql+psycopg", "postgresql")
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")  # type: ignore[arg-type]
        own = f"{server.rpartition('/')[0]}/{name}"
        monkeypatch.setenv("DATABASE_URL", own)
        _forget()
        yield
        monkeypatch.undo()
        _forget()
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")  # type: ignore[arg-type]


def _forget() -> None:
    db.engine().dispose()
    db.engine.cache_clear()
    get_settings.cache_clear()
    taxonomies.vocabulary.reset_cache()


def test_an_empty_database_gets_every_table(empty: None) -> None:
    assert db.current_revision() is None
    db.upgrade()
    assert db.current_revision() == revisions()[-1]
    db.require_schema()
    assert set(content()) == set(Base.metadata.tables)


def test_models_and_migrations_say_the_same(empty: None) -> None:
    db.upgrade()
    command.check(db.alembic_config())  # raises when a model has what no migration makes


def test_a_filled_database_keeps_every_row_through_each_revision(empty: None) -> None:
    first, *later = revisions()
    command.upgrade(db.alembic_config(), first)
    assert set(FIRST_ROWS) == set(content())
    fill(FIRST_ROWS)
    before = content()
    for revision in later:
        command.upgrade(db.alembic_config(), revision)
        now = content()
        for table, rows in before.items():
            assert len(now.get(table, [])) >= len(rows), f"{revision} loses rows of {table}"
        before = now
    db.upgrade()  # at the head: nothing to do
    assert content() == before
    with db.session_scope() as session:
        taxonomies.load(session)
        listing = session.scalars(select(Listing).options(*listings.WHOLE)).one()
        assert listings.to_exchange(listing)["texts"] == {"sv": {"title": "Fika", "summary": "Kaffe."}}
        assert index_sync.refresh(session, [LISTING]) == 1


def test_vocabularies_load_again_without_a_change(empty: None) -> None:
    db.upgrade()
    with db.session_scope() as session:
        taxonomies.load(session)
    first = content()
    assert all(
        first[table] for table in ("category", "audience", "fact", "language", "municipality", "place")
    )
    with db.session_scope() as session:
        taxonomies.load(session)
    assert content() == first


def test_the_way_back_leaves_nothing(empty: None) -> None:
    db.upgrade()
    fill(FIRST_ROWS)
    command.downgrade(db.alembic_config(), "base")
    assert content() == {}
    db.upgrade()
    db.require_schema()


def test_a_database_of_a_newer_version_is_left_alone(empty: None) -> None:
    db.upgrade()
    with db.engine().begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(SchemaMismatch, match="newer"):
        db.upgrade()
    with pytest.raises(SchemaMismatch):
        db.require_schema()
    assert db.current_revision() == "9999"


@pytest.mark.parametrize("revision", [None, "0000"])
def test_nothing_starts_on_another_schema(empty: None, revision: str | None) -> None:
    if revision:
        db.upgrade()
        with db.engine().begin() as connection:
            connection.execute(
                text("UPDATE alembic_version SET version_num = :revision"), {"revision": revision}
            )
    with pytest.raises(SchemaMismatch, match="torg migrate"), TestClient(create_app()):
        pass
    with pytest.raises(SchemaMismatch, match="torg migrate"):
        worker.run()


@pytest.fixture
def filled(clean: None) -> None:
    """An organisation with a published listing at a venue."""
    with db.session_scope() as session:
        session.add(Organisation(id=ORGANISATION, external_id="kvarnen", name="Kvarnen"))
        session.add(Venue(id=VENUE, lat=59.24, lon=18.09, visibility="public", fingerprint="x"))
        session.flush()
        listing = Listing(id=LISTING, organisation_id=ORGANISATION, external_id="fika", kind="activity")
        listing.status, listing.texts = "published", {"sv": {"title": "Fika"}}
        listing.category_links = [CategoryLink(position=0, category_id="coffee-meetup")]
        listing.venue_links = [ListingVenue(position=0, venue_id=VENUE)]
        session.add(listing)


WRONG = {
    "age_in_order": """UPDATE listing SET age = '{"min": 30, "max": 20}'""",
    "age_in_range": """UPDATE listing SET age = '{"min": -1}'""",
    "age_in_range ": """UPDATE listing SET age = '{"max": 131}'""",
    "cost_in_order": """UPDATE listing SET cost = '{"type": "fixed", "min_sek": 90, "max_sek": 20.5}'""",
    "published_in_swedish_or_english": """UPDATE listing SET texts = '{"ar": {"title": "x"}}'""",
    "published_in_swedish_or_english ": "UPDATE listing SET texts = NULL",
    "published_in_swedish_or_english  ": """UPDATE listing SET texts = '{"sv": {"summary": "x"}}'""",
    "kind_known": "UPDATE listing SET kind = 'party'",
    "status_known": "UPDATE listing SET status = 'lost'",
    "lat_in_range": "UPDATE venue SET lat = 90.1",
    "lon_in_range": "UPDATE venue SET lon = -180.1",
    "whole_point": "UPDATE venue SET lat = NULL",
    "visibility_known": "UPDATE venue SET visibility = 'secret'",
    "uq_organisation_external_id": """INSERT INTO organisation (id, external_id, name, version)
        SELECT gen_random_uuid(), external_id, name, 1 FROM organisation""",
    "uq_listing_organisation_id_external_id": """
        INSERT INTO listing (id, organisation_id, external_id, kind, status, version)
        SELECT gen_random_uuid(), organisation_id, external_id, kind, 'draft', 1 FROM listing""",
    "fk_listing_organisation_id": "DELETE FROM organisation",
    "fk_listing_venue_venue_id": "DELETE FROM venue",
    "fk_listing_category_category_id": "UPDATE listing_category SET category_id = 'unknown'",
    "fk_organisation_municipality_code": "UPDATE organisation SET municipality_code = '9999'",
}
FINE = [
    """UPDATE listing SET age = '{"min": 18, "max": 18}'""",
    """UPDATE listing SET age = '{"max": null}'""",
    """UPDATE listing SET texts = '{"en": {"title": "Coffee"}}'""",
    """UPDATE listing SET status = 'draft', texts = NULL""",
    "UPDATE venue SET lat = NULL, lon = NULL, visibility = NULL",
    "UPDATE venue SET lat = -90, lon = 180",
    """INSERT INTO listing (id, organisation_id, kind, status, version)
       SELECT gen_random_uuid(), organisation_id, kind, 'draft', 1 FROM listing, generate_series(1, 2)""",
    """WITH other AS (INSERT INTO organisation (id, external_id, name, version)
           VALUES (gen_random_uuid(), 'other', 'Other', 1) RETURNING id)
       INSERT INTO listing (id, organisation_id, external_id, kind, status, version)
       SELECT gen_random_uuid(), other.id, 'fika', 'activity', 'draft', 1 FROM other""",
]


@pytest.mark.parametrize(("rule", "statement"), WRONG.items())
def test_the_database_refuses_what_must_never_be_false(filled: None, rule: str, statement: str) -> None:
    with db.engine().connect() as connection, pytest.raises(IntegrityError) as refused:
        connection.exec_driver_sql(statement)
    assert rule.strip() in str(refused.value.orig)


@pytest.mark.parametrize("statement", FINE)
def test_the_database_takes_what_may_be_true(filled: None, statement: str) -> None:
    with db.engine().connect() as connection:
        assert connection.exec_driver_sql(statement).rowcount > 0
