"""The flow of a referral, end to end: staff, organisation, person."""

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from fastapi.testclient import TestClient
from people import Headers, HeadersOf
from referral_world import PHONE, WITH_FEEDBACK, Goal, code_referral_to, make_goal, referral_to

from app import db
from app.db import Wall, walled_scope
from app.models import Referral
from app.services import codes, referral_links, retention
from app.services.vault import vault

E164 = "+46701740605"


def refer(client: TestClient, nurse: Headers, body: dict[str, Any], **more: Any) -> Any:
    answer = client.post("/api/v1/referrals", json=body, headers=nurse, **more)
    assert answer.status_code == 201, answer.text
    return answer.json()


def step(client: TestClient, path: str, headers: Headers, version: int, **body: Any) -> Any:
    return client.post(path, json=body, headers={**headers, "If-Match": f'"v{version}"'})


def test_a_light_referral_goes_from_the_nurse_to_attended_twice_and_back(
    client: TestClient, goal: Goal, nurse: Headers, member: Headers
):
    made = refer(client, nurse, referral_to(goal, agreed=WITH_FEEDBACK))
    assert made["next_action_by"] == "organisation"
    assert made["next_action_at"].endswith("Z")
    inbox = client.get("/api/v1/inbox", headers=member).json()
    assert [one["id"] for one in inbox["items"]] == [made["id"]]
    seen = client.get(f"/api/v1/inbox/{made['id']}", headers=member).json()
    assert seen["person"] is None
    path = f"/api/v1/inbox/{made['id']}"
    accepted = step(client, f"{path}/status", member, 1, status="accepted").json()
    assert accepted["person"]["contact"]["value"] == E164
    for version in (2, 3):
        assert step(client, f"{path}/events", member, version, kind="attended").status_code == 200
    done = step(
        client,
        f"{path}/status",
        member,
        4,
        status="completed",
        outcome={"result": "connected", "measures": {"loneliness_after": "light"}},
    )
    assert done.status_code == 200, done.text
    told = client.get(f"/api/v1/referrals/{made['id']}", headers=nurse).json()
    assert (told["status"], told["closed"], told["outcome"]["attendance_count"]) == ("completed", True, 2)
    assert told["outcome"]["measures"]["loneliness_after"] == "light"
    events = client.get(f"/api/v1/referrals/{made['id']}/events", headers=nurse).json()["items"]
    assert [one["number"] for one in events] == [1, 2, 3, 4, 5]
    assert [one["to_status"] for one in events] == ["requested", "accepted", None, None, "completed"]


def test_the_person_follows_with_her_code_and_takes_it_back(
    client: TestClient, goal: Goal, nurse: Headers, member: Headers
):
    made = refer(client, nurse, referral_to(goal))
    step(client, f"/api/v1/inbox/{made['id']}/status", member, 1, status="accepted")
    mine = client.post("/api/v1/my-referral", json={"code": made["code"].lower().replace("-", " ")})
    assert mine.status_code == 200, mine.text
    assert mine.json()["contact"]["value"] == E164
    begun = client.post("/api/v1/my-referral-sessions", json={"code": made["code"]}).json()
    token = {"Authorization": f"Bearer {begun['token']}"}
    assert client.get("/api/v1/my-referral", headers=token).json()["version"] == mine.json()["version"]
    assert client.get(f"/api/v1/inbox/{made['id']}", headers=token).status_code == 401
    gone = step(
        client,
        "/api/v1/my-referral/status",
        {},
        mine.json()["version"],
        code=made["code"],
        status="cancelled",
    )
    assert gone.json()["headline"].startswith("Du har tagit tillbaka")
    for path, headers in (
        (f"/api/v1/inbox/{made['id']}", member),
        (f"/api/v1/referrals/{made['id']}", nurse),
    ):
        seen = client.get(path, headers=headers)
        assert seen.json()["person"] is None
        assert E164 not in seen.text


