"""What a person at a terminal can put right: one sentence and an exit code, never a traceback."""

import errno
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from pydantic import ValidationError
from sqlalchemy.exc import ArgumentError, DBAPIError

from app.config import Settings
from app.db import DATABASE_AWAY, SchemaMismatch
from app.errors import AppError
from app.local_process import DiskFullError, LocalError, WrongVersionError
from app.services import exchange
from search.client import SearchUnavailable, TaskFailed

NO_SPACE = os.strerror(errno.ENOSPC)
# A user without the right, a server that only reads, and (without a code) an address psycopg cannot use.
REFUSED_STATES = ("42501", "25006", None)
REFUSED_KEY = ("invalid_api_key", "missing_authorization_header")
Told = tuple[str, int]


@contextmanager
def told() -> Iterator[None]:
    """Say what a person can put right on standard error and exit; a fault of the program keeps its traceback.

    Exit codes: 3 port in use, 4 disk full, 5 data of another version, 6 something to run is missing,
    7 running already, 1 anything else.
    """
    try:
        yield
    except Exception as problem:
        found = sentence(problem)
        if found is None:
            raise
        text, exit_code = found
        sys.stderr.write(f"{text}\n")
        raise SystemExit(exit_code) from None


def sentence(problem: Exception) -> Told | None:
    """The sentence and the exit code for a problem; None when it is a fault of the program."""
    found: Told | None = None
    match problem:
        case LocalError():
            found = str(problem), problem.exit_code
        case SchemaMismatch():
            found = str(problem), WrongVersionError.exit_code
        case AppError():
            places = [f"  {place.pointer}: {place.message}" for place in problem.errors[:20]]
            found = "\n".join([problem.detail or problem.title_en, *places]), 1
        case exchange.Unreadable() | exchange.MappingError():
            found = str(problem), 1
        case ValidationError() if problem.title == Settings.__name__:
            found = _of_settings(problem), 1
        case SearchUnavailable() | TaskFailed():
            found = _of_search(problem)
        case ArgumentError() | DBAPIError():
            found = _of_database(problem)
        case OSError():
            found = _of_system(problem)
        case _:
            pass
    return found


def _of_settings(problem: ValidationError) -> str:
    wrongs = problem.errors(include_url=False, include_input=False)
    return "\n".join(
        f"The setting {_place(wrong['loc'])} is wrong: {wrong['msg'].removeprefix('Value error, ')}"
        if wrong["loc"]
        else wrong["msg"].removeprefix("Value error, ")
        for wrong in wrongs
    )


def _place(loc: tuple[str | int, ...]) -> str:
    """The setting as it is written in the environment, and where in it."""
    found, *inside = loc
    return _name(found) + (f" (/{'/'.join(map(str, inside))})" if inside else "")


def _name(found: str | int) -> str:
    return f"TORG_{found}".upper() if found in Settings.model_fields else str(found)


def _of_search(problem: SearchUnavailable | TaskFailed) -> Told:
    text = str(problem)
    if "no_space_left_on_device" in text:
        return "The disk is full: Meilisearch could not write.", DiskFullError.exit_code
    if any(code in text for code in REFUSED_KEY):
        return "Meilisearch refuses the key. Look whether MEILI_MASTER_KEY is right.", 1
    if isinstance(problem, SearchUnavailable):
        return f"Meilisearch does not answer ({text}). Look whether MEILI_URL is right.", 1
    return text, 1


def _of_database(problem: ArgumentError | DBAPIError) -> Told | None:
    if NO_SPACE in str(problem):
        return "The disk is full: the database could not write.", DiskFullError.exit_code
    away = isinstance(problem, (ArgumentError, *DATABASE_AWAY))
    orig = getattr(problem, "orig", None)
    # For a server that does not let us in psycopg has no code, only what the server said.
    if "FATAL:" in str(orig) if away else getattr(orig, "sqlstate", "") in REFUSED_STATES:
        reason = str(orig).rpartition("FATAL:")[2].strip().split("\n", 1)[0]
        return f"The database refuses: {reason}. Look whether DATABASE_URL is right.", 1
    return ("The database does not answer. Look whether DATABASE_URL is right.", 1) if away else None


def _of_system(problem: OSError) -> Told:
    if problem.errno in {errno.ENOSPC, errno.EDQUOT}:
        return "The disk is full.", DiskFullError.exit_code
    if problem.errno in {errno.EACCES, errno.EROFS}:
        return f"This user may not use {problem.filename or 'a file or folder that is needed'}.", 1
    return f"{problem.strerror or type(problem).__name__}: {problem.filename or 'no file named'}", 1
