"""Whoever changes the log of who read what is found out, and the place is named."""

import json
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from referral_rows import fresh_key
from sqlalchemy import select, text

from app import db, upkeep
from app.config import get_settings
from app.db import Wall
from app.errors import BadRequest
from app.models import AccessCheckpoint, AccessRow
from app.services import access_checkpoint, access_export, access_log, access_verify

WORKER = Wall(role="torg_worker")


@pytest.fixture
def log(clean):
    """Ten rows."""
    append(10)


def append(number):
    for one in range(number):
        with db.walled_scope(Wall(tenant="A")) as session:
            access_log.note(
                session,
                actor="requester",
                actor_id=UUID(int=1 + one % 2),
                tenant="A",
                action="read",
                referral_id=UUID(int=one),
            )


def tamper(*statements):
    """As somebody who owns the database."""
    with db.engine().begin() as connection:
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        for statement in statements:
            connection.execute(text(statement))


def signed():
    with db.walled_scope(WORKER) as session:
        return access_checkpoint.make(session)


def faults(**more):
    with db.walled_scope(WORKER, snapshot=True) as session:
        more.setdefault("believed", access_checkpoint.keys())
        return access_verify.verify(session, **more).faults


def rehash_from(number):
    """Make the chain fit again from a row on, its head too: what a thorough forger does."""
    with db.engine().begin() as connection:
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        rows = connection.execute(select(*AccessRow.__table__.columns).order_by(AccessRow.number)).mappings()
        previous = access_log.NOTHING
        for row in map(dict, rows.all()):
            if row["number"] >= number:
                row["previous"] = previous
                row["hash"] = access_log.digest(row)
                connection.execute(
                    text("UPDATE access_log SET previous = :previous, hash = :hash WHERE number = :number"),
                    row,
                )
            previous = row["hash"]
        connection.execute(text("UPDATE access_head SET hash = :hash"), {"hash": previous})


def test_an_untouched_log_is_whole(log):
    signed()
    append(3)
    assert faults() == []


def test_an_empty_log_is_whole(clean):
    assert faults() == []
    assert signed() is None


@pytest.mark.parametrize(
    "change",
    [
        "action = 'nothing'",
        "actor = 'system'",
        "actor_id = NULL",
        "tenant = 'B'",
        "unit = 'u'",
        "organisation_id = gen_random_uuid()",
        "referral_id = gen_random_uuid()",
        "fields = '{x}'",
        "at = at + interval '1 microsecond'",
        "previous = hash",
        "hash = previous",
    ],
)
def test_an_edited_row_is_named_whatever_was_edited(log, change):
    tamper(f"UPDATE access_log SET {change} WHERE number = 4")  # noqa: S608 - a constant of this file
    assert len(faults()) == 1
    assert faults()[0].startswith("Row 4 was edited")


def test_a_deleted_row_is_named(log):
    tamper("DELETE FROM access_log WHERE number = 4")
    assert faults()[0].startswith("Row 4 is missing")
    tamper("DELETE FROM access_log WHERE number = 1")
    assert faults()[0].startswith("Row 1 is missing")


def test_a_deleted_row_is_named_though_the_later_ones_were_renumbered(log):
    tamper(
        "DELETE FROM access_log WHERE number = 4",
        "UPDATE access_log SET number = number - 1 WHERE number > 4",
    )
    assert faults() == ["Row 4 was moved: it was written as row 5."]


def test_swapped_rows_are_named(log):
    tamper(
        "UPDATE access_log SET number = 99 WHERE number = 4",
        "UPDATE access_log SET number = 4 WHERE number = 6",
        "UPDATE access_log SET number = 6 WHERE number = 99",
    )
    assert faults() == ["Row 4 was moved: it was written as row 6."]


def test_an_inserted_row_is_named(log):
    tamper(
        "UPDATE access_log SET number = -number WHERE number > 4",
        "UPDATE access_log SET number = 1 - number WHERE number < 0",
        "INSERT INTO access_log SELECT 5, at, actor, actor_id, tenant, unit, organisation_id, action,"
        " referral_id, fields, hash, repeat('a', 64) FROM access_log WHERE number = 4",
    )
    assert faults() == ["Row 5 was edited."]