def test_a_code_referral_stores_nothing_about_the_person_and_is_redeemed_once(
    client: TestClient, goal: Goal, nurse: Headers, member: Headers
):
    made = refer(client, nurse, code_referral_to(goal))
    redeemed = client.post("/api/v1/inbox/redeem", json={"code": made["code"]}, headers=member)
    assert redeemed.json()["status"] == "accepted"
    again = client.post("/api/v1/inbox/redeem", json={"code": made["code"]}, headers=member)
    assert again.status_code == 409
    with db.engine().connect() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM referral_secret").scalar() == 0


def test_a_link_opens_one_referral_once(client: TestClient, goal: Goal, nurse: Headers):
    made = refer(client, nurse, referral_to(goal))
    other = refer(client, nurse, referral_to(goal), params={"allow_duplicate": True})
    with walled_scope(Wall(role="torg_worker")) as session:
        link = referral_links.make(session, session.get_one(Referral, made["id"]))
    token = link.rpartition("/")[2]
    opened = client.post("/api/v1/referral-sessions", json={"link": token})
    assert opened.status_code == 201, opened.text
    headers = {"Authorization": f"Bearer {opened.json()['token']}"}
    assert client.get(f"/api/v1/inbox/{made['id']}", headers=headers).json()["person"] is None
    assert client.get(f"/api/v1/inbox/{other['id']}", headers=headers).status_code == 404
    accepted = step(client, f"/api/v1/inbox/{made['id']}/status", headers, 1, status="accepted")
    assert accepted.json()["person"]["alias"] == "Kim"
    assert client.post("/api/v1/referral-sessions", json={"link": token}).status_code == 410
    assert client.post("/api/v1/referral-sessions", json={"link": token[:-2] + "AA"}).status_code == 404
    assert client.delete("/api/v1/referral-sessions/current", headers=headers).status_code == 204
    assert client.get(f"/api/v1/inbox/{made['id']}", headers=headers).status_code == 401


def test_a_person_asks_for_herself(client: TestClient, goal: Goal, member: Headers):
    body = {
        "listing_id": str(goal.listing),
        "person": {
            "alias": "Kim",
            "contact": {"channel": "sms", "value": PHONE},
            "safe_to_leave_message": True,
        },
        "text_version": "2026-1",
    }
    made = client.post("/api/v1/self-referrals", json=body)
    assert made.status_code == 201, made.text
    assert made.json()["status"] == "requested"
    assert client.get("/api/v1/inbox", headers=member).json()["total"] == 1
    again = client.post("/api/v1/self-referrals", json=body)
    assert again.status_code == 201, "whether somebody has asked before is nobody's business"


def test_a_draft_is_completed_and_sent(client: TestClient, goal: Goal, nurse: Headers, member: Headers):
    draft = refer(client, nurse, referral_to(goal, consent=None, legal_basis=None), params={"draft": True})
    path = f"/api/v1/referrals/{draft['id']}"
    assert client.get("/api/v1/inbox", headers=member).json()["total"] == 0
    early = step(client, f"{path}/status", nurse, 1, status="requested")
    assert {one["pointer"] for one in early.json()["errors"]} == {"/consent", "/legal_basis"}
    whole = referral_to(goal)
    changed = client.patch(
        path,
        json={"consent": whole["consent"], "legal_basis": whole["legal_basis"], "urgency": "soon"},
        headers={**nurse, "If-Match": '"v1"'},
    )
    assert changed.json()["urgency"] == "soon"
    assert step(client, f"{path}/status", nurse, 2, status="requested").json()["status"] == "requested"
    assert client.get("/api/v1/inbox", headers=member).json()["total"] == 1


def test_a_question_goes_back_and_forth(client: TestClient, goal: Goal, nurse: Headers, member: Headers):
    made = refer(client, nurse, referral_to(goal))
    asked = step(
        client,
        f"/api/v1/inbox/{made['id']}/events",
        member,
        1,
        kind="info-requested",
        text="Behövs hiss?",
    )
    assert asked.json()["next_action_by"] == "requester"
    step(client, f"/api/v1/referrals/{made['id']}/info", nurse, 2, text="Ja, hiss behövs.")
    events = client.get(f"/api/v1/inbox/{made['id']}/events", headers=member).json()["items"]
    assert [one["text"] for one in events] == [None, "Behövs hiss?", "Ja, hiss behövs."]


