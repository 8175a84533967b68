"""API keys: made, recognised, ended. Only their SHA-256 is kept."""

import hashlib
import secrets
import string
import zlib
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal, get_args
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, or_, select, update
from sqlalchemy.orm import Session

from app.errors import Conflict, Forbidden, NotFound, Unauthorised
from app.models import ApiKey, Organisation
from app.services import audit

Scope = Literal["listings:write", "organisation:write", "keys:write", "operator"]
SCOPES: frozenset[str] = frozenset(get_args(Scope))
ORGANISATION_SCOPES: frozenset[str] = SCOPES - {"operator"}
ACTIVE_KEYS = 2  # the one in use and the one it is being rotated to
_ALPHABET = string.digits + string.ascii_uppercase + string.ascii_lowercase
PREFIX = "torg_"
_SECRET = 30  # 62**30 is about 2**178
_CHECK = 6  # 62**6 holds a CRC-32


@dataclass(frozen=True)
class Principal:
    """Who calls: a key of an organisation, or of the operator (organisation_id None)."""

    key_id: UUID
    organisation_id: UUID | None
    scopes: frozenset[str]

    @property
    def actor(self) -> str:
        return f"key:{self.key_id}"

    @property
    def is_operator(self) -> bool:
        return self.organisation_id is None and "operator" in self.scopes

    def require(self, scope: Scope, organisation_id: UUID) -> None:
        """Raise unless the key may do this to this organisation; another's organisation is not found."""
        if self.is_operator:
            return
        if self.organisation_id != organisation_id:
            raise NotFound("There is no such organisation.")
        if scope not in self.scopes:
            raise Forbidden(f"The key lacks the scope {scope}.")

    def require_operator(self) -> None:
        if not self.is_operator:
            raise Forbidden("Only the operator's key may do this.")


def _base62(number: int) -> str:
    digits = ""
    while number:
        number, rest = divmod(number, 62)
        digits = _ALPHABET[rest] + digits
    return digits.rjust(_CHECK, "0")


def _checksum(secret: str) -> str:
    return _base62(zlib.crc32(secret.encode()))


def looks_like_a_key(token: str) -> bool:
    """Whether prefix, length and checksum hold: a mistyped key is told from an unknown one at once."""
    body = token.removeprefix(PREFIX)
    return (
        token.startswith(PREFIX)
        and len(body) == _SECRET + _CHECK
        and token.isascii()
        and secrets.compare_digest(_checksum(body[:_SECRET]), body[_SECRET:])
    )


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def create_key(
    session: Session,
    *,
    organisation: Organisation | None,
    name: str,
    scopes: AbstractSet[str],
    expires_at: datetime | None = None,
    actor: str = "cli",
) -> tuple[ApiKey, str]:
    """Make a key; the token is returned this once. Raises Conflict when two are active already."""
    if organisation is not None:
        session.execute(select(Organisation.id).where(Organisation.id == organisation.id).with_for_update())
        active = session.scalar(
            select(func.count())
            .select_from(ApiKey)
            .where(ApiKey.organisation_id == organisation.id, _active())
        )
        if (active or 0) >= ACTIVE_KEYS:
            raise Conflict("Two keys are active. Revoke one before making another.")
    secret = "".join(secrets.choice(_ALPHABET) for _ in range(_SECRET))
    token = f"{PREFIX}{secret}{_checksum(secret)}"
    key = ApiKey(
        organisation_id=organisation.id if organisation else None,
        name=name,
        sha256=_digest(token),
        scopes=sorted(scopes),
        expires_at=expires_at,
    )
    session.add(key)
    session.flush()
    audit.note(session, actor=actor, action="create", subject_kind="api_key", subject=key.id)
    return key, token


def _active() -> ColumnElement[bool]:
    return and_(ApiKey.revoked_at.is_(None), or_(ApiKey.expires_at.is_(None), ApiKey.expires_at > func.now()))


def recognise(session: Session, token: str) -> Principal:
    """The principal behind a token. Raises Unauthorised, the same for unknown, expired and revoked."""
    if not looks_like_a_key(token):
        raise Unauthorised("This is not a key of ours: it may be mistyped.")
    now = datetime.now(UTC)
    key = session.scalar(select(ApiKey).where(ApiKey.sha256 == _digest(token)))
    if key is None or key.revoked_at or (key.expires_at and key.expires_at <= now):
        raise Unauthorised("The key is unknown, expired or revoked.")
    if key.last_used_at is None or now - key.last_used_at > timedelta(minutes=1):
        # To the minute: a busy key does not write a row for each request.
        session.execute(update(ApiKey).where(ApiKey.id == key.id).values(last_used_at=now))
    return Principal(key.id, key.organisation_id, frozenset(key.scopes))


def revoke(session: Session, *, organisation_id: UUID, key_id: UUID, actor: str) -> None:
    """End a key at once. Raises NotFound when the organisation has no such key."""
    key = session.get(ApiKey, key_id)
    if key is None or key.organisation_id != organisation_id:
        raise NotFound("There is no such key.")
    key.revoked_at = key.revoked_at or datetime.now(UTC)
    audit.note(session, actor=actor, action="revoke", subject_kind="api_key", subject=key.id)
