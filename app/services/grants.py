"""Roles given to people in the database, beside those that their issuers' tokens tell."""

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

from psycopg.errors import UniqueViolation
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.config import get_settings
from app.errors import Conflict, FieldProblem, Forbidden, Invalid, NotFound
from app.issuers import Role
from app.models import Account, RoleGrant
from app.schemas.people import GrantIn, GrantQuery
from app.services import audit, organisations
from app.services.accounts import Actor


def give(session: Session, wish: GrantIn, actor: Actor) -> RoleGrant:
    """Give a role over the API. Raises Forbidden for one's own self, else as `make`."""
    own = session.get(Account, actor.account_id)
    if own is not None and (own.issuer, own.subject) == (wish.issuer, wish.subject):
        raise Forbidden("Nobody gives herself a role.")
    return make(
        session,
        issuer=wish.issuer,
        subject=wish.subject,
        role=wish.role,
        organisation=wish.organisation,
        actor=actor.actor,
    )


def make(
    session: Session, *, issuer: str, subject: str, role: Role, organisation: str | None, actor: str
) -> RoleGrant:
    """Give a role; it holds from the next request on.

    Raises Invalid for an issuer or organisation that is not known, Conflict when she has the role already.
    """
    if issuer not in {known.issuer for known in get_settings().oidc_issuers}:
        raise Invalid(
            "See errors for each field.",
            [FieldProblem("/issuer", "unknown_issuer", "The settings name no such issuer.")],
        )
    grant = RoleGrant(
        issuer=issuer,
        subject=subject,
        role=role,
        organisation_id=_organisation(session, organisation),
        granted_by=actor,
    )
    session.add(grant)
    try:
        session.flush()
    except IntegrityError as error:
        if not isinstance(error.orig, UniqueViolation):
            raise
        raise Conflict("She has this role already.") from error
    audit.note(session, actor=actor, action="grant", subject_kind="role_grant", subject=grant.id)
    return grant


def _organisation(session: Session, reference: str | None) -> UUID | None:
    if reference is None:
        return None
    try:
        return organisations.by_reference(session, reference).id
    except NotFound as error:
        unknown = FieldProblem("/organisation", "unknown_organisation", "There is no such organisation.")
        raise Invalid("See errors for each field.", [unknown]) from error


def revoke(session: Session, grant_id: UUID, *, actor: str) -> None:
    """End a role; the next request is without it. Raises NotFound."""
    grant = session.get(RoleGrant, grant_id, with_for_update=True)
    if grant is None:
        raise NotFound("There is no such grant.")
    if grant.revoked_at is None:
        grant.revoked_at = datetime.now(UTC)
        audit.note(session, actor=actor, action="revoke", subject_kind="role_grant", subject=grant.id)


def listed(session: Session, query: GrantQuery) -> tuple[Sequence[RoleGrant], int]:
    """A page of grants, the newest first, and how many there are."""
    wanted = select(RoleGrant)
    if query.role:
        wanted = wanted.where(RoleGrant.role.in_(query.role))
    if query.organisation_id:
        wanted = wanted.where(RoleGrant.organisation_id == query.organisation_id)
    if not query.revoked:
        wanted = wanted.where(RoleGrant.revoked_at.is_(None))
    total = session.scalar(select(func.count()).select_from(wanted.subquery())) or 0
    page = wanted.order_by(RoleGrant.id.desc()).limit(query.limit).offset((query.page - 1) * query.limit)
    return session.scalars(page).all(), total
