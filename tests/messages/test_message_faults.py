"""Workers and changes that are killed: nothing is lost, and what comes twice can be recognised."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

import pytest
from mailboxes import taken
from message_cases import hook, message, refer, rows, tell, time_passes
from sqlalchemy import text

from app import db
from app.models import Notification, OutboxJob, Referral, ReferralEvent
from app.services.webhooks import Owner

pytestmark = pytest.mark.fault
PATIENCE = 30.0

ACCEPT = """
import os, signal, sys
from uuid import UUID
from sqlalchemy import select
from app.db import Wall, walled_scope
from app.models import Referral
from app.services import referral_change
from app.services.referral_rows import By

moment, referral_id, organisation = sys.argv[1], UUID(sys.argv[2]), UUID(sys.argv[3])

def die():
    os.kill(os.getpid(), signal.SIGKILL)

own = frozenset({organisation})
with walled_scope(Wall(organisations=own)) as session:
    referral = session.scalar(select(Referral).where(Referral.id == referral_id).with_for_update())
    if referral.status == "requested":
        referral_change.transition(session, referral, "accepted", by=By("organisation", organisations=own))
    if moment == "before":
        die()
if moment == "after":
    die()
"""


@pytest.fixture
def worker() -> Iterator[Callable[[], subprocess.Popen[bytes]]]:
    """Start a worker as it runs in production, without a search engine."""
    running: list[subprocess.Popen[bytes]] = []

    def start() -> subprocess.Popen[bytes]:
        env = {name: value for name, value in os.environ.items() if name != "MEILI_URL"}
        running.append(subprocess.Popen([sys.executable, "-m", "app.worker"], env=env))
        return running[-1]

    yield start
    for one in running:
        one.kill()
        one.wait()


def wait_until(holds: Callable[[], object]) -> None:
    end = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.05)


def delivered() -> bool:
    found = rows(Notification)
    return bool(found) and all(row.delivered_at for row in found)


def test_a_worker_killed_while_a_webhook_is_on_its_way_leaves_a_message_that_comes_again(
    worker, receivers, places, referral_id
):
    receiver = receivers(seconds=1.5)
    hook(Owner(tenant=places.tenants[0]), receiver.url)
    tell(referral_id, "referral.expired", to=["requester"])
    first = worker()
    wait_until(lambda: receiver.got)
    first.kill()
    first.wait()
    assert message().delivered_at is None
    time_passes()
    receiver.seconds = 0.0
    worker()
    wait_until(delivered)
    assert len(receiver.got) == 2
    assert len({got.headers["webhook-id"] for got in receiver.got}) == 1
    assert len({got.body for got in receiver.got}) == 1
    assert rows(OutboxJob) == []


def test_a_worker_killed_while_a_mail_is_on_its_way_leaves_a_mail_that_comes_again(
    worker, mail_server, referral_id
):
    slow = mail_server("sleep")
    tell(referral_id, to=["organisation"])
    first = worker()
    wait_until(lambda: taken(slow))
    first.kill()
    first.wait()
    quick = mail_server("accept")
    time_passes()
    worker()
    wait_until(delivered)
    (lost,), (came,) = taken(slow), taken(quick)
    assert lost["Message-ID"] == came["Message-ID"]


def change_and_die(moment, referral_id, organisation):
    command = [sys.executable, "-c", ACCEPT, moment, str(referral_id), str(organisation)]
    return subprocess.run(command, check=False).returncode


def test_a_change_killed_before_its_commit_leaves_nothing_and_made_again_leaves_one_event_and_message(
    worker, receivers, places, referral_id
):
    receiver = receivers()
    hook(Owner(tenant=places.tenants[0]), receiver.url)
    before = len(rows(ReferralEvent))
    assert change_and_die("before", referral_id, places.organisations[0]) == -signal.SIGKILL
    assert [row.status for row in rows(Referral)] == ["requested"]
    assert len(rows(ReferralEvent)) == before
    assert rows(Notification) == rows(OutboxJob) == []
    for _ in range(2):
        assert change_and_die("never", referral_id, places.organisations[0]) == 0
    assert len(rows(ReferralEvent)) == before + 1
    worker()
    wait_until(delivered)
    assert len(receiver.got) == 1


def test_a_change_killed_after_its_commit_is_told_all_the_same(worker, receivers, places, referral_id):
    receiver = receivers()
    hook(Owner(tenant=places.tenants[0]), receiver.url)
    assert change_and_die("after", referral_id, places.organisations[0]) == -signal.SIGKILL
    worker()
    wait_until(delivered)
    assert len(receiver.got) == 1


def test_a_mail_server_that_says_nothing_holds_up_neither_webhooks_nor_the_index(
    worker, mail_server, receivers, places
):
    mail_server("sleep")
    receiver = receivers()
    hook(Owner(tenant=places.tenants[0]), receiver.url)
    worker()
    for _ in range(8):
        tell(refer(places))
    began = time.monotonic()
    wait_until(lambda: len(receiver.got) == 8)
    with db.session_scope() as session:
        session.add(OutboxJob(kind="index_listing", subject=places.listings[0]))
    wait_until(lambda: "index_listing" not in [job.kind for job in rows(OutboxJob)])
    assert time.monotonic() - began < 10
    assert not any(row.delivered_at for row in rows(Notification) if row.channel == "email")


def test_a_silent_webhook_holds_up_the_others_for_moments_only(worker, receivers, places, referral_id):
    silent, sound = receivers(seconds=3), receivers()
    hook(Owner(organisation_id=places.organisations[0]), silent.url)
    hook(Owner(tenant=places.tenants[0]), sound.url)
    worker()
    for _ in range(3):
        tell(referral_id)
    wait_until(lambda: len(sound.got) == 3)
    assert sum(bool(row.delivered_at) for row in rows(Notification) if row.organisation_id) == 0


def test_a_worker_asked_to_end_ends_within_seconds_though_messages_wait(
    worker, mail_server, receivers, places, referral_id
):
    mail_server("sleep")
    receiver = receivers()
    hook(Owner(tenant=places.tenants[0]), receiver.url)
    tell(referral_id)
    asked = worker()
    wait_until(lambda: receiver.got)
    began = time.monotonic()
    asked.terminate()
    assert asked.wait(20) == 0
    assert time.monotonic() - began < 10


def test_the_worker_reminds_and_lets_expire_by_itself(worker, mail_server, places, referral_id):
    folder = mail_server("accept")
    with db.session_scope() as session:
        session.execute(text("UPDATE referral SET expires_at = now() - interval '1 second'"))
    worker()
    wait_until(lambda: taken(folder))
    assert [row.status for row in rows(Referral)] == ["cancelled"]
    assert "har gått ut" in taken(folder)[0].get_content()
