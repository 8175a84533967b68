"""Referrals as FHIR's clients write them."""

from datetime import timedelta
from typing import Any

from fastapi.testclient import TestClient
from people import Headers
from referral_world import AGREED, PHONE, TODAY, Goal

BASE = "/fhir/R4"
OURS = "https://torg.example/fhir"
Json = dict[str, Any]


def structure(name: str) -> str:
    return f"{OURS}/StructureDefinition/{name}"


def coded(system: str, code: str, **more: Any) -> Json:
    return {"coding": [{"system": f"{OURS}/CodeSystem/{system}", "code": code}], **more}


def request_for(goal: Goal, *, mode: str = "light", **fields: Any) -> Json:
    """A ServiceRequest; in the mode `code` without a person."""
    needs = [
        {"url": "municipality", "valueCoding": {"system": f"{OURS}/CodeSystem/municipality", "code": "0180"}},
        {"url": "language", "valueCoding": {"system": "urn:ietf:bcp:47", "code": "sv"}},
        {"url": "ageBand", "valueCode": "65-79"},
        {"url": "accessNeed", "valueCode": "step-free"},
    ]
    window = [
        {"url": "day", "valueCode": "mo"},
        {"url": "from", "valueString": "09:00"},
        {"url": "to", "valueString": "12:00"},
    ]
    person = {
        "resourceType": "Patient",
        "id": "person",
        "name": [{"text": "Kim"}],
        "telecom": [
            {
                "system": "phone",
                "value": PHONE,
                "extension": [
                    {"url": structure("safe-to-leave-message"), "valueBoolean": False},
                    {"url": structure("contact-window"), "extension": window},
                ],
            }
        ],
    }
    body: Json = {
        "resourceType": "ServiceRequest",
        "status": "active",
        "intent": "order",
        "extension": [
            {"url": structure("referral-mode"), "valueCode": mode},
            {"url": structure("referral-needs"), "extension": needs},
        ],
        "subject": {"type": "Patient", "display": "—"},
        "performer": [{"reference": f"HealthcareService/{goal.listing}"}],
    }
    if mode != "code":
        body |= {
            "contained": [person],
            "subject": {"reference": "#person"},
            "note": [{"text": "Vill gärna bli mött vid dörren."}],
        }
    return {name: value for name, value in (body | fields).items() if value is not None}


def consent_for(goal: Goal, request: str, *, agreed: tuple[str, ...] = AGREED, **fields: Any) -> Json:
    basis = [
        {"url": "code", "valueCode": "consent"},
        {"url": "notedOn", "valueDate": TODAY.isoformat()},
    ]
    return {
        "resourceType": "Consent",
        "status": "active",
        "extension": [
            {"url": structure("consent-given-by"), "valueCode": "self"},
            {"url": structure("legal-basis"), "extension": basis},
        ],
        "scope": {
            "coding": [
                {"system": "http://terminology.hl7.org/CodeSystem/consentscope", "code": "patient-privacy"}
            ]
        },
        "category": [
            {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "IDSCL"}]}
        ],
        "policyRule": {"text": "2026-1"},
        "provision": {
            "type": "permit",
            "period": {"start": TODAY.isoformat(), "end": (TODAY + timedelta(days=90)).isoformat()},
            "actor": [
                {
                    "role": {"coding": [{"code": "IRCP"}]},
                    "reference": {"reference": f"Organization/{goal.organisation}"},
                }
            ],
            "code": [coded("consent-category", one) for one in agreed],
            "data": [{"meaning": "related", "reference": {"reference": request}}],
        },
        **fields,
    }


def task_for(request: str, status: str = "requested", **fields: Any) -> Json:
    return {
        "resourceType": "Task",
        "status": status,
        "intent": "order",
        "focus": {"reference": request},
        **fields,
    }


def bundle_of(*resources: Json) -> Json:
    """A transaction; the first resource has the address that the others refer to."""
    entries = [
        {
            "fullUrl": f"urn:uuid:00000000-0000-4000-8000-00000000000{number}",
            "resource": one,
            "request": {"method": "POST", "url": one["resourceType"]},
        }
        for number, one in enumerate(resources)
    ]
    return {"resourceType": "Bundle", "type": "transaction", "entry": entries}


def light_bundle(goal: Goal, **fields: Any) -> Json:
    urn = "urn:uuid:00000000-0000-4000-8000-000000000000"
    return bundle_of(request_for(goal, **fields), consent_for(goal, urn), task_for(urn))


def post(
    client: TestClient, kind: str, body: Json, headers: Headers, expect: int = 201, /, **more: Any
) -> Any:
    answer = client.post(f"{BASE}/{kind}".rstrip("/"), json=body, headers={**headers, **more})
    assert answer.status_code == expect, answer.text
    assert answer.headers["content-type"] == "application/fhir+json"
    return answer.json()


def get(client: TestClient, path: str, headers: Headers, expect: int = 200, /, **params: Any) -> Any:
    answer = client.get(f"{BASE}/{path}", headers=headers, params=params)
    assert answer.status_code == expect, answer.text
    return answer.json()


def put(client: TestClient, body: Json, headers: Headers, expect: int = 200, /, **changed: Any) -> Any:
    """The resource as it was read, with something changed, sent back."""
    whole = {name: value for name, value in (body | changed).items() if value is not None}
    tag = {"If-Match": f'W/"{body["meta"]["versionId"]}"'}
    answer = client.put(f"{BASE}/{body['resourceType']}/{body['id']}", json=whole, headers={**headers, **tag})
    assert answer.status_code == expect, answer.text
    assert answer.headers["content-type"] == "application/fhir+json"
    return answer.json()


def refer(client: TestClient, goal: Goal, nurse: Headers, **fields: Any) -> str:
    """A referral in the mode `light`, asked for; its id."""
    made = post(client, "", light_bundle(goal, **fields), nurse, 200)
    return str(made["entry"][0]["resource"]["id"])
