"""`torg grant`: roles of people on the command line, the only place where operators are made by hand."""

from typing import Annotated
from uuid import UUID

import typer

from app import db
from app.config import get_settings
from app.errors import Invalid
from app.issuers import Role
from app.schemas.people import GrantQuery
from app.services import grants

grant = typer.Typer(help="Roles of people.", no_args_is_help=True)


@grant.command(name="give")
def give(
    role: Annotated[Role, typer.Argument(help="staff, member or operator.")],
    subject: Annotated[str, typer.Argument(help="What the issuer calls the person.")],
    organisation: Annotated[str | None, typer.Option(help="Of a member: id or external id.")] = None,
    issuer: Annotated[str | None, typer.Option(help="Needed when several are set.")] = None,
) -> None:
    """Give a role and print the grant's id."""
    if (role == "member") != (organisation is not None):
        raise Invalid("A member, and no other, has an organisation.")
    known = get_settings().oidc_issuers
    if issuer is None and len(known) != 1:
        raise Invalid("Say which --issuer: the settings do not name exactly one.")
    db.require_schema()
    with db.session_scope() as session:
        made = grants.make(
            session,
            issuer=issuer or known[0].issuer,
            subject=subject,
            role=role,
            organisation=organisation,
            actor="cli",
        )
    typer.echo(made.id)


@grant.command(name="list")
def listed() -> None:
    """Print the roles that hold: id, role, organisation, issuer, subject."""
    db.require_schema()
    with db.session_scope() as session:
        page = 1
        while rows := grants.listed(session, GrantQuery(limit=100, page=page))[0]:
            for row in rows:
                typer.echo(f"{row.id}\t{row.role}\t{row.organisation_id or ''}\t{row.issuer}\t{row.subject}")
            page += 1


@grant.command(name="end")
def end(grant_id: Annotated[UUID, typer.Argument(help="As `torg grant list` prints it.")]) -> None:
    """End a role at once."""
    db.require_schema()
    with db.session_scope() as session:
        grants.revoke(session, grant_id, actor="cli")
