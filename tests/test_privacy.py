"""What people search for stands nowhere: no log, no file of any of the servers, whatever is logged."""

import http.client
import json
import os
import re
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import psycopg
import pytest
from psycopg import sql

from app import db
from app.local_process import LOOPBACK, RunningServer, free_port, start_process

ROOT = Path(__file__).parents[1]
AS_OF = "2026-11-25T14:00:00+01:00"
# Each says something else that must not be kept: words, a life, a place, a position, a person.
WORD, PLACE = "kanariegul7f3a", "Kanariestad9c1b"
LAT, LON = "59.1234567", "17.7654321"
SENTENCE = f"min sambo slår mig, jag är 47 år i {PLACE} {WORD} på söndag kväll"
CANARIES = (WORD, PLACE, LAT, LON, "sambo slår", "47 år", WORD[:-2])
# Every logger at its most talkative, then what the shipped command says.
TALKATIVE = (
    "import logging, runpy, sys;"
    "logging.basicConfig(level=1);"
    "[logging.getLogger(name).setLevel(1) for name in"
    " ('sqlalchemy', 'sqlalchemy.engine', 'sqlalchemy.pool', 'aiohttp', 'asyncio', 'psycopg', 'torg')];"
    "sys.argv = ['uvicorn', *sys.argv[1:]];"
    "runpy.run_module('uvicorn', run_name='__main__')"
)


def shipped_flags() -> dict[str, list[str]]:
    """What each shipped command tells uvicorn about logging."""
    found = {}
    for name, file in (("up", ROOT / "app" / "local.py"), ("container", ROOT / "Dockerfile")):
        written = file.read_text(encoding="utf-8")
        begin = written.index('"app.main:create_app"')
        said = re.findall(r'"([^"]*)"', written[begin : begin + 600])
        flags = [flag for flag in ("--no-access-log",) if flag in said]
        if "--log-level" in said:
            flags += ["--log-level", said[said.index("--log-level") + 1]]
        found[name] = flags
    return found


@dataclass
class Served:
    port: int
    log: Path
    files: Path

    def ask(
        self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None
    ) -> tuple[int, Any]:
        connection = http.client.HTTPConnection(LOOPBACK, self.port, timeout=60)
        sent = None if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        connection.request(method, path, sent, {"Content-Type": "application/json", **(headers or {})})
        response = connection.getresponse()
        raw = response.read()
        connection.close()
        return response.status, json.loads(raw) if raw else None

    def written(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")


@pytest.fixture(scope="module", params=["up", "container", "degraded", "without a database"])
def served(request, small_square, stores, tmp_path_factory) -> Iterator[Served]:
    """A service of its own as it is shipped, in a folder of its own, with and without its stores."""
    flags = shipped_flags()["container" if request.param == "container" else "up"]
    folder = tmp_path_factory.mktemp("served")
    log = folder / "out.log"
    env = {**os.environ, "TMPDIR": str(folder), "PYTHONPATH": str(ROOT)}
    if request.param == "degraded":
        env["MEILI_URL"] = f"http://{LOOPBACK}:{free_port()}"
    port = free_port()
    command = [
        *(sys.executable, "-c", TALKATIVE, "app.main:create_app", "--factory"),
        *("--host", LOOPBACK, "--port", str(port), *flags),
    ]
    server = RunningServer("api", "", start_process(command, log=log, env=env, cwd=folder))
    made = Served(port, log, folder)
    try:
        deadline = time.monotonic() + 120
        while not alive(port):
            assert time.monotonic() < deadline, made.written()
            time.sleep(0.1)
        if request.param == "without a database":
            made.ask("GET", "/api/v1/search?q=fika")  # words and places are known from here on
            refuse_connections(allowed=False)
        yield made
    finally:
        refuse_connections(allowed=True)
        server.stop()


def alive(port: int) -> bool:
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=2)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def refuse_connections(*, allowed: bool) -> None:
    """Let nobody into the database, or everybody again; asked from the one beside it."""
    url = db.engine().url
    beside = url.set(drivername="postgresql", database="postgres").render_as_string(hide_password=False)
    with psycopg.connect(beside, autocommit=True) as connection:
        name = sql.Identifier(url.database or "")
        connection.execute(
            sql.SQL("ALTER DATABASE {} WITH ALLOW_CONNECTIONS {}").format(name, sql.Literal(allowed))
        )
        if not allowed:
            ended = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s"
            connection.execute(ended, [url.database])


