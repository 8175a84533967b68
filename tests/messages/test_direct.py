"""A direct referral is told to the organisation by its webhooks; by mail only where none of them takes it."""

import json
import threading

import pytest
from mailboxes import taken
from message_cases import WORKER, rows, time_passes
from referral_world import referral_to
from sqlalchemy import text

from app import db
from app.db import walled_scope
from app.models import Notification, OutboxJob, ReferralLink
from app.services import deliveries


@pytest.fixture
def hooks(client, goal, member):
    """Make webhooks of the organisation: `hooks(url, *events)`; the webhook's path."""
    path = f"/api/v1/organisations/{goal.organisation}/webhooks"

    def make(url, *events):
        made = client.post(path, json={"url": url, "events": list(events)}, headers=member)
        assert made.status_code == 201, made.text
        return f"{path}/{made.json()['id']}"

    return make


@pytest.fixture
def refer(client, goal, nurse):
    def send(mode="direct"):
        made = client.post("/api/v1/referrals", json=referral_to(goal, mode=mode), headers=nurse)
        assert made.status_code == 201, made.text
        return made.json()["id"]

    return send


def deliver():
    for channel in ("webhook", "email", "webhook", "email"):
        deliveries.deliver(channel)


def waiting():
    return [job for job in rows(OutboxJob) if job.kind == "notify"]


def channels():
    return sorted(row.channel for row in rows(Notification))


def test_a_direct_referral_is_told_by_webhooks_alone_and_no_link_is_made(
    refer, hooks, receivers, mail_server
):
    folder, first, second = mail_server("accept"), receivers(), receivers()
    hooks(first.url)
    hooks(second.url)
    refer()
    deliver()
    assert channels() == ["webhook", "webhook"]
    assert (len(first.got), len(second.got)) == (1, 1)
    assert taken(folder) == rows(ReferralLink) == waiting() == []


def test_a_light_one_is_mailed_beside_the_webhook(refer, hooks, receivers, mail_server):
    folder, receiver = mail_server("accept"), receivers()
    hooks(receiver.url)
    refer("light")
    deliver()
    assert (len(receiver.got), len(taken(folder))) == (1, 1)


def test_an_organisation_without_a_webhook_is_mailed(refer, mail_server):
    folder = mail_server("accept")
    refer()
    deliver()
    (got,) = taken(folder)
    assert "/r/" in got.get_content()


def test_a_webhook_that_does_not_ask_for_the_event_is_none_for_it(refer, hooks, receivers, mail_server):
    folder, receiver = mail_server("accept"), receivers()
    hooks(receiver.url, "referral.withdrawn")
    refer()
    deliver()
    assert receiver.got == []
    assert len(taken(folder)) == 1


@pytest.mark.parametrize("status", [410, 500])
def test_what_the_only_webhook_never_takes_is_mailed_once(refer, hooks, receivers, mail_server, status):
    folder, receiver = mail_server("accept"), receivers(status=status)
    hooks(receiver.url)
    refer()
    for _ in range(1 if status == 410 else deliveries.TRIES):
        assert taken(folder) == []
        deliver()
        time_passes()
    deliver()
    (got,) = taken(folder)
    assert "/r/" in got.get_content()
    assert waiting() == []


def test_a_webhook_disabled_meanwhile_leaves_the_mail(refer, hooks, receivers, mail_server):
    folder, receiver = mail_server("accept"), receivers()
    hooks(receiver.url)
    refer()
    with db.session_scope() as session:
        session.execute(text("UPDATE webhook_endpoint SET disabled_at = now()"))
    deliver()
    assert receiver.got == []
    assert len(taken(folder)) == 1


def test_while_another_webhook_takes_it_or_may_still_no_mail_is_sent(refer, hooks, receivers, mail_server):
    folder, gone, slow = mail_server("accept"), receivers(status=410), receivers(status=500)
    hooks(gone.url)
    hooks(slow.url)
    refer()
    deliver()
    assert taken(folder) == []
    slow.status = 200
    time_passes()
    deliver()
    assert (len(slow.got), taken(folder)) == (2, [])


def test_two_webhooks_given_up_at_once_leave_one_mail(refer, hooks, receivers, mail_server):
    folder = mail_server("accept")
    for _ in range(2):
        hooks(receivers(status=410, seconds=0.3).url)
    refer()
    senders = [threading.Thread(target=deliveries.deliver_one, args=("webhook",)) for _ in range(2)]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()
    deliver()
    assert len(taken(folder)) == 1


def test_what_waits_for_a_webhook_that_is_deleted_is_mailed(
    client, refer, hooks, receivers, mail_server, member
):
    folder = mail_server("accept")
    path = hooks(receivers(status=500).url)
    refer()
    deliveries.deliver("webhook")
    assert client.delete(path, headers=member).status_code == 204
    deliver()
    assert len(taken(folder)) == 1
    assert channels() == ["email"]


def test_what_a_webhook_took_is_not_mailed_when_it_is_deleted(
    client, refer, hooks, receivers, mail_server, member
):
    folder = mail_server("accept")
    path = hooks(receivers().url)
    refer()
    deliver()
    assert client.delete(path, headers=member).status_code == 204
    deliver()
    assert taken(folder) == rows(Notification) == []


def test_a_try_cut_off_ten_times_is_mailed_as_well(refer, hooks, receivers, mail_server):
    folder = mail_server("accept")
    hooks(receivers().url)
    refer()
    for _ in range(deliveries.TRIES):
        with walled_scope(WORKER) as session:
            assert deliveries.take(session, "webhook")
        time_passes()
    deliver()
    assert len(taken(folder)) == 1


def test_every_later_word_goes_the_same_way(client, refer, hooks, receivers, mail_server, nurse):
    folder, receiver = mail_server("accept"), receivers()
    hooks(receiver.url)
    of = refer()
    answer = client.post(
        f"/api/v1/referrals/{of}/status",
        json={"status": "cancelled", "reason": "other"},
        headers={**nurse, "If-Match": '"v1"'},
    )
    assert answer.status_code == 200, answer.text
    deliver()
    assert {json.loads(got.body)["type"] for got in receiver.got} == {
        "referral.requested",
        "referral.withdrawn",
    }
    assert taken(folder) == []
