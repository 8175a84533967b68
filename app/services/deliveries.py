"""Sending of notifications: one at a time for each sender, at least once, with ten tries over 75 hours.

A try is noted and its link made *before* anything leaves, in a transaction of its own: a process that is
killed while it sends has used up a try, and another takes the message again when its time has come. No
transaction is open while the other side takes its time.
"""

import logging
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from app.db import Wall, walled_scope
from app.errors import AppError
from app.http import OutboundError
from app.models import Notification, Organisation, OutboxJob, Referral, WebhookEndpoint
from app.services import mail, notifications, referral_links, unit_mailboxes, webhooks
from app.services.notifications import JOB, OVERTAKEN
from app.services.referral_states import OPEN
from app.services.vault import SealBroken

logger = logging.getLogger("torg.deliveries")
Channel = Literal["email", "webhook"]
WALL = Wall(role="torg_worker")
CHANNELS: tuple[Channel, ...] = ("email", "webhook")
# Before the second try, the third …: 75 hours and a half in all, the steps that Standard Webhooks suggests.
WAITS = tuple(
    timedelta(seconds=seconds) for seconds in (5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400)
)
TRIES = len(WAITS) + 1
# Longer than any sending takes: meanwhile nobody else takes the message.
HELD = timedelta(seconds=60)
# An endpoint that failed is left alone so long, that the others need not wait for its silence.
PAUSE = timedelta(seconds=60)
# What a mail about an open referral asks for; pointless when the referral has been closed since.
_ASKING = ("referral.requested", "referral.reminder", "referral.info-requested", "referral.info-supplied")


@dataclass(frozen=True)
class _Try:
    """A message in hand. Without anywhere to go, `settled` says why."""

    job_id: int
    number: int
    notification: Notification
    endpoint: WebhookEndpoint | None = None
    address: str | None = None
    link: str | None = None
    settled: str | None = None


@dataclass(frozen=True)
class _Result:
    """None: delivered. Else why not, and whether another try could help."""

    reason: str | None = None
    final: bool = False


DELIVERED = _Result()


def deliver(channel: Channel) -> int:
    """Send all that is due; returns how many messages were in hand."""
    count = 0
    while deliver_one(channel):
        count += 1
    return count


def deliver_one(channel: Channel) -> bool:
    """Send the message that has waited longest; False when none is due. Safe to run beside others."""
    with walled_scope(WALL) as session:
        taken = take(session, channel)
    if taken is None:
        return False
    result = _send(taken)
    with walled_scope(WALL) as session:
        _note(session, taken, result)
    return True


def take(session: Session, channel: Channel) -> _Try | None:
    now = datetime.now(UTC)
    found = session.execute(
        select(OutboxJob, Notification)
        .join(Notification, Notification.id == OutboxJob.subject)
        .where(OutboxJob.kind == JOB, OutboxJob.run_after <= now, Notification.channel == channel)
        .order_by(OutboxJob.run_after, OutboxJob.id)
        .limit(1)
        .with_for_update(skip_locked=True, of=OutboxJob)
    ).first()
    if found is None:
        return None
    job, notification = found
    job.attempts += 1
    notification.attempts = job.attempts
    job.run_after = now + max(HELD, WAITS[min(job.attempts, len(WAITS)) - 1])
    if job.attempts > TRIES:
        return _Try(job.id, job.attempts, notification, settled="interrupted")
    if channel == "webhook":
        return _to_endpoint(session, job, notification)
    if notification.organisation_id is None:
        return _to_requester(session, job, notification)
    return _to_organisation(session, job, notification, now)


def _to_endpoint(session: Session, job: OutboxJob, notification: Notification) -> _Try:
    endpoint = session.get(WebhookEndpoint, notification.endpoint_id)
    if endpoint is None or endpoint.disabled_at is not None:
        return _Try(job.id, job.attempts, notification, settled="endpoint-disabled")
    return _Try(job.id, job.attempts, notification, endpoint=endpoint)


