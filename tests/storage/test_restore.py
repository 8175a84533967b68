"""Yesterday's backup does not bring back a person who has taken her referral back since."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import postgres_programs
import psycopg
import pytest
from referral_rows import fresh_key, make_places, make_referral, person_of
from sqlalchemy import select, text

from app import db
from app.config import get_settings
from app.db import Wall
from app.models import ReferralEvent, ReferralKey, ReferralSecret
from app.services import access_checkpoint, access_log, access_verify, key_rotation, retention, taxonomies
from app.services.vault import SealBroken, vault

ALIAS, PHONE, NOTE = "Kanariefågeln Ökenvind", "070-1740612", "orkar-inte-ensam-0xCANARY"
PERSON = f'{{"alias":"{ALIAS}","phone":"{PHONE}"}}'
WORKER = Wall(role="torg_worker")


@pytest.fixture
def referrals(clean):
    with db.session_scope() as session:
        places = make_places(session)
        ids = [make_referral(session, places, person=PERSON, note=NOTE) for _ in range(2)]
    for referral in ids:
        with db.walled_scope(Wall(tenant=places.tenants[0])) as session:
            access_log.note(session, actor="requester", actor_id=None, action="create", referral_id=referral)
    return ids


def note(referral, action):
    with db.walled_scope(WORKER) as session:
        access_log.note(session, actor="system", actor_id=None, action=action, referral_id=referral)


@contextmanager
def restored(dump: Path, monkeypatch) -> Iterator[None]:
    """Another database of the same server, made from a dump; the settings name it."""
    before = get_settings().database_url
    server = before.replace("postgresql+psycopg", "postgresql")
    name = f"restored_{secrets.token_hex(4)}"
    postgres_programs.run("createdb", name, url=server)
    try:
        postgres_programs.run("pg_restore", "--exit-on-error", f"--dbname={name}", dump, url=server)
        with monkeypatch.context() as changed:
            changed.setenv("DATABASE_URL", f"{server.rpartition('/')[0]}/{name}")
            _forget()
            yield
            db.engine().dispose()
    finally:
        _forget()
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


def _forget() -> None:
    db.engine.cache_clear()
    get_settings.cache_clear()
    taxonomies.vocabulary.reset_cache()


def dumped(target: Path, *options: str) -> Path:
    url = get_settings().database_url
    arguments = (*options, f"--file={target}", url.rpartition("/")[2])
    postgres_programs.run("pg_dump", *arguments, url=url)
    return target


def verified(kept=()):
    with db.walled_scope(WORKER, snapshot=True) as session:
        return access_verify.verify(session, kept_elsewhere=kept, believed=access_checkpoint.keys()).faults


def test_a_restored_backup_is_shredded_again_from_the_ledger(referrals, tmp_path, monkeypatch):
    gone, kept = referrals
    dump = dumped(tmp_path / "torg.dump", "--format=custom")
    # After the backup she takes it back; the ledger and a checkpoint are kept beside it.
    with db.walled_scope(WORKER) as session:
        retention.shred(session, gone, "withdrawn")
    note(gone, "withdraw")
    with db.walled_scope(WORKER) as session:
        ledger = list(retention.ledger(session))
    with db.walled_scope(WORKER) as session:
        checkpoint = access_checkpoint.make(session)
    with restored(dump, monkeypatch):
        db.require_schema()
        with db.session_scope() as session:
            assert person_of(session, gone) == PERSON  # the backup has brought her back …
        assert retention.replay(ledger) == retention.Replayed(shredded=1)
        with db.session_scope() as session:
            assert session.get(ReferralSecret, gone) is None
            assert session.get(ReferralKey, gone) is None
            assert person_of(session, kept) == PERSON
            text_left = session.scalars(select(ReferralEvent.text).where(ReferralEvent.referral_id == gone))
            assert any(text_left)  # … and what is left of her nobody can open
        # The walls came with the backup.
        with db.walled_scope(Wall()) as session:
            assert session.scalar(text("SELECT count(*) FROM referral")) == 0
        # The log goes on from the backup: whole in itself, no longer the one of the checkpoint.
        assert verified() == []
        assert "not the one of the checkpoint" in verified([checkpoint])[0]


def test_a_log_that_lost_its_end_in_a_restore_is_told_to_be_cut(referrals, tmp_path, monkeypatch):
    dump = dumped(tmp_path / "torg.dump", "--format=custom")
    note(referrals[0], "read")
    note(referrals[0], "read")
    with db.walled_scope(WORKER) as session:
        checkpoint = access_checkpoint.make(session)
    with restored(dump, monkeypatch):
        assert verified([checkpoint]) == ["The end was cut off after row 2: a checkpoint saw 4 rows."]


def test_a_plain_dump_tells_nothing_of_a_person(referrals, tmp_path):
    content = dumped(tmp_path / "torg.sql", "--format=plain").read_bytes()
    assert str(referrals[0]).encode() in content
    for word in (ALIAS, "Kanarie", "Ökenvind", PHONE, NOTE, "0xCANARY"):
        assert word.encode() not in content
        assert word.encode().hex().encode() not in content  # bytes are written in hex
    with db.session_scope() as session:
        key = session.get_one(ReferralKey, referrals[0])
        data_key = vault().unwrap("referral_key.wrapped_key", referrals[0], 1, key.wrapped_key).key
    assert data_key.hex().encode() not in content


def test_a_backup_older_than_its_destroyed_master_key_cannot_be_read(referrals, tmp_path, monkeypatch):
    dump = dumped(tmp_path / "torg.dump", "--format=custom")
    new = f"2:{fresh_key()}"
    monkeypatch.setenv("TORG_REFERRAL_KEYS", f"{new} {get_settings().referral_keys.get_secret_value()}")
    get_settings.cache_clear()
    key_rotation.rotate()
    monkeypatch.setenv("TORG_REFERRAL_KEYS", new)
    get_settings.cache_clear()
    with db.session_scope() as session:
        assert person_of(session, referrals[0]) == PERSON
    with restored(dump, monkeypatch), db.session_scope() as session, pytest.raises(SealBroken):
        person_of(session, referrals[0])


def test_a_backup_is_taken_by_one_who_sees_through_the_walls_and_by_no_other(referrals, tmp_path):
    """The user of docs/backup.md, and the owner-like user who would write half a table."""
    url = get_settings().database_url
    server = url.replace("postgresql+psycopg", "postgresql")
    name, password = f"backup_{secrets.token_hex(4)}", "letters-1"
    paper = (Path(__file__).parent.parent.parent / "docs" / "backup.md").read_text(encoding="utf-8")
    made = (
        paper.partition("```sql\n")[2].partition("```")[0].replace("torg_backup", name).replace("…", password)
    )
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(made.encode())
        mine = server.replace(server.partition("//")[2].partition("@")[0], f"{name}:{password}")
        arguments = ("--format=custom", f"--file={tmp_path / 'a'}", url.rpartition("/")[2])
        try:
            postgres_programs.run("pg_dump", *arguments, url=mine)
            connection.execute(f"ALTER ROLE {name} NOBYPASSRLS".encode())
            with pytest.raises(AssertionError, match="row-level security"):
                postgres_programs.run("pg_dump", *arguments, url=mine)
        finally:
            connection.execute(f"DROP ROLE {name}".encode())
