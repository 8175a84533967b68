"""What time alone does: one reminder for each turn, one end for what nobody answered, both told."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
from message_cases import change, hook, refer, rows
from sqlalchemy import text

from app import db
from app.models import Notification, Referral, ReferralEvent
from app.services import business_days, referral_due
from app.services.webhooks import Owner

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)  # a Monday


@pytest.fixture
def told(places):
    """The requester has a webhook, the organisation an address: who was told of what."""
    hook(Owner(tenant=places.tenants[0]))

    def found():
        return [(row.event, row.channel) for row in rows(Notification)]

    return found


def referral():
    (found,) = rows(Referral)
    return found


@pytest.mark.parametrize(
    ("asked", "answer_by"),
    [
        ("2026-11-23T10:00", "2026-11-25T10:00"),  # Monday: Wednesday
        ("2026-11-26T10:00", "2026-11-30T10:00"),  # Thursday: Monday
        ("2026-11-28T10:00", "2026-12-01T10:00"),  # Saturday: Tuesday
        ("2026-12-23T10:00", "2026-12-29T10:00"),  # two red days and a Sunday pass
        ("2026-03-27T10:00", "2026-03-31T10:00"),  # the clock is turned, the wall time stays
    ],
)
def test_two_business_days_pass_over_weekends_and_red_days(asked, answer_by):
    moment = datetime.fromisoformat(asked).replace(tzinfo=business_days.STOCKHOLM)
    due = business_days.later(moment, 2).astimezone(business_days.STOCKHOLM)
    assert due.isoformat()[:16] == answer_by


def test_both_are_reminded_once_when_the_organisation_has_not_answered(places, told, referral_id):
    change(referral_id, next_action_at=NOW)
    assert referral_due.run(NOW - timedelta(seconds=1)) == (0, 0)
    assert referral_due.run(NOW) == (0, 1)
    assert referral_due.run(NOW + timedelta(days=1)) == (0, 0)
    assert told() == [("referral.reminder", "email"), ("referral.reminder", "webhook")]


def test_a_reminder_does_not_change_the_referral(places, told, referral_id):
    change(referral_id, next_action_at=NOW)
    before = referral()
    referral_due.run(NOW)
    after = referral()
    assert (after.version, after.updated_at, after.status) == (
        before.version,
        before.updated_at,
        before.status,
    )
    assert len(rows(ReferralEvent)) == 1


def test_the_requester_alone_is_reminded_of_her_own_turn(places, told, referral_id):
    change(referral_id, next_action_by="requester", next_action_at=NOW)
    referral_due.run(NOW)
    assert told() == [("referral.reminder", "webhook")]


def test_each_turn_has_a_reminder_of_its_own(places, told, referral_id):
    change(referral_id, next_action_at=NOW)
    referral_due.run(NOW)
    change(referral_id, next_action_at=NOW + timedelta(days=2), reminded_at=None)
    assert referral_due.run(NOW + timedelta(days=2)) == (0, 1)


def test_what_nobody_answered_in_14_days_is_cancelled_by_the_system_and_both_are_told(
    places, told, referral_id
):
    change(referral_id, next_action_at=NOW, reminded_at=NOW, expires_at=NOW + timedelta(days=12))
    assert referral_due.run(NOW + timedelta(days=12) - timedelta(seconds=1)) == (0, 0)
    assert referral_due.run(NOW + timedelta(days=12)) == (1, 0)
    assert referral_due.run(NOW + timedelta(days=13)) == (0, 0)
    found, event = referral(), rows(ReferralEvent)[-1]
    assert (found.status, found.reason, found.sub_status) == ("cancelled", "expired", "expired")
    assert found.next_action_by is found.next_action_at is None
    assert (event.actor, event.from_status, event.to_status) == ("system", "requested", "cancelled")
    assert found.shred_after - found.closed_at == timedelta(days=30)
    assert told() == [("referral.expired", "email"), ("referral.expired", "webhook")]
    with db.session_scope() as session:
        assert session.scalar(text("SELECT actor FROM access_log ORDER BY number DESC LIMIT 1")) == "system"


@pytest.mark.parametrize("status", ["draft", "accepted", "in-progress", "on-hold", "completed", "rejected"])
def test_only_what_was_never_answered_expires(places, told, status):
    change(refer(places, status=status), expires_at=NOW)
    assert referral_due.run(NOW)[0] == 0
    assert referral().status == status


@pytest.mark.parametrize(
    "status", ["draft", "completed", "rejected", "failed", "cancelled", "entered-in-error"]
)
def test_nobody_is_reminded_of_what_is_not_open(places, told, status):
    change(refer(places, status=status), next_action_at=NOW, next_action_by="organisation")
    assert referral_due.run(NOW) == (0, 0)


def test_workers_beside_each_other_do_each_thing_once(places, told):
    for _ in range(6):
        change(refer(places), expires_at=NOW, next_action_at=NOW)
        change(refer(places), next_action_at=NOW)
    workers = [threading.Thread(target=referral_due.run, args=(NOW,)) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    events = [event for event, _ in told()]
    assert (events.count("referral.expired"), events.count("referral.reminder")) == (12, 12)
    assert len([event for event in rows(ReferralEvent) if event.actor == "system"]) == 6


def test_what_somebody_is_changing_is_left_for_the_next_round(places, told, referral_id):
    change(referral_id, expires_at=NOW, next_action_at=NOW)
    with db.session_scope() as session:
        db.stand_behind(session, referral_due.WORKER)
        session.execute(text("SELECT id FROM referral FOR UPDATE"))
        assert referral_due.run(NOW) == (0, 0)
    assert referral_due.run(NOW) == (1, 0)