def test_an_inserted_row_that_was_hashed_rightly_is_named_by_its_neighbour(log):
    tamper("UPDATE access_log SET action = 'other' WHERE number = 4")
    with db.engine().begin() as connection:
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        row = dict(
            connection.execute(select(*AccessRow.__table__.columns).where(AccessRow.number == 4))
            .mappings()
            .one()
        )
        connection.execute(
            text("UPDATE access_log SET hash = :hash WHERE number = 4"), {"hash": access_log.digest(row)}
        )
    assert faults()[0].startswith("Row 5 does not follow row 4")


def test_a_row_put_in_behind_the_head_is_named(log):
    tamper("UPDATE access_head SET number = 9")
    assert faults() == ["Row 10 was put in behind the head."]


def test_a_cut_tail_is_seen_by_the_head(log):
    tamper("DELETE FROM access_log WHERE number > 7")
    assert faults() == ["The end was cut off after row 7: the head is at row 10."]


def test_a_cut_tail_is_seen_by_the_newest_checkpoint_though_the_head_was_set_back(log):
    signed()
    tamper(
        "DELETE FROM access_log WHERE number > 7",
        "UPDATE access_head SET number = 7, hash = (SELECT hash FROM access_log WHERE number = 7)",
    )
    assert faults() == ["The end was cut off after row 7: a checkpoint saw 10 rows."]


def test_a_cut_tail_is_seen_by_a_checkpoint_kept_elsewhere_though_all_others_were_deleted(log):
    kept = signed()
    tamper(
        "DELETE FROM access_log WHERE number > 7",
        "UPDATE access_head SET number = 7, hash = (SELECT hash FROM access_log WHERE number = 7)",
        "DELETE FROM access_checkpoint",
    )
    assert faults() == []
    assert faults(kept_elsewhere=[kept]) == ["The end was cut off after row 7: a checkpoint saw 10 rows."]


def test_a_log_that_was_emptied_is_seen(log):
    kept = signed()
    tamper("DELETE FROM access_log", "DELETE FROM access_head", "DELETE FROM access_checkpoint")
    assert faults() == []
    assert faults(kept_elsewhere=[kept]) == ["The end was cut off after row 0: a checkpoint saw 10 rows."]


def test_a_log_that_was_written_anew_is_seen_by_its_checkpoint(log):
    kept = signed()
    tamper("UPDATE access_log SET actor = 'system' WHERE number = 4")
    rehash_from(4)
    assert faults() == ["Row 10 is not the one of the checkpoint: the log was written anew before it."]
    tamper("DELETE FROM access_checkpoint")
    assert faults() == []
    assert faults(kept_elsewhere=[kept])[0].startswith("Row 10 is not the one of the checkpoint")


def test_a_checkpoint_that_was_changed_is_seen(log):
    signed()
    tamper("UPDATE access_checkpoint SET hash = repeat('a', 64)")
    assert "The checkpoint at row 10 is not what was signed." in faults()


def test_a_checkpoint_of_another_key_is_not_believed(log, monkeypatch):
    kept = signed()
    monkeypatch.setenv("TORG_AUDIT_SIGNING_KEY", fresh_key())
    get_settings.cache_clear()
    assert faults() == ["The checkpoint at row 10 is not what was signed."]
    assert "Checkpoint 1 of the file was not signed by this service's key." in faults(kept_elsewhere=[kept])


def test_checkpoints_of_an_older_key_are_believed_while_it_is_listed(log, monkeypatch):
    before = get_settings().audit_signing_key.get_secret_value()
    signed()
    monkeypatch.setenv("TORG_AUDIT_SIGNING_KEY", f"{fresh_key()} {before}")
    get_settings.cache_clear()
    assert faults() == []


