"""What an organisation does to its listings, one function a deed."""

from datetime import UTC, datetime
from typing import Literal, assert_never

from psycopg.errors import UniqueViolation
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.errors import Conflict, FieldProblem
from app.models import Listing, Organisation
from app.schemas.listing import ListingIn
from app.services import audit, held_contacts, listings
from app.services.listing_status import transition
from app.services.wall_clock import STOCKHOLM

Step = Literal["publish", "pause", "archive", "confirm"]
_EXTERNAL_ID = "uq_listing_organisation_id_external_id"


def save(
    session: Session,
    owner: Organisation,
    record: ListingIn,
    *,
    actor: str,
    existing: Listing | None,
    publish: bool = False,
) -> Listing:
    """A new listing, or all that is known of `existing` anew; `publish` it when it is not.

    Raises Conflict for an archived listing and for an external id that another one has, Invalid as
    `listings.save`.
    """
    if existing is not None and existing.status == "archived":
        raise Conflict("The listing was archived.")
    if existing is not None:
        record = held_contacts.hold(session, existing, record, actor=actor)
    status: Literal["published"] | None = "published" if publish else None
    try:
        return listings.save(session, owner, record, actor=actor, existing=existing, status=status)[0]
    except IntegrityError as error:
        # Asked of the database alone, as another request may be taking the same id at this moment.
        if not (isinstance(error.orig, UniqueViolation) and error.orig.diag.constraint_name == _EXTERNAL_ID):
            raise
        taken = FieldProblem("/external_id", "taken", "Is taken.")
        raise Conflict("The external id is taken.", [taken]) from error


def replace(session: Session, found: Listing, record: ListingIn, *, actor: str) -> Listing:
    """All that is known of it anew; the external id stays when the record does not name one."""
    given = record.exchange()
    if found.external_id:
        given.setdefault("external_id", found.external_id)
    return save(session, found.organisation, ListingIn.model_validate(given), actor=actor, existing=found)


def change(session: Session, found: Listing, record: ListingIn, *, actor: str) -> Listing:
    """The top-level fields that the record names, each replaced whole."""
    given = record.exchange()
    if "contacts" not in given and (waiting := held_contacts.pending(session, [found.id])):
        given["contacts"] = waiting[found.id]  # those that wait go on waiting
    merged = ListingIn.model_validate({**listings.to_exchange(found), **given})
    return save(session, found.organisation, merged, actor=actor, existing=found)


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
