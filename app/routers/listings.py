"""Listings: registered and kept current by their organisation, shown to anyone."""

from datetime import UTC, date, datetime, timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Path, Query, Response
from sqlalchemy.orm import Session

from app.deps import (
    IfMatch,
    PrincipalDep,
    ReadSessionDep,
    SessionDep,
    etag,
    require_match,
)
from app.errors import FieldProblem, Invalid
from app.models import Listing, Organisation
from app.routers.once import OnceDep
from app.schemas.answer import ListingQuery, ListingState, ListingStates, Occurrences, PublicListing
from app.schemas.fields import ExternalId
from app.schemas.listing import ListingIn
from app.services import listing_changes, listing_views, listings, organisations
from app.services.listing_changes import Step

router = APIRouter(tags=["listings"])
OWN = "/organisations/{organisation}/listings"
Publish = Annotated[bool, Query(description="True: publish at once; every problem is told.")]
Reference = Annotated[str, Path(description="Id or external id.", max_length=200, examples=["nattljus"])]


def get_writable(organisation: Reference, session: SessionDep, caller: PrincipalDep) -> Organisation:
    found = organisations.by_reference(session, organisation)
    caller.require("listings:write", found.id)
    return found


OrganisationDep = Annotated[Organisation, Depends(get_writable, scope="function")]


def get_listing(
    listing: Annotated[UUID, Path(description="The listing's id.")],
    owner: OrganisationDep,
    session: SessionDep,
) -> Listing:
    return listings.by_id(session, listing, organisation_id=owner.id, lock=True)


ListingDep = Annotated[Listing, Depends(get_listing, scope="function")]


def get_seen(found: ListingDep, if_match: IfMatch = None) -> Listing:
    """The listing, of which the caller has read the version that is to be overwritten."""
    require_match(if_match, found.version)
    return found


SeenDep = Annotated[Listing, Depends(get_seen, scope="function")]


def get_record(record: ListingIn, owner: OrganisationDep) -> ListingIn:
    """The body, which names no other organisation than the address does."""
    if record.organisation not in (None, owner.external_id):
        raise _mismatch("/organisation")
    return record


RecordDep = Annotated[ListingIn, Depends(get_record, scope="function")]


def _mismatch(pointer: str) -> Invalid:
    problem = FieldProblem(pointer, "mismatch", "Does not fit the address of the request.")
    return Invalid("See errors for each field.", [problem])


def _told(session: Session, response: Response, listing: Listing) -> ListingState:
    session.refresh(listing, ["updated_at", "created_at"])
    response.headers["ETag"] = etag(listing.version)
    return listing_views.state(session, listing)


@router.get(OWN, summary="List own listings")
def own(
    query: Annotated[ListingQuery, Query()], owner: OrganisationDep, session: SessionDep
) -> ListingStates:
    """The organisation's listings in every status, the latest changed first."""
    return listing_views.own(session, owner.id, query)


@router.post(OWN, status_code=201, response_model=ListingState, summary="Register a listing")
def create(
    record: RecordDep,
    owner: OrganisationDep,
    caller: PrincipalDep,
    session: SessionDep,
    response: Response,
    once: OnceDep,
    publish: Publish = False,
) -> ListingState | Response:
    """Register a draft, or with `publish=true` a published listing. The external id must be free."""
    if once.answer:
        return once.answer
    saved = listing_changes.save(session, owner, record, actor=caller.actor, existing=None, publish=publish)
    told = _told(session, response, saved)
    response.headers["Location"] = f"/api/v1/organisations/{owner.id}/listings/{saved.id}"
    once.remember(response, told)
    return told


