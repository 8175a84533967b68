"""The one way a referral changes: a locked row, a table of what is allowed, one event, its messages."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import assert_never

from sqlalchemy import func, select
from sqlalchemy.orm import Session
from uuid_utils.compat import uuid7

from app.errors import Conflict, FieldProblem, Forbidden, Invalid
from app.models import Referral, ReferralEvent
from app.schemas.referral_change import OutcomeIn
from app.schemas.referral_terms import Party, Reason, Status, SubStatus
from app.services import business_days, notifications, referral_rows, retention
from app.services.notifications import Receiver
from app.services.referral_rows import By
from app.services.referral_states import (
    ALLOWED,
    EVENTS,
    OPEN,
    REASONED,
    may_be_told,
    next_events,
    next_statuses,
)
from app.services.wall_clock import STOCKHOLM, today

ANSWER_BUSINESS_DAYS = 2
EXPIRY_DAYS = 14
FOLLOW_UP_DAYS = 30


@dataclass(frozen=True)
class Said:
    """What goes with a change: a coded reason, a few words (sealed), how it went, the day."""

    reason: Reason | None = None
    text: str | None = None
    outcome: OutcomeIn | None = None
    on: date | None = None


NOTHING = Said()


class IllegalChange(Conflict):
    """The status does not lead there; the answer says where it leads."""


def transition(
    session: Session,
    referral: Referral,
    to: Status,
    *,
    by: By,
    said: Said = NOTHING,
    sub_status: SubStatus | None = None,
    now: datetime | None = None,
) -> ReferralEvent:
    """Take one allowed step with a row that is locked FOR UPDATE; writes exactly one event.

    Raises IllegalChange (409) when no one may, Forbidden when another party may, Invalid for a missing reason
    or outcome.
    """
    now = now or datetime.now(UTC)
    status: Status = referral.status  # type: ignore[assignment]
    may = ALLOWED.get((status, to))
    if may is None:
        raise IllegalChange(
            f"A referral that is {status} cannot become {to}.",
            more={"allowed": next_statuses(status, by.party)},
        )
    if by.party not in may:
        raise Forbidden("This change is another party's.")
    _require(session, referral, to, said)
    _still_agreed(session, referral, to)
    referral.status = to
    referral.reason = said.reason
    referral.sub_status = sub_status or referral.sub_status
    if said.outcome is not None:
        _write_outcome(session, referral, said.outcome)
    _turn(referral, to, now)
    event = _event(session, referral, by, sub_status or "status", said, status=(status, to), now=now)
    if to not in OPEN and to != "draft":
        _close(session, referral, to, by, now)
    _tell(session, referral, by, to, sub_status)
    referral_rows.note(session, referral, by, f"status:{to}")
    return event


def happened(
    session: Session,
    referral: Referral,
    kind: SubStatus,
    *,
    by: By,
    said: Said = NOTHING,
    now: datetime | None = None,
) -> ReferralEvent:
    """Write down something that happened without another status. Raises IllegalChange or Forbidden."""
    now = now or datetime.now(UTC)
    status: Status = referral.status  # type: ignore[assignment]
    if not may_be_told(kind, status, referral.mode):
        raise IllegalChange(
            f"{kind} cannot be told of a referral that is {status} (mode {referral.mode}).",
            more={"allowed": next_events(status, referral.mode, by.party)},
        )
    if by.party != EVENTS[kind][0]:
        raise Forbidden("This event is another party's to tell.")
    on = said.on or now.astimezone(STOCKHOLM).date()
    if on > now.astimezone(STOCKHOLM).date() and kind != "booked":
        sentence = "Is in the future."
        raise Invalid("The event cannot be told.", [FieldProblem("/on", "in_the_future", sentence)])
    referral.sub_status = kind
    _follow(referral, kind, on, now)
    event = _event(session, referral, by, kind, replace(said, on=on), now=now)
    match kind:
        case "info-requested":
            notifications.tell(session, referral, "referral.info-requested", to=["requester"])
        case "info-supplied":
            notifications.tell(session, referral, "referral.info-supplied", to=["organisation"])
        case _:
            notifications.tell(session, referral, "referral.status-changed", to=["requester"])
    referral_rows.note(session, referral, by, f"event:{kind}")
    return event


def _still_agreed(session: Session, referral: Referral, to: Status) -> None:
    """Acceptance shows the person: not after the waiver has ended."""
    consent = referral_rows.consent(session, referral.id) if to == "accepted" else None
    if consent is not None and referral_rows.has_ended(consent):
        sentence = "The consent has expired."
        raise Invalid(
            "The change cannot be made.", [FieldProblem("/consent/expires_on", "expired", sentence)]
        )


def takes_measures(session: Session, referral: Referral) -> bool:
    """Whether the person has agreed that her answers to measures are handed on, and still does."""
    consent = referral_rows.consent(session, referral.id)
    return consent is not None and "feedback" in consent.categories and not referral_rows.has_ended(consent)


def _require(session: Session, referral: Referral, to: Status, said: Said) -> None:
    missing, outcome = [], said.outcome
    if to in REASONED and said.reason is None:
        missing.append(FieldProblem("/reason", "missing", "A reason is needed."))
    if to == "completed" and outcome is None:
        missing.append(FieldProblem("/outcome", "missing", "An outcome is needed."))
    if outcome is not None and to != "completed":
        missing.append(FieldProblem("/outcome", "not_here", "Only a completed referral has an outcome."))
    if outcome is not None and outcome.result != "connected" and outcome.reason is None:
        missing.append(FieldProblem("/outcome/reason", "missing", "A reason is needed."))
    if outcome is not None:
        missing.extend(_implausible(session, referral, outcome))
    if missing:
        raise Invalid("The change cannot be made.", missing)


def _implausible(session: Session, referral: Referral, outcome: OutcomeIn) -> Iterator[FieldProblem]:
    for name in ("enrolled_on", "first_attended_on", "continuing_on"):
        if (getattr(outcome, name) or today()) > today():
            yield FieldProblem(f"/outcome/{name}", "in_the_future", "Is in the future.")
    if outcome.attendance_count is not None and outcome.attendance_count < (referral.attendance_count or 0):
        sentence = "More visits have been told one by one."
        yield FieldProblem("/outcome/attendance_count", "too_few", sentence)
    if outcome.measures is None:
        return
    if referral.mode == "code":
        sentence = "The mode code stores nothing about the person."
        yield FieldProblem("/outcome/measures", "not_here", sentence)
    elif not takes_measures(session, referral):
        sentence = "The person has not agreed that her answers are handed on."
        yield FieldProblem("/outcome/measures", "not_agreed", sentence)


def _write_outcome(session: Session, referral: Referral, outcome: OutcomeIn) -> None:
    referral.outcome = outcome.result
    referral.outcome_reason = outcome.reason
    for name in ("enrolled_on", "first_attended_on", "continuing_on", "attendance_count"):
        given = getattr(outcome, name)
        if given is not None:
            setattr(referral, name, given)
    if outcome.measures is not None:
        key, secret = referral_rows.data_key(session, referral.id), referral_rows.secret(session, referral.id)
        if key is not None and secret is not None:
            plain = outcome.measures.model_dump_json(exclude_none=True)
            secret.measures = key.seal("referral_secret.measures", referral.id, plain)


def _turn(referral: Referral, to: Status, now: datetime) -> None:
    """Whose turn it is, and when: an open referral always has both."""
    match to:
        case "requested":
            referral.requested_at = now
            referral.expires_at = now + timedelta(days=EXPIRY_DAYS)
            _next(referral, "organisation", business_days.later(now, ANSWER_BUSINESS_DAYS))
        case "accepted":
            referral.accepted_at = now
            referral.expires_at = None
            _next(referral, "organisation", business_days.later(now, ANSWER_BUSINESS_DAYS))
        case "in-progress" | "on-hold":
            _next(referral, "organisation", now + timedelta(days=FOLLOW_UP_DAYS))
        case "draft" | "rejected" | "completed" | "failed" | "cancelled" | "entered-in-error":
            _next(referral, None, None)
        case _:
            assert_never(to)


def _follow(referral: Referral, kind: SubStatus, on: date, now: datetime) -> None:
    match kind:
        case "info-requested":
            _next(referral, "requester", business_days.later(now, ANSWER_BUSINESS_DAYS))
        case "info-supplied":
            _next(referral, "organisation", business_days.later(now, ANSWER_BUSINESS_DAYS))
        case "attended":
            referral.first_attended_on = min(referral.first_attended_on or on, on)
            referral.attendance_count = (referral.attendance_count or 0) + 1
            _next(referral, "organisation", now + timedelta(days=FOLLOW_UP_DAYS))
        case _:
            _next(referral, "organisation", now + timedelta(days=FOLLOW_UP_DAYS))


def _next(referral: Referral, whose: Party | None, when: datetime | None) -> None:
    referral.next_action_by, referral.next_action_at = whose, when
    referral.reminded_at = None


def _close(session: Session, referral: Referral, to: Status, by: By, now: datetime) -> None:
    referral.closed_at = now
    referral.expires_at = None
    referral.shred_after = retention.promised(now, accepted=referral.accepted_at is not None)
    # What was entered about somebody by mistake, or is taken back by her, is not kept at all.
    if to == "entered-in-error" or by.party == "person":
        session.flush()
        retention.shred(session, referral.id, "withdrawn" if by.party == "person" else "entered-in-error")


def _event(
    session: Session,
    referral: Referral,
    by: By,
    kind: str,
    said: Said = NOTHING,
    *,
    now: datetime,
    status: tuple[Status | None, Status] | None = None,
) -> ReferralEvent:
    last = select(func.max(ReferralEvent.number)).where(ReferralEvent.referral_id == referral.id)
    event = ReferralEvent(
        id=uuid7(),
        referral_id=referral.id,
        number=(session.scalar(last) or 0) + 1,
        at=now,
        kind=kind,
        from_status=status[0] if status else None,
        to_status=status[1] if status else None,
        actor=by.party,
        actor_id=by.actor_id,
        reason=said.reason,
        on=said.on,
    )
    if said.text is not None and (key := referral_rows.data_key(session, referral.id)):
        event.text = key.seal("referral_event.text", event.id, said.text)
    session.add(event)
    referral.version = event.number
    referral.updated_at = now
    session.flush()
    return event


def began(session: Session, referral: Referral, *, by: By, now: datetime) -> ReferralEvent:
    """The first event of a new referral, whatever its status."""
    status: Status = referral.status  # type: ignore[assignment]
    _turn(referral, status, now)
    event = _event(session, referral, by, "status", status=(None, status), now=now)
    if status == "requested":
        _tell(session, referral, by, status, None)
    referral_rows.note(session, referral, by, "create", [] if referral.mode == "code" else ["person"])
    return event


def rerouted(session: Session, referral: Referral, *, by: By) -> ReferralEvent:
    """The case went elsewhere: an open one is cancelled, a closed one has an event more."""
    if referral.status in OPEN:
        return transition(session, referral, "cancelled", by=by, said=Said("rerouted"), sub_status="rerouted")
    referral.sub_status = "rerouted"
    event = _event(session, referral, by, "rerouted", now=datetime.now(UTC))
    referral_rows.note(session, referral, by, "event:rerouted")
    return event


def erased(session: Session, referral: Referral, *, by: By) -> ReferralEvent | None:
    """What tells of the person is shredded where there is nothing to cancel; None when it was before."""
    if not retention.shred(session, referral.id, "withdrawn"):
        return None
    event = _event(session, referral, by, "erased", now=datetime.now(UTC))
    notifications.tell(session, referral, "referral.withdrawn", to=["organisation", "requester"])
    referral_rows.note(session, referral, by, "erase")
    return event


def edited(session: Session, referral: Referral, *, by: By, fields: Iterable[str]) -> ReferralEvent:
    """The event of a change of what the requester wrote."""
    event = _event(session, referral, by, "edited", now=datetime.now(UTC))
    referral_rows.note(session, referral, by, "edit", fields)
    return event


def _tell(session: Session, referral: Referral, by: By, to: Status, sub_status: SubStatus | None) -> None:
    if to == "requested":
        notifications.tell(session, referral, "referral.requested", to=["organisation"])
    elif sub_status == "expired":
        notifications.tell(session, referral, "referral.expired", to=["organisation", "requester"])
    elif by.party == "person":
        notifications.tell(session, referral, "referral.withdrawn", to=["organisation", "requester"])
    elif by.party == "requester":
        # A draft was never the organisation's to know of.
        to_whom: list[Receiver] = ["organisation"] if referral.requested_at is not None else []
        notifications.tell(session, referral, "referral.withdrawn", to=to_whom)
    else:
        notifications.tell(session, referral, "referral.status-changed", to=["requester"])
