"""Searches through the API beside the very same questions put straight to Meilisearch."""

# ruff: noqa: S311 - chance without secrets
import asyncio
import http.client
import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from threading import Thread
from typing import Any
from urllib.parse import urlencode, urlsplit

import orjson

from app import db
from app.config import get_settings
from app.local_process import LOOPBACK
from app.schemas.search import SearchRequest
from app.services import find, taxonomies
from app.services.find_desk import Desk
from app.services.taxonomies import Vocabulary
from bench.numbers import Figure, median, ms, percentile
from bench.stage import Stage, say
from search.client import SearchClient

QUESTIONS = 60
ROUNDS = 10
WARM_UP = 2  # rounds that are not counted
CONNECTIONS = 8
LOAD_SECONDS = 4.0  # of each side in each of LOAD_ROUNDS
LOAD_ROUNDS = 3
FACETS = ("category", "audience", "municipality", "language", "cost")
AIM, LOAD_AIM = 1.25, 0.85
EVAL = Path(__file__).resolve().parent.parent / "eval"


@dataclass(frozen=True)
class Question:
    """A search as the API is asked it, and what it then asks Meilisearch, a body for each round trip."""

    path: str
    bodies: tuple[bytes, ...]
    total: int


@dataclass
class Side:
    """One of the two that are compared: its requests, and the seconds each took."""

    name: str
    host: str
    port: int
    requests: list[list[tuple[str, str, bytes | None]]]
    headers: dict[str, str]
    seconds: list[float] = field(default_factory=list)
    per_second: list[float] = field(default_factory=list)

    def connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection(self.host, self.port, timeout=30)

    def ask(self, connection: http.client.HTTPConnection, number: int) -> None:
        for method, path, body in self.requests[number]:
            connection.request(method, path, body, self.headers)
            response = connection.getresponse()
            response.read()
            if response.status != http.client.OK:
                raise RuntimeError(f"{self.name} answered {response.status}")


