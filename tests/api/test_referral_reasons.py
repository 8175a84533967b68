"""Reasons that only the service gives: that nobody answered, that the case went elsewhere."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from people import Headers
from referral_world import Goal, code_referral_to, referral_to

from app.services import referral_due


def refer(client: TestClient, nurse: Headers, body: dict[str, Any]) -> str:
    answer = client.post("/api/v1/referrals", json=body, headers=nurse)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def step(client: TestClient, path: str, headers: Headers, version: int, **body: Any) -> Any:
    return client.post(f"/api/v1/{path}", json=body, headers={**headers, "If-Match": f'"v{version}"'})


@pytest.mark.parametrize("reason", ["expired", "rerouted"])
def test_nobody_says_for_the_service_that_a_case_expired_or_went_elsewhere(
    client: TestClient, goal: Goal, nurse: Headers, member: Headers, reason: str
):
    of = refer(client, nurse, referral_to(goal))
    for path, headers, body in (
        (f"referrals/{of}/status", nurse, {"status": "cancelled"}),
        (f"inbox/{of}/status", member, {"status": "cancelled"}),
        (f"inbox/{of}/status", member, {"status": "rejected"}),
        (f"inbox/{of}/events", member, {"kind": "received"}),
    ):
        refused = step(client, path, headers, 1, **body, reason=reason)
        assert refused.status_code == 422, refused.text
        assert [one["pointer"] for one in refused.json()["errors"]] == ["/reason"]
    told = client.get(f"/api/v1/referrals/{of}", headers=nurse).json()
    assert (told["status"], told["version"]) == ("requested", 1)


def test_the_service_itself_still_says_so(client: TestClient, goal: Goal, nurse: Headers):
    of = refer(client, nurse, code_referral_to(goal))
    referral_due.run(datetime.now(UTC) + timedelta(days=20))
    told = client.get(f"/api/v1/referrals/{of}", headers=nurse).json()
    assert (told["status"], told["reason"]) == ("cancelled", "expired")
