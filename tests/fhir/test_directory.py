"""The directory by FHIR: read and searched by anyone."""

from typing import Any

import pytest
from fastapi.testclient import TestClient
from referral_world import Goal, make_goal

BASE = "/fhir/R4"
PLACE = {
    "name": "Farsta bibliotek",
    "street": "Farstaplan 1",
    "postal_code": "123 47",
    "city": "Farsta",
    "municipality_code": "0180",
    "district": "Farsta",
    "lat": 59.2437,
    "lon": 18.0916,
    "facts": {"lift": True, "shower": False},
}
REFUGE = {**PLACE, "name": "Skyddet", "street": "Hemliga gatan 3", "visibility": "hidden"}


@pytest.fixture
def cafe(goal: Goal) -> Goal:
    return make_goal(
        "kaffekvarnen",
        "Föreningen Kaffekvarnen",
        venues=[PLACE],
        schedule=[{"freq": "weekly", "days": ["mo"], "from": "18:00", "to": "24:00", "red_days": "closed"}],
        facts={"drop_in": True, "registration_required": False},
        languages=[{"code": "sv", "mode": "spoken"}],
    )


@pytest.fixture
def refuge(cafe: Goal) -> Goal:
    contacts = [
        {"channel": "phone", "value": "08-465 004 12"},
        {"channel": "visit", "value": "Hemliga gatan 3"},
    ]
    return make_goal("skyddet", "Stiftelsen Skyddet", venues=[REFUGE], contacts=contacts)


def get(client: TestClient, path: str, status: int = 200, **params: Any) -> Any:
    answer = client.get(f"{BASE}/{path}", params=params)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/fhir+json"
    return answer.json()


def ids(bundle: dict[str, Any]) -> list[str]:
    return [one["resource"]["id"] for one in bundle.get("entry", []) if one["search"]["mode"] == "match"]


def test_a_listing_is_a_healthcare_service_of_an_organization_at_a_location(client: TestClient, cafe: Goal):
    answer = client.get(f"{BASE}/HealthcareService/{cafe.listing}")
    service = answer.json()
    assert answer.headers["etag"] == f'W/"{service["meta"]["versionId"]}"'
    assert service["name"] == "Öppet café hos Föreningen Kaffekvarnen"
    assert service["category"][0]["coding"][0]["code"] == "coffee-meetup"
    assert service["appointmentRequired"] is False
    assert service["availableTime"] == [
        {"daysOfWeek": ["mon"], "availableStartTime": "18:00:00", "availableEndTime": "23:59:59"}
    ]
    assert service["notAvailable"] == [{"description": "Stängt på röda dagar"}]
    organization = get(client, service["providedBy"]["reference"])
    assert organization["name"] == "Föreningen Kaffekvarnen"
    place = get(client, service["location"][0]["reference"])
    assert place["position"] == {"longitude": 18.0916, "latitude": 59.2437}
    facts = [one["extension"] for one in place["extension"] if one["url"].endswith("/fact")]
    assert [(one[0]["valueCode"], one[1]["valueBoolean"]) for one in facts] == [
        ("lift", True),
        ("shower", False),
    ]
    again = client.get(
        f"{BASE}/HealthcareService/{cafe.listing}", headers={"If-None-Match": answer.headers["etag"]}
    )
    assert again.status_code == 304


def test_a_protected_place_tells_only_its_kommun(client: TestClient, refuge: Goal):
    bundle = get(client, "HealthcareService", _id=str(refuge.listing), _include="HealthcareService:location")
    text = str(bundle)
    assert "Hemliga" not in text
    assert "59.2437" not in text
    service, place = (one["resource"] for one in bundle["entry"])
    assert service["location"][0]["reference"] == f"Location/{place['id']}"
    assert place["id"] == f"{refuge.listing}.0"
    assert "position" not in place
    assert "name" not in place
    assert get(client, f"Location/{place['id']}") == place
    assert ids(get(client, "HealthcareService", location=f"Location/{place['id']}")) == [str(refuge.listing)]


def test_a_protected_place_is_never_found_by_where_it_is(client: TestClient, refuge: Goal, cafe: Goal):
    near = "59.2437|18.0916|1|km"
    assert ids(get(client, "HealthcareService", **{"location.near": near})) == [str(cafe.listing)]
    found = get(client, "Location", near=near)
    assert [one["resource"]["name"] for one in found["entry"]] == ["Farsta bibliotek"]
    assert get(client, "Location", near="59.9|18.0916|1|km")["total"] == 0
    assert get(client, "Location", name="Skyddet")["total"] == 0


