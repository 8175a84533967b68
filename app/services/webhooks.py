"""Webhooks by Standard Webhooks v1: endpoints of an organisation or a tenant, their secrets, one sending.

Secrets are sealed; an endpoint's old one signs beside the new one for a day after a rotation.
"""

import base64
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, delete, func, select, text
from sqlalchemy.orm import Session
from standardwebhooks import Webhook
from uuid_utils.compat import uuid7

from app import http
from app.config import get_settings
from app.db import Wall, session_scope, stand_behind
from app.errors import Conflict, FieldProblem, Invalid, NotFound
from app.models import Notification, OutboxJob, Referral, WebhookEndpoint
from app.services import audit, notifications
from app.services.vault import DataKey, vault

ENDPOINTS = 10  # of one owner
OVERLAP = timedelta(hours=24)
TEST_EVENT = "webhook.test"
KEY_PLACE = "webhook_endpoint.wrapped_key"
_SECRET_PLACE, _PREVIOUS_PLACE = "webhook_endpoint.secret", "webhook_endpoint.previous_secret"
_REFUSED = {
    "not-a-url": "This is not a web address.",
    "not-https": "The address must begin with https://.",
    "credentials-in-url": "The address must not hold a user name or password.",
    "private-address": "The address is not one of the open Internet.",
    "unknown-host": "The host of the address is not known.",
    "too-slow": "The host of the address is not known.",
}


@dataclass(frozen=True)
class Owner:
    """Whose endpoint it is: an organisation's, or a unit's of a requesting tenant (or unitless staff's)."""

    organisation_id: UUID | None = None
    tenant: str | None = None
    unit: str | None = None

    def owns(self) -> ColumnElement[bool]:
        if self.organisation_id is not None:
            return WebhookEndpoint.organisation_id == self.organisation_id
        of_unit = WebhookEndpoint.unit.is_not_distinct_from(self.unit)
        return (WebhookEndpoint.tenant == self.tenant) & of_unit


def own(session: Session, owner: Owner) -> list[WebhookEndpoint]:
    """The owner's endpoints, the newest first."""
    return list(
        session.scalars(select(WebhookEndpoint).where(owner.owns()).order_by(WebhookEndpoint.id.desc()))
    )


def register(
    session: Session, owner: Owner, *, url: str, events: list[str], actor: str
) -> tuple[WebhookEndpoint, str]:
    """Make an endpoint; its secret is returned this once.

    Raises Invalid for an address that we would never call, Conflict for one that is there already.
    """
    try:
        http.require_allowed(url, seconds=3)
    except http.OutboundError as error:
        problem = FieldProblem("/url", error.reason.replace("-", "_"), _REFUSED[error.reason])
        raise Invalid("See errors for each field.", [problem]) from error
    # One at a time for an owner: two that came together would both find room.
    session.execute(
        text("SELECT pg_advisory_xact_lock(hashtextextended(:owner, 7209103))"), {"owner": str(owner)}
    )
    there = own(session, owner)
    if any(endpoint.url == url for endpoint in there):
        raise Conflict("This address has a webhook already.", [FieldProblem("/url", "taken", "Is taken.")])
    if len(there) >= ENDPOINTS:
        raise Conflict("There are ten webhooks. Delete one before making another.")
    endpoint_id, secret = uuid7(), _new_secret()
    key, version, wrapped = vault().new_key(KEY_PLACE, endpoint_id)
    endpoint = WebhookEndpoint(
        id=endpoint_id,
        organisation_id=owner.organisation_id,
        tenant=owner.tenant,
        unit=owner.unit,
        url=url,
        events=sorted(set(events)),
        master_version=version,
        wrapped_key=wrapped,
        secret=key.seal(_SECRET_PLACE, endpoint_id, secret),
    )
    session.add(endpoint)
    session.flush()
    audit.note(session, actor=actor, action="create", subject_kind="webhook", subject=endpoint_id)
    return endpoint, secret


def rotate(session: Session, owner: Owner, endpoint_id: UUID, *, actor: str) -> tuple[str, datetime]:
    """A new secret, returned this once, and until when the one before signs beside it."""
    endpoint = _found(session, owner, endpoint_id, locked=True)
    key, secret, until = _key(endpoint), _new_secret(), datetime.now(UTC) + OVERLAP
    endpoint.previous_secret = key.seal(_PREVIOUS_PLACE, endpoint.id, _current(endpoint, key))
    endpoint.previous_until = until
    endpoint.secret = key.seal(_SECRET_PLACE, endpoint.id, secret)
    audit.note(session, actor=actor, action="rotate", subject_kind="webhook", subject=endpoint.id)
    return secret, until