@router.put(
    OWN + "/by-external-id/{external}",
    summary="Create or replace by external id",
    responses={201: {"model": ListingState, "description": "It was created."}},
)
def put_by_external_id(
    external: Annotated[ExternalId, Path()],
    record: RecordDep,
    owner: OrganisationDep,
    caller: PrincipalDep,
    session: SessionDep,
    response: Response,
    if_match: IfMatch = None,
    publish: Publish = False,
) -> ListingState:
    """Create the listing (201) or replace it whole (200). Replacing needs If-Match; `*` is any."""
    if record.external_id not in (None, external):
        raise _mismatch("/external_id")
    existing = listings.by_external_id(session, owner.id, external, lock=True)
    if existing is None:
        response.status_code = 201
    else:
        require_match(if_match, existing.version)
    named = ListingIn.model_validate({**record.exchange(), "external_id": external})
    saved = listing_changes.save(
        session, owner, named, actor=caller.actor, existing=existing, publish=publish
    )
    return _told(session, response, saved)


@router.get(OWN + "/{listing}", summary="Show an own listing")
def show_own(found: ListingDep, session: SessionDep, response: Response) -> ListingState:
    """The whole record with what is missing, its scores and its ETag."""
    return _told(session, response, found)


@router.put(OWN + "/{listing}", summary="Replace a listing")
def replace(
    record: RecordDep, found: SeenDep, caller: PrincipalDep, session: SessionDep, response: Response
) -> ListingState:
    """Replace all that is known of it; what the body leaves out is no longer known."""
    saved = listing_changes.replace(session, found, record, actor=caller.actor)
    return _told(session, response, saved)


@router.patch(OWN + "/{listing}", summary="Change parts of a listing")
def change(
    record: RecordDep, found: SeenDep, caller: PrincipalDep, session: SessionDep, response: Response
) -> ListingState:
    """Replace the top-level fields that the body names, whole; the others stay. `kind` is always named."""
    saved = listing_changes.change(session, found, record, actor=caller.actor)
    return _told(session, response, saved)


@router.post(OWN + "/{listing}/{step}", summary="Publish, pause, archive or confirm")
def take_step(
    step: Annotated[Step, Path(description="`confirm` says that all of it is still true today.")],
    found: ListingDep,
    caller: PrincipalDep,
    session: SessionDep,
    response: Response,
    if_match: IfMatch = None,
) -> ListingState:
    """One step in the listing's life. If-Match is optional: a step overwrites nobody's words."""
    if if_match is not None:
        require_match(if_match, found.version)
    listing_changes.take(session, found, step, actor=caller.actor)
    return _told(session, response, found)


@router.get("/listings/{listing}", summary="Show a published listing")
def show(
    listing: Annotated[UUID, Path(description="The listing's id.")],
    session: ReadSessionDep,
    response: Response,
    lang: Annotated[str | None, Query(max_length=35, description="BCP 47 language of the text.")] = None,
    accept_language: Annotated[str | None, Header(max_length=500)] = None,
) -> PublicListing:
    """The listing as anyone sees it. 404 what was never published, 410 what no longer is."""
    found = listing_views.published(session, listing)
    wished = lang or (accept_language or "sv").split(",")[0].split(";")[0].strip() or "sv"
    response.headers["Vary"] = "Accept-Language"
    told = listing_views.public(found, wished=wished, now=datetime.now(UTC))
    response.headers["Content-Language"] = told.text_language
    return told


@router.get("/listings/{listing}/occurrences", summary="When a listing is on")
def occurrences(
    listing: Annotated[UUID, Path(description="The listing's id.")],
    session: ReadSessionDep,
    from_date: Annotated[date | None, Query(description="First day; absent: today.")] = None,
    to_date: Annotated[date | None, Query(description="Last day; absent: four weeks on.")] = None,
) -> Occurrences:
    """Every time it is on between two days, at most 400 days apart, in UTC."""
    first = from_date or listing_views.today(datetime.now(UTC))
    last = to_date or min(first, date.max - timedelta(days=30)) + timedelta(days=28)
    if not timedelta() <= last - first <= timedelta(days=400) or not 1970 <= first.year <= last.year <= 2100:
        raise Invalid(
            "See errors for each field.",
            [FieldProblem("/to_date", "range", "Must be 0 to 400 days after from_date, in 1970 to 2100.")],
        )
    return listing_views.occurrences(listing_views.published(session, listing), first, last)