def test_a_rerouted_case_keeps_its_correlation_id(
    client: TestClient, goal: Goal, other_goal: Goal, nurse: Headers, member: Headers
):
    made = refer(client, nurse, referral_to(goal))
    step(client, f"/api/v1/inbox/{made['id']}/status", member, 1, status="rejected", reason="no_capacity")
    moved = step(
        client,
        f"/api/v1/referrals/{made['id']}/reroute",
        nurse,
        2,
        listing_id=str(other_goal.listing),
        consent=referral_to(other_goal)["consent"],
        legal_basis=referral_to(other_goal)["legal_basis"],
    )
    assert moved.status_code == 201, moved.text
    assert moved.json()["correlation_id"] == made["correlation_id"]
    assert moved.json()["person"]["alias"] == "Kim"
    stale = step(
        client,
        f"/api/v1/referrals/{made['id']}/reroute",
        nurse,
        3,
        listing_id=str(other_goal.listing),
        consent=referral_to(goal)["consent"],
        legal_basis=referral_to(goal)["legal_basis"],
    )
    assert [one["pointer"] for one in stale.json()["errors"]] == ["/consent/recipient"]


def test_full_stops_new_referrals_at_once_and_offers_others(
    client: TestClient, goal: Goal, nurse: Headers, member: Headers
):
    like = make_goal("syjuntan", "Föreningen Syjuntan")
    made = refer(client, nurse, referral_to(goal))
    said = client.put(
        f"/api/v1/inbox/{made['id']}/capacity",
        json={"status": "full", "until": "2030-01-01"},
        headers={**member, "If-Match": '"v1"'},
    )
    assert said.status_code == 200, said.text
    refused = client.post("/api/v1/referrals", json=code_referral_to(goal), headers=nurse)
    assert refused.status_code == 409
    assert [one["id"] for one in refused.json()["alternatives"]] == [str(like.listing)]


def test_the_same_request_sent_again_is_the_same_referral(client: TestClient, goal: Goal, nurse: Headers):
    once = {**nurse, "Idempotency-Key": "kim-1"}
    first = client.post("/api/v1/referrals", json=referral_to(goal), headers=once)
    again = client.post("/api/v1/referrals", json=referral_to(goal), headers=once)
    assert again.status_code == 201
    assert (again.json()["id"], again.json()["code"]) == (first.json()["id"], first.json()["code"])
    assert again.headers["Idempotency-Replayed"] == "true"
    other = client.post("/api/v1/referrals", json=referral_to(goal, urgency="soon"), headers=once)
    assert other.status_code == 422


@pytest.mark.parametrize("mode", ["light", "code"])
def test_five_wrong_codes_and_then_none(
    client: TestClient, goal: Goal, nurse: Headers, member: Headers, mode: str
):
    made = refer(client, nurse, referral_to(goal) if mode == "light" else code_referral_to(goal))

    path, headers = ("/api/v1/my-referral", {}) if mode == "light" else ("/api/v1/inbox/redeem", member)
    wrong = [codes.code_of(vault(), uuid4()) for _ in range(6)]
    answers = [client.post(path, json={"code": one}, headers=headers).status_code for one in wrong]
    assert answers == [404, 404, 404, 404, 404, 429]
    assert client.post(path, json={"code": made["code"]}, headers=headers).status_code == 429


def notified(event: str) -> int:
    with db.engine().connect() as connection:
        query = "SELECT count(*) FROM notification WHERE event = %(event)s"
        return connection.exec_driver_sql(query, {"event": event}).scalar_one()


