"""API keys over HTTP."""

import hashlib

from sqlalchemy import select

from app.models import ApiKey
from app.services import identity


def _path(organisation):
    return f"/api/v1/organisations/{organisation.id}/keys"


def test_a_key_is_shown_once_and_kept_as_sha256(client, organisation, session):
    made = client.post(
        _path(organisation), json={"name": "webb", "scopes": ["listings:write"]}, headers=organisation.headers
    )
    assert made.status_code == 201
    token = made.json()["token"]
    assert identity.looks_like_a_key(token)
    kept = session.scalars(select(ApiKey.sha256)).all()
    assert hashlib.sha256(token.encode()).hexdigest() in kept
    listed = client.get(_path(organisation), headers=organisation.headers)
    assert len(listed.json()["items"]) == 2
    assert token not in listed.text


def test_a_third_active_key_must_wait_for_a_revocation(client, organisation):
    wish = {"name": "webb", "scopes": ["listings:write"]}
    second = client.post(_path(organisation), json=wish, headers=organisation.headers)
    assert second.status_code == 201
    assert client.post(_path(organisation), json=wish, headers=organisation.headers).status_code == 409
    gone = client.delete(f"{_path(organisation)}/{second.json()['id']}", headers=organisation.headers)
    assert gone.status_code == 204
    assert client.post(_path(organisation), json=wish, headers=organisation.headers).status_code == 201


def test_a_revoked_or_expired_key_opens_nothing(client, organisation):
    wish = {"name": "webb", "scopes": ["listings:write"], "expires_at": "2020-01-01T00:00:00Z"}
    expired = client.post(_path(organisation), json=wish, headers=organisation.headers).json()["token"]
    listings = f"/api/v1/organisations/{organisation.id}/listings"
    answer = client.get(listings, headers={"Authorization": f"Bearer {expired}"})
    assert answer.status_code == 401


def test_a_key_does_only_what_its_scopes_say(client, organisation):
    wish = {"name": "webb", "scopes": ["listings:write"]}
    token = client.post(_path(organisation), json=wish, headers=organisation.headers).json()["token"]
    answer = client.get(_path(organisation), headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 403


def test_using_a_key_is_noted(client, organisation, session):
    client.get(_path(organisation), headers=organisation.headers)
    assert session.scalar(select(ApiKey.last_used_at)) is not None


def test_another_organisations_keys_are_not_found(client, organisation, other_organisation):
    assert client.get(_path(other_organisation), headers=organisation.headers).status_code == 404
