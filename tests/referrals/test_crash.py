"""API and worker killed at every point of what they do, then asked again: one event, no message lost.

Every point means: before each statement, before and after each commit, before the answer leaves. They are
counted, not guessed (killer.py). A worker killed while the other side has a message in hand is in
tests/messages.
"""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.parser import BytesParser
from email.policy import default
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from referral_steps import ALL, INBOX, MINE, Made, Square, body_for, count, events_of, log_of, written
from referral_world import referral_to
from sqlalchemy import text

from app import db
from app.config import get_settings
from app.db import Wall, walled_scope
from app.local_process import free_port
from app.services import access_verify, webhooks
from app.services.webhooks import Owner

pytestmark = pytest.mark.fault
KILLER = Path(__file__).parent / "killed_api.py"
Judge = Callable[[httpx.Response], None]


@pytest.fixture(scope="module")
def api(square: Square) -> Iterator[httpx.Client]:
    port = free_port()
    root = Path(__file__).resolve().parents[2]
    with (
        subprocess.Popen([sys.executable, KILLER, str(port)], cwd=root) as process,
        httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=20) as client,
    ):
        try:
            assert answers(client)
            yield client
        finally:
            process.terminate()


def answers(client: httpx.Client) -> bool:
    """Whether the service is there (again)."""
    for _ in range(400):
        try:
            return client.get("/healthz").status_code == 200
        except httpx.TransportError:
            time.sleep(0.02)
    return False


def at_every_point(
    api: httpx.Client,
    prepare: Callable[[], tuple[Any, Judge]],
    send: Callable[[Any, dict[str, str]], httpx.Response],
) -> None:
    """Kill at the first point of a change, ask again; then at the second of another one, to the last.

    `prepare` gives what is to be changed, and a judge of what came of it.
    """
    point = 0
    while True:
        point += 1
        subject, judge = prepare()
        try:
            answer = send(subject, {"x-kill-at": str(point)})
        except httpx.TransportError:
            assert answers(api), point
            judge(send(subject, {}))
        else:
            assert int(answer.headers["x-points"]) == point - 1  # it has lived through all there are
            judge(answer)
            assert point > 15
            return


def messages_of(referral_id: UUID | str) -> list[str]:
    """Events that somebody is told of, each with its job."""
    query = (
        "SELECT n.event FROM notification n JOIN outbox o ON o.subject = n.id AND o.kind = 'notify'"
        " WHERE n.referral_id = :id ORDER BY n.created_at"
    )
    with db.engine().connect() as connection:
        return list(connection.scalars(text(query), {"id": referral_id}))


def test_a_referral_is_made_once_wherever_the_service_dies(api: httpx.Client, square: Square):
    known: list[int] = [count("referral")]

    def prepare() -> tuple[str, Callable[[httpx.Response], None]]:
        def judge(answer: httpx.Response) -> None:
            assert answer.status_code == 201, answer.text
            known[0] += 1
            assert count("referral") == known[0]
            made = answer.json()["id"]
            assert len(events_of(made)) == 1
            assert messages_of(made) == ["referral.requested"]
            assert answer.json()["person"]["alias"] == "Kim"

        return f"once-{uuid4()}", judge

    def send(key: str, more: dict[str, str]) -> httpx.Response:
        return api.post(
            ALL,
            json=referral_to(square.goal),
            headers={**square.nurse.headers, "Idempotency-Key": key, **more},
            params={"allow_duplicate": True},
        )

    at_every_point(api, prepare, send)
    assert_whole()


def changed(square: Square, of: str, to: str, event: str) -> Callable[[], Any]:
    """A referral, and that it has come to a status by one event, whether the retry was heard or too late."""

    def prepare() -> tuple[Made, Callable[[httpx.Response], None]]:
        made = square.made(of)
        before = messages_of(made.id)

        def judge(answer: httpx.Response) -> None:
            assert answer.status_code in (200, 412), answer.text
            told = events_of(made.id)
            assert [one[3] for one in told][made.version :] == [to]
            row = written(made.id)["row"]
            assert f'"version":{made.version + 1},' in row
            assert f'"status":"{to}"' in row
            assert messages_of(made.id)[len(before) :] == [event]
            if answer.status_code == 412:  # it was done: who reads sees it
                seen = square.client.get(f"{ALL}/{made.id}", headers=square.nurse.headers)
                assert seen.json()["status"] == to

        return made, judge

    return prepare


def test_an_acceptance_is_one_event_wherever_the_service_dies(api: httpx.Client, square: Square):
    def send(made: Made, more: dict[str, str]) -> httpx.Response:
        headers = made.match({**square.member.headers, **more})
        return api.post(f"{INBOX}/{made.id}/status", json=body_for("accepted"), headers=headers)

    prepare = changed(square, "requested", "accepted", "referral.status-changed")
    with listening(square):
        at_every_point(api, prepare, send)
    assert_whole()


