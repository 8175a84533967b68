"""Referrals as they are sent. No field holds a personal number, a street address or a diagnosis."""

import re
from typing import Annotated, Literal
from unicodedata import category
from uuid import UUID

import phonenumbers
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from app.schemas import person_data
from app.schemas.fields import Day, EmailAddress, LanguageCode, MunicipalityCode, Text40, Text80, Text500
from app.schemas.schedule import WallTime, Weekday

COARSE: frozenset[str] = frozenset({"under-18", "18-plus"})
AgeBand = Literal[
    "under-18", "18-plus", "under-13", "13-15", "16-17", "18-24", "25-44", "45-64", "65-79", "80-plus"
]  # wide enough to tell nobody apart
MINORS: frozenset[AgeBand] = frozenset({"under-18", "under-13", "13-15", "16-17"})
AccessNeed = Literal[
    "wheelchair",
    "step-free",
    "hearing-loop",
    "sign-language",
    "visual-guidance",
    "easy-language",
    "companion",
    "low-stimulation",
    "someone-meets-at-the-door",
]
StaffMode = Literal["code", "light", "direct"]
Category = Literal["contact", "needs", "note", "feedback"]
LegalBasis = Literal["consent", "public-interest", "legal-obligation", "vital-interest"]


_LIKE_PERSONAL = re.compile(r"\d{6}\s?[-–+]\s?\d{4}")  # who writes a mobile number so?


class Sent(BaseModel):
    """A body: unknown fields are refused."""

    model_config = ConfigDict(extra="forbid")


def _one_line(value: str) -> str:
    """As what stands in a heading or before a name: one line, without control characters."""
    if any(category(one) in ("Cc", "Zl", "Zp") for one in value):
        raise ValueError("must be one line")
    return value


def _no_controls(value: str) -> str:
    if any(category(one) == "Cc" and one not in "\r\n\t" for one in value):
        raise ValueError("must not contain control characters")
    return value


def _phone(value: str) -> str:
    mobile = value.startswith(("+", "07")) and not _LIKE_PERSONAL.fullmatch(value)
    if not mobile and "personal_number" in person_data.find(value):
        raise PydanticCustomError("personal_data", "Looks like a personal number. Begin with +46.")
    try:
        number = phonenumbers.parse(value, "SE")
    except phonenumbers.NumberParseException as error:
        raise ValueError("is not a telephone number") from error
    if not phonenumbers.is_possible_number(number):
        raise ValueError("is not a telephone number")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _no_number_in_address(value: str) -> str:
    if "personal_number" in person_data.find(value):
        raise PydanticCustomError("personal_data", "Must not hold a personal number.")
    return value


def _impersonal(value: str) -> str:
    if person_data.find(value):
        raise PydanticCustomError(
            "personal_data", "Must hold no personal number, e-mail address or telephone number."
        )
    return value


Version = Annotated[Text40, AfterValidator(_one_line), AfterValidator(_impersonal)]
Alias = Annotated[Text80, AfterValidator(_one_line), AfterValidator(_impersonal)]
Words = Annotated[Text500, AfterValidator(_no_controls), AfterValidator(_impersonal)]


class PhoneContact(Sent):
    channel: Literal["phone", "sms"]
    value: Annotated[Text40, AfterValidator(_phone)] = Field(examples=["070-174 06 05"])


class EmailContact(Sent):
    channel: Literal["email"]
    value: Annotated[EmailAddress, AfterValidator(_one_line), AfterValidator(_no_number_in_address)] = Field(
        examples=["person@mail.example"]
    )


Contact = Annotated[PhoneContact | EmailContact, Field(discriminator="channel")]


class ContactWindow(Sent):
    """When the person can be reached."""

    days: list[Weekday] = Field(min_length=1, max_length=7, examples=[["mo", "we"]])
    from_: WallTime = Field(alias="from", examples=["09:00"])
    to: WallTime = Field(examples=["12:00"])


class Person(Sent):
    """What the organisation needs to reach the person, and no more. It sees this when it has accepted."""

    alias: Alias = Field(description="A first name, or what the person wants to be called.", examples=["Kim"])
    contact: Contact
    safe_to_leave_message: bool = Field(description="Whether a message may be left, or seen by others.")
    contact_windows: list[ContactWindow] = Field([], max_length=7)
    note: Words | None = Field(
        None,
        description="A few words that help the meeting. No diagnosis.",
        examples=["Vill gärna bli mött vid dörren."],
    )


class Waiver(Sent):
    """The person's waiver of secrecy (offentlighets- och sekretesslagen 10 kap. 1 § and 12 kap. 2 §)."""

    given_by: Literal["self", "guardian", "both"]
    given_on: Day
    expires_on: Day
    recipient: UUID = Field(description="Id of the organisation it is given for.")
    categories: list[Category] = Field(
        min_length=1,
        max_length=4,
        description=(
            "What is handed over: her contact, her needs, a note; `feedback` is the way back, her own answers"
            " to how it is for her."
        ),
        examples=[["contact", "needs"]],
    )
    text_version: Version = Field(description="Which text the person was shown.", examples=["2026-1"])

    @model_validator(mode="after")
    def _in_order(self) -> "Waiver":
        if self.given_on > self.expires_on:
            raise ValueError("given_on is after expires_on")
        return self


class Basis(Sent):
    """The legal basis of the requester for handing over personal data (GDPR article 6)."""

    code: LegalBasis
    noted_on: Day


class Needs(Sent):
    """What the organisation sees before it accepts: nothing that tells who it is."""

    municipality_code: MunicipalityCode | None = None
    language: LanguageCode | None = Field(None, description="The person's language.")
    interpreter: bool | None = None
    age_band: AgeBand | None = None
    access_needs: list[AccessNeed] = Field([], max_length=9)
    urgency: Literal["routine", "soon"] = "routine"
    decided_by: Literal["self", "guardian", "both"] | None = Field(
        None, description="Who decided; required for somebody under 18."
    )
    maturity_assessed: bool | None = Field(
        None, description="Whether a minor deciding alone was found mature enough."
    )


class ReferralIn(Needs):
    """A referral as staff send it. A draft may lack what a request must have."""

    listing_id: UUID
    mode: StaffMode | None = Field(
        None,
        description=(
            "Absent: `code` for protected identity, support lines, minors without a guardian; else `light`."
        ),
    )
    protected_identity: bool = Field(False, description="Then only the mode `code` is allowed.")
    person: Person | None = Field(None, description="Absent in the mode `code`.")
    consent: Waiver | None = None
    legal_basis: Basis | None = None


class ReferralPatch(Needs):
    """What the requester changes while it is a draft or requested; absent fields stay (RFC 7396)."""

    urgency: Literal["routine", "soon"] | None = None  # type: ignore[assignment]
    access_needs: list[AccessNeed] | None = Field(None, max_length=9)  # type: ignore[assignment]
    person: Person | None = None
    consent: Waiver | None = None
    legal_basis: Basis | None = None


class SelfReferralIn(Needs):
    """A person's own wish to be contacted."""

    listing_id: UUID
    person: Person
    text_version: Version = Field(description="The text about her data that the person was shown.")


class RerouteIn(Sent):
    """The same case to another listing: a new referral, with a consent of its own."""

    listing_id: UUID
    consent: Waiver | None = None
    legal_basis: Basis | None = None
