"""The mailbox of the caller's own unit: where those who refer are told how it goes."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Response
from sqlalchemy.orm import Session

from app.db import Wall, walled_scope
from app.deps import IfMatch, StaffDep, etag, require_match
from app.errors import PreconditionFailed
from app.models import UnitMailbox
from app.schemas.mailbox import MailboxIn, MailboxOut
from app.services import unit_mailboxes
from app.services.unit_mailboxes import Desk

router = APIRouter(tags=["webhooks"])
PATH = "/unit-mailbox"


@dataclass(frozen=True)
class AtDesk:
    """A session behind the care provider's wall, the caller's unit, and who that is for the log of writes."""

    session: Session
    desk: Desk
    actor: str


def get_desk(staff: StaffDep) -> Iterator[AtDesk]:
    tenant = staff.tenant or ""  # staff always have one
    with walled_scope(Wall(tenant=tenant)) as session:
        yield AtDesk(session, Desk(tenant, staff.unit), staff.actor)


DeskDep = Annotated[AtDesk, Depends(get_desk, scope="function")]


@router.get(PATH, response_model=MailboxOut, summary="Show the own unit's mailbox")
def show(at: DeskDep, response: Response) -> UnitMailbox:
    """Where the unit is told of its referrals by e-mail; 404 when there is none."""
    found = unit_mailboxes.one(at.session, at.desk)
    response.headers["ETag"] = etag(found.version)
    return found


@router.put(
    PATH,
    response_model=MailboxOut,
    summary="Set the own unit's mailbox",
    responses={201: {"model": MailboxOut, "description": "It was made."}},
)
def put(sent: MailboxIn, at: DeskDep, response: Response, if_match: IfMatch = None) -> UnitMailbox:
    """Make it (201) or replace it (200, with If-Match). It must be a functional address, not a person's own.

    It is told that something happened and in which case, never anything about a person, and gets no link.
    """
    existing = unit_mailboxes.locked(at.session, at.desk)
    if existing is None:
        if if_match is not None and if_match.strip() != "*":
            raise PreconditionFailed("It was removed after you read it.")
        response.status_code = 201
    else:
        require_match(if_match, existing.version)
    saved = unit_mailboxes.put(at.session, at.desk, sent.address, existing=existing, actor=at.actor)
    response.headers["ETag"] = etag(saved.version)
    return saved


@router.delete(PATH, status_code=204, summary="Remove the own unit's mailbox")
def remove(at: DeskDep, if_match: IfMatch = None) -> None:
    """Nothing more is sent there, waiting messages included."""
    unit_mailboxes.locked(at.session, at.desk)
    found = unit_mailboxes.one(at.session, at.desk)
    require_match(if_match, found.version)
    unit_mailboxes.remove(at.session, found, actor=at.actor)
