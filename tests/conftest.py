"""A PostgreSQL and a Meilisearch for the whole run, both real; each test starts without organisations."""

import os
import secrets
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import pytest
from doors import doors
from empty_tables import empty_tables
from node_folder import node_folder
from people import issuer, member_headers, operator_headers, staff_headers
from real_issuer import dev_issuer_folder
from referral_world import goal, member, nurse, other_goal, referral_keys
from sqlalchemy import text
from sqlalchemy.orm import Session

from app import db
from app.config import get_settings
from app.local_meilisearch import find_meilisearch, run_meilisearch
from app.local_postgres import start_postgres
from app.local_process import RunningServer, data_folder

__all__ = [
    "dev_issuer_folder",
    "doors",
    "goal",
    "issuer",
    "member",
    "member_headers",
    "node_folder",
    "nurse",
    "operator_headers",
    "other_goal",
    "referral_keys",
    "staff_headers",
]

with warnings.catch_warnings():
    # Starlette would rather have httpx's successor; httpx is what the rest of the project uses.
    warnings.filterwarnings("ignore", message="Using `httpx`")
    from fastapi.testclient import TestClient

DEMO = Path(__file__).parent.parent / "app" / "data" / "demo"


@dataclass(frozen=True)
class Stores:
    database: RunningServer
    search: RunningServer | None


@pytest.fixture(scope="session")
def stores() -> Iterator[Stores]:
    """Servers of this run alone, on free ports, gone with their data when it ends."""
    folder = Path(tempfile.mkdtemp(prefix="torg-test-"))
    folder.chmod(0o711)  # the database's own user passes through
    before = dict(os.environ)
    with ExitStack() as started:
        started.callback(shutil.rmtree, folder, ignore_errors=True)
        database = start_postgres(folder / "postgres", durable=False)
        started.callback(database.stop)
        binary = find_meilisearch(data_folder() / "meilisearch" / "bin", say=print)
        search = run_meilisearch(binary, folder / "meilisearch") if binary else None
        if search:
            started.callback(search.stop)
        for name in [name for name in os.environ if name.startswith(("TORG_", "MEILI_"))]:
            del os.environ[name]
        os.environ["DATABASE_URL"] = database.url
        os.environ["TORG_INDEX_PREFIX"] = f"test-{secrets.token_hex(4)}"
        os.environ["TORG_RATE_LIMIT_PER_MINUTE"] = "0"
        os.environ["TORG_KEY_RATE_LIMIT_PER_MINUTE"] = "0"
        if search:
            os.environ["MEILI_URL"] = search.url
            os.environ["MEILI_MASTER_KEY"] = search.key or ""
        started.callback(_forget)
        _forget()
        yield Stores(database, search)
        db.engine().dispose()
        db.engine(aside=True).dispose()
    os.environ.clear()
    os.environ.update(before)


def _forget() -> None:
    get_settings.cache_clear()
    db.engine.cache_clear()


@pytest.fixture(scope="session")
def schema(stores: Stores) -> None:
    """The database as the migrations make it, with its vocabularies."""
    from app.services import taxonomies

    db.upgrade()
    with db.session_scope() as session:
        taxonomies.load(session)


@pytest.fixture(scope="session")
def database_url(stores: Stores, schema: None) -> str:
    return stores.database.url


@pytest.fixture(scope="session")
def meili(stores: Stores) -> RunningServer:
    """Meilisearch, with its master key; a test that asks for it is skipped where there is none."""
    if stores.search is None:
        pytest.skip("no Meilisearch on this machine")
    return stores.search


@pytest.fixture(scope="session")
def meili_url(meili: RunningServer) -> str:
    return meili.url


@pytest.fixture(scope="session")
def meili_key(meili: RunningServer) -> str:
    return meili.key or ""


@pytest.fixture
def clean(schema: None) -> None:
    """A database that holds the vocabularies and nothing else."""
    empty_tables()


@pytest.fixture
def session(clean: None) -> Iterator[Session]:
    """A session whose work is rolled back; commit for what a request or the worker is to see."""
    with Session(db.engine(), expire_on_commit=False) as session:
        yield session
        session.rollback()


@pytest.fixture
def client(clean: None) -> Iterator[TestClient]:
    """The API, its start and end included. Unexpected errors answer 500, as in production."""
    from app.main import create_app

    with TestClient(create_app(), base_url="http://testserver", raise_server_exceptions=False) as client:
        yield client


@pytest.fixture(scope="module")
def small_square(
    schema: None, meili: RunningServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[TestClient]:
    """The API over a part of the demo data and some support lines, for a module that only reads."""
    from app.main import create_app
    from app.services import exchange, index_sync
    from search.client import IndexClient

    folder = tmp_path_factory.mktemp("square")
    with db.engine().begin() as connection:
        connection.execute(text("TRUNCATE organisation, venue, outbox CASCADE"))
    with db.session_scope() as session:
        for name, lines in (("listings.jsonl", 240), ("support_lines.jsonl", 60)):
            rows = (DEMO / name).read_text(encoding="utf-8").splitlines()[:lines]
            file = folder / name
            file.write_text("\n".join(rows), encoding="utf-8")
            exchange.run_import(file, source=file.stem, session=session)
    prefix = get_settings().index_prefix
    with IndexClient(meili.url, meili.key) as index:
        index_sync.rebuild(db.session_scope, index, prefix)
        with TestClient(create_app(), raise_server_exceptions=False) as client:
            yield client
        for uid in index.uids():
            if uid.startswith(prefix):
                index.drop(uid)


@dataclass(frozen=True)
class Keyholder:
    """An organisation and a key of it."""

    id: UUID
    external_id: str
    token: str

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}


@pytest.fixture
def operator_key(clean: None) -> str:
    from app.services import identity

    with db.session_scope() as session:
        _key, token = identity.create_key(session, organisation=None, name="operator", scopes={"operator"})
    return token


@pytest.fixture
def operator(operator_key: str) -> dict[str, str]:
    """Headers of the operator."""
    return {"Authorization": f"Bearer {operator_key}"}


def _keyholder(external_id: str, name: str) -> Keyholder:
    from app.models import Organisation
    from app.services import identity

    with db.session_scope() as session:
        organisation = Organisation(
            external_id=external_id, name=name, texts={"sv": {"description": f"{name} ordnar öppna träffar."}}
        )
        session.add(organisation)
        session.flush()
        _key, token = identity.create_key(
            session, organisation=organisation, name="test", scopes=identity.ORGANISATION_SCOPES
        )
        return Keyholder(organisation.id, external_id, token)


@pytest.fixture
def organisation(clean: None) -> Keyholder:
    return _keyholder("kaffekvarnen", "Föreningen Kaffekvarnen")


@pytest.fixture
def other_organisation(clean: None) -> Keyholder:
    return _keyholder("symaskinen", "Föreningen Symaskinen")


@pytest.fixture
def organisation_key(organisation: Keyholder) -> str:
    return organisation.token


class Index:
    """The search index of a test, brought up to date by calling it."""

    def __call__(self) -> int:
        """Do all outbox jobs; returns how many there were."""
        from app import worker

        return worker.run_once()


@pytest.fixture
def indexed(clean: None, meili: RunningServer) -> Iterator[Index]:
    """Call it when the index is to hold what has been committed; the test's index is empty at its start."""
    _drop_indexes(meili)
    yield Index()
    _drop_indexes(meili)


def _drop_indexes(meili: RunningServer) -> None:
    from search.client import IndexClient

    with IndexClient(meili.url, meili.key) as client:
        for uid in client.uids():
            if uid.startswith(get_settings().index_prefix):
                client.drop(uid)
