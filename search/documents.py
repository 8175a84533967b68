"""The index document: the one list of index fields, for the live sync, the rebuild and the settings."""

import hashlib
from functools import lru_cache
from typing import Any

import orjson
from pydantic import BaseModel, ConfigDict, Field

HORIZON_DAYS = 26 * 7  # so far ahead every day is spelt out
SLOTS_A_DAY = 288  # of five minutes
ALWAYS_FROM, ALWAYS_TO = 0, 9_999_999  # day ordinals of a rule without validity
AGE_OPEN_END = 200
PARTS = ("morning", "afternoon", "evening", "night")
# Minutes of the local day each part covers; night runs over midnight. What lasts into the next is in both.
PART_MINUTES: dict[str, tuple[tuple[int, int], ...]] = {
    "morning": ((300, 720),),
    "afternoon": ((720, 1020),),
    "evening": ((1020, 1380),),
    "night": ((0, 300), (1380, 1440)),
}
PART_LEAST = 30  # minutes of a part that something must take to be on in it, unless it is shorter itself


class RegularHours(BaseModel):
    """Weekly hours as minutes after local midnight: o{weekday}{a|b}_{f|t}, from (included) to (excluded)."""

    o0a_f: int | None = None
    o0a_t: int | None = None
    o0b_f: int | None = None
    o0b_t: int | None = None
    o1a_f: int | None = None
    o1a_t: int | None = None
    o1b_f: int | None = None
    o1b_t: int | None = None
    o2a_f: int | None = None
    o2a_t: int | None = None
    o2b_f: int | None = None
    o2b_t: int | None = None
    o3a_f: int | None = None
    o3a_t: int | None = None
    o3b_f: int | None = None
    o3b_t: int | None = None
    o4a_f: int | None = None
    o4a_t: int | None = None
    o4b_f: int | None = None
    o4b_t: int | None = None
    o5a_f: int | None = None
    o5a_t: int | None = None
    o5b_f: int | None = None
    o5b_t: int | None = None
    o6a_f: int | None = None
    o6a_t: int | None = None
    o6b_f: int | None = None
    o6b_t: int | None = None


class Hours(RegularHours):
    """When a listing is on. Days are proleptic ordinals (1 = 0001-01-01), local to Europe/Stockholm.

    Regular weekly hours hold for every day of their validity save `closed_days` and `unknown_days`.
    Anything else is spelt out as five-minute slots over the horizon of the index.
    """

    hours_known: bool = False
    always_open: bool = False
    valid_from_day: int | None = Field(None, description="Given when the regular hours are.")
    valid_to_day: int | None = None
    closed_days: list[int] = Field([], description="Days within validity when the regular hours do not hold.")
    unknown_days: list[int] = Field([], description="Red days of which nobody has said open or closed.")
    slots: list[int] = Field([], description="Open slots: day * 288 + minute // 5.")
    unknown_slots: list[int] = Field([], description="Slots on unknown red days.")
    occurrence_days: list[int] = Field([], description="Days within the horizon when it is on.")
    occurrence_parts: list[int] = Field([], description="day * 4 + part of day, within the horizon.")
    day_parts: list[str] = Field([], description="Weekday and part, '6-evening' for Sunday evening.")
    next_start: int | None = Field(None, description="Epoch minutes of the first start seen from today.")


class Point(BaseModel):
    lat: float = Field(ge=-90, le=90, allow_inf_nan=False)
    lng: float = Field(ge=-180, le=180, allow_inf_nan=False)


class ListingDocument(Hours):
    """A listing at one of its venues, as the index knows it. Absent fields are not known."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    id: str = Field(pattern=r"^[A-Za-z0-9_-]{1,200}$")
    listing_id: str
    external_id: str | None = None
    organisation_id: str
    organisation_name: str
    kind: str

    title: str
    summary: str = ""
    description: str = ""
    title_i18n: dict[str, str] = {}
    summary_i18n: dict[str, str] = {}
    labels: list[str] = Field([], description="Labels and search words of the terms, Swedish and English.")
    stems: str = Field("", description="Swedish stems of title, summary and labels.")
    parts: str = Field("", description="Parts of the compounds in title, summary and labels.")
    stems_body: str = Field("", description="Swedish stems of the description that `stems` lacks.")
    place_names: list[str] = Field([], description="Only names that may be told.")
    sort_title: str

    categories: list[str] = Field([], description="With the broader ones.")
    audiences: list[str] = []
    audiences_only: list[str] = Field([], description="Those of whom others are not admitted.")
    languages: list[str] = []
    loneliness: list[str] = []
    attendance: list[str] = []
    facts_true: list[str] = []
    facts_false: list[str] = []
    municipality_code: str | None = None
    county_code: str | None = None
    district: str | None = None
    age_min: int | None = None
    age_max: int | None = None
    cost_kind: str | None = None
    free: bool | None = None
    price_from_sek: float | None = None
    benefits: list[str] = Field([], description="Cards and reductions that are taken.")
    threshold: int = Field(0, ge=0, le=100)
    confirmed_day: int | None = None
    first_day: int | None = Field(None, description="Before it, it has not begun.")
    last_day: int | None = Field(None, description="After it, it is over; absent: no end is told.")
    signs: list[str] = Field([], description="What its own words tell: cancelled, full (search.signs).")
    geo: Point | None = Field(None, alias="_geo")
    approximate_point: bool = Field(False, description="The point is the main place of the kommun.")

    features: str = Field("", description="What ranking must know, packed (search.features).")
    card: dict[str, Any] = Field(description="All that a search answer shows, so that it needs no database.")
    content_hash: str = ""

    def body(self) -> dict[str, Any]:
        """The document as stored in both places, with the hash that tells whether two are equal."""
        body = self.model_dump(
            mode="json", by_alias=True, exclude_none=True, exclude={"content_hash", "card"}
        )
        # One string: the engine unpacks every stored field of every hit, and takes long over deep objects.
        body["card"] = orjson.dumps(self.card).decode()
        body["content_hash"] = content_hash(body)
        return body


@lru_cache(maxsize=4096)
def card_of(written: str) -> dict[str, Any]:
    """The card of a stored document. It is shared: not to be changed."""
    card: dict[str, Any] = orjson.loads(written)
    return card


def content_hash(body: dict[str, Any]) -> str:
    """32 hexadecimal digits over everything but the hash itself."""
    rest = {name: value for name, value in body.items() if name != "content_hash"}
    return hashlib.blake2b(orjson.dumps(rest, option=orjson.OPT_SORT_KEYS), digest_size=16).hexdigest()


def index_fields() -> frozenset[str]:
    """The names of all fields as they stand in a document."""
    return frozenset(field.alias or name for name, field in ListingDocument.model_fields.items())