def remove(session: Session, owner: Owner, endpoint_id: UUID, *, actor: str) -> None:
    """End an endpoint at once; what waits for it is mailed where it was the only way, else not sent."""
    if owner.organisation_id is not None:
        stand_behind(session, Wall(organisations=frozenset({owner.organisation_id})))
    messages = select(Notification).where(
        Notification.endpoint_id == endpoint_id,
        Notification.delivered_at.is_(None),
        Notification.given_up_at.is_(None),
    )
    # The referrals before the endpoint, in the order of whoever tells of a change.
    of = messages.with_only_columns(Notification.referral_id)
    direct = select(Referral.id).where(Referral.mode == "direct", Referral.id.in_(of))
    session.execute(direct.order_by(Referral.id).with_for_update())
    endpoint = _found(session, owner, endpoint_id, locked=True)
    for message in session.scalars(messages).all():
        notifications.fall_back(session, message)
    waiting = select(Notification.id).where(Notification.endpoint_id == endpoint_id)
    session.execute(delete(OutboxJob).where(OutboxJob.subject.in_(waiting)))
    session.delete(endpoint)
    audit.note(session, actor=actor, action="delete", subject_kind="webhook", subject=endpoint_id)


def try_out(owner: Owner, endpoint_id: UUID) -> int:
    """Send a test message now; returns the status. Raises http.OutboundError.

    No transaction is open meanwhile: the other side may take its time.
    """
    with session_scope() as session:
        endpoint = _found(session, owner, endpoint_id)
    now = datetime.now(UTC)
    return _post(endpoint, f"{uuid7()}", _body(TEST_EVENT, now, {}))


def send(endpoint: WebhookEndpoint, notification: Notification) -> int:
    """Send a message; returns the status. Raises http.OutboundError. Each try has the same id and body."""
    path = "inbox" if endpoint.organisation_id is not None else "referrals"
    data = {
        "id": str(notification.referral_id),
        "correlation_id": str(notification.correlation_id),
        "url": f"{get_settings().public_url.rstrip('/')}/api/v1/{path}/{notification.referral_id}",
    }
    body = _body(notification.event, notification.created_at, data)
    return _post(endpoint, str(notification.id), body, {"X-Correlation-ID": data["correlation_id"]})


def disable(session: Session, endpoint_id: UUID, *, why: str) -> None:
    """Send no more there: its owner makes it anew when it is wanted again."""
    endpoint = session.get(WebhookEndpoint, endpoint_id)
    if endpoint is not None and endpoint.disabled_at is None:
        endpoint.disabled_at = session.scalar(select(func.now()))
        endpoint.disabled_why = why


def _body(event: str, at: datetime, data: dict[str, str]) -> str:
    stamp = at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return json.dumps({"type": event, "timestamp": stamp, "data": data}, separators=(",", ":"))


def _post(
    endpoint: WebhookEndpoint, message_id: str, body: str, more: Mapping[str, str] | None = None
) -> int:
    now = datetime.now(UTC)
    signatures = [Webhook(secret).sign(message_id, now, body) for secret in _signing(endpoint, now)]
    headers = {
        "Content-Type": "application/json",
        "webhook-id": message_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": " ".join(signatures),
        **(more or {}),
    }
    return http.post(endpoint.url, body.encode(), headers)


def _signing(endpoint: WebhookEndpoint, now: datetime) -> list[str]:
    key = _key(endpoint)
    found = [_current(endpoint, key)]
    if endpoint.previous_secret and endpoint.previous_until and endpoint.previous_until > now:
        found.append(key.open(_PREVIOUS_PLACE, endpoint.id, endpoint.previous_secret))
    return found


def _new_secret() -> str:
    return f"whsec_{base64.b64encode(secrets.token_bytes(32)).decode()}"


def _key(endpoint: WebhookEndpoint) -> DataKey:
    return vault().unwrap(KEY_PLACE, endpoint.id, endpoint.master_version, endpoint.wrapped_key)


def _current(endpoint: WebhookEndpoint, key: DataKey) -> str:
    return key.open(_SECRET_PLACE, endpoint.id, endpoint.secret)


def _found(session: Session, owner: Owner, endpoint_id: UUID, *, locked: bool = False) -> WebhookEndpoint:
    query = select(WebhookEndpoint).where(WebhookEndpoint.id == endpoint_id, owner.owns())
    endpoint = session.scalar(query.with_for_update() if locked else query)
    if endpoint is None:
        raise NotFound("There is no such webhook.")
    return endpoint
