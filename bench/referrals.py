"""Referrals among so many others: made, accepted and listed over HTTP, beside a bare INSERT."""

# ruff: noqa: S311 - chance without secrets
import base64
import http.client
import json
import os
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from random import Random
from typing import Any
from uuid import UUID

import psycopg
from joserfc import jwt
from joserfc.jwk import ECKey
from sqlalchemy import select
from uuid_utils.compat import uuid7

from app import db
from app.config import get_settings
from app.local_process import LOOPBACK
from app.models import Account, Listing, Organisation
from app.services import access_log, codes
from app.services.vault import Vault, vault
from bench.numbers import Figure, median, ms, percentile
from bench.stage import Stage, say

ROUNDS = 400
WARM = 20
OURS = 1000  # of those to the association, and of those of the unit, that are listed
TENANT, UNIT = "SE2321000016-A001", "SE2321000016-A0E1"
AUDIENCE = "https://torg.example/api"
TABLES = ("referral", "referral_key", "referral_secret", "referral_event", "referral_consent", "access_log")
_COLUMNS = {
    "referral": (
        "id, correlation_id, mode, status, version, requester_tenant, requester_unit, requester_id,"
        " organisation_id, listing_id, municipality_code, language, age_band, urgency, protected_identity,"
        " next_action_by, next_action_at, requested_at, expires_at, code_mac, duplicate_mac"
    ),
    "referral_key": "referral_id, master_version, wrapped_key",
    "referral_secret": "referral_id, person",
    "referral_event": "id, referral_id, number, at, kind, to_status, actor, actor_id",
    "referral_consent": (
        "referral_id, given_by, given_on, expires_on, recipient_id, categories, text_version, legal_basis,"
        " legal_basis_noted_on, noted_by"
    ),
    "access_log": (
        "number, at, actor, actor_id, tenant, unit, organisation_id, action, referral_id, fields,"
        " previous, hash"
    ),
}
_PERSON = (
    '{"alias":"Kim","contact":{"channel":"email","value":"%s"},"safe_to_leave_message":false,'
    '"contact_windows":[{"days":["mo","we"],"from":"09:00","to":"12:00"}],'
    '"note":"Vill gärna bli mött vid dörren."}'
)


class _Issuer:
    """Lets in a nurse and a member: the tokens an identity provider would give."""

    def __init__(self) -> None:
        self._key = ECKey.generate_key("P-256", parameters={"kid": "one", "use": "sig", "alg": "ES256"})
        keys = json.dumps({"keys": [self._key.as_dict(private=False)]}).encode()

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.end_headers()
                self.wfile.write(keys)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer((LOOPBACK, 0), Handler)
        self.url = f"http://{LOOPBACK}:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def setting(self) -> str:
        claims = {name: name for name in ("tenant", "unit", "organisation", "roles")}
        roles = {"staff": "staff", "member": "member"}
        issuer = {"issuer": self.url, "jwks_url": f"{self.url}/jwks", "audience": AUDIENCE}
        return json.dumps([issuer | {"claims": {"subject": "sub", **claims}, "roles": roles}])

    def token(self, subject: str, **claims: str) -> str:
        now = int(time.time())
        usual = {"iss": self.url, "aud": AUDIENCE, "sub": subject, "client_id": "bench", "jti": subject}
        return jwt.encode(
            {"typ": "at+jwt", "alg": "ES256", "kid": "one"},
            {**usual, "iat": now, "exp": now + 36_000, "roles": [subject], **claims},
            self._key,
        )

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def measure(stage: Stage, number: int) -> Iterator[Figure]:
    """Fill the tables with so many referrals, and measure among them."""
    issuer = _Issuer()
    try:
        os.environ |= {
            "TORG_OIDC_ISSUERS": issuer.setting(),
            "TORG_OUTBOUND_PRIVATE_HOSTS": LOOPBACK,
            "TORG_REFERRAL_KEYS": f"1:{_fresh_key()}",
            "TORG_REFERRAL_INDEX_KEY": _fresh_key(),
            "TORG_REFERRAL_QUOTA": "1000000",
        }
        get_settings.cache_clear()
        say(f"Filling the tables of referrals with {number} …")
        listing, organisation = _fill(number)
        stage.start_api()
        yield from _work(stage, number, issuer, listing, organisation)
        yield from _sizes()
    finally:
        issuer.stop()


