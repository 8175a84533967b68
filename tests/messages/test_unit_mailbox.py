"""A unit's mailbox: set and read by its own staff, and told by mail what becomes of its referrals."""

from datetime import UTC, datetime, timedelta

import pytest
from mailboxes import taken
from message_cases import rows, time_passes
from referral_world import referral_to
from sqlalchemy import text

from app import db
from app.models import AuditRow, Notification, OutboxJob, ReferralLink
from app.services import deliveries, referral_due

PATH = "/api/v1/unit-mailbox"
UNIT_MAIL = "mottagningen@region.example"


def put(client, headers, address=UNIT_MAIL, **more):
    return client.put(PATH, json={"address": address}, headers={**headers, **more})


@pytest.fixture
def mailbox(client, goal, nurse):
    made = put(client, nurse)
    assert made.status_code == 201, made.text
    return made


@pytest.fixture
def made(client, goal, nurse, mailbox):
    answer = client.post("/api/v1/referrals", json=referral_to(goal), headers=nurse)
    assert answer.status_code == 201, answer.text
    return answer.json()


def step(client, path, headers, version, **body):
    answer = client.post(f"/api/v1/{path}", json=body, headers={**headers, "If-Match": f'"v{version}"'})
    assert answer.status_code == 200, answer.text


def to_unit(folder):
    return [mail for mail in taken(folder) if mail["To"] == UNIT_MAIL]


def subjects(folder):
    return [str(mail["Subject"]).partition(" – ")[0] for mail in to_unit(folder)]


def test_a_unit_sets_reads_replaces_and_removes_its_mailbox(client, goal, nurse, mailbox):
    assert client.get(PATH, headers=nurse).json() == mailbox.json()
    assert mailbox.json()["address"] == UNIT_MAIL
    tag = {"If-Match": mailbox.headers["ETag"]}
    assert put(client, nurse, "nya@region.example").status_code == 428
    replaced = put(client, nurse, "nya@region.example", **tag)
    assert (replaced.status_code, replaced.json()["address"]) == (200, "nya@region.example")
    assert put(client, nurse, "igen@region.example", **tag).status_code == 412
    assert client.delete(PATH, headers=nurse).status_code == 428
    tag = {"If-Match": replaced.headers["ETag"]}
    assert client.delete(PATH, headers={**nurse, **tag}).status_code == 204
    assert client.get(PATH, headers=nurse).status_code == 404
    assert client.delete(PATH, headers={**nurse, **tag}).status_code == 404
    again = put(client, nurse, "igen@region.example", **tag)
    assert (again.status_code, again.json()["detail"]) == (412, "Den togs bort efter att du läste den.")
    with db.session_scope() as session:
        noted = [(row.action, row.fields) for row in session.query(AuditRow).order_by(AuditRow.id)]
    assert noted[-3:] == [("create", None), ("update", None), ("delete", None)]


def test_it_is_the_units_own(client, goal, nurse, mailbox, staff_headers, member):
    for stranger in (
        staff_headers(unit="SE2321000016-A0E9", subject="next-door"),
        staff_headers(unit=None, subject="nowhere"),
        staff_headers(tenant="SE2321000016-B001", subject="stranger"),
    ):
        assert client.get(PATH, headers=stranger).status_code == 404
        assert client.delete(PATH, headers={**stranger, "If-Match": "*"}).status_code == 404
        assert put(client, stranger, "egen@region.example").status_code == 201
    assert client.get(PATH, headers=nurse).json()["address"] == UNIT_MAIL
    colleague = staff_headers(subject="colleague")
    assert client.get(PATH, headers=colleague).json()["address"] == UNIT_MAIL
    assert client.get(PATH, headers=member).status_code == 403
    assert client.get(PATH).status_code == 401


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"address": "ingen adress"},
        {"address": "a@b.example\r\nBcc: c@d.example"},
        {"address": "a@b.example, c@d.example"},
        {"address": "a" * 250 + "@b.example"},
        {"address": UNIT_MAIL, "unit": "SE2321000016-A0E9"},
        {"address": UNIT_MAIL, "tenant": "SE2321000016-B001"},
    ],
)
def test_what_is_no_address_and_whose_it_is_are_refused(client, goal, nurse, body):
    assert client.put(PATH, json=body, headers=nurse).status_code == 422
    assert client.get(PATH, headers=nurse).status_code == 404


