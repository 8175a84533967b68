"""How long after the answer to a write the listing is found by a search, both over HTTP."""

# ruff: noqa: S311 - chance without secrets
import http.client
import json
import time
from datetime import UTC, datetime
from random import Random
from typing import Any
from urllib.parse import quote

from sqlalchemy import select

from app import db
from app.local_process import LOOPBACK
from app.models import Organisation
from app.services import identity
from bench.numbers import Figure, median, ms, percentile
from bench.stage import Stage, say

WRITES = 60
PAUSE_SECONDS = 0.004  # between two looks
PATIENCE_SECONDS = 30.0
AIM_SECONDS = 1.0


def measure(stage: Stage, documents: int) -> list[Figure]:
    """Writes one after the other, each awaited; every look is a search for a word that only it has."""
    say(f"Commit to searchable: {WRITES} writes on {documents} documents …")
    owner, token = _writer()
    chance = Random(documents)
    connection = http.client.HTTPConnection(LOOPBACK, stage.api_port, timeout=30)
    found: list[float] = []
    writing: list[float] = []
    for number in range(WRITES):
        word = "".join(chance.choice("bdfgklmnprstv") + chance.choice("aeiouyåäö") for _ in range(6))
        began = time.perf_counter()
        listing_id = _register(connection, owner, token, word, f"fresh-{documents}-{number}")
        answered = time.perf_counter()
        writing.append(answered - began)
        path = f"/api/v1/search?limit=5&q={quote(word)}"
        while listing_id not in _ids(connection, path):
            if time.perf_counter() - answered > PATIENCE_SECONDS:
                raise RuntimeError(f"A listing was not found within {PATIENCE_SECONDS:.0f} s")
            time.sleep(PAUSE_SECONDS)
        found.append(time.perf_counter() - answered)
        time.sleep(chance.random() * 0.2)  # so that writes do not fall in step with the worker
    connection.close()
    size = f"{documents} documents"
    p95 = percentile(found, 0.95)
    return [
        Figure(f"commit to searchable, {size}, p50", ms(median(found))),
        Figure(f"commit to searchable, {size}, p95", ms(p95), f"at most {AIM_SECONDS:.0f} s"),
        Figure(f"commit to searchable, {size}, longest", ms(max(found))),
        Figure(f"answer to a write, {size}, p50", ms(median(writing))),
    ]


def _writer() -> tuple[str, str]:
    with db.session_scope() as session:
        name = "bench-writer"
        owner = session.scalar(select(Organisation).where(Organisation.external_id == name))
        if owner is None:
            owner = Organisation(external_id=name, name="Mätlaget", texts={"sv": {"description": "Mäter."}})
            session.add(owner)
            session.flush()
        _key, token = identity.create_key(
            session, organisation=owner, name="bench", scopes=identity.ORGANISATION_SCOPES
        )
    return name, token


def _register(
    connection: http.client.HTTPConnection, owner: str, token: str, word: str, external_id: str
) -> str:
    record = {
        "external_id": external_id,
        "kind": "activity",
        "texts": {"sv": {"title": f"Träff {word}", "summary": "Kom som du är."}},
        "categories": ["coffee-meetup"],
        "attendance": ["in_person"],
        "cost": {"kind": "free"},
        "venues": [{"name": "Träffpunkten", "municipality_code": "0180", "lat": 59.24, "lon": 18.09}],
        "schedule": [{"freq": "weekly", "days": ["tu"], "from": "17:00", "to": "19:00"}],
        "contacts": [{"channel": "phone", "value": "08-465 004 12"}],
        "confirmed_on": datetime.now(UTC).date().isoformat(),
    }
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    path = f"/api/v1/organisations/{owner}/listings?publish=true"
    connection.request("POST", path, json.dumps(record).encode(), headers)
    answer, status = _read(connection)
    if status != http.client.CREATED:
        raise RuntimeError(f"A write was answered {status}: {answer}")
    return str(answer["id"])


def _ids(connection: http.client.HTTPConnection, path: str) -> set[str]:
    connection.request("GET", path)
    answer, status = _read(connection)
    if status != http.client.OK or answer["degraded"]:
        raise RuntimeError(f"A search was answered {status}, degraded {answer.get('degraded')}")
    return {item["id"] for item in answer["items"]}


def _read(connection: http.client.HTTPConnection) -> tuple[dict[str, Any], int]:
    response = connection.getresponse()
    answer: dict[str, Any] = json.loads(response.read())
    return answer, response.status
