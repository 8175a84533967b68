"""Logins for trying: an OIDC issuer with invented people as a child process, for our own database alone."""

import json
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

from app.local_process import (
    LOOPBACK,
    RunningServer,
    free_port,
    in_turn,
    last_lines,
    port_is_free,
    start_process,
)

PARTS = Path(__file__).with_name("data") / "dev_issuer"
PEOPLE = json.loads((PARTS / "people.json").read_text(encoding="utf-8"))
SECRET: str = PEOPLE["secret"]
ISSUER = "The issuer of logins"
FETCHED = ("node_modules", "installed")
PORT_BESIDE = 10  # the API's and this much: `make up PORT=8001` must not meet another run's issuer
FETCH_SECONDS = 300  # 3 MB
START_SECONDS = 20
LOA2, LOA3 = "http://id.sambi.se/loa/loa2", "http://id.sambi.se/loa/loa3"

Say = Callable[[str], None]


def start_issuer(folder: Path, port: int, *, say: Say) -> RunningServer | None:
    """Start the issuer on this loopback port, or another when it is taken; its keys stay in the folder.

    None when there is no Node.js or npm, or they fail: `say` tells that there are no logins then.
    """
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        say("No Node.js with npm to run logins for trying with: nobody can log in (TORG_OIDC_ISSUERS).")
        return None
    if not installed(npm, folder, say=say):
        say("The logins for trying could not be fetched with npm: nobody can log in (TORG_OIDC_ISSUERS).")
        return None
    server = run_issuer(node, folder, port if port_is_free(port) else free_port())
    if server is None:
        say(f"The logins for trying did not start: {last_lines(folder / 'issuer.log', 2)}")
    return server


def installed(npm: str, folder: Path, *, say: Say) -> bool:
    """Lay the parts into the folder, and fetch what they need when the lock file is a new one."""
    with in_turn(folder):
        return _installed(npm, folder, say)


def _installed(npm: str, folder: Path, say: Say) -> bool:
    for part in PARTS.iterdir():
        shutil.copy(part, folder / part.name)
    stamp, lock = folder / "installed", sha256((folder / "package-lock.json").read_bytes()).hexdigest()
    if stamp.exists() and stamp.read_text() == lock:
        return True
    say("Fetching what logins for trying need (3 MB, once) …")
    command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    process = start_process(command, death_signal=signal.SIGKILL, cwd=folder, log=folder / "npm.log")
    try:
        done = process.wait(FETCH_SECONDS) == 0
    except subprocess.TimeoutExpired:
        done = False
    finally:
        process.kill()
        process.wait()
    if done:
        stamp.write_text(lock)
    return done


def run_issuer(node: str, folder: Path, port: int) -> RunningServer | None:
    """Run the installed issuer; None when it does not start."""
    log = folder / "issuer.log"
    log.unlink(missing_ok=True)
    process = start_process([node, "server.mjs", str(port)], cwd=folder, log=log)
    server = RunningServer(name=ISSUER, url=f"http://{LOOPBACK}:{port}", process=process, data_dir=folder)
    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        if "ready" in log.read_text(errors="replace").splitlines():
            server.ready = True
            return server
        time.sleep(0.02)
    server.stop()
    return None


def setting(url: str) -> list[dict[str, object]]:
    """What TORG_OIDC_ISSUERS says of it."""
    return [
        {
            "issuer": url,
            "audience": PEOPLE["audience"],
            "algorithms": ["ES256"],
            "claims": {
                "subject": "employeeHsaId",
                "tenant": "healthCareProviderHsaId",
                "unit": "healthCareUnitHsaId",
                "organisation": "organisation",
                "roles": "roles",
            },
            "roles": {"personal": "staff", "medlem": "member", "drift": "operator"},
            "acr_levels": [LOA2, LOA3],
            "acr": {"staff": LOA3, "operator": LOA3},
        }
    ]
