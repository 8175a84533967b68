"""What the papers promise is there, and what is there has its place in the papers."""

import ast
import json
import os
import re
import shutil
import subprocess
import sys
import threading
import tomllib
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
import typer.main
import uvicorn
import yaml
from sqlalchemy import select

from app import local_content, local_issuer
from app.cli import app as cli
from app.config import Settings, get_settings
from app.errors import ERRORS
from app.local_process import free_port
from app.main import create_app
from app.messages import sentence
from app.models import Listing
from app.release import RELEASED, VERSION
from app.services import listings
from app.services.exchange import run_import

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
LOGINS = "http://127.0.0.1:8010"
ERRORS_BY_NAME = {error.__name__ for error in ERRORS.values()}
UNPREFIXED = {"database_url", "meili_url", "meili_master_key"}
SETTINGS = [(n if n in UNPREFIXED else f"torg_{n}").upper() for n in Settings.model_fields]


def headings(name: str) -> list[str]:
    text = (ROOT / "docs" / name).read_text(encoding="utf-8")
    return re.findall(r"^## (.+)$", text, re.MULTILINE)


def commands(command: click.Command, name: str) -> list[str]:
    below = getattr(command, "commands", None)
    if below is None:
        return [name]
    return [leaf for word, child in below.items() for leaf in commands(child, f"{name} {word}")]


def tracked() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if listed.returncode:
        pytest.skip("not a git checkout")
    return [ROOT / name for name in listed.stdout.splitlines() if (ROOT / name).is_file()]


def test_every_setting_has_its_heading_and_its_row():
    assert set(SETTINGS) <= set(headings("configuration.md"))
    assert [name for name in SETTINGS if f"| `{name}` |" not in README] == []
    paper = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
    assert [name for name in SETTINGS if f"| [`{name}`](#{name.lower()}) |" not in paper] == []


def test_no_setting_is_described_that_does_not_exist():
    text = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8") + README
    assert set(re.findall(r"`((?:TORG|MEILI|DATABASE)_[A-Z_]+)`", text)) == set(SETTINGS)


def test_every_error_code_has_its_heading_and_no_other_has():
    assert sorted(headings("errors.md")) == sorted(error.code for error in ERRORS.values())


def said_to_callers() -> Iterator[tuple[str, str]]:
    """Code and sentence of every error that is written out below the routers, but for commands' own."""
    of_commands = {"access_checkpoint.py", "geography.py"}
    files = [path for name in ("routers", "services") for path in (ROOT / "app" / name).glob("*.py")]
    for path in [ROOT / "app" / "deps.py", *(path for path in files if path.name not in of_commands)]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            match node:
                case ast.Call(
                    func=ast.Name(id="FieldProblem"), args=[_, ast.Constant(code), ast.Constant(said)]
                ):
                    yield code, said
                case ast.Call(func=ast.Name(id=name), args=[ast.Constant(str(said)), *_]) if (
                    name in ERRORS_BY_NAME
                ):
                    yield "detail", said


def test_every_sentence_that_callers_meet_has_a_swedish_one():
    told = set(said_to_callers())
    assert len(told) > 50
    assert [said for code, said in sorted(told) if sentence(code, said, english=False) == said] == []


def test_every_command_has_its_heading_and_no_other_has():
    assert sorted(headings("commands.md")) == sorted(commands(typer.main.get_command(cli), "torg"))


def test_every_link_between_the_papers_leads_somewhere():
    broken = []
    for paper in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]:
        targets = re.findall(r"\]\((?!https?:|#|mailto:)([^)#]+)", paper.read_text(encoding="utf-8"))
        broken += [f"{paper.name}: {target}" for target in targets if not (paper.parent / target).exists()]
    assert broken == []


def test_every_test_that_a_paper_names_is_there():
    missing = []
    for paper in (ROOT / "docs").rglob("*.md"):
        for file, name in re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", paper.read_text(encoding="utf-8")):
            path = ROOT / file
            if not path.exists() or f"def {name}(" not in path.read_text(encoding="utf-8"):
                missing.append(f"{paper.name}: {file}::{name}")
    assert missing == []


