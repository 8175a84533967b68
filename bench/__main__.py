"""Measure Torg on this machine. A part of it: `make bench ARGS='--documents 5000 --only search'`."""

import argparse
import sys
import time
from collections.abc import Iterable, Iterator

from app import local_content
from app.db import session_scope
from app.local_process import LocalError
from app.services import index_sync
from app.worker import index_client
from bench import freshness, importing, loading, referrals, report, searching, words
from bench.numbers import Figure, table
from bench.stage import Stage, memory_mb, say

CHOICES = ("search", *(part for part in report.PARTS if part != "index"))
IMPORTED = 5000  # listings: also the parents of the crossed ones


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument(
        "--documents", type=int, default=100_000, help="in the big index, and referrals (default: 100000)"
    )
    parser.add_argument(
        "--only",
        default="",
        help=f"parts, with commas between: {', '.join(CHOICES)} (default: all; search: five kinds)",
    )
    parser.add_argument("--write", action="store_true", help="put the figures into docs/benchmarks.md")
    given = parser.parse_args()
    wished = set(given.only.split(",")) if given.only else set(CHOICES)
    if not wished <= set(CHOICES):
        parser.error(f"--only takes {', '.join(CHOICES)}")
    given.only = wished - {"search"} | (set(report.KINDS) if "search" in wished else set())
    if not 1000 <= given.documents <= 1_000_000:
        parser.error("--documents is from 1000 to 1000000")
    return given


def main() -> int:
    """Measure, print, and write when asked. Exit codes: 0 done, 1 it could not be measured, 130 stopped."""
    given = _arguments()
    figures: dict[str, list[Figure]] = {}
    try:
        with Stage() as stage:
            for part, figure in _measure(stage, given.documents, given.only):
                say(f"  {figure.what}: {figure.value}")
                figures.setdefault(part, []).append(figure)
                if given.write:  # what is measured stays, should a later part fail
                    report.write(figures, given.documents)
    except KeyboardInterrupt:
        return 130
    except LocalError as problem:
        sys.stderr.write(f"{problem}\n")
        return 1
    told = [figure for measured in figures.values() for figure in measured]
    sys.stdout.write(table(told) + f"\n\n{report.machine()}\n")
    return 0


def _measure(stage: Stage, documents: int, only: set[str]) -> Iterator[tuple[str, Figure]]:
    """Part and figure, in the order they are measured, so that what is known is seen before the end."""
    say("Making the schema and loading the demo data …")
    local_content.prepare()
    local_content.load_demo(lambda _done, _total: None)
    if "referrals" in only:
        yield from _of("referrals", referrals.measure(stage, documents))
        stage.stop(stage.api)
    if only == {"referrals"}:
        return
    if "fresh" in only:
        yield from _of("fresh", _small(stage))
    imported = importing.measure(stage, min(IMPORTED, documents // 4))
    if "import" in only:
        yield from _of("import", imported)
    if not only <= {"import", "referrals"}:
        yield from _measure_big(stage, documents, only)


def _measure_big(stage: Stage, documents: int, only: set[str]) -> Iterator[tuple[str, Figure]]:
    """What is measured with the big index."""
    yield from _of("index", _filled(documents))
    say("Starting the worker, which compares index and database, and the API …")
    stage.start_worker(roll=False)
    stage.start_api()
    before = _memory(stage, "after the start")
    count = loading.documents()
    for kind in report.KINDS:
        if kind in only:
            yield from _of(kind, searching.measure(stage, kind, count))
    if "words" in only:
        yield from _of("words", words.measure(stage))
    if "fresh" in only:
        yield from _of("fresh", freshness.measure(stage, count))
    if "memory" in only:
        yield from _of("memory", before)
        yield from _of("memory", _memory(stage, "after the load"))


def _of(part: str, figures: Iterable[Figure]) -> Iterator[tuple[str, Figure]]:
    return ((part, figure) for figure in figures)


def _small(stage: Stage) -> list[Figure]:
    with index_client() as client:
        if client is not None:
            index_sync.rebuild(session_scope, client, "bench")
    stage.start_worker(roll=True)
    stage.start_api()
    figures = freshness.measure(stage, loading.documents())
    stage.stop(stage.api)
    stage.stop(stage.worker)
    return figures


def _filled(documents: int) -> list[Figure]:
    say(f"Filling database and index with {documents} documents …")
    loading.cross_until(documents, seed=2)
    began = time.perf_counter()
    count = loading.build_index()
    seconds = time.perf_counter() - began
    return [Figure(f"index built from {count} documents of the database", f"{seconds:.0f} s")]


def _memory(stage: Stage, when: str) -> list[Figure]:
    figures = []
    for name, process in (("API", stage.api), ("worker", stage.worker)):
        resident, shared_out = memory_mb(process)
        figures.append(
            Figure(f"memory of the {name}, {when}", f"RSS {resident:.0f} MB, PSS {shared_out:.0f} MB")
        )
    return figures


if __name__ == "__main__":
    raise SystemExit(main())
