"""Every resource is valid R4, by fhir.resources and by two validators of the JavaScript world."""

import json
import subprocess
import warnings
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from fastapi.testclient import TestClient
from fhir_cases import BASE
from people import Headers
from referral_world import WITH_FEEDBACK, Goal, code_referral_to, referral_to
from uuid_utils.compat import uuid7

from app.local_content import DEMO
from app.models import Organisation, Venue
from app.schemas.listing import ListingIn
from app.schemas.organisation import OrganisationIn
from app.services import taxonomies, venues
from app.services.fhir_directory import Shown, healthcare_service, location, location_id, organization

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from fhir.resources.R4B import get_fhir_model_class

Json = dict[str, Any]
NOW = datetime.now(UTC)
STEPS: dict[str, list[Json]] = {
    "draft": [],
    "requested": [],
    "accepted": [{"status": "accepted"}],
    "rejected": [{"status": "rejected", "reason": "no_capacity", "text": "Fullt till våren."}],
    "in-progress": [{"status": "accepted"}, {"status": "in-progress"}],
    "on-hold": [{"status": "accepted"}, {"status": "on-hold", "reason": "waiting_for_start"}],
    "completed": [
        {"status": "accepted"},
        {"kind": "attended"},
        {
            "status": "completed",
            "outcome": {
                "result": "partly",
                "reason": "transport",
                "enrolled_on": "2026-01-02",
                "continuing_on": "2026-02-03",
                "measures": {
                    "loneliness_before": "severe",
                    "ucla_3": 7,
                    "instrument": "swemwbs",
                    "score": 21,
                },
            },
        },
    ],
    "failed": [{"status": "accepted"}, {"status": "failed", "reason": "could_not_reach"}],
    "cancelled": [{"status": "cancelled", "reason": "other"}],
    "entered-in-error": [{"status": "entered-in-error"}],
}
# A person's own wish is sent at once, and taken back by her alone.
CASES = [
    (mode, status)
    for mode in ("code", "light", "direct", "self")
    for status in STEPS
    if mode != "self" or status not in ("draft", "entered-in-error")
]
_made: list[Json] = []


def wrong_for_python(resources: list[Json]) -> list[str]:
    found = []
    for one in resources:
        try:
            get_fhir_model_class(one["resourceType"]).model_validate(one)
        except ValueError as problem:
            found.append(f"{one['resourceType']}/{one.get('id')}: {problem}")
    return found


def wrong_for_node(resources: list[Json], folder: Path) -> list[str]:
    lines = "\n".join(json.dumps(one) for one in resources)
    ran = subprocess.run(
        ["node", "validate_fhir.js"], cwd=folder, input=lines.encode(), capture_output=True, check=False
    )
    assert ran.returncode == 0, ran.stderr.decode()
    found: list[str] = json.loads(ran.stdout)
    return found


@pytest.fixture(scope="module")
def demo(schema: None) -> list[Json]:
    """Every organisation, listing and venue of the demonstration."""
    from app import db

    with db.session_scope() as session:
        known = taxonomies.vocabulary(session)
    made: list[Json] = []
    owners: dict[str, UUID] = {}
    for file in sorted(DEMO.glob("*.jsonl")):
        for line in file.read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            if row["type"] == "organisation":
                record = OrganisationIn.model_validate(row)
                owner = Organisation(id=uuid7(), version=1, created_at=NOW, updated_at=NOW)
                for name, value in record.exchange().items():
                    setattr(owner, name, value)
                owners[record.external_id] = owner.id
                made.append(organization(owner))
            elif row["type"] == "listing":
                made += _listing(row, owners, known)
    return made


def _listing(row: Json, owners: dict[str, UUID], known: taxonomies.Vocabulary) -> list[Json]:
    listing = ListingIn.model_validate(row)
    of = uuid4()
    places = [
        (location_id(of, number, Venue(id=uuid7(), visibility=one.visibility)), one)
        for number, one in enumerate(listing.venues or [])
    ]
    shown = Shown(
        id=of,
        organisation_id=owners[row["organisation"]],
        version=1,
        updated_at=NOW,
        record=listing,
        locations=[place for place, _ in places],
    )
    service = healthcare_service(shown, known, date(2026, 1, 1))
    return [service, *(location(place, venues.public_view(one)) for place, one in places)]


