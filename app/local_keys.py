"""Keys of a local run's referrals: made once, kept in a private file, put into the environment."""

import base64
import json
import os
import secrets
from collections.abc import Set as AbstractSet
from pathlib import Path

from app.local_process import open_private

_PREFIX = {"TORG_REFERRAL_KEYS": "1:", "TORG_REFERRAL_INDEX_KEY": "", "TORG_AUDIT_SIGNING_KEY": ""}


def use_keys(file: Path, given: AbstractSet[str]) -> None:
    """Let this process and its children seal referrals; the settings that are `given` stand.

    The file goes with the database: without it, what was sealed there cannot be read.
    """
    if not file.exists():
        made = {
            name: prefix + base64.b64encode(secrets.token_bytes(32)).decode()
            for name, prefix in _PREFIX.items()
        }
        with open(file, "x", opener=open_private) as stream:
            json.dump(made, stream)
    for name, value in json.loads(file.read_text()).items():
        if name.removeprefix("TORG_").lower() not in given:
            os.environ[name] = value
