"""Reading and searching the directory as FHIR resources: what anyone may see."""

import math
import re
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import SQLColumnExpression, exists, false, func, or_, select, true
from sqlalchemy.orm import Session

from app.errors import NotFound
from app.models import Category, CategoryLink, Listing, ListingVenue, Organisation, Venue
from app.schemas.fhir_terms import ORG_NUMBER, codes, naming
from app.schemas.listing import Visibility
from app.services import fhir_search, listing_views, organisations, taxonomies, venues
from app.services.fhir_directory import Shown, healthcare_service, location, location_id, organization
from app.services.fhir_elements import Json
from app.services.fhir_search import Clause, Param, Search, identity, moment, token, wrong
from app.services.listings import WHOLE, to_record

NEAR_KM, NEAR_MOST_KM = 10.0, 500.0
_PUBLIC = or_(Venue.visibility.is_(None), Venue.visibility == Visibility.PUBLIC)
_TITLE = func.coalesce(Listing.texts["sv"]["title"].astext, Listing.texts["en"]["title"].astext, "")
_PUBLISHED = Listing.status == "published"
_HAS_PUBLISHED = select(Listing.id).where(Listing.organisation_id == Organisation.id, _PUBLISHED)
_OWN_VENUES = (
    select(ListingVenue.listing_id)
    .join(Venue, Venue.id == ListingVenue.venue_id)
    .where(ListingVenue.listing_id == Listing.id)
)
_OF_VENUE = (
    select(ListingVenue.venue_id)
    .join(Listing, Listing.id == ListingVenue.listing_id)
    .where(ListingVenue.venue_id == Venue.id, _PUBLISHED)
)


def _text(column: SQLColumnExpression[Any]) -> Param:
    def clause(value: str, modifier: str) -> Clause:
        match modifier:
            case "exact":
                return column == value
            case "contains":
                return func.lower(column).contains(value.lower(), autoescape=True)
            case _:
                return func.lower(column).startswith(value.lower(), autoescape=True)

    return Param("string", clause, frozenset({"exact", "contains"}), "Begins with; in any case.")


def _id(column: SQLColumnExpression[UUID], kind: str) -> Param:
    return Param("token", lambda value, _: column == identity(value, "_id", kind))


def _active(value: str, _modifier: str) -> Clause:
    if value not in ("true", "false"):
        raise wrong("active", "Must be one of the allowed values.")
    return true() if value == "true" else false()


def _near(value: str, _modifier: str) -> Clause:
    """`lat|lon|distance|unit`: the kilometres of a degree are those of the place, right to a percent."""
    parts = [*value.split("|"), "", ""]
    try:
        lat, lon, far = float(parts[0]), float(parts[1]), float(parts[2] or NEAR_KM)
    except (ValueError, IndexError) as error:
        raise wrong("near", "Has the wrong type or form.") from error
    unit = {"km": 1.0, "": 1.0, "m": 0.001}.get(parts[3])
    known = len(parts) <= 6 and unit is not None and math.isfinite(lat) and math.isfinite(lon)
    if not known or not (abs(lat) <= 89 and abs(lon) <= 180 and 0 < far * (unit or 0) <= NEAR_MOST_KM):
        raise wrong("near", "Has the wrong type or form.")
    km = far * (unit or 0)
    north, east = (Venue.lat - lat) * 111.2, (Venue.lon - lon) * 111.2 * math.cos(math.radians(lat))
    return _PUBLIC & (north * north + east * east <= km * km)


def _category(value: str, modifier: str) -> Clause:
    term = token(value, codes("category"), "service-category")
    carried = CategoryLink.category_id == term
    if modifier == "below":  # two levels are all there are
        carried |= CategoryLink.category_id.in_(select(Category.id).where(Category.broader == term))
    return exists().where(CategoryLink.listing_id == Listing.id, carried)


def _at_location(value: str, _modifier: str) -> Clause:
    last = value.rpartition("/")[2]
    if found := _protected(last):
        listing_id, position = found
        own = (ListingVenue.listing_id == listing_id) & (ListingVenue.position == position)
        return _OWN_VENUES.where(own, ~_PUBLIC).exists()
    return _OWN_VENUES.where(Venue.id == identity(value, "location", "Location"), _PUBLIC).exists()


def _of_organization(value: str, _modifier: str) -> Clause:
    return Listing.organisation_id == identity(value, "organization", "Organization")


def _listing_near(value: str, modifier: str) -> Clause:
    return _OWN_VENUES.where(_near(value, modifier)).exists()


def _protected(location: str) -> tuple[UUID, int] | None:
    """The listing and the place in it of a protected venue's Location id."""
    found = re.fullmatch(r"([0-9a-f-]{36})\.([0-9]{1,3})", location)
    try:
        return (UUID(found[1]), int(found[2])) if found else None
    except ValueError:
        return None


def _org_identifier(value: str, _modifier: str) -> Clause:
    before, bar, code = value.rpartition("|")
    number = Organisation.org_number.in_([code, f"{code[:6]}-{code[6:]}"])
    known = {ORG_NUMBER: number, naming("organisation"): Organisation.external_id == code}
    return known.get(before, false()) if bar else or_(*known.values())


