"""A referral is shredded by hand when two of the operator's people have agreed."""

from uuid import uuid4

import pytest
from referral_rows import make_places, make_referral
from sqlalchemy import select

from app import db
from app.models import AccessRow, Approval, ReferralKey, ShredRow

PATH = "/api/v1/approvals"


@pytest.fixture
def referral(clean):
    with db.session_scope() as session:
        return make_referral(session, make_places(session))


def agree(client, operator_headers, subject):
    body = {"kind": "shred", "subject": str(subject)}
    made = client.post(PATH, json=body, headers=operator_headers(subject="first"))
    return client.post(
        f"{PATH}/{made.json()['id']}/decision",
        json={"decision": "approved"},
        headers=operator_headers(subject="second"),
    )


def test_an_approved_shredding_takes_the_key_and_is_noted(client, operator_headers, referral, session):
    answer = agree(client, operator_headers, referral)
    assert answer.status_code == 200
    assert session.get(ReferralKey, referral) is None
    assert session.get(ShredRow, referral).why == "approved"
    (noted,) = session.scalars(select(AccessRow).where(AccessRow.action == "shred"))
    assert (noted.actor, noted.referral_id) == ("operator", referral)
    assert answer.json()["decided_by"] == f"account:{noted.actor_id}"


def test_one_person_shreds_nothing(client, operator_headers, referral, session):
    headers = operator_headers()
    made = client.post(PATH, json={"kind": "shred", "subject": str(referral)}, headers=headers).json()
    answer = client.post(f"{PATH}/{made['id']}/decision", json={"decision": "approved"}, headers=headers)
    assert answer.status_code == 403
    assert session.get(ReferralKey, referral) is not None


def test_what_is_not_there_stays_undecided(client, operator_headers, session):
    assert agree(client, operator_headers, uuid4()).status_code == 404
    assert session.scalars(select(Approval.decision)).one() is None
