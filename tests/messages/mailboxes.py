"""Real mail servers of a test, run as processes that play a part."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

import pytest

from app.config import get_settings

PROGRAM = Path(__file__).with_name("smtp_server.py")


@pytest.fixture
def mail_server(tmp_path: Path, settings: pytest.MonkeyPatch) -> Iterator[Callable[..., Path]]:
    """Start one and make it the one of the settings: `mail_server("refuse")`; the folder of what it took."""
    running: list[subprocess.Popen[str]] = []

    def start(part: str, *certificate: Path, login: str = "") -> Path:
        folder = tmp_path / f"{part}-{len(running)}"
        folder.mkdir()
        command = [sys.executable, PROGRAM, part, folder, *certificate]
        server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        running.append(server)
        settings.setenv("TORG_SMTP_URL", f"smtp://{login}127.0.0.1:{int(server.stdout.readline())}")
        get_settings.cache_clear()
        return folder

    yield start
    for server in running:
        server.kill()
        server.communicate()


def taken(folder: Path) -> list[EmailMessage]:
    """The mails a server took, the first first."""
    files = sorted(folder.glob("*.eml"), key=lambda file: int(file.stem))
    return [message_from_bytes(file.read_bytes(), policy=default) for file in files]
