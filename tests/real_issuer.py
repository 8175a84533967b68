"""A real OIDC server, npm's oidc-provider, as `make up` starts it."""

import json
import secrets
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from joserfc.jwk import ECKey

from app import local_issuer
from app.local_process import RunningServer, data_folder


@pytest.fixture(scope="session")
def dev_issuer_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The development issuer with what npm fetches for it, in a folder of this run; skipped without npm."""
    npm, node = shutil.which("npm"), shutil.which("node")
    if npm is None or node is None:
        pytest.skip("no Node.js with npm on this machine")
    kept = data_folder() / "issuer"
    if not local_issuer.installed(npm, kept, say=print):
        pytest.skip("npm cannot fetch the issuer")
    folder = tmp_path_factory.mktemp("issuer") / "issuer"
    shutil.copytree(kept, folder, ignore=shutil.ignore_patterns("keys.json", "*.log"))
    return folder


@dataclass
class RealIssuer:
    """oidc-provider as a child process on one port, which can be stopped, rotated and asked."""

    folder: Path
    port: int
    running: RunningServer | None = None
    asked_before: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def keys(self) -> list[dict[str, Any]]:
        return json.loads((self.folder / "keys.json").read_text())["keys"]

    @property
    def key(self) -> ECKey:
        """The private key it signs with, which no forger has."""
        return ECKey.import_key(self.keys[0])

    def asked(self) -> int:
        """How often its keys were fetched."""
        log = (self.folder / "issuer.log").read_text()
        return self.asked_before + log.splitlines().count("keys asked for")

    def start(self) -> None:
        node = shutil.which("node")
        assert node is not None
        self.running = local_issuer.run_issuer(node, self.folder, self.port)
        assert self.running is not None, (self.folder / "issuer.log").read_text()

    def stop(self) -> None:
        if self.running is not None:
            self.running.stop()
            self.asked_before, self.running = self.asked(), None

    def rotate(self, *, keep_old: bool) -> None:
        """Begin to sign with a new key, and publish the old one beside it or not."""
        new = ECKey.generate_key(
            "P-256", parameters={"kid": secrets.token_hex(8), "use": "sig", "alg": "ES256"}
        )
        keys = [new.as_dict(private=True), *(self.keys if keep_old else ())]
        self.stop()
        (self.folder / "keys.json").write_text(json.dumps({"keys": keys}))
        self.start()

    def token(self, person: str = "nurse") -> str:
        answer = httpx.post(
            f"{self.url}/token",
            auth=(person, local_issuer.SECRET),
            data={"grant_type": "client_credentials"},
        )
        assert answer.status_code == 200, answer.text
        return str(answer.json()["access_token"])
