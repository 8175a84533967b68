"""The log of who read what: a chain that grows by one row a deed, whoever writes and however many at once."""

import contextlib
import threading
from datetime import UTC, datetime
from itertools import pairwise
from uuid import UUID

import pytest
from referral_rows import make_places, make_referral
from sqlalchemy import select

from app import db
from app.db import Wall
from app.models import AccessHead, AccessRow
from app.services import access_log

REFERRAL, NURSE = UUID(int=7), UUID(int=8)


def read(session, **more):
    deed = {"actor": "requester", "actor_id": NURSE, "action": "read", "referral_id": REFERRAL, **more}
    access_log.note(session, **deed)


def rows():
    with db.session_scope() as session:
        return session.scalars(select(AccessRow).order_by(AccessRow.number)).all()


def as_dict(row):
    return {column.name: getattr(row, column.name) for column in AccessRow.__table__.columns}


def test_each_row_holds_the_hash_of_the_one_before(clean):
    for _ in range(3):
        with db.walled_scope(Wall(tenant="A")) as session:
            read(session, tenant="A", unit="u", fields=["person.phone", "person.alias"])
    found = rows()
    assert [row.number for row in found] == [1, 2, 3]
    assert [row.previous for row in found] == [access_log.NOTHING, found[0].hash, found[1].hash]
    assert [access_log.digest(as_dict(row)) for row in found] == [row.hash for row in found]
    with db.session_scope() as session:
        head = session.get_one(AccessHead, access_log.HEAD)
    assert (head.number, head.hash) == (3, found[-1].hash)


def test_the_canonical_form_does_not_change_with_the_zone_or_the_order_of_names():
    row = {"b": None, "at": datetime(2026, 11, 21, 9, 0, 0, 5, tzinfo=UTC), "a": UUID(int=1), "å": ["x"]}
    written = (
        '{"a":"00000000-0000-0000-0000-000000000001","at":"2026-11-21T09:00:00.000005Z","b":null,"å":["x"]}'
    )
    assert access_log.canonical(row) == written.encode()
    there = row["at"].astimezone(datetime.now().astimezone().tzinfo)
    assert access_log.canonical({"at": there, "å": ["x"], "a": UUID(int=1), "b": None}) == written.encode()


def test_the_worker_appends_to_the_same_chain(clean):
    with db.walled_scope(Wall(tenant="A")) as session:
        read(session)
    with db.walled_scope(Wall(role="torg_worker")) as session:
        access_log.note(session, actor="system", actor_id=None, action="shred", referral_id=REFERRAL)
    first, second = rows()
    assert second.previous == first.hash


def test_many_who_write_at_once_make_one_chain(clean):
    def write():
        for _ in range(10):
            with db.walled_scope(Wall(tenant="A")) as session:
                read(session)

    writers = [threading.Thread(target=write) for _ in range(6)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    found = rows()
    assert [row.number for row in found] == list(range(1, 61))
    assert all(later.previous == row.hash for row, later in pairwise(found))


def test_a_deed_that_is_rolled_back_leaves_no_row_and_no_gap(clean):
    def change():
        with db.walled_scope(Wall(tenant="A")) as session:
            read(session)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        change()
    with db.walled_scope(Wall(tenant="A")) as session:
        read(session)
    assert [row.number for row in rows()] == [1]


def test_a_refusal_is_noted_though_its_transaction_is_rolled_back(clean):
    def refuse():
        with db.walled_scope(Wall(tenant="A")):
            access_log.note_alone(actor="requester", actor_id=NURSE, action="refused", referral_id=REFERRAL)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        refuse()
    assert [row.action for row in rows()] == ["refused"]


def test_a_note_alone_inside_a_noted_transaction_waits_for_nobody(clean):
    with db.walled_scope(Wall(tenant="A")) as session:
        read(session)
        access_log.note_alone(actor="system", actor_id=None, action="x", referral_id=None)
    with db.session_scope() as session:
        assert list(session.scalars(select(AccessRow.action).order_by(AccessRow.number))) == ["x", "read"]


def test_what_is_rolled_back_is_not_noted(clean):
    with contextlib.suppress(ZeroDivisionError), db.walled_scope(Wall(tenant="A")) as session:
        read(session)
        _ = 1 / 0
    with db.session_scope() as session:
        assert session.scalar(select(AccessRow.number)) is None


def test_a_chain_whose_head_was_removed_takes_no_row(clean):
    with db.walled_scope(Wall(tenant="A")) as session:
        read(session)
    with db.session_scope() as session:
        session.delete(session.get_one(AccessHead, access_log.HEAD))
    with pytest.raises(Exception, match="pk_access_log"), db.walled_scope(Wall(tenant="A")) as session:
        read(session)


def test_a_requester_sees_the_rows_of_own_referrals_and_no_others(clean):
    with db.session_scope() as session:
        places = make_places(session)
        own, others = (make_referral(session, places, tenant=number) for number in (0, 1))
    for referral in (own, others):
        with db.walled_scope(Wall(tenant=places.tenants[0])) as session:
            access_log.note(session, actor="requester", actor_id=NURSE, action="read", referral_id=referral)
    with db.walled_scope(Wall(tenant=places.tenants[0])) as session:
        assert session.scalars(select(AccessRow.referral_id)).all() == [own]
