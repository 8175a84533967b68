"""A referral by FHIR alone: staff ask, the organisation answers, all of it seen the same elsewhere."""

from typing import Any

from fastapi.testclient import TestClient
from fhir_cases import (
    BASE,
    bundle_of,
    coded,
    consent_for,
    get,
    light_bundle,
    post,
    put,
    refer,
    request_for,
    structure,
    task_for,
)
from people import Headers
from referral_world import TODAY, WITH_FEEDBACK, Goal
from sqlalchemy import select

from app import db
from app.db import Wall, walled_scope
from app.models import AccessRow

E164 = "+46701740605"


def visit(on: str) -> dict[str, Any]:
    return coded("referral-event", "attended", extension=[{"url": structure("event-date"), "valueDate": on}])


def output(name: str, **value: Any) -> dict[str, Any]:
    return {"type": coded("referral-outcome", name), **value}


def test_a_light_referral_goes_all_the_way_through_fhir_alone(
    client: TestClient, goal: Goal, nurse: Headers, member: Headers
):
    request = post(client, "ServiceRequest", request_for(goal), nurse)
    of = f"ServiceRequest/{request['id']}"
    assert request["status"] == "draft"
    assert request["identifier"][0]["system"].endswith("/sid/person-code")
    assert get(client, "Task", member)["total"] == 0
    post(client, "Consent", consent_for(goal, of, agreed=WITH_FEEDBACK), nurse)
    task = post(client, "Task", task_for(of, owner={"reference": f"Organization/{goal.organisation}"}), nurse)
    assert task["status"] == "requested"
    assert get(client, of, nurse)["status"] == "active"
    assert "identifier" not in get(client, of, nurse)

    (found,) = get(client, "Task", member, status="requested")["entry"]
    assert found["fullUrl"].endswith(f"{BASE}/Task/{task['id']}")
    before = client.get(f"{BASE}/{of}", headers=member)
    assert "contained" not in before.json()
    assert "Kim" not in before.text
    assert E164 not in before.text

    seen = get(client, f"Task/{task['id']}", member)
    accepted = put(client, seen, member, status="accepted")
    person = get(client, of, member)["contained"][0]
    assert person["telecom"][0]["value"] == E164
    once = put(client, accepted, member, businessStatus=visit(TODAY.isoformat()))
    twice = put(client, once, member, businessStatus=visit(TODAY.isoformat()))
    counted = [one for one in twice["output"] if one["type"]["coding"][0]["code"] == "attendance-count"]
    assert counted[0]["valueInteger"] == 2
    done = put(
        client,
        twice,
        member,
        status="completed",
        output=[
            *twice["output"],
            output("result", valueCode="connected"),
            output("loneliness-after", valueCode="light"),
        ],
    )
    assert done["executionPeriod"]["end"]
    told = get(client, f"Task/{task['id']}", nurse)
    assert told["status"] == "completed"
    assert {one["type"]["coding"][0]["code"] for one in told["output"]} >= {"result", "loneliness-after"}
    assert get(client, of, nurse)["status"] == "completed"

    elsewhere = client.get(f"/api/v1/referrals/{request['id']}", headers=nurse).json()
    assert (elsewhere["status"], elsewhere["outcome"]["attendance_count"]) == ("completed", 2)
    assert elsewhere["outcome"]["measures"]["loneliness_after"] == "light"
    assert elsewhere["person"]["contact"]["value"] == E164
    assert elsewhere["person"]["note"] == "Vill gärna bli mött vid dörren."
    assert elsewhere["municipality_code"] == "0180"
    assert elsewhere["access_needs"] == ["step-free"]
    assert elsewhere["consent"]["categories"] == list(WITH_FEEDBACK)
    events = client.get(f"/api/v1/referrals/{request['id']}/events", headers=nurse).json()["items"]
    assert [one["number"] for one in events] == [1, 2, 3, 4, 5, 6, 7]


def test_a_transaction_refers_at_once_with_one_event(
    client: TestClient, goal: Goal, nurse: Headers, member: Headers
):
    made = post(client, "", light_bundle(goal), nurse, 200)
    assert [one["response"]["status"] for one in made["entry"]] == ["201 Created"] * 3
    assert [one["resource"]["resourceType"] for one in made["entry"]] == ["ServiceRequest", "Consent", "Task"]
    (of,) = {one["resource"]["id"] for one in made["entry"]}
    events = client.get(f"/api/v1/referrals/{of}/events", headers=nurse).json()["items"]
    assert [one["to_status"] for one in events] == ["requested"]
    assert client.get(f"/api/v1/inbox/{of}", headers=member).json()["status"] == "requested"


def test_a_transaction_that_fails_leaves_nothing(client: TestClient, goal: Goal, nurse: Headers):
    urn = "urn:uuid:00000000-0000-4000-8000-000000000000"
    for bad in (
        bundle_of(request_for(goal), task_for(urn)),
        bundle_of(request_for(goal), consent_for(goal, urn), task_for("urn:uuid:other")),
        bundle_of(request_for(goal), consent_for(goal, urn), task_for(urn, "accepted")),
        bundle_of(
            request_for(goal),
            consent_for(goal, urn),
            task_for(urn, owner={"reference": "Organization/00000000-0000-4000-8000-000000000000"}),
        ),
        bundle_of(request_for(goal), request_for(goal)),
        bundle_of(task_for(urn)),
    ):
        assert post(client, "", bad, nurse, 422)["resourceType"] == "OperationOutcome"
    assert get(client, "ServiceRequest", nurse)["total"] == 0


