"""The access log for those who review it, and for a person who asks who has read about her."""

from collections.abc import Iterator
from datetime import datetime
from uuid import UUID

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from app.models import AccessRow
from app.services import access_log

_COLUMNS = tuple(AccessRow.__table__.columns)


def chosen(
    *,
    referral: UUID | None = None,
    actor: UUID | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> Select[tuple[object, ...]]:
    """Rows of one referral, of one account or session, from a time on and before another; all without any."""
    query: Select[tuple[object, ...]] = select(*_COLUMNS)
    if referral is not None:
        query = query.where(AccessRow.referral_id == referral)
    if actor is not None:
        query = query.where(AccessRow.actor_id == actor)
    if since is not None:
        query = query.where(AccessRow.at >= since)
    if until is not None:
        query = query.where(AccessRow.at < until)
    return query


def lines(session: Session, query: Select[tuple[object, ...]]) -> Iterator[str]:
    """Each row as a line of JSON, in the form that is hashed and with its hash, in the order of the log."""
    ordered = query.order_by(AccessRow.number).execution_options(yield_per=1000)
    for row in session.execute(ordered).mappings():
        yield access_log.canonical(dict(row)).decode()


def sample(session: Session, number: int, *, since: datetime | None = None) -> Iterator[str]:
    """Rows drawn by lot among what people did, for a review of whether they had cause to."""
    drawn = chosen(since=since).with_only_columns(AccessRow.number).where(AccessRow.actor != "system")
    picked = drawn.order_by(func.random()).limit(number).subquery()
    yield from lines(session, chosen().where(AccessRow.number.in_(select(picked.c.number))))
