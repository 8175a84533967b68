"""Records into the database, a chunk at a time: existing ones fetched together, the index told together."""

from collections.abc import Iterable, Sequence
from typing import Any, Final, cast, get_args
from uuid import UUID

from pydantic import ValidationError
from sqlalchemy import select, tuple_
from sqlalchemy.exc import DataError, IntegrityError
from sqlalchemy.orm import Session

from app.errors import AppError
from app.models import AuditRow, Listing, Organisation, Venue
from app.schemas.listing import ListingIn
from app.schemas.organisation import OrganisationIn
from app.services import audit, index_sync, listings, organisations, outbox, publishing, venues
from app.services.exchange_merge import Candidate
from app.services.exchange_report import ImportReport, Rejected
from app.services.exchange_values import value_class
from app.services.listing_status import ALLOWED, Status, transition

CHUNK: Final = 500
PUBLISHED_IF_COMPLETE: Final = "published_if_complete"
_VANISHED: Final = "vanished"  # the audit's word for a listing that its source no longer has


class Applier:
    """Saves candidates of one import. `status` is the wish for listings that do not carry their own."""

    def __init__(
        self, session: Session, report: ImportReport, *, actor: str, status: str = PUBLISHED_IF_COMPLETE
    ) -> None:
        self._session = session
        self._report = report
        self._actor = actor
        self._status = status
        self._seen: set[tuple[str, str]] = set()
        self._vanished: set[UUID] = set()

    def apply(self, chunk: Sequence[Candidate]) -> None:
        """Save one chunk. A row that the database itself refuses is found by trying the rows one by one."""
        wanted = [candidate for candidate in chunk if self._is_first(candidate)]
        before = self._report.mark()
        try:
            with self._session.begin_nested(), self._session.no_autoflush:
                self._save(wanted)
        except (DataError, IntegrityError):
            self._report.back_to(before)
            for candidate in wanted:
                self._apply_alone(candidate)

    def _apply_alone(self, candidate: Candidate) -> None:
        before = self._report.mark()
        try:
            with self._session.begin_nested():
                self._save([candidate])
        except (DataError, IntegrityError):
            self._report.back_to(before)
            self._reject(candidate, None, "record", "is refused by the database")

    def _is_first(self, candidate: Candidate) -> bool:
        record = candidate.record
        key = (candidate.type + str(record.get("organisation", "")), str(record.get("external_id")))
        if record.get("external_id") is None:
            self._reject(candidate, "/external_id", "empty", "is needed, to know the record again")
        elif key in self._seen:
            self._reject(candidate, "/external_id", "text", f"names a {candidate.type} that came before")
        else:
            self._seen.add(key)
            return True
        return False

    def _save(self, chunk: Sequence[Candidate]) -> None:
        found = self._organisations(chunk)
        for candidate in chunk:
            if candidate.type == "organisation":
                self._save_organisation(candidate, found)
        mine = [
            (candidate, record)
            for candidate in chunk
            if candidate.type == "listing" and (record := self._listing_record(candidate, found)) is not None
        ]
        existing = self._listings([candidate for candidate, _ in mine], found)
        self._vanished = self._paused_by_import(existing.values())
        places = venues.find_or_create(
            self._session, [venue for _, record in mine for venue in record.venues or []]
        )
        touched = [
            listing
            for candidate, record in mine
            if (listing := self._save_listing(candidate, record, found, existing, places)) is not None
        ]
        ids = [listing.id for listing in touched]
        self._session.flush()
        if len(touched) < len(mine):
            venues.forget_unused(self._session, [venue.id for venue in places.values()])
        if ids:
            index_sync.refresh(self._session, ids)
            outbox.add_many(self._session, kind="index_listing", subjects=ids)

    def _organisations(self, chunk: Sequence[Candidate]) -> dict[str, Organisation]:
        names = {
            str(c.record.get("external_id" if c.type == "organisation" else "organisation")) for c in chunk
        }
        query = select(Organisation).where(Organisation.external_id.in_(names)).with_for_update()
        return {entry.external_id: entry for entry in self._session.scalars(query)}

    def _listings(
        self, chunk: Sequence[Candidate], found: dict[str, Organisation]
    ) -> dict[tuple[str, str], Listing]:
        keys = [
            (found[name].id, str(c.record["external_id"]))
            for c in chunk
            if (name := str(c.record.get("organisation"))) in found
        ]
        if not keys:
            return {}
        query = (
            select(Listing)
            .where(tuple_(Listing.organisation_id, Listing.external_id).in_(keys))
            .options(*listings.WHOLE)
            .with_for_update(of=Listing)
        )
        return {
            (entry.organisation.external_id, entry.external_id or ""): entry
            for entry in self._session.scalars(query)
        }

    def _paused_by_import(self, existing: Iterable[Listing]) -> set[UUID]:
        """Those that are paused because their rows vanished from this source, and by nobody since."""
        paused = [
            listing.id
            for listing in existing
            if listing.status == "paused" and listing.import_source == self._report.source
        ]
        if not paused:
            return set()
        deeds = self._session.execute(
            select(AuditRow.subject, AuditRow.action)
            .where(
                AuditRow.subject_kind == "listing",
                AuditRow.subject.in_(paused),
                AuditRow.action.in_((_VANISHED, "pause")),
            )
            .order_by(AuditRow.id)
        )
        last = {row.subject: row.action for row in deeds}
        return {subject for subject, action in last.items() if action == _VANISHED}

    def _save_organisation(self, candidate: Candidate, found: dict[str, Organisation]) -> None:
        try:
            record = OrganisationIn.model_validate(candidate.record)
            saved, outcome = organisations.save(
                self._session,
                record,
                actor=self._actor,
                existing=found.get(record.external_id),
                import_source=self._report.source,
                flush=False,
            )
        except (ValidationError, AppError) as error:
            self._reject_all(candidate, error)
            return
        found[saved.external_id] = saved
        self._report.count("organisation", outcome)

    def _listing_record(self, candidate: Candidate, found: dict[str, Organisation]) -> ListingIn | None:
        """The row as a record; None when it is none or its owner is not there, which is then told."""
        if str(candidate.record.get("organisation")) not in found:
            shape = value_class(candidate.record.get("organisation"))
            self._reject(
                candidate, "/organisation", shape, "names no organisation that is there or came before"
            )
            return None
        told = candidate.record.get("status")
        if told is not None and told not in get_args(Status):
            self._reject(candidate, "/status", value_class(told), "is no status")
            return None
        try:
            return ListingIn.model_validate(
                {name: value for name, value in candidate.record.items() if name != "status"}
            )
        except ValidationError as error:
            self._reject_all(candidate, error)
            return None

    def _save_listing(
        self,
        candidate: Candidate,
        record: ListingIn,
        found: dict[str, Organisation],
        existing: dict[tuple[str, str], Listing],
        places: dict[str, Venue],
    ) -> Listing | None:
        owner = found[str(candidate.record["organisation"])]
        before = existing.get((owner.external_id, record.external_id or ""))
        try:
            saved, outcome = listings.save(
                self._session,
                owner,
                record,
                actor=self._actor,
                existing=before,
                status=self._wish(candidate, record, before),
                import_source=self._report.source,
                places=places,
            )
        except AppError as error:
            self._reject_all(candidate, error)
            return None
        self._report.count("listing", outcome)
        return None if outcome == "unchanged" else saved

    def _wish(self, candidate: Candidate, record: ListingIn, before: Listing | None) -> Status | None:
        """The status to ask for; None leaves it.

        What an editor decided (paused, archived) stays decided; what an import paused because its row had
        vanished is published again when the row is back.
        """
        now = before.status if before else "draft"
        returned = before is not None and before.id in self._vanished
        wish = candidate.record.get("status") or (PUBLISHED_IF_COMPLETE if returned else self._status)
        if wish == PUBLISHED_IF_COMPLETE:
            wish = "published"
            if publishing.problems(record) and now != "published":
                self._report.warned.add(
                    f"listings that lack something needed for publishing: kept {now}",
                    candidate.sheet,
                    candidate.row,
                )
                return None
        if wish == now or (returned and wish == "published"):
            return cast("Status", wish)
        if before is not None and (wish not in ALLOWED[now] or now != "draft"):
            self._report.warned.add(
                f"listings that are {now} here: their contents are taken, their status stays",
                candidate.sheet,
                candidate.row,
            )
            return None
        return cast("Status", wish)

    @property
    def saw_listing(self) -> bool:
        """Whether the file named a listing."""
        return any(kind.startswith("listing") for kind, _ in self._seen)

    def pause_vanished(self) -> None:
        """Pause this source's published listings that the file did not name."""
        query = (
            select(Listing.id, Listing.external_id, Organisation.external_id)
            .join(Organisation, Listing.organisation_id == Organisation.id)
            .where(Listing.import_source == self._report.source, Listing.status == "published")
        )
        gone = [
            listing_id
            for listing_id, name, owner in self._session.execute(query)
            if ("listing" + owner, str(name)) not in self._seen
        ]
        for start in range(0, len(gone), CHUNK):
            ids = gone[start : start + CHUNK]
            for listing in self._session.scalars(
                select(Listing).where(Listing.id.in_(ids)).with_for_update()
            ):
                transition(listing, "paused")
                audit.note(
                    self._session,
                    actor=self._actor,
                    action=_VANISHED,
                    subject_kind="listing",
                    subject=listing.id,
                )
                self._report.count("listing", "paused")
            self._session.flush()
            index_sync.refresh(self._session, ids)
            outbox.add_many(self._session, kind="index_listing", subjects=ids)

    def _reject(self, candidate: Candidate, column: str | None, shape: str, reason: str) -> None:
        self._report.reject(candidate.type, Rejected(candidate.sheet, candidate.row, column, shape, reason))

    def _reject_all(self, candidate: Candidate, error: ValidationError | AppError) -> None:
        """One reason for each problem; the row counts once."""
        self._report.counts[candidate.type].rejected += 1
        for pointer, reason in _problems(error):
            shape = value_class(_at(candidate.record, pointer))
            self._report.rejected.append(Rejected(candidate.sheet, candidate.row, pointer, shape, reason))


def _problems(error: ValidationError | AppError) -> list[tuple[str, str]]:
    if isinstance(error, ValidationError):
        return [
            ("/" + "/".join(str(part) for part in fault["loc"]), fault["msg"].removeprefix("Value error, "))
            for fault in error.errors(include_url=False, include_input=False)
        ]
    if error.errors:
        return [(problem.pointer, problem.message) for problem in error.errors]
    return [("", error.detail)]


def _at(record: object, pointer: str) -> Any:
    """The value at a pointer, or None where it is missing."""
    for part in filter(None, pointer.split("/")):
        if isinstance(record, list):
            record = record[int(part)] if part.isdigit() and int(part) < len(record) else None
        else:
            record = record.get(part) if isinstance(record, dict) else None
    return record
