"""What tells of a person is gone when its time is over, when she takes it back, and after a restore."""

import json
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from referral_rows import NOW, add_access, key_of, make_places, make_referral, person_of
from sqlalchemy import func, select

from app import db
from app.db import Wall
from app.errors import BadRequest, NotFound
from app.models import (
    AccessRow,
    CodeAttempt,
    IdempotentRequest,
    Notification,
    Referral,
    ReferralEvent,
    ReferralKey,
    ReferralLink,
    ReferralSecret,
    ReferralSession,
    ShredRow,
)
from app.services import retention
from app.services.vault import SealBroken, vault

DAY = timedelta(days=1)


@pytest.fixture
def places(clean):
    with db.session_scope() as session:
        return make_places(session)


@pytest.fixture
def made(places):
    def make(**columns):
        with db.session_scope() as session:
            return make_referral(session, places, **columns)

    return make


def count(table):
    with db.session_scope() as session:
        return session.scalar(select(func.count()).select_from(table))


def left():
    """Referrals that can still be opened."""
    with db.session_scope() as session:
        return set(session.scalars(select(ReferralKey.referral_id)))


def test_shredding_takes_key_and_person_and_leaves_what_all_may_see(made, places):
    referral = made(note="hemligt", duplicate_mac="x")
    with db.walled_scope(Wall(tenant=places.tenants[0])) as session:
        key = key_of(session, referral)
        assert retention.shred(session, referral, "withdrawn")
    with db.session_scope() as session:
        row = session.get_one(Referral, referral)
        assert row.shredded_at is not None
        assert row.duplicate_mac is None
        assert (session.get(ReferralKey, referral), session.get(ReferralSecret, referral)) == (None, None)
        assert [one.why for one in session.scalars(select(ShredRow))] == ["withdrawn"]
        sealed = session.scalars(select(ReferralEvent).where(ReferralEvent.text.is_not(None))).one()
        other, _, _ = vault().new_key("referral_key.wrapped_key", referral)
        with pytest.raises(SealBroken):
            other.open("referral_event.text", sealed.id, sealed.text)
        assert (
            key.open("referral_event.text", sealed.id, sealed.text) == "hemligt"
        )  # it was the key that went


def test_what_is_shredded_twice_is_told_once(made, places):
    referral = made()
    with db.walled_scope(Wall(tenant=places.tenants[0])) as session:
        assert retention.shred(session, referral, "withdrawn")
        assert not retention.shred(session, referral, "retention")
    assert count(ShredRow) == 1


def test_a_foreign_referral_cannot_be_shredded(made, places):
    referral = made(tenant=1)
    with pytest.raises(NotFound), db.walled_scope(Wall(tenant=places.tenants[0])) as session:
        retention.shred(session, referral, "withdrawn")
    assert left() == {referral}


def test_the_person_withdraws_by_her_code(made):
    referral = made(code_mac="mac")
    with db.walled_scope(Wall(code="mac")) as session:
        assert retention.shred(session, referral, "withdrawn")
    assert left() == set()


@pytest.mark.parametrize(
    ("columns", "days"),
    [
        ({"status": "completed", "accepted_at": NOW - 200 * DAY, "closed_at": NOW}, 90),
        ({"status": "failed", "accepted_at": NOW - 200 * DAY, "closed_at": NOW}, 90),
        ({"status": "cancelled", "accepted_at": NOW - 200 * DAY, "closed_at": NOW}, 90),
        ({"status": "rejected", "closed_at": NOW}, 30),
        ({"status": "cancelled", "closed_at": NOW}, 30),
        ({"status": "entered-in-error", "closed_at": NOW}, 30),
        ({"status": "rejected", "updated_at": NOW}, 30),  # closed though nobody wrote when
        ({"status": "draft", "updated_at": NOW}, 30),
        ({"status": "completed", "accepted_at": NOW, "closed_at": NOW, "shred_after": NOW + 7 * DAY}, 7),
        ({"status": "rejected", "closed_at": NOW, "shred_after": NOW + 365 * DAY}, 30),
    ],
)
def test_a_referral_is_due_on_its_day_and_not_before(made, columns, days):
    referral = made(**columns)
    almost = timedelta(seconds=1)
    with db.walled_scope(retention.WORKER) as session:
        assert retention.due(session, NOW + days * DAY - almost) == []
        assert retention.due(session, NOW + days * DAY) == [referral]


def test_what_is_promised_is_when_it_is_due(made):
    promise = retention.promised(NOW, accepted=True)
    referral = made(status="completed", accepted_at=NOW, closed_at=NOW, shred_after=promise)
    with db.walled_scope(retention.WORKER) as session:
        assert retention.due(session, promise) == [referral]


@pytest.mark.parametrize("status", ["requested", "accepted", "in-progress", "on-hold"])
def test_an_open_referral_is_never_due(made, status):
    made(status=status, accepted_at=NOW - 900 * DAY, updated_at=NOW - 900 * DAY)
    with db.walled_scope(retention.WORKER) as session:
        assert retention.due(session, NOW) == []