def test_the_version_is_the_same_everywhere():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    public = yaml.safe_load((ROOT / "publiccode.yml").read_text(encoding="utf-8"))
    assert project["version"] == public["softwareVersion"] == VERSION
    assert public["releaseDate"] == RELEASED.isoformat()
    assert f"## [{VERSION}] – {RELEASED}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_the_licence_is_whole():
    text = (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert re.findall(r"^([0-9]+)\.[A-Z]", text, re.MULTILINE) == [str(n) for n in range(1, 16)]
    assert "Compatible Licences" in text


def test_no_source_file_is_longer_than_400_lines_and_no_test_than_600():
    long = []
    for path in tracked():
        if path.suffix == ".py" and "versions" not in path.parts:  # migrations are generated
            lines = path.read_text(encoding="utf-8").count("\n")
            if lines > (600 if path.is_relative_to(ROOT / "tests") else 400):
                long.append(f"{path.relative_to(ROOT)}: {lines}")
    assert long == []


def test_no_file_names_a_place_on_one_persons_machine():
    pattern = re.compile(r"(?<![\w.])/(?:work|root|home/[a-z]+|Users/[A-Za-z]+)/")
    named = []
    for path in tracked():
        if path.suffix in {".py", ".md", ".toml", ".yaml", ".yml", ".txt", ""} and path != Path(__file__):
            text = path.read_text(encoding="utf-8", errors="replace")
            named += [f"{path.relative_to(ROOT)}: {hit.group()}" for hit in pattern.finditer(text)]
    assert named == []


def blocks(paper: Path, language: str) -> list[str]:
    return re.findall(
        rf"^```{language}\n(.*?)^```", paper.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
    )


def test_the_mapping_in_the_paper_takes_a_file_with_its_headings(session, tmp_path):
    (mapping,) = blocks(ROOT / "docs" / "import.md", "yaml")
    (tmp_path / "mine.yaml").write_text(mapping, encoding="utf-8")
    (tmp_path / "mine.csv").write_text(
        "Förening;Typ;Ålder;Kommun\nKvarnens vänner;Kaffestund, Gånggrupp;Vuxna 21+;Stockholm\n"
        "Vägen;Vägförening;;Stockholm\n",
        encoding="utf-8",
    )
    report = run_import(tmp_path / "mine.csv", source="s", mapping=tmp_path / "mine.yaml", session=session)
    assert report.ok, report.to_text()
    assert (report.counts["organisation"].created, report.counts["listing"].created) == (2, 1)
    (found,) = session.scalars(select(Listing).options(*listings.WHOLE))
    record = listings.to_record(found)
    assert found.status == "published"
    assert record.texts["sv"].title == "Kvarnens vänner"
    assert record.categories == ["coffee-meetup", "walking-group"]
    assert record.age.exchange() == {"min": 21, "max": None}


def curls() -> list[str]:
    papers = (ROOT / "README.md", ROOT / "docs" / "search.md")
    return [block for paper in papers for block in blocks(paper, "sh") if "curl" in block]


@pytest.fixture
def logins(dev_issuer_folder, monkeypatch) -> Iterator[str]:
    """The invented people of `make up`, on a port of their own."""
    issuer = local_issuer.run_issuer(shutil.which("node"), dev_issuer_folder, free_port())
    monkeypatch.setenv("TORG_OIDC_ISSUERS", json.dumps(local_issuer.setting(issuer.url)))
    monkeypatch.setenv("TORG_OUTBOUND_PRIVATE_HOSTS", "127.0.0.1")
    get_settings.cache_clear()
    yield issuer.url
    issuer.stop()
    monkeypatch.undo()
    get_settings.cache_clear()


@pytest.fixture
def address(client, indexed) -> Iterator[str]:
    """The real service with the demo data, as `make up` gives it, on a port of its own."""
    assert local_content.load_demo(lambda _done, _total: None) == ""
    indexed()
    port = free_port()
    server = uvicorn.Server(uvicorn.Config(create_app(), port=port, log_level="warning"))
    serving = threading.Thread(target=server.run)
    serving.start()
    while not server.started:
        assert serving.is_alive()
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    serving.join(20)


def listing_of(client) -> str:
    """What a reader takes from the answer to the first search."""
    found = client.get("/api/v1/search", params={"q": "kaffe", "place": "Farsta", "free": True}).json()
    return found["items"][0]["id"]


@pytest.mark.skipif(shutil.which("curl") is None, reason="no curl on this machine")
def test_every_curl_in_the_papers_is_answered_as_they_say(
    address, logins, client, referral_keys, organisation, tmp_path
):
    (tmp_path / ".curlrc").write_text('fail-with-body\nsilent\nshow-error\nnoproxy = "*"\n')
    env = {**os.environ, "CURL_HOME": str(tmp_path)}
    answers = []
    listing = listing_of(client)
    for block in curls():
        script = block.replace("http://127.0.0.1:8000", address).replace(LOGINS, logins)
        script = re.sub(r"^KEY=.*$", f"KEY={organisation.token}", script, flags=re.MULTILINE)
        script = re.sub(r"^ORGANISATION=.*$", f"ORGANISATION={organisation.id}", script, flags=re.MULTILINE)
        script = re.sub(r"^LISTING=.*$", f"LISTING={listing}", script, flags=re.MULTILINE)
        said = subprocess.run(["bash", "-ec", script], capture_output=True, text=True, env=env, check=False)
        assert said.returncode == 0, f"{block}\n{said.stdout}{said.stderr}"
        answers.append(json.loads(said.stdout))
    first_search, _private_search, understood, registration, referral = answers[:5]
    assert referral["status"] == "requested"
    assert referral["code"]
    assert first_search["total"] > 0
    assert understood["interpretation"]["chips"]
    assert all(item["reasons"]["summary"] for item in understood["items"])
    assert registration["status"] == "published"
    assert registration["problems"] == []


@pytest.mark.skipif(shutil.which("curl") is None, reason="no curl on this machine")
def test_the_way_of_a_referral_goes_as_its_paper_says(address, logins, referral_keys, monkeypatch, tmp_path):
    mails = tmp_path / "mail"
    monkeypatch.setenv("TORG_SMTP_URL", mails.as_uri())
    monkeypatch.setenv("TORG_MAIL_FROM", "torg@torget.example")
    monkeypatch.setenv("TORG_PUBLIC_URL", address)
    worker = subprocess.Popen([sys.executable, "-m", "app.worker"], cwd=ROOT)
    try:
        script = "\n".join(blocks(ROOT / "docs" / "referrals.md", "sh"))
        script = script.replace("http://127.0.0.1:8000", address).replace(LOGINS, logins)
        script = script.replace("MAILS=.torg/mail", f"MAILS={mails}")
        script = script.replace("sleep 5", f"until ls {mails}/*.eml; do sleep 0.2; done 2>/dev/null >&2")
        said = subprocess.run(
            ["bash", "-ec", script], capture_output=True, text=True, cwd=tmp_path, timeout=120, check=False
        )
    finally:
        worker.terminate()
        worker.wait(30)
    assert said.returncode == 0, said.stdout + said.stderr
    light, redeemed, withdrawn = (json.loads(line) for line in said.stdout.replace("}{", "}\n{").splitlines())
    assert (light["status"], light["outcome"]["attendance_count"]) == ("completed", 2)
    assert light["person"]["alias"] == "Kim"
    assert (redeemed["status"], redeemed["person"]) == ("accepted", None)
    assert (withdrawn["status"], withdrawn["contact"]) == ("cancelled", None)
    accepted = json.loads((tmp_path / "accepted.json").read_text(encoding="utf-8"))
    assert accepted["person"]["contact"]["value"] == "+46701740605"
    assert json.loads((tmp_path / "hers.json").read_text(encoding="utf-8"))["status"] == "completed"
