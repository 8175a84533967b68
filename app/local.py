"""``torg up`` and ``torg reset``: everything on one machine, with one command and no other preparation."""

import fcntl
import http.client
import json
import logging
import os
import shutil
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from types import FrameType
from typing import NoReturn

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)
from sqlalchemy import make_url

from app import db
from app.config import get_settings
from app.local_content import build_index, demo_key, index_is_current, load_demo, prepare
from app.local_issuer import FETCHED, ISSUER, PEOPLE, PORT_BESIDE, SECRET, setting, start_issuer
from app.local_keys import use_keys
from app.local_meilisearch import start_meilisearch
from app.local_postgres import home_of, remove_postgres, start_postgres
from app.local_process import (
    AGAIN_BYTES,
    FULL_BYTES,
    LOOPBACK,
    NEEDED_BYTES,
    AlreadyRunningError,
    DiskFullError,
    LocalError,
    RunningServer,
    data_folder,
    open_private,
    require_free_port,
    require_space,
    start_process,
)
from app.troubles import told

API_START_SECONDS = 60
MAIL, SENDER = "mail", "Torget <torg@torget.example>"

out = Console(highlight=False, soft_wrap=True)


class _Stop(BaseException):
    """Somebody asked us to end, by Ctrl-C, SIGTERM or a closed terminal."""


def up(port: int = 8000) -> None:
    """Start database, search, API and worker with demo data on this machine, until stopped.

    Uses DATABASE_URL and MEILI_URL when they are set. Returns when stopped by request; what goes wrong is
    told, and ends the process with the exit codes of ``troubles.told``.
    """
    logging.getLogger("psycopg").setLevel(logging.ERROR)  # its remarks on the way to an error
    on_terminal = sys.stdout.isatty()
    with told(), suppress(_Stop):
        folder = data_folder()
        folder.mkdir(exist_ok=True)
        with _only_one(folder), _stoppable(), ExitStack() as started:
            require_free_port(port)
            again = (home_of(folder / "postgres") / "data").exists()
            require_space(folder, AGAIN_BYTES if again else NEEDED_BYTES)
            key_file = _key_file(folder)
            servers = _use_stores(folder, started)
            if any(server.name == "PostgreSQL" for server in servers):
                servers += _use_logins(folder, port, started)
            key = _prepare(key_file)
            servers += _serve(port, started)
            _tell(port, key, {server.name: server for server in servers})
            _watch(servers, folder, on_terminal=on_terminal)


def reset() -> None:
    """Forget the local data: database, index, keys. What DATABASE_URL and MEILI_URL name is left alone.

    What was fetched, Meilisearch and the parts of the logins for trying, stays: it is no data, and the next
    start may be without a network.
    """
    with told():
        folder = data_folder()
        if folder.exists():
            with _only_one(folder):
                remove_postgres(folder / "postgres")
                search, issuer = folder / "meilisearch", folder / "issuer"
                fetched = {search, search / "bin", issuer, *(issuer / name for name in FETCHED)}
                for path in (*folder.iterdir(), *search.glob("*"), *issuer.glob("*")):
                    if path not in {folder / "lock", *fetched}:
                        shutil.rmtree(path) if path.is_dir() else path.unlink()
        out.print("The local data are forgotten; make up starts anew.")


@contextmanager
def _only_one(folder: Path) -> Iterator[None]:
    """Hold the folder's lock, which the system releases however this process ends."""
    with open(folder / "lock", "w", opener=open_private) as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as problem:
            raise AlreadyRunningError(
                "Torg is running here already (or being reset): stop it first, with Ctrl-C where it runs."
            ) from problem
        yield


