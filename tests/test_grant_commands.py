"""`torg grant`: roles on the command line, operators too."""

import pytest
from typer.testing import CliRunner

from app.cli import app
from app.errors import Conflict, Invalid


def torg(*words):
    result = CliRunner().invoke(app, list(words))
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.stdout.strip()


def test_an_operator_is_made_listed_and_ended(clean, issuer):
    made = torg("grant", "give", "operator", "kim")
    assert torg("grant", "list") == f"{made}\toperator\t\t{issuer.url}\tkim"
    torg("grant", "end", made)
    assert torg("grant", "list") == ""


def test_a_member_is_made_of_an_organisation(issuer, organisation):
    torg("grant", "give", "member", "kim", "--organisation", "kaffekvarnen", "--issuer", issuer.url)
    assert f"\tmember\t{organisation.id}\t" in torg("grant", "list")


@pytest.mark.parametrize(
    "words",
    [
        ("member", "kim"),
        ("staff", "kim", "--organisation", "kaffekvarnen"),
        ("staff", "kim", "--issuer", "x"),
    ],
)
def test_what_cannot_be_granted_is_refused(issuer, organisation, words):
    with pytest.raises(Invalid):
        torg("grant", "give", *words)


def test_a_role_is_not_given_twice(clean, issuer):
    torg("grant", "give", "staff", "kim")
    with pytest.raises(Conflict):
        torg("grant", "give", "staff", "kim")
