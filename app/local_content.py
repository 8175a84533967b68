"""What a local run holds: the schema, the vocabularies, the demo data, their index, and a key for trying."""

import json
from collections.abc import Callable
from functools import partial
from hashlib import sha256
from pathlib import Path

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from app import db
from app.config import get_settings
from app.errors import Conflict, Unauthorised
from app.local_process import open_private
from app.models import Organisation
from app.services import exchange, identity, index_sync, taxonomies
from app.worker import index_client
from search.rebuild import live_uid
from search.settings import index_settings

DEMO = Path(__file__).with_name("data") / "demo"
# The invented organisations and their listings first, then the real support lines.
DEMO_FILES = ("listings.jsonl", "support_lines.jsonl")
DEMO_KEY_NAME = "demo"

Progress = Callable[[int, int | None], None]


def prepare() -> bool:
    """Bring schema and vocabularies to this version; whether the database holds no organisation yet.

    Raises SchemaMismatch when the database was made by a newer version.
    """
    db.upgrade()
    with db.session_scope() as session:
        taxonomies.load(session)
        return session.scalar(select(Organisation.id).limit(1)) is None


def load_demo(progress: Progress) -> str:
    """Import the demo data, so that a stop half-way leaves a database to fill anew.

    Returns the reports of the files with rows that were not taken; empty when all were.
    """
    refused = []
    sizes = [sum(1 for _line in (DEMO / name).open("rb")) for name in DEMO_FILES]
    with db.session_scope() as session:
        done_before = 0
        for name, size in zip(DEMO_FILES, sizes, strict=True):
            report = exchange.run_import(
                DEMO / name,
                source=Path(name).stem,
                session=session,
                progress=partial(_forward, progress, done_before, sum(sizes)),
            )
            done_before += size
            if not report.ok:
                refused.append(report.to_text())
        _verify_invented(session)
    progress(sum(sizes), sum(sizes))
    return "\n".join(refused)


def _verify_invented(session: Session) -> None:
    """The invented organisations may receive referrals; real ones are verified by nobody here."""
    invented = Organisation.import_source == Path(DEMO_FILES[0]).stem
    session.execute(update(Organisation).where(invented).values(verified_on=func.now()))


def _forward(progress: Progress, done_before: int, total: int, done: int, _of_file: int | None) -> None:
    progress(done_before + done, total)


def index_is_current(stamp: Path) -> bool:
    """Whether the index is there and its settings are those the stamp remembers.

    What differs in single documents the worker mends when it starts.
    """
    with index_client() as client:
        there = client is not None and client.exists(live_uid(get_settings().index_prefix))
    return there and stamp.exists() and stamp.read_text() == _settings_hash()


def build_index(stamp: Path, progress: Progress) -> None:
    """Build the index anew from the database, and let the stamp remember its settings."""
    with index_client() as client:
        if client is None:
            return
        prefix = get_settings().index_prefix
        index_sync.rebuild(db.session_scope, client, prefix, lambda done: progress(done, None))
    stamp.write_text(_settings_hash())


def _settings_hash() -> str:
    return sha256(json.dumps(index_settings(), sort_keys=True).encode()).hexdigest()


def demo_key(file: Path) -> tuple[str, str] | None:
    """External id and key of the first organisation of the demo data; the key stays in the file between runs.

    None when there is no such organisation, or it has two keys already (then somebody uses them).
    """
    with (DEMO / DEMO_FILES[0]).open("rb") as lines:
        external_id = json.loads(next(lines))["external_id"]
    with db.session_scope() as session:
        if file.exists():
            token = file.read_text()
            try:
                identity.recognise(session, token)
            except Unauthorised:
                file.unlink()
            else:
                return external_id, token
        organisation = session.scalar(select(Organisation).where(Organisation.external_id == external_id))
        if organisation is None:
            return None
        try:
            _key, token = identity.create_key(
                session, organisation=organisation, name=DEMO_KEY_NAME, scopes=identity.ORGANISATION_SCOPES
            )
        except Conflict:
            return None
    with open(file, "w", opener=open_private) as stream:
        stream.write(token)
    return external_id, token
