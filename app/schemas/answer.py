"""What the API answers about listings, venues and keys."""

from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from app.schemas.fields import Latitude, Longitude, Text100

Status = Literal["draft", "submitted", "published", "paused", "archived", "rejected"]


class Named(BaseModel):
    """An organisation as a listing names it."""

    id: UUID
    external_id: str
    name: str


class AdviceOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)
    pointer: str = Field(description="Where in the listing, RFC 6901.", examples=["/cost"])
    sv: str = Field(examples=["Säg vad det kostar, eller att det är gratis"])
    en: str = Field(examples=["Say what it costs, or that it is free"])
    points: int


class CompletenessOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)
    score: int = Field(ge=0, le=100, description="Share of what people ask about that is answered.")
    advice: list[AdviceOut]


class ReasonOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)
    code: str
    sv: str
    en: str
    points: int


class ThresholdOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)
    score: int = Field(ge=0, le=100, description="Higher is easier to come to.")
    reasons: list[ReasonOut]


class ListingState(BaseModel):
    """A listing as its organisation sees it: the whole record and what Torg makes of it."""

    id: UUID
    status: Status
    version: int
    organisation: Named
    listing: dict[str, Any] = Field(
        description="The record in the exchange format, as it was saved.",
        examples=[{"kind": "activity", "texts": {"sv": {"title": "Språkcafé"}}}],
    )
    waiting_contacts: list[dict[str, Any]] | None = Field(
        description="Contacts of a published support line that wait for approval; the old ones are shown.",
        examples=[[{"channel": "phone", "value": "08-465 004 12"}]],
    )
    problems: list[dict[str, str]] = Field(
        description="What keeps it from being published; empty: nothing.",
        examples=[
            [
                {
                    "pointer": "/categories",
                    "code": "category_missing",
                    "sv": "Minst en kategori behövs.",
                    "en": "At least one category is needed.",
                }
            ]
        ],
    )
    completeness: CompletenessOut
    threshold: ThresholdOut
    freshness: Literal["fresh", "aging", "stale", "unknown"]
    created_at: datetime
    updated_at: datetime
    published_at: datetime | None


class ListingStates(BaseModel):
    items: list[ListingState]
    total: int
    limit: int
    page: int


class PublicListing(BaseModel):
    """A published listing as anyone sees it: protected venues show only what they may."""

    id: UUID
    organisation: Named
    listing: dict[str, Any] = Field(
        description="The record in the exchange format; protected venues redacted.",
        examples=[{"kind": "activity", "texts": {"sv": {"title": "Språkcafé"}}}],
    )
    text_language: str = Field(description="The language chosen for the reader.", examples=["sv"])
    fallback_from: str | None = Field(description="The wished language that has no text here.")
    threshold: ThresholdOut
    freshness: Literal["fresh", "aging", "stale", "unknown"]
    open_state: Literal["open", "closed", "unknown"]
    open_state_until: datetime | None


class OccurrenceOut(BaseModel):
    start: datetime
    end: datetime
    certainty: Literal["certain", "unknown"] = Field(
        description="Unknown: a red day nobody has spoken of, or only the day is known."
    )
    hours_known: bool = Field(description="False: only the day is known; start and end are its bounds.")
    note: str | None


class Occurrences(BaseModel):
    items: list[OccurrenceOut]
    from_date: date
    to_date: date


class VenueSuggestion(BaseModel):
    id: UUID
    venue: dict[str, Any] = Field(
        description="The record to send again as it is.", examples=[{"name": "Farsta bibliotek"}]
    )


class VenueSuggestions(BaseModel):
    items: list[VenueSuggestion]


class VenueQuery(BaseModel):
    model_config = ConfigDict(extra="forbid")
    name: Text100 = Field(description="Part of the venue's name.", examples=["bibliotek"])
    lat: Latitude | None = None
    lon: Longitude | None = None
    limit: int = Field(10, ge=1, le=50)


class KeyIn(BaseModel):
    model_config = ConfigDict(extra="forbid")
    name: Text100 = Field(description="What the key is for.", examples=["Föreningens webbplats"])
    scopes: list[Literal["listings:write", "organisation:write", "keys:write"]] = Field(
        min_length=1, max_length=3, examples=[["listings:write"]]
    )
    expires_at: AwareDatetime | None = Field(None, description="RFC 3339; absent: does not expire.")


class KeyOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)
    id: UUID
    name: str
    scopes: list[str]
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None


class KeyMade(KeyOut):
    token: str = Field(description="The key itself: shown this once, kept nowhere.")


class Keys(BaseModel):
    items: list[KeyOut]


class ListingQuery(BaseModel):
    """Filters of an organisation's own listings."""

    model_config = ConfigDict(extra="forbid")
    status: list[Status] = Field([], max_length=6)
    kind: list[Literal["activity", "meeting_place", "support_line"]] = Field([], max_length=3)
    q: Text100 | None = Field(None, description="Part of a title.")
    limit: int = Field(20, ge=1, le=100)
    page: int = Field(1, ge=1, le=100_000)
