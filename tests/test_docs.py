"""What the papers promise is there, and what is there has its place in the papers."""

import re
import subprocess
import tomllib
from pathlib import Path

import click
import pytest
import typer.main
import yaml

from app.cli import app as cli
from app.config import Settings
from app.errors import ERRORS
from app.release import RELEASED, VERSION

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
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


def test_no_setting_is_described_that_does_not_exist():
    text = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8") + README
    assert set(re.findall(r"`((?:TORG|MEILI|DATABASE)_[A-Z_]+)`", text)) == set(SETTINGS)


def test_every_error_code_has_its_heading_and_no_other_has():
    assert sorted(headings("errors.md")) == sorted(error.code for error in ERRORS.values())


def test_every_command_has_its_heading_and_no_other_has():
    assert sorted(headings("commands.md")) == sorted(commands(typer.main.get_command(cli), "torg"))


def test_every_link_between_the_papers_leads_somewhere():
    broken = []
    for paper in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]:
        targets = re.findall(r"\]\((?!https?:|#|mailto:)([^)#]+)", paper.read_text(encoding="utf-8"))
        broken += [f"{paper.name}: {target}" for target in targets if not (paper.parent / target).exists()]
    assert broken == []


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
