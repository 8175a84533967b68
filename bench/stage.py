"""The stage of a measurement: its own database and search engine, the API and the worker as processes."""

import http.client
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType, TracebackType
from typing import Self

from app import db
from app.config import get_settings
from app.local_meilisearch import find_meilisearch, run_meilisearch
from app.local_postgres import start_postgres
from app.local_process import (
    LOOPBACK,
    MissingPartError,
    RunningServer,
    data_folder,
    free_port,
    last_lines,
    start_process,
)

START_SECONDS = 600  # the worker compares the whole index first


def say(sentence: str) -> None:
    """A line of progress on standard error, so that the table alone is on standard output."""
    sys.stderr.write(f"{time.strftime('%H:%M:%S')}  {sentence}\n")
    sys.stderr.flush()


@dataclass
class Stage:
    """Servers that live as long as the block; their data go with them, also after an error or a signal."""

    api_port: int = 0
    api: RunningServer | None = None
    worker: RunningServer | None = None
    folder: Path = field(default_factory=Path)
    meili_url: str = ""
    meili_key: str = ""
    _started: ExitStack = field(default_factory=ExitStack)

    def __enter__(self) -> Self:
        for number in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, _leave)
        try:
            self._start()
        except BaseException:
            self._started.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        say("Stopping everything …")
        self._started.close()

    def _start(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="torg-bench-"))
        self._started.callback(shutil.rmtree, self.folder, ignore_errors=True)
        self.folder.chmod(0o711)  # the database's own user passes through
        say("Starting PostgreSQL and Meilisearch …")
        database = start_postgres(self.folder / "postgres")
        self._started.callback(database.stop)
        binary = find_meilisearch(data_folder() / "meilisearch" / "bin", say=say)
        if binary is None:
            raise MissingPartError("The measurements need Meilisearch.")
        search = run_meilisearch(binary, self.folder / "meilisearch")
        self._started.callback(search.stop)
        self.meili_url, self.meili_key = search.url, search.key or ""
        for name in [name for name in os.environ if name.startswith(("TORG_", "MEILI_"))]:
            del os.environ[name]
        os.environ |= {
            "DATABASE_URL": database.url,
            "MEILI_URL": self.meili_url,
            "MEILI_MASTER_KEY": self.meili_key,
            "TORG_INDEX_PREFIX": "bench",
            "TORG_RATE_LIMIT_PER_MINUTE": "0",
            "TORG_KEY_RATE_LIMIT_PER_MINUTE": "0",
        }
        get_settings.cache_clear()
        db.engine.cache_clear()
        self._started.callback(lambda: db.engine().dispose())

    def start_api(self) -> None:
        """The API as it is served, on a free port; an earlier one is stopped first."""
        self.stop(self.api)
        self.api_port = free_port()
        self.api = self._child(
            "api",
            *("-m", "uvicorn", "app.main:create_app", "--factory", "--host", LOOPBACK),
            *("--port", str(self.api_port), "--no-access-log", "--log-level", "warning"),
        )
        self._await(self.api, self._api_answers)

    def start_worker(self, *, roll: bool) -> None:
        """The worker. Without `roll` it only compares index and database at its start (see bench.worker)."""
        self.stop(self.worker)
        module = "app.worker" if roll else "bench.worker"
        self.worker = self._child("worker", "-m", module)
        log = self.folder / "worker.log"
        self._await(self.worker, lambda: "index_rolled" in last_lines(log, 50))

    def stop(self, child: RunningServer | None) -> None:
        if child is not None:
            child.stop()

    def _child(self, name: str, *arguments: str) -> RunningServer:
        log = self.folder / f"{name}.log"
        log.unlink(missing_ok=True)
        child = RunningServer(name=name, url="", process=start_process([sys.executable, *arguments], log=log))
        self._started.callback(child.stop)
        return child

    def _await(self, child: RunningServer, ready: Callable[[], bool]) -> None:
        deadline = time.monotonic() + START_SECONDS
        while not ready():
            ended = child.process is None or child.process.poll() is not None
            if ended or time.monotonic() > deadline:
                told = last_lines(self.folder / f"{child.name}.log", 15)
                raise RuntimeError(f"The {child.name} did not start; its log says: {told}")
            time.sleep(0.05)

    def _api_answers(self) -> bool:
        connection = http.client.HTTPConnection(LOOPBACK, self.api_port, timeout=2)
        try:
            connection.request("GET", "/healthz")
            return connection.getresponse().status == http.client.OK
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()


def _leave(number: int, _frame: FrameType | None) -> None:
    raise SystemExit(128 + number)


def memory_mb(server: RunningServer | None) -> tuple[float, float]:
    """RSS and PSS of the process in MB (10⁶ bytes), as Linux counts them; PSS shares out shared pages."""
    if server is None or server.pid is None:
        return 0.0, 0.0
    found = {"Rss:": 0, "Pss:": 0}
    for line in Path(f"/proc/{server.pid}/smaps_rollup").read_text().splitlines():
        name, *rest = line.split()
        if name in found:
            found[name] = int(rest[0])
    return found["Rss:"] * 1.024 / 1000, found["Pss:"] * 1.024 / 1000
