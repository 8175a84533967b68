"""The database itself shows each party its own referrals and nobody else's, whatever the service forgets."""

from types import SimpleNamespace

import pytest
from psycopg.errors import InsufficientPrivilege
from referral_rows import NOW, add_access, make_places, make_referral
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from app import db
from app.db import Wall
from app.models import Base, UnitMailbox
from app.services import access_log

WALLED = {
    *("referral", "referral_key", "referral_secret", "referral_event", "referral_consent", "referral_link"),
    *("referral_session", "access_log"),
}
# They name a referral by its id alone, for whoever tells of it or shreds it again; no person is in them.
BARE = {"notification", "shred_ledger"}
APPEND_ONLY = ("referral_event", "access_log", "access_checkpoint", "shred_ledger")
WORKER = Wall(role="torg_worker")


@pytest.fixture
def square(clean):
    """Two tenants that refer to two organisations: names of the rows are tenant, organisation and status."""

    found = SimpleNamespace()
    with db.session_scope() as session:
        found.places = places = make_places(session)
        found.ids = ids = {
            "ax requested": make_referral(session, places, tenant=0, organisation=0, note="n"),
            "ax accepted": make_referral(
                session, places, tenant=0, organisation=0, status="accepted", accepted_at=NOW, code_mac="code"
            ),
            "ay requested": make_referral(session, places, tenant=0, organisation=1),
            "ay draft": make_referral(session, places, tenant=0, organisation=1, status="draft"),
            "bx accepted": make_referral(
                session, places, tenant=1, organisation=0, status="accepted", accepted_at=NOW
            ),
            "by draft": make_referral(session, places, tenant=1, organisation=1, status="draft"),
        }
        for name, referral in ids.items():
            add_access(session, referral, places.organisations["xy".index(name[1])])
        for referral in ids.values():
            access_log.note(session, actor="requester", actor_id=None, action="x", referral_id=referral)
    found.names = {referral: name for name, referral in ids.items()}
    return found


def seen(square, wall, table):
    """Names of the referrals whose rows a wall shows in a table."""
    column = "id" if table == "referral" else "referral_id"
    with db.walled_scope(wall) as session:
        rows = session.scalars(text(f"SELECT {column} FROM {table}"))  # noqa: S608 - names of this file
        return {square.names[row] for row in rows}


def walls(square):
    """Each wall, what it shows, and of how many of these the person."""
    (x, y), (a, b) = square.places.organisations, square.places.tenants
    one = square.ids["ax requested"]
    all_a = {"ax requested", "ax accepted", "ay requested", "ay draft"}
    at_x = {"ax requested", "ax accepted", "bx accepted"}
    accepted_x = {"ax accepted", "bx accepted"}
    return [
        (Wall(), set(), set()),
        (Wall(tenant=a), all_a, all_a),
        (Wall(tenant=b), {"bx accepted", "by draft"}, {"bx accepted", "by draft"}),
        (Wall(tenant="c"), set(), set()),
        (Wall(tenant=""), set(), set()),
        (Wall(organisations=frozenset({x})), at_x, accepted_x),
        (Wall(organisations=frozenset({y})), {"ay requested"}, set()),
        (Wall(organisations=frozenset({x, y})), {*at_x, "ay requested"}, accepted_x),
        (Wall(organisations=frozenset({one})), set(), set()),
        (Wall(code="code"), {"ax accepted"}, {"ax accepted"}),
        (Wall(code="other"), set(), set()),
        (Wall(referral=one), {"ax requested"}, {"ax requested"}),
        (Wall(referral=one, organisations=frozenset({x})), {"ax requested"}, set()),
        (Wall(referral=one, organisations=frozenset({y})), set(), set()),
        (Wall(referral=one, tenant=b), set(), set()),
        (Wall(referral=one, code="code"), set(), set()),
        (Wall(referral=x), set(), set()),
        (Wall(session="x"), set(), set()),
    ]


def test_every_wall_shows_its_referrals_and_no_other_in_every_table(square):
    for wall, referrals, persons in walls(square):
        for table in WALLED:
            expected = persons if table == "referral_secret" else referrals
            assert seen(square, wall, table) == expected, (wall, table)


def test_the_token_of_a_session_shows_that_session_alone(square):
    token = f"session of {square.ids['ax requested']}"
    wall = Wall(session=token)
    assert seen(square, wall, "referral_session") == {"ax requested"}
    assert all(seen(square, wall, table) == set() for table in WALLED - {"referral_session"})


def test_the_worker_sees_every_referral(square):
    assert seen(square, WORKER, "referral") == set(square.ids)


