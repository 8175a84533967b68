"""What an organisation does beside answering: redeems a code, says whether it takes people."""

from datetime import UTC, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.db import Wall, stand_behind
from app.errors import Conflict, Forbidden, NotFound
from app.models import Referral
from app.schemas.listing import Capacity, ListingIn
from app.schemas.referral_change import CapacityIn
from app.services import codes, listing_changes, listings, referral_change, tally
from app.services.referral_rows import By
from app.services.vault import vault
from app.services.wall_clock import today


def redeem(session: Session, code: str, *, by: By) -> Referral:
    """The person came with her code: her referral, accepted when it was not. A code is redeemed once.

    Raises Invalid for a mistyped code, NotFound for a wrong one or another organisation's, TooManyRequests
    after five, Conflict when it was redeemed or closed before.
    """
    if by.referral_id is not None:
        raise Forbidden("A link opens one referral; a code is redeemed by a member.")
    mac = codes.digest(vault(), code)
    attempt = tally.try_code(f"redeem:{','.join(sorted(map(str, by.organisations)))}")
    stand_behind(session, Wall(organisations=by.organisations, code=mac))
    referral = session.scalar(select(Referral).where(Referral.code_mac == mac, by.sees()).with_for_update())
    if referral is None or referral.mode != "code":
        raise NotFound("There is no such code.")
    tally.was_right(attempt)
    stand_behind(session, Wall(organisations=by.organisations))
    if referral.redeemed_at is not None:
        raise Conflict("The code was redeemed before.")
    referral.redeemed_at = datetime.now(UTC)
    if referral.status == "requested":
        referral_change.transition(session, referral, "accepted", by=by)
    else:
        referral_change.happened(session, referral, "contacted", by=by)
    return referral


def set_capacity(session: Session, referral: Referral, sent: CapacityIn, *, by: By) -> Capacity:
    """Whether the referral's listing takes new people, from today. Full stops new referrals at once."""
    listing = listings.by_id(
        session, referral.listing_id, organisation_id=referral.organisation_id, lock=True
    )
    capacity = Capacity(status=sent.status, as_of=today(), **({"until": sent.until} if sent.until else {}))
    record = ListingIn(kind=listing.kind, capacity=capacity)
    listing_changes.change(session, listing, record, actor=f"{by.party}:{by.actor_id}")
    return capacity