def _to_requester(session: Session, job: OutboxJob, notification: Notification) -> _Try:
    referral = session.get(Referral, notification.referral_id)
    mailbox = unit_mailboxes.of_requester(session, referral) if referral is not None else None
    is_open = referral is not None and referral.status in OPEN
    # A mailbox that was taken away wants nothing more.
    if mailbox is None or (not is_open and notification.event in _ASKING):
        return _Try(job.id, job.attempts, notification, settled=OVERTAKEN)
    return _Try(job.id, job.attempts, notification, address=mailbox.address)


def _to_organisation(session: Session, job: OutboxJob, notification: Notification, now: datetime) -> _Try:
    referral = session.get(Referral, notification.referral_id)
    organisation = session.get(Organisation, notification.organisation_id)
    if organisation is None or organisation.email is None:
        return _Try(job.id, job.attempts, notification, settled="no-address")
    is_open = referral is not None and referral.status in OPEN
    if not is_open and notification.event in _ASKING:
        return _Try(job.id, job.attempts, notification, settled=OVERTAKEN)
    # Whoever holds the organisation's key can change its address: that alone must open no referral.
    trusted = is_open and organisation.verified_on is not None
    link = referral_links.make(session, referral, now=now) if referral is not None and trusted else None
    return _Try(job.id, job.attempts, notification, address=organisation.email, link=link)


def _send(taken: _Try) -> _Result:
    if taken.settled:
        return _Result(taken.settled, final=True)
    try:
        if taken.endpoint is not None:
            return _judged(webhooks.send(taken.endpoint, taken.notification))
        mail.send(mail.compose(taken.notification, to=taken.address or "", link=taken.link))
    except OutboundError as error:
        return _Result(error.reason)
    except mail.Undelivered as error:
        return _Result(error.reason, final=error.final)
    except (SealBroken, AppError) as error:
        # Master keys are missing or others: the operator can put that right.
        return _Result(f"keys-{type(error).__name__}")
    return DELIVERED


def _judged(status: int) -> _Result:
    if 200 <= status < 300:
        return DELIVERED
    return _Result(f"status-{status}", final=status == 410)


def _note(session: Session, taken: _Try, result: _Result) -> None:
    """Write down how a try ended, unless somebody else has delivered the message meanwhile."""
    now = datetime.now(UTC)
    over = result == DELIVERED or result.final or taken.number >= TRIES
    if over and result != DELIVERED:
        # Before the message itself, in the order of whoever deletes its webhook.
        session.get(Referral, taken.notification.referral_id, with_for_update=True)
    notification = session.get(Notification, taken.notification.id, with_for_update=True)
    if notification is None or notification.delivered_at is not None:
        session.execute(delete(OutboxJob).where(OutboxJob.id == taken.job_id))
        return
    notification.last_error = result.reason
    if over:
        session.execute(delete(OutboxJob).where(OutboxJob.id == taken.job_id))
    else:
        session.execute(
            update(OutboxJob)
            .where(OutboxJob.id == taken.job_id, OutboxJob.attempts == taken.number)
            .values(run_after=now + WAITS[taken.number - 1], last_error=result.reason)
        )
    if result == DELIVERED:
        notification.delivered_at = now
        return
    if over:
        notification.given_up_at = now
        notifications.fall_back(session, notification)
    logger.warning(
        "notification_%s id=%s channel=%s try=%d reason=%s",
        "given_up" if over else "put_off", notification.id, notification.channel, taken.number, result.reason,
    )  # fmt: skip
    if taken.endpoint is not None:
        _leave_alone(session, taken.endpoint, result, now)


def _leave_alone(session: Session, endpoint: WebhookEndpoint, result: _Result, now: datetime) -> None:
    if result.final:
        webhooks.disable(session, endpoint.id, why=result.reason or "")
    waiting = select(Notification.id).where(
        Notification.endpoint_id == endpoint.id, Notification.delivered_at.is_(None)
    )
    due = (
        select(OutboxJob.id)
        .where(OutboxJob.kind == JOB, OutboxJob.subject.in_(waiting), OutboxJob.run_after < now + PAUSE)
        .where(OutboxJob.attempts == 0)
        .with_for_update(skip_locked=True)
    )
    session.execute(update(OutboxJob).where(OutboxJob.id.in_(due)).values(run_after=now + PAUSE))
