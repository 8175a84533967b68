"""Ask a running Torg questions whose right answers are known, and say how well it answers.

    python eval/evaluate.py http://127.0.0.1:8000 eval/dev_queries.jsonl [--show 20] [--json FILE]

A line of a set: id, class, q, perhaps as_of and params (other wishes); `relevant`: external id → 3 just what
was meant, 2 good, 1 acceptable; `must_not`: wrong or harmful among the first ten. Standard library only.
"""

import argparse
import http.client
import json
import math
import statistics
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

FIRST = 10  # answers that are judged
GOOD = 2
ALL = "ALL"
PATH = "/api/v1/search"
Ask = Callable[[Mapping[str, Any]], Sequence[str]]


@dataclass(frozen=True)
class Judged:
    """One question with what was found. `recall` of the good ones; `first`: 1 / rank of its first one."""

    id: str
    cls: str
    q: str
    ndcg: float
    recall: float
    first: float
    wrong: tuple[str, ...]
    found: tuple[str, ...]
    ms: float
    failed: str = ""


@dataclass(frozen=True)
class Row:
    """The means of a class, the sums of wrong and empty answers."""

    cls: str
    n: int
    ndcg: float
    recall: float
    mrr: float
    wrong: int
    empty: int


def queries(path: Path) -> list[dict[str, Any]]:
    """The questions of a set."""
    with path.open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines if line.strip()]


def wishes(query: Mapping[str, Any]) -> dict[str, Any]:
    """What the service is asked, as parameters of a search."""
    asked = {"q": query["q"], "limit": FIRST, **query.get("params", {})}
    return asked | ({"as_of": query["as_of"]} if query.get("as_of") else {})


def ndcg(found: Sequence[str], relevant: Mapping[str, int]) -> float:
    """0..1; 1 where nothing is relevant."""

    def gain(grades: Iterable[int]) -> float:
        return sum((2.0**grade - 1) / math.log2(rank + 2) for rank, grade in enumerate(grades))

    best = gain(sorted(relevant.values(), reverse=True)[:FIRST])
    return gain(relevant.get(one, 0) for one in found[:FIRST]) / best if best else 1.0


def judge(query: Mapping[str, Any], ask: Ask) -> Judged:
    """Ask one question. An answer that fails finds nothing."""
    began = time.perf_counter()
    failed = ""
    try:
        found = tuple(ask(query))[:FIRST]
    except (OSError, ValueError, KeyError, http.client.HTTPException) as error:
        found, failed = (), f"{type(error).__name__}: {error}"
    took = time.perf_counter() - began
    relevant = query["relevant"]
    good = [one for one, grade in relevant.items() if grade >= GOOD]
    return Judged(
        id=query["id"],
        cls=query.get("class", ""),
        q=query["q"],
        ndcg=ndcg(found, relevant),
        recall=sum(one in found for one in good) / min(len(good), FIRST) if good else 1.0,
        first=next((1 / (rank + 1) for rank, one in enumerate(found) if one in good), 0.0) if good else 1.0,
        wrong=tuple(one for one in found if one in query.get("must_not", ())),
        found=found,
        ms=took * 1000,
        failed=failed,
    )


def summary(judged: Sequence[Judged]) -> list[Row]:
    """A row for each class, and one for all."""
    groups: dict[str, list[Judged]] = defaultdict(list)
    for one in judged:
        groups[one.cls].append(one)
    return [_row(name, group) for name, group in sorted(groups.items())] + [_row(ALL, judged)]


def _row(name: str, group: Sequence[Judged]) -> Row:
    return Row(
        name,
        len(group),
        statistics.fmean(one.ndcg for one in group),
        statistics.fmean(one.recall for one in group),
        statistics.fmean(one.first for one in group),
        sum(len(one.wrong) for one in group),
        sum(not one.found for one in group),
    )


def table(rows: Sequence[Row], before: Mapping[str, float] | None = None) -> str:
    """The rows as a Markdown table; `before`: an earlier NDCG by class, in a column of its own."""
    known = before or {}
    head = ["class", "n", "NDCG@10", *(["before"] if known else []), "recall", "MRR", "wrong", "empty"]
    lines = [head, ["---", *(["---:"] * (len(head) - 1))]]
    for row in rows:
        earlier = [f"{known[row.cls]:.3f}" if row.cls in known else ""] if known else []
        figures = [f"{row.ndcg:.3f}", *earlier, f"{row.recall:.3f}", f"{row.mrr:.3f}"]
        lines.append([row.cls, str(row.n), *figures, str(row.wrong), str(row.empty)])
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    return "\n".join(
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) + " |"
        for line in lines
    )


def worst(judged: Sequence[Judged], count: int) -> str:
    """The questions answered worst, a line each; a wrong answer weighs half."""
    ordered = sorted(judged, key=lambda one: one.ndcg - 0.5 * len(one.wrong))[:count]
    return "\n".join(
        f"{one.ndcg:.2f} {one.id} {one.q!r}: {one.failed or ', '.join(one.found[:5]) or 'nothing'}"
        + (f"; wrong: {', '.join(one.wrong)}" if one.wrong else "")
        for one in ordered
    )


class Service:
    """A running Torg, asked over one connection that is kept alive."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        made = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        self._connection = made(parts.hostname or "", parts.port, timeout=30)

    def ask(self, query: Mapping[str, Any]) -> list[str]:
        """External ids in the order of the answer. Raises OSError, ValueError or HTTPException."""
        try:
            self._connection.request("GET", f"{PATH}?{urlencode(wishes(query), doseq=True)}")
            response = self._connection.getresponse()
            body = response.read()
        except (OSError, http.client.HTTPException):
            self._connection.close()
            raise
        if response.status != http.client.OK:
            raise ValueError(f"answered {response.status}")
        return [item["external_id"] for item in json.loads(body)["items"]]


def told(name: str, judged: Sequence[Judged], *, show: int, before: Mapping[str, float] | None = None) -> str:
    """A set's result for reading."""
    middle = statistics.median(one.ms for one in judged)
    failed = sum(bool(one.failed) for one in judged)
    parts = [
        f"{name}: {len(judged)} questions, median answer {middle:.1f} ms"
        + (f", {failed} failed" if failed else ""),
        table(summary(judged), before),
        worst(judged, show) if show else "",
    ]
    return "\n".join(part for part in parts if part)


def as_json(sets: Mapping[str, Sequence[Judged]]) -> str:
    """Every set, class and question."""
    return json.dumps(
        {
            name: {
                "classes": [asdict(row) for row in summary(judged)],
                "questions": [asdict(one) for one in judged],
            }
            for name, judged in sets.items()
        },
        ensure_ascii=False,
        indent=1,
    )


def main() -> int:
    """Exit code 1: a question was not answered."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("url")
    parser.add_argument("sets", nargs="+", type=Path)
    parser.add_argument("--show", type=int, default=0, help="print so many questions answered worst")
    parser.add_argument("--json", type=Path, help="write everything to this file")
    given = parser.parse_args()
    service = Service(given.url)
    results = {path.stem: [judge(query, service.ask) for query in queries(path)] for path in given.sets}
    for name, judged in results.items():
        sys.stdout.write(told(name, judged, show=given.show) + "\n\n")
    if given.json:
        given.json.write_text(as_json(results), encoding="utf-8")
    return int(any(one.failed for judged in results.values() for one in judged))


if __name__ == "__main__":
    raise SystemExit(main())
