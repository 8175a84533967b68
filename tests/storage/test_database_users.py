"""Three database users, none of them mighty: the owner migrates, the service serves, the worker works."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import postgres_programs
import psycopg
import pytest
import referral_world
import yaml
from fastapi.testclient import TestClient
from psycopg.errors import InsufficientPrivilege
from referral_rows import make_places, make_referral
from sqlalchemy import func, select, text

from app import db
from app.config import get_settings
from app.db import Wall
from app.local_postgres import start_postgres
from app.main import create_app
from app.models import AccessRow, Base, OutboxJob, Referral, ReferralKey
from app.services import access_log, access_verify, identity, referral_links, taxonomies

ROOT = Path(__file__).parent.parent.parent
VOCABULARIES = {"category", "audience", "fact", "language", "county", "municipality", "place", "postcode"}
PASSWORD = "letters-and-digits-1"


class Server:
    """A PostgreSQL of its own: roles belong to a whole server, and these tests make and drop them."""

    def __init__(self, url: str) -> None:
        self.url = url.replace("postgresql+psycopg", "postgresql")
        self.address = self.url.partition("@")[2].rpartition("/")[0]

    def at(self, user: str, database: str = "torg") -> str:
        return f"postgresql://{user}:{PASSWORD}@{self.address}/{database}"

    def as_superuser(self, database: str) -> str:
        return f"{self.url.rpartition('/')[0]}/{database}"

    def run(self, *statements: str, url: str | None = None) -> None:
        with psycopg.connect(url or self.url, autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement.encode())

    def empty(self) -> None:
        """As it was made, but for the superuser's own database."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            others = "SELECT datname FROM pg_database WHERE datname LIKE 'torg\\_%'"
            for (name,) in connection.execute(others).fetchall():
                connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())
            # The owner last: she may have made the others members.
            roles = (
                "SELECT rolname FROM pg_roles WHERE rolname LIKE 'torg\\_%' ORDER BY rolname = 'torg_owner'"
            )
            for (name,) in connection.execute(roles).fetchall():
                connection.execute(f"DROP ROLE {name}".encode())


@contextmanager
def own_server() -> Iterator[Server]:
    folder = Path(tempfile.mkdtemp(prefix="torg-users-"))
    folder.chmod(0o711)
    started = start_postgres(folder / "postgres", durable=False)
    try:
        yield Server(started.url)
    finally:
        started.stop()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def bare() -> Iterator[Server]:
    with own_server() as server:
        yield server


@pytest.fixture
def server(bare: Server) -> Iterator[Server]:
    """A server without databases and users of ours."""
    yield bare
    bare.empty()


@pytest.fixture(scope="module")
def migrated() -> Iterator[Server]:
    """A server with the three users of the paper and the database torg_three, migrated by its owner."""
    with own_server() as server:
        as_the_paper_says(server)
        done = torg("migrate", url=server.at("torg_owner", "torg_three"))
        assert done.returncode == 0, done.stderr
        yield server


@pytest.fixture
def three(migrated: Server) -> Server:
    """The same, with nothing but vocabularies in it."""
    names = ", ".join(sorted(set(Base.metadata.tables) - VOCABULARIES))
    migrated.run(f"TRUNCATE {names} RESTART IDENTITY CASCADE", url=migrated.as_superuser("torg_three"))
    return migrated


def torg(*arguments: str, url: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "app.cli", *arguments],
        cwd=ROOT,
        env={**os.environ, "DATABASE_URL": url},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def as_the_paper_says(server: Server) -> None:
    """What docs/configuration.md tells a superuser to do once."""
    paper = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
    (block,) = re.findall(
        r"^```sql\n(.*?)^```", paper.partition("## Three users")[2], re.MULTILINE | re.DOTALL
    )
    made = block.replace("…", PASSWORD).replace("CREATE DATABASE torg ", "CREATE DATABASE torg_three ")
    server.run(*(line for line in made.split(";\n") if line.strip()))


