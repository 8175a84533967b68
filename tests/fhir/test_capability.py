"""The CapabilityStatement tells what the routes do, no more and no less."""

import re
from typing import Any

import pytest
from fastapi import APIRouter
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient
from fhir_cases import BASE

from app.routers import fhir, fhir_referrals
from app.services.fhir_capability import SERVED

INTERACTIONS = {
    ("GET", "/{of}"): "read",
    ("PUT", "/{of}"): "update",
    ("GET", ""): "search-type",
    ("POST", "/_search"): "search-type",
    ("POST", ""): "create",
}


def routed() -> set[tuple[str, str]]:
    """(type, interaction) of every route."""
    found = set()
    routers: list[APIRouter] = [fhir.router, fhir_referrals.router]
    for route in (one for router in routers for one in router.routes):
        assert isinstance(route, APIRoute)
        kind, rest = re.fullmatch(r"/?([A-Za-z]*)(.*)", route.path).groups()
        for method in route.methods:
            if kind not in ("metadata", ""):
                found.add((kind, INTERACTIONS[method, rest]))
    return found


def test_the_statement_tells_of_every_route_and_of_no_other(client: TestClient):
    statement = client.get(f"{BASE}/metadata").json()
    (rest,) = statement["rest"]
    told = {(one["type"], each["code"]) for one in rest["resource"] for each in one["interaction"]}
    assert told == routed()
    assert [one["code"] for one in rest["interaction"]] == ["transaction"]
    assert statement["fhirVersion"] == "4.0.1"


def test_every_parameter_it_tells_of_is_understood(client: TestClient, goal: Any, nurse: Any):
    values = {"date": "2026", "string": "a", "special": "59|18|1|km"}
    statement = client.get(f"{BASE}/metadata").json()
    for one in statement["rest"][0]["resource"]:
        for param in one["searchParam"]:
            value = values.get(param["type"], "00000000-0000-4000-8000-000000000000")
            value = {"status": "draft", "active": "true"}.get(param["name"], value)
            value = "active" if (one["type"], param["name"]) == ("Consent", "status") else value
            answer = client.get(f"{BASE}/{one['type']}", params={param["name"]: value}, headers=nurse)
            assert answer.status_code == 200, (param, answer.text)
        for included in one.get("searchInclude", []):
            assert client.get(f"{BASE}/{one['type']}", params={"_include": included}).status_code == 200


@pytest.mark.parametrize("served", SERVED, ids=lambda one: one.kind)
def test_every_type_can_be_searched_by_a_body(client: TestClient, served: Any, goal: Any, nurse: Any):
    answer = client.post(f"{BASE}/{served.kind}/_search", data={"_count": "1"}, headers=nurse)
    assert answer.json()["type"] == "searchset"


def test_what_is_not_told_of_is_refused(client: TestClient, goal: Any, nurse: Any):
    for method, path in (("DELETE", "Task/1"), ("PATCH", "Task/1"), ("PUT", "Organization/1")):
        answer = client.request(method, f"{BASE}/{path}", headers=nurse)
        assert answer.status_code == 405
        assert answer.json()["issue"][0]["code"] == "not-supported"
