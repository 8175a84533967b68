"""How well searching finds what people mean: `make eval`, of a running service `make eval URL=http://…`."""

import argparse
import asyncio
import json
import sys
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from app import db, local_content
from app.config import get_settings
from app.local_process import LOOPBACK, LocalError
from app.services import index_sync
from app.services.find_desk import Desk
from app.worker import index_client
from bench.stage import Stage, say
from eval import ladder, report
from eval.evaluate import ALL, Judged, Service, as_json, judge, queries, summary, told
from search.client import SearchClient

HERE = Path(__file__).parent
SETS = {"dev": HERE / "dev_queries.jsonl", "own": HERE / "own_queries.jsonl"}


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make eval", description=__doc__)
    parser.add_argument("--url", help="a running service with the demo data (default: one of our own)")
    parser.add_argument("--show", type=int, default=0, help="print so many questions answered worst")
    parser.add_argument("--json", type=Path, help="write everything to this file")
    parser.add_argument(
        "--same-as", type=Path, help="name the questions answered otherwise than in that file"
    )
    parser.add_argument("--ladder", action="store_true", help="also tell what each part adds")
    parser.add_argument("--write", action="store_true", help="put the result into docs/benchmarks.md")
    given = parser.parse_args()
    if given.url and (given.ladder or given.write):
        parser.error("--ladder and --write need a service of our own: leave --url away")
    return given


def main() -> int:
    """Exit codes: 0 done, 1 a question failed or was answered otherwise, or none was asked, 130 stopped."""
    given = _arguments()
    before = json.loads((HERE / "baseline.json").read_text(encoding="utf-8"))["sets"]
    steps: report.Steps = {}
    try:
        if given.url:
            results = _judged(given.url)
        else:
            with Stage() as stage:
                _fill()
                stage.start_api()
                results = _judged(f"http://{LOOPBACK}:{stage.api_port}")
                if given.ladder or given.write:
                    steps = _climbed(stage)
    except KeyboardInterrupt:
        return 130
    except LocalError as problem:
        sys.stderr.write(f"{problem}\n")
        return 1
    for name, judged in results.items():
        sys.stdout.write(told(name, judged, show=given.show, before=before.get(name)) + "\n\n")
    if steps:
        sys.stdout.write(report.ladder_table(steps) + "\n")
    other = _answered_otherwise(results, given.same_as) if given.same_as else []
    for told_apart in other:
        sys.stdout.write(f"answered otherwise: {told_apart}\n")
    if given.json:
        given.json.write_text(as_json(results), encoding="utf-8")
    if given.write:
        report.write(results, steps, before)
        say(f"Written to {report.PAGE.name}")
    return int(bool(other) or any(one.failed for judged in results.values() for one in judged))


def _answered_otherwise(results: Mapping[str, Sequence[Judged]], earlier: Path) -> list[str]:
    """The questions whose first answers, or their order, are not those that `--json` wrote to the file."""
    before = json.loads(earlier.read_text(encoding="utf-8"))
    found = {one["id"]: one["found"] for name in results for one in before[name]["questions"]}
    return [
        f"{one.id} {one.q}"
        for judged in results.values()
        for one in judged
        if found.get(one.id) != list(one.found)
    ]


def _judged(url: str) -> dict[str, list[Judged]]:
    service = Service(url)
    found = {}
    for name, path in SETS.items():
        say(f"Asking the questions of {path.name} …")
        found[name] = [judge(query, service.ask) for query in queries(path)]
    return found


def _fill() -> None:
    say("Making the schema, loading and indexing the demo data …")
    local_content.prepare()
    refused = local_content.load_demo(lambda _done, _total: None)
    if refused:
        raise LocalError(refused)
    with index_client() as client:
        if client is None:
            raise LocalError("The questions need Meilisearch.")
        index_sync.rebuild(db.session_scope, client, get_settings().index_prefix)


def _climbed(stage: Stage) -> report.Steps:
    say("Climbing the ladder: the same questions with parts switched off …")
    sets = {name: queries(path) for name, path in SETS.items()}

    async def climb() -> report.Steps:
        client = SearchClient(stage.meili_url, stage.meili_key)
        try:
            climbed = await ladder.climb(Desk(client, get_settings().index_prefix, db.read_scope), sets)
        finally:
            await client.close()
        return {
            name: [
                (rung.name, _all([judge(query, partial(_known, ids)) for query, ids in found]))
                for rung, found in zip(ladder.RUNGS, rungs, strict=True)
            ]
            for name, rungs in climbed.items()
        }

    return asyncio.run(climb())


def _known(ids: Sequence[str], _query: Mapping[str, Any]) -> Sequence[str]:
    return ids


def _all(judged: Sequence[Judged]) -> tuple[float, int]:
    row = next(row for row in summary(judged) if row.cls == ALL)
    return row.ndcg, row.wrong


if __name__ == "__main__":
    raise SystemExit(main())
