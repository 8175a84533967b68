"""Whatever the description allows, and much that it forbids, sent to the real service on real stores."""

import os
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis import Case
from schemathesis.checks import CHECKS, load_all_checks
from schemathesis.specs.openapi.checks import allow_header_conformance, unsupported_method

from app.config import get_settings
from app.main import create_app
from app.openapi import document
from tests.referral_rows import fresh_key

# More is for a night: TORG_FUZZ_EXAMPLES=200 make test ARGS=tests/test_schemathesis.py
EXAMPLES = int(os.environ.get("TORG_FUZZ_EXAMPLES", "15"))

load_all_checks()
# Examples are sent many in a second, and the checks themselves ask again without a key.
os.environ |= {"TORG_RATE_LIMIT_PER_MINUTE": "0", "TORG_KEY_RATE_LIMIT_PER_MINUTE": "0"}
get_settings.cache_clear()
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
# Where a word of the path might be the id of another path, other methods are answered as there.
ALSO_AN_ID = ("/organisations/{organisation}/listings/by-external-id/{external}", "/inbox/redeem")
api = schemathesis.openapi.from_dict(document(create_app()), config=CONFIG)
api.app = create_app()  # requests go to the app itself, through the test's client


@pytest.fixture
def referral_keys(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Without them every operation of referrals answers 503."""
    monkeypatch.setenv("TORG_REFERRAL_KEYS", f"1:{fresh_key()}")
    monkeypatch.setenv("TORG_REFERRAL_INDEX_KEY", fresh_key())
    get_settings.cache_clear()
    yield
    get_settings.cache_clear()


@pytest.fixture
def fuzzed(referral_keys: None, client: Any, operator_key: str) -> tuple[Any, dict[str, str]]:
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
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=list(HealthCheck),
)
def test_every_operation_keeps_to_its_description(case: Case, fuzzed: tuple[Any, dict[str, str]]):
    client, key = fuzzed
    headers = {} if case.path in ("/search", "/suggest") else key
    beside = [unsupported_method, allow_header_conformance] if case.operation.path in ALSO_AN_ID else []
    case.call_and_validate(
        session=client, base_url="http://testserver/api/v1", headers=headers, excluded_checks=beside
    )


def test_all_checks_of_the_library_are_known():
    assert {"not_a_server_error", "status_code_conformance", "response_schema_conformance"} <= set(
        CHECKS.get_all_names()
    )
