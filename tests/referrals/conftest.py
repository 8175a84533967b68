"""The square of referrals: made once a module, so that four hundred cases cost seconds."""

from collections.abc import Iterator

import pytest
from empty_tables import empty_tables
from fastapi.testclient import TestClient
from people import LOA2, LOA3, UNIT, LoginServer
from referral_rows import fresh_key
from referral_steps import Side, Square
from referral_world import Goal, make_goal

from app.config import get_settings
from app.services import accounts
from app.services.referral_rows import By

OTHER_TENANT, OTHER_UNIT = "SE2120000142-0002", "SE2120000142-00A2"


def staff(issuer: LoginServer, subject: str, tenant: str, unit: str) -> Side:
    headers = issuer.headers(
        subject, roles=["personal"], acr=LOA3, healthCareProviderHsaId=tenant, healthCareUnitHsaId=unit
    )
    actor = accounts.recognise(headers["Authorization"].removeprefix("Bearer "))
    return Side(headers, By("requester", actor.account_id, tenant=tenant, unit=unit))


def of_association(issuer: LoginServer, subject: str, goal: Goal) -> Side:
    headers = issuer.headers(subject, roles=["medlem"], acr=LOA2, organisation=str(goal.organisation))
    actor = accounts.recognise(headers["Authorization"].removeprefix("Bearer "))
    return Side(headers, By("organisation", actor.account_id, organisations=actor.organisations), goal)


@pytest.fixture(scope="module")
def referral_settings(schema: None, issuer: LoginServer) -> Iterator[pytest.MonkeyPatch]:
    """Keys, and a quota that many cases at once do not use up."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TORG_REFERRAL_KEYS", f"1:{fresh_key()}")
        patch.setenv("TORG_REFERRAL_INDEX_KEY", fresh_key())
        patch.setenv("TORG_REFERRAL_QUOTA", "1000000")
        get_settings.cache_clear()
        yield patch
    get_settings.cache_clear()


@pytest.fixture(scope="module")
def square(referral_settings: pytest.MonkeyPatch, issuer: LoginServer) -> Iterator[Square]:
    from app.main import create_app

    empty_tables()
    goals = make_goal("kaffekvarnen", "Kaffekvarnen"), make_goal("symaskinen", "Symaskinen")
    with TestClient(create_app(), base_url="http://testserver", raise_server_exceptions=False) as client:
        yield Square(
            client,
            staff(issuer, "nurse", "SE2321000016-A001", UNIT),
            staff(issuer, "other-nurse", OTHER_TENANT, OTHER_UNIT),
            of_association(issuer, "member", goals[0]),
            of_association(issuer, "other-member", goals[1]),
        )
    empty_tables()
