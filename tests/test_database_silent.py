"""A database whose host answers nothing at all: it is given up in time, and a crowd does not wait in turn."""

import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from sqlalchemy.exc import OperationalError

from app import db
from app.config import get_settings


@pytest.fixture
def silent(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A port whose queue is full, so that Linux drops what comes, as a firewall would."""
    with ExitStack() as opened:
        server = opened.enter_context(socket.socket())
        server.bind(("127.0.0.1", 0))
        server.listen(0)
        for _ in range(3):
            waiting = opened.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(server.getsockname())
        monkeypatch.setenv("DATABASE_URL", f"postgresql://torg@127.0.0.1:{server.getsockname()[1]}/torg")
        get_settings.cache_clear()
        db.engine.cache_clear()
        yield
    monkeypatch.undo()
    get_settings.cache_clear()
    db.engine.cache_clear()


@pytest.mark.usefixtures("silent")
def test_a_silent_host_is_given_up_within_two_seconds_and_the_next_caller_is_told_at_once() -> None:
    waits = []
    for _ in range(2):
        began = time.monotonic()
        with pytest.raises(OperationalError), db.session_scope() as session:
            session.connection()
        waits.append(time.monotonic() - began)
    assert 0.5 < waits[0] < 2
    assert waits[1] < 0.3


@pytest.mark.usefixtures("silent")
def test_a_silent_host_is_asked_again_after_the_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(db, "PAUSE_SECONDS", 0.1)
    for _ in range(2):
        began = time.monotonic()
        with pytest.raises(OperationalError), db.session_scope() as session:
            session.connection()
        assert time.monotonic() - began > 0.5
        time.sleep(0.2)
