"""Counting of what somebody may do only so often; the callers are keyed digests, kept for a day."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from app.db import Wall, walled_scope
from app.errors import TooManyRequests
from app.models import CodeAttempt
from app.services.vault import vault

TRIES = 5
TRIES_MINUTES = 10


def count(session: Session, what: str, *, most: int, within: timedelta) -> int:
    """One more of something in this transaction; its number. Raises TooManyRequests after `most`."""
    mac = vault().mac("tally", what)
    # One at a time for each caller: a crowd of requests at once is counted like a queue of them.
    session.execute(select(func.pg_advisory_xact_lock(int(mac[:15], 16))))
    query = select(func.count()).select_from(CodeAttempt)
    before = session.scalar(
        query.where(CodeAttempt.caller_mac == mac, CodeAttempt.at > datetime.now(UTC) - within)
    )
    if (before or 0) >= most:
        raise TooManyRequests("Too many tries. Wait before the next one.")
    row = CodeAttempt(caller_mac=mac, at=datetime.now(UTC))
    session.add(row)
    session.flush()
    return row.id


def try_code(caller: str) -> int:
    """Count a try at a code before it is looked at. Raises TooManyRequests after five in ten minutes."""
    with walled_scope(Wall(), aside=True) as session:
        return count(session, f"code:{caller}", most=TRIES, within=timedelta(minutes=TRIES_MINUTES))


def was_right(attempt: int) -> None:
    """A right code is no guess: it is not counted, whatever becomes of the request that gave it."""
    with walled_scope(Wall(), aside=True) as session:
        session.execute(delete(CodeAttempt).where(CodeAttempt.id == attempt))
