"""The database: one engine a process, sessions that commit in one place, the schema's revision."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.orm import Session
from sqlalchemy.orm.session import SessionTransaction

from app.config import get_settings

MIGRATIONS = Path(__file__).resolve().parent.parent / "migrations"
# What a lost or exhausted database raises; the web answers 503.
DATABASE_AWAY = (OperationalError, PoolTimeoutError)


class ReadSession(Session):
    """A session whose transactions the database itself holds READ ONLY."""


@event.listens_for(ReadSession, "after_begin")
def _read_only(_session: Session, _transaction: SessionTransaction, connection: Connection) -> None:
    connection.execute(text("SET TRANSACTION READ ONLY"))


@lru_cache
def engine() -> Engine:
    """The process's engine, built from the settings."""
    settings = get_settings()
    return create_engine(
        settings.database_url,
        pool_size=settings.database_pool_size,
        max_overflow=5,
        pool_timeout=settings.database_timeout_seconds,
        pool_pre_ping=True,
        connect_args={"connect_timeout": 2, "application_name": "torg"},
    )


@contextmanager
def session_scope() -> Iterator[Session]:
    """A session that commits when the block ends and rolls back when it raises."""
    with Session(engine(), expire_on_commit=False) as session, session.begin():
        yield session


@contextmanager
def read_scope() -> Iterator[ReadSession]:
    """A session for reading only."""
    with ReadSession(engine(), expire_on_commit=False) as session:
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