@pytest.fixture
def referrals(client: TestClient, goal: Goal, nurse: Headers, member: Headers) -> list[Json]:
    """A referral in every mode and status, as each party reads and finds it."""
    if _made:
        return _made
    for number, (mode, status) in enumerate(CASES):
        of = _refer(client, goal, nurse, mode, status, f"070-1740{606 + number}")
        for step in STEPS[status]:
            if mode in ("code", "self") and "outcome" in step:  # how it was for her is handed on to nobody
                told = {name: value for name, value in step["outcome"].items() if name != "measures"}
                step = {**step, "outcome": told}  # noqa: PLW2901
            _take(client, of, step, nurse if status == "entered-in-error" else member)
        _read(client, (nurse, member), of)
    _read(client, (nurse, member), "?_count=100")
    others = ("metadata", "HealthcareService?_include=HealthcareService:organization", "Task")
    _made.extend(client.get(f"{BASE}/{path}").json() for path in others)
    return _made


def _read(client: TestClient, parties: tuple[Headers, ...], of: str) -> None:
    for headers in parties:
        for kind in ("ServiceRequest", "Task", "Consent"):
            found = client.get(f"{BASE}/{kind}/{of}".replace("/?", "?"), headers=headers)
            assert found.status_code in (200, 404), found.text
            _made.append(found.json())


def _refer(client: TestClient, goal: Goal, nurse: Headers, mode: str, status: str, phone: str) -> str:
    if mode == "self":
        person = {
            "alias": "Kim",
            "contact": {"channel": "sms", "value": phone},
            "safe_to_leave_message": True,
        }
        body = {"listing_id": str(goal.listing), "person": person, "text_version": "1"}
        code = client.post("/api/v1/self-referrals", json=body).json()["code"]
        return _by_code(client, code)
    body = code_referral_to(goal) if mode == "code" else referral_to(goal, mode=mode, agreed=WITH_FEEDBACK)
    if mode != "code":
        body["person"]["contact"]["value"] = phone
    made = client.post(
        "/api/v1/referrals", json=body, headers=nurse, params={"draft": True} if status == "draft" else {}
    )
    assert made.status_code == 201, made.text
    return str(made.json()["id"])


def _by_code(client: TestClient, code: str) -> str:
    begun = client.post("/api/v1/my-referral-sessions", json={"code": code})
    return str(begun.json()["referral_id"])


def _take(client: TestClient, of: str, step: Json, headers: Headers) -> None:
    whose = "referrals" if step.get("status") == "entered-in-error" else "inbox"
    version = client.get(f"/api/v1/{whose}/{of}", headers=headers).headers["etag"]
    path = f"/api/v1/{whose}/{of}/" + ("events" if "kind" in step else "status")
    taken = client.post(path, json=step, headers={**headers, "If-Match": version})
    assert taken.status_code == 200, taken.text


def test_the_whole_demonstration_is_valid_for_fhir_resources(demo: list[Json]):
    kinds = {one["resourceType"] for one in demo}
    assert kinds == {"Organization", "HealthcareService", "Location"}
    assert len(demo) > 900
    assert wrong_for_python(demo) == []


def test_the_whole_demonstration_is_valid_for_the_validators_in_javascript(
    demo: list[Json], node_folder: Path
):
    assert wrong_for_node(demo, node_folder) == []


def test_referrals_in_every_mode_and_status_are_valid_for_fhir_resources(referrals: list[Json]):
    assert {one["status"] for one in referrals if one["resourceType"] == "Task"} == set(STEPS)
    assert wrong_for_python(referrals) == []


def test_referrals_in_every_mode_and_status_are_valid_for_the_validators_in_javascript(
    referrals: list[Json], node_folder: Path
):
    assert wrong_for_node(referrals, node_folder) == []


def test_the_validators_find_what_is_wrong(node_folder: Path):
    bad = {"resourceType": "Task", "id": "1", "status": "requested", "intent": "order", "nothing": 1}
    assert wrong_for_python([bad])
    found = wrong_for_node([bad], node_folder)
    assert {one.split()[0] for one in found} == {"fhir", "medplum"}