@contextmanager
def acting_as(monkeypatch: pytest.MonkeyPatch, url: str) -> Iterator[None]:
    """This process's settings name another database and user."""
    with monkeypatch.context() as changed:
        changed.setenv("DATABASE_URL", url)
        _forget()
        yield
        db.engine().dispose()
        db.engine(aside=True).dispose()
    _forget()


def _forget() -> None:
    db.engine.cache_clear()
    get_settings.cache_clear()
    taxonomies.vocabulary.reset_cache()


def current(url: str) -> dict[str, Any]:
    with psycopg.connect(url) as connection:
        row = connection.execute(
            "SELECT rolsuper OR rolbypassrls OR rolcreaterole,"
            " (SELECT count(*) FROM pg_class WHERE relowner = r.oid)"
            " FROM pg_roles r WHERE rolname = current_user"
        ).fetchone()
    assert row is not None
    return {"mighty": row[0], "owns": row[1]}


def test_none_of_the_three_is_mighty_and_only_the_owner_owns(three: Server) -> None:
    for user, owns in (("torg_owner", True), ("torg_app", False), ("torg_jobs", False)):
        found = current(three.at(user, "torg_three"))
        assert (found["mighty"], found["owns"] > 0) == (False, owns), user


def test_the_owner_sees_no_referral_without_a_wall(three: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    with acting_as(monkeypatch, three.as_superuser("torg_three")), db.session_scope() as session:
        make_referral(session, make_places(session))
    with acting_as(monkeypatch, three.at("torg_owner", "torg_three")):
        with db.session_scope() as session:
            assert session.scalar(select(func.count()).select_from(Referral)) == 0
        with db.walled_scope(Wall(role="torg_worker")) as session:
            assert session.scalar(select(func.count()).select_from(Referral)) == 1


@pytest.mark.parametrize(
    ("user", "statement"),
    [
        ("torg_app", "SET ROLE torg_worker"),
        ("torg_app", "SET ROLE torg_owner"),
        ("torg_jobs", "SET ROLE torg_service"),
        ("torg_jobs", "SELECT person FROM referral_secret"),
        ("torg_app", "TRUNCATE access_log"),
        ("torg_app", "ALTER TABLE referral NO FORCE ROW LEVEL SECURITY"),
        ("torg_app", "ALTER TABLE access_log DISABLE TRIGGER append_only"),
        ("torg_app", "SET session_replication_role = replica"),
        ("torg_app", "DROP POLICY wall ON referral"),
        ("torg_app", "CREATE TABLE mine ()"),
        ("torg_jobs", "UPDATE access_log SET number = number"),
    ],
)
def test_no_user_takes_what_is_not_its_own(three: Server, user: str, statement: str) -> None:
    with pytest.raises(InsufficientPrivilege):
        three.run(statement, url=three.at(user, "torg_three"))


@pytest.mark.parametrize("user", ["torg_app", "torg_jobs"])
def test_a_user_without_a_wall_appends_to_the_log_and_cannot_change_it(three: Server, user: str) -> None:
    insert = (
        "INSERT INTO access_log (number, at, actor, action, fields, previous, hash)"
        " VALUES (1, now(), 'system', 'x', '{}', '', '')"
    )
    three.run(insert, url=three.at(user, "torg_three"))


class Walk:
    """Calls every operation of openapi.yaml with its own example."""

    def __init__(self, client: TestClient, ids: dict[str, str], people: dict[str, dict[str, str]]) -> None:
        self.client, self.ids, self.people = client, ids, people
        self.answers: dict[str, int] = {}

    def __call__(self, spec: dict[str, Any]) -> None:
        # Deleting comes last: it ends sessions, too.
        for method in ("get", "post", "put", "patch", "delete"):
            for path, operations in spec["paths"].items():
                if method in operations:
                    self._call(method, path, operations[method])

    def _call(self, method: str, path: str, operation: dict[str, Any]) -> None:
        where = re.sub(r"{(\w+)}", lambda hit: self.ids.get(hit[1], str(uuid4())), path)
        content = operation.get("requestBody", {}).get("content", {})
        bodies: list[dict[str, Any]] = [{}]
        for media, described in content.items():
            examples = [one["value"] for one in described.get("examples", {}).values()] or [
                described.get("example", {})
            ]
            headers = {"Content-Type": media}
            bodies = [{"content": json.dumps(one), "headers": headers} for one in examples]
        for who, headers in self.people.items():
            for body in bodies:
                sent = {**body.get("headers", {}), **headers, "If-Match": '"1"'}
                base = "" if path.startswith(("/fhir", "/healthz", "/readyz")) else "/api/v1"
                answer = self.client.request(method, base + where, content=body.get("content"), headers=sent)
                name = f"{method} {path} {who}"
                self.answers[name] = answer.status_code
                assert answer.status_code < 500, (name, answer.text)


@contextmanager
def served(monkeypatch: pytest.MonkeyPatch, server: Server) -> Iterator[TestClient]:
    """The API, searching by PostgreSQL alone, as the user of the service."""
    monkeypatch.delenv("MEILI_URL", raising=False)
    with (
        acting_as(monkeypatch, server.at("torg_app", "torg_three")),
        TestClient(create_app(), raise_server_exceptions=False) as client,
    ):
        yield client


def test_the_whole_api_works_for_a_mere_member_of_the_service_role(
    three: Server,
    monkeypatch: pytest.MonkeyPatch,
    operator_headers: Any,
    staff_headers: Any,
    member_headers: Any,
) -> None:
    spec = yaml.safe_load((ROOT / "openapi.yaml").read_text(encoding="utf-8"))
    with served(monkeypatch, three) as client:
        with db.session_scope() as session:
            _, key = identity.create_key(session, organisation=None, name="operator", scopes={"operator"})
        bearer = {"Authorization": f"Bearer {key}"}
        made = client.post(
            "/api/v1/organisations", json={"external_id": "kvarnen", "name": "Kvarnen"}, headers=bearer
        )
        assert made.status_code == 201, made.text
        organisation = made.json()["id"]
        path = f"/api/v1/organisations/{organisation}/listings"
        listing = client.post(path, json=_listing(), headers=bearer)
        assert listing.status_code == 201, listing.text
        published = client.post(
            f"{path}/{listing.json()['id']}/publish", headers={**bearer, "If-Match": listing.headers["ETag"]}
        )
        assert published.status_code == 200, published.text
        assert client.get("/api/v1/search", params={"q": "fika"}).json()["total"] == 1
        goal = referral_world.make_goal("ugnen", "Ugnen")
        referral = _sent(client, "/referrals", staff_headers(), referral_world.referral_to(goal))
        person = _sent(client, "/my-referral-sessions", {}, {"code": referral["code"]})["token"]
        people = {
            "key": bearer,
            "operator": operator_headers(),
            "staff": staff_headers(),
            "member": member_headers(goal.organisation),
            "person": {"Authorization": f"Bearer {person}"},
        }
        ids = {
            "organisation": str(goal.organisation),
            "listing": str(goal.listing),
            "referral": referral["id"],
            "name": "categories",
        }
        walk = Walk(client, ids, people)
        walk(spec)
    reached = {name.rpartition(" ")[0] for name, status in walk.answers.items() if status not in (401, 403)}
    operations = {name.rpartition(" ")[0] for name in walk.answers}
    assert operations - reached == set(), "nobody was let in to these"


def _sent(client: TestClient, path: str, headers: dict[str, str], body: object, version: int = 0) -> Any:
    more = {"If-Match": f'"v{version}"'} if version else {}
    answer = client.post(f"/api/v1{path}", json=body, headers={**headers, **more})
    assert answer.status_code < 300, (path, answer.text)
    return answer.json()


def test_referrals_go_their_way_with_users_that_own_nothing(
    three: Server, monkeypatch: pytest.MonkeyPatch, staff_headers: Any, member_headers: Any
) -> None:
    nurse = staff_headers()
    with served(monkeypatch, three) as client:
        goal = referral_world.make_goal("ugnen", "Ugnen")
        member = member_headers(goal.organisation)
        light = _sent(client, "/referrals", nurse, referral_world.referral_to(goal))
        inbox = f"/inbox/{light['id']}"
        accepted = _sent(client, f"{inbox}/status", member, {"status": "accepted"}, 1)
        assert accepted["person"]["alias"] == "Kim"
        _sent(client, f"{inbox}/events", member, {"kind": "attended"}, 2)
        taken = {"code": light["code"], "status": "cancelled"}
        _sent(client, "/my-referral/status", {}, taken, 3)
        assert client.get(f"/api/v1/referrals/{light['id']}", headers=nurse).json()["person"] is None
        coded = _sent(client, "/referrals", nurse, referral_world.code_referral_to(goal))
        assert _sent(client, "/inbox/redeem", member, {"code": coded["code"]})["status"] == "accepted"
        linked = _sent(client, "/referrals", nurse, referral_world.referral_to(goal))
        foreign = client.get(f"/api/v1/referrals/{linked['id']}", headers=staff_headers(tenant="SE-OTHER"))
        assert foreign.status_code == 404
    jobs = three.at("torg_jobs", "torg_three")
    with acting_as(monkeypatch, jobs), db.walled_scope(Wall(role="torg_worker")) as session:
        link = referral_links.make(session, session.get_one(Referral, linked["id"]))
        assert session.scalar(select(func.count()).select_from(ReferralKey)) == 2
    with served(monkeypatch, three) as client:
        token = _sent(client, "/referral-sessions", {}, {"link": link.rpartition("/")[2]})["token"]
        by_link = {"Authorization": f"Bearer {token}"}
        path = f"/inbox/{linked['id']}/status"
        assert _sent(client, path, by_link, {"status": "accepted"}, 1)["person"]["alias"] == "Kim"
    with acting_as(monkeypatch, jobs), db.walled_scope(Wall(role="torg_worker"), snapshot=True) as session:
        found = access_verify.verify(session)
        assert (found.faults, found.rows > 8) == ([], True)


def _listing() -> dict[str, Any]:
    return {
        "external_id": "fika",
        "kind": "activity",
        "texts": {"sv": {"title": "Fika", "summary": "Kaffe för alla.", "description": "Kom som du är."}},
        "categories": ["coffee-meetup"],
        "contacts": [{"channel": "phone", "value": "08-465 004 12"}],
        "venues": [
            {
                "name": "Kvarnen",
                "municipality_code": "0180",
                "lat": 59.31,
                "lon": 18.05,
                "visibility": "public",
            }
        ],
        "schedule": [{"freq": "weekly", "days": ["su"], "from": "17:00", "to": "19:00"}],
    }


def test_the_worker_works_as_a_mere_member_of_its_role(
    three: Server, meili: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs = three.at("torg_jobs", "torg_three")
    with acting_as(monkeypatch, three.at("torg_app", "torg_three")):
        with db.session_scope() as session:
            places = make_places(session)
            session.add(OutboxJob(kind="index_listing", subject=places.listings[0]))
        with db.walled_scope(Wall(tenant=places.tenants[0])) as session:
            old = make_referral(session, places, status="rejected")
            session.execute(text("UPDATE referral SET closed_at = '2020-01-01'"))
            access_log.note(session, actor="requester", actor_id=None, action="x", referral_id=old)
    log = _worked(jobs, until=lambda: _done(jobs))
    assert "permission denied" not in log
    assert "Traceback" not in log
    assert "retention_run referrals=1" in log
    assert "access_log_signed rows=2" in log
    with acting_as(monkeypatch, jobs), db.walled_scope(Wall(role="torg_worker")) as session:
        assert session.scalar(select(func.count()).select_from(ReferralKey)) == 0
        assert session.scalars(select(AccessRow.action).order_by(AccessRow.number)).all() == ["x", "shred"]
    done = torg("audit", "verify", url=jobs)
    assert done.returncode == 0, done.stderr


def _done(url: str) -> bool:
    with psycopg.connect(url) as connection:
        row = connection.execute(
            "SELECT (SELECT count(*) FROM outbox) = 0 AND (SELECT count(*) FROM access_checkpoint) = 1"
        ).fetchone()
    return row is not None and bool(row[0])


def _worked(url: str, *, until: Callable[[], bool]) -> str:
    """The worker's log, from its start until something is done."""
    with tempfile.TemporaryFile("w+") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "app.cli", "worker"],
            cwd=ROOT,
            env={**os.environ, "DATABASE_URL": url},
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        try:
            deadline = time.monotonic() + 60
            while not until() and time.monotonic() < deadline and process.poll() is None:
                time.sleep(0.2)
            time.sleep(1)  # what it does at its start beside this
            process.send_signal(signal.SIGTERM)
            process.wait(30)
        finally:
            process.kill()
            process.wait()
        log.seek(0)
        return log.read()


def test_the_service_cannot_run_the_workers_commands(three: Server) -> None:
    done = torg("audit", "verify", url=three.at("torg_app", "torg_three"))
    assert (done.returncode, len(done.stderr.strip().splitlines())) == (1, 1), done.stderr
    assert "permission denied" in done.stderr


def test_an_owner_who_may_make_roles_needs_nobody(server: Server) -> None:
    server.run(
        f"CREATE ROLE torg_owner LOGIN CREATEROLE PASSWORD '{PASSWORD}'",
        "CREATE DATABASE torg_alone OWNER torg_owner",
    )
    owner = server.at("torg_owner", "torg_alone")
    done = torg("migrate", url=owner)
    assert done.returncode == 0, done.stderr
    server.run(f"CREATE ROLE torg_app LOGIN PASSWORD '{PASSWORD}' IN ROLE torg_service", url=owner)
    assert torg("gaps", url=server.at("torg_app", "torg_alone")).returncode == 0
    assert torg("audit", "verify", url=owner).returncode == 0


def test_a_second_database_of_the_same_server_takes_the_roles_that_are_there(
    three: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    three.run("CREATE DATABASE torg_second OWNER torg_owner")
    with acting_as(monkeypatch, three.at("torg_owner", "torg_second")):
        db.upgrade()
        db.require_schema()


def test_an_owner_who_may_not_make_roles_is_told_in_one_sentence(server: Server) -> None:
    server.run(
        f"CREATE ROLE torg_owner LOGIN PASSWORD '{PASSWORD}'", "CREATE DATABASE torg_poor OWNER torg_owner"
    )
    done = torg("migrate", url=server.at("torg_owner", "torg_poor"))
    assert (done.returncode, len(done.stderr.strip().splitlines())) == (1, 1), done.stderr
    assert "permission denied to create role" in done.stderr


def test_a_role_that_sees_through_walls_is_not_used(server: Server) -> None:
    server.run("CREATE ROLE torg_service BYPASSRLS", "CREATE DATABASE torg_holes")
    done = torg("migrate", url=server.as_superuser("torg_holes"))
    assert done.returncode == 1
    assert "would see through every wall" in done.stderr


def test_the_container_makes_the_users_that_compose_names(server: Server) -> None:
    """The script of the postgres container, run by the same psql, and the addresses of compose.yaml."""
    user, _, password = server.url.partition("//")[2].partition("@")[0].partition(":")
    host, _, port = server.address.partition(":")
    environment = {
        "PATH": f"{postgres_programs.folder()}:{os.environ['PATH']}",
        "PGHOST": host,
        "PGPORT": port,
        "PGPASSWORD": password,
        "POSTGRES_USER": user,
        "POSTGRES_DB": "torg",
        "TORG_SERVICE_PASSWORD": PASSWORD,
        "TORG_WORKER_PASSWORD": PASSWORD,
    }
    subprocess.run(["sh", ROOT / "compose" / "users.sh"], env=environment, check=True, capture_output=True)
    compose = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
    for service, role in (("app", "torg_service"), ("worker", "torg_worker")):
        named = compose["services"][service]["environment"]["DATABASE_URL"]
        login = named.partition("//")[2].partition(":")[0]
        with psycopg.connect(server.at(login)) as connection:
            row = connection.execute(
                "SELECT pg_has_role(current_user, %s, 'USAGE'), pg_has_role(current_user, %s, 'MEMBER')",
                [role, "torg_worker" if role == "torg_service" else "torg_service"],
            ).fetchone()
        assert row == (True, False)
