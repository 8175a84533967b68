"""Venues: one row for one record, shared by every listing that gives the same; and what may be told."""

import hashlib
import math
from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import func, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session
from uuid_utils.compat import uuid7

from app.models import Listing, ListingVenue, Venue
from app.schemas.listing import Contact, ListingIn, VenueIn, Visibility

FIELDS = tuple(VenueIn.model_fields)
_ADDRESSES = {"visit", "post"}
_TOLD = {
    Visibility.PUBLIC: FIELDS,
    Visibility.DISTRICT: ("municipality_code", "district", "visibility", "facts"),
    Visibility.HIDDEN: ("municipality_code", "visibility", "facts"),
}


def public_view(record: VenueIn) -> dict[str, Any]:
    """The part of a venue that its visibility lets out; the only way a venue leaves the service."""
    told = _TOLD[record.visibility]
    return {name: value for name, value in record.exchange().items() if name in told}


def is_address(contact: Contact) -> bool:
    """Whether the contact is a place to go or write to, so that beside a protected venue it is not told."""
    return contact.channel in _ADDRESSES


def public_listing(record: ListingIn) -> dict[str, Any]:
    """A listing's exchange record as anyone may have it: the one rule for page, index and public export.

    Venues show what they may; beside a protected one, contacts that are an address are left out.
    """
    exchange = record.exchange()
    if not record.venues:
        return exchange
    exchange["venues"] = [public_view(venue) for venue in record.venues]
    if any(venue.visibility is not Visibility.PUBLIC for venue in record.venues) and record.contacts:
        told = [contact.exchange() for contact in record.contacts if not is_address(contact)]
        exchange["contacts"] = told
        if not told:  # the format has no empty list: absent is not known
            del exchange["contacts"]
    return exchange


def to_record(venue: Venue) -> VenueIn:
    given = {name: getattr(venue, name) for name in FIELDS}
    return VenueIn.model_validate(
        {name: value for name, value in given.items() if value is not None or name in venue.known_without}
    )


def fingerprint(exchange: dict[str, Any]) -> str:
    return hashlib.sha256(orjson.dumps(exchange, option=orjson.OPT_SORT_KEYS)).hexdigest()


def find_or_create(session: Session, records: Iterable[VenueIn]) -> dict[str, Venue]:
    """Fingerprint → venue, for these records, made where they are not there yet."""
    wanted = {fingerprint(exchange): exchange for exchange in (record.exchange() for record in records)}
    if not wanted:
        return {}
    found = _found(session, wanted)
    missing: list[dict[str, Any]] = [
        {
            "id": uuid7(),
            "fingerprint": key,
            "known_without": [name for name, value in exchange.items() if value is None],
            **{name: exchange.get(name) for name in FIELDS},
        }
        for key, exchange in wanted.items()
        if key not in found
    ]
    if missing:
        # Two senders may give the same new venue at once: the second finds the first one's row.
        session.execute(insert(Venue).on_conflict_do_nothing(index_elements=["fingerprint"]), missing)
        found |= _found(session, [row["fingerprint"] for row in missing])
    return found


def _found(session: Session, fingerprints: Iterable[str]) -> dict[str, Venue]:
    rows = session.scalars(select(Venue).where(Venue.fingerprint.in_(list(fingerprints))))
    return {venue.fingerprint: venue for venue in rows}


def suggestions(
    session: Session, *, organisation_id: UUID, name: str, near: tuple[float, float] | None, limit: int
) -> Sequence[Venue]:
    """Venues to choose from before a new one is made: public ones and the organisation's own.

    `near` is (lat, lon) in WGS 84 degrees; venues within about 2 km come, the nearest first.
    """
    own = select(ListingVenue.venue_id).join(Listing).where(Listing.organisation_id == organisation_id)
    query = select(Venue).where(
        or_(func.coalesce(Venue.visibility, "public") == "public", Venue.id.in_(own)),
        func.lower(Venue.name).contains(name.lower(), autoescape=True),
    )
    if near:
        lat, lon = near
        per_degree = math.cos(math.radians(lat)) or 1e-6
        query = query.where(
            Venue.lat.between(lat - 0.018, lat + 0.018),
            Venue.lon.between(lon - 0.018 / per_degree, lon + 0.018 / per_degree),
        ).order_by(func.power(Venue.lat - lat, 2) + func.power((Venue.lon - lon) * per_degree, 2), Venue.id)
    else:
        query = query.order_by(Venue.name, Venue.id)
    return session.scalars(query.limit(limit)).all()


def forget_unused(session: Session, venue_ids: Iterable[UUID]) -> None:
    """Delete those of the venues that no listing names any more: a moved shelter leaves no address behind."""
    ids = list(venue_ids)
    if ids:
        used = select(ListingVenue.venue_id).where(ListingVenue.venue_id.in_(ids))
        for venue in session.scalars(select(Venue).where(Venue.id.in_(ids), Venue.id.not_in(used))):
            session.delete(venue)