def requests() -> Iterator[tuple[str, str, Any]]:
    """Searches, suggestions and errors of every kind, each with canaries in it."""
    wishes = {"q": SENTENCE, "as_of": AS_OF, "near": f"{LAT},{LON}", "explain": True, "debug": True}
    for sent in (
        wishes,
        {**wishes, "ignore": ["audience:women"], "exact": True},
        {"q": WORD, "sort": "soonest", "facets": ["category"]},
        {"place": PLACE},
        {"near": f"{LAT},{LON}", "sort": "distance"},
        {"near": f"{LAT},99{LON}"},
        {"q": SENTENCE, "chips": [f"category:{WORD}", f"place:{PLACE}"]},
        {"q": SENTENCE * 60},
        {"q": WORD + "\x00"},
        {WORD: SENTENCE},
        {"category": [WORD], "as_of": WORD},
    ):
        yield "POST", "/api/v1/search", sent
        yield "GET", "/api/v1/search?" + urlencode(sent, doseq=True), None
    yield "POST", "/api/v1/search", f'{{"q": "{WORD}'.encode()
    yield "POST", "/api/v1/search", f'"{SENTENCE}"'.encode()
    for typed in (WORD, PLACE, SENTENCE[:80], WORD + "\x00", SENTENCE * 3):
        yield "GET", f"/api/v1/suggest?q={quote(typed)}", None
    yield "GET", f"/api/v1/{WORD}?q={quote(SENTENCE)}", None
    yield "PUT", f"/api/v1/search?q={quote(SENTENCE)}", None
    yield "GET", f"/api/v1/listings/{WORD}/similar", None


def test_nothing_that_was_searched_for_is_written_anywhere(served, stores):
    told = set()
    for method, path, body in requests():
        status, answer = served.ask(method, path, body, {"Accept-Language": "sv"})
        assert status < 500 or status == 503, (status, path[:80])
        for chip in ((answer or {}).get("interpretation") or {}).get("chips", []):
            told.add(chip["chip"])
    written = served.written()
    assert "DEBUG" in written  # the log does tell something
    for canary in CANARIES:
        for form in {canary, quote(canary), json.dumps(canary)[1:-1]}:
            assert form not in written, form
    assert not [chip for chip in told if chip in written]
    homes = [
        served.files,
        *(one.data_dir for one in (stores.database, stores.search) if one and one.data_dir),
    ]
    for home in homes:
        for file in home.rglob("*"):
            if file.is_file():
                held = file.read_bytes()
                assert not [one for one in CANARIES[:4] if one.encode() in held], file


def test_a_search_in_the_address_and_one_in_the_body_answer_the_same(small_square):
    for wishes in (
        {"q": "språkcafé i Farsta på söndag", "limit": 7},
        {"q": SENTENCE, "explain": True, "debug": True},
        {"near": "59.24,18.09", "radius_km": 30, "facets": ["category", "cost"], "sort": "distance"},
        {"q": "promenad", "fact": ["drop_in"], "include_unknown": True, "page": 2, "limit": 3},
        {"chips": ["category:language-cafe"], "ignore": ["audience:women"]},
    ):
        sent = {"as_of": AS_OF, **wishes}
        body = small_square.post("/api/v1/search", json=sent)
        address = small_square.get("/api/v1/search", params=sent)
        assert body.status_code == address.status_code == 200, body.text
        assert body.json() == address.json()


def test_a_search_is_kept_in_no_cache_on_the_way(small_square):
    for response in (
        small_square.get("/api/v1/search", params={"q": WORD}),
        small_square.post("/api/v1/search", json={"q": WORD}),
        small_square.get("/api/v1/suggest", params={"q": WORD}),
    ):
        assert "public" not in response.headers["Cache-Control"]


def test_the_shipped_commands_write_no_access_log():
    for name, flags in shipped_flags().items():
        assert "--no-access-log" in flags, name
