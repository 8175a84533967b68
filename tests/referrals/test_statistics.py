"""What planners are told of referrals."""

from typing import Any

from fastapi.testclient import TestClient
from people import Headers
from referral_world import Goal, code_referral_to
from typer.testing import CliRunner

from app.cli import app


def told(*arguments: str) -> list[list[str]]:
    answer = CliRunner().invoke(app, ["statistics", "referrals", *arguments])
    assert answer.exit_code == 0, answer.output
    return [line.split("\t") for line in answer.output.splitlines()]


def refer(client: TestClient, nurse: Headers, goal: Goal, number: int, **fields: Any) -> None:
    for _ in range(number):
        answer = client.post("/api/v1/referrals", json=code_referral_to(goal, **fields), headers=nurse)
        assert answer.status_code == 201, answer.text


def test_few_referrals_of_a_kind_are_not_told_and_follow_from_no_total(
    client: TestClient, goal: Goal, nurse: Headers
):
    refer(client, nurse, goal, 6, language="sv", age_band="65-79")
    refer(client, nurse, goal, 7, language="sv", age_band="80-plus")
    refer(client, nurse, goal, 5, language="ar", age_band="65-79")
    refer(client, nurse, goal, 1, language="ar", age_band="80-plus")
    assert told("language", "age_band") == [
        ["language", "65-79", "80-plus", "total"],
        ["ar", ".", ".", "6"],
        ["sv", ".", ".", "13"],
        ["total", "11", "8", "19"],
    ]


def test_days_narrow_what_is_counted(client: TestClient, goal: Goal, nurse: Headers):
    refer(client, nurse, goal, 5)
    assert told("mode", "status")[-1] == ["total", "5", "5"]
    assert told("mode", "status", "--until", "2020-01-01") == [["mode", "total"], ["total", "0"]]