def test_a_withdrawal_shreds_all_or_nothing_wherever_the_service_dies(api: httpx.Client, square: Square):
    def send(made: Made, more: dict[str, str]) -> httpx.Response:
        with db.engine().begin() as connection:  # a try that died is counted; it is not what is tested
            connection.execute(text("TRUNCATE code_attempt"))
        body = {"code": made.code, "status": "cancelled"}
        answer = api.post(f"{MINE}/status", json=body, headers=made.match(more))
        assert count("referral_key", "referral_id = :id", id=made.id) == 0
        assert count("referral_secret", "referral_id = :id", id=made.id) == 0
        assert count("shred_ledger", "referral_id = :id", id=made.id) == 1
        return answer

    at_every_point(api, changed(square, "accepted", "cancelled", "referral.withdrawn"), send)
    torn = count(
        "referral r",
        "(status = 'cancelled' AND reason = 'withdrawn') <> (NOT EXISTS"
        " (SELECT FROM referral_key k WHERE k.referral_id = r.id))",
    )
    assert torn == 0
    assert_whole()


@contextmanager
def listening(square: Square) -> Iterator[None]:
    """A webhook of the requester's, so that there is a message to lose."""
    owner = Owner(tenant=square.nurse.by.tenant)
    with db.session_scope() as session:
        webhooks.register(session, owner, url="http://127.0.0.1:9/", events=[], actor="test")
    yield
    with db.engine().begin() as connection:
        connection.execute(text("TRUNCATE webhook_endpoint CASCADE"))


def assert_whole() -> None:
    """The log of who did what is one chain, and versions count events."""
    with walled_scope(Wall(role="torg_worker"), snapshot=True) as session:
        assert access_verify.verify(session).faults == []
    unequal = "version <> (SELECT count(*) FROM referral_event e WHERE e.referral_id = r.id)"
    assert count("referral r", unequal) == 0


@pytest.fixture
def mails(square: Square, tmp_path: Path) -> Iterator[Path]:
    """A folder that mails are laid in; no message of another test is due."""
    with db.engine().begin() as connection:
        connection.execute(text("TRUNCATE outbox, notification"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TORG_SMTP_URL", f"file://{tmp_path}")
        patch.setenv("TORG_MAIL_FROM", "torg@kommunen.example")
        get_settings.cache_clear()
        yield tmp_path
    get_settings.cache_clear()


def killed_worker(deed: str, *, days: int = 0) -> None:
    """The worker's deed, so many days ahead, killed at each of its points in turn."""
    moment = datetime.now(UTC) + timedelta(days=days)
    told = subprocess.run(
        [sys.executable, KILLER.with_name("killed_worker.py"), deed, moment.isoformat()],
        cwd=KILLER.parents[2],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    assert int(told.stdout) > 5


def several(square: Square, status: str) -> list[UUID]:
    """More than there are points."""
    return [square.made(status).id for _ in range(60)]


def test_a_request_expires_once_wherever_the_worker_dies(square: Square, mails: Path):
    with listening(square):
        late = several(square, "requested")
        killed_worker("expire", days=15)
        for one in late:
            assert [told[1:] for told in events_of(one)][1:] == [
                ("expired", "requested", "cancelled", "system")
            ]
            assert sorted(messages_of(one)) == ["referral.expired"] * 2 + ["referral.requested"]
    assert_whole()


def test_somebody_is_reminded_once_wherever_the_worker_dies(square: Square, mails: Path):
    with listening(square):
        waiting = several(square, "requested")
        killed_worker("remind", days=6)
        for one in waiting:
            assert sorted(messages_of(one)) == ["referral.reminder"] * 2 + ["referral.requested"]
    assert_whole()


def test_retention_shreds_all_or_nothing_wherever_the_worker_dies(square: Square, mails: Path):
    closed = several(square, "rejected")
    killed_worker("shred", days=31)
    for one in closed:
        assert count("referral_key", "referral_id = :id", id=one) == 0
        assert count("referral_secret", "referral_id = :id", id=one) == 0
        assert count("shred_ledger", "referral_id = :id", id=one) == 1
        assert log_of(one).count(("system", "shred")) == 1
    assert_whole()


def test_every_mail_leaves_once_or_more_wherever_the_worker_dies(square: Square, mails: Path):
    told = several(square, "requested")
    killed_worker("mail")
    laid = [BytesParser(policy=default).parsebytes(path.read_bytes()) for path in mails.iterdir()]
    assert len({mail["Message-ID"] for mail in laid}) == len(told)
    assert count("notification", "delivered_at IS NULL") == 0
    assert count("outbox", "kind = 'notify'") == 0
