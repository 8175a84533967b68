"""Changes of a referral, as they are sent."""

from typing import Literal

from pydantic import Field

from app.schemas.fields import Day
from app.schemas.referral import Contact, Sent, Words
from app.schemas.referral_terms import GivenReason, Outcome, OutcomeReason, Status, SubStatus

Loneliness = Literal["none", "light", "severe"]


class Measures(Sent):
    """How it is for the person, where she wanted to say and her consent has `feedback`; else 422.

    Sealed, and shredded with the rest.

    `loneliness_before/after`: Folkhälsomyndigheten's question on being troubled by loneliness and isolation.
    `ucla_3`: the sum of the three items, never the items. Other instruments: score and code only.
    """

    loneliness_before: Loneliness | None = None
    loneliness_after: Loneliness | None = None
    ucla_3: int | None = Field(None, ge=3, le=9, strict=True)
    instrument: Literal["swemwbs", "wemwbs", "who-5"] | None = None
    score: int | None = Field(None, ge=0, le=100, strict=True)


class OutcomeIn(Sent):
    """How it went. Enrolled, first attended and continuing are three different dates."""

    result: Outcome
    reason: OutcomeReason | None = Field(None, description="Required unless connected.")
    enrolled_on: Day | None = None
    first_attended_on: Day | None = None
    continuing_on: Day | None = Field(None, description="The last day it was known to go on.")
    attendance_count: int | None = Field(None, ge=0, le=1000, strict=True)
    measures: Measures | None = None


class StatusIn(Sent):
    """Another status. `reason` for rejected, cancelled, on-hold and failed; `outcome` for completed."""

    status: Status
    reason: GivenReason | None = None
    text: Words | None = Field(None, description="A few words; sealed.")
    outcome: OutcomeIn | None = None


class EventIn(Sent):
    """Something that happened, without another status."""

    kind: SubStatus
    on: Day | None = Field(None, description="The day it was, or (booked) will be; today without it.")
    reason: GivenReason | None = None
    text: Words | None = Field(None, description="A few words; sealed.")


class InfoIn(Sent):
    """What the organisation asked for."""

    text: Words


class CapacityIn(Sent):
    """Whether the listing takes new people. Full stops referrals at once."""

    status: Literal["open", "limited", "waitlist", "full"]
    until: Day | None = Field(None, description="Last day it holds; 30 days without it.")


class CodeIn(Sent):
    """A person's code, in any spelling."""

    code: str = Field(min_length=1, max_length=60, examples=["7K3M-9QXA-2B4C-5"])


class LinkIn(Sent):
    """The token of a link."""

    link: str = Field(min_length=1, max_length=200)


class PersonStatusIn(CodeIn):
    """The person takes back what she agreed to: `cancelled`. Every other status is somebody else's."""

    status: Status = Field(examples=["cancelled"])


class ContactChange(Sent):
    """Another way to reach the person."""

    contact: Contact
    safe_to_leave_message: bool


class PersonContactIn(CodeIn, ContactChange):
    """Another way to reach the person, with her code."""


class HandoutIn(Sent):
    """How a handout is wanted."""

    language: Literal["sv", "en", "ar", "so", "fi", "fa", "uk", "ti", "es"] | None = Field(
        None, description="Else the person's own, or Swedish."
    )
