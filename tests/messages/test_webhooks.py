"""Webhooks over HTTP: who may have them, and messages that two independent libraries verify."""

import json
import subprocess

import pytest
from referral_rows import fresh_key
from sqlalchemy import select, update
from standardwebhooks import Webhook, WebhookVerificationError

from app import db
from app.config import get_settings
from app.models import AuditRow, WebhookEndpoint
from app.services import webhooks
from app.services.vault import SealBroken
from app.services.webhooks import Owner

MINE = "/api/v1/webhooks"


@pytest.fixture
def ours(organisation) -> str:
    return f"/api/v1/organisations/{organisation.id}/webhooks"


@pytest.fixture
def member(organisation, member_headers) -> dict[str, str]:
    return member_headers(organisation.id)


@pytest.fixture
def receiver(receivers):
    return receivers()


def made(client, path, headers, url, **wish):
    answer = client.post(path, json={"url": url, **wish}, headers=headers)
    assert answer.status_code == 201, answer.text
    return answer.json()


def tried(client, path, headers, webhook):
    answer = client.post(f"{path}/{webhook['id']}/test", headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_the_secret_is_answered_once_and_kept_sealed(client, ours, member, receiver):
    webhook = made(client, ours, member, receiver.url, events=["referral.requested"])
    assert webhook["secret"].startswith("whsec_")
    listed = client.get(ours, headers=member)
    assert listed.headers["Cache-Control"] == "private, no-store"
    (shown,) = listed.json()["items"]
    assert shown == {name: value for name, value in webhook.items() if name != "secret"}
    with db.session_scope() as session:
        row = session.scalars(select(WebhookEndpoint)).one()
        held = b"".join(value for value in vars(row).values() if isinstance(value, bytes))
        assert webhook["secret"].removeprefix("whsec_").encode() not in held
        assert [(one.action, one.subject) for one in session.scalars(select(AuditRow))][-1] == (
            "create",
            row.id,
        )


@pytest.mark.parametrize(
    "other",
    [{"tenant": "SE2120000142-0002"}, {"unit": "SE2321000016-A0E9"}, {"unit": None}],
    ids=["another care provider", "another unit", "no unit"],
)
def test_a_unit_has_webhooks_of_its_own(client, staff_headers, receiver, other):
    webhook = made(client, MINE, staff_headers(), receiver.url)
    colleague = staff_headers(subject="colleague")
    assert [one["id"] for one in client.get(MINE, headers=colleague).json()["items"]] == [webhook["id"]]
    others = staff_headers(**{**other, "subject": "stranger"})
    assert client.get(MINE, headers=others).json()["items"] == []
    for method, path in (("DELETE", ""), ("POST", "/rotate"), ("POST", "/test")):
        answer = client.request(method, f"{MINE}/{webhook['id']}{path}", headers=others)
        assert answer.status_code == 404, path
    assert receiver.got == []
    # And the other way round.
    theirs = made(client, MINE, others, receiver.url)
    assert client.delete(f"{MINE}/{theirs['id']}", headers=colleague).status_code == 404
    assert client.post(f"{MINE}/{webhook['id']}/rotate", headers=colleague).status_code == 200
    assert client.delete(f"{MINE}/{webhook['id']}", headers=colleague).status_code == 204
    assert [one["id"] for one in client.get(MINE, headers=others).json()["items"]] == [theirs["id"]]


def test_another_organisations_webhooks_are_not_found(
    client, ours, member, other_organisation, member_headers, receiver
):
    webhook = made(client, ours, member, receiver.url)
    stranger = member_headers(other_organisation.id, subject="stranger")
    theirs = ours.replace(ours.split("/")[4], str(other_organisation.id))
    for method, path in (
        *(("GET", ours), ("POST", ours), ("DELETE", f"{ours}/{webhook['id']}")),
        *(("POST", f"{ours}/{webhook['id']}/rotate"), ("POST", f"{ours}/{webhook['id']}/test")),
        # Through one's own organisation, too.
        *(("DELETE", f"{theirs}/{webhook['id']}"), ("POST", f"{theirs}/{webhook['id']}/rotate")),
    ):
        body = {"url": receiver.url} if path == ours and method == "POST" else None
        assert client.request(method, path, headers=stranger, json=body).status_code == 404, (method, path)


def test_neither_api_keys_nor_nobody_nor_the_other_side_may(
    client, ours, organisation, member, staff_headers
):
    for path, wrong in ((ours, staff_headers()), (MINE, member)):
        assert client.get(path).status_code == 401
        assert client.get(path, headers=organisation.headers).status_code == 403
        assert client.get(path, headers=wrong).status_code == 403


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("http://receiver.example/", "not_https"),
        ("https://127.1/", "private_address"),
        ("https://169.254.169.254/latest/meta-data", "private_address"),
        ("https://[::ffff:10.0.0.1]/", "private_address"),
        ("https://localhost/", "private_address"),
        ("https://me:secret@receiver.example/", "credentials_in_url"),
    ],
)
def test_an_address_we_would_never_call_is_refused_at_registration(client, ours, member, settings, url, code):
    answer = client.post(ours, json={"url": url}, headers=member)
    assert answer.status_code == 422
    (problem,) = answer.json()["errors"]
    assert (problem["pointer"], problem["code"]) == ("/url", code)
    assert problem["message"].endswith(".")
    assert client.get(ours, headers=member).json()["items"] == []


