"""`torg` as a person at a terminal meets it: what it says, its exit codes, never a traceback."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import psycopg
import pytest
from sqlalchemy import func, select

from app import cli, db
from app.config import get_settings
from app.models import ApiKey, Listing, OutboxJob
from app.services import identity
from search.client import IndexClient

ROOT = Path(__file__).parent.parent
STREET = "Hemliga gränd 7"
ORGANISATION = {"type": "organisation", "external_id": "kvarnen", "name": "Kvarnen"}
LISTING: dict[str, Any] = {
    "type": "listing",
    "external_id": "fika",
    "organisation": "kvarnen",
    "kind": "activity",
    "texts": {"sv": {"title": "Fika", "summary": "Kaffe för alla."}},
    "categories": ["coffee-meetup"],
    "contacts": [{"channel": "phone", "value": "08-465 004 12"}],
}
PROTECTED = LISTING | {
    "external_id": "samtal",
    "venues": [
        {
            "name": "Rummet",
            "street": STREET,
            "municipality_code": "0180",
            "lat": 59.31234,
            "lon": 18.05678,
            "visibility": "hidden",
        }
    ],
}


class Said(NamedTuple):
    code: int
    out: str
    err: str


Torg = Callable[..., Said]


@pytest.fixture
def torg(clean: None, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Torg:
    """The command line in this process."""

    def run(*arguments: object) -> Said:
        monkeypatch.setattr(sys, "argv", ["torg", *map(str, arguments)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            cli.main()
        out, err = capsys.readouterr()
        return Said(int(ended.value.code or 0), out, err)

    return run


@pytest.fixture
def process(stores: Any) -> Torg:
    """The command line as its own process, with settings of its own."""

    def run(*arguments: object, **env: str) -> Said:
        done = subprocess.run(
            [sys.executable, "-m", "app.cli", *map(str, arguments)],
            capture_output=True,
            check=False,
            text=True,
            env={**os.environ, **env},
            cwd=ROOT,
            timeout=60,
        )
        return Said(done.returncode, done.stdout, done.stderr)

    return run


def written(path: Path, *records: object) -> Path:
    path.write_text("\n".join(json.dumps(record) for record in records), "utf-8")
    return path


def number(table: type[Any]) -> int:
    with db.session_scope() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


@pytest.fixture
def imported(torg: Torg, tmp_path: Path) -> None:
    path = written(tmp_path / "a.jsonl", ORGANISATION, LISTING, PROTECTED)
    assert torg("import", path, "--source", "s").code == 0


def test_help_names_every_command(torg: Torg) -> None:
    said = torg("--help")
    assert said.code == 0
    for command in ("up", "reset", "migrate", "worker", "import", "export", "index", "key", "places"):
        assert re.search(rf"\b{command}\b", said.out)


def test_migrating_again_says_where_the_schema_is(torg: Torg) -> None:
    said = torg("migrate")
    assert (said.code, said.out) == (0, f"The schema is at revision {db.current_revision()}.\n")


def test_an_import_reports_and_the_same_again_changes_nothing(torg: Torg, tmp_path: Path) -> None:
    path = written(tmp_path / "a.jsonl", ORGANISATION, LISTING)
    first = json.loads(torg("import", path, "--source", "s", "--json").out)
    again = json.loads(torg("import", path, "--source", "s", "--json").out)
    assert number(Listing) == 1
    assert first != again
    assert number(OutboxJob) == 1


def test_a_dry_run_reports_and_writes_nothing(torg: Torg, tmp_path: Path) -> None:
    path = written(tmp_path / "a.jsonl", ORGANISATION, LISTING)
    said = torg("import", path, "--source", "s", "--dry-run")
    assert said.code == 0
    assert said.out
    assert number(Listing) == 0


def test_rejected_rows_are_told_with_an_exit_code_of_their_own(torg: Torg, tmp_path: Path) -> None:
    path = written(
        tmp_path / "a.jsonl", ORGANISATION, LISTING, LISTING | {"external_id": "x", "kind": "kalas"}
    )
    said = torg("import", path, "--source", "s")
    assert said.code == 2
    assert "/kind" in said.out
    assert "kalas" not in said.out + said.err
    assert number(Listing) == 1
    assert torg("import", path, "--source", "t", "--strict").code == 2


def test_a_shipped_mapping_is_named(torg: Torg, tmp_path: Path) -> None:
    line = {
        "id": 1,
        "title": "Linjen",
        "resource": {"url": "https://linjen.example", "type": "link"},
        "contactTypes": ["telefon"],
        "phone": "90101",
        "description": "Samtal för den som behöver.",
        "category": "psykisk-halsa",
        "tags": [],
        "active": True,
    }
    path = tmp_path / "lines.json"
    path.write_text(json.dumps([line]), "utf-8")
    said = torg("import", path, "--source", "lines", "--mapping", "stodlinjer")
    assert said.code == 0, said
    assert number(Listing) == 1


def test_a_mapping_that_is_not_there_is_one_sentence(torg: Torg, tmp_path: Path) -> None:
    path = written(tmp_path / "a.jsonl", ORGANISATION)
    said = torg("import", path, "--source", "s", "--mapping", "nowhere")
    assert said.code == 1
    assert len(said.err.strip().splitlines()) == 1


@pytest.mark.parametrize(
    ("name", "content"),
    [("a.jsonl", b"\xff\xfe\x00{"), ("a.xlsx", b"not a workbook"), ("a.pdf", b"%PDF"), ("a.jsonl.gz", b"x")],
)
def test_an_unreadable_file_is_one_sentence_or_a_report(
    torg: Torg, tmp_path: Path, name: str, content: bytes
) -> None:
    (tmp_path / name).write_bytes(content)
    said = torg("import", tmp_path / name, "--source", "s")
    assert said.code in {1, 2}
    assert (said.out + said.err).strip()
    assert "Traceback" not in said.err


def test_a_missing_file_is_told_before_anything_is_done(process: Torg) -> None:
    said = process("import", "/nowhere/a.jsonl", "--source", "s", DATABASE_URL="postgresql://127.0.0.1:1/x")
    assert said.code == 2
    assert "does not exist" in said.err
    assert "Traceback" not in said.err


@pytest.mark.usefixtures("imported")
def test_a_public_export_has_no_protected_address_and_a_private_one_has(torg: Torg, tmp_path: Path) -> None:
    public, private = tmp_path / "public.jsonl", tmp_path / "private.jsonl"
    said = torg("export", public)
    assert (said.code, said.err) == (0, "1 organisations, 2 listings\n")
    torg("export", private, "--private")
    told = public.read_text("utf-8")
    for secret in (STREET, "Rummet", "59.31234", "18.05678"):
        assert secret not in told
    whole = [json.loads(line) for line in private.read_text("utf-8").splitlines()]
    assert whole[2]["venues"] == PROTECTED["venues"]
    assert [record.get("status") for record in whole] == [None, "published", "published"]


@pytest.mark.usefixtures("imported")
def test_a_backup_can_only_be_read_by_its_owner(torg: Torg, tmp_path: Path) -> None:
    path = tmp_path / "private.jsonl"
    torg("export", path, "--private")
    assert path.stat().st_mode & 0o077 == 0


@pytest.mark.usefixtures("imported")
def test_an_export_goes_to_standard_output_and_in_again(process: Torg, torg: Torg, tmp_path: Path) -> None:
    said = process("export", "--private")
    path = tmp_path / "back.jsonl"
    path.write_text(said.out, "utf-8")
    report = json.loads(torg("import", path, "--source", "s", "--json").out)
    assert "unchanged" in json.dumps(report)
    assert number(Listing) == 2


def test_exporting_where_nothing_can_be_written_is_one_sentence(process: Torg, clean: None) -> None:
    said = process("export", "/nowhere/a.jsonl")
    assert said.code == 1
    assert "Traceback" not in said.err
    assert len(said.err.strip().splitlines()) == 1


@pytest.mark.usefixtures("imported")
def test_a_key_is_printed_once_and_opens_what_its_scopes_say(torg: Torg) -> None:
    said = torg("key", "create", "--name", "portal", "--organisation", "kvarnen", "--scope", "listings:write")
    assert said.code == 0
    with db.session_scope() as session:
        principal = identity.recognise(session, said.out.strip())
    assert principal.scopes == {"listings:write"}
    assert not principal.is_operator


def test_a_key_without_an_organisation_is_the_operators(torg: Torg) -> None:
    said = torg("key", "create", "--name", "operator", "--days", 30)
    with db.session_scope() as session:
        assert identity.recognise(session, said.out.strip()).is_operator
        expires_at = session.scalars(select(ApiKey.expires_at)).one()
    assert expires_at is not None


@pytest.mark.usefixtures("imported")
@pytest.mark.parametrize(
    "wishes",
    [
        ("--organisation", "kvarnen", "--scope", "operator"),
        ("--organisation", "kvarnen", "--scope", "everything"),
        ("--scope", "listings:write"),
    ],
)
def test_a_scope_that_such_a_key_cannot_have_is_refused(torg: Torg, wishes: tuple[str, ...]) -> None:
    said = torg("key", "create", "--name", "x", *wishes)
    assert said.code == 2
    assert "may have these scopes" in said.err
    assert said.out == ""
    assert number(ApiKey) == 0


def test_a_key_for_an_unknown_organisation_is_one_sentence(torg: Torg) -> None:
    said = torg("key", "create", "--name", "x", "--organisation", "nobody")
    assert (said.code, said.err) == (1, "There is no such organisation.\n")


@pytest.mark.usefixtures("imported")
def test_a_third_key_is_one_sentence(torg: Torg) -> None:
    for _ in range(2):
        assert torg("key", "create", "--name", "x", "--organisation", "kvarnen").code == 0
    said = torg("key", "create", "--name", "x", "--organisation", "kvarnen")
    assert said.code == 1
    assert said.err.startswith("Two keys are active.")


@pytest.mark.usefixtures("indexed", "imported")
def test_the_index_is_compared_mended_and_rebuilt(torg: Torg, meili: Any) -> None:
    said = torg("index", "audit")
    assert (said.code, said.out) == (3, "missing 2, stale 0, surplus 0\n")
    assert torg("index", "audit", "--fix").code == 0
    assert torg("index", "audit").out == "missing 0, stale 0, surplus 0\n"
    said = torg("index", "rebuild")
    assert (said.code, said.out) == (0, "2 documents\n")
    with IndexClient(meili.url, meili.key) as client:
        mine = [uid for uid in client.uids() if uid.startswith(get_settings().index_prefix)]
    assert mine == [f"{get_settings().index_prefix}_listings"]


def test_a_rebuild_beside_another_is_one_sentence(torg: Torg, indexed: Any) -> None:
    from sqlalchemy import text

    from app.services.index_sync import _REBUILDING

    with db.engine().begin() as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _REBUILDING})
        said = torg("index", "rebuild")
    assert said.code == 1
    assert "nother rebuild is running" in said.err


@pytest.mark.parametrize("command", [("index", "audit"), ("index", "rebuild")])
def test_a_meilisearch_that_is_away_is_one_sentence(
    process: Torg, schema: None, command: tuple[str, str]
) -> None:
    said = process(*command, MEILI_URL="http://127.0.0.1:1")
    assert said.code == 1
    assert len(said.err.strip().splitlines()) == 1
    assert "Meilisearch" in said.err


@pytest.mark.parametrize(
    "url",
    ["postgresql://torg@127.0.0.1:1/torg", "mysql://127.0.0.1/torg", "not an address", "sqlite:///x.db"],
)
def test_a_wrong_database_address_is_one_sentence(process: Torg, url: str) -> None:
    said = process("key", "create", "--name", "x", DATABASE_URL=url)
    assert said.code == 1
    assert "DATABASE_URL" in said.err
    assert len(said.err.strip().splitlines()) == 1


@pytest.mark.parametrize(
    ("there", "wrong", "reason"),
    [
        (r"//torg:[^@]*@", "//torg:wrong@", "password authentication failed"),
        (r"/[^/]*$", "/no_such", 'database "no_such" does not exist'),
    ],
)
def test_a_database_that_lets_nobody_in_is_told_with_its_reason(
    process: Torg, stores: Any, there: str, wrong: str, reason: str
) -> None:
    said = process("migrate", DATABASE_URL=re.sub(there, wrong, stores.database.url))
    assert said.code == 1
    assert f"The database refuses: {reason}" in said.err
    assert "DATABASE_URL" in said.err
    assert len(said.err.strip().splitlines()) == 1


def test_a_wrong_setting_is_one_sentence_that_names_it(process: Torg, schema: None) -> None:
    said = process("key", "create", "--name", "x", TORG_MAX_BODY_BYTES="many")
    assert said.code == 1
    assert "Traceback" not in said.err
    assert "MAX_BODY_BYTES" in said.err.upper()


@pytest.mark.parametrize("command", [("key", "create", "--name", "x"), ("worker",), ("export",)])
def test_a_database_that_was_never_migrated_is_one_sentence(
    process: Torg, stores: Any, command: tuple[str, ...]
) -> None:
    # The server's own database, which has no table of ours.
    url = stores.database.url.rpartition("/")[0] + "/postgres"
    said = process(*command, DATABASE_URL=url)
    assert said.code == 5
    assert "torg migrate" in said.err
    assert len(said.err.strip().splitlines()) == 1


@pytest.fixture
def newer(stores: Any) -> str:
    """A database that a later version made."""
    server = stores.database.url.rpartition("/")[0].replace("+psycopg", "")
    with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
        connection.execute("DROP DATABASE IF EXISTS newer")
        connection.execute("CREATE DATABASE newer")
    with psycopg.connect(f"{server}/newer") as connection:
        connection.execute("CREATE TABLE alembic_version (version_num varchar(32) NOT NULL)")
        connection.execute("INSERT INTO alembic_version VALUES ('ffff00000000')")
    return f"{server}/newer"


SERVE = ("uvicorn", "app.main:create_app", "--factory", "--port", "0")


@pytest.mark.parametrize(
    ("module", "code"),
    [(("app.worker",), 5), (("app.cli", "worker"), 5), (("app.cli", "migrate"), 5), (SERVE, 3)],
)
def test_a_database_of_a_newer_version_stops_every_process_in_a_sentence(
    newer: str, module: tuple[str, ...], code: int
) -> None:
    said = started(*module, DATABASE_URL=newer)
    assert said.code == code
    assert "The database" in said.err
    assert "Traceback" not in said.err


@pytest.mark.parametrize(("module", "code"), [(("app.worker",), 1), (SERVE, 3)])
def test_a_database_that_is_away_stops_a_starting_process_in_a_sentence(
    module: tuple[str, ...], code: int
) -> None:
    said = started(*module, DATABASE_URL="postgresql://127.0.0.1:1/x")
    assert said.code == code
    assert "Look whether DATABASE_URL is right." in said.err
    assert "Traceback" not in said.err


def started(*module: str, **env: str) -> Said:
    done = subprocess.run(
        [sys.executable, "-m", *module],
        capture_output=True,
        check=False,
        text=True,
        env={**os.environ, **env},
        cwd=ROOT,
        timeout=60,
    )
    return Said(done.returncode, done.stdout, done.stderr)


@pytest.mark.parametrize("query", ["nosuch=1", "connect_timeout=x"])
def test_an_option_the_database_driver_does_not_know_is_one_sentence(process: Torg, query: str) -> None:
    said = process("migrate", DATABASE_URL=f"postgresql://127.0.0.1:1/x?{query}")
    assert said.code == 1
    assert len(said.err.strip().splitlines()) == 1
    assert "DATABASE_URL" in said.err


def test_a_database_user_without_rights_is_one_sentence(process: Torg, stores: Any) -> None:
    server = stores.database.url.replace("+psycopg", "")
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute("DROP DATABASE IF EXISTS closed")
        connection.execute("DROP ROLE IF EXISTS guest")
        connection.execute("CREATE DATABASE closed")
        connection.execute("CREATE ROLE guest LOGIN PASSWORD 'guest'")
    address = server.partition("@")[2].rpartition("/")[0]
    said = process("migrate", DATABASE_URL=f"postgresql://guest:guest@{address}/closed")
    assert said.code == 1
    assert len(said.err.strip().splitlines()) == 1
    assert "permission denied" in said.err


def test_the_served_description_is_made_without_a_remark_in_the_log(
    client: Any, caplog: pytest.LogCaptureFixture
) -> None:
    assert client.get("/openapi.json").json()["info"]["contact"]["email"]
    assert caplog.records == []
