"""What takes two people: one proposes, another decides, and only then it is done."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import func, select, update

from app import db
from app.models import Approval, AuditRow, Organisation

PATH = "/api/v1/approvals"
LINE = {
    "external_id": "jourlinjen",
    "kind": "support_line",
    "texts": {"sv": {"title": "Jourlinjen", "summary": "Någon att prata med."}},
    "categories": ["counselling"],
    "contacts": [{"channel": "phone", "value": "08-465 004 12", "label": "Jouren"}],
}
OTHERS = [{"channel": "phone", "value": "08-465 004 66"}]


@pytest.fixture
def first(operator_headers):
    return operator_headers(subject="first")


@pytest.fixture
def second(operator_headers):
    return operator_headers(subject="second")


def propose(client, headers, kind, subject):
    answer = client.post(PATH, json={"kind": kind, "subject": str(subject)}, headers=headers)
    assert answer.status_code == 201, answer.text
    return answer.json()["id"]


def decide(client, headers, approval, decision="approved"):
    return client.post(f"{PATH}/{approval}/decision", json={"decision": decision}, headers=headers)


def verified(client, organisation):
    return client.get(f"/api/v1/organisations/{organisation.id}").json()["verified_on"]


def test_an_organisation_is_verified_when_a_second_person_approves(
    client, first, second, organisation, session
):
    approval = propose(client, first, "verify_organisation", organisation.id)
    assert verified(client, organisation) is None
    answer = decide(client, second, approval)
    assert (answer.status_code, answer.json()["decision"]) == (200, "approved")
    assert verified(client, organisation) is not None
    deeds = session.scalars(select(AuditRow.action).order_by(AuditRow.id))
    assert list(deeds)[-3:] == ["propose", "approved", "verify"]


def test_who_proposed_cannot_approve_but_may_take_it_back(client, first, organisation):
    approval = propose(client, first, "verify_organisation", organisation.id)
    assert decide(client, first, approval).status_code == 403
    assert verified(client, organisation) is None
    assert decide(client, first, approval, "refused").json()["decision"] == "refused"
    assert verified(client, organisation) is None


def test_the_database_itself_keeps_one_person_from_approving_her_own(client, first, organisation, session):
    approval = propose(client, first, "verify_organisation", organisation.id)
    own = update(Approval).where(Approval.id == UUID(approval))
    with pytest.raises(Exception, match="two_people"):
        session.execute(
            own.values(decided_by=Approval.proposed_by, decision="approved", decided_at=func.now())
        )


def test_what_is_decided_is_decided(client, first, second, operator_headers, organisation):
    approval = propose(client, first, "verify_organisation", organisation.id)
    assert decide(client, second, approval, "refused").status_code == 200
    assert decide(client, operator_headers(subject="third"), approval).status_code == 409
    assert verified(client, organisation) is None


def test_of_two_who_decide_at_once_one_does(client, first, operator_headers, organisation):
    approval = propose(client, first, "verify_organisation", organisation.id)
    deciders = [operator_headers(subject=f"decider-{number}") for number in range(4)]
    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(lambda headers: decide(client, headers, approval).status_code, deciders))
    assert sorted(answers) == [200, 409, 409, 409]


def test_the_same_waits_once(client, first, second, organisation):
    propose(client, first, "verify_organisation", organisation.id)
    body = {"kind": "verify_organisation", "subject": str(organisation.id)}
    assert client.post(PATH, json=body, headers=second).status_code == 409
    assert client.get(PATH, headers=second).json()["total"] == 1


def test_the_same_proposal_sent_again_is_answered_as_before(client, first, second, organisation):
    body = {"kind": "verify_organisation", "subject": str(organisation.id)}
    answers = [
        client.post(PATH, json=body, headers={**headers, "Idempotency-Key": "k"})
        for headers in (first, first, second)
    ]
    assert [answer.status_code for answer in answers] == [201, 201, 409]  # another's key is another key
    assert answers[0].json() == answers[1].json()
    assert answers[1].headers["Idempotency-Replayed"] == "true"
    changed = {**body, "kind": "bulk_export"}
    again = client.post(PATH, json=changed, headers={**first, "Idempotency-Key": "k"})
    assert again.status_code == 422


def test_what_waits_and_what_was_decided_are_listed_apart(
    client, first, second, organisation, other_organisation
):
    one = propose(client, first, "verify_organisation", organisation.id)
    two = propose(client, first, "verify_organisation", other_organisation.id)
    decide(client, second, one)
    waiting = client.get(PATH, headers=first).json()
    decided = client.get(PATH, params={"decided": True}, headers=first).json()
    assert [item["id"] for item in waiting["items"]] == [two]
    assert [item["id"] for item in decided["items"]] == [one]
    assert client.get(f"{PATH}/{one}", headers=first).json() == decided["items"][0]


def test_proposals_are_the_operators_peoples_alone(
    client, first, staff_headers, member_headers, operator, organisation
):
    approval = propose(client, first, "verify_organisation", organisation.id)
    for headers in (staff_headers(), member_headers(organisation.id), operator, organisation.headers):
        assert client.get(PATH, headers=headers).status_code == 403
        assert client.get(f"{PATH}/{approval}", headers=headers).status_code == 403
        assert decide(client, headers, approval).status_code == 403
    assert decide(client, {}, approval).status_code == 401


@pytest.mark.parametrize("kind", ["verify_organisation", "bulk_export"])
def test_what_is_not_there_cannot_be_proposed(client, first, kind):
    body = {"kind": kind, "subject": str(uuid4())}
    assert client.post(PATH, json=body, headers=first).status_code == 404


def test_a_change_of_contacts_is_not_proposed_by_hand(client, first, organisation):
    body = {"kind": "change_contacts", "subject": str(organisation.id)}
    assert client.post(PATH, json=body, headers=first).status_code == 422


@pytest.mark.parametrize("field", ["name", "org_number", "email"])
def test_who_changes_what_was_verified_is_verified_no_longer(client, organisation, field):
    with db.session_scope() as session:
        session.get(Organisation, organisation.id).verified_on = func.now()
    path = f"/api/v1/organisations/{organisation.id}"
    own = {"external_id": organisation.external_id, "name": "Föreningen Kaffekvarnen"}
    headers = {**organisation.headers, "If-Match": "*"}
    same = client.put(path, json={**own, "website": "https://kvarnen.example"}, headers=headers)
    assert same.json()["verified_on"] is not None
    new = {"name": "Regionen", "org_number": "802002-5360", "email": "ny@kvarnen.example"}[field]
    assert client.put(path, json={**own, field: new}, headers=headers).json()["verified_on"] is None
    assert verified(client, organisation) is None


@pytest.fixture
def line(client, organisation):
    own = f"/api/v1/organisations/{organisation.id}/listings"
    answer = client.post(f"{own}?publish=true", json=LINE, headers=organisation.headers)
    assert answer.status_code == 201, answer.text
    return f"{own}/{answer.json()['id']}"


def shown(client, line):
    return client.get(f"/api/v1/listings/{line.rpartition('/')[2]}").json()["listing"]["contacts"]


def changes(line):
    """The three ways for a key to change contacts."""
    whole = {**LINE, "contacts": OTHERS}
    by_external_id = f"{line.rpartition('/')[0]}/by-external-id/jourlinjen"
    return {
        "put": ("PUT", line, whole),
        "patch": ("PATCH", line, {"kind": "support_line", "contacts": OTHERS}),
        "by external id": ("PUT", by_external_id, whole),
    }


def change(client, organisation, line, way="put", **more):
    method, path, body = changes(line)[way]
    headers = {**organisation.headers, "If-Match": "*"}
    return client.request(method, path, json={**body, **more}, headers=headers)


@pytest.mark.parametrize("way", ["put", "patch", "by external id"])
def test_new_contacts_of_a_public_support_line_wait_and_the_old_ones_stay(
    client, organisation, line, first, way
):
    answer = change(client, organisation, line, way)
    assert answer.status_code == 200
    assert answer.json()["waiting_contacts"] == OTHERS
    assert answer.json()["listing"]["contacts"] == LINE["contacts"] == shown(client, line)
    (waiting,) = client.get(PATH, headers=first).json()["items"]
    assert (waiting["kind"], waiting["proposal"]) == (
        "change_contacts",
        {"before": LINE["contacts"], "after": OTHERS},
    )
    assert waiting["proposed_by"].startswith("key:")
    assert decide(client, first, waiting["id"]).status_code == 200
    assert shown(client, line) == OTHERS
    assert client.get(line, headers=organisation.headers).json()["waiting_contacts"] is None


def test_other_words_change_at_once_while_contacts_wait(client, organisation, line):
    texts = {"sv": {"title": "Jourlinjen natt", "summary": "Någon att prata med."}}
    answer = change(client, organisation, line, texts=texts)
    assert answer.json()["listing"]["texts"] == texts
    later = client.patch(
        line,
        json={"kind": "support_line", "answered_by": "volunteers"},
        headers={**organisation.headers, "If-Match": "*"},
    ).json()
    assert (later["waiting_contacts"], later["listing"]["answered_by"]) == (OTHERS, "volunteers")


def test_refused_contacts_are_gone(client, organisation, line, first):
    change(client, organisation, line)
    (waiting,) = client.get(PATH, headers=first).json()["items"]
    decide(client, first, waiting["id"], "refused")
    assert shown(client, line) == LINE["contacts"]
    assert client.get(line, headers=organisation.headers).json()["waiting_contacts"] is None


def test_what_was_read_is_what_is_approved(client, organisation, line, first):
    change(client, organisation, line)
    (read,) = client.get(PATH, headers=first).json()["items"]
    change(client, organisation, line, contacts=[{"channel": "phone", "value": "08-465 004 67"}])
    assert decide(client, first, read["id"]).status_code == 409
    assert shown(client, line) == LINE["contacts"]


def test_the_old_contacts_sent_again_take_the_proposal_back(client, organisation, line, first):
    change(client, organisation, line)
    answer = change(client, organisation, line, contacts=LINE["contacts"])
    assert answer.json()["waiting_contacts"] is None
    assert client.get(PATH, headers=first).json()["items"] == []


def test_hours_of_the_same_number_change_at_once(client, organisation, line):
    contacts = [{**LINE["contacts"][0], "label": "Natt", "hours": [{"freq": "always"}]}]
    assert change(client, organisation, line, contacts=contacts).json()["listing"]["contacts"] == contacts


def test_a_paused_line_is_no_way_around(client, organisation, line):
    assert client.post(f"{line}/pause", headers=organisation.headers).status_code == 200
    assert change(client, organisation, line).json()["waiting_contacts"] == OTHERS
    client.post(f"{line}/publish", headers=organisation.headers)
    assert shown(client, line) == LINE["contacts"]


def test_another_kind_is_no_way_around(client, organisation, line):
    assert change(client, organisation, line, kind="activity").status_code == 409
    assert shown(client, line) == LINE["contacts"]


def test_the_operators_key_alone_is_no_way_around(client, organisation, line, operator):
    method, path, body = changes(line)["put"]
    answer = client.request(method, path, json=body, headers={**operator, "If-Match": "*"})
    assert answer.json()["waiting_contacts"] == OTHERS
    assert shown(client, line) == LINE["contacts"]


def test_contacts_that_could_not_be_published_do_not_wait(client, organisation, line, first):
    answer = client.patch(
        line,
        json={"kind": "support_line", "contacts": None},
        headers={**organisation.headers, "If-Match": "*"},
    )
    assert answer.status_code == 422
    assert client.get(PATH, headers=first).json()["items"] == []


def test_a_draft_and_an_activity_keep_changing_at_once(client, organisation):
    own = f"/api/v1/organisations/{organisation.id}/listings"
    for external, more in (("utkast", {}), ("fika", {"kind": "activity"})):
        publish = "true" if more else "false"
        made = client.post(
            f"{own}?publish={publish}",
            json={**LINE, **more, "external_id": external},
            headers=organisation.headers,
        ).json()
        answer = client.put(
            f"{own}/{made['id']}",
            json={**LINE, **more, "external_id": external, "contacts": OTHERS},
            headers={**organisation.headers, "If-Match": "*"},
        )
        assert answer.json()["listing"]["contacts"] == OTHERS


def test_a_whole_export_opens_for_an_hour_after_two_have_agreed(
    client, first, second, organisation, line, session
):
    approval = propose(client, first, "bulk_export", organisation.id)
    path = f"{PATH}/{approval}/export"
    assert client.get(path, headers=first).status_code == 409
    decide(client, second, approval)
    answer = client.get(path, headers=first)
    assert answer.headers["Cache-Control"] == "no-store"
    assert [record["type"] for record in answer.json()["items"]] == ["organisation", "listing"]
    assert client.get(path, headers=organisation.headers).status_code == 403
    session.execute(update(Approval).values(decided_at=func.now() - timedelta(minutes=61)))
    session.commit()
    assert client.get(path, headers=first).status_code == 410