def test_whoever_has_the_public_key_can_verify(log, monkeypatch):
    kept, public = signed(), access_checkpoint.public_key()
    assert "d" not in json.loads(public)
    monkeypatch.delenv("TORG_AUDIT_SIGNING_KEY")
    get_settings.cache_clear()
    assert faults(believed=[access_checkpoint.read_key(public)], kept_elsewhere=[kept]) == []


@pytest.mark.parametrize("content", ["", "x", "{}", "[]", '{"kty":"oct","k":"x"}'])
def test_a_file_without_a_public_key_is_refused(content):
    with pytest.raises(BadRequest, match="no public key"):
        access_checkpoint.read_key(content)


@pytest.mark.parametrize("line", ["x", "a.b.c", "eyJhbGciOiJub25lIn0.e30.", "\x00", "å"])
def test_a_line_that_is_no_checkpoint_is_said_to_be_none(log, line):
    assert faults(kept_elsewhere=[line]) == ["Checkpoint 1 of the file was not signed by this service's key."]


def test_the_walk_goes_on_over_the_edge_of_a_batch(log, monkeypatch):
    monkeypatch.setattr(access_verify, "BATCH", 3)
    assert faults() == []
    tamper("UPDATE access_log SET action = 'x' WHERE number = 7")
    assert faults() == ["Row 7 was edited."]


def test_rows_that_come_during_the_walk_do_not_disturb_it(log):
    with db.walled_scope(WORKER, snapshot=True) as session:
        session.scalar(select(AccessRow.number).limit(1))
        append(5)
        found = access_verify.verify(session)
    assert (found.rows, found.faults) == (10, [])


def test_the_worker_signs_once_a_day(log):
    now = datetime.now(UTC)
    upkeep.once(now)
    append(1)
    upkeep.once(now + timedelta(hours=23))
    assert numbers() == [10]
    upkeep.once(now + timedelta(hours=25))
    assert numbers() == [10, 11]


def test_the_worker_does_not_sign_a_broken_log(log, caplog):
    now = datetime.now(UTC)
    tamper("UPDATE access_log SET action = 'x' WHERE number = 7")
    upkeep.once(now)
    assert numbers() == []
    assert "Row 7 was edited." in caplog.text


def test_without_a_key_the_worker_signs_nothing(log, monkeypatch):
    monkeypatch.delenv("TORG_AUDIT_SIGNING_KEY")
    get_settings.cache_clear()
    upkeep.once()
    assert numbers() == []
    with pytest.raises(BadRequest, match="TORG_AUDIT_SIGNING_KEY"):
        signed()


def numbers():
    with db.session_scope() as session:
        return session.scalars(select(AccessCheckpoint.number).order_by(AccessCheckpoint.number)).all()


def exported(**filters):
    with db.walled_scope(WORKER) as session:
        return [json.loads(line) for line in access_export.lines(session, access_export.chosen(**filters))]


def test_the_log_is_exported_whole_or_by_referral_actor_and_time(log):
    rows = exported()
    assert [row["number"] for row in rows] == list(range(1, 11))
    assert [row["number"] for row in exported(referral=UUID(int=4))] == [5]
    assert [row["number"] for row in exported(actor=UUID(int=1))] == [1, 3, 5, 7, 9]
    middle = datetime.fromisoformat(rows[4]["at"])
    assert [row["number"] for row in exported(since=middle)] == [5, 6, 7, 8, 9, 10]
    assert [row["number"] for row in exported(until=middle)] == [1, 2, 3, 4]


def test_each_exported_line_can_be_verified_by_itself(log):
    for row in exported():
        assert access_log.digest(row) == row["hash"]


def test_a_sample_is_drawn_among_what_people_did(log):
    with db.walled_scope(WORKER) as session:
        access_log.note(session, actor="system", actor_id=None, action="shred", referral_id=None)
    with db.walled_scope(WORKER) as session:
        drawn = {
            tuple(json.loads(one)["number"] for one in access_export.sample(session, 4)) for _ in range(20)
        }
        everything = [json.loads(one)["actor"] for one in access_export.sample(session, 100)]
    assert all(len(set(one)) == 4 for one in drawn)
    assert len(drawn) > 1
    assert everything == ["requester"] * 10
