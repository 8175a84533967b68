"""What time alone does to referrals: a reminder to whose turn it is, and an end to what nobody answered.

Each referral has a transaction of its own, so that the access log is held for a moment only, and what is
being changed by somebody else is left for the next round. Whoever works beside, each thing happens once.
"""

from datetime import UTC, datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.db import Wall, walled_scope
from app.models import Referral
from app.services import notifications, referral_change
from app.services.notifications import Receiver
from app.services.referral_change import Said
from app.services.referral_rows import By
from app.services.referral_states import OPEN

WORKER = Wall(role="torg_worker")


def run(now: datetime | None = None) -> tuple[int, int]:
    """Expire and remind all that is due; returns how many of each."""
    now = now or datetime.now(UTC)
    expired = reminded = 0
    while expire_one(now):
        expired += 1
    while remind_one(now):
        reminded += 1
    return expired, reminded


def expire_one(now: datetime) -> bool:
    """Cancel the request that has waited longest beyond its time, and tell both; False when none has."""
    with walled_scope(WORKER) as session:
        late = (Referral.status == "requested") & (Referral.expires_at <= now)
        referral = session.scalar(
            select(Referral)
            .where(late)
            .order_by(Referral.expires_at)
            .limit(1)
            .with_for_update(skip_locked=True)
        )
        if referral is None:
            return False
        said = Said(reason="expired")
        referral_change.transition(
            session, referral, "cancelled", by=By("system"), said=said, sub_status="expired", now=now
        )
        return True


def remind_one(now: datetime) -> bool:
    """Remind of the open referral whose next step is most overdue, once for each turn; False when none is."""
    with walled_scope(WORKER) as session:
        due = Referral.status.in_(OPEN) & (Referral.next_action_at <= now) & Referral.reminded_at.is_(None)
        referral = session.scalar(
            select(Referral)
            .where(due, Referral.next_action_by.in_(("organisation", "requester")))
            .order_by(Referral.next_action_at)
            .limit(1)
            .with_for_update(skip_locked=True)
        )
        if referral is None:
            return False
        _remind(session, referral, now)
        return True


def _remind(session: Session, referral: Referral, now: datetime) -> None:
    to: list[Receiver] = ["requester"]
    if referral.next_action_by == "organisation":
        to = ["organisation", "requester"]
    notifications.tell(session, referral, "referral.reminder", to=to)
    # A reminder changes nothing of the case: whoever has read it has read what is there.
    session.execute(
        update(Referral)
        .where(Referral.id == referral.id)
        .values(reminded_at=now, updated_at=Referral.updated_at)
        .execution_options(synchronize_session=False)
    )
