"""Referrals while a store is away: told within two seconds and nothing written, or not touched at all."""

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import httpx
import pytest
from referral_steps import Made, Square, count, written
from referral_world import code_referral_to, make_goal

from app import db
from app.config import get_settings
from app.local_process import free_port

ALL, INBOX, MINE = "/api/v1/referrals", "/api/v1/inbox", "/api/v1/my-referral"


@pytest.fixture
def moved(square: Square) -> Iterator[Callable[[str, str], None]]:
    """Let a setting name another place until the test ends."""
    with pytest.MonkeyPatch.context() as patch:

        def move(name: str, url: str) -> None:
            patch.setenv(name, url)
            forget()

        yield move
    forget()


def forget() -> None:
    get_settings.cache_clear()
    for aside in (db.engine(), db.engine(aside=True)):
        aside.dispose()
    db.engine.cache_clear()


def calls(square: Square, made: Made) -> list[Callable[[], httpx.Response]]:
    """One of each kind: by staff, by a member, by the person, and one that makes a referral."""
    client, nurse, member = square.client, square.nurse.headers, square.member.headers
    accept = {"status": "accepted"}
    return [
        lambda: client.post(ALL, json=code_referral_to(square.goal), headers=nurse),
        lambda: client.get(f"{ALL}/{made.id}", headers=nurse),
        lambda: client.get(INBOX, headers=member),
        lambda: client.post(f"{INBOX}/{made.id}/status", json=accept, headers=made.match(member)),
        lambda: client.post(f"{INBOX}/redeem", json={"code": made.code}, headers=member),
        lambda: client.post(MINE, json={"code": made.code}),
        lambda: client.get(MINE, headers={"Authorization": "Bearer torgs_x"}),
    ]


def full_port(opened: ExitStack) -> int:
    """A port whose queue is full, so that Linux drops what comes, as a firewall would."""
    server = opened.enter_context(socket.socket())
    server.bind(("127.0.0.1", 0))
    server.listen(0)
    for _ in range(3):
        waiting = opened.enter_context(socket.socket())
        waiting.setblocking(False)
        waiting.connect_ex(server.getsockname())
    return int(server.getsockname()[1])


@pytest.mark.parametrize("how", ["refusing", "silent"])
def test_without_its_database_every_answer_is_503_within_two_seconds(
    square: Square, database_url: str, moved: Callable[[str, str], None], how: str
):
    made = square.made()
    before, all_before = written(made.id), count("referral")
    with ExitStack() as opened:
        port = full_port(opened) if how == "silent" else free_port()
        moved("DATABASE_URL", f"postgresql://torg@127.0.0.1:{port}/torg")
        for number, call in enumerate(calls(square, made)):
            began = time.monotonic()
            answer = call()
            took = time.monotonic() - began
            assert answer.status_code == 503, (number, answer.text)
            assert answer.headers["Content-Type"] == "application/problem+json"
            assert took < 2, (number, took)
    moved("DATABASE_URL", database_url)
    assert written(made.id) == before
    assert count("referral") == all_before


def test_without_the_search_engine_referrals_are_as_ever(
    square: Square, moved: Callable[[str, str], None], meili_url: str
):
    moved("MEILI_URL", f"http://127.0.0.1:{free_port()}")
    made = square.refer(code_referral_to(square.goal))
    taken = square.client.post(f"{INBOX}/redeem", json={"code": made["code"]}, headers=square.member.headers)
    assert taken.json()["status"] == "accepted"
    assert square.client.get(ALL, headers=square.nurse.headers).status_code == 200
    assert square.client.post(MINE, json={"code": made["code"]}).json()["status"] == "accepted"


def test_a_full_listing_is_told_though_nothing_like_it_can_be_looked_for(
    square: Square, moved: Callable[[str, str], None], meili_url: str
):
    goal = make_goal("full", "Fullt hus", capacity={"status": "full", "as_of": "2026-11-21"})
    moved("MEILI_URL", f"http://127.0.0.1:{free_port()}")
    began = time.monotonic()
    answer = square.client.post(ALL, json=code_referral_to(goal), headers=square.nurse.headers)
    assert answer.status_code == 409
    assert isinstance(answer.json()["alternatives"], list)
    assert time.monotonic() - began < 5
