"""Listings as the exchange format writes them: the body of a registration and the row of an import."""

from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import Field, TypeAdapter, ValidationInfo, field_validator, model_validator

from app.schemas.fields import (
    Age,
    Day,
    ExternalId,
    LanguageCode,
    LanguageTag,
    Latitude,
    Longitude,
    MunicipalityCode,
    Record,
    Sek,
    TermId,
    Text80,
    Text100,
    Text200,
    Text300,
    Text500,
    Text1000,
    Text5000,
    WebAddress,
)
from app.schemas.organisation import Provenance
from app.schemas.schedule import ScheduleRule

_WEB_ADDRESS: TypeAdapter[str] = TypeAdapter(WebAddress)


class Kind(StrEnum):
    ACTIVITY = "activity"
    MEETING_PLACE = "meeting_place"
    SUPPORT_LINE = "support_line"


class Visibility(StrEnum):
    """How much of a venue may be told: all, kommun and district, or only the kommun."""

    PUBLIC = "public"
    DISTRICT = "district"
    HIDDEN = "hidden"


Loneliness = Literal["social", "emotional", "existential"]
Attendance = Literal["in_person", "online", "phone", "home_visit"]
Facts = Annotated[dict[TermId, bool], Field(max_length=80, description="Absent: not known, which is not no.")]


class ListingText(Record):
    title: Text80 | None = None
    summary: Text200 | None = None
    description: Text5000 | None = None
    provenance: Provenance | None = Field(None, description="Absent: written by a human.")


class AudienceIn(Record):
    term: TermId
    only: bool = Field(
        description="True: others are not admitted. False: the main audience, all are welcome."
    )


class LanguageIn(Record):
    code: LanguageCode
    mode: Literal["spoken", "interpreted", "signed", "written"]


class AgeRange(Record):
    min: Age | None = None
    max: Age | None = None

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError("min is above max")
        return self


class Cost(Record):
    kind: Literal["free", "voluntary", "paid", "membership"]
    min_sek: Sek | None = None
    max_sek: Sek | None = None
    per: Literal["visit", "term", "month", "year"] | None = None
    note: Text300 | None = None
    benefits: (
        Annotated[
            list[Literal["fritidskort", "far", "companion_free", "low_income_discount"]], Field(min_length=1)
        ]
        | None
    ) = None

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.min_sek is not None and self.max_sek is not None and self.min_sek > self.max_sek:
            raise ValueError("min_sek is above max_sek")
        return self


class VenueIn(Record):
    name: Text200 | None = None
    street: Text200 | None = None
    postal_code: Annotated[str, Field(pattern=r"^[0-9]{3} ?[0-9]{2}$", examples=["123 47"])] | None = None
    city: Text100 | None = None
    municipality_code: MunicipalityCode | None = None
    district: Text100 | None = None
    lat: Latitude | None = None
    lon: Longitude | None = None
    visibility: Visibility = Visibility.PUBLIC
    directions: Text1000 | None = None
    facts: Facts | None = None

    @model_validator(mode="after")
    def _whole_point(self) -> Self:
        if (self.lat is None) != (self.lon is None):
            raise ValueError("lat and lon go together")
        return self


class Contact(Record):
    channel: Literal["phone", "sms", "email", "chat", "web", "visit", "post"]
    value: Text500
    label: Text200 | None = None
    hours: Annotated[list[ScheduleRule], Field(min_length=1, max_length=50)] | None = None
    cost: Literal["free", "normal", "premium"] | None = None
    languages: Annotated[list[LanguageCode], Field(min_length=1, max_length=40)] | None = None

    @field_validator("value")
    @classmethod
    def _can_be_followed(cls, value: str, info: ValidationInfo) -> str:
        """A web contact becomes a link wherever it is shown, so it names a web page and nothing else."""
        return str(_WEB_ADDRESS.validate_python(value)) if info.data.get("channel") == "web" else value


class Capacity(Record):
    status: Literal["open", "limited", "waitlist", "full"]
    as_of: Day | None = None
    until: Day | None = Field(None, description="Last day it holds; 30 days after as_of without it.")
    note: Text200 | None = None


class Source(Record):
    name: Text200
    url: WebAddress | None = None
    licence: Text100 | None = None
    retrieved_on: Day | None = None


class ListingIn(Record):
    """A listing as sent. Drafts may be incomplete; publishing asks for more (services.publishing)."""

    type: Literal["listing"] | None = Field(None, description="Names the row's kind in a file.")
    external_id: ExternalId | None = None
    organisation: ExternalId | None = Field(None, description="The organisation's external id, in a file.")
    kind: Kind
    texts: dict[LanguageTag, ListingText] | None = Field(None, max_length=40)
    categories: Annotated[list[TermId], Field(min_length=1, max_length=4)] | None = None
    audiences: Annotated[list[AudienceIn], Field(min_length=1, max_length=20)] | None = None
    loneliness: Annotated[list[Loneliness], Field(min_length=1, max_length=3)] | None = None
    languages: Annotated[list[LanguageIn], Field(min_length=1, max_length=60)] | None = None
    age: AgeRange | None = None
    cost: Cost | None = None
    attendance: Annotated[list[Attendance], Field(min_length=1, max_length=4)] | None = None
    facts: Facts | None = None
    venues: Annotated[list[VenueIn], Field(min_length=1, max_length=50)] | None = None
    schedule: Annotated[list[ScheduleRule], Field(min_length=1, max_length=100)] | None = None
    contacts: Annotated[list[Contact], Field(min_length=1, max_length=30)] | None = None
    capacity: Capacity | None = None
    answered_by: Literal["volunteers", "professionals", "peers"] | None = None
    crisis: bool | None = Field(None, description="True when it is for acute danger.")
    confirmed_on: Day | None = Field(None, description="When someone last said that this is still true.")
    source: Source | None = None

    @model_validator(mode="after")
    def _no_term_twice(self) -> Self:
        for name, keys in (
            ("categories", self.categories or []),
            ("audiences", [a.term for a in self.audiences or []]),
            ("languages", [(entry.code, entry.mode) for entry in self.languages or []]),
            ("loneliness", self.loneliness or []),
            ("attendance", self.attendance or []),
        ):
            if len(set(keys)) != len(keys):
                raise ValueError(f"{name} names a term twice")
        return self
