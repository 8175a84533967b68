"""What organisations do with referrals: by a member's token, or by the session of a link from an e-mail."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query, Response

from app.deps import IfMatch, etag
from app.models import Referral
from app.routers.acting import Acting, Anyone, Receiver, SessionToken
from app.schemas.referral_answer import CapacityOut, Events, InboxReferral, Referrals, SessionOut
from app.schemas.referral_change import CapacityIn, CodeIn, EventIn, LinkIn, StatusIn
from app.schemas.referral_list import InboxQuery
from app.services import referral_change, referral_inbox, referral_links, referral_rows, referral_views
from app.services.referral_change import Said

router = APIRouter(tags=["inbox"])
ReferralPath = Annotated[UUID, Path(description="The referral's id.")]


def _shown(receiver: Acting, referral: Referral, response: Response) -> InboxReferral:
    response.headers["ETag"] = etag(referral.version)
    return referral_views.for_organisation(receiver.session, referral, receiver.by)


@router.post("/referral-sessions", status_code=201, summary="Open a link from an e-mail")
def open_link(sent: LinkIn, session: Anyone) -> SessionOut:
    """Uses the link up: a token for this one referral, for eight hours. 410 for a used or old link."""
    row, token = referral_links.use(session, sent.link)
    return SessionOut(token=token, expires_at=row.expires_at, referral_id=row.referral_id)


@router.delete("/referral-sessions/current", status_code=204, summary="End a link's session")
def close_session(session: Anyone, token: SessionToken) -> None:
    """The token works no more. 401 when it did not before."""
    referral_links.end(session, token)


@router.get("/inbox", summary="Referrals to the caller's organisations")
def inbox(receiver: Receiver, asked: Annotated[InboxQuery, Query()]) -> Referrals:
    """Those whose turn comes first before the others; nothing in it tells of persons."""
    query = referral_rows.listed(receiver.by, asked)
    return referral_views.listed(receiver.session, query, asked, party="organisation")


@router.post("/inbox/redeem", summary="The person came with her code")
def redeem(sent: CodeIn, receiver: Receiver, response: Response) -> InboxReferral:
    """Accepts her referral. A code is redeemed once; five wrong ones in ten minutes, then 429."""
    return _shown(receiver, referral_inbox.redeem(receiver.session, sent.code, by=receiver.by), response)


@router.get("/inbox/{referral}", summary="Show a referral")
def show(referral: ReferralPath, receiver: Receiver, response: Response) -> InboxReferral:
    """Before acceptance nothing tells who the person is. That her details were read is written down."""
    return _shown(receiver, referral_rows.one(receiver.session, referral, receiver.by), response)


@router.post("/inbox/{referral}/status", summary="Accept, reject, and what follows")
def status(
    referral: ReferralPath, sent: StatusIn, receiver: Receiver, response: Response, if_match: IfMatch = None
) -> InboxReferral:
    """409 with `allowed` for a change that does not exist, 403 for one that is the requester's."""
    found = receiver.locked(referral, if_match)
    said = Said(sent.reason, sent.text, sent.outcome)
    referral_change.transition(receiver.session, found, sent.status, by=receiver.by, said=said)
    return _shown(receiver, found, response)


@router.post("/inbox/{referral}/events", summary="Tell what happened")
def tell(
    referral: ReferralPath, sent: EventIn, receiver: Receiver, response: Response, if_match: IfMatch = None
) -> InboxReferral:
    """A contact attempt, a booking, a visit, a question to the requester."""
    found = receiver.locked(referral, if_match)
    said = Said(sent.reason, sent.text, on=sent.on)
    referral_change.happened(receiver.session, found, sent.kind, by=receiver.by, said=said)
    return _shown(receiver, found, response)


@router.get("/inbox/{referral}/events", summary="What happened")
def events(referral: ReferralPath, receiver: Receiver) -> Events:
    """In order; exactly one for each change."""
    found = referral_rows.one(receiver.session, referral, receiver.by)
    return Events(items=referral_views.events(receiver.session, found, receiver.by))


@router.put("/inbox/{referral}/capacity", summary="Say whether the listing takes new people")
def capacity(
    referral: ReferralPath, sent: CapacityIn, receiver: Receiver, if_match: IfMatch = None
) -> CapacityOut:
    """Of the listing this referral is for. `full` stops new referrals at once, until the day or 30 days."""
    found = receiver.locked(referral, if_match)
    said = referral_inbox.set_capacity(receiver.session, found, sent, by=receiver.by)
    return CapacityOut(listing=referral_views.listing_of(receiver.session, found), capacity=said.exchange())
