"""Referrals as each party may see them: progressive disclosure in one place."""

from typing import Any
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from app.models import Listing, Organisation, Referral, ReferralConsent
from app.schemas.referral_answer import (
    ConsentOut,
    EventOut,
    InboxReferral,
    OutcomeOut,
    ReferralMade,
    ReferralNamed,
    ReferralOut,
    Referrals,
    Teaser,
)
from app.schemas.referral_change import Measures
from app.schemas.referral_list import InboxQuery
from app.schemas.referral_terms import Party, Status
from app.services import codes, referral_rows
from app.services.referral_rows import By, person_of
from app.services.referral_states import OPEN, next_events, next_statuses
from app.services.vault import vault

_PLAIN = (
    "id", "correlation_id", "mode", "status", "sub_status", "reason", "version", "municipality_code",
    "language", "interpreter", "age_band", "access_needs", "urgency", "next_action_by", "next_action_at",
    "requested_at", "expires_at", "accepted_at", "closed_at", "created_at", "updated_at",
)  # fmt: skip
_OWN = (
    "rerouted_from",
    "protected_identity",
    "decided_by",
    "maturity_assessed",
    "shred_after",
    "shredded_at",
)
_CONSENT = (
    "given_by",
    "given_on",
    "expires_on",
    "categories",
    "text_version",
    "withdrawn_at",
    "legal_basis",
    "legal_basis_noted_on",
)


def is_closed(referral: Referral) -> bool:
    return referral.status != "draft" and referral.status not in OPEN


def for_requester(session: Session, referral: Referral, by: By) -> ReferralOut:
    """All of it. Reading what tells of the person is written down."""
    person = person_of(session, referral)
    if person is not None:
        referral_rows.note(session, referral, by, "read", ["person"])
    return ReferralOut(
        **_teaser(session, referral, "requester"),
        **{name: getattr(referral, name) for name in _OWN},
        person=person,
        consent=consent_of(referral_rows.consent(session, referral.id)),
    )


def consent_of(row: ReferralConsent | None) -> ConsentOut | None:
    """The waiver and the legal basis, as the requester sees them."""
    if row is None:
        return None
    return ConsentOut(recipient=row.recipient_id, **{name: getattr(row, name) for name in _CONSENT})


def teaser(session: Session, referral: Referral, by: By) -> Teaser:
    """What may be seen before acceptance, whatever its status now. Reading measures is written down."""
    shown = Teaser(**_teaser(session, referral, by.party))
    if shown.outcome.measures is not None:
        referral_rows.note(session, referral, by, "read", ["measures"])
    return shown


def teasers(session: Session, rows: list[Referral], party: Party) -> list[Teaser]:
    """As a list has them: nothing in it tells of persons."""
    known = names(session, rows)
    return [Teaser(**_teaser(session, row, party, known, measures=False)) for row in rows]


def when_made(session: Session, referral: Referral, by: By) -> ReferralMade:
    """As `for_requester`, with the person's code."""
    shown = for_requester(session, referral, by)
    return ReferralMade(**dict(shown), code=codes.code_of(vault(), referral.id))


def for_organisation(session: Session, referral: Referral, by: By) -> InboxReferral:
    """The teaser; what tells of the person only after acceptance, and while her waiver lasts."""
    consent = referral_rows.consent(session, referral.id)
    ended = consent is not None and referral_rows.has_ended(consent)
    disclosed = referral.accepted_at is not None and not ended
    person = person_of(session, referral) if disclosed else None
    if person is not None:
        referral_rows.note(session, referral, by, "read", ["person"])
    return InboxReferral(
        **_teaser(session, referral, "organisation"),
        person=person,
        consent_categories=list(consent.categories) if consent else [],
    )


def listed(session: Session, query: Select[Referral], asked: InboxQuery, *, party: Party) -> Referrals:
    """Teasers alone: a list never tells of persons."""
    rows, total = referral_rows.page(session, query, asked)
    return Referrals(items=teasers(session, rows, party), total=total, limit=asked.limit, page=asked.page)


def events(session: Session, referral: Referral, by: By) -> list[EventOut]:
    """What happened, with the words that were said. Reading words is written down."""
    rows = referral_rows.events(session, referral.id)
    key = referral_rows.data_key(session, referral.id)
    told = [
        EventOut(
            by=row.actor,
            text=referral_rows.text_of(key, row),
            **{
                name: getattr(row, name)
                for name in ("number", "at", "kind", "from_status", "to_status", "reason", "on")
            },
        )
        for row in rows
    ]
    if any(one.text for one in told):
        referral_rows.note(session, referral, by, "read", ["events"])
    return told


def _teaser(
    session: Session,
    referral: Referral,
    party: Party,
    known: dict[UUID, str] | None = None,
    *,
    measures: bool = True,
) -> dict[str, Any]:
    known = known if known is not None else names(session, [referral])
    status: Status = referral.status  # type: ignore[assignment]
    return {
        **{name: getattr(referral, name) for name in _PLAIN},
        "closed": is_closed(referral),
        "listing": named(referral.listing_id, known),
        "organisation": named(referral.organisation_id, known),
        "outcome": OutcomeOut(
            result=referral.outcome,
            reason=referral.outcome_reason,
            enrolled_on=referral.enrolled_on,
            first_attended_on=referral.first_attended_on,
            continuing_on=referral.continuing_on,
            attendance_count=referral.attendance_count,
            measures=_measures(session, referral) if measures and referral.outcome else None,
        ),
        "next_statuses": next_statuses(status, party),
        "next_events": next_events(status, referral.mode, party),
    }


def named(of: UUID, known: dict[UUID, str]) -> ReferralNamed:
    return ReferralNamed(id=of, name=known.get(of, ""))


def listing_of(session: Session, referral: Referral) -> ReferralNamed:
    return named(referral.listing_id, names(session, [referral]))


def names(session: Session, rows: list[Referral]) -> dict[UUID, str]:
    """Titles of listings and names of organisations, in two questions however many rows."""
    listings = session.execute(
        select(Listing.id, Listing.texts).where(Listing.id.in_({row.listing_id for row in rows}))
    )
    found: dict[UUID, str] = {}
    for listing_id, texts in listings:
        text = (texts or {}).get("sv") or (texts or {}).get("en") or {}
        found[listing_id] = text.get("title") or ""
    organisations = session.execute(
        select(Organisation.id, Organisation.name).where(
            Organisation.id.in_({row.organisation_id for row in rows})
        )
    )
    return found | {row.id: row.name for row in organisations}


def _measures(session: Session, referral: Referral) -> Measures | None:
    secret, key = referral_rows.secret(session, referral.id), referral_rows.data_key(session, referral.id)
    if secret is None or key is None or secret.measures is None:
        return None
    return Measures.model_validate_json(key.open("referral_secret.measures", referral.id, secret.measures))
