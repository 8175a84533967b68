"""The command line: `torg`. Thin: it asks the services."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from app import cli_referrals, db, local, worker
from app.cli_grants import grant
from app.cli_notifications import notifications
from app.config import get_settings
from app.services import exchange, gaps, geography, identity, index_sync, organisations, taxonomies
from app.troubles import told
from search.client import IndexClient

app = typer.Typer(
    help="Torg, the directory behind a digital social square.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
index = typer.Typer(help="The search index.", no_args_is_help=True)
key = typer.Typer(help="API keys.", no_args_is_help=True)
places = typer.Typer(help="Place names and postcodes.", no_args_is_help=True)
app.add_typer(index, name="index")
app.add_typer(key, name="key")
app.add_typer(grant, name="grant")
app.add_typer(places, name="places")
app.add_typer(notifications, name="notifications")
app.add_typer(cli_referrals.audit, name="audit")
app.add_typer(cli_referrals.keys, name="keys")
app.add_typer(cli_referrals.retention, name="retention")
app.add_typer(cli_referrals.statistics, name="statistics")
console = Console(stderr=True, highlight=False, soft_wrap=True, markup=False)
InputFile = Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True)]


def _fail(sentence: str, code: int = 1) -> NoReturn:
    console.print(sentence)
    raise typer.Exit(code)


@contextmanager
def _bar(title: str) -> Iterator[Progress]:
    columns = (TextColumn(title), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        yield progress


@contextmanager
def _meilisearch() -> Iterator[IndexClient]:
    db.require_schema()
    with worker.index_client() as client:
        if client is None:
            _fail("No Meilisearch is set: give MEILI_URL.")
        yield client


@app.command()
def up(port: Annotated[int, typer.Option(min=1, max=65535)] = 8000) -> None:
    """Start everything on this machine with demo data, until Ctrl-C."""
    local.up(port)


@app.command()
def reset() -> None:
    """Forget the local data of `torg up`."""
    local.reset()


@app.command()
def migrate() -> None:
    """Bring the database's schema to this version and load vocabularies and geography."""
    db.upgrade()
    with db.session_scope() as session:
        taxonomies.load(session)
    typer.echo(f"The schema is at revision {db.current_revision()}.")


@app.command(name="worker")
def run_worker() -> None:
    """Take outbox jobs until stopped."""
    worker.run()


@app.command(name="import")
def import_(
    file: InputFile,
    source: Annotated[str, typer.Option(help="Name of the source; tells its rows apart from others'.")],
    mapping: Annotated[
        str | None,
        typer.Option(help="Mapping file, or the name of a shipped one; none for the format itself."),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Report only; nothing is written.")] = False,
    full: Annotated[
        bool, typer.Option("--full", help="Pause listings that vanished from the source.")
    ] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Write nothing when any row is rejected.")] = False,
    json: Annotated[bool, typer.Option("--json", help="The report as JSON.")] = False,
) -> None:
    """Take organisations and listings from a file. Exit code 2: done, but rows were rejected."""
    db.require_schema()
    with _bar("Rows") as progress:
        task = progress.add_task("rows", total=None)
        report = exchange.run_import(
            file,
            mapping=mapping,
            source=source,
            dry_run=dry_run,
            full=full,
            strict=strict,
            actor="cli",
            progress=lambda done, total: progress.update(task, completed=done, total=total),
        )
    typer.echo(report.to_json() if json else report.to_text())
    raise typer.Exit(0 if report.ok else 2)


@app.command()
def export(
    out: Annotated[Path | None, typer.Argument(help="File; standard output without it.")] = None,
    organisation: Annotated[str | None, typer.Option(help="Only this external id.")] = None,
    private: Annotated[
        bool, typer.Option("--private", help="Every listing whole, protected addresses too: a backup.")
    ] = False,
) -> None:
    """Write organisations and listings as JSON Lines; without --private only what is public."""
    db.require_schema()
    report = exchange.run_export(
        out if out is not None else sys.stdout.buffer,
        organisation=organisation,
        statuses=None if private else ("published",),
        public=not private,
    )
    console.print(f"{report.organisations} organisations, {report.listings} listings")


@app.command(name="gaps")
def show_gaps(
    month: Annotated[str | None, typer.Option(help="Such as 2026-11; all without it.")] = None,
    municipality: Annotated[str | None, typer.Option(help="SCB's code; all without it.")] = None,
) -> None:
    """Tell which kinds of searches found too little, where and when; only those of five searches or more."""
    db.require_schema()
    with db.session_scope() as session:
        known = taxonomies.vocabulary(session).municipalities
        for gap in gaps.shown(session, month=month, municipality=municipality):
            kommun = known[gap.municipality_code].name_short
            typer.echo(f"{gap.month}\t{gap.municipality_code}\t{kommun}\t{gap.wishes}\t{gap.searches}")


@index.command()
def rebuild() -> None:
    """Build the index anew beside the live one and swap them."""
    with _meilisearch() as client, _bar("Documents") as progress:
        task = progress.add_task("documents", total=None)
        count = index_sync.rebuild(
            db.session_scope,
            client,
            get_settings().index_prefix,
            progress=lambda done: progress.update(task, completed=done),
        )
    typer.echo(f"{count} documents")


@index.command()
def audit(
    fix: Annotated[bool, typer.Option("--fix", help="Mend what differs.")] = False,
) -> None:
    """Compare index and database. Exit code 3 when they differ and are not mended."""
    with _meilisearch() as client, db.session_scope() as session:
        report = index_sync.audit(session, client, get_settings().index_prefix, fix=fix)
    typer.echo(f"missing {len(report.missing)}, stale {len(report.stale)}, surplus {len(report.surplus)}")
    raise typer.Exit(0 if fix or report.clean else 3)


@key.command(name="create")
def create_key(
    name: Annotated[str, typer.Option(help="What the key is for.")],
    organisation: Annotated[str | None, typer.Option(help="External id; the operator's without it.")] = None,
    scope: Annotated[list[str] | None, typer.Option(help="Scopes; all of the kind without it.")] = None,
    days: Annotated[int | None, typer.Option(min=1, max=3650, help="Days until it expires.")] = None,
) -> None:
    """Make a key and print it: the only time it is shown."""
    allowed = identity.ORGANISATION_SCOPES if organisation else frozenset({"operator"})
    scopes = frozenset(scope) if scope else allowed
    if not scopes <= allowed:
        _fail(f"Such a key may have these scopes: {', '.join(sorted(allowed))}.", 2)
    db.require_schema()
    with db.session_scope() as session:
        owner = organisations.by_reference(session, organisation) if organisation else None
        expires_at = datetime.now(UTC) + timedelta(days=days) if days else None
        _, token = identity.create_key(
            session, organisation=owner, name=name, scopes=scopes, expires_at=expires_at
        )
    typer.echo(token)


@places.command(name="import")
def import_places(file: InputFile) -> None:
    """Take a gazetteer (CSV: name, kind, municipality_code, lat, lon, …)."""
    db.require_schema()
    with db.session_scope() as session:
        typer.echo(f"{geography.import_places(session, file)} places")


@places.command(name="import-postcodes")
def import_postcodes(file: InputFile) -> None:
    """Take postcodes (CSV: postal_code, postort, municipality_code, lat, lon)."""
    db.require_schema()
    with db.session_scope() as session:
        typer.echo(f"{geography.import_postcodes(session, file)} postcodes")


def main() -> None:
    """Run the command line; what a person can mend is one sentence and an exit code."""
    with told():
        app()


if __name__ == "__main__":
    main()