def _fresh_key() -> str:
    return base64.b64encode(secrets.token_bytes(32)).decode()


@contextmanager
def _connection() -> Iterator[psycopg.Connection[Any]]:
    url = db.engine().url.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(url, autocommit=True) as connection:
        yield connection


def _fill(number: int) -> tuple[UUID, UUID]:
    """Referrals to all associations from fifty care providers; the listing and association measured at."""
    with db.session_scope() as session:
        goals = session.execute(select(Listing.id, Listing.organisation_id).limit(200)).all()
        measured = session.get_one(Organisation, goals[0].organisation_id)
        measured.verified_on = datetime.now(UTC)
        listing = session.get_one(Listing, goals[0].id)
        listing.status, listing.capacity = "published", None
        account = Account(id=uuid7(), issuer="https://id.example", subject="somebody")
        session.add(account)
        session.flush()
        rows = _Rows(vault(), account.id, Random(7))
    others = [goal for goal in goals if goal.organisation_id != measured.id]
    with _connection() as connection:
        for start in range(0, number, 5000):
            for one in range(start, min(start + 5000, number)):
                goal = goals[0] if one < OURS else others[one % len(others)]
                rows.add(
                    goal.id,
                    goal.organisation_id,
                    tenant=TENANT if OURS <= one < 2 * OURS else f"SE{one % 50:010}-0001",
                    unit=UNIT if OURS <= one < 2 * OURS else f"unit-{one % 500}",
                )
            rows.copy(connection)
        connection.execute(
            "INSERT INTO access_head (id, number, hash) VALUES (1, %s, %s)", (rows.number, rows.previous)
        )
        connection.execute(f"VACUUM (ANALYZE) {', '.join(TABLES)}")
    return listing.id, measured.id


class _Rows:
    """Rows as the service writes them for a request, without a statement each."""

    def __init__(self, chest: Vault, account: UUID, chance: Random) -> None:
        self.chest, self.account, self.chance = chest, account, chance
        self.number, self.previous = 0, access_log.NOTHING
        self.waiting: dict[str, list[tuple[Any, ...]]] = {table: [] for table in TABLES}

    def add(self, listing: UUID, organisation: UUID, *, tenant: str, unit: str) -> None:
        one, event, now = uuid7(), uuid7(), datetime.now(UTC)
        contact = f"person-{self.chance.getrandbits(60)}@mail.example"
        key, version, wrapped = self.chest.new_key("referral_key.wrapped_key", one)
        sealed = key.seal("referral_secret.person", one, _PERSON % contact)
        later, today = now + timedelta(days=1 + self.chance.random() * 14), now.date()
        code = codes.digest(self.chest, codes.code_of(self.chest, one))
        mac = self.chest.mac(f"duplicate|{tenant}", contact)
        self.waiting["referral"].append(
            (
                *(one, uuid7(), "light", "requested", 1, tenant, unit, self.account, organisation, listing),
                *("0180", "sv", "65-79", "routine", False, "organisation", later, now, later, code, mac),
            )
        )
        self.waiting["referral_key"].append((one, version, wrapped))
        self.waiting["referral_secret"].append((one, sealed))
        self.waiting["referral_event"].append(
            (event, one, 1, now, "status", "requested", "requester", self.account)
        )
        self.waiting["referral_consent"].append(
            (
                *(one, "self", today, today + timedelta(days=90), organisation, ["contact", "needs", "note"]),
                *("2026-1", "consent", today, self.account),
            )
        )
        self._log(one, now, tenant, unit)

    def _log(self, one: UUID, now: datetime, tenant: str, unit: str) -> None:
        row = {
            "number": self.number + 1,
            "at": now,
            "actor": "requester",
            "actor_id": self.account,
            "tenant": tenant,
            "unit": unit,
            "organisation_id": None,
            "action": "create",
            "referral_id": one,
            "fields": ["person"],
            "previous": self.previous,
        }
        self.previous, self.number = access_log.digest(row), self.number + 1
        self.waiting["access_log"].append((*row.values(), self.previous))

    def copy(self, connection: psycopg.Connection[Any]) -> None:
        for table, rows in self.waiting.items():
            with (
                connection.cursor() as cursor,
                cursor.copy(f"COPY {table} ({_COLUMNS[table]}) FROM STDIN") as copy,
            ):
                for row in rows:
                    copy.write_row(row)
            rows.clear()


