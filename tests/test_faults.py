"""Processes killed at the worst moment: nothing acknowledged is lost, index and database agree again."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Self

import httpx
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import func, select, text

from app import db, worker
from app.config import get_settings
from app.local_meilisearch import find_meilisearch, run_meilisearch
from app.local_postgres import start_postgres
from app.local_process import data_folder, free_port
from app.main import create_app
from app.models import AuditRow, Listing, Organisation, OutboxJob, SearchDocument
from app.services import exchange, identity, index_sync, outbox
from search.client import IndexClient
from search.rebuild import building_uids, live_uid

ROOT = Path(__file__).parent.parent
LISTINGS = 700  # more than one batch of the worker
SEARCH = "/api/v1/search"
PREPARE = """
import sys
from pathlib import Path
from app import cli, db, worker
from app.services.exchange import run_import
cli.migrate()
assert run_import(Path(sys.argv[1]), source="s").ok
assert worker.run_once()
"""
# In the form of a key, so that it is looked up.
UNKNOWN_KEY = f"torg_{'0' * 30}{identity._checksum('0' * 30)}"
pytestmark = pytest.mark.fault


def records(number: int) -> Iterator[dict[str, Any]]:
    yield {"type": "organisation", "external_id": "kvarnen", "name": "Kvarnen"}
    for i in range(number):
        yield {
            "type": "listing",
            "external_id": f"fika-{i}",
            "organisation": "kvarnen",
            "kind": "activity",
            "texts": {"sv": {"title": f"Fika {i}", "summary": "Kaffe för alla."}},
            "categories": ["coffee-meetup"],
            "contacts": [{"channel": "phone", "value": "08-465 004 12"}],
        }


def written(path: Path, number: int) -> Path:
    path.write_text("\n".join(json.dumps(record) for record in records(number)), "utf-8")
    return path


def prefix() -> str:
    return get_settings().index_prefix


def until(true: Callable[[], object], seconds: float = 20) -> bool:
    """Whether it became true in time."""
    deadline = time.monotonic() + seconds
    while not true():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def scalar(statement: Any) -> Any:
    with db.engine().connect() as connection:
        return connection.scalar(statement)


def pending() -> int:
    return int(scalar(select(func.count()).select_from(OutboxJob)))


def drop_indexes(client: IndexClient) -> None:
    for uid in client.uids():
        if uid.startswith(prefix()):
            client.drop(uid)


def assert_index_holds(client: IndexClient, listings: int) -> None:
    """The index has just the documents the database wants, of so many listings."""
    with db.session_scope() as session:
        report = index_sync.audit(session, client, prefix())
        assert report.clean, (len(report.missing), len(report.stale), len(report.surplus))
        assert len(index_sync.hashes(session)) == listings
    assert building_uids(client, prefix()) == []


def finish_jobs(seconds: float = 20) -> None:
    """Work as the worker does until no job is left; jobs that were put off are waited for."""

    def done() -> bool:
        worker.run_once()
        return pending() == 0

    assert until(done, seconds)


@contextmanager
def child(*arguments: str, env: dict[str, str] | None = None) -> Iterator[subprocess.Popen[bytes]]:
    """A process of this project; killed at the end if it still runs."""
    process = subprocess.Popen(
        [sys.executable, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env={**os.environ, **(env or {})},
        cwd=ROOT,
    )
    with process:
        try:
            yield process
        finally:
            process.kill()


def run(*arguments: str, env: dict[str, str] | None = None) -> None:
    with child(*arguments, env=env) as process:
        said, _ = process.communicate(timeout=60)
        assert process.returncode == 0, said.decode()


@pytest.fixture
def filled(schema: None, meili, tmp_path: Path) -> Iterator[IndexClient]:
    """So many published listings, none of them in the index and each with its job."""
    with db.engine().begin() as connection:
        connection.execute(text("TRUNCATE outbox"))
        if connection.scalar(select(func.count()).select_from(Listing)) != LISTINGS:
            connection.execute(text("TRUNCATE organisation, venue CASCADE"))
    with db.session_scope() as session:
        if session.scalar(select(func.count()).select_from(Listing)) == 0:
            assert exchange.run_import(
                written(tmp_path / "a.jsonl", LISTINGS), source="s", session=session
            ).ok
        else:
            outbox.add_many(session, kind="index_listing", subjects=session.scalars(select(Listing.id)).all())
    with IndexClient(meili.url, meili.key) as client:
        drop_indexes(client)
        yield client
        drop_indexes(client)


def indexed(client: IndexClient) -> int:
    return client.count(live_uid(prefix())) if client.exists(live_uid(prefix())) else 0


def test_a_killed_worker_leaves_its_jobs_to_the_next(filled: IndexClient) -> None:
    with child("-m", "app.worker") as process:
        assert until(lambda: indexed(filled) > 0)
        process.send_signal(signal.SIGKILL)
    assert 0 < pending() <= LISTINGS
    with child("-m", "app.worker") as process:
        assert until(lambda: pending() == 0, 60)
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
    assert_index_holds(filled, LISTINGS)


@pytest.fixture
def own_meili(filled: IndexClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Starts a Meilisearch on the test's own folder and makes it the one the settings name."""
    binary = find_meilisearch(data_folder() / "meilisearch" / "bin", say=print)
    assert binary is not None
    with ExitStack() as started:

        def start() -> Any:
            server = run_meilisearch(binary, tmp_path / "meilisearch")
            started.callback(server.stop)
            monkeypatch.setenv("MEILI_URL", server.url)
            monkeypatch.setenv("MEILI_MASTER_KEY", server.key or "")
            get_settings.cache_clear()
            return server

        yield start
    monkeypatch.undo()
    get_settings.cache_clear()


