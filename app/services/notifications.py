"""Messages about referrals: an event's name and opaque ids, made in the transaction of what they tell of.

Who is told: the organisation by e-mail and by its webhooks, the requester by the webhooks of its unit (and of
its tenant's staff without one) and by e-mail to the mailbox of its unit, where it has one. Of a referral in
the mode `direct` the organisation is told by its webhooks alone, and by e-mail only when none takes it. How
and when they are sent is in `deliveries`.
"""

from collections.abc import Iterable
from typing import Literal, cast, get_args
from uuid import UUID

from sqlalchemy import and_, any_, exists, func, insert, literal, or_, select, update
from sqlalchemy.orm import Session
from uuid_utils.compat import uuid7

from app.models import Notification, Organisation, Referral, WebhookEndpoint
from app.schemas.webhook import EventName
from app.services import outbox, unit_mailboxes

JOB = "notify"
Receiver = Literal["organisation", "requester"]
EVENTS: tuple[str, ...] = get_args(EventName)


# What was overtaken needed no sending any more: nothing for anybody to put right.
OVERTAKEN = "overtaken"
_GIVEN_UP = and_(Notification.given_up_at.is_not(None), Notification.last_error.is_distinct_from(OVERTAKEN))


def tell(session: Session, referral: Referral, event: str, *, to: Iterable[Receiver]) -> int:
    """Note a message for each way a receiver is reached; returns how many. They leave after the commit."""
    if event not in EVENTS:
        raise ValueError(f"no such event: {event}")
    session.flush()
    rows = [
        {
            "id": uuid7(),
            "event": event,
            "referral_id": referral.id,
            "correlation_id": referral.correlation_id,
            "channel": "webhook" if endpoint else "email",
            "organisation_id": referral.organisation_id if receiver == "organisation" else None,
            "endpoint_id": endpoint,
        }
        for receiver in dict.fromkeys(to)
        for endpoint in _ways(session, referral, receiver, event)
    ]
    if rows:
        session.execute(insert(Notification), rows)
        outbox.add_many(session, kind=JOB, subjects=[cast("UUID", row["id"]) for row in rows])
    return len(rows)


def mail(session: Session, referral: Referral, event: str) -> None:
    """Note an e-mail to the organisation alone, for what no other system is to be told."""
    notification = Notification(
        id=uuid7(),
        event=event,
        referral_id=referral.id,
        correlation_id=referral.correlation_id,
        channel="email",
        organisation_id=referral.organisation_id,
    )
    session.add(notification)
    session.flush()
    outbox.add(session, kind=JOB, subject=notification.id)


def fall_back(session: Session, notification: Notification) -> None:
    """Mail the organisation what no webhook of it has taken or may still take, in the mode `direct`.

    The session stands behind the worker's wall, or the organisation's, and is about to give this one up. It
    locks the referral: of two that are given up at once, the second sees what became of the first.
    """
    if notification.channel != "webhook" or notification.organisation_id is None:
        return
    referral = session.get(Referral, notification.referral_id, with_for_update=True)
    if referral is None or referral.mode != "direct":
        return
    beside = Notification.created_at == notification.created_at
    mailed = and_(Notification.channel == "email", Notification.created_at >= notification.created_at)
    told = exists().where(
        Notification.referral_id == referral.id,
        Notification.organisation_id == notification.organisation_id,
        Notification.event == notification.event,
        Notification.id != notification.id,
        Notification.given_up_at.is_(None),
        or_(beside, mailed),
    )
    if not session.scalar(select(told)):
        mail(session, referral, notification.event)


def _ways(session: Session, referral: Referral, receiver: Receiver, event: str) -> list[UUID | None]:
    """The endpoints that want to know of it, and None for e-mail."""
    if receiver == "organisation":
        owned = WebhookEndpoint.organisation_id == referral.organisation_id
    elif referral.requester_tenant is not None:
        # Another unit's is no tap: whoever reads there could not read this referral either.
        of_unit = or_(WebhookEndpoint.unit.is_(None), WebhookEndpoint.unit == referral.requester_unit)
        owned = and_(WebhookEndpoint.tenant == referral.requester_tenant, of_unit)
    else:  # the person asked by herself, and sees with her code how it goes
        return []
    events = WebhookEndpoint.events
    wanted = or_(func.cardinality(events) == 0, literal(event) == any_(events))
    endpoints = select(WebhookEndpoint.id).where(owned, wanted, WebhookEndpoint.disabled_at.is_(None))
    # Held, as a message's row holds it: one that is deleted meanwhile is waited for, and is none.
    held = endpoints.order_by(WebhookEndpoint.id).with_for_update(read=True, key_share=True)
    ways: list[UUID | None] = [*session.scalars(held)]
    if receiver == "requester":
        return [*ways, None] if unit_mailboxes.of_requester(session, referral) else ways
    if referral.mode == "direct" and ways:
        return ways
    has_address = exists().where(Organisation.id == referral.organisation_id, Organisation.email.is_not(None))
    if session.scalar(select(has_address)):
        ways.append(None)
    return ways


def undelivered(session: Session, *, given_up: bool, limit: int = 100) -> list[Notification]:
    """Messages that wait, or were given up, the newest first."""
    state = _GIVEN_UP if given_up else Notification.given_up_at.is_(None)
    query = select(Notification).where(state, Notification.delivered_at.is_(None))
    return list(session.scalars(query.order_by(Notification.id.desc()).limit(limit)))


def retry(session: Session, notification_ids: Iterable[UUID] | None = None) -> int:
    """Send what was given up from the first try on: these, or all; returns how many."""
    given_up = update(Notification).where(_GIVEN_UP, Notification.delivered_at.is_(None))
    if notification_ids is not None:
        given_up = given_up.where(Notification.id.in_(list(notification_ids)))
    again = session.scalars(given_up.values(given_up_at=None, attempts=0).returning(Notification.id)).all()
    outbox.add_many(session, kind=JOB, subjects=again)
    return len(again)
