"""Keys, a sender and this machine as a host inside, for all tests of messages."""

from collections.abc import Callable, Iterator

import pytest
from mailboxes import mail_server
from message_cases import places, referral_id
from receivers import Receiver
from referral_rows import fresh_key

from app.config import get_settings

__all__ = ["mail_server", "places", "referral_id"]


@pytest.fixture(autouse=True)
def settings(stores: object, monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """The settings of this test alone; after another one is set the cache is to be cleared."""
    monkeypatch.setenv("TORG_REFERRAL_KEYS", f"1:{fresh_key()}")
    monkeypatch.setenv("TORG_REFERRAL_INDEX_KEY", fresh_key())
    monkeypatch.setenv("TORG_MAIL_FROM", '"Torget" <torg@kommunen.example>')
    monkeypatch.setenv("TORG_OUTBOUND_PRIVATE_HOSTS", "127.0.0.1")
    get_settings.cache_clear()
    yield monkeypatch
    monkeypatch.undo()
    get_settings.cache_clear()


@pytest.fixture
def receivers() -> Iterator[Callable[..., Receiver]]:
    """Start receivers of webhooks: `receivers(status=410)`."""
    started: list[Receiver] = []

    def start(**part: float) -> Receiver:
        started.append(Receiver(**part))
        return started[-1]

    yield start
    for receiver in started:
        receiver.stop()
