"""Unique strings put in a referral are found in no message, no row of one, and no log."""

import logging
import re
from datetime import UTC, datetime, timedelta

import pytest
from mailboxes import taken
from message_cases import rows, time_passes
from referral_world import referral_to
from sqlalchemy import text

from app import db
from app.models import Notification, OutboxJob
from app.services import deliveries, referral_due

ALIAS, NOTE, PHONE = "Kanariefågeln", "Gömman i kvarnen", "070-174 06 31"
REASON, QUESTION, ANSWER = "Burfågel på vift", "Näbbens färg undras", "Gult som solen"
MAILBOX = "mottagningen@region.example"
CANARIES = (ALIAS, NOTE, PHONE, REASON, QUESTION, ANSWER, "0701740631", "701740631", "Öppet café")


@pytest.fixture
def everything(client, goal, nurse, member, receivers, mail_server, caplog):
    """A case from the request to its end, with all that was sent and logged meanwhile."""
    caplog.set_level(logging.DEBUG)
    folder, ours, theirs = mail_server("accept"), receivers(), receivers()
    for path, headers, receiver in (
        (f"/api/v1/organisations/{goal.organisation}/webhooks", member, ours),
        ("/api/v1/webhooks", nurse, theirs),
    ):
        assert client.post(path, json={"url": receiver.url}, headers=headers).status_code == 201
    mailbox = client.put("/api/v1/unit-mailbox", json={"address": MAILBOX}, headers=nurse)
    assert mailbox.status_code == 201, mailbox.text

    def step(path, headers, **body):
        seen = client.get(path.rpartition("/")[0], headers=headers)
        answer = client.post(path, json=body, headers={**headers, "If-Match": seen.headers["ETag"]})
        assert answer.status_code == 200, answer.text

    body = referral_to(goal)
    body["person"] |= {"alias": ALIAS, "note": NOTE, "contact": {"channel": "phone", "value": PHONE}}
    made = client.post("/api/v1/referrals", json=body, headers=nurse)
    assert made.status_code == 201, made.text
    mine, theirs_path = f"/api/v1/referrals/{made.json()['id']}", f"/api/v1/inbox/{made.json()['id']}"
    with db.session_scope() as session:
        session.execute(text("UPDATE referral SET next_action_at = now()"))
    referral_due.run(datetime.now(UTC) + timedelta(seconds=1))
    step(f"{theirs_path}/events", member, kind="info-requested", text=QUESTION)
    step(f"{mine}/info", nurse, text=ANSWER)
    step(f"{theirs_path}/status", member, status="accepted")
    step(f"{theirs_path}/events", member, kind="attended")
    for _ in range(2):
        for channel in deliveries.CHANNELS:
            deliveries.deliver(channel)
    step(f"{mine}/status", nurse, status="cancelled", reason="other", text=REASON)
    ours.status = theirs.status = 500
    for _ in range(3):
        for channel in deliveries.CHANNELS:
            deliveries.deliver(channel)
        time_passes()
    return taken(folder), [*ours.got, *theirs.got]


def test_no_message_no_row_of_one_and_no_log_tells_anything_of_the_person(everything, caplog):
    mails, messages = everything
    assert {got.headers["content-type"] for got in messages} == {"application/json"}
    to_unit = [mail for mail in mails if mail["To"] == MAILBOX]
    assert len(to_unit) >= 2
    assert [mail for mail in to_unit if "http" in mail.get_content()] == []
    assert len(mails) - len(to_unit) >= 4
    told = [str(got) for got in messages]
    told += [str(mail) + mail.get_content() for mail in mails]
    told += [str(vars(row)) for row in (*rows(Notification), *rows(OutboxJob))]
    told += [record.getMessage() for record in caplog.records]
    assert [canary for canary in CANARIES for one in told if canary in one] == []


def test_all_events_of_the_case_were_told_to_those_they_concern(everything):
    by = {(row.event, row.channel, row.organisation_id is not None) for row in rows(Notification)}
    assert by == {
        ("referral.requested", "email", True),
        ("referral.requested", "webhook", True),
        ("referral.reminder", "email", True),
        ("referral.reminder", "webhook", True),
        ("referral.reminder", "webhook", False),
        ("referral.reminder", "email", False),
        ("referral.info-requested", "webhook", False),
        ("referral.info-requested", "email", False),
        ("referral.info-supplied", "email", True),
        ("referral.info-supplied", "webhook", True),
        ("referral.status-changed", "webhook", False),
        ("referral.status-changed", "email", False),
        ("referral.withdrawn", "email", True),
        ("referral.withdrawn", "webhook", True),
    }


def test_the_link_in_the_mail_opens_the_case_once_and_without_an_account(client, goal, nurse, mail_server):
    folder = mail_server("accept")
    made = client.post("/api/v1/referrals", json=referral_to(goal), headers=nurse).json()
    deliveries.deliver("email")
    (mail,) = taken(folder)
    (link,) = set(re.findall(r"http\S+/r/(\S+)", mail.get_content()))
    opened = client.post("/api/v1/referral-sessions", json={"link": link})
    assert opened.status_code == 201, opened.text
    token = {"Authorization": f"Bearer {opened.json()['token']}", "If-Match": '"v1"'}
    path = f"/api/v1/inbox/{made['id']}/status"
    accepted = client.post(path, json={"status": "accepted"}, headers=token)
    assert accepted.json()["person"]["alias"] == "Kim"
    assert client.post("/api/v1/referral-sessions", json={"link": link}).status_code == 410
