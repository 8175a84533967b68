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
api = schemathesis.openapi.from_dict(document(create_app()))
api.app = create_app()  # requests go to the app itself, through the test's client


@pytest.fixture
def fuzzed(client: Any, operator_key: str) -> tuple[Any, dict[str, str]]:
    return client, {"Authorization": f"Bearer {operator_key}"}


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
