"""Who may do what with referrals by FHIR, what is refused and how, and how they are searched."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from fastapi.testclient import TestClient
from fhir_cases import (
    BASE,
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
from people import LOA2, Headers, HeadersOf
from referral_world import TODAY, Goal
from sqlalchemy import select

from app.db import Wall, walled_scope
from app.models import AccessRow
from app.services import referral_due

KINDS = ("ServiceRequest", "Task", "Consent")


def codes_of(outcome: dict[str, Any]) -> set[str]:
    assert outcome["resourceType"] == "OperationOutcome"
    return {one["details"]["coding"][0]["code"] for one in outcome["issue"] if "details" in one}


def ids(bundle: dict[str, Any]) -> set[str]:
    return {one["resource"]["id"] for one in bundle.get("entry", [])}


def test_another_tenants_and_another_organisations_people_find_nothing(
    client: TestClient,
    goal: Goal,
    other_goal: Goal,
    nurse: Headers,
    member: Headers,
    staff_headers: HeadersOf,
    member_headers: HeadersOf,
):
    of = refer(client, goal, nurse)
    task = get(client, f"Task/{of}", member)
    for stranger in (
        staff_headers(tenant="SE2321000016-B001", subject="stranger"),
        staff_headers(unit="SE2321000016-B0E1", subject="stranger"),
        member_headers(other_goal.organisation, subject="stranger"),
    ):
        for kind in KINDS:
            outcome = get(client, f"{kind}/{of}", stranger, 404)
            assert outcome["issue"][0]["code"] == "not-found"
            assert get(client, kind, stranger)["total"] == 0
        put(client, task, stranger, 404, status="accepted")
    with walled_scope(Wall(role="torg_worker")) as session:
        refused = session.scalars(select(AccessRow).where(AccessRow.action == "refused")).all()
    assert len(refused) == 12


def test_referrals_take_a_person_and_no_key(
    client: TestClient,
    goal: Goal,
    operator: Headers,
    operator_headers: HeadersOf,
    staff_headers: HeadersOf,
):
    for path in (*KINDS, f"Task/{uuid4()}"):
        assert get(client, path, {}, 401)["issue"][0]["code"] == "login"
        assert get(client, path, operator, 403)["issue"][0]["code"] == "forbidden"
        assert get(client, path, operator_headers(), 403)["issue"][0]["code"] == "forbidden"
    weak = client.get(f"{BASE}/Task", headers=staff_headers(acr=LOA2))
    assert weak.status_code == 401
    assert "insufficient_user_authentication" in weak.headers["www-authenticate"]
    answer = client.get(f"{BASE}/Task")
    assert answer.headers["www-authenticate"].startswith("Bearer")


def test_staff_refer_and_members_do_not(client: TestClient, goal: Goal, nurse: Headers, member: Headers):
    post(client, "ServiceRequest", request_for(goal), member, 403)
    post(client, "", light_bundle(goal), member, 403)
    of = refer(client, goal, nurse)
    put(client, get(client, f"ServiceRequest/{of}", member), member, 403, priority="urgent")
    accepted = put(client, get(client, f"Task/{of}", nurse), nurse, 403, status="accepted")
    assert accepted["issue"][0]["code"] == "forbidden"


def test_an_update_names_the_version_it_saw(client: TestClient, goal: Goal, nurse: Headers, member: Headers):
    of = refer(client, goal, nurse)
    task = get(client, f"Task/{of}", member)
    body = {**task, "status": "accepted"}
    bare = client.put(f"{BASE}/Task/{of}", json=body, headers=member)
    assert (bare.status_code, bare.json()["issue"][0]["code"]) == (428, "required")
    put(client, task, member, status="accepted")
    late = put(client, task, member, 412, status="rejected", statusReason=coded("referral-reason", "cost"))
    assert late["issue"][0]["code"] == "conflict"
    again = client.get(f"{BASE}/Task/{of}", headers={**member, "If-None-Match": 'W/"2"'})
    assert again.status_code == 304


def test_an_illegal_change_is_refused_with_the_allowed_ones(
    client: TestClient, goal: Goal, nurse: Headers, member: Headers
):
    of = refer(client, goal, nurse)
    task = get(client, f"Task/{of}", member)
    refused = put(client, task, member, 409, status="completed")
    assert refused["issue"][0]["code"] == "conflict"
    assert refused["issue"][1]["diagnostics"] == "allowed: accepted, rejected, cancelled"
    assert get(client, f"Task/{of}", member) == task


@pytest.mark.parametrize(
    ("changed", "code", "expression"),
    [
        ({"status": "rejected"}, "missing", "Task.statusReason"),
        (
            {"status": "rejected", "statusReason": coded("referral-reason", "secret-value")},
            "literal_error",
            None,
        ),
        (
            {"status": "rejected", "statusReason": coded("referral-reason", "expired")},
            "literal_error",
            "Task.statusReason",
        ),
        (
            {"status": "cancelled", "statusReason": coded("referral-reason", "rerouted")},
            "literal_error",
            "Task.statusReason",
        ),
        ({"status": "secret-value"}, "literal_error", "status"),
        ({"status": "accepted", "owner": {"reference": f"Organization/{uuid4()}"}}, "fixed", "owner"),
        ({"status": "accepted", "focus": {"reference": f"ServiceRequest/{uuid4()}"}}, "fixed", "focus"),
        ({"status": "accepted", "focus": {"reference": "Patient/secret-value"}}, "reference", "focus"),
        ({"status": "accepted", "reasonCode": {"text": "secret-value"}}, "extra_forbidden", "reasonCode"),
        (
            {"output": [{"type": coded("referral-outcome", "result"), "valueCode": "partly"}]},
            "not_here",
            None,
        ),
        ({"output": [{"type": coded("referral-outcome", "secret-value")}]}, "unknown_term", None),
        (
            {"status": "accepted", "businessStatus": coded("referral-event", "attended")},
            "one_at_a_time",
            "businessStatus",
        ),
        ({"businessStatus": coded("referral-event", "secret-value")}, "literal_error", "Task.businessStatus"),
        ({"extension": [{"url": "https://secret-value.example"}]}, "extension", "extension"),
        (
            {
                "status": "rejected",
                "statusReason": coded("referral-reason", "other", text="Ring 070-174 06 05"),
            },
            "personal_data",
            "Task.statusReason.text",
        ),
    ],
)
def test_a_wrong_task_is_refused_with_its_place_and_without_its_value(
    client: TestClient,
    goal: Goal,
    nurse: Headers,
    member: Headers,
    changed: dict[str, Any],
    code: str,
    expression: str | None,
):
    of = refer(client, goal, nurse)
    task = get(client, f"Task/{of}", member)
    outcome = put(client, task, member, 422, **changed)
    assert code in codes_of(outcome)
    assert expression in (None, outcome["issue"][0]["expression"][0])
    assert "secret-value" not in str(outcome)
    assert "070-174" not in str(outcome)
    assert get(client, f"Task/{of}", member) == task


def _telecom(**fields: Any) -> list[dict[str, Any]]:
    usual = {
        "system": "phone",
        "value": "070-174 06 05",
        "extension": [{"url": structure("safe-to-leave-message"), "valueBoolean": True}],
    }
    person = {"resourceType": "Patient", "id": "person", "name": [{"text": "Kim"}]}
    return [{**person, "telecom": [{**usual, **fields.pop("telecom", {})}], **fields}]


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"reasonCode": [{"text": "secret-value"}]}, "extra_forbidden"),
        ({"contained": _telecom(identifier=[{"value": "secret-value"}])}, "extra_forbidden"),
        ({"contained": _telecom(birthDate="1950-01-01")}, "extra_forbidden"),
        ({"contained": _telecom(address=[{"line": ["secret-value"]}])}, "extra_forbidden"),
        ({"contained": _telecom(telecom={"system": "fax"})}, "literal_error"),
        ({"contained": _telecom(telecom={"value": "secret-value"})}, "value_error"),
        ({"contained": _telecom(telecom={"extension": []})}, "missing"),
        ({"note": [{"text": "Personnummer 19500101-0003"}]}, "personal_data"),
        ({"contained": None}, "not_here"),
        ({"status": "completed"}, "derived"),
        ({"intent": "plan"}, "literal_error"),
        ({"performer": [{"reference": f"HealthcareService/{uuid4()}"}]}, "unknown"),
        ({"performer": [{"reference": "Organization/secret-value"}]}, "reference"),
        ({"replaces": [{"reference": f"ServiceRequest/{uuid4()}"}]}, "not_here"),
        ({"extension": [{"url": "https://secret-value.example"}]}, "extension"),
        ({"extension": [{"url": structure("referral-mode"), "valueCode": "code"}]}, "not_here"),
        ({"resourceType": "Patient"}, "literal_error"),
    ],
)
def test_a_wrong_request_is_refused_and_makes_nothing(
    client: TestClient, goal: Goal, nurse: Headers, changed: dict[str, Any], code: str
):
    outcome = post(client, "ServiceRequest", request_for(goal, **changed), nurse, 422)
    assert code in codes_of(outcome)
    assert "secret-value" not in str(outcome)
    assert "1950" not in str(outcome)
    assert get(client, "ServiceRequest", nurse)["total"] == 0


def test_measures_take_the_persons_agreement(client: TestClient, goal: Goal, nurse: Headers, member: Headers):
    of = refer(client, goal, nurse)
    put(client, get(client, f"Task/{of}", member), member, status="accepted")
    task = get(client, f"Task/{of}", member)
    output = [
        {"type": coded("referral-outcome", "result"), "valueCode": "connected"},
        {"type": coded("referral-outcome", "ucla-3"), "valueInteger": 7},
    ]
    outcome = put(client, task, member, 422, status="completed", output=output)
    assert codes_of(outcome) == {"not_agreed"}
    assert outcome["issue"][0]["expression"] == ["Task.output"]
    assert get(client, f"Task/{of}", member) == task


def test_a_task_is_not_sent_before_all_is_there(client: TestClient, goal: Goal, nurse: Headers):
    request = post(client, "ServiceRequest", request_for(goal), nurse)
    of = f"ServiceRequest/{request['id']}"
    outcome = post(client, "Task", task_for(of), nurse, 422)
    assert [one["expression"] for one in outcome["issue"]] == [
        ["Consent"],
        ["Consent.extension.where(url.endsWith('/legal-basis'))"],
    ]
    get(client, f"Consent/{request['id']}", nurse, 404)
    old = consent_for(goal, of)
    old["provision"]["period"] = {"start": "2020-01-01", "end": "2020-02-01"}
    post(client, "Consent", old, nurse)
    expired = post(client, "Task", task_for(of), nurse, 422)
    assert codes_of(expired) == {"expired"}
    post(client, "Consent", consent_for(goal, of), nurse, 409)
    put(
        client,
        get(client, f"Consent/{request['id']}", nurse),
        nurse,
        provision=consent_for(goal, of)["provision"],
    )
    post(client, "Task", task_for(of), nurse)
    post(client, "Task", task_for(of), nurse, 409)


def test_a_full_listing_offers_others(client: TestClient, goal: Goal, nurse: Headers, member: Headers):
    of = refer(client, goal, nurse)
    seen = {**member, "If-Match": '"v1"'}
    assert (
        client.put(f"/api/v1/inbox/{of}/capacity", json={"status": "full"}, headers=seen).status_code == 200
    )
    outcome = post(client, "", light_bundle(goal, note=None), nurse, 409)
    assert outcome["issue"][0]["diagnostics"] == "Det är fullt just nu."


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"[]",
        b"null",
        b'"\\ud800"',
        b"[" * 100_000,
        b'{"resourceType": "ServiceRequest", "status": "\\u0000"}',
        b'{"resourceType": "ServiceRequest", "id": "\\ud800"}',
        b" " * 1_100_000,
    ],
)
def test_an_odd_body_is_refused_and_never_an_error_of_ours(
    client: TestClient, goal: Goal, nurse: Headers, body: bytes
):
    headers = {**nurse, "Content-Type": "application/fhir+json"}
    for path in ("ServiceRequest", "Consent", "Task", ""):
        answer = client.post(f"{BASE}/{path}".rstrip("/"), content=body, headers=headers)
        assert answer.status_code in (400, 413, 422), answer.text
        assert answer.json()["resourceType"] == "OperationOutcome"


@pytest.mark.parametrize("odd", ["Kim\r\nBcc: x", "K\x00im", "\ud800", " ", "x" * 81])
def test_an_odd_name_is_kept_as_it_is_or_refused(client: TestClient, goal: Goal, nurse: Headers, odd: str):
    content = json.dumps(request_for(goal, contained=_telecom(name=[{"text": odd}])))
    headers = {**nurse, "Content-Type": "application/fhir+json"}
    answer = client.post(f"{BASE}/ServiceRequest", content=content, headers=headers)
    assert answer.status_code in (201, 422), answer.text


def test_the_transaction_of_the_paper_is_answered_as_it_says(
    client: TestClient, goal: Goal, nurse: Headers, member: Headers
):
    paper = (Path(__file__).parents[2] / "docs" / "fhir.md").read_text(encoding="utf-8")
    body = paper.partition("```json\n")[2].partition("```")[0]
    for name, value in (
        ("LISTING", goal.listing),
        ("ORGANISATION", goal.organisation),
        ("TODAY", TODAY),
        ("LATER", TODAY + timedelta(days=90)),
    ):
        body = body.replace(name, str(value))
    made = post(client, "", json.loads(body), nurse, 200)
    assert get(client, "Task", member)["entry"][0]["resource"]["id"] == made["entry"][2]["resource"]["id"]


def test_the_id_in_the_body_is_that_of_the_address(
    client: TestClient, goal: Goal, nurse: Headers, member: Headers
):
    task = get(client, f"Task/{refer(client, goal, nurse)}", member)
    answer = client.put(
        f"{BASE}/Task/{task['id']}",
        json={**task, "id": str(uuid4()), "status": "accepted"},
        headers={**member, "If-Match": 'W/"1"'},
    )
    assert answer.status_code == 400


def test_referrals_are_searched_by_status_owner_requester_and_time(
    client: TestClient, goal: Goal, nurse: Headers, member: Headers
):
    first = refer(client, goal, nurse)
    between = datetime.now(UTC)
    second = post(client, "ServiceRequest", request_for(goal, mode="code"), nurse)["id"]
    requester = get(client, f"Task/{first}", nurse)["requester"]["identifier"]
    case = get(client, f"Task/{first}", nurse)["groupIdentifier"]
    both = {first, second}
    for kind, params, found in (
        ("Task", {"status": "draft"}, {second}),
        ("Task", {"status": "draft,requested"}, both),
        ("Task", {"status": "accepted"}, set()),
        ("ServiceRequest", {"status": "active"}, {first}),
        ("ServiceRequest", {"status": "revoked"}, set()),
        ("Task", {"owner": f"Organization/{goal.organisation}"}, both),
        ("Task", {"owner": f"http://127.0.0.1:8000{BASE}/Organization/{goal.organisation}"}, both),
        ("Task", {"owner:Organization": str(goal.organisation)}, both),
        ("Task", {"owner:Practitioner": str(goal.organisation)}, set()),
        ("Task", {"owner": f"Organization/{uuid4()}"}, set()),
        ("Task", {"owner": f"Practitioner/{goal.organisation}"}, set()),
        ("Task", {"requester:identifier": f"{requester['system']}|{requester['value']}"}, both),
        ("Task", {"requester": requester["value"]}, both),
        ("ServiceRequest", {"requester": f"PractitionerRole/{uuid4()}"}, set()),
        ("ServiceRequest", {"performer": f"HealthcareService/{goal.listing}"}, both),
        ("ServiceRequest", {"requisition": f"{case['system']}|{case['value']}"}, {first}),
        ("Task", {"focus": f"ServiceRequest/{second}"}, {second}),
        ("Task", {"_lastUpdated": f"gt{between.isoformat()}"}, {second}),
        ("Task", {"_lastUpdated": f"lt{between.isoformat()}"}, {first}),
        ("Task", {"_lastUpdated": f"ge{(between + timedelta(days=2)).date()}"}, set()),
        ("Task", {"_id": f"{first},{second}", "status": "draft"}, {second}),
        ("Consent", {"status": "active"}, {first}),
        ("Consent", {"data": f"ServiceRequest/{first}"}, {first}),
    ):
        assert ids(get(client, kind, nurse, **params)) == found, (kind, params)
    assert ids(get(client, "Task", member)) == {first}
    assert ids(get(client, "Task", member, requester=requester["value"])) == set()
    assert get(client, "Task", nurse, _summary="count")["total"] == 2
    assert [one["resource"]["id"] for one in get(client, "Task", nurse, _sort="_lastUpdated")["entry"]] == [
        first,
        second,
    ]


def test_the_requester_withdraws_by_the_task(client: TestClient, goal: Goal, nurse: Headers, member: Headers):
    of = refer(client, goal, nurse)
    task = get(client, f"Task/{of}", nurse)
    put(client, task, nurse, status="cancelled", statusReason=coded("referral-reason", "person_declined"))
    assert get(client, f"Task/{of}", member)["statusReason"]["coding"][0]["code"] == "person_declined"
    assert get(client, f"ServiceRequest/{of}", member)["status"] == "revoked"


def test_the_services_own_reason_may_be_sent_back_as_it_was_read(
    client: TestClient, goal: Goal, nurse: Headers
):
    of = refer(client, goal, nurse)
    referral_due.run(datetime.now(UTC) + timedelta(days=20))
    task = get(client, f"Task/{of}", nurse)
    assert task["statusReason"]["coding"][0]["code"] == "expired"
    put(client, task, nurse, 409, businessStatus=coded("referral-event", "info-supplied"))
    put(client, task, nurse, status="entered-in-error")
    assert "statusReason" not in get(client, f"Task/{of}", nurse)


def test_a_closed_case_without_a_reason_is_told_nothing_more(
    client: TestClient, goal: Goal, nurse: Headers, member: Headers
):
    of = refer(client, goal, nurse)
    put(client, get(client, f"Task/{of}", member), member, status="accepted")
    connected = [{"type": coded("referral-outcome", "result"), "valueCode": "connected"}]
    done = put(client, get(client, f"Task/{of}", member), member, status="completed", output=connected)
    assert "statusReason" not in done
    put(client, done, member, 409, businessStatus=coded("referral-event", "contacted"))
    assert get(client, f"Task/{of}", member) == done
