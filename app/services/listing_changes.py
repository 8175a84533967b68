"""What an organisation does to its listings, one function a deed."""

from datetime import UTC, datetime
from typing import Literal, assert_never

from sqlalchemy.orm import Session

from app.errors import Conflict, FieldProblem
from app.models import Listing, Organisation
from app.schemas.listing import ListingIn
from app.services import audit, listings
from app.services.listing_status import transition
from app.services.wall_clock import STOCKHOLM

Step = Literal["publish", "pause", "archive", "confirm"]


def create(session: Session, owner: Organisation, record: ListingIn, *, actor: str, publish: bool) -> Listing:
    """A new listing. Raises Conflict when the organisation has the external id already, Invalid as save."""
    if record.external_id and listings.by_external_id(session, owner.id, record.external_id, lock=True):
        raise Conflict("The external id is taken.", [FieldProblem("/external_id", "taken", "Is taken.")])
    status: Literal["published"] | None = "published" if publish else None
    return listings.save(session, owner, record, actor=actor, existing=None, status=status)[0]


def replace(session: Session, found: Listing, record: ListingIn, *, actor: str) -> Listing:
    """All that is known of it anew; the external id stays when the record does not name one."""
    given = record.exchange()
    if found.external_id:
        given.setdefault("external_id", found.external_id)
    return listings.save(
        session, found.organisation, ListingIn.model_validate(given), actor=actor, existing=found
    )[0]


def change(session: Session, found: Listing, record: ListingIn, *, actor: str) -> Listing:
    """The top-level fields that the record names, each replaced whole."""
    merged = ListingIn.model_validate({**listings.to_exchange(found), **record.exchange()})
    return listings.save(session, found.organisation, merged, actor=actor, existing=found)[0]


def take(session: Session, found: Listing, step: Step, *, actor: str) -> None:
    """One step. Raises Conflict when the status does not allow it, Invalid when it cannot be published."""
    match step:
        case "publish":
            listings.check_publishable(listings.to_record(found))
            transition(found, "published")
        case "pause":
            transition(found, "paused")
        case "archive":
            transition(found, "archived")
        case "confirm":
            if found.status == "archived":
                raise Conflict("The listing was archived.")
            found.confirmed_on = datetime.now(UTC).astimezone(STOCKHOLM).date()
            found.version += 1
        case _:
            assert_never(step)
    session.flush()
    audit.note(session, actor=actor, action=step, subject_kind="listing", subject=found.id)
    listings.follow(session, found)
