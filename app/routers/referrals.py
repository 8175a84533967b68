"""Referrals of staff: made, followed, changed, taken back."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request, Response

from app.deps import IdempotencyKey, IfMatch, RawBody, etag
from app.models import Referral
from app.routers.acting import Acting, Staff
from app.routers.alternatives import OfferingDep
from app.schemas.referral import ReferralIn, ReferralPatch, RerouteIn
from app.schemas.referral_answer import Events, ReferralMade, ReferralOut, Referrals
from app.schemas.referral_change import InfoIn, StatusIn
from app.schemas.referral_list import ReferralQuery, SendOptions
from app.services import referral_change, referral_create, referral_once, referral_rows, referral_views
from app.services.referral_change import Said

router = APIRouter(tags=["referrals"])
ReferralPath = Annotated[UUID, Path(description="The referral's id.")]
Options = Annotated[SendOptions, Query()]


@router.post("/referrals", status_code=201, summary="Refer a person")
def create(
    sent: ReferralIn,
    staff: Staff,
    request: Request,
    response: Response,
    body: RawBody,
    asked: Options,
    offering: OfferingDep,
    idempotency_key: IdempotencyKey = None,
) -> ReferralMade:
    """Ask the listing's organisation, or write a draft. The person's code is told this once.

    409 with `alternatives` when the listing is full; 409 when an open referral of the same person to the same
    organisation exists; 429 over the quota.
    """
    attempt = referral_once.attempt(staff.session, staff.by, idempotency_key, request=request.url, body=body)
    if (before := referral_once.made_before(attempt)) is not None:
        response.headers["Idempotency-Replayed"] = "true"
        return _made(staff, referral_rows.one(staff.session, before, staff.by), response)
    with offering():
        referral = referral_create.create(staff.session, sent, by=staff.by, options=asked)
    referral_once.keep(staff.session, attempt, referral.id)
    return _made(staff, referral, response)


def _made(staff: Acting, referral: Referral, response: Response) -> ReferralMade:
    response.headers["ETag"] = etag(referral.version)
    response.headers["Location"] = f"/api/v1/referrals/{referral.id}"
    return referral_views.when_made(staff.session, referral, staff.by)


def _shown(staff: Acting, referral: Referral, response: Response) -> ReferralOut:
    response.headers["ETag"] = etag(referral.version)
    return referral_views.for_requester(staff.session, referral, staff.by)


@router.get("/referrals", summary="Own and own unit's referrals")
def own(staff: Staff, asked: Annotated[ReferralQuery, Query()]) -> Referrals:
    """Those whose turn comes first before the others; nothing in it tells of persons."""
    query = referral_rows.listed(staff.by, asked, mine=asked.mine)
    return referral_views.listed(staff.session, query, asked, party="requester")


@router.get("/referrals/{referral}", summary="Show a referral")
def show(referral: ReferralPath, staff: Staff, response: Response) -> ReferralOut:
    """With the person's details, until they are shredded. That it was read is written down."""
    return _shown(staff, referral_rows.one(staff.session, referral, staff.by), response)


@router.patch("/referrals/{referral}", summary="Change what the requester wrote")
def change(
    referral: ReferralPath, sent: ReferralPatch, staff: Staff, response: Response, if_match: IfMatch = None
) -> ReferralOut:
    """While it is a draft or requested; absent fields stay as they are (RFC 7396)."""
    found = staff.locked(referral, if_match)
    referral_create.edit(staff.session, found, sent, by=staff.by)
    return _shown(staff, found, response)


@router.post("/referrals/{referral}/status", summary="Send a draft, withdraw, or mark as entered in error")
def status(
    referral: ReferralPath,
    sent: StatusIn,
    staff: Staff,
    response: Response,
    asked: Options,
    offering: OfferingDep,
    if_match: IfMatch = None,
) -> ReferralOut:
    """409 with `allowed` for a change that does not exist, 403 for one that is the organisation's."""
    found = staff.locked(referral, if_match)
    with offering():
        referral_create.take(staff.session, found, sent, by=staff.by, options=asked)
    return _shown(staff, found, response)


@router.post("/referrals/{referral}/info", summary="Answer a request for information")
def info(
    referral: ReferralPath, sent: InfoIn, staff: Staff, response: Response, if_match: IfMatch = None
) -> ReferralOut:
    """What the organisation asked for; sealed like the rest."""
    found = staff.locked(referral, if_match)
    referral_change.happened(staff.session, found, "info-supplied", by=staff.by, said=Said(text=sent.text))
    return _shown(staff, found, response)


@router.post("/referrals/{referral}/reroute", status_code=201, summary="Send the case to another listing")
def reroute(
    referral: ReferralPath,
    sent: RerouteIn,
    staff: Staff,
    response: Response,
    offering: OfferingDep,
    if_match: IfMatch = None,
) -> ReferralMade:
    """A new referral of the same case, with a consent of its own; the old one, if open, is cancelled."""
    found = staff.locked(referral, if_match)
    with offering():
        made = referral_create.reroute(staff.session, found, sent, by=staff.by)
    return _made(staff, made, response)


@router.get("/referrals/{referral}/events", summary="What happened")
def events(referral: ReferralPath, staff: Staff) -> Events:
    """In order; exactly one for each change."""
    found = referral_rows.one(staff.session, referral, staff.by)
    return Events(items=referral_views.events(staff.session, found, staff.by))
