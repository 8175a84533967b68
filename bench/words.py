"""What words cost: reading a question, suggesting while one types, and full text without Meilisearch."""

import asyncio
import http.client
import time
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from urllib.parse import quote
from zoneinfo import ZoneInfo

import orjson

from app import db
from app.config import get_settings
from app.local_process import LOOPBACK
from app.services import find_fallback
from app.services.find_desk import Desk
from bench.letters import LETTERS
from bench.numbers import Figure, median, ms, percentile
from bench.searching import sentences
from bench.stage import Stage, say
from search.client import SearchClient
from search.pool import Probe
from search.queries import sent_text
from search.rebuild import live_uid
from search.understanding.chain import understand
from search.wishes import wishes_of

ROUNDS = 5
LONGEST = 2000
TYPED = (
    *("s", "sp", "språk", "språkcaf", "sprakcfe", "prom", "promenadg", "anhö", "läxh", "sor", "fika", "kör"),
    *("Malm", "Götebrog", "södra san", "farst", "walk", "language c", "kielik", "мовн", "مقهى", "prata sv"),
)
TEXTS = (
    "språkcafé",
    "promenad",
    "kaffe",
    "läxhjälp",
    "musik för nybörjare",
    "sticka",
    "schack",
    "samtal i grupp",
)


def measure(stage: Stage) -> Iterator[Figure]:
    """Reading alone, suggestions through the API, and the same words to Meilisearch and to PostgreSQL."""
    yield from _reading()
    yield from _suggesting(stage)
    yield _full_text(stage)


def _times(work: Callable[[str], object], texts: Iterable[str]) -> list[float]:
    """Seconds of each text; a first round, which fills the caches of words, is not counted."""
    asked = list(texts)
    taken: list[float] = []
    for turn in range(1 + ROUNDS):
        for text in asked:
            began = time.perf_counter()
            work(text)
            if turn:
                taken.append(time.perf_counter() - began)
    return taken


def _figure(what: str, taken: list[float], aim: str = "") -> Figure:
    return Figure(what, f"median {ms(median(taken))}, p99 {ms(percentile(taken, 0.99))}", aim)


def _reading() -> Iterator[Figure]:
    say("Reading questions …")
    known = Desk(None, get_settings().index_prefix, db.read_scope).load()  # as the service keeps it
    now = datetime.now(ZoneInfo("Europe/Stockholm"))

    def read(text: str) -> None:
        question = understand(text, now=now, lexicon=known.lexicon, places=known.book)
        wishes_of(question, known.lexicon, known.book)

    asked = sentences()
    yield _figure("reading a question of the evaluation", _times(read, asked), "median at most 2 ms")
    letters = [letter[:LONGEST] for letter in LETTERS]
    yield _figure(f"reading a letter of {LONGEST} characters", _times(read, letters), "median at most 10 ms")
    long = [" ".join(asked[start:])[:LONGEST] for start in range(0, len(asked) - 100, 20)]
    what = f"reading {LONGEST} characters of questions in nine languages, one after another"
    yield _figure(what, _times(read, long), "median at most 10 ms")


def _suggesting(stage: Stage) -> Iterator[Figure]:
    say("Suggestions …")
    connection = http.client.HTTPConnection(LOOPBACK, stage.api_port, timeout=30)

    def suggest(text: str) -> None:
        connection.request("GET", f"/api/v1/suggest?q={quote(text)}")
        response = connection.getresponse()
        answer = orjson.loads(response.read())
        if response.status != http.client.OK or answer["degraded"]:
            raise RuntimeError(f"A suggestion was answered {response.status}")

    yield _figure("suggestions, one connection", _times(suggest, TYPED), "median under 10 ms")
    connection.close()


def _full_text(stage: Stage) -> Figure:
    """The first 20 of all that hold the words, asked of both stores in this process."""
    say("Full text in PostgreSQL …")
    probes = {text: Probe(sent_text(text), limit=20, strategy="all") for text in TEXTS}

    def of_database(text: str) -> None:
        with db.read_scope() as session:
            find_fallback.results(session, [probes[text]])

    with asyncio.Runner() as runner:
        client = SearchClient(stage.meili_url, stage.meili_key)
        uid = live_uid(get_settings().index_prefix)

        def of_index(text: str) -> None:
            runner.run(client.multi_search([probes[text].asked(uid)]))

        one, other = _times(of_database, TEXTS), _times(of_index, TEXTS)
        runner.run(client.close())
    times = median(one) / median(other)
    value = f"PostgreSQL {ms(median(one))}, Meilisearch {ms(median(other))}: {times:.1f} times"
    return Figure("words alone, first 20, median", value)
