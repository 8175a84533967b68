"""Rows of referrals, written straight into the tables for tests of what lies under the services."""

import base64
import os
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from app.models import (
    Account,
    Listing,
    Organisation,
    Referral,
    ReferralConsent,
    ReferralEvent,
    ReferralKey,
    ReferralLink,
    ReferralSecret,
    ReferralSession,
)
from app.services.vault import DataKey, Vault, vault

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


def fresh_key() -> str:
    return base64.b64encode(os.urandom(32)).decode()


@dataclass(frozen=True)
class Places:
    """Two organisations with a listing each, and two tenants with a nurse each."""

    organisations: tuple[UUID, UUID]
    listings: tuple[UUID, UUID]
    accounts: tuple[UUID, UUID]
    tenants: tuple[str, str] = field(default=("SE2321000016-0001", "SE2120000142-0002"))


def make_places(session: Session) -> Places:
    organisations = [
        Organisation(external_id=name, name=name.title(), texts={}, verified_on=NOW)
        for name in ("kvarnen", "ugnen")
    ]
    session.add_all(organisations)
    session.flush()
    listings = [
        Listing(
            organisation_id=organisation.id,
            external_id="fika",
            kind="activity",
            status="published",
            texts={"sv": {"title": "Fika", "summary": "Kaffe."}},
            schedule=[],
            facts={},
        )
        for organisation in organisations
    ]
    accounts = [Account(issuer="https://id.example", subject=name) for name in ("nurse-a", "nurse-b")]
    session.add_all([*listings, *accounts])
    session.flush()
    return Places(
        tuple(one.id for one in organisations),
        tuple(one.id for one in listings),
        tuple(one.id for one in accounts),
    )


def make_referral(
    session: Session,
    places: Places,
    *,
    tenant: int = 0,
    organisation: int = 0,
    status: str = "requested",
    person: str | None = '{"alias":"Kanariefågeln"}',
    note: str | None = None,
    chest: Vault | None = None,
    **columns: object,
) -> UUID:
    """A referral with its key, its sealed person (none in the mode `code`), an event and a consent."""
    chest = chest or vault()
    columns.setdefault("mode", "light" if person else "code")
    open_ = status in {"requested", "accepted", "in-progress", "on-hold"}
    referral = Referral(
        correlation_id=UUID(int=1),
        status=status,
        requester_tenant=places.tenants[tenant],
        requester_unit="unit",
        requester_id=places.accounts[tenant],
        organisation_id=places.organisations[organisation],
        listing_id=places.listings[organisation],
        urgency="routine",
        protected_identity=False,
        next_action_by="organisation" if open_ else None,
        next_action_at=NOW + timedelta(days=2) if open_ else None,
        reason="other" if status in {"rejected", "cancelled", "on-hold", "failed"} else None,
        outcome="connected" if status == "completed" else None,
        **columns,
    )
    session.add(referral)
    session.flush()
    key, version, wrapped = chest.new_key("referral_key.wrapped_key", referral.id)
    session.add(ReferralKey(referral_id=referral.id, master_version=version, wrapped_key=wrapped))
    if person:
        sealed = key.seal("referral_secret.person", referral.id, person)
        session.add(ReferralSecret(referral_id=referral.id, person=sealed))
    event = ReferralEvent(
        referral_id=referral.id, number=1, kind="requested", to_status=status, actor="requester"
    )
    session.add(event)
    session.flush()
    if note:
        # The text is sealed for the event's row, whose id is known now; events are never updated.
        session.expunge(event)
        told = ReferralEvent(referral_id=referral.id, number=2, kind="info-supplied", actor="requester")
        told.id = UUID(int=event.id.int ^ 1)
        told.text = key.seal("referral_event.text", told.id, note)
        session.add(told)
    session.add(
        ReferralConsent(
            referral_id=referral.id,
            given_by="self",
            given_on=date(2026, 11, 20),
            expires_on=date(2027, 2, 20),
            recipient_id=referral.organisation_id,
            categories=["contact"],
            text_version="1",
            legal_basis="consent",
            legal_basis_noted_on=date(2026, 11, 20),
        )
    )
    session.flush()
    return referral.id


def key_of(session: Session, referral_id: UUID) -> DataKey:
    row = session.get_one(ReferralKey, referral_id)
    return vault().unwrap("referral_key.wrapped_key", referral_id, row.master_version, row.wrapped_key)


def person_of(session: Session, referral_id: UUID) -> str:
    secret = session.get_one(ReferralSecret, referral_id)
    return key_of(session, referral_id).open("referral_secret.person", referral_id, secret.person)


def add_access(session: Session, referral_id: UUID, organisation_id: UUID) -> None:
    """A link and a session of the organisation."""
    session.add(
        ReferralLink(
            referral_id=referral_id, organisation_id=organisation_id, expires_at=NOW + timedelta(days=14)
        )
    )
    session.add(
        ReferralSession(
            sha256=f"session of {referral_id}",
            referral_id=referral_id,
            actor="organisation",
            organisation_id=organisation_id,
            expires_at=NOW + timedelta(hours=1),
        )
    )
    session.flush()