@pytest.mark.parametrize(
    ("params", "found"),
    [
        ({"name": "öppet CAFÉ"}, 2),
        ({"name:contains": "kvarnen"}, 1),
        ({"name:exact": "kvarnen"}, 0),
        ({"service-category": "coffee-meetup"}, 2),
        ({"service-category": "https://torg.example/fhir/CodeSystem/category|coffee-meetup"}, 2),
        ({"service-category": "http://other.example|coffee-meetup"}, 0),
        ({"service-category": "social"}, 0),
        ({"service-category:below": "social"}, 2),
        ({"service-category": "grief-support,coffee-meetup"}, 2),
        ({"service-type": "support_line"}, 0),
        ({"active": "true"}, 2),
        ({"active": "false"}, 0),
        ({"_lastUpdated": "gt2020"}, 2),
        ({"_lastUpdated": "lt2020-01"}, 0),
        ({"_lastUpdated": "ge2020-01-01T00:00:00Z"}, 2),
        ({"_summary": "count"}, 2),
        ({"name": ""}, 2),
    ],
)
def test_listings_are_searched(client: TestClient, refuge: Goal, params: dict[str, str], found: int):
    bundle = get(client, "HealthcareService", **params)
    assert bundle["total"] == found
    assert len(ids(bundle)) == (0 if "_summary" in params else found)


def test_organisations_are_searched_by_name_and_identifier(client: TestClient, cafe: Goal, other_goal: Goal):
    assert ids(get(client, "Organization", name="föreningen kaffe")) == [str(cafe.organisation)]
    system = "https://torg.example/fhir/sid/organisation"
    assert ids(get(client, "Organization", identifier=f"{system}|kaffekvarnen")) == [str(cafe.organisation)]
    assert ids(get(client, "HealthcareService", organization=f"Organization/{other_goal.organisation}")) == [
        str(other_goal.listing)
    ]


def test_the_links_of_a_bundle_lead_through_all_pages(client: TestClient, refuge: Goal):
    first = get(client, "HealthcareService", _count=1, active="true")
    links = {one["relation"]: one["url"] for one in first["link"]}
    second = client.get(links["next"].partition("8000")[2]).json()
    back = {one["relation"]: one["url"] for one in second["link"]}
    assert "next" not in back
    assert back["previous"] == links["self"]
    assert len({*ids(first), *ids(second)}) == first["total"] == 2


def test_a_search_goes_in_a_body_too(client: TestClient, cafe: Goal):
    answer = client.post(f"{BASE}/HealthcareService/_search", data={"name": "öppet"})
    assert ids(answer.json()) == [str(cafe.listing)]
    refused = client.post(f"{BASE}/HealthcareService/_search", json={"name": "öppet"})
    assert refused.status_code == 415
    assert refused.json()["resourceType"] == "OperationOutcome"


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("HealthcareService/00000000-0000-0000-0000-000000000000", 404, "not-found"),
        ("HealthcareService/secret-value", 422, "invalid"),
        ("Location/secret-value", 404, "not-found"),
        ("Patient/1", 404, "not-found"),
        ("HealthcareService?secret-value=1", 400, "invalid"),
        ("HealthcareService?_lastUpdated=secret-value", 400, "invalid"),
        ("HealthcareService?_lastUpdated=2026-13-01", 400, "invalid"),
        ("HealthcareService?_count=secret-value", 400, "invalid"),
        ("HealthcareService?name:secret-value=x", 400, "invalid"),
        ("HealthcareService?organization=secret-value", 400, "invalid"),
        ("HealthcareService?location.near=nan|secret-value", 400, "invalid"),
        ("HealthcareService?location.near=nan|inf|1|km", 400, "invalid"),
        ("HealthcareService?_include=secret-value", 400, "invalid"),
        ("HealthcareService?name=%00", 400, "invalid"),
        ("HealthcareService?_sort=name", 400, "invalid"),
    ],
)
def test_every_error_is_an_operation_outcome_without_the_value(
    client: TestClient, cafe: Goal, path: str, status: int, code: str
):
    answer = client.get(f"{BASE}/{path}")
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/fhir+json"
    outcome = answer.json()
    assert outcome["resourceType"] == "OperationOutcome"
    assert outcome["issue"][0]["code"] == code
    assert "secret-value" not in answer.text


def test_an_unknown_parameter_is_left_out_when_the_caller_is_lenient(client: TestClient, cafe: Goal):
    answer = client.get(
        f"{BASE}/HealthcareService?unknown=1&name=öppet", headers={"Prefer": "handling=lenient"}
    )
    assert answer.json()["total"] == 1
    assert "unknown" not in answer.json()["link"][0]["url"]


def test_a_listing_that_was_archived_is_gone(client: TestClient, cafe: Goal):
    from app import db
    from app.models import Listing

    with db.session_scope() as session:
        session.get_one(Listing, cafe.listing).status = "archived"
    assert get(client, f"HealthcareService/{cafe.listing}", 410)["issue"][0]["code"] == "deleted"
    assert get(client, "HealthcareService")["total"] == 0
    assert get(client, "Location")["total"] == 0