def test_every_table_that_names_a_referral_is_walled_for_its_owner_too(schema):
    with db.engine().connect() as connection:
        naming = set(
            connection.scalars(
                text(
                    "SELECT table_name FROM information_schema.columns"
                    " WHERE table_schema = 'public' AND column_name = 'referral_id'"
                )
            )
        )
        forced = set(
            connection.scalars(
                text(
                    "SELECT relname FROM pg_class"
                    " WHERE relnamespace = 'public'::regnamespace AND relrowsecurity AND relforcerowsecurity"
                )
            )
        )
    assert forced == WALLED | {"unit_mailbox"}
    assert naming | {"referral"} == WALLED | BARE


def test_a_units_mailbox_is_its_care_providers_alone(square):
    a, b = square.places.tenants
    with db.walled_scope(Wall(tenant=a)) as session:
        session.add(UnitMailbox(tenant=a, unit="unit", address="enheten@region.example", version=1))
    look = "SELECT count(*) FROM unit_mailbox"
    others = (Wall(), Wall(tenant=b), Wall(organisations=frozenset(square.places.organisations)))
    for wall, found in ((Wall(tenant=a), 1), (WORKER, 1), *((other, 0) for other in others)):
        with db.walled_scope(wall) as session:
            assert session.scalar(text(look)) == found, wall
    assert touched(Wall(tenant=b), "UPDATE unit_mailbox SET address = 'x@y.example'") == 0
    assert touched(Wall(tenant=b), "DELETE FROM unit_mailbox") == 0
    made = "INSERT INTO unit_mailbox (id, tenant, address, version) VALUES (gen_random_uuid(), :t, 'x', 1)"
    assert refused(Wall(tenant=b), made, t=a)
    assert refused(WORKER, "UPDATE unit_mailbox SET address = 'x@y.example'")


def test_acting_for_another_for_one_look_leaves_the_wall_as_it_was(square):
    a, b = square.places.tenants
    with db.walled_scope(Wall(tenant=a)) as session:
        with db.acting_for(session, b):
            assert session.scalar(text("SELECT torg_tenant()")) == b
        assert session.scalar(text("SELECT torg_tenant()")) == a
    with db.walled_scope(Wall(organisations=frozenset(square.places.organisations))) as session:
        with db.acting_for(session, b):
            pass
        assert session.scalar(text("SELECT torg_tenant()")) is None


def refused(wall, statement, **values):
    """Whether the database refuses it for want of a right."""
    with pytest.raises(ProgrammingError) as error, db.walled_scope(wall) as session:
        session.execute(text(statement), values)
    return isinstance(error.value.orig, InsufficientPrivilege)


def touched(wall, statement, **values):
    """How many rows a change reaches; it is not kept."""
    with db.walled_scope(wall) as session:
        number = session.execute(text(statement), values).rowcount
        session.rollback()
        return number


def test_an_organisation_that_has_not_accepted_cannot_read_change_or_delete_the_person(square):
    wall = Wall(organisations=frozenset({square.places.organisations[1]}))
    assert seen(square, wall, "referral") == {"ay requested"}
    assert touched(wall, "UPDATE referral_secret SET person = ''") == 0
    assert touched(wall, "DELETE FROM referral_secret") == 0
    with db.walled_scope(wall) as session:
        assert session.scalar(text("SELECT count(*) FROM referral_secret")) == 0
        assert session.scalar(text("SELECT count(*) FROM referral_secret s JOIN referral r ON true")) == 0


def test_it_can_once_it_has_accepted(square):
    wall = Wall(organisations=frozenset({square.places.organisations[1]}))
    with db.walled_scope(wall) as session:
        session.execute(text("UPDATE referral SET accepted_at = now(), status = 'accepted'"))
    assert seen(square, wall, "referral_secret") == {"ay requested"}


def test_nobody_reaches_the_rows_of_another(square):
    a = Wall(tenant=square.places.tenants[0])
    other = square.ids["bx accepted"]
    assert touched(a, "UPDATE referral SET status = 'cancelled', reason = 'x' WHERE id = :id", id=other) == 0
    assert touched(a, "DELETE FROM referral_key WHERE referral_id = :id", id=other) == 0
    assert refused(
        a,
        "INSERT INTO referral_event (id, referral_id, number, kind, actor)"
        " VALUES (gen_random_uuid(), :id, 9, 'x', 'requester')",
        id=other,
    )


