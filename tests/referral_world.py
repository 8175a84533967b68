"""A small world for referrals: verified associations with listings, staff, a person."""

import base64
import os
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from people import Headers, HeadersOf

from app import db
from app.config import get_settings
from app.services.wall_clock import today

TODAY = today()  # in Sweden, where it is tomorrow for an hour or two each night
PHONE = "070-174 06 05"


@dataclass(frozen=True)
class Goal:
    """An organisation that may receive referrals, and a listing of it."""

    organisation: UUID
    listing: UUID
    name: str


@pytest.fixture
def referral_keys(stores: object) -> Iterator[None]:
    """Keys for sealing, as an operator would set them."""
    wanted = {
        "TORG_REFERRAL_KEYS": f"1:{base64.b64encode(secrets.token_bytes(32)).decode()}",
        "TORG_REFERRAL_INDEX_KEY": base64.b64encode(secrets.token_bytes(32)).decode(),
    }
    before = {name: os.environ.get(name) for name in wanted}
    os.environ.update(wanted)
    get_settings.cache_clear()
    yield
    for name, value in before.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value
    get_settings.cache_clear()


def make_goal(
    external_id: str, name: str, *, verified: bool = True, safeguarding: bool | None = True, **listing: Any
) -> Goal:
    """An organisation and its published listing, committed."""
    from app.models import Organisation
    from app.schemas.listing import ListingIn
    from app.schemas.organisation import OrganisationIn
    from app.services import listings, organisations

    with db.session_scope() as session:
        record = OrganisationIn.model_validate(
            {
                "external_id": external_id,
                "name": name,
                "email": f"hej@{external_id}.example",
                **({} if safeguarding is None else {"child_safeguarding": safeguarding}),
            }
        )
        organisation, _ = organisations.save(session, record, actor="test")
        assert isinstance(organisation, Organisation)
        organisation.verified_on = datetime.now(UTC) if verified else None
        sent = {
            "external_id": f"{external_id}-cafe",
            "kind": "activity",
            "texts": {"sv": {"title": f"Öppet café hos {name}", "summary": "Kom och fika."}},
            "categories": ["coffee-meetup"],
            "contacts": [{"channel": "phone", "value": "08-465 004 12"}],
            **listing,
        }
        made, _ = listings.save(
            session, organisation, ListingIn.model_validate(sent), actor="test", status="published"
        )
        return Goal(organisation.id, made.id, name)


@pytest.fixture
def goal(clean: None, referral_keys: None) -> Goal:
    return make_goal("kaffekvarnen", "Föreningen Kaffekvarnen")


@pytest.fixture
def other_goal(clean: None, referral_keys: None) -> Goal:
    return make_goal("symaskinen", "Föreningen Symaskinen")


@pytest.fixture
def nurse(staff_headers: HeadersOf) -> Headers:
    return staff_headers()


@pytest.fixture
def member(member_headers: HeadersOf, goal: Goal) -> Headers:
    """A member of the organisation of `goal`."""
    return member_headers(goal.organisation)


AGREED = ("contact", "needs", "note")
WITH_FEEDBACK = (*AGREED, "feedback")


def referral_to(goal: Goal, *, agreed: tuple[str, ...] = AGREED, **fields: Any) -> dict[str, Any]:
    """The body of a good referral in the mode `light`; a field given as None is left out.

    `agreed`: the categories of the consent.
    """
    body: dict[str, Any] = {
        "listing_id": str(goal.listing),
        "mode": "light",
        "municipality_code": "0180",
        "language": "sv",
        "age_band": "65-79",
        "access_needs": ["step-free"],
        "person": {
            "alias": "Kim",
            "contact": {"channel": "phone", "value": PHONE},
            "safe_to_leave_message": False,
            "contact_windows": [{"days": ["mo", "we"], "from": "09:00", "to": "12:00"}],
            "note": "Vill gärna bli mött vid dörren.",
        },
        "consent": {
            "given_by": "self",
            "given_on": TODAY.isoformat(),
            "expires_on": (TODAY + timedelta(days=90)).isoformat(),
            "recipient": str(goal.organisation),
            "categories": list(agreed),
            "text_version": "2026-1",
        },
        "legal_basis": {"code": "consent", "noted_on": TODAY.isoformat()},
        **fields,
    }
    return {name: value for name, value in body.items() if value is not None}


def code_referral_to(goal: Goal, **fields: Any) -> dict[str, Any]:
    """The body of a referral in the mode `code`, which tells nothing of the person."""
    return referral_to(goal, mode="code", person=None, consent=None, legal_basis=None, **fields)
