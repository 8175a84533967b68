"""Logins and keys for trying: there when they can be, told when not, and never in the way of real ones."""

import base64
import json
import os
import shutil
import socket
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from app import local, local_issuer
from app.config import Settings
from app.local_issuer import start_issuer
from app.local_keys import use_keys
from app.local_process import LocalError, free_port

NAMES = ("TORG_REFERRAL_KEYS", "TORG_REFERRAL_INDEX_KEY", "TORG_AUDIT_SIGNING_KEY")


@pytest.fixture
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    before = dict(os.environ)
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
    yield
    os.environ.clear()
    os.environ.update(before)


def test_without_npm_it_is_told_and_nothing_is_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    said: list[str] = []
    assert start_issuer(tmp_path / "issuer", free_port(), say=said.append) is None
    assert len(said) == 1
    assert "nobody can log in" in said[0]


def test_an_npm_that_fails_is_told_and_tried_again_the_next_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for program in ("npm", "node"):
        (tmp_path / program).write_text("#!/bin/sh\necho called >> calls\nexit 1\n")
        (tmp_path / program).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    said: list[str] = []
    for _ in range(2):
        assert start_issuer(tmp_path / "issuer", free_port(), say=said.append) is None
    assert "could not be fetched" in said[-1]
    assert (tmp_path / "issuer" / "calls").read_text() == "called\n" * 2


def test_a_taken_port_is_passed_over(dev_issuer_folder: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        server = start_issuer(dev_issuer_folder, port, say=print)
    assert server is not None
    server.stop()
    assert not server.url.endswith(f":{port}")


def test_what_cannot_start_is_told(dev_issuer_folder: Path, tmp_path: Path) -> None:
    folder = tmp_path / "issuer"
    shutil.copytree(dev_issuer_folder, folder, ignore=shutil.ignore_patterns("*.log"))
    (folder / "keys.json").write_text("no keys")
    said: list[str] = []
    assert start_issuer(folder, free_port(), say=said.append) is None
    assert "did not start" in said[0]


def test_its_private_key_is_its_owners_alone(dev_issuer_folder: Path) -> None:
    server = start_issuer(dev_issuer_folder, free_port(), say=print)
    assert server is not None
    server.stop()
    assert stat.S_IMODE((dev_issuer_folder / "keys.json").stat().st_mode) == 0o600


def test_the_lock_of_what_is_fetched_names_no_address() -> None:
    lock = (local_issuer.PARTS / "package-lock.json").read_text(encoding="utf-8")
    assert "://" not in lock
    packages = json.loads(lock)["packages"]
    assert all("integrity" in package for name, package in packages.items() if name)


@pytest.mark.usefixtures("plain_environment")
def test_keys_of_referrals_are_made_once_and_kept_private(tmp_path: Path) -> None:
    use_keys(tmp_path / "keys", set())
    made = {name: os.environ[name] for name in NAMES}
    assert stat.S_IMODE((tmp_path / "keys").stat().st_mode) == 0o600
    assert [len(base64.b64decode(value.removeprefix("1:"))) for value in made.values()] == [32, 32, 32]
    Settings()
    use_keys(tmp_path / "keys", set())
    assert {name: os.environ[name] for name in NAMES} == made


@pytest.mark.usefixtures("plain_environment")
def test_keys_that_are_set_stand(tmp_path: Path) -> None:
    use_keys(tmp_path / "keys", {"referral_keys", "referral_index_key"})
    assert [name for name in NAMES if name in os.environ] == ["TORG_AUDIT_SIGNING_KEY"]


def test_a_database_that_is_not_our_own_gets_neither_keys_nor_logins(
    database_url: str, meili_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def far_enough(*_: object) -> None:
        raise LocalError("far enough")

    monkeypatch.setattr(local, "data_folder", lambda: tmp_path / ".torg")
    monkeypatch.setattr(local, "_prepare", far_enough)
    with pytest.raises(SystemExit):
        local.up(free_port())
    assert [path.name for path in (tmp_path / ".torg").iterdir()] == ["lock"]
