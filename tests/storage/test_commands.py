"""The commands for what lies under referrals, as an operator meets them."""

import json
import sys
from typing import NamedTuple
from uuid import UUID

import pytest
from referral_rows import NOW, fresh_key, make_places, make_referral
from sqlalchemy import select, text

from app import cli, db
from app.config import get_settings
from app.db import Wall
from app.models import AccessRow, ReferralKey
from app.services import access_log


class Said(NamedTuple):
    code: int
    out: str
    err: str


@pytest.fixture
def torg(clean, capsys, monkeypatch):
    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["torg", *map(str, arguments)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            cli.main()
        return Said(int(ended.value.code or 0), *capsys.readouterr())

    return run


@pytest.fixture
def referral(clean):
    with db.session_scope() as session:
        return make_referral(
            session, make_places(session), status="rejected", closed_at=NOW.replace(year=2020)
        )


def note(referral_id):
    with db.walled_scope(Wall(tenant="A")) as session:
        access_log.note(
            session, actor="requester", actor_id=UUID(int=3), action="read", referral_id=referral_id
        )


def test_verify_tells_a_whole_log_and_a_broken_one(torg, tmp_path):
    note(None)
    said = torg("audit", "checkpoint")
    assert said.code == 0
    kept = tmp_path / "kept.jws"
    kept.write_text(said.out, encoding="utf-8")
    (tmp_path / "public.json").write_text(torg("audit", "key").out, encoding="utf-8")
    said = torg("audit", "verify", "--checkpoint", kept, "--key", tmp_path / "public.json")
    assert (said.code, said.out) == (0, "1 rows, 2 checkpoints (2 signed)\n")
    with db.engine().begin() as connection:
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        connection.execute(text("UPDATE access_log SET action = 'x'"))
    said = torg("audit", "verify")
    assert (said.code, said.out.splitlines()[0]) == (3, "Row 1 was edited.")


def test_an_empty_log_has_no_checkpoint(torg):
    said = torg("audit", "checkpoint")
    assert (said.code, said.out) == (0, "")
    assert "empty" in said.err


def test_without_a_key_one_sentence_tells_what_is_missing(torg, monkeypatch):
    note(None)
    monkeypatch.delenv("TORG_AUDIT_SIGNING_KEY")
    get_settings.cache_clear()
    for command in ("checkpoint", "key"):
        said = torg("audit", command)
        assert (said.code, len(said.err.splitlines())) == (1, 1)
        assert "TORG_AUDIT_SIGNING_KEY" in said.err
    assert "no key to judge" in torg("audit", "verify").out


def test_an_export_is_noted_in_the_log_it_exports(torg, referral):
    note(referral)
    note(None)
    rows = [json.loads(line) for line in torg("audit", "export", "--referral", referral).out.splitlines()]
    assert [row["action"] for row in rows] == ["read", "audit-export"]
    assert len(torg("audit", "export", "--actor", UUID(int=3)).out.splitlines()) == 2
    assert torg("audit", "export", "--until", "2020-01-01").out == ""
    assert len(torg("audit", "export", "--since", "2020-01-01T12:00").out.splitlines()) == 6
    with db.session_scope() as session:
        noted = session.scalars(select(AccessRow.action).where(AccessRow.actor == "operator")).all()
    assert noted == ["audit-export"] * 4
    assert torg("audit", "verify").code == 0


def test_a_time_that_is_none_is_refused(torg):
    said = torg("audit", "export", "--since", "yesterday")
    assert said.code == 2
    assert "neither a day nor a time" in said.err


def test_a_sample_has_the_number_asked_for(torg):
    for _ in range(5):
        note(None)
    assert len(torg("audit", "sample", "-n", 3).out.splitlines()) == 3


def test_rotation_says_which_version_is_still_needed(torg, referral, monkeypatch):
    old, new = get_settings().referral_keys.get_secret_value(), f"2:{fresh_key()}"
    monkeypatch.setenv("TORG_REFERRAL_KEYS", f"{new} {old}")
    get_settings.cache_clear()
    said = torg("keys", "rotate")
    assert said.code == 0
    assert "1 keys are now under version 2." in said.out
    assert "No other version is needed any more." in said.out
    with db.session_scope() as session:
        session.get_one(ReferralKey, referral).master_version = 7
    said = torg("keys", "rotate")
    assert said.code == 3
    assert "Version 7 is still needed by 1 keys." in said.out
    assert str(referral) in said.out


def test_retention_is_rehearsed_run_and_replayed(torg, referral, tmp_path):
    assert "referrals=1" in torg("retention", "run", "--dry-run").out
    assert torg("retention", "ledger").out == ""
    assert "referrals=1" in torg("retention", "run").out
    assert "referrals=0" in torg("retention", "run", "--dry-run").out
    ledger = tmp_path / "ledger.jsonl"
    ledger.write_text(torg("retention", "ledger").out, encoding="utf-8")
    assert json.loads(ledger.read_text(encoding="utf-8"))["referral_id"] == str(referral)
    assert torg("retention", "replay", ledger).out.startswith("0 shredded again, 1 were before, 0 not")
    ledger.write_bytes(b"\xff\n")
    said = torg("retention", "replay", ledger)
    assert (said.code, said.err) == (1, "Line 1 of the ledger cannot be read; nothing was done.\n")
