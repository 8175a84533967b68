"""Roles given in the database: by the operator's people, never to oneself."""

import pytest
from people import LOA2
from sqlalchemy import select

from app.models import AuditRow

PATH = "/api/v1/role-grants"


@pytest.fixture
def wish(issuer, organisation):
    return {
        "issuer": issuer.url,
        "subject": "kim",
        "role": "member",
        "organisation": organisation.external_id,
    }


def test_a_granted_member_is_one_until_the_grant_ends(
    client, wish, operator_headers, issuer, organisation, session
):
    made = client.post(PATH, json=wish, headers=operator_headers())
    assert made.status_code == 201
    told = made.json()
    assert made.headers["Location"] == f"{PATH}/{told['id']}"
    assert (told["organisation_id"], told["revoked_at"]) == (str(organisation.id), None)
    assert told["granted_by"].startswith("account:")
    assert client.get(PATH, headers=operator_headers()).json()["items"] == [told]
    for _ in range(2):
        assert client.delete(f"{PATH}/{told['id']}", headers=operator_headers()).status_code == 204
    assert client.get(PATH, headers=operator_headers()).json()["items"] == []
    (ended,) = client.get(PATH, params={"revoked": True}, headers=operator_headers()).json()["items"]
    assert ended["revoked_at"] is not None
    deeds = session.scalars(select(AuditRow.action).where(AuditRow.subject_kind == "role_grant"))
    assert list(deeds) == ["grant", "revoke"]


def test_the_same_role_is_not_given_twice_but_again_after_its_end(client, wish, operator_headers):
    first = client.post(PATH, json=wish, headers=operator_headers()).json()
    assert client.post(PATH, json=wish, headers=operator_headers()).status_code == 409
    client.delete(f"{PATH}/{first['id']}", headers=operator_headers())
    assert client.post(PATH, json=wish, headers=operator_headers()).status_code == 201


def test_a_grant_sent_again_under_its_key_is_made_once(client, wish, operator_headers):
    headers = {**operator_headers(), "Idempotency-Key": "k"}
    one, two = (client.post(PATH, json=wish, headers=headers) for _ in range(2))
    assert (two.status_code, one.json()) == (201, two.json())
    assert client.get(PATH, headers=operator_headers()).json()["total"] == 1


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"issuer": "https://unknown.example"}, "/issuer"),
        ({"organisation": "nowhere"}, "/organisation"),
        ({"organisation": None}, ""),
        ({"role": "staff"}, ""),
        ({"role": "operator"}, "/role"),
        ({"subject": "a\x00b"}, "/subject"),
        ({"subject": ""}, "/subject"),
        ({"granted_by": "someone"}, "/granted_by"),
    ],
)
def test_what_cannot_be_granted_is_told_with_its_place(client, wish, operator_headers, change, pointer):
    answer = client.post(PATH, json={**wish, **change}, headers=operator_headers())
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]


def test_nobody_gives_herself_a_role(client, wish, operator_headers):
    answer = client.post(PATH, json={**wish, "subject": "operator"}, headers=operator_headers())
    assert answer.status_code == 403


def test_roles_are_given_by_the_operators_people_alone(
    client, wish, staff_headers, member_headers, operator_headers, operator, organisation
):
    refused = (staff_headers(), member_headers(organisation.id), operator, organisation.headers)
    assert [client.post(PATH, json=wish, headers=h).status_code for h in refused] == [403] * 4
    assert [client.get(PATH, headers=h).status_code for h in refused] == [403] * 4
    assert client.post(PATH, json=wish, headers=operator_headers(acr=LOA2)).status_code == 401
    assert client.post(PATH, json=wish).status_code == 401


def test_an_unknown_grant_is_not_found(client, operator_headers):
    unknown = f"{PATH}/019aa4f0-1c00-7000-8000-000000000001"
    assert client.delete(unknown, headers=operator_headers()).status_code == 404
