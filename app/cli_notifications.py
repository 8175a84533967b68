"""`torg notifications`: messages about referrals that wait or were given up."""

from typing import Annotated
from uuid import UUID

import typer

from app import db
from app.db import Wall, walled_scope
from app.services import notifications as messages

notifications = typer.Typer(help="Messages about referrals.", no_args_is_help=True)
_WORKER = Wall(role="torg_worker")


@notifications.command(name="list")
def listed(
    failed: Annotated[
        bool, typer.Option("--failed", help="Those that were given up, instead of those that wait.")
    ] = False,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="At most so many, the newest.")] = 100,
) -> None:
    """Print id, when it was made, event, channel, receiver, tries and why the last one failed."""
    db.require_schema()
    with walled_scope(_WORKER) as session:
        for row in messages.undelivered(session, given_up=failed, limit=limit):
            made = row.created_at.isoformat(timespec="seconds")
            to = f"webhook:{row.endpoint_id}" if row.endpoint_id else f"organisation:{row.organisation_id}"
            parts = (row.id, made, row.event, row.channel, to, row.attempts, row.last_error or "")
            typer.echo("\t".join(map(str, parts)))


@notifications.command(name="retry")
def retry(
    notification: Annotated[
        list[UUID] | None, typer.Argument(help="Ids; all that were given up without.")
    ] = None,
) -> None:
    """Send what was given up anew, from the first try on."""
    db.require_schema()
    with walled_scope(_WORKER) as session:
        typer.echo(f"{messages.retry(session, notification)} messages")