class _Recorder(SearchClient):
    """A client that keeps what it sends."""

    def __init__(self, url: str, key: str) -> None:
        super().__init__(url, key)
        self.sent: list[bytes] = []

    async def multi_search(self, queries: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        self.sent.append(orjson.dumps({"queries": queries}))
        return await super().multi_search(queries)


KINDS = {
    "text": "text alone",
    "filters": "text, 3 filters and 5 facets",
    "sentence": "a question in a sentence",
    "geo": "near a point, by distance",
    "few": "a question with relaxations",
}


def measure(stage: Stage, kind: str, documents: int) -> Iterator[Figure]:
    """A kind of question, one at a time and under load, through the API and straight to Meilisearch."""
    title = KINDS[kind]
    say(f"Search: {title}, {ROUNDS} rounds of up to {QUESTIONS} on {documents} documents …")
    questions = asyncio.run(_questions(stage, kind))
    asked = sum(len(question.bodies) for question in questions) / len(questions)
    hits = sorted(question.total for question in questions)
    say(f"  {len(questions)} questions, hits {hits[0]} to {hits[-1]}, {asked:.1f} round trips each")
    api, raw = _sides(stage, questions)
    _alternate(api, raw)
    yield from _figures(title, api, raw)
    _load(api, raw)
    one, other = median(api.per_second), median(raw.per_second)
    label = f"requests a second, {CONNECTIONS} connections, {title}"
    yield Figure(
        label,
        f"API {one:.0f}, Meilisearch {other:.0f}: {one / other:.2f} times as many",
        f"at least {LOAD_AIM}",
    )


def _figures(title: str, api: Side, raw: Side) -> list[Figure]:
    rows = []
    for name, share in (("median", 0.5), ("p99", 0.99)):
        if share == 0.5:
            one, other = median(api.seconds), median(raw.seconds)
        else:
            one, other = percentile(api.seconds, share), percentile(raw.seconds, share)
        aim = f"median at most {AIM} times Meilisearch" if share == 0.5 else ""
        value = f"API {ms(one)}, Meilisearch {ms(other)}: {one / other:.2f} times"
        rows.append(Figure(f"search, {title}, {name}", value, aim))
    added = median([one - other for one, other in zip(api.seconds, raw.seconds, strict=True)])
    rows.append(Figure(f"search, {title}, what the API adds (median of pairs)", ms(added)))
    return rows


async def _questions(stage: Stage, kind: str) -> list[Question]:
    """Different ones with a hit each; a first run through the service's code records what it sends."""
    client = _Recorder(stage.meili_url, stage.meili_key)
    desk = Desk(client, get_settings().index_prefix, db.read_scope)
    found: dict[str, Question] = {}
    try:
        for wishes in _wishes(kind, Random(7)):
            client.sent.clear()
            request = SearchRequest.model_validate(wishes)
            answer = await find.answer(desk, request, languages=[], clock=datetime.now(UTC))
            if answer["degraded"]:
                raise RuntimeError("Meilisearch did not answer while the questions were made")
            path = "/api/v1/search?" + urlencode(wishes, doseq=True)
            if answer["items"] and bool(answer["relaxations"]) == (kind == "few"):
                found[path] = Question(path, tuple(client.sent), answer["total"])
            if len(found) == QUESTIONS:
                break
    finally:
        await client.close()
    if not found:
        raise RuntimeError(f"There are no questions of the kind {kind}.")
    return list(found.values())


def sentences() -> list[str]:
    """Questions of the evaluation, as people ask them."""
    return [
        json.loads(line)["q"]
        for path in sorted(EVAL.glob("*_queries.jsonl"))
        for line in path.read_text(encoding="utf-8").splitlines()
    ]


def _wishes(kind: str, chance: Random) -> Iterator[dict[str, Any]]:
    """Wishes of a kind, more than are needed."""
    with db.read_scope() as session:
        words = taxonomies.vocabulary(session)
    told = [sentence for sentence in sentences() if " " in sentence]
    kommuner = list(words.municipalities.values())
    for _ in range(QUESTIONS * 20):
        match kind:
            case "text":
                yield {"q": chance.choice(_texts(words))}
            case "filters":
                yield {"q": chance.choice(_texts(words)), **_filters(words, chance), "facets": list(FACETS)}
            case "sentence":
                yield {"q": chance.choice(told)}
            case "geo":
                kommun = chance.choices(kommuner, [one.population or 10_000 for one in kommuner])[0]
                near = f"{kommun.lat:.4f},{kommun.lon:.4f}"
                yield {"near": near, "radius_km": chance.choice((10, 20, 40)), "sort": "distance"}
            case _:
                kommun = chance.choice(kommuner)
                yield {"q": f"{chance.choice(told)} i {kommun.name_short}", **_filters(words, chance)}


def _texts(words: Vocabulary) -> list[str]:
    leaves = [term.sv for term in words.categories.values() if not term.children]
    return [*leaves, "kaffe", "promenad", "söndagar", "nybörjare", "schack musik", "sticka", "i höst"]


def _filters(words: Vocabulary, chance: Random) -> dict[str, Any]:
    counties = [county.code for county in words.counties.values()]
    tops = [term.id for term in words.categories.values() if term.children]
    kinds: list[tuple[str, Any]] = [
        ("free", "true"),
        ("county", chance.sample(counties, 3)),
        ("category", [chance.choice(tops)]),
        ("language", [chance.choice(("ar", "en", "fi", "so", "sv"))]),
        ("fact", [chance.choice(("drop_in", "wheelchair_accessible", "free_food"))]),
        ("age", chance.choice((17, 25, 40, 70))),
        ("weekday", [chance.choice(("tu", "th", "sa", "su"))]),
    ]
    return dict(chance.sample(kinds, 3))


def _sides(stage: Stage, questions: list[Question]) -> tuple[Side, Side]:
    meili = urlsplit(stage.meili_url)
    api = Side(
        "The API", LOOPBACK, stage.api_port, [[("GET", one.path, None)] for one in questions], headers={}
    )
    raw = Side(
        "Meilisearch",
        meili.hostname or LOOPBACK,
        meili.port or 0,
        [[("POST", "/multi-search", body) for body in one.bodies] for one in questions],
        {"Authorization": f"Bearer {stage.meili_key}", "Content-Type": "application/json"},
    )
    return api, raw


def _alternate(api: Side, raw: Side) -> None:
    """A B, then B A, and so on, so that neither side always finds warm what the other has just asked."""
    for turn in range(WARM_UP + ROUNDS):
        for side in (api, raw) if turn % 2 == 0 else (raw, api):
            connection = side.connect()  # anew: while the other was asked, a server may have closed it
            side.ask(connection, 0)
            for number in range(len(side.requests)):
                began = time.perf_counter()
                side.ask(connection, number)
                if turn >= WARM_UP:
                    side.seconds.append(time.perf_counter() - began)
            connection.close()


def _load(api: Side, raw: Side) -> None:
    for turn in range(LOAD_ROUNDS):
        for side in (api, raw) if turn % 2 == 0 else (raw, api):
            side.per_second.append(_under_load(side))


def _under_load(side: Side) -> float:
    done = [0] * CONNECTIONS
    failed: list[BaseException] = []
    began = time.perf_counter()

    def work(lane: int) -> None:
        connection = side.connect()
        number = lane * 7
        try:
            while time.perf_counter() - began < LOAD_SECONDS:
                side.ask(connection, number % len(side.requests))
                number += 1
                done[lane] += 1
        except (OSError, RuntimeError, http.client.HTTPException) as error:
            failed.append(error)
        finally:
            connection.close()

    threads = [Thread(target=work, args=(lane,), daemon=True) for lane in range(CONNECTIONS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failed:
        raise RuntimeError(f"{side.name} failed under load") from failed[0]
    return sum(done) / (time.perf_counter() - began)