def test_nobody_makes_a_referral_in_anothers_name(square):
    copied = (
        "INSERT INTO referral (id, correlation_id, mode, status, version, requester_tenant, requester_id,"
        " organisation_id, listing_id, urgency, protected_identity)"
        " SELECT gen_random_uuid(), id, mode, 'draft', 1, :tenant, requester_id, organisation_id, listing_id,"
        " urgency, false FROM referral LIMIT 1"
    )
    a, b = square.places.tenants
    assert touched(Wall(tenant=a), copied, tenant=a) == 1
    assert refused(Wall(tenant=a), copied, tenant=b)


@pytest.mark.parametrize(
    "column",
    ["id", "requester_tenant", "requester_unit", "requester_id", "mode", "correlation_id", "created_at"],
)
@pytest.mark.parametrize("role", ["torg_service", "torg_worker"])
def test_whose_a_referral_is_and_where_it_came_from_never_changes(square, column, role):
    wall = Wall(tenant=square.places.tenants[0], role=role)
    assert refused(wall, f"UPDATE referral SET {column} = {column}")  # noqa: S608 - names of this file


def test_an_organisation_cannot_hand_its_referral_to_another(square):
    x, y = square.places.organisations
    moved = "UPDATE referral SET organisation_id = :other"
    assert refused(Wall(organisations=frozenset({x})), moved, other=y)


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT person FROM referral_secret",
        "SELECT measures FROM referral_secret",
        "SELECT * FROM referral_secret",
        "SELECT referral_id FROM referral_secret WHERE person = ''",
        "UPDATE referral_secret SET person = ''",
        "DELETE FROM referral_secret RETURNING person",
        "SELECT text FROM referral_event",
        "SELECT * FROM referral_event",
        "SELECT sha256 FROM api_key",
        "INSERT INTO referral (id) VALUES (gen_random_uuid())",
    ],
)
def test_the_worker_cannot_read_the_person_or_what_was_written_about_her(square, statement):
    assert refused(WORKER, statement)


@pytest.mark.parametrize("table", APPEND_ONLY)
@pytest.mark.parametrize("deed", ["UPDATE {0} SET {1} = {1}", "DELETE FROM {0}", "TRUNCATE {0} CASCADE"])
@pytest.mark.parametrize("role", ["torg_service", "torg_worker"])
def test_nobody_changes_or_removes_what_is_append_only(square, table, deed, role):
    column = "number" if table != "shred_ledger" else "why"
    assert refused(Wall(tenant=square.places.tenants[0], role=role), deed.format(table, column))


@pytest.mark.parametrize("table", APPEND_ONLY)
@pytest.mark.parametrize("deed", ["UPDATE {0} SET {1} = {1}", "DELETE FROM {0}"])
def test_a_trigger_keeps_even_a_superuser_from_a_slip(square, table, deed):
    column = "number" if table != "shred_ledger" else "why"
    with pytest.raises(ProgrammingError, match="is append-only"), db.session_scope() as session:
        session.execute(text(deed.format(table, column)))


def test_every_table_is_granted_to_the_service_and_no_more_than_it_needs(schema):
    with db.engine().connect() as connection:
        rights = connection.execute(
            text(
                "SELECT table_name, privilege_type FROM information_schema.role_table_grants"
                " WHERE grantee = 'torg_service'"
            )
        ).all()
        owned = connection.scalar(
            text("SELECT count(*) FROM pg_class WHERE relowner = 'torg_service'::regrole")
        )
    assert {table for table, right in rights if right == "SELECT"} >= set(Base.metadata.tables)
    assert {right for _, right in rights} == {"SELECT", "INSERT", "UPDATE", "DELETE"}
    assert {table for table, right in rights if right == "DELETE"}.isdisjoint(
        {*APPEND_ONLY, "audit", "referral"}
    )
    assert owned == 0


def test_a_wall_falls_with_its_transaction(square):
    with db.engine().connect() as connection:
        before = connection.scalar(text("SELECT current_user"))
        connection.rollback()
        with db.Session(connection) as session:
            db.stand_behind(session, Wall(tenant=square.places.tenants[0]))
            assert session.scalar(text("SELECT current_user")) == "torg_service"
            session.commit()
        after = connection.execute(
            text("SELECT current_user, current_setting('torg.tenant', true) AS tenant")
        ).one()
    assert (after.current_user, after.tenant) == (before, "")


def test_a_second_wall_in_a_transaction_leaves_nothing_of_the_first(square):
    with db.walled_scope(Wall(tenant=square.places.tenants[0])) as session:
        db.stand_behind(session, Wall(code="code"))
        assert session.scalar(text("SELECT count(*) FROM referral")) == 1
