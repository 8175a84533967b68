"""Keys in the settings are refused at the start, in one sentence that never tells them."""

import base64
import os
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import ValidationError

from app import troubles
from app.config import Settings
from app.services.vault import vault

# The same in every process, as they stand in the names of tests.
GOOD, OTHER = (base64.b64encode(bytes(range(first, first + 32))).decode() for first in (0, 100))


def refusal(**settings):
    with pytest.raises(ValidationError) as refused:
        Settings(**settings)
    said, code = troubles.sentence(refused.value)
    assert code == 1
    for value in settings.values():
        for part in value.replace(":", " ").split():
            assert len(part) < 5 or part not in said + str(refused.value)
    return said


@pytest.mark.parametrize(
    "value",
    [
        GOOD,  # a key without its version, which int() would have quoted
        f"a:{GOOD}",
        f"-1:{GOOD}",
        f"²:{GOOD}",
        f"1:{GOOD[:-4]}",
        f"1:{GOOD}x",
        "1:hemligheten",
        "1:hemlighetenåäö",
        f"1:{GOOD} 1:{OTHER}",
        f"1:{GOOD} 2:{GOOD}",
        f"1:{GOOD},2:{OTHER}",
    ],
)
def test_malformed_master_keys_are_refused_without_being_told(value):
    said = refusal(referral_keys=value, referral_index_key=OTHER)
    assert said.startswith("The setting TORG_REFERRAL_KEYS is wrong: ")
    assert len(said.splitlines()) == 1


@pytest.mark.parametrize("value", ["hemligheten", GOOD[:20], f"1:{GOOD}", f"{GOOD} {OTHER}"])
def test_a_malformed_index_key_is_refused_without_being_told(value):
    said = refusal(referral_keys=f"1:{GOOD}", referral_index_key=value)
    assert said.startswith("The setting TORG_REFERRAL_INDEX_KEY is wrong: ")


def test_one_key_without_the_other_is_refused():
    assert "both or neither" in refusal(referral_keys=f"1:{GOOD}", referral_index_key="")
    assert "both or neither" in refusal(referral_keys="", referral_index_key=GOOD)


def test_a_master_key_that_also_makes_digests_is_refused():
    assert "another key" in refusal(referral_keys=f"1:{GOOD}", referral_index_key=GOOD)


def test_empty_keys_are_none():
    settings = Settings(referral_keys="", referral_index_key=" ")
    assert settings.referral_keys is settings.referral_index_key is None


def test_the_first_key_seals(monkeypatch, keys):
    from app.config import get_settings

    monkeypatch.setenv("TORG_REFERRAL_KEYS", f"3:{GOOD} 7:{OTHER}")
    get_settings.cache_clear()
    assert vault().current == 3
    assert set(vault().masters) == {3, 7}


@pytest.mark.parametrize(
    "program",
    [("-m", "uvicorn", "--factory", "app.main:create_app", "--port", "1"), ("-m", "app.cli", "worker")],
)
def test_the_service_and_the_worker_do_not_start_and_say_why_in_one_sentence(program, stores):
    done = subprocess.run(
        [sys.executable, *program],
        cwd=Path(__file__).parent.parent.parent,
        env={**os.environ, "TORG_REFERRAL_KEYS": OTHER},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("The setting TORG_REFERRAL_KEYS is wrong: ")
    assert "Traceback" not in done.stderr
    assert OTHER[:8] not in done.stderr + done.stdout