@contextmanager
def _stoppable() -> Iterator[None]:
    """Raise _Stop at the first signal; further ones do nothing: stopping takes a bounded time anyway."""
    signals = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

    def stop(_number: int, _frame: FrameType | None) -> None:
        for number in signals:
            # Not SIG_IGN: of a second signal that came with the first, Python would then print a traceback.
            signal.signal(number, lambda _number, _frame: None)
        raise _Stop

    before = {number: signal.signal(number, stop) for number in signals}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _step(sentence: str) -> Iterator[None]:
    """Seconds that count on a terminal; elsewhere, as in a log, a line at the beginning."""
    if not out.is_terminal:
        out.print(f"{sentence} …")
        sys.stdout.flush()
        yield
        return
    began = time.monotonic()
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=out, transient=True) as progress:
        progress.add_task(sentence, total=None)
        yield
    out.print(f"{sentence}: {time.monotonic() - began:.1f} s")


def _use_stores(folder: Path, started: ExitStack) -> list[RunningServer]:
    """Start what the environment does not give, and put all addresses into it, for us and our children."""
    get_settings.cache_clear()
    given = get_settings()
    servers = []
    if "database_url" in given.model_fields_set:
        out.print("PostgreSQL: the one of DATABASE_URL")
    else:
        first = not (home_of(folder / "postgres") / "data").exists()
        with _step("Making a PostgreSQL database" if first else "Starting PostgreSQL"):
            database = start_postgres(folder / "postgres")
        started.callback(database.stop)
        servers.append(database)
        os.environ["DATABASE_URL"] = database.url
    if given.meili_url:
        out.print("Meilisearch: the one of MEILI_URL")
    else:
        with _step("Starting Meilisearch"):
            search = start_meilisearch(folder / "meilisearch", say=lambda said: out.print(f"  {said}"))
        if search is not None:
            started.callback(search.stop)
            servers.append(search)
            os.environ["MEILI_URL"] = search.url
            os.environ["MEILI_MASTER_KEY"] = search.key or ""
    get_settings.cache_clear()
    db.engine.cache_clear()
    return servers


def _use_logins(folder: Path, port: int, started: ExitStack) -> list[RunningServer]:
    """Keys, logins and a letter box for trying, unless they are set; for our own database and no other.

    Anyone on this machine can log in as the invented operators.
    """
    given = get_settings()
    use_keys(folder / "referral-keys", given.model_fields_set)
    if given.smtp_url is None:
        os.environ["TORG_SMTP_URL"] = (folder / MAIL).resolve().as_uri()
        os.environ.setdefault("TORG_MAIL_FROM", SENDER)
    if given.oidc_issuers:
        get_settings.cache_clear()
        out.print("Logins: those of TORG_OIDC_ISSUERS")
        return []
    with _step("Starting logins for trying"):
        issuer = start_issuer(
            folder / "issuer", port + PORT_BESIDE, say=lambda said: out.print(f"  {said}", markup=False)
        )
    get_settings.cache_clear()
    if issuer is None:
        return []
    started.callback(issuer.stop)
    os.environ["TORG_OIDC_ISSUERS"] = json.dumps(setting(issuer.url))
    os.environ["TORG_OUTBOUND_PRIVATE_HOSTS"] = f"{given.outbound_private_hosts} {LOOPBACK}".strip()
    return [issuer]


def _prepare(key_file: Path) -> tuple[str, str] | None:
    """Schema, vocabularies, demo data and index; the key for trying."""
    with _step("Preparing the database"):
        empty = prepare()
    if empty:
        with _bar("Loading the demo data") as progress:
            report = load_demo(progress)
        if report:
            out.print(report, markup=False)
    stamp = key_file.with_name(f"index-{key_file.name}")
    if get_settings().meili_url and not index_is_current(stamp):
        with _bar("Building the search index") as progress:
            build_index(stamp, progress)
    key = demo_key(key_file)
    db.engine().dispose()
    return key


def _key_file(folder: Path) -> Path:
    """One file for each database: our own, or the one of this DATABASE_URL."""
    given = get_settings()
    if "database_url" not in given.model_fields_set:
        return folder / "key"
    return folder / f"key-{sha256(given.database_url.encode()).hexdigest()[:12]}"


