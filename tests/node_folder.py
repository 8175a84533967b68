"""The folder of the tests' JavaScript, with what it needs installed from its lock."""

import shutil
import subprocess
from pathlib import Path

import pytest

from app.local_process import data_folder, in_turn

FOLDER = Path(__file__).parent / "node"


@pytest.fixture(scope="session")
def node_folder() -> Path:
    """Installed once, and again when the lock has changed; without node and npm its tests are skipped."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        pytest.skip("no Node.js on this machine")
    installed, lock = FOLDER / "node_modules" / ".package-lock.json", FOLDER / "package-lock.json"
    with in_turn(data_folder() / "tests"):
        if not installed.exists() or installed.stat().st_mtime < lock.stat().st_mtime:
            command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
            subprocess.run(command, cwd=FOLDER, check=True, capture_output=True)
            installed.touch()
    return FOLDER
