"""Keys in the settings, for all tests of storage."""

from collections.abc import Iterator

import pytest
from referral_rows import fresh_key

from app.config import get_settings


@pytest.fixture(autouse=True)
def keys(stores: object, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A master key of version 1, a key of digests and one that signs, of this test alone."""
    monkeypatch.setenv("TORG_REFERRAL_KEYS", f"1:{fresh_key()}")
    monkeypatch.setenv("TORG_REFERRAL_INDEX_KEY", fresh_key())
    monkeypatch.setenv("TORG_AUDIT_SIGNING_KEY", fresh_key())
    get_settings.cache_clear()
    yield
    monkeypatch.undo()
    get_settings.cache_clear()
