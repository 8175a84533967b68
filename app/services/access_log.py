"""Who read and did what with referrals: one row each, bound by SHA-256 to the row before.

A row that is edited, removed, put in or moved breaks the chain (see access_verify). The head of the chain is
one row that whoever appends holds until the transaction ends: append as its last deed, so that nobody waits
for what comes after, and ask nothing else to append in another session meanwhile.
"""

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, Literal, NotRequired, TypedDict, Unpack
from uuid import UUID

from sqlalchemy import insert, select, text, update
from sqlalchemy.dialects.postgresql import insert as insert_unless_there
from sqlalchemy.orm import Session

from app.db import Wall, walled_scope
from app.models import AccessHead, AccessRow

NOTHING = "0" * 64  # the hash before the first row
HEAD = 1


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
    """Append one row in the caller's transaction, as its last deed."""
    session.flush()  # what the caller still has to write is written before the head is held
    head = _hold(session)
    row: dict[str, Any] = {
        "number": head.number + 1,
        "at": datetime.now(UTC),
        "actor": deed["actor"],
        "actor_id": deed["actor_id"],
        "tenant": deed.get("tenant"),
        "unit": deed.get("unit"),
        "organisation_id": deed.get("organisation_id"),
        "action": deed["action"],
        "referral_id": deed["referral_id"],
        "fields": sorted(deed.get("fields", ())),
        "previous": head.hash,
    }
    row["hash"] = digest(row)
    session.execute(insert(AccessRow).values(row))
    session.execute(
        update(AccessHead).where(AccessHead.id == HEAD).values(number=row["number"], hash=row["hash"]),
        execution_options={"synchronize_session": False},
    )


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
    """Append one row at once, in a session of its own: for refusals, whose own transaction is rolled back.

    Not in a transaction that has noted something itself: that one holds the head. Such a call is refused by
    the database after two seconds, rather than waiting for ever.
    """
    with walled_scope(Wall(role=role), aside=True) as session:
        session.execute(text("SET LOCAL lock_timeout = '2s'"))
        note(session, **deed)
