"""What the person herself does with her code: sees how it goes, is reached another way, takes it back."""

from datetime import UTC, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.db import Wall, stand_behind
from app.errors import Conflict, NotFound
from app.models import AccessRow, Referral
from app.schemas.referral_answer import AccessRowOut, MyReferral
from app.schemas.referral_change import ContactChange
from app.schemas.referral_terms import Status
from app.services import (
    codes,
    notifications,
    referral_change,
    referral_rows,
    referral_texts,
    referral_views,
    tally,
)
from app.services.referral_change import Said
from app.services.referral_rows import By
from app.services.referral_states import OPEN, next_statuses
from app.services.vault import vault

_UNKNOWN = "There is no such code."


def by_code(session: Session, code: str, *, caller: str, lock: bool = False) -> tuple[Referral, By]:
    """Her referral. Raises Invalid for a mistyped code, NotFound for a wrong one, TooManyRequests after five.

    The session then stands behind the wall of this one referral. `caller` is who tries, such as an address.
    """
    mac = codes.digest(vault(), code)
    attempt = tally.try_code(f"person:{caller}")
    stand_behind(session, Wall(code=mac))
    query = select(Referral).where(Referral.code_mac == mac)
    referral = session.scalar(query.with_for_update() if lock else query)
    if referral is None:
        raise NotFound(_UNKNOWN)
    tally.was_right(attempt)
    return referral, By("person", referral_id=referral.id)


def shown(session: Session, referral: Referral, by: By, *, language: str | None) -> MyReferral:
    """How it goes, in her language where we have it."""
    person = referral_rows.person_of(session, referral)
    text, spoken = referral_texts.headline(referral, language or referral.language)
    names = referral_views.names(session, [referral])
    if person is not None:
        referral_rows.note(session, referral, by, "read", ["person"])
    status: Status = referral.status  # type: ignore[assignment]
    return MyReferral(
        status=status,
        closed=referral_views.is_closed(referral),
        headline=text,
        language=spoken,
        listing=referral_views.named(referral.listing_id, names),
        organisation=referral_views.named(referral.organisation_id, names),
        contact=person.contact if person else None,
        safe_to_leave_message=person.safe_to_leave_message if person else None,
        contact_windows=person.contact_windows if person else [],
        requested_at=referral.requested_at,
        may_withdraw=may_withdraw(referral),
        may_erase=referral.shredded_at is None and referral.mode != "code",
        version=referral.version,
    )


def withdraw(session: Session, referral: Referral, *, by: By, to: Status = "cancelled") -> None:
    """She takes it back: it is cancelled, both are told, and what tells of her is shredded at once.

    Raises IllegalChange or Forbidden for any status but cancelled.
    """
    consent = referral_rows.consent(session, referral.id)
    if consent is not None:
        consent.withdrawn_at = datetime.now(UTC)
    referral_change.transition(session, referral, to, by=by, said=Said(reason="withdrawn"))


def erase(session: Session, referral: Referral, *, by: By) -> None:
    """She takes it back whatever has become of it: cancelled where it can be, her data shredded always."""
    if may_withdraw(referral):
        withdraw(session, referral, by=by)
        return
    consent = referral_rows.consent(session, referral.id)
    if consent is not None and consent.withdrawn_at is None:
        consent.withdrawn_at = datetime.now(UTC)
    referral_change.erased(session, referral, by=by)


def may_withdraw(referral: Referral) -> bool:
    """Whether there is something for her to cancel."""
    status: Status = referral.status  # type: ignore[assignment]
    return "cancelled" in next_statuses(status, "person")


def change_contact(session: Session, referral: Referral, sent: ContactChange, *, by: By) -> None:
    """Another way to reach her, while it is open. Raises Conflict otherwise and in the mode `code`."""
    person = referral_rows.person_of(session, referral)
    if person is None or referral.status not in OPEN:
        raise Conflict("There is no contact to change any more.")
    person = person.model_copy(
        update={"contact": sent.contact, "safe_to_leave_message": sent.safe_to_leave_message}
    )
    referral_rows.seal_person(session, referral, person)
    referral_change.edited(session, referral, by=by, fields={"person"})
    if referral.accepted_at is not None:
        notifications.tell(session, referral, "referral.contact-changed", to=["organisation"])


def who_looked(session: Session, referral: Referral) -> list[AccessRowOut]:
    """Every reading and deed of this referral, the oldest first."""
    rows = session.scalars(
        select(AccessRow).where(AccessRow.referral_id == referral.id).order_by(AccessRow.number)
    )
    return [
        AccessRowOut(at=row.at, by=row.actor, action=row.action, unit=row.unit, fields=row.fields)
        for row in rows
    ]
