"""Who may come in: tokens of real issuers, roles, logins that are strong enough; never an API key."""

from uuid import UUID

import pytest
from people import LOA2, LOA3, TENANT, UNIT
from sqlalchemy import func, select

from app.models import Account, RoleGrant


def test_a_nurse_is_known_by_care_provider_and_unit(doors, staff_headers):
    answer = doors.get("/doors/staff", headers=staff_headers())
    assert answer.status_code == 200
    assert answer.json() == {
        "id": answer.json()["id"],
        "tenant": TENANT,
        "unit": UNIT,
        "staff": True,
        "operator": False,
        "organisations": [],
        "acr": LOA3,
    }


def test_a_person_keeps_her_pseudonym_and_gets_one_row(doors, staff_headers, session):
    first, again = (doors.get("/doors/staff", headers=staff_headers()).json()["id"] for _ in range(2))
    other = doors.get("/doors/staff", headers=staff_headers(subject="another")).json()["id"]
    assert first == again != other
    assert session.scalar(select(func.count()).select_from(Account)) == 2
    row = session.get(Account, UUID(first))
    assert (row.subject, row.tenant, row.unit) == ("nurse", TENANT, UNIT)


def test_who_moves_to_another_unit_stays_the_same_person(doors, staff_headers, session):
    before = doors.get("/doors/staff", headers=staff_headers()).json()
    after = doors.get("/doors/staff", headers=staff_headers(unit="SE2321000016-B0E2")).json()
    assert (before["id"], after["unit"]) == (after["id"], "SE2321000016-B0E2")
    assert session.get(Account, UUID(after["id"])).unit == "SE2321000016-B0E2"


def test_a_member_acts_for_the_organisation_of_the_claim(doors, member_headers, organisation):
    for reference in (organisation.id, organisation.external_id):
        answer = doors.get("/doors/member", headers=member_headers(reference))
        assert answer.json()["organisations"] == [str(organisation.id)]


def test_a_member_of_an_unknown_organisation_is_let_in_nowhere(doors, member_headers):
    answer = doors.get("/doors/member", headers=member_headers("nowhere"))
    assert answer.status_code == 403


def test_an_organisation_claim_without_the_role_gives_nothing(doors, issuer, organisation):
    headers = issuer.headers("someone", organisation=str(organisation.id))
    assert doors.get("/doors/member", headers=headers).status_code == 403
    assert doors.get("/doors/anyone", headers=headers).json()["organisations"] == []


def test_the_operators_people_are_let_in_as_such(doors, operator_headers):
    assert doors.get("/doors/operator", headers=operator_headers()).status_code == 200


@pytest.mark.parametrize("door", ["staff", "member", "operator"])
def test_each_door_asks_for_its_own_role(
    doors, door, staff_headers, member_headers, operator_headers, organisation
):
    all_headers = {
        "staff": staff_headers(),
        "member": member_headers(organisation.id, acr=LOA3),
        "operator": operator_headers(),
    }
    answers = {
        role: doors.get(f"/doors/{door}", headers=headers).status_code
        for role, headers in all_headers.items()
    }
    assert answers == {role: 200 if role == door else 403 for role in all_headers}


def test_staff_without_a_care_provider_are_not_let_in(doors, staff_headers):
    answer = doors.get("/doors/staff", headers=staff_headers(tenant=None))
    assert answer.status_code == 403
    assert "vårdgivaren" in answer.json()["detail"]


@pytest.mark.parametrize("door", ["anyone", "staff", "member", "operator"])
def test_without_a_token_every_door_asks_for_one(doors, door, issuer):
    answer = doors.get(f"/doors/{door}")
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="torg"'
    assert answer.headers["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("door", ["anyone", "staff", "member", "operator"])
def test_an_api_key_opens_no_door_of_people(doors, door, operator, organisation):
    for headers in (operator, organisation.headers):
        assert doors.get(f"/doors/{door}", headers=headers).status_code == 403


def test_an_access_token_opens_no_door_of_keys(doors, operator_headers, organisation):
    answer = doors.get(f"/api/v1/organisations/{organisation.id}/keys", headers=operator_headers())
    assert answer.status_code == 401


@pytest.mark.parametrize("acr", [LOA2, None, "http://id.sambi.se/loa/loa4"])
def test_too_weak_a_login_is_told_which_would_do(doors, staff_headers, acr):
    answer = doors.get("/doors/staff", headers=staff_headers(acr=acr))
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == (
        f'Bearer realm="torg", error="insufficient_user_authentication", acr_values="{LOA3}"'
    )
    assert answer.json()["type"].endswith("unauthorised")


def test_a_granted_role_counts_as_one_of_the_token(doors, issuer, session, organisation):
    headers = issuer.headers("kim")
    assert doors.get("/doors/member", headers=headers).status_code == 403
    for role, owner in (("member", organisation.id), ("operator", None)):
        session.add(
            RoleGrant(issuer=issuer.url, subject="kim", role=role, organisation_id=owner, granted_by="cli")
        )
    session.commit()
    assert doors.get("/doors/operator", headers=headers).status_code == 200
    assert doors.get("/doors/member", headers=headers).json()["organisations"] == [str(organisation.id)]
    for grant in session.scalars(select(RoleGrant)):
        grant.revoked_at = func.now()
    session.commit()
    assert doors.get("/doors/operator", headers=headers).status_code == 403
    assert doors.get("/doors/member", headers=headers).status_code == 403


def test_a_grant_of_one_issuer_is_not_anothers(doors, issuer, session):
    session.add(RoleGrant(issuer="https://other.example", subject="kim", role="operator", granted_by="cli"))
    session.commit()
    assert doors.get("/doors/operator", headers=issuer.headers("kim")).status_code == 403