class _Caller:
    """One who calls the API over a kept connection, and the seconds it took."""

    def __init__(self, port: int, token: str) -> None:
        self._connection = http.client.HTTPConnection(LOOPBACK, port, timeout=30)
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}

    def __call__(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[float, Any]:
        content = None if body is None else json.dumps(body)
        began = time.perf_counter()
        self._connection.request(method, f"/api/v1{path}", content, self._headers | headers)
        answer = self._connection.getresponse()
        told = answer.read()
        took = time.perf_counter() - began
        if answer.status not in (200, 201):
            raise RuntimeError(f"{method} {path}: {answer.status} {told[:300]!r}")
        return took, json.loads(told)


def _work(stage: Stage, number: int, issuer: _Issuer, listing: UUID, organisation: UUID) -> Iterator[Figure]:
    """Each round does all of them in turn, so that whatever else the machine does falls on all alike."""
    nurse = _Caller(stage.api_port, issuer.token("staff", tenant=TENANT, unit=UNIT))
    member = _Caller(stage.api_port, issuer.token("member", organisation=str(organisation)))
    took: dict[str, list[float]] = {}
    with _connection() as connection:
        connection.execute("CREATE TABLE bare (id uuid PRIMARY KEY, body bytea)")
        for turn in range(WARM + ROUNDS):
            seconds = _round(nurse, member, _bare(connection), _request(listing, organisation))
            if turn >= WARM:
                for what, one in seconds.items():
                    took.setdefault(what, []).append(one)
        connection.execute("DROP TABLE bare")
    bare = took.pop("bare")
    p50, p99 = median(bare), percentile(bare, 0.99)
    yield Figure("a bare INSERT and its commit, p50 and p99", f"{ms(p50)}, {ms(p99)}")
    for what, seconds in took.items():
        mid, most = median(seconds), percentile(seconds, 0.99)
        told = f"{ms(mid)} ({mid / p50:.1f} ×), {ms(most)} ({most / p99:.1f} ×)"
        yield Figure(f"{what} among {number} referrals, p50 and p99 (× the bare INSERT's)", told)


def _bare(connection: psycopg.Connection[Any]) -> Callable[[], float]:
    def insert() -> float:
        began = time.perf_counter()
        connection.execute("INSERT INTO bare VALUES (%s, %s)", (uuid7(), secrets.token_bytes(600)))
        return time.perf_counter() - began

    return insert


def _request(listing: UUID, organisation: UUID) -> dict[str, Any]:
    today = datetime.now(UTC).date()
    return {
        "listing_id": str(listing),
        "mode": "light",
        "municipality_code": "0180",
        "language": "sv",
        "age_band": "65-79",
        "person": json.loads(_PERSON % f"{secrets.token_hex(8)}@mail.example"),
        "consent": {
            "given_by": "self",
            "given_on": today.isoformat(),
            "expires_on": (today + timedelta(days=90)).isoformat(),
            "recipient": str(organisation),
            "categories": ["contact", "needs", "note"],
            "text_version": "2026-1",
        },
        "legal_basis": {"code": "consent", "noted_on": today.isoformat()},
    }


def _round(
    nurse: _Caller, member: _Caller, bare: Callable[[], float], body: dict[str, Any]
) -> dict[str, float]:
    seconds = {"bare": bare()}
    seconds["create"], made = nurse("POST", "/referrals", body)
    path = f"/inbox/{made['id']}"
    seconds["accept"], _ = member("POST", f"{path}/status", {"status": "accepted"}, **{"If-Match": '"v1"'})
    seconds["list own (20)"], _ = nurse("GET", "/referrals")
    seconds["list the inbox (20)"], _ = member("GET", "/inbox")
    return seconds


def _sizes() -> Iterator[Figure]:
    with _connection() as connection:
        sizes = {
            table: connection.execute("SELECT pg_total_relation_size(%s::regclass)", (table,)).fetchone()
            for table in TABLES
        }
        count = connection.execute("SELECT count(*) FROM referral").fetchone()
    known = {table: size[0] for table, size in sizes.items() if size}
    each = sum(known.values()) / (count[0] if count else 1)
    yield Figure("bytes a referral, indexes included", f"{each:.0f}")
    told = ", ".join(f"{table} {size / 1e6:.0f} MB" for table, size in known.items())
    yield Figure("tables with their indexes", told)
