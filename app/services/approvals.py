"""Deeds that take two people: proposed by one, decided and by that done by another."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Literal, assert_never, cast
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.db import Wall, stand_behind
from app.errors import Conflict, Forbidden, NotFound
from app.models import Approval, Listing, Organisation
from app.schemas.listing import ListingIn
from app.schemas.people import ApprovalIn, ApprovalKind, ApprovalQuery
from app.services import access_log, audit, listings, retention
from app.services.accounts import Actor

Decision = Literal["approved", "refused"]


def propose(session: Session, wish: ApprovalIn, *, actor: str) -> Approval:
    """A deed that waits for another person. Raises NotFound, and Conflict for one that waits."""
    if wish.kind != "shred" and session.get(Organisation, wish.subject) is None:
        raise NotFound("There is no such organisation.")
    # Two who propose the same at once are told apart by this lock, which ends with the transaction.
    session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(str(wish.subject), 0))))
    if waiting(session, wish.kind, wish.subject):
        raise Conflict("The same waits for a decision already.")
    return add(session, kind=wish.kind, subject=wish.subject, proposal={}, actor=actor)


def add(
    session: Session, *, kind: ApprovalKind, subject: UUID, proposal: dict[str, Any], actor: str
) -> Approval:
    made = Approval(kind=kind, subject=subject, proposal=proposal, proposed_by=actor)
    session.add(made)
    session.flush()
    audit.note(session, actor=actor, action="propose", subject_kind="approval", subject=made.id)
    return made


def waiting(session: Session, kind: ApprovalKind, subject: UUID) -> Approval | None:
    """The proposal about this subject that nobody has decided yet."""
    open_ones = (Approval.kind == kind, Approval.subject == subject, Approval.decision.is_(None))
    return session.scalar(select(Approval).where(*open_ones).order_by(Approval.id.desc()).limit(1))


def listed(session: Session, query: ApprovalQuery) -> tuple[Sequence[Approval], int]:
    """A page of those that wait, the oldest first, or of those decided; and how many there are."""
    wanted = select(Approval).where(Approval.decision.is_not(None) == query.decided)
    if query.kind:
        wanted = wanted.where(Approval.kind.in_(query.kind))
    if query.subject:
        wanted = wanted.where(Approval.subject == query.subject)
    total = session.scalar(select(func.count()).select_from(wanted.subquery())) or 0
    order = Approval.id.desc() if query.decided else Approval.id
    return session.scalars(
        wanted.order_by(order).limit(query.limit).offset((query.page - 1) * query.limit)
    ).all(), total


def by_id(session: Session, approval_id: UUID, *, lock: bool = False) -> Approval:
    """Raises NotFound."""
    found = session.get(Approval, approval_id, with_for_update=lock or None)
    if found is None:
        raise NotFound("There is no such proposal.")
    return found


def decide(session: Session, approval_id: UUID, decision: Decision, actor: Actor) -> Approval:
    """Decide, and when it is approved do it, in one transaction.

    Raises Forbidden for who proposed it, Conflict when it is decided already or can no longer be done.
    """
    found = by_id(session, approval_id, lock=True)
    if found.decision is not None:
        raise Conflict("This is decided already.")
    if found.proposed_by == actor.actor and decision == "approved":
        raise Forbidden("It takes another person than the one who proposed it.")
    close(session, found, decision, actor=actor.actor)
    if decision == "approved":
        _carry_out(session, found, actor)
    return found


def close(session: Session, found: Approval, decision: Decision, *, actor: str) -> None:
    """Write down the decision. Who proposed may refuse: she takes it back."""
    found.decision, found.decided_by, found.decided_at = decision, actor, datetime.now(UTC)
    session.flush()
    audit.note(session, actor=actor, action=decision, subject_kind="approval", subject=found.id)


def _carry_out(session: Session, found: Approval, actor: Actor) -> None:
    kind = cast(ApprovalKind, found.kind)
    match kind:
        case "verify_organisation":
            _verify(session, found.subject, actor=actor.actor)
        case "change_contacts":
            _change_contacts(session, found, actor=actor.actor)
        case "bulk_export":
            pass  # the approval opens the export for a while
        case "shred":
            _shred(session, found.subject, actor)
        case _:
            assert_never(kind)


def _verify(session: Session, organisation_id: UUID, *, actor: str) -> None:
    organisation = session.get(Organisation, organisation_id, with_for_update=True)
    if organisation is None:
        raise Conflict("There is no such organisation.")
    organisation.verified_on = datetime.now(UTC)
    audit.note(session, actor=actor, action="verify", subject_kind="organisation", subject=organisation_id)


def _change_contacts(session: Session, found: Approval, *, actor: str) -> None:
    """Onto the listing as it is now: what else changed meanwhile stays."""
    query = select(Listing).where(Listing.id == found.subject).options(*listings.WHOLE)
    listing = session.scalar(query.with_for_update(of=Listing))
    if listing is None or listing.status == "archived":
        raise Conflict("The listing was archived.")
    record = ListingIn.model_validate({**listings.to_exchange(listing), "contacts": found.proposal["after"]})
    listings.save(session, listing.organisation, record, actor=actor, existing=listing)


def _shred(session: Session, referral_id: UUID, actor: Actor) -> None:
    """Behind the wall of this referral alone. Raises NotFound when there is none."""
    stand_behind(session, Wall(referral=referral_id))
    retention.shred_told(session, referral_id, "approved")
    access_log.note(
        session, actor="operator", actor_id=actor.account_id, action="shred", referral_id=referral_id
    )
