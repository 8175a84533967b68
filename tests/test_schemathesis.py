"""Whatever the description allows, and much that it forbids, sent to the real service on real stores."""

import os
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis import Case
from schemathesis.checks import CHECKS, load_all_checks

from app.main import create_app
from app.openapi import document

# More is for a night: TORG_FUZZ_EXAMPLES=200 make test ARGS=tests/test_schemathesis.py
EXAMPLES = int(os.environ.get("TORG_FUZZ_EXAMPLES", "15"))

load_all_checks()
# Some rules no JSON Schema can say: a checksum, two dates in order, two fields that go together. A request
# that keeps to the schema and breaks such a rule is rightly answered 422, so that status is accepted there.
CONFIG = schemathesis.Config.from_dict(
    {
        "checks": {
            "positive_data_acceptance": {
                "expected-statuses": ["2xx", "401", "403", "404", "409", "410", "412", "422", "428"]
            }
        }
    }
)
api = schemathesis.openapi.from_dict(document(create_app()), config=CONFIG)
api.app = create_app()  # requests go to the app itself, through the test's client


@pytest.fixture
def fuzzed(client: Any, operator_key: str) -> tuple[Any, dict[str, str]]:
    """The service with the organisation that the description's examples name, and a listing of it."""
    key = {"Authorization": f"Bearer {operator_key}"}
    body = {"external_id": "nattljus", "name": "Föreningen Nattljus"}
    assert client.post("/api/v1/organisations", json=body, headers=key).status_code == 201
    listing = {"external_id": "nattkafe", "kind": "activity", "texts": {"sv": {"title": "Nattkafé"}}}
    made = client.post("/api/v1/organisations/nattljus/listings", json=listing, headers=key)
    assert made.status_code == 201
    return client, key


@api.parametrize()
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    phases=(Phase.generate,),
    suppress_health_check=list(HealthCheck),
)
def test_every_operation_keeps_to_its_description(case: Case, fuzzed: tuple[Any, dict[str, str]]):
    client, key = fuzzed
    headers = {} if case.path in ("/search", "/suggest") else key
    case.call_and_validate(session=client, base_url="http://testserver/api/v1", headers=headers)


def test_all_checks_of_the_library_are_known():
    assert {"not_a_server_error", "status_code_conformance", "response_schema_conformance"} <= set(
        CHECKS.get_all_names()
    )
