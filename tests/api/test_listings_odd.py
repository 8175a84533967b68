"""What a careless or unlucky integrator sends, over HTTP."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from app.services.wall_clock import STOCKHOLM

LISTING = {
    "external_id": "fika",
    "kind": "activity",
    "texts": {"sv": {"title": "Fika", "summary": "Kaffe för alla."}},
    "categories": ["coffee-meetup"],
    "contacts": [{"channel": "phone", "value": "08-465 004 12"}],
}


def _path(organisation, rest=""):
    return f"/api/v1/organisations/{organisation.id}/listings{rest}"


@pytest.fixture
def anyhow(organisation):
    return organisation.headers | {"If-Match": "*"}


def errors(answer):
    return [(error["pointer"], error["code"]) for error in answer.json()["errors"]]


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_a_listing_cannot_take_the_external_id_of_another(client, organisation, anyhow, method):
    client.post(_path(organisation), json=LISTING, headers=organisation.headers)
    second = client.post(_path(organisation), json={"kind": "activity"}, headers=organisation.headers).json()
    taken = client.request(method, _path(organisation, f"/{second['id']}"), json=LISTING, headers=anyhow)
    assert taken.status_code == 409
    assert errors(taken) == [("/external_id", "taken")]


@pytest.mark.parametrize("path", ["", "/by-external-id/fika"])
def test_of_registrations_at_the_same_time_one_wins_and_the_others_are_told(client, organisation, path):
    def send(_):
        method = "PUT" if path else "POST"
        answer = client.request(method, _path(organisation, path), json=LISTING, headers=organisation.headers)
        return answer.status_code

    with ThreadPoolExecutor(6) as senders:
        statuses = sorted(senders.map(send, range(6)))
    assert statuses[0] == 201
    assert set(statuses[1:]) <= {409, 428}  # 428: it came late enough to see the first one's row
    assert client.get(_path(organisation), headers=organisation.headers).json()["total"] == 1


def test_an_archived_listing_is_changed_no_more(client, organisation, anyhow):
    made = client.post(_path(organisation, "?publish=true"), json=LISTING, headers=organisation.headers)
    own = _path(organisation, f"/{made.json()['id']}")
    assert client.post(own + "/archive", headers=organisation.headers).status_code == 200
    changed = LISTING | {"cost": {"kind": "free"}}
    by_name = _path(organisation, "/by-external-id/fika")
    for method, path in (("PUT", own), ("PATCH", own), ("PUT", by_name), ("PUT", by_name + "?publish=true")):
        assert client.request(method, path, json=changed, headers=anyhow).status_code == 409, (method, path)
    for step in ("publish", "pause", "archive", "confirm"):
        assert client.post(f"{own}/{step}", headers=organisation.headers).status_code == 409, step
    assert "cost" not in client.get(own, headers=organisation.headers).json()["listing"]


def test_nothing_is_confirmed_in_the_future(client, organisation):
    today = datetime.now(STOCKHOLM).date()
    for day, status in ((today, 201), (today + timedelta(days=1), 422)):
        body = {"kind": "activity", "confirmed_on": day.isoformat()}
        answer = client.post(_path(organisation), json=body, headers=organisation.headers)
        assert answer.status_code == status
    assert errors(answer) == [("/confirmed_on", "in_the_future")]


@pytest.mark.parametrize(
    "day", [0, 1.5, True, "0", "2026-01-01T00:00:00Z", "1700000000", "26-01-01", "2026-02-30"]
)
def test_a_day_is_written_as_a_date_and_nothing_else(client, organisation, day):
    body = {"kind": "activity", "confirmed_on": day}
    answer = client.post(_path(organisation), json=body, headers=organisation.headers)
    assert answer.status_code == 422
    assert [pointer for pointer, _ in errors(answer)] == ["/confirmed_on"]


@pytest.mark.parametrize("amount", ["40", True, "Infinity"])
def test_an_amount_is_a_number(client, organisation, amount):
    body = {"kind": "activity", "cost": {"kind": "paid", "min_sek": amount}}
    answer = client.post(_path(organisation), json=body, headers=organisation.headers)
    assert answer.status_code == 422
    assert [pointer for pointer, _ in errors(answer)] == ["/cost/min_sek"]


@pytest.mark.parametrize("title", ["\u200b", "\u00ad\u2060", "\x07", " \u00a0 "])
def test_a_text_holds_something_that_can_be_seen(client, organisation, title):
    body = {"kind": "activity", "texts": {"sv": {"title": title}}}
    answer = client.post(_path(organisation), json=body, headers=organisation.headers)
    assert answer.status_code == 422
    assert [pointer for pointer, _ in errors(answer)] == ["/texts/sv/title"]


@pytest.mark.parametrize(
    ("tag", "status"),
    [
        ('"v1"', 200),
        ('"v7", "v1"', 200),
        ("*", 200),
        ("v1", 412),
        ('W/"v1"', 412),
        ('""', 412),
        (f'"v{10**30}"', 412),
        ("x" * 201, 422),
        (None, 428),
    ],
)
def test_only_the_strong_tag_of_what_is_there_lets_a_change_in(client, organisation, tag, status):
    made = client.post(_path(organisation), json=LISTING, headers=organisation.headers).json()
    headers = organisation.headers | ({"If-Match": tag} if tag is not None else {})
    answer = client.patch(_path(organisation, f"/{made['id']}"), json={"kind": "activity"}, headers=headers)
    assert answer.status_code == status


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "application/xml", None])
def test_a_body_that_is_not_said_to_be_json_is_a_format_we_do_not_take(client, organisation, kind):
    headers = organisation.headers | ({"Content-Type": kind} if kind else {})
    answer = client.post(_path(organisation), content=b'{"kind": "activity"}', headers=headers)
    assert answer.status_code == 415
    for kind_of_json in ("application/json; charset=utf-8", "application/merge-patch+json"):
        headers = organisation.headers | {"Content-Type": kind_of_json}
        answer = client.post(_path(organisation), content=b'{"kind": "activity"}', headers=headers)
        assert answer.status_code == 201


def test_a_wrong_key_of_an_object_is_pointed_at(client, organisation):
    body = {"kind": "activity", "facts": {"Drop In": True}, "texts": {"Swedish": {"title": "Fika"}}}
    answer = client.post(_path(organisation), json=body, headers=organisation.headers)
    assert [pointer for pointer, _ in errors(answer)] == ["/texts/Swedish", "/facts/Drop In"]


def test_a_title_with_nul_is_asked_for_in_vain(client, organisation):
    answer = client.get(_path(organisation), params={"q": "a\0b"}, headers=organisation.headers)
    assert answer.status_code == 422
    assert [pointer for pointer, _ in errors(answer)] == ["/q"]


def test_a_key_ends_at_an_instant_and_not_at_some_clocks_time(client, organisation):
    path = f"/api/v1/organisations/{organisation.id}/keys"
    wish = {"name": "webb", "scopes": ["listings:write"], "expires_at": "2030-01-01T00:00:00"}
    answer = client.post(path, json=wish, headers=organisation.headers)
    assert answer.status_code == 422
    assert [pointer for pointer, _ in errors(answer)] == ["/expires_at"]


@pytest.mark.parametrize(
    "address", ["javascript:alert(1)", "kaffe.example", "ftp://kaffe.example", "ring oss"]
)
def test_a_web_contact_is_a_web_page(client, organisation, address):
    body = {"kind": "activity", "contacts": [{"channel": "web", "value": address}]}
    answer = client.post(_path(organisation), json=body, headers=organisation.headers)
    assert answer.status_code == 422
    assert [pointer for pointer, _ in errors(answer)] == ["/contacts/0/value"]


def test_of_organisations_made_at_the_same_time_one_wins_and_the_others_are_told(client, operator):
    def send(_):
        body = {"external_id": "kaffe-farsta", "name": "Kaffe i Farsta"}
        return client.post("/api/v1/organisations", json=body, headers=operator).status_code

    with ThreadPoolExecutor(6) as senders:
        assert sorted(senders.map(send, range(6))) == [201, 409, 409, 409, 409, 409]


def test_what_the_database_refuses_is_told_without_its_values(session):
    with pytest.raises(IntegrityError) as refused:
        session.execute(text("INSERT INTO venue (id, lat, fingerprint) VALUES (:id, :lat, :secret)"),
                        {"id": uuid4(), "lat": 91, "secret": "Hemliga gränd 7"})  # fmt: skip
    assert "[parameters" not in str(refused.value)
