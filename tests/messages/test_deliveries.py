"""Sending: each message at least once, its tries spread over 75 hours, nobody held up by a slow receiver."""

import json
import threading
import time
from datetime import UTC, datetime, timedelta

import pytest
from mailboxes import taken
from message_cases import ADDRESS, WORKER, change, hook, message, refer, rows, tell, time_passes
from sqlalchemy import select, text

from app import db
from app.config import get_settings
from app.db import walled_scope
from app.models import Notification, OutboxJob, ReferralLink, WebhookEndpoint
from app.services import deliveries, notifications
from app.services.webhooks import Owner


@pytest.fixture
def tenant(places) -> Owner:
    return Owner(tenant=places.tenants[0])


def to_requester(referral_id, event="referral.status-changed"):
    assert tell(referral_id, event, to=["requester"]) == 1


def to_organisation(referral_id, event="referral.requested"):
    assert tell(referral_id, event, to=["organisation"]) == 1


def put_off():
    """How long the only job waits yet, in seconds."""
    (job,) = rows(OutboxJob)
    return (job.run_after - datetime.now(UTC)).total_seconds()


def test_a_webhook_tells_the_event_opaque_ids_and_where_to_look(receivers, tenant, places, referral_id):
    theirs, ours = receivers(), receivers()
    hook(tenant, theirs.url)
    hook(Owner(organisation_id=places.organisations[0]), ours.url)
    assert tell(referral_id, "referral.withdrawn") == 3
    assert deliveries.deliver("webhook") == 2
    told = {row.endpoint_id: row for row in rows(Notification)}
    for receiver, path in ((theirs, "referrals"), (ours, "inbox")):
        (got,) = receiver.got
        body = json.loads(got.body)
        assert body.pop("timestamp").endswith("Z")
        assert body == {
            "type": "referral.withdrawn",
            "data": {
                "id": str(referral_id),
                "correlation_id": "00000000-0000-0000-0000-000000000001",
                "url": f"http://127.0.0.1:8000/api/v1/{path}/{referral_id}",
            },
        }
        assert got.headers["x-correlation-id"] == "00000000-0000-0000-0000-000000000001"
        assert got.headers["webhook-id"] in {str(row.id) for row in told.values()}
    assert [job.subject for job in rows(OutboxJob)] == [told[None].id]  # the mail waits for its own sender
    assert [row.delivered_at is not None for row in told.values()] == [
        row.endpoint_id is not None for row in told.values()
    ]


def test_a_mail_holds_a_link_that_is_in_the_database_before_the_mail_leaves(mail_server, referral_id):
    folder = mail_server("accept")
    to_organisation(referral_id)
    assert deliveries.deliver("email") == 1
    (got,) = taken(folder)
    assert got["To"] == ADDRESS
    assert "http://127.0.0.1:8000/r/" in got.get_content()
    assert [link.referral_id for link in rows(ReferralLink)] == [referral_id]
    assert message().delivered_at is not None
    assert rows(OutboxJob) == []


def test_no_transaction_is_open_while_the_other_side_takes_its_time(receivers, tenant, referral_id):
    hook(tenant, receivers(seconds=0.6).url)
    to_requester(referral_id)
    sending = threading.Thread(target=deliveries.deliver, args=("webhook",))
    sending.start()
    time.sleep(0.3)
    with db.engine().connect() as connection:
        asked = "SELECT count(*) FROM pg_stat_activity WHERE state LIKE 'idle in transaction%'"
        assert connection.scalar(text(asked)) == 0
    sending.join()
    assert message().delivered_at is not None


def test_ten_tries_are_made_over_75_hours_and_then_it_is_given_up_and_seen(receivers, tenant, referral_id):
    receiver = receivers(status=500)
    hook(tenant, receiver.url)
    to_requester(referral_id)
    waits = []
    for _ in range(9):
        assert deliveries.deliver("webhook") == 1
        assert deliveries.deliver("webhook") == 0  # not before its time
        waits.append(put_off())
        time_passes()
    assert waits == pytest.approx([wait.total_seconds() for wait in deliveries.WAITS], abs=3)
    assert timedelta(hours=75) < sum(deliveries.WAITS, timedelta()) < timedelta(hours=76)
    assert deliveries.deliver("webhook") == 1
    assert rows(OutboxJob) == []
    assert len(receiver.got) == 10
    assert (
        len({got.headers["webhook-id"] for got in receiver.got})
        == len({got.body for got in receiver.got})
        == 1
    )
    with walled_scope(WORKER) as session:
        (found,) = notifications.undelivered(session, given_up=True)
        assert (found.attempts, found.last_error) == (10, "status-500")
        notifications.retry(session)
    receiver.status = 200
    assert deliveries.deliver("webhook") == 1
    assert message().delivered_at is not None