def test_a_killed_meilisearch_catches_up_when_it_is_back(own_meili: Any) -> None:
    server = own_meili()
    working = threading.Thread(target=worker.run_once)
    with IndexClient(server.url, server.key) as client:
        working.start()
        assert until(lambda: indexed(client) > 0)
        server.process.send_signal(signal.SIGKILL)
    server.process.wait(10)
    working.join(20)
    assert not working.is_alive()
    assert pending() > 0
    assert worker.run_once() == 0
    server = own_meili()
    finish_jobs()
    with IndexClient(server.url, server.key) as client:
        assert_index_holds(client, LISTINGS)


def test_a_meilisearch_that_lost_its_data_is_filled_again(own_meili: Any, tmp_path: Path) -> None:
    server = own_meili()
    finish_jobs()
    server.process.send_signal(signal.SIGKILL)
    server.process.wait(10)
    (tmp_path / "meilisearch" / "index").rename(tmp_path / "lost")
    server = own_meili()
    worker.roll()
    with IndexClient(server.url, server.key) as client:
        assert_index_holds(client, LISTINGS)


def test_a_killed_rebuild_leaves_the_live_index_and_the_next_one_clears_up(filled: IndexClient) -> None:
    finish_jobs()
    with TestClient(create_app()) as api:
        before = api.get(SEARCH, params={"q": "fika"}).json()
        with child("-m", "app.cli", "index", "rebuild") as process:
            assert until(lambda: building_uids(filled, prefix()))
            process.send_signal(signal.SIGKILL)
        left_behind = building_uids(filled, prefix())
        assert left_behind
        assert api.get(SEARCH, params={"q": "fika"}).json() == before
        run("-m", "app.cli", "index", "rebuild")
        after = api.get(SEARCH, params={"q": "fika"}).json()
        assert (after["total"], after["degraded"]) == (before["total"], False)
    assert_index_holds(filled, LISTINGS)


def test_searches_and_changes_go_on_during_a_rebuild(filled: IndexClient, organisation_at: Any) -> None:
    finish_jobs()
    with TestClient(create_app()) as api, child("-m", "app.cli", "index", "rebuild") as process:
        made: list[str] = []
        while process.poll() is None:
            answer = api.get(SEARCH, params={"limit": 1}).json()
            assert (answer["total"], answer["degraded"]) == (LISTINGS + len(made), False)
            made.append(organisation_at(api, f"bridge-{len(made)}"))
            worker.run_once()
        assert process.returncode == 0
        assert made
        finish_jobs()
        found = api.get(SEARCH, params={"q": "bridge", "limit": 100}).json()
        assert found["total"] == len(made)
        assert {item["id"] for item in found["items"]} <= set(made)
        assert_index_holds(filled, LISTINGS + len(made))


@pytest.fixture
def organisation_at(filled: IndexClient) -> Iterator[Callable[[TestClient, str], str]]:
    """Registers a listing over HTTP with the organisation's key and gives its id."""
    with db.session_scope() as session:
        owner = session.scalars(select(Organisation)).one()
        _key, token = identity.create_key(
            session, organisation=owner, name="test", scopes=identity.ORGANISATION_SCOPES
        )

    def register(api: TestClient, external_id: str) -> str:
        answer = api.post(
            f"/api/v1/organisations/{owner.id}/listings",
            params={"publish": True},
            json={
                "external_id": external_id,
                "kind": "activity",
                "texts": {"sv": {"title": f"Bridge {external_id}", "summary": "Kortspel för alla."}},
                "categories": ["coffee-meetup"],
                "contacts": [{"channel": "phone", "value": "08-465 004 13"}],
            },
            headers={"Authorization": f"Bearer {token}"},
        )
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    yield register
    with db.engine().begin() as connection:
        connection.execute(text("TRUNCATE organisation, venue, outbox CASCADE"))