@pytest.mark.parametrize(
    "wish",
    [{}, {"url": 1}, {"url": "x\r\ny"}, {"url": "https://a.example", "events": ["no.such"]}, {"secret": "s"}],
)
def test_a_wish_that_cannot_be_read_is_refused(client, ours, member, wish):
    assert client.post(ours, json=wish, headers=member).status_code == 422


def test_the_same_address_twice_and_an_eleventh_are_refused(client, ours, member, receiver):
    for number in range(10):
        made(client, ours, member, f"{receiver.url}{number}")
    assert client.post(ours, json={"url": f"{receiver.url}3"}, headers=member).status_code == 409
    assert client.post(ours, json={"url": f"{receiver.url}10"}, headers=member).status_code == 409


def test_a_test_message_is_sent_at_once_and_its_signature_holds(client, ours, member, receiver):
    webhook = made(client, ours, member, receiver.url)
    assert tried(client, ours, member, webhook) == {"delivered": True, "status": 204, "reason": None}
    (got,) = receiver.got
    assert Webhook(webhook["secret"]).verify(got.body, got.headers)["type"] == "webhook.test"
    with pytest.raises(WebhookVerificationError):
        Webhook(webhook["secret"]).verify(got.body.replace("test", "tost"), got.headers)


@pytest.mark.parametrize(
    ("status", "told"),
    [
        (500, {"delivered": False, "status": 500, "reason": None}),
        (302, {"delivered": False, "status": None, "reason": "redirect"}),
    ],
)
def test_a_test_message_tells_how_it_was_received(client, ours, member, receivers, status, told):
    receiver = receivers(status=status)
    webhook = made(client, ours, member, receiver.url)
    assert tried(client, ours, member, webhook) == told
    assert len(receiver.got) == 1


def test_an_address_that_has_become_private_is_refused_when_it_is_called(client, ours, member, receiver):
    webhook = made(client, ours, member, receiver.url)
    with db.session_scope() as session:
        session.execute(update(WebhookEndpoint).values(url="https://localhost/"))
    assert tried(client, ours, member, webhook)["reason"] == "private-address"
    assert receiver.got == []


def test_both_secrets_sign_for_a_day_after_a_rotation(client, ours, member, receiver):
    first = made(client, ours, member, receiver.url)
    second = client.post(f"{ours}/{first['id']}/rotate", headers=member).json()
    assert second["secret"] != first["secret"]
    tried(client, ours, member, first)
    with db.session_scope() as session:
        session.execute(update(WebhookEndpoint).values(previous_until=WebhookEndpoint.created_at))
    tried(client, ours, member, first)
    during, after = receiver.got
    for webhook in (first, second):
        Webhook(webhook["secret"]).verify(during.body, during.headers)
    Webhook(second["secret"]).verify(after.body, after.headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(first["secret"]).verify(after.body, after.headers)


def test_the_javascript_library_verifies_too(client, ours, member, receiver, node_folder):
    first = made(client, ours, member, receiver.url)
    second = client.post(f"{ours}/{first['id']}/rotate", headers=member).json()
    tried(client, ours, member, first)
    (got,) = receiver.got
    asked = [
        {"secret": secret, "headers": got.headers, "body": body}
        for secret, body in (
            (first["secret"], got.body),
            (second["secret"], got.body),
            (second["secret"], got.body + " "),
            ("whsec_" + fresh_key(), got.body),
        )
    ]
    said = subprocess.run(
        ["node", "verify_webhooks.js"],
        cwd=node_folder, input=json.dumps(asked), capture_output=True, text=True, check=True,
    )  # fmt: skip
    wrong = "WebhookVerificationError"
    assert json.loads(said.stdout) == ["webhook.test", "webhook.test", wrong, wrong]


def test_a_deleted_webhook_is_gone(client, ours, member, receiver):
    webhook = made(client, ours, member, receiver.url)
    assert client.delete(f"{ours}/{webhook['id']}", headers=member).status_code == 204
    assert client.get(ours, headers=member).json()["items"] == []
    assert client.delete(f"{ours}/{webhook['id']}", headers=member).status_code == 404


def test_without_keys_no_webhook_is_made(client, ours, member, receiver, settings):
    settings.delenv("TORG_REFERRAL_KEYS")
    settings.delenv("TORG_REFERRAL_INDEX_KEY")
    get_settings.cache_clear()
    assert client.post(ours, json={"url": receiver.url}, headers=member).status_code == 503


def test_a_secret_moved_to_another_endpoint_does_not_open(client, ours, member, receiver):
    first, second = (made(client, ours, member, f"{receiver.url}{n}") for n in (1, 2))
    with db.session_scope() as session:
        stolen = session.scalar(select(WebhookEndpoint.secret).where(WebhookEndpoint.id == first["id"]))
        session.execute(
            update(WebhookEndpoint).where(WebhookEndpoint.id == second["id"]).values(secret=stolen)
        )
        owner = Owner(organisation_id=session.scalar(select(WebhookEndpoint.organisation_id).limit(1)))
    with pytest.raises(SealBroken):
        webhooks.try_out(owner, second["id"])