def test_the_organisation_is_told_when_she_wants_to_be_reached_another_way(
    client: TestClient, goal: Goal, nurse: Headers, member: Headers
):
    made = refer(client, nurse, referral_to(goal))
    step(client, f"/api/v1/inbox/{made['id']}/status", member, 1, status="accepted")
    contact = {"channel": "phone", "value": "070-174 06 10"}
    path = "/api/v1/my-referral/contact"
    changed = step(client, path, {}, 2, code=made["code"], contact=contact, safe_to_leave_message=False)
    assert changed.json()["contact"]["value"] == "+46701740610"
    assert notified("referral.contact-changed") == 1
    assert client.get(f"/api/v1/inbox/{made['id']}", headers=member).json()["person"]["contact"]["value"] == (
        "+46701740610"
    )


@pytest.mark.parametrize("ending", ["rejected", "completed"])
def test_she_has_her_data_deleted_also_when_the_case_is_closed(
    client: TestClient, goal: Goal, nurse: Headers, member: Headers, ending: str
):
    made = refer(client, nurse, referral_to(goal))
    path, version = f"/api/v1/inbox/{made['id']}/status", 1
    if ending == "rejected":
        step(client, path, member, 1, status="rejected", reason="no_capacity")
        version = 2
    else:
        step(client, path, member, 1, status="accepted")
        step(client, path, member, 2, status="completed", outcome={"result": "connected"})
        version = 3
    gone = step(client, "/api/v1/my-referral/erasure", {}, version, code=made["code"])
    assert (gone.json()["status"], gone.json()["may_erase"]) == (ending, False)
    seen = client.get(f"/api/v1/referrals/{made['id']}", headers=nurse).json()
    assert (seen["person"], seen["language"], seen["access_needs"]) == (None, None, [])
    assert seen["consent"]["withdrawn_at"] is not None
    assert step(client, "/api/v1/my-referral/erasure", {}, version + 1, code=made["code"]).status_code == 200


def test_an_ended_waiver_shows_nobody(client: TestClient, goal: Goal, nurse: Headers, member: Headers):
    first, second = (
        refer(client, nurse, referral_to(goal), params={"allow_duplicate": True}) for _ in range(2)
    )
    step(client, f"/api/v1/inbox/{first['id']}/status", member, 1, status="accepted")
    with db.engine().begin() as connection:
        connection.exec_driver_sql(
            "UPDATE referral_consent SET given_on = '2020-01-01', expires_on = '2020-02-01'"
        )
    assert client.get(f"/api/v1/inbox/{first['id']}", headers=member).json()["person"] is None
    refused = step(client, f"/api/v1/inbox/{second['id']}/status", member, 1, status="accepted")
    assert [one["pointer"] for one in refused.json()["errors"]] == ["/consent/expires_on"]
    retention.run(datetime.now(UTC))
    kept = client.get(f"/api/v1/referrals/{first['id']}", headers=nurse).json()
    assert (kept["status"], kept["person"]) == ("accepted", None)
    assert kept["shredded_at"] is not None


@pytest.mark.parametrize(
    "told",
    [
        {"municipality_code": "0180"},
        {"language": "ar"},
        {"access_needs": ["wheelchair"]},
        {"age_band": "65-79"},
    ],
)
def test_of_protected_identity_nothing_is_written_down(
    client: TestClient, goal: Goal, nurse: Headers, told: dict[str, Any]
):
    bare = {
        "listing_id": str(goal.listing),
        "mode": "code",
        "protected_identity": True,
        "age_band": "18-plus",
    }
    refer(client, nurse, bare)
    refused = client.post("/api/v1/referrals", json={**bare, **told}, headers=nurse)
    assert [one["pointer"] for one in refused.json()["errors"]] == [f"/{name}" for name in told]


def test_a_rerouted_case_cannot_be_rerouted_twice_nor_after_she_took_it_back(
    client: TestClient, goal: Goal, other_goal: Goal, nurse: Headers, member: Headers
):
    path = "/api/v1/referrals/{}/reroute"
    closed = refer(client, nurse, code_referral_to(goal))
    step(client, f"/api/v1/inbox/{closed['id']}/status", member, 1, status="rejected", reason="no_capacity")
    where = {"listing_id": str(other_goal.listing)}
    assert step(client, path.format(closed["id"]), nurse, 2, **where).status_code == 201
    assert step(client, path.format(closed["id"]), nurse, 2, **where).status_code == 412
    hers = refer(client, nurse, code_referral_to(goal))
    step(client, "/api/v1/my-referral/status", {}, 1, code=hers["code"], status="cancelled")
    assert step(client, path.format(hers["id"]), nurse, 2, **where).status_code == 409
    erased = refer(client, nurse, code_referral_to(goal))
    step(client, f"/api/v1/inbox/{erased['id']}/status", member, 1, status="rejected", reason="no_capacity")
    step(client, "/api/v1/my-referral/erasure", {}, 2, code=erased["code"])
    assert step(client, path.format(erased["id"]), nurse, 3, **where).status_code == 409