_updated = "When it was last changed; local time without a zone."
ORGANIZATION: dict[str, Param] = {
    "_id": _id(Organisation.id, "Organization"),
    "_lastUpdated": Param("date", moment(Organisation.updated_at), documentation=_updated),
    "name": _text(Organisation.name),
    "identifier": Param("token", _org_identifier, documentation="Organisation number or external id."),
    "active": Param("token", _active),
}
LOCATION: dict[str, Param] = {
    "_id": _id(Venue.id, "Location"),
    "name": _text(Venue.name),
    "address-city": _text(Venue.city),
    "near": Param("special", _near, documentation="lat|lon|distance|km; 10 km without a distance."),
}
HEALTHCARE_SERVICE: dict[str, Param] = {
    "_id": _id(Listing.id, "HealthcareService"),
    "_lastUpdated": Param("date", moment(Listing.updated_at), documentation=_updated),
    "name": _text(_TITLE),
    "service-category": Param(
        "token", _category, frozenset({"below"}), "A category; with :below also the narrower ones."
    ),
    "service-type": Param(
        "token",
        lambda value, _: Listing.kind == token(value, codes("kind"), "service-type"),
        documentation="activity, meeting_place or support_line.",
    ),
    "organization": Param(
        "reference",
        _of_organization,
    ),
    "location": Param("reference", _at_location),
    "location.near": Param(
        "special",
        _listing_near,
        documentation="As Location.",
    ),
    "active": Param("token", _active),
}
INCLUDES = frozenset({"HealthcareService:organization", "HealthcareService:location"})


def one_organization(session: Session, of: UUID) -> Json:
    return organization(organisations.by_reference(session, str(of)))


def one_service(session: Session, of: UUID, today: date) -> Json:
    """Raises NotFound for what never was public, Gone for what no longer is."""
    listing = listing_views.published(session, of)
    return healthcare_service(_shown(listing), taxonomies.vocabulary(session), today)


def one_location(session: Session, of: str) -> Json:
    """A venue of a published listing. Raises NotFound."""
    if found := _protected(of):
        listing_id, position = found
        venue = session.scalar(
            select(Venue)
            .join(ListingVenue, ListingVenue.venue_id == Venue.id)
            .join(Listing, Listing.id == ListingVenue.listing_id)
            .where(_PUBLISHED, Listing.id == listing_id, ListingVenue.position == position, ~_PUBLIC)
        )
    else:
        venue = session.scalar(select(Venue).where(Venue.id == _plain(of), _PUBLIC, _OF_VENUE.exists()))
    if venue is None:
        raise NotFound("There is no such place.")
    return _location(of, venue)


def _plain(of: str) -> UUID:
    try:
        return UUID(of)
    except ValueError:
        raise NotFound("There is no such place.") from None


def find_organizations(session: Session, search: Search) -> Json:
    """Those with something published."""
    query = select(Organisation).where(_HAS_PUBLISHED.exists(), *search.where)
    rows, total = fhir_search.page_of(session, query, search, Organisation.updated_at, Organisation.id)
    return fhir_search.searchset("Organization", search, total, [organization(row) for row in rows])


def find_locations(session: Session, search: Search) -> Json:
    """Public venues alone: a protected one is found from its listing."""
    query = select(Venue).where(_PUBLIC, _OF_VENUE.exists(), *search.where)
    rows, total = fhir_search.page_of(session, query, search, Venue.id)
    return fhir_search.searchset("Location", search, total, [_location(str(row.id), row) for row in rows])


def find_services(session: Session, search: Search, today: date) -> Json:
    query = select(Listing).where(_PUBLISHED, *search.where).options(*WHOLE)
    rows, total = fhir_search.page_of(session, query, search, Listing.updated_at, Listing.id)
    known = taxonomies.vocabulary(session)
    found = [healthcare_service(_shown(row), known, today) for row in rows]
    return fhir_search.searchset("HealthcareService", search, total, found, _included(rows, search.includes))


def _included(rows: Iterable[Listing], wished: frozenset[str]) -> list[Json]:
    more: dict[str, Json] = {}
    for row in rows:
        if "HealthcareService:organization" in wished:
            more[str(row.organisation_id)] = organization(row.organisation)
        if "HealthcareService:location" in wished:
            for of, venue in zip(_locations(row), row.venues, strict=True):
                more[of] = _location(of, venue)
    return list(more.values())


def _locations(listing: Listing) -> list[str]:
    return [location_id(listing.id, link.position, link.venue) for link in listing.venue_links]


def _shown(listing: Listing) -> Shown:
    return Shown(
        id=listing.id,
        organisation_id=listing.organisation_id,
        version=listing.version,
        updated_at=listing.updated_at,
        record=to_record(listing),
        locations=_locations(listing),
    )


def _location(of: str, venue: Venue) -> Json:
    told: Mapping[str, Any] = venues.public_view(venues.to_record(venue))
    return location(of, told)
