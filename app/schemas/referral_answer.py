"""Referrals as the three parties see them."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field

from app.schemas.referral import AccessNeed, AgeBand, Contact, ContactWindow, Person
from app.schemas.referral_change import Measures
from app.schemas.referral_terms import Outcome, Reason, Status, SubStatus


class ReferralNamed(BaseModel):
    """A listing or an organisation, as a referral names it."""

    id: UUID
    name: str


class OutcomeOut(BaseModel):
    result: Outcome | None
    reason: Reason | None
    enrolled_on: date | None
    first_attended_on: date | None
    continuing_on: date | None
    attendance_count: int | None
    measures: Measures | None = Field(description="Null also when shredded.")


class Teaser(BaseModel):
    """What may be seen before acceptance."""

    id: UUID
    correlation_id: UUID = Field(description="The same for a case that was re-routed.")
    mode: str
    status: Status
    sub_status: SubStatus | None
    reason: Reason | None
    closed: bool
    version: int
    listing: ReferralNamed
    organisation: ReferralNamed
    municipality_code: str | None
    language: str | None
    interpreter: bool | None
    age_band: AgeBand | None
    access_needs: list[AccessNeed]
    urgency: str
    next_action_by: str | None = Field(description="Whose turn it is; null when closed.")
    next_action_at: datetime | None
    requested_at: datetime | None
    expires_at: datetime | None = Field(description="When it is cancelled unless it is answered.")
    accepted_at: datetime | None
    closed_at: datetime | None
    outcome: OutcomeOut
    next_statuses: list[Status] = Field(description="Where the caller may take it from here.")
    next_events: list[SubStatus] = Field(description="What the caller may tell of it now.")
    created_at: datetime
    updated_at: datetime


class ConsentOut(BaseModel):
    given_by: str
    given_on: date
    expires_on: date
    recipient: UUID
    categories: list[str]
    text_version: str
    withdrawn_at: datetime | None
    legal_basis: str
    legal_basis_noted_on: date


class ReferralOut(Teaser):
    """As its requester sees it."""

    rerouted_from: UUID | None
    protected_identity: bool
    decided_by: str | None
    maturity_assessed: bool | None
    person: Person | None = Field(description="Null in the mode `code`, and when shredded.")
    consent: ConsentOut | None
    shred_after: datetime | None = Field(description="When what tells of the person is shredded.")
    shredded_at: datetime | None


class ReferralMade(ReferralOut):
    code: str = Field(
        description="The person's code: to hand in, to follow the case, to withdraw. Kept nowhere.",
        examples=["7K3M-9QXA-2B4C-5"],
    )


class InboxReferral(Teaser):
    """As the organisation sees it: the person once it has accepted."""

    person: Person | None = None
    consent_categories: list[str] = Field(description="What the person agreed to hand over.")


class Referrals(BaseModel):
    items: list[Teaser]
    total: int
    limit: int
    page: int


class EventOut(BaseModel):
    number: int
    at: datetime
    kind: str
    from_status: Status | None
    to_status: Status | None
    by: str
    reason: Reason | None
    on: date | None
    text: str | None = Field(description="Null also when shredded.")


class Events(BaseModel):
    items: list[EventOut]


class SessionOut(BaseModel):
    token: str = Field(description="Bearer token for this one referral; shown this once.")
    expires_at: datetime
    referral_id: UUID


class MyReferral(BaseModel):
    """As the person sees it."""

    status: Status
    closed: bool
    headline: str = Field(
        description="What it means, in her language.", examples=["Föreningen har svarat ja."]
    )
    language: str
    listing: ReferralNamed
    organisation: ReferralNamed
    contact: Contact | None
    safe_to_leave_message: bool | None
    contact_windows: list[ContactWindow]
    requested_at: datetime | None
    may_withdraw: bool = Field(description="Whether there is something to cancel.")
    may_erase: bool = Field(description="Whether something that tells of the person is still kept.")
    version: int


class SelfReferralMade(MyReferral):
    code: str = Field(description="The person's code, told this once.", examples=["7K3M-9QXA-2B4C-5"])


class AccessRowOut(BaseModel):
    at: datetime
    by: str
    action: str
    unit: str | None
    fields: list[str]


class AccessExtract(BaseModel):
    """Who has read and done what."""

    items: list[AccessRowOut]


class CapacityOut(BaseModel):
    listing: ReferralNamed
    capacity: dict[str, Any] = Field(examples=[{"status": "full", "as_of": "2026-11-21"}])
