"""Commands for what lies under referrals: the access log, the keys, and what is kept how long.

They act as the worker: its database user, or whoever migrates, may run them.
"""

import sys
from collections.abc import Iterable
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer
from rich.console import Console

from app import db
from app.db import Wall, walled_scope
from app.services import (
    access_checkpoint,
    access_export,
    access_log,
    access_verify,
    key_rotation,
    referral_statistics,
)
from app.services import retention as keeping
from app.services.referral_statistics import Property
from app.services.wall_clock import STOCKHOLM

audit = typer.Typer(help="The log of who read and did what with referrals.", no_args_is_help=True)
keys = typer.Typer(help="Master keys of referrals.", no_args_is_help=True)
statistics = typer.Typer(help="How referrals go, without anybody visible.", no_args_is_help=True)
retention = typer.Typer(help="What is kept how long.", no_args_is_help=True)
console = Console(stderr=True, highlight=False, soft_wrap=True, markup=False)
WORKER = Wall(role="torg_worker")
NOT_WHOLE = 3
InputFile = Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True)]
Since = Annotated[str | None, typer.Option(help="From this day on, such as 2026-11-21, or a time.")]
Until = Annotated[str | None, typer.Option(help="Before this day or time.")]


@audit.command()
def verify(
    checkpoint: Annotated[
        Path | None, typer.Option(help="Checkpoints kept elsewhere, one a line.", exists=True, dir_okay=False)
    ] = None,
    key: Annotated[
        Path | None, typer.Option(help="A public key that is believed, too.", exists=True, dir_okay=False)
    ] = None,
) -> None:
    """Walk the log and name the first row that is not what was written. Exit code 3: there is one."""
    db.require_schema()
    believed = access_checkpoint.keys()
    if key is not None:
        believed.append(access_checkpoint.read_key(key.read_text(encoding="utf-8")))
    kept = checkpoint.read_text(encoding="utf-8").splitlines() if checkpoint else []
    with walled_scope(WORKER, snapshot=True) as session:
        found = access_verify.verify(session, kept_elsewhere=kept, believed=believed)
    for fault in found.faults:
        typer.echo(fault)
    unsigned = "" if believed else "; no key to judge their signatures"
    typer.echo(f"{found.rows} rows, {found.checkpoints} checkpoints ({found.signed} signed{unsigned})")
    raise typer.Exit(NOT_WHOLE if found.faults else 0)


@audit.command(name="checkpoint")
def make_checkpoint() -> None:
    """Sign how long the log is and what its last hash is, and print it: keep it elsewhere."""
    db.require_schema()
    with walled_scope(WORKER) as session:
        made = access_checkpoint.make(session)
    if made is None:
        console.print("The log is empty: there is nothing to sign.")
        return
    typer.echo(made)


@audit.command(name="key")
def show_key() -> None:
    """Print the public half of the key that signs checkpoints, for those who verify elsewhere."""
    typer.echo(access_checkpoint.public_key())


@audit.command(name="export")
def export_log(
    referral: Annotated[UUID | None, typer.Option(help="Only rows of this referral.")] = None,
    actor: Annotated[UUID | None, typer.Option(help="Only rows of this account or session.")] = None,
    since: Since = None,
    until: Until = None,
) -> None:
    """Write the log as JSON Lines; that it was read is noted in it."""
    begin, end = _time(since), _time(until)
    db.require_schema()
    _note_reading("export", referral)
    with walled_scope(WORKER, snapshot=True) as session:
        query = access_export.chosen(referral=referral, actor=actor, since=begin, until=end)
        _write(access_export.lines(session, query))


@audit.command()
def sample(
    number: Annotated[int, typer.Option("-n", "--number", min=1, max=100_000, help="How many rows.")] = 20,
    since: Since = None,
) -> None:
    """Draw rows by lot, for somebody to review whether each had its cause; that is noted too."""
    begin = _time(since)
    db.require_schema()
    _note_reading("sample", None)
    with walled_scope(WORKER, snapshot=True) as session:
        _write(access_export.sample(session, number, since=begin))


@keys.command()
def rotate() -> None:
    """Wrap every data key anew under the first key of TORG_REFERRAL_KEYS. Exit code 3: some do not open."""
    db.require_schema()
    report = key_rotation.rotate(lambda done: console.print(f"{done} keys", end="\r"))
    typer.echo(f"{report.rewrapped} keys are now under version {report.current}.")
    for version, number in sorted(report.in_use.items()):
        if version != report.current:
            typer.echo(f"Version {version} is still needed by {number} keys.")
    if set(report.in_use) <= {report.current}:
        typer.echo("No other version is needed any more.")
    for place in report.broken:
        typer.echo(f"Does not open: {place}")
    raise typer.Exit(NOT_WHOLE if report.broken else 0)


@statistics.command()
def referrals(
    down: Annotated[Property, typer.Argument(help="What the rows are.")],
    across: Annotated[Property, typer.Argument(help="What the columns are.")],
    since: Since = None,
    until: Until = None,
) -> None:
    """Count referrals by two properties, separated by tabs; `.` is held back so that nobody can be seen."""
    begin, end = _time(since), _time(until)
    db.require_schema()
    with walled_scope(WORKER, snapshot=True) as session:
        told = referral_statistics.counted(session, down, across, since=begin, until=end)
    columns = list(told.columns)
    typer.echo("\t".join([down, *columns, "total"]))
    for row, total in told.rows.items():
        typer.echo("\t".join([row, *(_cell(told.cells[row, column]) for column in columns), _cell(total)]))
    typer.echo("\t".join(["total", *map(_cell, told.columns.values()), _cell(told.total)]))


def _cell(count: int | None) -> str:
    return "." if count is None else str(count)


@retention.command(name="run")
def run_retention(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Count only; nothing is changed.")] = False,
) -> None:
    """Shred what has been kept long enough, and remove what has served its time."""
    db.require_schema()
    typer.echo(keeping.run(dry_run=dry_run).fields())


@retention.command()
def ledger() -> None:
    """Write down what was shredded, as JSON Lines: keep it outside the database, beside its backups."""
    db.require_schema()
    with walled_scope(WORKER, snapshot=True) as session:
        _write(keeping.ledger(session))


@retention.command()
def replay(file: InputFile) -> None:
    """Shred again what the ledger names: after a backup was restored, before anybody is let in."""
    db.require_schema()
    with file.open(encoding="utf-8", errors="replace") as lines:
        done = keeping.replay(lines)
    typer.echo(
        f"{done.shredded} shredded again, {done.before} were before, {done.unknown} not in this backup"
    )


def _note_reading(action: str, referral: UUID | None) -> None:
    access_log.note_alone(
        actor="operator", actor_id=None, action=f"audit-{action}", referral_id=referral, role="torg_worker"
    )


def _write(lines: Iterable[str]) -> None:
    for line in lines:
        sys.stdout.write(f"{line}\n")


def _time(said: str | None) -> datetime | None:
    """A day of Sweden's calendar, or a time; without a zone it is Sweden's."""
    if said is None:
        return None
    try:
        if len(said) == len("2026-11-21"):
            return datetime.combine(date.fromisoformat(said), time(), STOCKHOLM).astimezone(UTC)
        found = datetime.fromisoformat(said)
    except ValueError:
        raise typer.BadParameter(f"{said} is neither a day nor a time.") from None
    return found if found.tzinfo else found.replace(tzinfo=STOCKHOLM)