def test_an_audit_that_mends_does_not_take_away_what_the_worker_just_put_in(
    filled: IndexClient, organisation_at: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    finish_jobs()
    working = threading.Thread(target=worker.run_once)
    with TestClient(create_app()) as api, db.session_scope() as session:
        hashes = filled.hashes

        def then_work(*arguments: Any) -> dict[str, str]:
            organisation_at(api, "bridge")
            working.start()
            working.join(1)
            return hashes(*arguments)

        monkeypatch.setattr(filled, "hashes", then_work)
        index_sync.audit(session, filled, prefix(), fix=True)
        monkeypatch.undo()
    working.join(20)
    assert pending() == 0
    assert_index_holds(filled, LISTINGS + 1)


def test_a_killed_import_leaves_nothing_and_the_next_takes_everything(
    clean: None, meili: Any, tmp_path: Path
) -> None:
    path = written(tmp_path / "many.jsonl", 1500)
    command = ("-m", "app.cli", "import", str(path), "--source", "s")
    # The sequence counts written rows also before their transaction commits.
    started = text("SELECT last_value > 1000 FROM audit_id_seq")
    with child(*command) as process:
        assert until(lambda: scalar(started), 60)
        assert process.poll() is None
        process.send_signal(signal.SIGKILL)
    for table in (Organisation, Listing, SearchDocument, OutboxJob, AuditRow):
        assert scalar(select(func.count()).select_from(table)) == 0
    run(*command)
    assert scalar(select(func.count()).select_from(Listing)) == 1500
    with IndexClient(meili.url, meili.key) as client:
        drop_indexes(client)
        finish_jobs()
        assert_index_holds(client, 1500)
        drop_indexes(client)


@contextmanager
def api_at(port: int, env: dict[str, str] | None = None) -> Iterator[subprocess.Popen[bytes]]:
    """The API as its own process, from its first answer on."""
    arguments = ("-m", "uvicorn", "--factory", "app.main:create_app", "--port", str(port))
    with child(*arguments, "--log-level", "warning", env=env) as process, at(port) as client:

        def answers() -> bool:
            try:
                return client.get("/healthz").status_code == 200
            except httpx.TransportError:
                return False

        assert until(answers, 60)  # on a busy machine the imports alone take half a minute
        yield process


def at(port: int) -> httpx.Client:
    return httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=10, trust_env=False)


@contextmanager
def served(env: dict[str, str]) -> Iterator[httpx.Client]:
    """A client of an API that is its own process."""
    port = free_port()
    with api_at(port, env), at(port) as client:
        yield client


class Stream:
    """Listings registered by four senders at once; each is sent again until it is acknowledged.

    They have no external id, so that the Idempotency-Key alone keeps them from being made twice.
    """

    def __init__(self, port: int, owner: Organisation, token: str, size: int) -> None:
        self.port, self.path, self.token, self.size = (
            port,
            f"/api/v1/organisations/{owner.id}/listings",
            token,
            size,
        )
        self.acknowledged: dict[str, str] = {}  # title: id
        self.broken: list[str] = []  # titles whose sending got no answer
        self._threads = [threading.Thread(target=self._send, args=(n,)) for n in range(4)]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        for thread in self._threads:
            thread.join(120)
        assert not any(thread.is_alive() for thread in self._threads)

    def _send(self, first: int) -> None:
        with at(self.port) as client:
            for number in range(first, self.size, len(self._threads)):
                title = f"Kort {number}"
                assert until(lambda: self._acknowledged(client, title), 120)  # noqa: B023 called at once

    def _acknowledged(self, client: httpx.Client, title: str) -> bool:
        try:
            answer = client.post(
                self.path,
                params={"publish": True},
                json={
                    "kind": "activity",
                    "texts": {"sv": {"title": title, "summary": "Kortspel för alla."}},
                    "categories": ["coffee-meetup"],
                    "contacts": [{"channel": "phone", "value": "08-465 004 13"}],
                },
                headers={"Authorization": f"Bearer {self.token}", "Idempotency-Key": title},
            )
        except httpx.TransportError:
            self.broken.append(title)
            time.sleep(0.2)  # leave the processor to the API that is starting
            return False
        if answer.status_code != 201:
            assert answer.status_code in {409, 503}, answer.text
            return False
        self.acknowledged[title] = answer.json()["id"]
        return True

    def assert_kept_once(self) -> None:
        """The database has what was acknowledged, each once, and of each one deed."""
        title = Listing.texts[("sv", "title")].astext
        with db.session_scope() as session:
            kept = session.execute(select(title, Listing.id).where(title.startswith("Kort "))).all()
            deeds = session.scalars(select(AuditRow.subject).where(AuditRow.action == "created")).all()
        assert len(self.acknowledged) == self.size
        assert sorted((name, str(one)) for name, one in kept) == sorted(self.acknowledged.items())
        assert [deeds.count(one) for _, one in kept] == [1] * self.size


