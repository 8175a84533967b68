"""Child processes of a local run: tied to this process, stopped in order; and their errors."""

import fcntl
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

LOOPBACK = "127.0.0.1"
MEGABYTE = 1_000_000
# PostgreSQL's empty cluster is 40 MB and its log grows to about 100 MB with the demo data; Meilisearch's
# binary is 131 MB and its index of the demo data under 50 MB.
NEEDED_BYTES = 500 * MEGABYTE
AGAIN_BYTES = 100 * MEGABYTE  # when most of that is there already
# PostgreSQL writes its log in pieces of 16 MB: below this it cannot go on, nor say so in its own log.
FULL_BYTES = 20 * MEGABYTE


class LocalError(Exception):
    """Something the person at the keyboard must put right: one sentence, and the program's exit code."""

    exit_code = 1


class PortInUseError(LocalError):
    exit_code = 3


class DiskFullError(LocalError):
    exit_code = 4


class WrongVersionError(LocalError):
    exit_code = 5


class MissingPartError(LocalError):
    exit_code = 6


class AlreadyRunningError(LocalError):
    exit_code = 7


@dataclass(frozen=True)
class Account:
    """The operating system's user a server runs as."""

    name: str
    uid: int
    gid: int

    def reaches(self, folder: Path) -> bool:
        """Whether this user may step into the folder, as the system sees it: mode bits are not all."""
        return self._may(["test", "-x", str(folder)])

    def runs(self, program: Path) -> bool:
        return self._may([str(program), "--version"])

    def _may(self, command: list[str]) -> bool:
        try:
            done = subprocess.run(  # noqa: S603 - fixed commands on our own paths
                command,
                check=False,
                capture_output=True,
                cwd="/",
                user=self.uid,
                group=self.gid,
                extra_groups=[],
            )
        except PermissionError:
            return False
        return done.returncode == 0


@dataclass
class RunningServer:
    """A server that was started by us, or (``process`` is None) one that somebody else runs."""

    name: str
    url: str
    process: subprocess.Popen[bytes] | None = None
    key: str | None = None
    data_dir: Path | None = None
    stop_signals: Sequence[signal.Signals] = field(default=(signal.SIGTERM,))
    ready: bool = False

    @property
    def pid(self) -> int | None:
        return self.process.pid if self.process else None

    def stop(self, patience_seconds: float = 15) -> None:
        """End the server: each of its stop signals with its share of patience, then SIGKILL. Idempotent."""
        if self.process is None:
            return
        for stop_signal in (*self.stop_signals, signal.SIGKILL):
            if self.process.poll() is not None:
                break
            self.process.send_signal(stop_signal)
            try:
                self.process.wait(patience_seconds)
            except subprocess.TimeoutExpired:
                continue


def start_process(
    command: Sequence[str | Path],
    *,
    death_signal: signal.Signals = signal.SIGTERM,
    account: Account | None = None,
    cwd: Path | None = None,
    log: Path | None = None,
    env: Mapping[str, str] | None = None,
) -> subprocess.Popen[bytes]:
    """Start a command that outlives this process by no more than its own shutdown.

    The tie is to the calling thread, so call from the main thread. ``log`` takes standard output and error;
    without it they are this process's own. The command is its own process group: a Ctrl-C reaches only us.
    """
    user = f"{account.uid}:{account.gid}" if account else "-"
    tether = Path(__file__).with_name("tether.py")
    whole = [sys.executable, "-I", "-S", str(tether), death_signal.name, str(os.getpid()), user]
    output = open(log, "ab", opener=open_private) if log else None  # noqa: SIM115 - closed below
    try:
        return subprocess.Popen(  # noqa: S603 - our own commands
            [*whole, *(str(part) for part in command)],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT if output else None,
            cwd=cwd,
            env=env,
            start_new_session=True,
        )
    finally:
        if output:
            output.close()


def data_folder() -> Path:
    """``.torg`` in the project, or in the working directory when installed without its project."""
    project = Path(__file__).resolve().parent.parent
    return (project if (project / "pyproject.toml").exists() else Path.cwd()) / ".torg"


def open_private(path: str, flags: int) -> int:
    """An opener for files only we can read, which follows no link that another user may have laid."""
    return os.open(path, flags | os.O_NOFOLLOW, mode=0o600)


@contextmanager
def in_turn(folder: Path) -> Iterator[None]:
    """Fill a folder as the only process: others wait, and go on however this one ends."""
    folder.mkdir(parents=True, exist_ok=True)
    itself = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(itself, fcntl.LOCK_EX)
        yield
    finally:
        os.close(itself)


def unprivileged_account() -> Account | None:
    """Who servers that refuse root run as: None when we are not root and may run them ourselves."""
    if os.geteuid() != 0:
        return None
    for name in ("nobody", "postgres"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(name=name, uid=entry.pw_uid, gid=entry.pw_gid)
    raise MissingPartError(
        "PostgreSQL does not run as root, and this machine has no user 'nobody': start as another user."
    )


def free_port() -> int:
    """A loopback port nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
    return port


def port_is_free(port: int) -> bool:
    """Whether this user may listen on the loopback port at this moment."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except (OSError, OverflowError):
            return False
    return True


def require_free_port(port: int) -> None:
    """Raises PortInUseError when something listens on the loopback port already."""
    another = f"Choose another: make up PORT={8000 if port < 1024 else port % 65535 + 1}."
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except PermissionError as problem:
            raise PortInUseError(f"This user may not listen on port {port}. {another}") from problem
        except (OSError, OverflowError) as problem:
            raise PortInUseError(
                f"Port {port} of {LOOPBACK} cannot be used: something else listens there. {another}"
            ) from problem


def require_space(folder: Path, needed_bytes: int = NEEDED_BYTES) -> None:
    """Raises DiskFullError when the disk below the folder has too little left to start."""
    free = shutil.disk_usage(folder).free
    if free < needed_bytes:
        raise DiskFullError(
            f"The disk is full: {free // MEGABYTE} MB are free and {needed_bytes // MEGABYTE} MB are needed."
        )


def is_running(pid: int) -> bool:
    """Whether a process has this id, whoever owns it."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def last_lines(log: Path, count: int = 5) -> str:
    """The end of a server's log, for the sentence that says why it did not start."""
    try:
        return "\n".join(log.read_text(errors="replace").splitlines()[-count:])
    except OSError:
        return ""
