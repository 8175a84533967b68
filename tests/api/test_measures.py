"""How it is for her is handed on with her agreement alone: the category `feedback` of her consent."""

from datetime import timedelta
from typing import Any

from fastapi.testclient import TestClient
from people import TENANT, Headers
from referral_world import AGREED, TODAY, WITH_FEEDBACK, Goal, referral_to
from sqlalchemy import text

from app.db import Wall, walled_scope

DONE = {"status": "completed", "outcome": {"result": "connected", "measures": {"loneliness_after": "light"}}}


def accepted(client: TestClient, nurse: Headers, member: Headers, body: dict[str, Any]) -> str:
    made = client.post("/api/v1/referrals", json=body, headers=nurse)
    assert made.status_code == 201, made.text
    path = f"/api/v1/inbox/{made.json()['id']}"
    answer = client.post(
        f"{path}/status", json={"status": "accepted"}, headers={**member, "If-Match": '"v1"'}
    )
    assert answer.status_code == 200, answer.text
    return path


def done(client: TestClient, path: str, member: Headers, **more: str) -> Any:
    return client.post(f"{path}/status", json=DONE, headers={**member, "If-Match": '"v2"', **more})


def sealed() -> int:
    """How many referrals hold answers."""
    with walled_scope(Wall(tenant=TENANT)) as session:
        asked = "SELECT count(*) FROM referral_secret WHERE measures IS NOT NULL"
        return session.scalar(text(asked)) or 0


def test_without_her_agreement_they_are_refused_and_nothing_is_written(
    client: TestClient, goal: Goal, nurse: Headers, member: Headers
):
    path = accepted(client, nurse, member, referral_to(goal))
    refused = done(client, path, member, **{"Accept-Language": "en"})
    assert refused.status_code == 422
    (problem,) = refused.json()["errors"]
    assert problem == {
        "pointer": "/outcome/measures",
        "code": "not_agreed",
        "message": "The person has not agreed that her answers are handed on.",
    }
    told = client.get(path, headers=member).json()
    assert (told["status"], told["version"], sealed()) == ("accepted", 2, 0)
    swedish = done(client, path, member).json()["errors"][0]["message"]
    assert swedish == "Personen har inte gått med på att hennes svar lämnas vidare."
    bare = {**DONE, "outcome": {"result": "connected"}}
    assert client.post(f"{path}/status", json=bare, headers={**member, "If-Match": '"v2"'}).status_code == 200


def test_with_her_agreement_they_reach_whoever_refers(
    client: TestClient, goal: Goal, nurse: Headers, member: Headers
):
    path = accepted(client, nurse, member, referral_to(goal, agreed=WITH_FEEDBACK))
    assert done(client, path, member).status_code == 200
    told = client.get(path.replace("inbox", "referrals"), headers=nurse).json()
    assert told["outcome"]["measures"]["loneliness_after"] == "light"
    assert sealed() == 1


def test_an_agreement_that_has_ended_is_none(client: TestClient, goal: Goal, nurse: Headers, member: Headers):
    path = accepted(client, nurse, member, referral_to(goal, agreed=WITH_FEEDBACK))
    with walled_scope(Wall(tenant=TENANT)) as session:
        ended = {"day": TODAY - timedelta(days=2)}
        session.execute(text("UPDATE referral_consent SET given_on = :day, expires_on = :day"), ended)
    assert done(client, path, member).status_code == 422
    assert sealed() == 0


def test_who_asked_for_herself_has_nobody_to_hand_them_on_to(client: TestClient, goal: Goal, member: Headers):
    body = referral_to(goal)
    wish = {name: body[name] for name in ("listing_id", "age_band", "person")} | {"text_version": "2026-1"}
    assert client.post("/api/v1/self-referrals", json=wish).status_code == 201
    (found,) = client.get("/api/v1/inbox", headers=member).json()["items"]
    path = f"/api/v1/inbox/{found['id']}"
    client.post(f"{path}/status", json={"status": "accepted"}, headers={**member, "If-Match": '"v1"'})
    assert client.get(path, headers=member).json()["consent_categories"] == list(AGREED)
    assert done(client, path, member).status_code == 422
    assert client.get(path, headers=member).json()["version"] == 2