@contextmanager
def _bar(title: str) -> Iterator[Callable[[int, int | None], None]]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=out) as progress:
        task = progress.add_task(title, total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)


def _serve(port: int, started: ExitStack) -> list[RunningServer]:
    url = f"http://{LOOPBACK}:{port}"
    env = {"TORG_PUBLIC_URL": url, **os.environ}
    commands = {
        "The worker": [sys.executable, "-m", "app.worker"],
        "The API": [
            *(sys.executable, "-m", "uvicorn", "app.main:create_app", "--factory"),
            *("--host", LOOPBACK, "--port", str(port), "--timeout-graceful-shutdown", "5"),
            # What people search for is never in a log.
            *("--no-access-log", "--log-level", "warning"),
        ],
    }
    children = []
    for name, command in commands.items():
        child = RunningServer(name=name, url=url, process=start_process(command, env=env))
        started.callback(child.stop)
        children.append(child)
    with _step("Starting the API and the worker"):
        deadline = time.monotonic() + API_START_SECONDS
        while not _healthy(port):
            _require_alive(children, data_folder())
            if time.monotonic() > deadline:
                raise LocalError(f"The API did not answer within {API_START_SECONDS} seconds.")
            time.sleep(0.05)
    return children


def _healthy(port: int) -> bool:
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=2)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _watch(children: list[RunningServer], folder: Path, *, on_terminal: bool = False) -> NoReturn:
    """Wait, until a child ends or the terminal we speak to is closed.

    Of a closed terminal the system tells the first process on it alone, and `make` does not pass that on.
    """
    while True:
        _require_alive(children, folder)
        if on_terminal and not sys.stdout.isatty():
            raise _Stop
        time.sleep(0.3)


def _require_alive(children: list[RunningServer], folder: Path) -> None:
    for child in children:
        code = child.process.poll() if child.process else None
        if code is None:
            continue
        if shutil.disk_usage(folder).free < FULL_BYTES:
            raise DiskFullError(f"The disk is full: {child.name} ended, and everything else was stopped too.")
        raise LocalError(f"{child.name} ended by itself with code {code}; everything else was stopped too.")


def _tell(port: int, key: tuple[str, str] | None, servers: dict[str, RunningServer]) -> None:
    url = f"http://{LOOPBACK}:{port}"
    settings = get_settings()
    issuer = servers.get(ISSUER)
    # The password of a database of one's own does not belong on a screen or in a log.
    database = make_url(settings.database_url).render_as_string(hide_password="PostgreSQL" not in servers)
    out.print(
        f"\nTorg runs.\n"
        f"  API            {url}/api/v1\n"
        f"  Documentation  {url}/docs\n"
        f"  PostgreSQL     {database.replace('+psycopg', '', 1)}\n"
        f"  Meilisearch    {settings.meili_url or 'none: search runs on PostgreSQL alone (degraded)'}",
        markup=False,
    )
    if key:
        out.print(f"  Key            {key[1]}   (of {key[0]}, from the demo data)", markup=False)
    if issuer:
        out.print(f"  Logins         {issuer.url}   (as {', '.join(PEOPLE['people'])})", markup=False)
    if settings.smtp_url and settings.smtp_url.get_secret_value().startswith("file:"):
        out.print(f"  Mails          {data_folder() / MAIL}", markup=False)
    out.print(f"\nTry:  curl '{url}/api/v1/search?q=fika&limit=3'", markup=False)
    if key:
        own = f"{url}/api/v1/organisations/{key[0]}/listings"
        out.print(f"      curl -H 'Authorization: Bearer {key[1]}' {own}", markup=False)
    if issuer:
        login = f"-u nurse:{SECRET} -d grant_type=client_credentials {issuer.url}/token"
        out.print(f"      curl {login}", markup=False)
    out.print("\nCtrl-C stops everything.")
    sys.stdout.flush()  # a pipe, as in a container's log, would show it only when it is full
