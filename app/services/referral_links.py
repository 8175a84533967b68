"""One-time links for organisations without an account, and the short sessions that links and codes begin."""

import base64
import binascii
import hashlib
import hmac
import secrets
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session
from uuid_utils.compat import uuid7

from app.config import get_settings
from app.db import Wall, stand_behind
from app.errors import Gone, NotFound, TooManyRequests, Unauthorised
from app.models import Referral, ReferralLink, ReferralSession
from app.services import access_log, notifications, tally
from app.services.referral_rows import By
from app.services.referral_states import OPEN
from app.services.vault import vault

LINK_DAYS = 14
SESSION_HOURS = 8
SESSION_PREFIX = "torgs_"
NEW_LINKS_A_DAY = 3
_MAC_BYTES = 16


def make(session: Session, referral: Referral, *, now: datetime | None = None) -> str:
    """A new link to this referral, as a whole address; it works once, for 14 days.

    The session stands behind the worker's wall.
    """
    now = now or datetime.now(UTC)
    link = ReferralLink(
        id=uuid7(),
        referral_id=referral.id,
        organisation_id=referral.organisation_id,
        created_at=now,
        expires_at=now + timedelta(days=LINK_DAYS),
    )
    session.add(link)
    session.flush()
    token = base64.urlsafe_b64encode(_signed(link.id, link.referral_id)).decode().rstrip("=")
    return f"{get_settings().public_url.rstrip('/')}/r/{token}"


def _signed(link_id: UUID, referral_id: UUID) -> bytes:
    mac = bytes.fromhex(vault().mac("link", f"{link_id}|{referral_id}"))
    return link_id.bytes + referral_id.bytes + mac[:_MAC_BYTES]


def find(session: Session, token: str) -> ReferralLink:
    """The unused link. Raises NotFound for a forged one, Gone when it was used or is too old.

    The session then stands behind the wall of this one referral.
    """
    link_id, referral_id = _read(token)
    stand_behind(session, Wall(referral=referral_id))
    link = session.get(ReferralLink, link_id, with_for_update=True)
    if link is None or link.used_at is not None or link.expires_at <= datetime.now(UTC):
        raise Gone("The link was used or is too old. Ask for a new one.")
    return link


def _read(token: str) -> tuple[UUID, UUID]:
    """The ids of a link and its referral. Raises NotFound for one that is not ours."""
    try:
        raw = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
        link_id, referral_id = UUID(bytes=raw[:16]), UUID(bytes=raw[16:32])
    except (ValueError, binascii.Error) as error:
        raise NotFound("There is no such link.") from error
    if not hmac.compare_digest(raw, _signed(link_id, referral_id)):
        raise NotFound("There is no such link.")
    return link_id, referral_id


def use(session: Session, token: str, *, session_token: str | None = None) -> tuple[ReferralSession, str]:
    """Use the link up; a session of eight hours and its token. Raises as `find`."""
    link = find(session, token)
    link.used_at = datetime.now(UTC)
    return begin(
        session,
        link.referral_id,
        actor="organisation",
        organisation_id=link.organisation_id,
        token=session_token,
    )


def send_again(session: Session, token: str) -> None:
    """Mail the organisation a new link when this was one of ours and its case is open.

    At most three a day for a case. The caller is told nothing of it, whatever the token was.
    """
    try:
        _link_id, referral_id = _read(token)
        tally.count(session, f"link:{referral_id}", most=NEW_LINKS_A_DAY, within=timedelta(days=1))
    except (NotFound, TooManyRequests):
        return
    stand_behind(session, Wall(referral=referral_id))
    referral = session.get(Referral, referral_id)
    if referral is not None and referral.status in OPEN:
        notifications.mail(session, referral, "referral.link")


def begin(
    session: Session,
    referral_id: UUID,
    *,
    actor: str,
    organisation_id: UUID | None = None,
    token: str | None = None,
) -> tuple[ReferralSession, str]:
    """A session for one referral, and its token, which is kept nowhere.

    `token`: the one to use, as unguessable as a random one; without it a new one is made.
    """
    token = token or SESSION_PREFIX + secrets.token_urlsafe(32)
    now = datetime.now(UTC)
    row = ReferralSession(
        id=uuid7(),
        sha256=_digest(token),
        referral_id=referral_id,
        actor=actor,
        organisation_id=organisation_id,
        created_at=now,
        expires_at=now + timedelta(hours=SESSION_HOURS),
    )
    session.add(row)
    session.flush()
    access_log.note(
        session,
        actor=actor,
        actor_id=row.id,
        organisation_id=organisation_id,
        action="session",
        referral_id=referral_id,
    )
    return row, token


def recognise(session: Session, token: str) -> By:
    """Who a session's token stands for. Raises Unauthorised, the same for unknown, ended and expired."""
    stand_behind(session, Wall(session=_digest(token)))
    row = session.scalar(select(ReferralSession).where(ReferralSession.sha256 == _digest(token)))
    if row is None or row.ended_at is not None or row.expires_at <= datetime.now(UTC):
        raise Unauthorised("The session is unknown or over. Use a new link.")
    if row.actor == "person":
        return By("person", actor_id=row.id, referral_id=row.referral_id)
    owner = frozenset({row.organisation_id}) if row.organisation_id else frozenset()
    return By("organisation", actor_id=row.id, organisations=owner, referral_id=row.referral_id)


def end(session: Session, token: str) -> None:
    """End the session at once. Raises as `recognise`."""
    recognise(session, token)
    session.execute(
        update(ReferralSession)
        .where(ReferralSession.sha256 == _digest(token))
        .values(ended_at=datetime.now(UTC))
    )


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