def test_a_code_referral_by_fhir_tells_of_nobody(
    client: TestClient, goal: Goal, nurse: Headers, member: Headers
):
    urn = "urn:uuid:00000000-0000-4000-8000-000000000000"
    made = post(client, "", bundle_of(request_for(goal, mode="code"), task_for(urn)), nurse, 200)
    request = made["entry"][0]["resource"]
    assert request["subject"]["extension"][0]["valueCode"] == "not-asked"
    code = request["identifier"][0]["value"]
    redeemed = client.post("/api/v1/inbox/redeem", json={"code": code}, headers=member)
    assert redeemed.json()["status"] == "accepted"
    for headers in (nurse, member):
        seen = get(client, f"ServiceRequest/{request['id']}", headers)
        assert "contained" not in seen
        assert "note" not in seen
    with db.engine().connect() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM referral_secret").scalar() == 0


def test_what_is_read_and_sent_back_changes_nothing(
    client: TestClient, goal: Goal, nurse: Headers, member: Headers
):
    of = refer(client, goal, nurse)
    task = put(client, get(client, f"Task/{of}", member), member, status="accepted")
    task = put(client, task, member, businessStatus=visit(TODAY.isoformat()))
    again = put(client, get(client, f"Task/{of}", member), member)
    assert again["meta"]["versionId"] == task["meta"]["versionId"] == "3"
    assert put(client, get(client, f"Task/{of}", nurse), nurse)["meta"]["versionId"] == "3"


def test_the_requester_changes_what_was_written_until_it_is_answered(
    client: TestClient, goal: Goal, nurse: Headers, member: Headers
):
    of = refer(client, goal, nurse)
    request = get(client, f"ServiceRequest/{of}", nurse)
    changed = put(client, request, nurse, priority="urgent", contained=None, note=None)
    assert changed["priority"] == "urgent"
    assert changed["contained"] == request["contained"]
    consent = get(client, f"Consent/{of}", nurse)
    wider = [*consent["provision"]["code"], coded("consent-category", "feedback")]
    given = put(client, consent, nurse, provision={**consent["provision"], "code": wider})
    assert len(given["provision"]["code"]) == 4
    told = get(client, f"Consent/{of}", member)
    assert len(told["provision"]["code"]) == 4
    assert "period" not in told["provision"]
    put(client, get(client, f"Task/{of}", member), member, status="accepted")
    refused = put(client, get(client, f"ServiceRequest/{of}", nurse), nurse, 409, priority="routine")
    assert refused["issue"][0]["code"] == "conflict"


def test_a_question_and_its_answer_go_by_the_task(
    client: TestClient, goal: Goal, nurse: Headers, member: Headers
):
    of = refer(client, goal, nurse)
    asked = coded("referral-event", "info-requested", text="Behövs tolk?")
    put(client, get(client, f"Task/{of}", member), member, businessStatus=asked)
    task = get(client, f"Task/{of}", nurse)
    assert [one["text"] for one in task["note"]] == ["Behövs tolk?"]
    answer = coded("referral-event", "info-supplied", text="Nej.")
    put(client, task, nurse, businessStatus=answer)
    assert [one["text"] for one in get(client, f"Task/{of}", member)["note"]] == ["Behövs tolk?", "Nej."]


def test_every_reading_of_the_person_is_written_down(
    client: TestClient, goal: Goal, nurse: Headers, member: Headers
):
    of = refer(client, goal, nurse)
    put(client, get(client, f"Task/{of}", member), member, status="accepted")
    before = _readings(of)
    get(client, f"ServiceRequest/{of}", member)
    get(client, f"ServiceRequest/{of}", nurse)
    assert _readings(of)[len(before) :] == [("organisation", ["person"]), ("requester", ["person"])]
    get(client, f"Task/{of}", member)
    get(client, f"Consent/{of}", nurse)
    bundle = client.get(f"{BASE}/ServiceRequest", headers=member)
    assert len(_readings(of)) == len(before) + 2
    assert bundle.json()["total"] == 1
    assert "Kim" not in bundle.text
    assert bundle.json()["entry"][0]["resource"]["meta"]["tag"][0]["code"] == "SUBSETTED"


def _readings(of: str) -> list[tuple[str, list[str]]]:
    with walled_scope(Wall(role="torg_worker")) as session:
        rows = session.scalars(
            select(AccessRow)
            .where(AccessRow.referral_id == of, AccessRow.action == "read")
            .order_by(AccessRow.number)
        )
        return [(row.actor, list(row.fields)) for row in rows]


def test_the_same_request_sent_again_makes_one_referral(client: TestClient, goal: Goal, nurse: Headers):
    key = {"Idempotency-Key": "one"}
    first = post(client, "ServiceRequest", request_for(goal), nurse, **key)
    again = post(client, "ServiceRequest", request_for(goal), nurse, **key)
    assert first["id"] == again["id"]
    assert first["identifier"] == again["identifier"]
    other = post(client, "ServiceRequest", request_for(goal, priority="urgent"), nurse, 422, **key)
    assert other["resourceType"] == "OperationOutcome"
    assert get(client, "ServiceRequest", nurse)["total"] == 1


def test_a_caller_who_wants_little_is_told_only_where_it_is(client: TestClient, goal: Goal, nurse: Headers):
    answer = client.post(
        f"{BASE}/ServiceRequest", json=request_for(goal), headers={**nurse, "Prefer": "return=minimal"}
    )
    assert (answer.status_code, answer.content) == (201, b"")
    assert answer.headers["etag"] == 'W/"1"'
    assert get(client, answer.headers["location"].partition(f"{BASE}/")[2], nurse)["status"] == "draft"
