"""Everything out again: JSON Lines of the exchange format, organisations first, streamed."""

import os
from collections.abc import Callable, Collection, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final

import orjson
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.db import read_scope
from app.models import Listing, Organisation
from app.services import listings, organisations, venues

_CHUNK: Final = 500
Progress = Callable[[int, int | None], None]


@dataclass
class ExportReport:
    organisations: int = 0
    listings: int = 0


def run_export(
    out: BinaryIO | Path,
    *,
    organisation: str | None = None,
    statuses: Collection[str] | None = ("published",),
    public: bool = True,
    progress: Progress | None = None,
    session: Session | None = None,
) -> ExportReport:
    """Write organisations and listings. `statuses` None: all of them.

    `public` shows of every venue only what its visibility lets out. With `public=False` nothing is
    left out and each listing carries its `status`: the operator's lossless backup.
    """
    report = ExportReport()
    with ExitStack() as stack:
        source = session or stack.enter_context(read_scope())
        # A backup tells protected addresses: a new file of it is its owner's alone.
        mode = 0o666 if public else 0o600
        stream = (
            stack.enter_context(open(out, "wb", opener=lambda name, flags: os.open(name, flags, mode)))
            if isinstance(out, Path)
            else out
        )
        for record in _organisations(source, organisation):
            stream.write(orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE))
            report.organisations += 1
        for entry in _listings(source, organisation, statuses):
            stream.write(orjson.dumps(_told(entry, public=public), option=orjson.OPT_APPEND_NEWLINE))
            report.listings += 1
            if progress and report.listings % _CHUNK == 0:
                progress(report.organisations + report.listings, None)
    return report


def _organisations(session: Session, external_id: str | None) -> Iterator[dict[str, Any]]:
    query = select(Organisation).order_by(Organisation.id)
    if external_id is not None:
        query = query.where(Organisation.external_id == external_id)
    for entry in session.scalars(query.execution_options(yield_per=_CHUNK)):
        yield organisations.to_exchange(entry)


def _listings(
    session: Session, organisation: str | None, statuses: Collection[str] | None
) -> Iterator[Listing]:
    query = select(Listing).order_by(Listing.id).options(*listings.WHOLE)
    if organisation is not None:
        query = query.join(Organisation, Listing.organisation_id == Organisation.id).where(
            Organisation.external_id == organisation
        )
    if statuses is not None:
        query = query.where(Listing.status.in_(statuses))
    yield from session.scalars(query.execution_options(yield_per=_CHUNK))


def _told(listing: Listing, *, public: bool) -> dict[str, Any]:
    if public:
        return venues.public_listing(listings.to_record(listing))
    return listings.to_exchange(listing) | {"status": listing.status}
