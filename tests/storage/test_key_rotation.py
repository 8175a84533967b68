"""A master key is changed without opening what it protects, at any moment, by whoever runs it again."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from referral_rows import fresh_key, make_places, make_referral, person_of
from sqlalchemy import func, select, text

from app import db
from app.config import get_settings
from app.db import Wall
from app.models import ReferralEvent, ReferralKey, ReferralSecret, WebhookEndpoint
from app.services import key_rotation, retention
from app.services.vault import SealBroken, vault

ROOT = Path(__file__).parent.parent.parent
PERSON = '{"alias":"Kanariefågeln"}'


@pytest.fixture
def use(monkeypatch):
    """Set the master keys."""

    def set_keys(*pairs):
        monkeypatch.setenv("TORG_REFERRAL_KEYS", " ".join(pairs))
        get_settings.cache_clear()

    return set_keys


@pytest.fixture
def old():
    return get_settings().referral_keys.get_secret_value()


@pytest.fixture
def new():
    return f"2:{fresh_key()}"


@pytest.fixture
def referrals(clean):
    with db.session_scope() as session:
        places = make_places(session)
        return [make_referral(session, places, person=PERSON, note="hemligt") for _ in range(7)]


def versions():
    with db.session_scope() as session:
        counted = session.execute(select(ReferralKey.master_version, func.count()).group_by(text("1")))
        return {version: number for version, number in counted}  # noqa: C416


def sealed():
    with db.session_scope() as session:
        persons = session.execute(select(ReferralSecret.referral_id, ReferralSecret.person))
        texts = session.execute(select(ReferralEvent.id, ReferralEvent.text))
        return sorted(map(tuple, persons)) + sorted(map(tuple, texts), key=str)


def readable(referrals):
    with db.session_scope() as session:
        return [person_of(session, referral) for referral in referrals] == [PERSON] * len(referrals)


def add_endpoint(session):
    endpoint = WebhookEndpoint(tenant="A", url="https://hook.example/x", events=[], master_version=0)
    endpoint.wrapped_key = endpoint.secret = b""
    session.add(endpoint)
    session.flush()
    key, endpoint.master_version, endpoint.wrapped_key = vault().new_key(
        "webhook_endpoint.wrapped_key", endpoint.id
    )
    endpoint.secret = key.seal("webhook_endpoint.secret", endpoint.id, "whsec")
    return endpoint.id


def test_every_key_is_wrapped_anew_and_no_ciphertext_is_touched(referrals, old, new, use):
    with db.session_scope() as session:
        endpoint_id = add_endpoint(session)
    before = sealed()
    use(new, old)
    report = key_rotation.rotate()
    assert (report.rewrapped, report.broken, report.in_use) == (8, [], {2: 8})
    assert versions() == {2: 7}
    assert sealed() == before
    use(new)  # the old key is gone
    assert readable(referrals)
    with db.session_scope() as session:
        row = session.get_one(WebhookEndpoint, endpoint_id)
        key = vault().unwrap("webhook_endpoint.wrapped_key", row.id, row.master_version, row.wrapped_key)
        assert key.open("webhook_endpoint.secret", row.id, row.secret) == "whsec"


def test_without_the_old_key_nothing_can_be_read_before_and_everything_after(referrals, old, new, use):
    use(new)
    with pytest.raises(SealBroken, match="no master key 1"):
        readable(referrals)
    use(new, old)
    key_rotation.rotate()
    use(new)
    assert readable(referrals)


def test_the_old_master_key_opens_nothing_afterwards(referrals, old, new, use):
    use(new, old)
    key_rotation.rotate()
    use(f"2:{old.partition(':')[2]}")
    with pytest.raises(SealBroken):
        readable(referrals)


def test_a_second_run_has_nothing_to_do(referrals, old, new, use):
    use(new, old)
    key_rotation.rotate()
    assert key_rotation.rotate().rewrapped == 0


def test_a_key_that_is_only_known_is_not_yet_used(referrals, old, new, use):
    use(old, new)
    assert key_rotation.rotate().in_use == {1: 7}
    assert vault().current == 1


def test_a_key_that_does_not_open_is_named_and_the_others_are_wrapped(referrals, old, new, use):
    with db.session_scope() as session:
        session.get_one(ReferralKey, referrals[2]).wrapped_key = b"x" * 60
    use(new, old)
    report = key_rotation.rotate()
    assert report.rewrapped == 6
    assert [str(referrals[2]) in place for place in report.broken] == [True]
    assert report.in_use == {1: 1, 2: 6}


def test_a_run_that_breaks_off_is_finished_by_the_next(referrals, old, new, use, monkeypatch):
    monkeypatch.setattr(key_rotation, "BATCH", 3)
    use(new, old)

    def break_off(done):
        if done >= 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        key_rotation.rotate(break_off)
    assert versions() == {1: 4, 2: 3}
    assert readable(referrals)
    assert key_rotation.rotate().rewrapped == 4
    assert readable(referrals)


def test_a_process_killed_in_the_middle_of_a_batch_leaves_every_key_whole(referrals, old, new, use):
    """The first row of the second batch is held by another, so that the process is surely inside it."""
    use(new, old)
    code = "from app.services import key_rotation as k; k.BATCH = 3; k.rotate(lambda n: print(n, flush=True))"
    with db.session_scope() as holder:
        holder.execute(
            select(ReferralKey).where(ReferralKey.referral_id == sorted(referrals)[4]).with_for_update()
        )
        process = subprocess.Popen(
            [sys.executable, "-c", code], cwd=ROOT, env=dict(os.environ), stdout=subprocess.PIPE, text=True
        )
        try:
            assert process.stdout.readline() == "3\n"
            time.sleep(0.3)
            process.send_signal(signal.SIGKILL)
        finally:
            process.kill()
            process.wait()
            process.stdout.close()
    assert readable(referrals)
    assert versions() == {1: 4, 2: 3}
    assert key_rotation.rotate().rewrapped == 4
    use(new)
    assert readable(referrals)


def test_a_referral_shredded_meanwhile_stays_shredded(referrals, old, new, use, monkeypatch):
    monkeypatch.setattr(key_rotation, "BATCH", 3)
    use(new, old)

    def shred_last(done):
        if done == 3:
            with db.walled_scope(Wall(role="torg_worker")) as session:
                retention.shred(session, max(referrals), "withdrawn")

    report = key_rotation.rotate(shred_last)
    assert report.in_use == {2: 6}
    with db.session_scope() as session:
        assert session.get(ReferralKey, max(referrals)) is None


def test_what_is_written_with_the_old_key_meanwhile_is_counted(referrals, old, new, use, monkeypatch):
    """Another process that has not read the new setting yet."""
    use(new, old)
    slow = vault().__class__({1: vault().masters[1]}, vault().index_key)

    def write(_done):
        with db.session_scope() as session:
            if session.scalar(select(func.count()).select_from(ReferralKey)) == 7:
                from referral_rows import Places

                from app.models import Referral

                row = session.get_one(Referral, referrals[0])
                places = Places((row.organisation_id,) * 2, (row.listing_id,) * 2, (row.requester_id,) * 2)
                make_referral(session, places, chest=slow)

    assert key_rotation.rotate(write).in_use in ({2: 8}, {1: 1, 2: 7})
    assert key_rotation.rotate().in_use == {2: 8}
