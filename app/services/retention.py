"""Nothing that tells of a person is kept longer than it is needed.

Shredding deletes a referral's data key, and with it everything that was sealed under it, also in events,
which are never deleted. A ledger of what was shredded is kept outside the database, and replayed after a
backup is restored (docs/backup.md).
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ValidationError
from sqlalchemy import ColumnElement, DateTime, and_, case, cast, delete, exists, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session
from uuid_utils.compat import uuid7

from app.config import get_settings
from app.db import Wall, walled_scope
from app.errors import BadRequest, NotFound
from app.models import (
    CodeAttempt,
    IdempotentRequest,
    Notification,
    Referral,
    ReferralConsent,
    ReferralEvent,
    ReferralKey,
    ReferralLink,
    ReferralSecret,
    ReferralSession,
    ShredRow,
    WebhookEndpoint,
)
from app.services import access_log
from app.services.referral_states import OPEN

WORKER = Wall(role="torg_worker")
# One batch holds the end of the access log while it is written: a tenth of a second.
BATCH = 100
# A used link is told from an unknown one for as long as somebody may still find it in a mailbox.
SESSION_KEPT, LINK_KEPT = timedelta(days=1), timedelta(days=30)
ATTEMPT_KEPT = timedelta(days=1)  # wrong codes are counted over ten minutes
DELIVERED_KEPT, GIVEN_UP_KEPT = timedelta(days=30), timedelta(days=90)
REQUEST_KEPT = timedelta(hours=48)


def shred(session: Session, referral_id: UUID, why: str) -> bool:
    """Make everything about the person unreadable for good; False when it was before.

    What all may see of the referral stays. The deed is not noted in the access log: the caller does, last.
    Raises NotFound when the wall does not show the referral.
    """
    found = session.execute(
        update(Referral)
        .where(Referral.id == referral_id, Referral.shredded_at.is_(None))
        # Health and origin go with the name; what is left is counted, by kommun and age band, and no more.
        .values(
            shredded_at=datetime.now(UTC),
            duplicate_mac=None,
            access_needs=[],
            language=None,
            interpreter=None,
        )
    )
    if not found.rowcount:  # type: ignore[attr-defined]
        if session.scalar(select(Referral.id).where(Referral.id == referral_id)) is None:
            raise NotFound("There is no such referral.")
        return False
    _forget(session, referral_id)
    session.execute(insert(ShredRow).values(referral_id=referral_id, why=why).on_conflict_do_nothing())
    return True


def shred_told(session: Session, referral_id: UUID, why: str) -> bool:
    """As `shred`, with an event and a new version: for whoever shreds without any other change."""
    if not shred(session, referral_id, why):
        return False
    of_referral = ReferralEvent.referral_id == referral_id
    last = session.scalar(select(func.max(ReferralEvent.number)).where(of_referral)) or 0
    told = {"id": uuid7(), "referral_id": referral_id, "number": last + 1, "kind": "shredded"}
    session.execute(insert(ReferralEvent).values(**told, actor="system"))
    session.execute(update(Referral).where(Referral.id == referral_id).values(version=last + 1))
    return True


def _forget(session: Session, referral_id: UUID) -> None:
    session.execute(delete(ReferralSecret).where(ReferralSecret.referral_id == referral_id))
    session.execute(delete(ReferralKey).where(ReferralKey.referral_id == referral_id))


def promised(closed_at: datetime, *, accepted: bool) -> datetime:
    """What to tell the person when her referral is closed (`shred_after`): it holds if settings change."""
    settings = get_settings()
    return closed_at + timedelta(
        days=settings.retention_days if accepted else settings.retention_unaccepted_days
    )


def deadline() -> ColumnElement[datetime]:
    """When a referral is to be shredded: NULL while it is open and the person's waiver, if any, lasts.

    Counted from its closing, or from the last change of a draft that was never sent. What the person was
    promised (`shred_after`) holds when it is sooner.
    """
    settings = get_settings()
    kept = case(
        (Referral.accepted_at.is_(None), timedelta(days=settings.retention_unaccepted_days)),
        else_=timedelta(days=settings.retention_days),
    )
    ended = case((Referral.status.not_in(OPEN), func.coalesce(Referral.closed_at, Referral.updated_at)))
    waived = select(func.timezone("Europe/Stockholm", cast(ReferralConsent.expires_on, DateTime)))
    agreed_until = waived.where(ReferralConsent.referral_id == Referral.id).scalar_subquery()
    return func.least(Referral.shred_after, ended + kept, agreed_until + kept)  # LEAST passes NULL over


def due(session: Session, now: datetime, *, limit: int = BATCH) -> Sequence[UUID]:
    """Referrals whose time is over, the longest overdue first; held until the transaction ends."""
    return session.scalars(
        select(Referral.id)
        .where(Referral.shredded_at.is_(None), deadline() <= now)
        .order_by(deadline())
        .limit(limit)
        .with_for_update(skip_locked=True)
    ).all()


@dataclass
class Report:
    """How many of each were (or, in a rehearsal, would be) removed."""

    referrals: int = 0
    strays: int = 0
    sessions: int = 0
    links: int = 0
    attempts: int = 0
    notifications: int = 0
    requests: int = 0
    secrets: int = 0

    def fields(self) -> str:
        return " ".join(f"{name}={number}" for name, number in vars(self).items())


def run(now: datetime | None = None, *, dry_run: bool = False) -> Report:
    """Shred what is due and remove what has served its time. In a rehearsal nothing is changed."""
    now = now or datetime.now(UTC)
    report = Report()
    if dry_run:
        with walled_scope(WORKER) as session:
            report.referrals = _count(session, Referral, Referral.shredded_at.is_(None), deadline() <= now)
            for name, table, over in _worn_out(now):
                setattr(report, name, _count(session, table, over))
        return report
    while shredded := _shred_batch(now):
        report.referrals += shredded
    with walled_scope(WORKER) as session:
        for name, table, over in _worn_out(now):
            removed = session.execute(delete(table).where(over).execution_options(synchronize_session=False))
            setattr(report, name, removed.rowcount)  # type: ignore[attr-defined]
        endpoints = session.execute(
            update(WebhookEndpoint)
            .where(WebhookEndpoint.previous_until < now)
            .values(previous_secret=None, previous_until=None)
        )
        report.secrets = endpoints.rowcount  # type: ignore[attr-defined]
    return report


def _shred_batch(now: datetime) -> int:
    with walled_scope(WORKER) as session:
        ids = due(session, now, limit=BATCH)
        for referral_id in ids:
            shred_told(session, referral_id, "retention")
        for referral_id in ids:
            access_log.note(session, actor="system", actor_id=None, action="shred", referral_id=referral_id)
        return len(ids)


def _count(session: Session, table: type, *over: ColumnElement[bool]) -> int:
    return session.scalar(select(func.count()).select_from(table).where(*over)) or 0


def _worn_out(now: datetime) -> Iterator[tuple[str, type, ColumnElement[bool]]]:
    """What has served its time, by table."""
    with_key = exists().where(ReferralKey.referral_id == ReferralSecret.referral_id)
    yield "strays", ReferralSecret, ~with_key
    yield "sessions", ReferralSession, ReferralSession.expires_at < now - SESSION_KEPT
    yield "links", ReferralLink, ReferralLink.expires_at < now - LINK_KEPT
    yield "attempts", CodeAttempt, CodeAttempt.at < now - ATTEMPT_KEPT
    yield (
        "notifications",
        Notification,
        or_(
            Notification.delivered_at < now - DELIVERED_KEPT,
            and_(Notification.delivered_at.is_(None), Notification.given_up_at < now - GIVEN_UP_KEPT),
        ),
    )
    yield "requests", IdempotentRequest, IdempotentRequest.created_at < now - REQUEST_KEPT


class LedgerLine(BaseModel):
    """A shredded referral, as a line of the ledger that is kept outside the database."""

    referral_id: UUID
    at: AwareDatetime
    why: str


@dataclass
class Replayed:
    """What a replay did: shredded again, found shredded, not in this backup."""

    shredded: int = 0
    before: int = 0
    unknown: int = 0


def ledger(session: Session) -> Iterator[str]:
    """Every shredded referral as a line of JSON, in order of time."""
    rows = select(ShredRow).order_by(ShredRow.at, ShredRow.referral_id).execution_options(yield_per=1000)
    for row in session.scalars(rows):
        yield LedgerLine(referral_id=row.referral_id, at=row.at, why=row.why).model_dump_json()


def replay(lines: Iterable[str]) -> Replayed:
    """Shred again, in a restored database, what had been shredded when the ledger was written.

    Raises BadRequest, and does nothing, when a line cannot be read. May be repeated.
    """
    told = [_line(number, line) for number, line in enumerate(lines, 1) if line.strip()]
    report = Replayed()
    for start in range(0, len(told), BATCH):
        with walled_scope(WORKER) as session:
            shredded = [
                line.referral_id for line in told[start : start + BATCH] if _again(session, line, report)
            ]
            for referral_id in shredded:
                access_log.note(
                    session, actor="system", actor_id=None, action="shred-again", referral_id=referral_id
                )
    return report


def _again(session: Session, line: LedgerLine, report: Replayed) -> bool:
    row = insert(ShredRow).values(line.model_dump()).on_conflict_do_nothing()
    session.execute(row)
    known = session.scalar(select(Referral.id).where(Referral.id == line.referral_id))
    if known is None:
        report.unknown += 1
        return False
    # Whatever the row says of itself: a key that is there is deleted.
    keys = session.scalar(
        select(func.count()).select_from(ReferralKey).where(ReferralKey.referral_id == line.referral_id)
    )
    again = shred_told(session, line.referral_id, line.why)
    if not again and keys:
        _forget(session, line.referral_id)
    report.shredded += again or bool(keys)
    report.before += not (again or keys)
    return again or bool(keys)


def _line(number: int, line: str) -> LedgerLine:
    try:
        return LedgerLine.model_validate_json(line)
    except ValidationError:
        raise BadRequest(f"Line {number} of the ledger cannot be read; nothing was done.") from None
