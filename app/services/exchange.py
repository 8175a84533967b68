"""Bulk import: a file into organisations and listings, in one transaction.

Rows that cannot be taken are reported and the others kept; a crash, a kill or an unreadable file leaves
nothing. The same file again changes nothing.
"""

import gc
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Final

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app.db import engine
from app.models import Municipality
from app.services import exchange_mapping
from app.services.exchange_apply import CHUNK, PUBLISHED_IF_COMPLETE, Applier
from app.services.exchange_export import ExportReport, run_export
from app.services.exchange_mapping import MappingError
from app.services.exchange_merge import Candidate, Merger, RecordType
from app.services.exchange_read import BrokenRow, Row, Unreadable, heading, read
from app.services.exchange_report import ImportReport, Rejected
from app.services.exchange_rows import RowMapper

__all__ = ["ExportReport", "ImportReport", "MappingError", "Unreadable", "run_export", "run_import"]

Progress = Callable[[int, int | None], None]
_TYPES: Final[tuple[RecordType, ...]] = ("organisation", "listing")


def run_import(  # noqa: PLR0913 keyword-only choices of one import
    path: Path,
    *,
    source: str,
    mapping: Path | str | None = None,
    dry_run: bool = False,
    full: bool = False,
    strict: bool = False,
    actor: str = "import",
    progress: Progress | None = None,
    session: Session | None = None,
) -> ImportReport:
    """Import a file and tell what was done to every row.

    Without `mapping` the file is JSON Lines of the exchange format; a mapping is a YAML file or the name of
    a shipped one. `full`: the file is all there is of `source`, so its listings that the file does not name
    are paused; not done when rows were rejected, as their listings would seem gone, nor when it has no
    listing at all, as after a failed download. `strict`: one rejected row and nothing is written.
    `progress` gets (rows done, rows in all or None).

    Raises Unreadable (the file) and MappingError (the mapping), each with one sentence; then, as after any
    other error, nothing is written.
    """
    report = ImportReport(source=source, dry_run=dry_run)
    plan = exchange_mapping.load(mapping) if mapping is not None else None
    with _few_collections(), _transaction(session) as (work, settle):
        # Two imports of one source at the same time would each see the other's rows as missing.
        work.execute(text("SELECT pg_advisory_xact_lock(hashtext(:key))"), {"key": f"import {source}"})
        status = _wished_status(plan)
        applier = Applier(work, report, actor=actor, status=status)
        rows = read(path, plan.options() if plan else None)
        if plan is None:
            _apply(work, applier, _as_format(rows, report), progress, report, total=None, own=session is None)
        else:
            merger = _mapped(work, plan, rows, report, progress)
            found = list(merger.candidates())
            _apply(work, applier, found, progress, report, total=len(found), own=session is None)
        if full and report.rejected:
            report.warned.add(
                "rows were rejected, so nothing was paused: correct them and run again", None, None
            )
        elif full and not applier.saw_listing:
            report.warned.add(
                "the file has no listing, so nothing was paused: look whether it came whole", None, None
            )
        elif full:
            applier.pause_vanished()
        report.rejected.sort(key=lambda one: (one.sheet or "", one.row or 0))
        report.written = not dry_run and not (strict and report.rejected)
        settle(report.written)
    return report


@contextmanager
def _few_collections() -> Iterator[None]:
    """Look for unreachable cycles seldom: measured on 4 000 rows, a quarter of the processor's time."""
    before = gc.get_threshold()
    gc.set_threshold(100_000, 50, 50)
    try:
        yield
    finally:
        gc.set_threshold(*before)


@contextmanager
def _transaction(session: Session | None) -> Iterator[tuple[Session, Callable[[bool], None]]]:
    """A session and `settle(keep)`. A given session is worked on within a savepoint."""
    if session is not None:
        nested = session.begin_nested()
        try:
            yield session, lambda keep: nested.commit() if keep else nested.rollback()
        except BaseException:
            nested.rollback()
            raise
        return
    with Session(engine(), expire_on_commit=False) as own, own.begin() as outer:

        def settle(keep: bool) -> None:
            if not keep:
                outer.rollback()

        yield own, settle


def _wished_status(plan: exchange_mapping.Mapping | None) -> str:
    parts = [table.listing for table in plan.tables if table.listing] if plan else []
    return parts[0].status if parts else PUBLISHED_IF_COMPLETE


def _apply(
    session: Session,
    applier: Applier,
    candidates: Iterable[Candidate],
    progress: Progress | None,
    report: ImportReport,
    *,
    total: int | None,
    own: bool,
) -> None:
    done, rest = 0, iter(candidates)
    while chunk := list(islice(rest, CHUNK)):
        applier.apply(chunk)
        done += len(chunk)
        if own:
            session.expunge_all()  # else every record of a large file would stay in memory
        if progress is not None:
            progress(done if total is not None else report.rows, total)


def _as_format(rows: Iterable[Row | BrokenRow], report: ImportReport) -> Iterator[Candidate]:
    for row in rows:
        report.rows += 1
        if isinstance(row, BrokenRow):
            report.broken(row)
            continue
        kind = row.values.get("type")
        record_type = next((t for t in _TYPES if t == kind), None)
        if record_type is None:
            report.rejected.append(
                Rejected(row.sheet, row.number, "/type", "text", "should be organisation or listing")
            )
            continue
        yield Candidate(record_type, row.sheet, row.number, row.values)


def _mapped(
    session: Session,
    plan: exchange_mapping.Mapping,
    rows: Iterable[Row | BrokenRow],
    report: ImportReport,
    progress: Progress | None,
) -> Merger:
    mapper = RowMapper(plan, report.warned, municipality_names(session))
    merger = Merger(report.warned)
    for row in rows:
        report.rows += 1
        if isinstance(row, BrokenRow):
            report.broken(row)
            continue
        made = mapper.records(row)
        report.rejected.extend(made.rejected)
        if made.rejected:
            report.counts["organisation" if plan.makes_organisations(row.sheet) else "listing"].rejected += 1
        for kind, record in (("organisation", made.organisation), ("listing", made.listing)):
            if record is not None:
                merger.add(
                    Candidate(
                        "organisation" if kind == "organisation" else "listing", row.sheet, row.number, record
                    )
                )
        if progress is not None and report.rows % CHUNK == 0:
            progress(report.rows, None)
    return merger


def municipality_names(session: Session) -> dict[str, str]:
    """Name of a kommun, short and long, as `heading` gives it → its code."""
    return {
        heading(name): row.code
        for row in session.scalars(select(Municipality))
        for name in (row.name, row.name_short)
    }