@pytest.mark.parametrize("status", [200, 201, 204, 299])
def test_every_answer_of_success_is_a_delivery(receivers, tenant, referral_id, status):
    hook(tenant, receivers(status=status).url)
    to_requester(referral_id)
    deliveries.deliver("webhook")
    assert message().delivered_at is not None


@pytest.mark.parametrize(
    ("status", "why"), [(301, "redirect"), (307, "redirect"), (404, "status-404"), (503, "status-503")]
)
def test_every_other_answer_is_tried_again_and_redirects_are_not_followed(
    receivers, tenant, referral_id, status, why
):
    receiver = receivers(status=status)
    hook(tenant, receiver.url)
    to_requester(referral_id)
    deliveries.deliver("webhook")
    assert message().last_error == why
    assert put_off() > 0
    assert len(receiver.got) == 1


def test_410_disables_the_endpoint_and_nothing_is_sent_there_again(receivers, tenant, referral_id):
    receiver = receivers(status=410)
    hook(tenant, receiver.url)
    to_requester(referral_id)
    to_requester(referral_id, "referral.expired")
    deliveries.deliver("webhook")
    (endpoint,) = rows(WebhookEndpoint)
    assert endpoint.disabled_why == "status-410"
    assert tell(referral_id, to=["requester"]) == 0
    time_passes()
    deliveries.deliver("webhook")
    assert [row.last_error for row in rows(Notification)] == ["status-410", "endpoint-disabled"]
    assert rows(OutboxJob) == []
    assert len(receiver.got) == 1


def test_an_address_that_has_become_private_is_not_called(receivers, tenant, referral_id, settings):
    receiver = receivers()
    hook(tenant, receiver.url)
    with db.session_scope() as session:
        session.execute(
            text("UPDATE webhook_endpoint SET url = replace(url, 'http://127.0.0.1', 'https://localhost')")
        )
    to_requester(referral_id)
    deliveries.deliver("webhook")
    assert message().last_error == "private-address"
    assert receiver.got == []


def test_an_endpoint_that_fails_is_left_alone_for_a_minute_and_the_others_are_not(
    receivers, tenant, places, referral_id
):
    broken, sound = receivers(status=500), receivers()
    hook(tenant, broken.url)
    hook(Owner(organisation_id=places.organisations[0]), sound.url)
    for event in ("referral.requested", "referral.reminder", "referral.expired"):
        tell(referral_id, event)
    deliveries.deliver("webhook")
    assert (len(broken.got), len(sound.got)) == (1, 3)
    time_passes()
    broken.status = 200
    deliveries.deliver("webhook")
    assert len(broken.got) == 4


def test_senders_beside_each_other_send_each_message_once(receivers, tenant, referral_id):
    receiver = receivers()
    hook(tenant, receiver.url)
    for _ in range(40):
        to_requester(referral_id)
    senders = [threading.Thread(target=deliveries.deliver, args=("webhook",)) for _ in range(4)]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()
    assert len(receiver.got) == 40
    assert {got.headers["webhook-id"] for got in receiver.got} == {str(row.id) for row in rows(Notification)}
    assert rows(OutboxJob) == []


def test_a_mailbox_that_does_not_exist_is_given_up_at_once(mail_server, referral_id):
    mail_server("refuse")
    to_organisation(referral_id)
    deliveries.deliver("email")
    assert (message().last_error, message().given_up_at is None) == ("smtp-550", False)
    assert rows(OutboxJob) == []


def test_a_server_that_asks_for_patience_gets_it(mail_server, referral_id):
    mail_server("later")
    to_organisation(referral_id)
    deliveries.deliver("email")
    assert message().last_error == "smtp-451"
    folder = mail_server("accept")
    time_passes()
    deliveries.deliver("email")
    assert len(taken(folder)) == 1
    assert message().delivered_at is not None


def test_a_mail_whose_server_died_is_sent_again_with_the_same_message_id_and_a_new_link(
    mail_server, referral_id
):
    first_folder = mail_server("die")
    to_organisation(referral_id)
    deliveries.deliver("email")
    assert message().last_error == "broken-off"
    second_folder = mail_server("accept")
    time_passes()
    deliveries.deliver("email")
    (first,), (second,) = taken(first_folder), taken(second_folder)
    assert first["Message-ID"] == second["Message-ID"]
    assert first.get_content() != second.get_content()
    assert len(rows(ReferralLink)) == 2  # both open the referral


