"""A unit's mailbox: where those who refer without a system of their own are told how it goes.

One for each unit of a care provider; staff whose token names no unit share their care provider's. It belongs
to a function and never to a person: whoever is on duty reads it, and it is kept in plain.
"""

from dataclasses import dataclass

from sqlalchemy import Select, select, text
from sqlalchemy.orm import Session
from uuid_utils.compat import uuid7

from app.db import acting_for
from app.errors import NotFound
from app.models import Referral, UnitMailbox
from app.services import audit


@dataclass(frozen=True)
class Desk:
    """Whose mailbox it is: a care provider's unit, or its staff without one."""

    tenant: str
    unit: str | None


def one(session: Session, desk: Desk) -> UnitMailbox:
    """The desk's own mailbox. Raises NotFound."""
    found = session.scalar(_of(desk))
    if found is None:
        raise NotFound("There is no mailbox.")
    return found


def locked(session: Session, desk: Desk) -> UnitMailbox | None:
    """The desk's own mailbox, to be changed by nobody else meanwhile, also when there is none yet."""
    key = f"{desk.tenant}|{desk.unit or ''}"
    session.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 7209104))"), {"key": key})
    return session.scalar(_of(desk))


def put(
    session: Session, desk: Desk, address: str, *, existing: UnitMailbox | None, actor: str
) -> UnitMailbox:
    """Say where the desk is told from now on; what waits goes there, too."""
    made = existing or UnitMailbox(id=uuid7(), tenant=desk.tenant, unit=desk.unit, version=0)
    made.address = address
    made.version += 1
    session.add(made)
    session.flush()
    action = "update" if existing else "create"
    audit.note(session, actor=actor, action=action, subject_kind="unit_mailbox", subject=made.id)
    return made


def remove(session: Session, mailbox: UnitMailbox, *, actor: str) -> None:
    """Nothing more is sent there, waiting messages included."""
    session.delete(mailbox)
    audit.note(session, actor=actor, action="delete", subject_kind="unit_mailbox", subject=mailbox.id)


def of_requester(session: Session, referral: Referral) -> UnitMailbox | None:
    """The mailbox of the unit that refers, whoever's wall the session stands behind."""
    if referral.requester_tenant is None:  # the person asked by herself
        return None
    with acting_for(session, referral.requester_tenant):
        return session.scalar(_of(Desk(referral.requester_tenant, referral.requester_unit)))


def _of(desk: Desk) -> Select[UnitMailbox]:
    return select(UnitMailbox).where(
        UnitMailbox.tenant == desk.tenant, UnitMailbox.unit.is_not_distinct_from(desk.unit)
    )
