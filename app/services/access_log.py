"""Who read and did what with referrals: one row each, bound by SHA-256 to the row before.

A row that is edited, removed, put in or moved breaks the chain (see access_verify). The head of the chain is
one row that whoever appends holds for the last moment of a transaction.
"""

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, Literal, NotRequired, TypedDict, Unpack
from uuid import UUID

from sqlalchemy import event, insert, select, update
from sqlalchemy.dialects.postgresql import insert as insert_unless_there
from sqlalchemy.orm import Session

from app.db import Wall, walled_scope
from app.models import AccessHead, AccessRow

NOTHING = "0" * 64  # the hash before the first row
HEAD = 1
_NOTED = "access_noted"


def canonical(row: dict[str, Any]) -> bytes:
    """The row as the bytes that are hashed: JSON with sorted names, no spaces, UTF-8, microseconds in UTC."""
    return json.dumps(
        {name: _plain(value) for name, value in row.items()},
        sort_keys=True,
        separators=(",", ":"),
        ensure_ascii=False,
    ).encode()


def _plain(value: object) -> object:
    match value:
        case datetime():
            return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        case UUID():
            return str(value)
        case _:
            return value


def digest(row: dict[str, Any]) -> str:
    """The hash of a row: everything in it, the previous hash included, but its own hash."""
    return sha256(canonical({name: value for name, value in row.items() if name != "hash"})).hexdigest()


class Deed(TypedDict):
    """What is told of a deed.

    `actor`: requester, organisation, person, operator or system. `actor_id`: the account's pseudonym, or the
    session of a link. `fields`: names of fields, never their contents.
    """

    actor: str
    actor_id: UUID | None
    action: str
    referral_id: UUID | None
    tenant: NotRequired[str | None]
    unit: NotRequired[str | None]
    organisation_id: NotRequired[UUID | None]
    fields: NotRequired[Iterable[str]]


def note(session: Session, **deed: Unpack[Deed]) -> None:
    """Append one row in the caller's transaction: it is written just before the commit.

    Whatever else the transaction locks it has by then, so that nobody who holds the head waits for anything.
    A rollback forgets it.
    """
    session.info.setdefault(_NOTED, []).append(deed)


@event.listens_for(Session, "before_commit")
def _write(session: Session) -> None:
    if session.in_nested_transaction() or not session.info.get(_NOTED):
        return
    session.flush()  # what the caller still has to write is written before the head is held
    head = _hold(session)
    number, previous = head.number, head.hash
    rows = []
    for deed in session.info.pop(_NOTED):
        number += 1
        row: dict[str, Any] = {
            "number": number,
            "at": datetime.now(UTC),
            "actor": deed["actor"],
            "actor_id": deed["actor_id"],
            "tenant": deed.get("tenant"),
            "unit": deed.get("unit"),
            "organisation_id": deed.get("organisation_id"),
            "action": deed["action"],
            "referral_id": deed["referral_id"],
            "fields": sorted(deed.get("fields", ())),
            "previous": previous,
        }
        previous = row["hash"] = digest(row)
        rows.append(row)
    session.execute(insert(AccessRow).values(rows))
    session.execute(
        update(AccessHead).where(AccessHead.id == HEAD).values(number=number, hash=previous),
        execution_options={"synchronize_session": False},
    )


@event.listens_for(Session, "after_rollback")
def _forget(session: Session) -> None:
    session.info.pop(_NOTED, None)


def _hold(session: Session) -> Any:
    """The end of the chain, held until the transaction ends."""
    held = select(AccessHead.number, AccessHead.hash).where(AccessHead.id == HEAD).with_for_update()
    head = session.execute(held).one_or_none()
    if head is None:
        # Where rows exist without their head, the first append collides with them: nothing is written over.
        session.execute(
            insert_unless_there(AccessHead).values(id=HEAD, number=0, hash=NOTHING).on_conflict_do_nothing()
        )
        head = session.execute(held).one()
    return head


def note_alone(
    *, role: Literal["torg_service", "torg_worker"] = "torg_service", **deed: Unpack[Deed]
) -> None:
    """Append one row at once, in a session of its own: for refusals, whose own transaction is rolled back."""
    with walled_scope(Wall(role=role), aside=True) as session:
        note(session, **deed)
