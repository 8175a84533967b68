"""Rows a second of an import, and of the daily refresh of the search documents."""

import time
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import select

from app import db
from app.models import SearchDocument
from app.services import exchange, index_sync, taxonomies
from bench import invented
from bench.numbers import Figure
from bench.stage import Stage, say

REFRESHED = 1000


def measure(stage: Stage, listings: int) -> list[Figure]:
    """Import a file of invented listings, the same file again, and refresh documents of some of them."""
    file = stage.folder / "invented.jsonl"
    with db.read_scope() as session:
        words = taxonomies.vocabulary(session)
    today = datetime.now(ZoneInfo("Europe/Stockholm")).date()
    rows = invented.write(file, listings, words, seed=1, today=today, name="invented")
    figures = []
    for title in ("new", "unchanged"):
        say(f"Import: {rows} rows, all {title} …")
        began = time.perf_counter()
        report = exchange.run_import(file, source="invented")
        seconds = time.perf_counter() - began
        if report.rejected:
            raise RuntimeError(f"An invented row was rejected: {report.rejected[0]}")
        figures.append(Figure(f"import, {title} rows", f"{rows / seconds:.0f} rows a second"))
    with db.session_scope() as session:
        ids = session.scalars(select(SearchDocument.listing_id).limit(REFRESHED)).all()
        began = time.perf_counter()
        index_sync.refresh(session, ids)
        seconds = time.perf_counter() - began
    figures.append(Figure("daily refresh of documents", f"{len(ids) / seconds:.0f} listings a second"))
    return figures
