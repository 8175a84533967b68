"""Listings: saved from and given back as exchange records."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.orm import Session, selectinload
from sqlalchemy.orm.interfaces import ORMOption
from uuid_utils.compat import uuid7

from app.errors import FieldProblem, Invalid, NotFound
from app.models import AudienceLink, CategoryLink, LanguageLink, Listing, ListingVenue, Organisation, Venue
from app.schemas.listing import ListingIn
from app.services import audit, index_sync, outbox, publishing, taxonomies, venues
from app.services.listing_status import Status, transition
from app.services.organisations import UNSET, Outcome, Unset
from app.services.wall_clock import today

# The columns that hold a key of the exchange format as it is.
_COLUMNS = (
    "external_id", "kind", "texts", "loneliness", "age", "cost", "attendance", "facts", "schedule",
    "contacts", "capacity", "answered_by", "crisis", "confirmed_on", "source",
)  # fmt: skip
_LINKED = ("categories", "audiences", "languages", "venues")
WHOLE: tuple[ORMOption, ...] = (
    selectinload(Listing.organisation),
    selectinload(Listing.category_links),
    selectinload(Listing.audience_links),
    selectinload(Listing.language_links),
    selectinload(Listing.venue_links).selectinload(ListingVenue.venue),
)


def by_id(session: Session, listing_id: UUID, *, organisation_id: UUID, lock: bool = False) -> Listing:
    """The organisation's listing, whole. Raises NotFound, also for another organisation's."""
    query = select(Listing).where(Listing.id == listing_id, Listing.organisation_id == organisation_id)
    found = session.scalar(_locked(query.options(*WHOLE), lock=lock))
    if found is None:
        raise NotFound("There is no such listing.")
    return found


def by_external_id(
    session: Session, organisation_id: UUID, external_id: str, *, lock: bool = False
) -> Listing | None:
    query = select(Listing).where(
        Listing.organisation_id == organisation_id, Listing.external_id == external_id
    )
    return session.scalar(_locked(query.options(*WHOLE), lock=lock))


def _locked(query: Select[Listing], *, lock: bool) -> Select[Listing]:
    return query.with_for_update(of=Listing) if lock else query


def save(
    session: Session,
    organisation: Organisation,
    record: ListingIn,
    *,
    actor: str,
    existing: Listing | Unset | None = UNSET,
    status: Status | None = None,
    import_source: str | None = None,
    places: Mapping[str, Venue] | None = None,
) -> tuple[Listing, Outcome]:
    """Create a listing, or replace what is known of it, by external id or onto `existing` (loaded WHOLE).

    `status` is the wished status (None: draft when new, else as it is). A new listing may begin in any, as
    one out of a backup does; what is or becomes published must satisfy `publishing.problems`. With `places`
    (the venues of many listings, found together) the caller flushes, refreshes the search documents and
    adds the index jobs for all of them at once. Raises Invalid with every problem and its pointer.
    """
    if isinstance(existing, Unset):
        existing = (
            by_external_id(session, organisation.id, record.external_id, lock=True)
            if record.external_id
            else None
        )
    wished = status or (existing.status if existing else "draft")
    _check(session, record, publish=wished == "published")
    given = {name: value for name, value in record.exchange().items() if name not in ("type", "organisation")}
    if existing is None:
        existing = Listing(
            id=uuid7(),
            organisation=organisation,
            organisation_id=organisation.id,
            status=wished,
            import_source=import_source,
            published_at=datetime.now(UTC) if wished in ("published", "paused") else None,
        )
        changed, outcome = set(given), "created"
        _write(session, existing, given, record, places)
        session.add(existing)
    else:
        before = to_exchange(existing)
        keys = set(_COLUMNS) | set(_LINKED)
        changed = {
            name for name in keys if (name in before, before.get(name)) != (name in given, given.get(name))
        }
        if not changed and wished == existing.status:
            return existing, "unchanged"
        outcome = "changed"
        if changed:
            _write(session, existing, given, record, places)
            existing.version += 1
    if wished != existing.status:
        transition(existing, wished)
    if places is None:
        session.flush()
    audit.note(
        session, actor=actor, action=outcome, subject_kind="listing", subject=existing.id, fields=changed
    )
    if places is None:
        follow(session, existing)
    return existing, outcome  # type: ignore[return-value]


def follow(session: Session, listing: Listing) -> None:
    """What every change of a listing brings with it: its search documents and the job that publishes them."""
    index_sync.refresh(session, [listing.id])
    outbox.add(session, kind="index_listing", subject=listing.id)


def check_publishable(record: ListingIn) -> None:
    """Raise Invalid with all problems at once unless the record may be published."""
    found = publishing.problems(record)
    if found:
        raise Invalid("The listing cannot be published yet.", found)


def _check(session: Session, record: ListingIn, *, publish: bool) -> None:
    vocabulary = taxonomies.vocabulary(session)
    named: list[tuple[str, str, Any]] = [
        *(
            (f"/categories/{i}", term, vocabulary.categories)
            for i, term in enumerate(record.categories or [])
        ),
        *(
            (f"/audiences/{i}/term", a.term, vocabulary.audiences)
            for i, a in enumerate(record.audiences or [])
        ),
        *(
            (f"/languages/{i}/code", e.code, vocabulary.languages)
            for i, e in enumerate(record.languages or [])
        ),
        *((f"/facts/{term}", term, vocabulary.facts) for term in record.facts or {}),
    ]
    for i, venue in enumerate(record.venues or []):
        named.extend((f"/venues/{i}/facts/{term}", term, vocabulary.facts) for term in venue.facts or {})
        if venue.municipality_code:
            named.append(
                (f"/venues/{i}/municipality_code", venue.municipality_code, vocabulary.municipalities)
            )
    found = [
        FieldProblem(pointer, "unknown_term", "There is no such term in the vocabulary.")
        for pointer, term, terms in named
        if term not in terms
    ]
    if record.confirmed_on and record.confirmed_on > today():
        found.append(FieldProblem("/confirmed_on", "in_the_future", "Is in the future."))
    if publish:
        found.extend(publishing.problems(record))
    if found:
        raise Invalid("The listing cannot be saved as it is.", found)


def _write(
    session: Session,
    listing: Listing,
    given: dict[str, Any],
    record: ListingIn,
    places: Mapping[str, Venue] | None,
) -> None:
    for name in _COLUMNS:
        setattr(listing, name, given.get(name))
    listing.confirmed_on = record.confirmed_on
    listing.known_without = [name for name in (*_COLUMNS, *_LINKED) if name in given and given[name] is None]
    listing.category_links = [
        CategoryLink(position=i, category_id=term) for i, term in enumerate(record.categories or [])
    ]
    listing.audience_links = [
        AudienceLink(position=i, audience_id=a.term, only=a.only)
        for i, a in enumerate(record.audiences or [])
    ]
    listing.language_links = [
        LanguageLink(position=i, code=entry.code, mode=entry.mode)
        for i, entry in enumerate(record.languages or [])
    ]
    _write_venues(session, listing, record, places)


def _write_venues(
    session: Session, listing: Listing, record: ListingIn, places: Mapping[str, Venue] | None
) -> None:
    found = venues.find_or_create(session, record.venues or []) if places is None else places
    wanted = [found[venues.fingerprint(venue.exchange())] for venue in record.venues or []]
    before = {link.venue_id for link in listing.venue_links}
    listing.venue_links = [
        ListingVenue(position=i, venue_id=venue.id, venue=venue) for i, venue in enumerate(wanted)
    ]
    if left := before - {venue.id for venue in wanted}:
        session.flush()
        venues.forget_unused(session, left)


def to_exchange(listing: Listing) -> dict[str, Any]:
    """A listing (loaded WHOLE) as a record of the exchange format: what was saved, no more and no less."""
    values: dict[str, Any] = {name: getattr(listing, name) for name in _COLUMNS}
    values["confirmed_on"] = listing.confirmed_on.isoformat() if listing.confirmed_on else None
    values["categories"] = [link.category_id for link in listing.category_links] or None
    values["audiences"] = [
        {"term": link.audience_id, "only": link.only} for link in listing.audience_links
    ] or None
    values["languages"] = [{"code": link.code, "mode": link.mode} for link in listing.language_links] or None
    values["venues"] = [venues.to_record(venue).exchange() for venue in listing.venues] or None
    record: dict[str, Any] = {"type": "listing"}
    for name in ListingIn.model_fields:
        if name == "organisation":
            record[name] = listing.organisation.external_id
        elif name in values and (values[name] is not None or name in listing.known_without):
            record[name] = values[name]
    return record


def to_record(listing: Listing) -> ListingIn:
    return ListingIn.model_validate(to_exchange(listing))
