"""People who act: recognised by an access token, remembered by a pseudonym, given roles."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy import or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session
from uuid_utils.compat import uuid7

from app.config import get_settings
from app.db import session_scope
from app.errors import Forbidden, NotFound, Unauthorised
from app.issuers import Role
from app.models import Account, Organisation, RoleGrant
from app.services import tokens
from app.services.tokens import AccessToken


@dataclass(frozen=True)
class Actor:
    """A person who acts, by what her issuer says and what she was granted. No name is known."""

    account_id: UUID
    tenant: str | None
    unit: str | None
    staff: bool
    operator: bool
    organisations: frozenset[UUID]
    acr: str | None
    issuer: str = field(default="", kw_only=True)

    @property
    def actor(self) -> str:
        """Who it was, for the log of writes."""
        return f"account:{self.account_id}"

    def require_organisation(self, organisation_id: UUID) -> None:
        """Raise NotFound unless she is a member of it: another's organisation is not found."""
        if organisation_id not in self.organisations:
            raise NotFound("There is no such organisation.")


def recognise(token: str) -> Actor:
    """The person behind an access token; her account is made when she is first seen.

    Raises Unauthorised, or Unavailable when her issuer's keys cannot be had.
    """
    verified = tokens.verify(token)
    names = verified.issuer.claims
    subject = verified.text(names.subject)
    if subject is None:
        raise tokens.refused()
    with session_scope() as session:
        tenant, unit = _tenant(verified), verified.text(names.unit)
        account = _account(session, issuer=verified.issuer.issuer, subject=subject, tenant=tenant, unit=unit)
        granted = _granted(session, issuer=verified.issuer.issuer, subject=subject)
        roles = _claimed_roles(verified) | {grant.role for grant in granted}
        organisations = {grant.organisation_id for grant in granted if grant.organisation_id}
        if "member" in _claimed_roles(verified):
            organisations |= _claimed_organisations(session, verified.texts(names.organisation))
        return Actor(
            account_id=account,
            tenant=tenant,
            unit=unit,
            staff="staff" in roles,
            operator="operator" in roles,
            organisations=frozenset(organisations),
            acr=verified.text("acr"),
            issuer=verified.issuer.issuer,
        )


def require_role(actor: Actor, role: Role) -> None:
    """Raise Forbidden unless the person has the role, Unauthorised when her login is too weak for it."""
    match role:
        case "staff":
            allowed = actor.staff and actor.tenant is not None
        case "member":
            allowed = bool(actor.organisations)
        case "operator":
            allowed = actor.operator
    if not allowed:
        raise Forbidden(_LACKING[role])
    require_level(actor, role)


_LACKING: dict[Role, str] = {
    "staff": "This is for staff, and their token names the care provider they act for.",
    "member": "This is for members of an organisation.",
    "operator": "This is for the operator.",
}


def require_level(actor: Actor, role: Role) -> None:
    """Raise Unauthorised with what a client needs to log in again, more strongly (RFC 9470)."""
    issuer = next((known for known in get_settings().oidc_issuers if known.issuer == actor.issuer), None)
    sufficient = issuer.sufficient(role) if issuer else ()
    if sufficient and actor.acr not in sufficient:
        raise Unauthorised(
            "This takes a stronger login.",
            challenge=f'error="insufficient_user_authentication", acr_values="{" ".join(sufficient)}"',
        )


def _tenant(token: AccessToken) -> str | None:
    """The care provider. Raises Unauthorised when the issuer may not speak for it."""
    allowed = token.issuer.tenants
    named = token.text(token.issuer.claims.tenant)
    if named is None and len(allowed) == 1:
        return allowed[0]
    if named is not None and allowed and named not in allowed:
        raise tokens.refused()
    return named


def _claimed_roles(token: AccessToken) -> frozenset[Role]:
    given = {
        role for value, role in token.issuer.roles.items() if value in token.texts(token.issuer.claims.roles)
    }
    return frozenset(given | ({token.issuer.default_role} if token.issuer.default_role else set()))


def _claimed_organisations(session: Session, references: Iterable[str]) -> set[UUID]:
    """The organisations with these ids or external ids; an unknown one gives nothing."""
    ids, names = [], []
    for reference in references:
        try:
            ids.append(UUID(reference))
        except ValueError:
            names.append(reference)
    names = [name for name in names if name.isprintable()]
    if not (ids or names):
        return set()
    found = or_(Organisation.id.in_(ids), Organisation.external_id.in_(names))
    return set(session.scalars(select(Organisation.id).where(found)))


def _granted(session: Session, *, issuer: str, subject: str) -> list[RoleGrant]:
    of_person = (RoleGrant.issuer == issuer, RoleGrant.subject == subject, RoleGrant.revoked_at.is_(None))
    return list(session.scalars(select(RoleGrant).where(*of_person)))


def _account(session: Session, *, issuer: str, subject: str, tenant: str | None, unit: str | None) -> UUID:
    """The pseudonym. A row is written at first sight, and again at most once a minute or when she moved."""
    now = datetime.now(UTC)
    known = session.scalar(select(Account).where(Account.issuer == issuer, Account.subject == subject))
    if known is None:
        values = {"id": uuid7(), "issuer": issuer, "subject": subject, "tenant": tenant, "unit": unit}
        session.execute(insert(Account).values(**values).on_conflict_do_nothing())
        return session.scalars(
            select(Account.id).where(Account.issuer == issuer, Account.subject == subject)
        ).one()
    if now - known.last_seen_at > timedelta(minutes=1) or (known.tenant, known.unit) != (tenant, unit):
        session.execute(
            update(Account)
            .where(Account.id == known.id)
            .values(last_seen_at=now, tenant=tenant, unit=unit)
            .execution_options(synchronize_session=False)
        )
    return known.id