def test_a_rehearsal_counts_and_changes_nothing(made):
    old = made(status="rejected", closed_at=NOW - 31 * DAY)
    assert retention.run(NOW, dry_run=True).referrals == 1
    assert left() == {old}
    assert (count(ShredRow), count(AccessRow)) == (0, 0)


def test_a_run_shreds_what_is_due_and_notes_each(made, monkeypatch):
    monkeypatch.setattr(retention, "BATCH", 2)
    old = {made(status="rejected", closed_at=NOW - 31 * DAY) for _ in range(5)}
    young = made(status="rejected", closed_at=NOW - 29 * DAY)
    assert retention.run(NOW).referrals == 5
    assert left() == {young}
    with db.session_scope() as session:
        noted = session.execute(select(AccessRow.actor, AccessRow.action, AccessRow.referral_id)).all()
    assert set(noted) == {("system", "shred", referral) for referral in old}
    assert retention.run(NOW).referrals == 0


def test_a_run_makes_an_event_and_a_new_version_so_that_no_kept_answer_is_taken_for_the_present_one(made):
    old = made(status="rejected", closed_at=NOW - 31 * DAY, note="hemligt")
    retention.run(NOW)
    with db.session_scope() as session:
        events = session.scalars(
            select(ReferralEvent).where(ReferralEvent.referral_id == old).order_by(ReferralEvent.number)
        ).all()
        assert [(one.number, one.kind, one.actor) for one in events][-1] == (3, "shredded", "system")
        assert session.get_one(Referral, old).version == 3


def test_a_run_removes_what_has_served_its_time(made, places):
    referral = made()
    with db.session_scope() as session:
        add_access(session, referral, places.organisations[0])
        session.add_all(
            [
                CodeAttempt(caller_mac="x", at=NOW - 2 * DAY),
                CodeAttempt(caller_mac="x", at=NOW),
                *(
                    Notification(
                        event="x", referral_id=referral, correlation_id=referral, channel="email", **times
                    )
                    for times in (
                        {"delivered_at": NOW - 31 * DAY},
                        {"delivered_at": NOW - 29 * DAY},
                        {"given_up_at": NOW - 91 * DAY},
                        {"given_up_at": NOW - 89 * DAY},
                        {},
                    )
                ),
                IdempotentRequest(caller=uuid4(), key="x", request_sha256="x", created_at=NOW - 3 * DAY),
            ]
        )
    report = retention.run(NOW)
    assert (report.attempts, report.notifications, report.requests) == (1, 2, 1)
    assert (report.sessions, report.links) == (0, 0)
    report = retention.run(NOW + 45 * DAY)
    assert (report.sessions, report.links) == (1, 1)
    assert (count(ReferralSession), count(ReferralLink)) == (0, 0)


def test_a_person_whose_key_is_gone_does_not_stay(made):
    referral = made()
    with db.session_scope() as session:
        session.delete(session.get_one(ReferralKey, referral))
    assert retention.run(NOW).strays == 1
    assert count(ReferralSecret) == 0


def exported():
    with db.walled_scope(retention.WORKER) as session:
        return list(retention.ledger(session))


def test_the_ledger_shreds_again_what_a_backup_brings_back(made):
    gone, kept = made(), made()
    with db.session_scope() as session:
        retention.shred(session, gone, "withdrawn")
    lines = exported()
    # As after a restore: the rows are there again and nobody remembers.
    with db.session_scope() as session:
        session.connection().exec_driver_sql("TRUNCATE shred_ledger")
        back = session.get_one(Referral, gone)
        back.shredded_at = None
        _, version, wrapped = vault().new_key("referral_key.wrapped_key", gone)
        session.add(ReferralKey(referral_id=gone, master_version=version, wrapped_key=wrapped))
    later = {"referral_id": str(UUID(int=5)), "at": "2026-11-21T12:00:00Z", "why": "withdrawn"}
    assert retention.replay([*lines, "", json.dumps(later)]) == retention.Replayed(1, 0, 1)
    assert left() == {kept}
    assert lines[0] in exported()
    assert retention.replay(lines) == retention.Replayed(0, 1, 0)
    with db.session_scope() as session:
        assert person_of(session, kept)
        noted = session.execute(select(AccessRow.action, AccessRow.referral_id)).all()
    assert noted == [("shred-again", gone)]


def test_a_key_that_came_back_is_deleted_though_the_referral_says_shredded(made):
    referral = made()
    with db.session_scope() as session:
        retention.shred(session, referral, "withdrawn")
        _, version, wrapped = vault().new_key("referral_key.wrapped_key", referral)
        session.add(ReferralKey(referral_id=referral, master_version=version, wrapped_key=wrapped))
    assert retention.replay(exported()) == retention.Replayed(1, 0, 0)
    assert left() == set()


@pytest.mark.parametrize("line", ["{", '{"referral_id":"x"}', "null", '{"referral_id":"\udc00"}'])
def test_a_ledger_with_a_broken_line_does_nothing(made, line):
    referral = made()
    good = json.dumps({"referral_id": str(referral), "at": "2026-11-21T12:00:00Z", "why": "withdrawn"})
    with pytest.raises(BadRequest, match="Line 2"):
        retention.replay([good, line])
    assert left() == {referral}