def test_it_is_told_of_each_step_without_link_and_person(client, made, nurse, member, mail_server):
    folder = mail_server("accept")
    step(client, f"inbox/{made['id']}/events", member, 1, kind="info-requested", text="Behövs hiss?")
    step(client, f"referrals/{made['id']}/info", nurse, 2, text="Ja.")
    deliveries.deliver("email")
    step(client, f"inbox/{made['id']}/status", member, 3, status="accepted")
    deliveries.deliver("email")
    assert subjects(folder) == ["En fråga", "Något har hänt"]
    for mail in to_unit(folder):
        told = mail.get_content()
        assert made["id"] in told
        assert "http" not in told
        assert "Kim" not in told
        assert mail["X-Correlation-ID"] == made["correlation_id"]
    links = {str(link.organisation_id) for link in rows(ReferralLink)}
    assert links == {made["organisation"]["id"]}


def test_a_reminder_an_expiry_and_a_withdrawal_reach_a_requester_without_a_webhook(
    client, goal, nurse, made, mail_server
):
    folder = mail_server("accept")
    other = referral_to(goal)
    other["person"]["contact"]["value"] = "070-174 06 32"
    hers = client.post("/api/v1/referrals", json=other, headers=nurse).json()
    gone = client.post(
        "/api/v1/my-referral/status",
        json={"code": hers["code"], "status": "cancelled"},
        headers={"If-Match": '"v1"'},
    )
    assert gone.status_code == 200, gone.text
    deliveries.deliver("email")
    referral_due.run(datetime.now(UTC) + timedelta(days=7))
    deliveries.deliver("email")
    referral_due.run(datetime.now(UTC) + timedelta(days=15))
    deliveries.deliver("email")
    assert subjects(folder) == [
        "En hänvisning har dragits tillbaka",
        "Påminnelse",
        "En hänvisning har gått ut",
    ]


def test_another_units_referral_is_not_told_there(client, goal, mailbox, staff_headers, member, mail_server):
    folder = mail_server("accept")
    for number, unit in enumerate(("SE2321000016-A0E9", None)):
        body = referral_to(goal)
        body["person"]["contact"]["value"] = f"070-174 06 3{number}"
        headers = staff_headers(unit=unit, subject=f"other-{number}")
        one = client.post("/api/v1/referrals", json=body, headers=headers).json()
        step(client, f"inbox/{one['id']}/status", member, 1, status="accepted")
    deliveries.deliver("email")
    assert to_unit(folder) == []


def test_staff_without_a_unit_share_the_mailbox_of_their_care_provider(
    client, goal, staff_headers, member, mail_server
):
    folder = mail_server("accept")
    nobodys = staff_headers(unit=None, subject="school-nurse")
    assert put(client, staff_headers(unit=None, subject="another")).json()["unit"] is None
    one = client.post("/api/v1/referrals", json=referral_to(goal), headers=nobodys).json()
    step(client, f"inbox/{one['id']}/status", member, 1, status="accepted")
    deliveries.deliver("email")
    assert len(to_unit(folder)) == 1


def test_what_waits_goes_where_the_mailbox_is_now_and_nowhere_when_it_is_gone(
    client, made, nurse, member, mail_server, mailbox
):
    mail_server("later")
    step(client, f"inbox/{made['id']}/status", member, 1, status="accepted")
    deliveries.deliver("email")
    moved = put(client, nurse, "nya@region.example", **{"If-Match": mailbox.headers["ETag"]})
    folder = mail_server("accept")
    time_passes()
    deliveries.deliver("email")
    assert "nya@region.example" in {str(mail["To"]) for mail in taken(folder)}
    step(client, f"inbox/{made['id']}/events", member, 2, kind="attended")
    client.delete(PATH, headers={**nurse, "If-Match": moved.headers["ETag"]})
    before = len(taken(folder))
    deliveries.deliver("email")
    assert len(taken(folder)) == before
    assert [job for job in rows(OutboxJob) if job.kind == "notify"] == []


def test_a_mailbox_that_does_not_exist_is_given_up_and_seen(client, made, member, mail_server):
    mail_server("refuse")
    step(client, f"inbox/{made['id']}/status", member, 1, status="accepted")
    deliveries.deliver("email")
    with db.session_scope() as session:
        asked = "SELECT last_error FROM notification WHERE organisation_id IS NULL"
        assert session.scalar(text(asked)) == "smtp-550"


def test_who_asked_for_herself_has_no_unit_to_tell(client, goal, mailbox, member):
    body = referral_to(goal)
    wish = {name: body[name] for name in ("listing_id", "age_band", "person")} | {"text_version": "2026-1"}
    assert client.post("/api/v1/self-referrals", json=wish).status_code == 201
    (one,) = client.get("/api/v1/inbox", headers=member).json()["items"]
    step(client, f"inbox/{one['id']}/status", member, 1, status="accepted")
    assert {row.organisation_id is None for row in rows(Notification)} == {False}
