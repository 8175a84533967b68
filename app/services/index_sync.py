"""The index follows the database: rows of `search_document` with each change, Meilisearch after them."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Executable, Text, bindparam, delete, func, literal_column, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session, joinedload, selectinload

from app.errors import Conflict
from app.models import Listing, ListingVenue, SearchDocument
from app.services import documents
from app.services.freshness import is_too_old
from app.services.taxonomies import vocabulary
from app.services.wall_clock import today
from search import rebuild as index_rebuild
from search.client import IndexClient, SearchUnavailable
from search.rebuild import BATCH, live_uid
from search.settings import index_settings
from search.words import fold, stems

# Advisory locks: one rebuild at a time; live changes wait while the indexes are swapped.
_REBUILDING, _SWAPPING = 7_209_101, 7_209_102
_REFRESH_BATCH = 500

Scope = Callable[[], AbstractContextManager[Session]]


@dataclass
class AuditReport:
    """Ids of documents that Meilisearch lacks, has in an older form, or should not have."""

    missing: list[str] = field(default_factory=list)
    stale: list[str] = field(default_factory=list)
    surplus: list[str] = field(default_factory=list)

    @property
    def clean(self) -> bool:
        return not (self.missing or self.stale or self.surplus)

    def __len__(self) -> int:
        return len(self.missing) + len(self.stale) + len(self.surplus)


def ensure(client: IndexClient, prefix: str) -> None:
    """Make the live index, empty, when there is none."""
    if not client.exists(live_uid(prefix)):
        client.create(live_uid(prefix), index_settings())


def refresh(session: Session, listing_ids: Iterable[UUID], *, on: date | None = None) -> int:
    """Bring the rows of these listings up to date; returns how many documents were written.

    Published listings that are not over and were confirmed within 18 months have documents, others none.
    """
    wanted = list(dict.fromkeys(listing_ids))
    day = on or today()
    session.flush()
    # Whoever changes a listing holds its row: without waiting for it an older state could be written last.
    session.execute(select(Listing.id).where(Listing.id.in_(wanted)).order_by(Listing.id).with_for_update())
    listings = session.scalars(
        select(Listing)
        .where(Listing.id.in_(wanted), Listing.status == "published")
        .options(
            joinedload(Listing.organisation),
            selectinload(Listing.category_links),
            selectinload(Listing.audience_links),
            selectinload(Listing.language_links),
            selectinload(Listing.venue_links).joinedload(ListingVenue.venue),
        )
        .execution_options(populate_existing=True)
    ).all()
    terms = vocabulary(session)
    rows = [
        _row(listing.id, document.body())
        for listing in listings
        if not is_too_old(listing.confirmed_on, day) and not documents.has_ended(listing, day)
        for document in documents.build(listing, today=day, vocabulary=terms)
    ]
    kept = [row["id"] for row in rows]
    session.execute(
        delete(SearchDocument).where(SearchDocument.listing_id.in_(wanted), SearchDocument.id.not_in(kept))
    )
    if rows:
        session.execute(_UPSERT, rows)
    return len(rows)


def refresh_all(scope: Scope, progress: Callable[[int], None] | None = None) -> int:
    """Refresh every listing, batch by batch, each in its own transaction; to be done daily: horizons roll."""
    done, written = 0, 0
    last: UUID | None = None
    while True:
        with scope() as session:
            query = select(Listing.id).order_by(Listing.id).limit(_REFRESH_BATCH)
            ids = session.scalars(query if last is None else query.where(Listing.id > last)).all()
            if not ids:
                return written
            written += refresh(session, ids)
        last = ids[-1]
        done += len(ids)
        if progress is not None:
            progress(done)


def reconcile(session: Session, client: IndexClient, prefix: str, listing_ids: Iterable[UUID]) -> None:
    """Make Meilisearch hold just the documents of these listings, and see that it does.

    Raises SearchUnavailable or TaskFailed; the job is then to be tried again.
    """
    ids = list(dict.fromkeys(listing_ids))
    session.execute(text("SELECT pg_advisory_xact_lock_shared(:key)"), {"key": _SWAPPING})
    uid = live_uid(prefix)
    ensure(client, prefix)
    for _ in range(3):
        expected = hashes(session, ids)
        report = _compare(expected, client.hashes(uid, [str(one) for one in ids]))
        if report.clean:
            return
        _fix(session, client, uid, report)
    raise SearchUnavailable("the index does not take the documents")


def audit(session: Session, client: IndexClient, prefix: str, *, fix: bool = False) -> AuditReport:
    """Compare the whole index with the database; with `fix`, mend what differs.

    With `fix` live indexing waits until the session's transaction ends: what it puts in between the two
    readings would be taken for surplus.
    """
    if fix:
        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _SWAPPING})
    ensure(client, prefix)
    report = _audit(session, client, live_uid(prefix))
    if fix:
        _fix(session, client, live_uid(prefix), report)
    return report


def rebuild(
    scope: Scope, client: IndexClient, prefix: str, progress: Callable[[int], None] | None = None
) -> int:
    """Build the index anew beside the live one and put it in its place; returns the number of documents.

    Documents are built anew first. Changes made meanwhile are found by comparing the new index with the
    database, the last time while live indexing waits. Raises SearchUnavailable, TaskFailed, or
    Conflict when another rebuild is running.
    """
    with scope() as keeper:
        if not keeper.scalar(select(func.pg_try_advisory_xact_lock(_REBUILDING))):
            raise Conflict("Another rebuild is running.")
        refresh_all(scope)

        def catch_up(uid: str) -> int:
            with scope() as session:
                report = _audit(session, client, uid)
                _fix(session, client, uid, report)
            return len(report)

        @contextmanager
        def standstill() -> Iterator[None]:
            with scope() as session:
                session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _SWAPPING})
                yield

        with scope() as reader:
            return index_rebuild.rebuild(
                client, prefix, _bodies(reader), catch_up=catch_up, standstill=standstill, progress=progress
            )


def _upsert() -> Executable:
    simple: ColumnElement[Any] = literal_column("'simple'::regconfig")
    parts = [
        func.setweight(func.to_tsvector(simple, bindparam(name, type_=Text)), literal_column(f"'{weight}'"))
        for name, weight in zip(
            ("title_words", "label_words", "name_words", "body_words"), "ABCD", strict=True
        )
    ]
    searchable: ColumnElement[Any] = parts[0]
    for part in parts[1:]:
        searchable = searchable.op("||")(part)
    statement = insert(SearchDocument).values(
        id=bindparam("id"), listing_id=bindparam("listing_id"), body=bindparam("body"), searchable=searchable
    )
    return statement.on_conflict_do_update(
        index_elements=["id"],
        set_={"body": statement.excluded.body, "searchable": statement.excluded.searchable},
        where=SearchDocument.body["content_hash"].astext != statement.excluded.body["content_hash"].astext,
    )


_UPSERT = _upsert()


def _row(listing_id: UUID, body: dict[str, Any]) -> dict[str, Any]:
    """The words go in as folded stems, the same that a query is turned into; the title weighs most."""
    named = (body["organisation_name"], *body["place_names"], *body["title_i18n"].values())
    return {
        "id": body["id"],
        "listing_id": listing_id,
        "body": body,
        "title_words": _folded(" ".join(stems(body["title"]))),
        "label_words": _folded(" ".join((body["stems"], *body["labels"]))),
        "name_words": _folded(" ".join((*named, *stems(" ".join(named))))),
        "body_words": _folded(body["stems_body"]),
    }


def _folded(words: str) -> str:
    return " ".join(fold(word) for word in words.split())


def hashes(session: Session, ids: Sequence[UUID] | None = None) -> dict[str, str]:
    """Document id → content hash as they should be, of some listings or of all."""
    query = select(SearchDocument.id, SearchDocument.body["content_hash"].astext)
    if ids is not None:
        query = query.where(SearchDocument.listing_id.in_(ids))
    return {row[0]: row[1] for row in session.execute(query)}


def _compare(expected: dict[str, str], seen: dict[str, str]) -> AuditReport:
    return AuditReport(
        missing=sorted(expected.keys() - seen.keys()),
        stale=sorted(one for one in expected.keys() & seen.keys() if expected[one] != seen[one]),
        surplus=sorted(seen.keys() - expected.keys()),
    )


def _audit(session: Session, client: IndexClient, uid: str) -> AuditReport:
    return _compare(hashes(session), client.hashes(uid))


def _fix(session: Session, client: IndexClient, uid: str, report: AuditReport) -> None:
    wanted = report.missing + report.stale
    for start in range(0, len(wanted), BATCH):
        ids = wanted[start : start + BATCH]
        bodies = session.scalars(select(SearchDocument.body).where(SearchDocument.id.in_(ids))).all()
        client.post(uid, bodies)
    client.delete(uid, report.surplus)


def _bodies(session: Session) -> Iterator[dict[str, Any]]:
    query = select(SearchDocument.body).order_by(SearchDocument.id).execution_options(yield_per=BATCH)
    yield from session.scalars(query)