@pytest.fixture
def owner(clean: None, meili: Any) -> Iterator[tuple[Organisation, str]]:
    """An organisation and a key of it, and no index."""
    with db.session_scope() as session:
        organisation = Organisation(external_id="kvarnen", name="Kvarnen")
        session.add(organisation)
        session.flush()
        _key, token = identity.create_key(
            session, organisation=organisation, name="test", scopes=identity.ORGANISATION_SCOPES
        )
    with IndexClient(meili.url, meili.key) as client:
        drop_indexes(client)
        yield organisation, token
        drop_indexes(client)


def test_an_api_killed_while_listings_are_registered_loses_and_doubles_none(
    owner: tuple[Organisation, str], meili: Any
) -> None:
    port, kills = free_port(), 3
    with ExitStack() as running:
        api = running.enter_context(api_at(port))
        running.enter_context(child("-m", "app.worker"))
        stream = running.enter_context(Stream(port, *owner, size=120))
        for kill in range(1, kills + 1):
            assert until(lambda: len(stream.acknowledged) >= kill * 25, 60)  # noqa: B023 called at once
            before = len(stream.broken)
            api.send_signal(signal.SIGKILL)
            assert until(lambda: len(stream.broken) > before)  # noqa: B023 called at once
            api = running.enter_context(api_at(port))
        assert until(lambda: len(stream.acknowledged) == stream.size, 120)
    stream.assert_kept_once()
    finish_jobs()
    with IndexClient(meili.url, meili.key) as client:
        assert_index_holds(client, stream.size)


def test_a_worker_and_an_api_killed_during_a_rebuild_leave_index_and_database_agreed(
    owner: tuple[Organisation, str], meili: Any, tmp_path: Path
) -> None:
    run("-m", "app.cli", "import", str(written(tmp_path / "a.jsonl", LISTINGS)), "--source", "s")
    finish_jobs()
    port = free_port()
    with ExitStack() as running, IndexClient(meili.url, meili.key) as client:
        api = running.enter_context(api_at(port))
        worker_ = running.enter_context(child("-m", "app.worker"))
        stream = running.enter_context(Stream(port, *owner, size=40))
        assert until(lambda: len(stream.acknowledged) > 5, 60)
        rebuild = running.enter_context(child("-m", "app.cli", "index", "rebuild"))
        assert until(lambda: building_uids(client, prefix()), 60)
        for process in (worker_, api):
            process.send_signal(signal.SIGKILL)
        said, _ = rebuild.communicate(timeout=120)
        assert rebuild.returncode == 0, said.decode()
        running.enter_context(api_at(port))
        running.enter_context(child("-m", "app.worker"))
        assert until(lambda: len(stream.acknowledged) == stream.size, 120)
        assert until(lambda: pending() == 0, 60)
        stream.assert_kept_once()
        assert_index_holds(client, LISTINGS + stream.size)
        with at(port) as reader:
            found = reader.get(SEARCH, params={"q": "kortspel", "limit": 100}).json()
        assert (found["total"], found["degraded"]) == (stream.size, False)


def test_without_postgresql_search_goes_on_and_writes_are_refused_at_once(
    stores: Any, meili: Any, tmp_path: Path
) -> None:
    database = start_postgres(stores.database.data_dir.parent / "postgres-of-its-own", durable=False)
    env = {"DATABASE_URL": database.url, "TORG_INDEX_PREFIX": f"{prefix()}-own"}
    try:
        run("-c", PREPARE, str(written(tmp_path / "a.jsonl", 5)), env=env)
        with served(env) as api:
            assert api.get("/readyz").status_code == 200
            wishes = {"q": "fika", "facets": "kind"}
            before = api.get(SEARCH, params=wishes).json()
            assert before["total"] == 5
            database.stop()

            assert api.get(SEARCH, params=wishes).json() == before
            headers = {"Authorization": f"Bearer {UNKNOWN_KEY}", "If-Match": "*"}
            body = {"external_id": "x", "name": "Kvarnen"}
            for method, path in (
                ("POST", "/api/v1/organisations"),
                ("PUT", "/api/v1/organisations/018f3f2e-0000-7000-8000-000000000000"),
            ):
                began = time.monotonic()
                answer = api.request(method, path, json=body, headers=headers)
                assert answer.status_code == 503, answer.text
                assert answer.headers["content-type"] == "application/problem+json"
                assert "retry-after" in answer.headers
                assert time.monotonic() - began < 2
            assert api.get("/healthz").status_code == 200
            ready = api.get("/readyz")
            assert ready.status_code == 503
            assert [error["pointer"] for error in ready.json()["errors"]] == ["/database"]
    finally:
        database.stop()
        with IndexClient(meili.url, meili.key) as client:
            drop_indexes(client)
