"""Whatever is sent by FHIR, the answer is a resource or an OperationOutcome, never an error of ours."""

import copy
import json
from collections.abc import Iterator
from typing import Any

from fastapi.testclient import TestClient
from fhir_cases import BASE, consent_for, light_bundle, refer, request_for, task_for
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from people import Headers
from referral_world import Goal

from app.services.fhir_capability import SERVED

LEAVES = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
)
ANYTHING = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner))
QUIETLY = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
PARAMS = [(one.kind, name) for one in SERVED for name in one.params]
ODD_VALUES = st.text(max_size=60) | st.sampled_from(
    (
        "eq",
        "gt9999",
        "0001",
        "2026-02-30",
        "ge2026-01-01T24:00",
        "|",
        "a|b|c|d",
        "1|1|1e308|km",
        "1e400|1",
        ",",
        "\\",
    )
)


def places(of: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path of every part of a body."""
    if path:
        yield path
    for key in of if isinstance(of, dict) else range(len(of)) if isinstance(of, list) else ():
        yield from places(of[key], (*path, key))


def with_other(body: Any, path: tuple[Any, ...], other: Any) -> Any:
    changed = copy.deepcopy(body)
    inner = changed
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = other
    return changed


@QUIETLY
@given(data=st.data())
def test_no_body_makes_an_error_of_ours(client: TestClient, goal: Goal, nurse: Headers, data: Any):
    kind, body = data.draw(
        st.sampled_from(
            [
                ("ServiceRequest", request_for(goal)),
                ("Consent", consent_for(goal, f"ServiceRequest/{goal.listing}")),
                ("Task", task_for(f"ServiceRequest/{goal.listing}")),
                ("", light_bundle(goal)),
            ]
        )
    )
    other = with_other(body, data.draw(st.sampled_from(list(places(body)))), data.draw(ANYTHING))
    answer = client.post(
        f"{BASE}/{kind}".rstrip("/"),
        content=json.dumps(other),
        headers={**nurse, "Content-Type": "application/fhir+json"},
    )
    assert answer.status_code < 500, (answer.text, other)
    assert answer.status_code < 300 or answer.json()["resourceType"] == "OperationOutcome"


@QUIETLY
@given(data=st.data())
def test_no_change_of_a_task_makes_an_error_of_ours(
    client: TestClient, goal: Goal, nurse: Headers, member: Headers, data: Any
):
    if not (found := client.get(f"{BASE}/Task?status=requested&_count=1", headers=member).json()).get(
        "entry"
    ):
        refer(client, goal, nurse)
        found = client.get(f"{BASE}/Task?status=requested&_count=1", headers=member).json()
    task = found["entry"][0]["resource"]
    other = with_other(task, data.draw(st.sampled_from(list(places(task)))), data.draw(ANYTHING))
    answer = client.put(
        f"{BASE}/Task/{task['id']}",
        content=json.dumps(other),
        headers={
            **member,
            "If-Match": ", ".join(f'W/"{n}"' for n in range(1, 9)),
            "Content-Type": "application/fhir+json",
        },
    )
    assert answer.status_code < 500, (answer.text, other)


@QUIETLY
@given(asked=st.sampled_from(PARAMS), value=ODD_VALUES)
def test_no_search_makes_an_error_of_ours(
    client: TestClient, goal: Goal, nurse: Headers, asked: tuple[str, str], value: str
):
    kind, name = asked
    text = value.encode("utf-8", "replace").decode()
    answer = client.get(f"{BASE}/{kind}", params={name: text}, headers=nurse)
    assert answer.status_code in (200, 400), (name, answer.text)
