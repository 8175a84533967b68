"""How to reach a support line, once it is public, changes when a second person has seen it.

Whoever holds an association's key could else lead people in need to a number of their own.
"""

from collections.abc import Iterable
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.errors import Conflict
from app.models import Approval, Listing
from app.schemas.listing import Kind, ListingIn
from app.services import approvals, listings

KIND: Final = "change_contacts"


def hold(session: Session, existing: Listing, record: ListingIn, *, actor: str) -> ListingIn:
    """The record that may be saved at once: with the contacts as they are, while the new ones wait.

    Hours, labels and languages of the same numbers and addresses change at once. Raises Conflict for a
    support line that is to become something else, whose contacts would be free; Invalid for new contacts
    that could not be published.
    """
    if existing.kind != Kind.SUPPORT_LINE or existing.published_at is None:
        return record
    if record.kind is not Kind.SUPPORT_LINE:
        raise Conflict("What was published as a support line stays one.")
    given = record.exchange()
    after = given.get("contacts")
    before = existing.contacts
    pending = approvals.waiting(session, KIND, existing.id)
    if pending is not None and pending.proposal["after"] != after:
        approvals.close(session, pending, "refused", actor=actor)
        pending = None
    if _reached(before) == _reached(after):
        return record
    if existing.status == "published":
        listings.check_publishable(record)
    if pending is None:
        proposal = {"before": before, "after": after}
        approvals.add(session, kind=KIND, subject=existing.id, proposal=proposal, actor=actor)
    given.pop("contacts", None)
    if before is not None or "contacts" in existing.known_without:
        given["contacts"] = before
    return ListingIn.model_validate(given)


def _reached(contacts: Iterable[dict[str, Any]] | None) -> list[tuple[str, str]]:
    return sorted((contact["channel"], contact["value"]) for contact in contacts or [])


def pending(session: Session, listing_ids: Iterable[UUID]) -> dict[UUID, list[dict[str, Any]]]:
    """The contacts that wait, by listing."""
    wanted = select(Approval).where(
        Approval.kind == KIND, Approval.decision.is_(None), Approval.subject.in_(list(listing_ids))
    )
    return {row.subject: row.proposal["after"] or [] for row in session.scalars(wanted)}