def test_without_a_mail_server_mails_wait_and_webhooks_do_not(receivers, referral_id, tenant):
    hook(tenant, receivers().url)
    tell(referral_id)
    deliveries.deliver("email")
    deliveries.deliver("webhook")
    mail, webhook = sorted(rows(Notification), key=lambda row: row.channel)
    assert (mail.last_error, mail.delivered_at) == ("no-mail-server", None)
    assert webhook.delivered_at is not None


@pytest.mark.parametrize("event", ["referral.requested", "referral.reminder", "referral.info-supplied"])
def test_a_request_that_was_closed_meanwhile_is_not_asked_about_any_more(mail_server, referral_id, event):
    folder = mail_server("accept")
    to_organisation(referral_id, event)
    change(
        referral_id, status="cancelled", reason="person_declined", next_action_by=None, next_action_at=None
    )
    deliveries.deliver("email")
    assert taken(folder) == rows(OutboxJob) == []
    with walled_scope(WORKER) as session:
        assert notifications.undelivered(session, given_up=True) == []
        assert notifications.retry(session) == 0


def test_a_withdrawal_is_told_without_a_link(mail_server, places):
    folder = mail_server("accept")
    to_organisation(refer(places, status="cancelled"), "referral.withdrawn")
    deliveries.deliver("email")
    (got,) = taken(folder)
    assert "Kontakta inte personen" in got.get_content()
    assert "/r/" not in got.get_content()
    assert rows(ReferralLink) == []


def test_an_organisation_that_is_no_longer_verified_is_told_without_a_link(mail_server, referral_id):
    folder = mail_server("accept")
    with db.session_scope() as session:  # as when its key changes the address
        session.execute(text("UPDATE organisation SET verified_on = NULL"))
    to_organisation(referral_id)
    deliveries.deliver("email")
    (got,) = taken(folder)
    assert "/r/" not in got.get_content()
    assert rows(ReferralLink) == []


def test_an_organisation_that_lost_its_address_is_given_up(mail_server, referral_id):
    mail_server("accept")
    to_organisation(referral_id)
    with db.session_scope() as session:
        session.execute(text("UPDATE organisation SET email = NULL"))
    deliveries.deliver("email")
    assert message().last_error == "no-address"


def test_without_the_keys_a_message_waits_for_the_operator(receivers, tenant, referral_id, settings):
    receiver = receivers()
    hook(tenant, receiver.url)
    to_requester(referral_id)
    kept = get_settings()
    for name in ("TORG_REFERRAL_KEYS", "TORG_REFERRAL_INDEX_KEY"):
        settings.delenv(name)
    get_settings.cache_clear()
    deliveries.deliver("webhook")
    assert message().last_error == "keys-Unavailable"
    settings.setenv("TORG_REFERRAL_KEYS", kept.referral_keys.get_secret_value())
    settings.setenv("TORG_REFERRAL_INDEX_KEY", kept.referral_index_key.get_secret_value())
    get_settings.cache_clear()
    time_passes()
    deliveries.deliver("webhook")
    assert len(receiver.got) == 1


def test_a_try_that_was_cut_off_counts_and_the_message_is_taken_again(receivers, tenant, referral_id):
    receiver = receivers()
    hook(tenant, receiver.url)
    to_requester(referral_id)
    with walled_scope(deliveries.WALL) as session:
        deliveries.take(session, "webhook")  # and then the process is killed
    assert put_off() > 55
    assert deliveries.deliver("webhook") == 0
    time_passes()
    assert deliveries.deliver("webhook") == 1
    assert message().attempts == 2
    assert len(receiver.got) == 1


def test_a_message_that_always_ends_its_process_is_given_up_after_ten_tries(receivers, tenant, referral_id):
    receiver = receivers()
    hook(tenant, receiver.url)
    to_requester(referral_id)
    for _ in range(10):
        with walled_scope(deliveries.WALL) as session:
            assert deliveries.take(session, "webhook")
        time_passes()
    deliveries.deliver("webhook")
    assert message().last_error == "interrupted"
    assert rows(OutboxJob) == receiver.got == []


def test_two_that_hold_the_same_message_end_with_it_delivered(receivers, tenant, referral_id):
    slow = receivers(seconds=0.5)
    hook(tenant, slow.url)
    to_requester(referral_id)
    first = threading.Thread(target=deliveries.deliver, args=("webhook",))
    first.start()
    time.sleep(0.2)
    time_passes()  # the first is taken for dead, though it only takes its time
    slow.status = 500
    deliveries.deliver("webhook")
    first.join()
    with walled_scope(WORKER) as session:
        found = session.scalars(select(Notification)).one()
        assert (found.delivered_at is not None, found.given_up_at) == (True, None)
    time_passes()
    assert deliveries.deliver("webhook") == len(rows(OutboxJob)) == 0