def test_another_units_case_is_not_told_of_by_a_refusal(
    client: TestClient, goal: Goal, nurse: Headers, staff_headers: HeadersOf
):
    refer(client, nurse, referral_to(goal))
    elsewhere = staff_headers(unit="SE2321000016-A0E9", subject="curious")
    assert client.post("/api/v1/referrals", json=referral_to(goal), headers=nurse).status_code == 409
    assert client.post("/api/v1/referrals", json=referral_to(goal), headers=elsewhere).status_code == 201
    with db.engine().connect() as connection:
        query = "SELECT count(*) FROM access_log WHERE action = 'duplicate'"
        assert connection.exec_driver_sql(query).scalar() == 1


def test_an_unknown_age_goes_nowhere_without_a_safeguarding_routine(
    client: TestClient, nurse: Headers, clean, referral_keys
):
    careless = make_goal("slarvern", "Slarvern", safeguarding=None)
    sent = code_referral_to(careless)
    del sent["age_band"]
    refused = client.post("/api/v1/referrals", json=sent, headers=nurse)
    assert [one["pointer"] for one in refused.json()["errors"]] == ["/age_band"]
    refer(client, nurse, {**sent, "age_band": "18-plus"})


@pytest.mark.parametrize(
    ("outcome", "pointer"),
    [
        ({"result": "connected", "first_attended_on": "2099-01-01"}, "/outcome/first_attended_on"),
        ({"result": "connected", "attendance_count": 0}, "/outcome/attendance_count"),
        ({"result": "not_connected", "reason": "expired"}, "/outcome/reason"),
    ],
)
def test_an_outcome_is_plausible(
    client: TestClient, goal: Goal, nurse: Headers, member: Headers, outcome: dict[str, Any], pointer: str
):
    made = refer(client, nurse, referral_to(goal))
    path = f"/api/v1/inbox/{made['id']}"
    step(client, f"{path}/status", member, 1, status="accepted")
    step(client, f"{path}/events", member, 2, kind="attended")
    refused = step(client, f"{path}/status", member, 3, status="completed", outcome=outcome)
    assert [one["pointer"] for one in refused.json()["errors"]] == [pointer]


def test_nobody_decides_unread(client: TestClient, goal: Goal, nurse: Headers, member: Headers):
    made = refer(client, nurse, referral_to(goal))
    blind = client.post(
        f"/api/v1/inbox/{made['id']}/status",
        json={"status": "rejected", "reason": "other"},
        headers={**member, "If-Match": "*"},
    )
    assert blind.status_code == 428


@pytest.mark.parametrize(
    ("kind", "told", "mode"),
    [
        ("activity", {}, "light"),
        ("activity", {"age_band": "16-17", "decided_by": "guardian"}, "light"),
        ("activity", {"age_band": "16-17", "decided_by": "self", "maturity_assessed": True}, "code"),
        ("support_line", {}, "code"),
    ],
)
def test_without_a_word_the_mode_is_the_one_that_tells_least_where_it_matters(
    client: TestClient, nurse: Headers, clean, referral_keys, kind: str, told: dict[str, Any], mode: str
):
    goal = make_goal("kaffekvarnen", "Föreningen Kaffekvarnen", kind=kind)
    draft = client.post(
        "/api/v1/referrals",
        json={"listing_id": str(goal.listing), **told},
        headers=nurse,
        params={"draft": True},
    )
    assert draft.json()["mode"] == mode, draft.text
