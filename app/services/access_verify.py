"""Is the access log what was written? Walks its chain, and compares it with its head and its checkpoints."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from joserfc.jwk import OKPKey
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.models import AccessCheckpoint, AccessHead, AccessRow
from app.services import access_checkpoint, access_log

BATCH = 5000
FAR = 1000  # rows to look around for where a moved one stood: 20 ms
_COLUMNS = tuple(AccessRow.__table__.columns)


@dataclass
class Verified:
    """How far the chain was walked, and what is wrong with it, in sentences."""

    rows: int = 0
    hash: str = access_log.NOTHING
    checkpoints: int = 0
    signed: int = 0
    faults: list[str] = field(default_factory=list)


def verify(
    session: Session, *, kept_elsewhere: Iterable[str] = (), believed: Sequence[OKPKey] = (), after: int = 0
) -> Verified:
    """Walk the chain; the first row that is wrong ends the walk. The session should be a snapshot.

    `kept_elsewhere`: checkpoints as they were printed. `believed`: public keys; without any the signatures
    of the table's checkpoints are not judged. `after`: begin at the row after this one, which is believed.
    """
    found = Verified(rows=after)
    marks = _marks(session, kept_elsewhere, believed, found)
    fault = _walk(session, found, marks)
    if fault:
        found.faults.append(fault)
        return found
    _compare_end(session, found, marks)
    return found


def _marks(
    session: Session, kept_elsewhere: Iterable[str], believed: Sequence[OKPKey], found: Verified
) -> dict[int, set[str]]:
    """The hashes that rows are said to have, by number."""
    marks: dict[int, set[str]] = {}
    for row in session.scalars(select(AccessCheckpoint).order_by(AccessCheckpoint.number)):
        marks.setdefault(row.number, set()).add(row.hash)
        found.checkpoints += 1
        if believed:
            opened = access_checkpoint.opened(row.signature, list(believed))
            if opened is None or (opened.number, opened.hash) != (row.number, row.hash):
                found.faults.append(f"The checkpoint at row {row.number} is not what was signed.")
            else:
                found.signed += 1
    for place, line in enumerate((line for line in kept_elsewhere if line.strip()), 1):
        found.checkpoints += 1
        opened = access_checkpoint.opened(line, list(believed))
        if opened is None:
            found.faults.append(f"Checkpoint {place} of the file was not signed by this service's key.")
        else:
            found.signed += 1
            marks.setdefault(opened.number, set()).add(opened.hash)
    return marks


def _walk(session: Session, found: Verified, marks: dict[int, set[str]]) -> str | None:
    """The sentence about the first row that is wrong; None when every row follows the one before."""
    if found.rows:
        found.hash = session.scalar(select(AccessRow.hash).where(AccessRow.number == found.rows)) or ""
        if not found.hash:
            return f"Row {found.rows} is missing."
    while True:
        batch = session.execute(
            select(*_COLUMNS).where(AccessRow.number > found.rows).order_by(AccessRow.number).limit(BATCH)
        ).mappings()
        row: dict[str, Any] | None = None
        for row in map(dict, batch):
            fault = _wrong(row, found, marks)
            if fault:
                return fault
            found.rows, found.hash = row["number"], row["hash"]
        if row is None:
            return None


def _wrong(row: dict[str, Any], found: Verified, marks: dict[int, set[str]]) -> str | None:
    number = row["number"]
    if number != found.rows + 1:
        return f"Row {found.rows + 1} is missing: it was deleted, or a later one was renumbered."
    if access_log.digest(row) != row["hash"]:
        was = _number_it_was(row)
        if was is not None:
            return f"Row {number} was moved: it was written as row {was}."
        return f"Row {number} was edited."
    if row["previous"] != found.hash:
        return f"Row {number} does not follow row {number - 1}: one of them was put in, replaced or moved."
    if marks.get(number, {row["hash"]}) != {row["hash"]}:
        return f"Row {number} is not the one of the checkpoint: the log was written anew before it."
    return None


def _number_it_was(row: dict[str, Any]) -> int | None:
    """The number under which the row's hash is right, when it is not far from where the row stands."""
    near = range(max(1, row["number"] - FAR), row["number"] + FAR + 1)
    return next((one for one in near if access_log.digest({**row, "number": one}) == row["hash"]), None)


def _compare_end(session: Session, found: Verified, marks: dict[int, set[str]]) -> None:
    head = session.get(AccessHead, access_log.HEAD)
    beyond = max(marks, default=0)
    if beyond > found.rows:
        found.faults.append(f"The end was cut off after row {found.rows}: a checkpoint saw {beyond} rows.")
    elif head is None:
        if found.rows:
            found.faults.append(f"The head is missing; the last row is {found.rows}.")
    elif head.number > found.rows:
        found.faults.append(f"The end was cut off after row {found.rows}: the head is at row {head.number}.")
    elif head.number < found.rows:
        found.faults.append(f"Row {head.number + 1} was put in behind the head.")
    elif head.hash != found.hash:
        found.faults.append(f"The head does not have the hash of row {found.rows}.")
