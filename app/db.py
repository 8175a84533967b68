"""The database: one engine a process, sessions that commit in one place, the schema's revision."""

import errno
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal
from uuid import UUID

import psycopg
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Dialect, Engine, create_engine, event, text
from sqlalchemy.engine.interfaces import DBAPIConnection, ExceptionContext
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.orm import Session
from sqlalchemy.orm.session import SessionTransaction

from app.config import get_settings

MIGRATIONS = Path(__file__).resolve().parent.parent / "migrations"
# What a lost or exhausted database raises; the web answers 503.
DATABASE_AWAY = (OperationalError, PoolTimeoutError)
SILENT_SECONDS = 0.5
PAUSE_SECONDS = 1.0


class ReadSession(Session):
    """A session whose transactions the database itself holds READ ONLY."""


@event.listens_for(ReadSession, "after_begin")
def _read_only(_session: Session, _transaction: SessionTransaction, connection: Connection) -> None:
    connection.execute(text("SET TRANSACTION READ ONLY"))


@lru_cache
def engine(*, aside: bool = False) -> Engine:
    """The process's engine, built from the settings.

    `aside`: the one for what is written beside a session that is open already. Its connections are others:
    else a crowd of requests that hold one each would wait for each other's.
    """
    settings = get_settings()
    # A host that falls silent is given up within the wait: Linux adds half a second. psycopg's own limit is
    # two seconds at least; it is for a server that takes a connection and says nothing.
    silence_ms = round(settings.database_timeout_seconds * 1000 / 2)
    made = create_engine(
        settings.database_url,
        pool_size=1 if aside else settings.database_pool_size,
        max_overflow=5,
        pool_timeout=settings.database_timeout_seconds,
        pool_pre_ping=True,
        hide_parameters=True,  # values, such as a protected address, belong in no log
        connect_args={"connect_timeout": 2, "tcp_user_timeout": silence_ms, "application_name": "torg"},
    )
    pause = _Pause()
    event.listen(made, "do_connect", pause.connect)
    event.listen(made, "handle_error", pause.notice)
    return made


class _Pause:
    """After one has waited in vain for a silent host, the others are refused at once for a moment.

    Else a request waits for its kept connection and then for a new one, and a crowd of them in turn.
    """

    def __init__(self) -> None:
        self._until = 0.0

    def connect(
        self, dialect: Dialect, _record: object, arguments: list[Any], settings: dict[str, Any]
    ) -> DBAPIConnection:
        began = time.monotonic()
        if began < self._until:
            raise psycopg.OperationalError("The database was silent a moment ago.")
        try:
            return dialect.connect(*arguments, **settings)
        except psycopg.OperationalError:
            # A server that restarts refuses at once, and is asked again at once.
            if time.monotonic() - began > SILENT_SECONDS:
                self._begin()
            raise

    def notice(self, context: ExceptionContext) -> None:
        if os.strerror(errno.ETIMEDOUT) in str(context.original_exception):
            self._begin()

    def _begin(self) -> None:
        self._until = time.monotonic() + PAUSE_SECONDS


@contextmanager
def session_scope(*, aside: bool = False) -> Iterator[Session]:
    """A session that commits when the block ends and rolls back when it raises.

    `aside`: it is opened while another one is, for a moment.
    """
    its = engine(aside=True) if aside else engine()
    with Session(its, expire_on_commit=False) as session, session.begin():
        yield session


@contextmanager
def read_scope() -> Iterator[ReadSession]:
    """A session for reading only."""
    with ReadSession(engine(), expire_on_commit=False) as session:
        yield session


@dataclass(frozen=True)
class Wall:
    """For whom a transaction acts: the database shows it that one's referrals and no other's.

    `tenant`: a requesting care provider. `organisations`: receiving ones. `code`: the keyed digest of a
    person's code. `referral`: narrows any of these to one referral, as for an organisation that came by a
    link; alone, it is the person's own, or one that is just being made. `session`: the digest of a session's
    token; it shows that session's row and no referral. An organisation that has not accepted sees nothing
    that tells of the person. No wall at all shows nothing.
    """

    tenant: str | None = None
    organisations: frozenset[UUID] = frozenset()
    referral: UUID | None = None
    code: str | None = None
    session: str | None = None
    role: Literal["torg_service", "torg_worker"] = "torg_service"


def stand_behind(session: Session, wall: Wall) -> None:
    """Act for this wall until the transaction ends: another role, and the settings its policies read."""
    session.execute(
        text(
            "SELECT set_config('role', :role, true), set_config('torg.tenant', :tenant, true),"
            " set_config('torg.organisations', :organisations, true),"
            " set_config('torg.referral', :referral, true),"
            " set_config('torg.code', :code, true), set_config('torg.session', :session, true)"
        ),
        {
            **{name: str(value) if value is not None else "" for name, value in vars(wall).items()},
            "organisations": "{" + ",".join(map(str, sorted(wall.organisations))) + "}",
        },
    )


@contextmanager
def acting_for(session: Session, tenant: str) -> Iterator[None]:
    """Act for this requesting care provider as well, for one look: how it is told of its own referral.

    An error within undoes it with its transaction or savepoint.
    """
    before = session.scalar(text("SELECT current_setting('torg.tenant', true)"))
    chosen = text("SELECT set_config('torg.tenant', :tenant, true)")
    session.execute(chosen, {"tenant": tenant})
    yield
    session.execute(chosen, {"tenant": before or ""})


@contextmanager
def walled_scope(wall: Wall, *, snapshot: bool = False, aside: bool = False) -> Iterator[Session]:
    """As session_scope, behind a wall: how every read and write of referrals is made.

    `snapshot`: everything is read as it was at one moment, for a walk in many steps.
    """
    with session_scope(aside=aside) as session:
        if snapshot:
            session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
        stand_behind(session, wall)
        yield session


def alembic_config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    return config


def upgrade() -> None:
    """Bring the schema to this version's revision. Raises SchemaMismatch when the database is newer."""
    if not known_revision():
        raise SchemaMismatch("The database was made by a newer Torg. Use that version, or another database.")
    command.upgrade(alembic_config(), "head")


class SchemaMismatch(Exception):
    """The database's schema is not this version's."""


def current_revision() -> str | None:
    with engine().connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def known_revision() -> bool:
    """Whether the database is empty or at a revision this version has."""
    revision = current_revision()
    scripts = ScriptDirectory.from_config(alembic_config())
    return revision is None or revision in {script.revision for script in scripts.walk_revisions()}


def require_schema() -> None:
    """Raise SchemaMismatch unless the schema is exactly this version's."""
    if current_revision() != ScriptDirectory.from_config(alembic_config()).get_current_head():
        raise SchemaMismatch("The database's schema is not this version's. Run `torg migrate` first.")
