"""Is every part there that the service needs?"""

from collections.abc import Callable

from app.config import get_settings
from app.db import DATABASE_AWAY, SchemaMismatch, require_schema
from app.errors import FieldProblem, Unavailable
from search.client import IndexClient

SECONDS = 2.0


def database() -> str | None:
    """What is wrong with PostgreSQL or its schema; None when nothing is."""
    try:
        require_schema()
    except SchemaMismatch:
        return "The database's schema is not this version's."
    except DATABASE_AWAY:
        return "PostgreSQL does not answer."
    return None


def search_engine() -> str | None:
    """What is wrong with Meilisearch; None when nothing is, or when none is configured."""
    settings = get_settings()
    if not settings.meili_url:
        return None
    key = settings.meili_master_key
    with IndexClient(settings.meili_url, key.get_secret_value() if key else None, timeout=SECONDS) as client:
        return None if client.is_healthy() else "Meilisearch does not answer; search runs degraded."


PARTS: dict[str, Callable[[], str | None]] = {"database": database, "search": search_engine}


def require_ready() -> None:
    """Raise Unavailable naming every part that is missing."""
    found = {part: ask() for part, ask in PARTS.items()}
    problems = [FieldProblem(f"/{part}", "missing_part", wrong) for part, wrong in found.items() if wrong]
    if problems:
        raise Unavailable("A part of the service is missing.", problems)
