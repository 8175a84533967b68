"""What can be asked of the square, and what it answers."""

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
)

from app.schemas.fields import LanguageCode, LanguageTag, MunicipalityCode, TermId, Text200
from app.schemas.found import Debug, EmergencyNumber, Interpretation, ItemReasons, Relaxation
from app.schemas.listing import Attendance, Kind, Loneliness
from app.schemas.schedule import Weekday

PartOfDay = Literal["morning", "afternoon", "evening", "night"]
Sort = Literal["relevance", "distance", "soonest", "threshold", "title"]
FacetName = Literal[
    "kind",
    "category",
    "audience",
    "language",
    "municipality",
    "county",
    "cost",
    "free",
    "attendance",
    "fact",
    "loneliness",
    "organisation",
    "day_part",
]


def _this_age(value: datetime) -> datetime:
    if not 1970 <= value.year < 2200:
        raise ValueError("the year must be from 1970 to 2199")
    return value


def _day_this_age(value: date) -> date:
    if not 1970 <= value.year < 2200:
        raise ValueError("the year must be from 1970 to 2199")
    return value


def _without_nul(value: str) -> str:
    if "\x00" in value:
        raise ValueError("must not contain the NUL character")
    return value


def _written(value: Any) -> Any:
    """Raises ValueError for a number, which would be read as seconds since 1970."""
    try:
        float(value)
    except (TypeError, ValueError):
        return value
    raise ValueError("must be written as ISO 8601 has it")


Moment = Annotated[datetime, BeforeValidator(_written), AfterValidator(_this_age)]
SearchDay = Annotated[date, BeforeValidator(_written), AfterValidator(_day_this_age)]
Number = r"-?[0-9]{1,3}(?:\.[0-9]{1,15})?"
LatLon = Annotated[str, StringConstraints(pattern=rf"^{Number}, ?{Number}$")]
Box = Annotated[str, StringConstraints(pattern=rf"^{Number}(, ?{Number}){{3}}$")]
_MANY: Any = Field(default_factory=list, max_length=50)


class SearchRequest(BaseModel):
    """All wishes a search can carry, the same in the query string and in the body. Lists: any of them."""

    model_config = ConfigDict(extra="forbid")

    q: Annotated[str, Field(max_length=2000), AfterValidator(_without_nul)] = Field(
        "", description="A question in one's own words.", examples=["språkcafé i Farsta på söndag"]
    )
    ignore: Annotated[list[Annotated[str, Field(max_length=200)]], _MANY] = Field(
        description="Readings of the question that are not meant: `chip` of the interpretation."
    )
    chips: Annotated[list[Annotated[str, Field(max_length=200)]], _MANY] = Field(
        description="What is asked for, as chips of an interpretation, beside `q` or instead of it."
    )
    exact: bool = Field(
        False,
        description="Only what fulfils every certain wish of the question, and nothing that is near to it.",
    )
    kind: Annotated[list[Kind], _MANY]
    category: Annotated[list[TermId], _MANY] = Field(description="Categories, each with all below it.")
    audience: Annotated[list[TermId], _MANY]
    language: Annotated[list[LanguageCode], _MANY]
    municipality: Annotated[list[MunicipalityCode], _MANY]
    county: Annotated[list[Annotated[str, StringConstraints(pattern=r"^[0-9]{2}$")]], _MANY]
    place: Text200 | None = Field(
        None, description="Name of a place, or a postcode: around it, or within the kommun it names."
    )
    near: LatLon | None = Field(
        None, description="Point to be near, WGS 84: latitude,longitude.", examples=["59.2437,18.0916"]
    )
    radius_km: float | None = Field(
        None, ge=0.1, le=300, allow_inf_nan=False, description="How near, in kilometres; 10 unless told."
    )
    bbox: Box | None = Field(
        None, description="Box: west,south,east,north in WGS 84 degrees.", examples=["17.9,59.2,18.2,59.4"]
    )
    age: int | None = Field(None, ge=0, le=130, description="A person's age: within the listing's ages.")
    age_min: int | None = Field(None, ge=0, le=130, description="Ages that overlap: from.")
    age_max: int | None = Field(None, ge=0, le=130, description="Ages that overlap: to.")
    free: bool | None = Field(None, description="True: costs nothing. False: costs something.")
    max_sek: float | None = Field(None, ge=0, le=1_000_000, allow_inf_nan=False, description="At most, SEK.")
    attendance: Annotated[list[Attendance], _MANY]
    fact: Annotated[list[TermId], _MANY] = Field(description="Facts that must all be known to be true.")
    fact_or_unknown: Annotated[list[TermId], _MANY] = Field(
        description="Facts none of which may be known to be false."
    )
    include_unknown: bool = Field(
        False, description="Also what does not tell its ages, cost, hours or the facts asked for."
    )
    loneliness: Annotated[list[Loneliness], _MANY]
    open_at: Moment | None = Field(
        None, description="Open at this moment; without a zone it is Swedish time."
    )
    open_now: bool = Field(False, description="Open at `as_of`.")
    weekday: Annotated[list[Weekday], _MANY]
    part_of_day: Annotated[list[PartOfDay], _MANY] = Field(
        description="morning 05–12, afternoon 12–17, evening 17–23, night 23–05."
    )
    from_date: SearchDay | None = Field(None, description="On at some day from this one.")
    to_date: SearchDay | None = Field(None, description="On at some day until this one.")
    max_staleness_days: int | None = Field(
        None, ge=0, le=3650, description="Confirmed at most so many days ago."
    )
    organisation: Annotated[list[UUID], _MANY]
    sort: Sort | None = Field(
        None, description="relevance with words, else distance with a place, else threshold."
    )
    facets: Annotated[list[FacetName], _MANY] = Field(description="What to count.")
    limit: int = Field(20, ge=1, le=100, description="Items a page.")
    page: int = Field(1, ge=1, le=1000, description="Which page, from 1.")
    lang: LanguageTag | None = Field(None, description="Language of the texts; before Accept-Language.")
    as_of: Moment | None = Field(
        None, description="The moment that now stands for, for answers that can be repeated."
    )
    explain: bool = Field(False, description="Tell why each item fits.")
    debug: bool = Field(
        False, description="Tell how the question was understood and what the engine was asked."
    )


class NoParameters(BaseModel):
    """For an address that takes none, so that one who misplaces a wish is told."""

    model_config = ConfigDict(extra="forbid")


class OrganisationName(BaseModel):
    id: UUID
    external_id: str
    name: str


class ChosenText(BaseModel):
    title: str
    summary: str | None = None
    description: str | None = None
    language: str = Field(description="Language of this text.")
    fallback_from: str | None = Field(description="The language asked for, when there is none in it.")
    machine_translated: bool


class Piece(BaseModel):
    text: str
    match: bool


class Occasion(BaseModel):
    start: AwareDatetime
    end: AwareDatetime
    certainty: Literal["certain", "unknown"]


class OpenNow(BaseModel):
    state: Literal["open", "closed", "unknown"]
    until: AwareDatetime | None


class Freshness(BaseModel):
    status: Literal["fresh", "aging", "stale", "unknown"]
    confirmed_on: date | None


class Reason(BaseModel):
    code: str
    sv: str
    en: str
    points: int


class ThresholdOut(BaseModel):
    score: int = Field(ge=0, le=100)
    reasons: list[Reason]


class SearchItem(BaseModel):
    id: UUID
    external_id: str | None
    organisation: OrganisationName
    kind: Kind
    text: ChosenText
    highlights: dict[str, list[Piece]] = Field(
        description="title and summary in pieces that say whether they match; empty without words."
    )
    distance_m: int | None = Field(description="Metres to the venue; null when its place may not be told.")
    next_occurrence: Occasion | None
    open_state: OpenNow | None = Field(description="At `as_of`; null when no hours are known.")
    facts: dict[str, bool] = Field(description="What is known of listing and venue; absent: not known.")
    venue: dict[str, Any] | None = Field(description="What may be told of the venue.")
    categories: list[str]
    audiences: list[dict[str, Any]]
    languages: list[dict[str, Any]]
    age: dict[str, int | None] | None
    cost: dict[str, Any] | None
    attendance: list[str]
    threshold: ThresholdOut
    freshness: Freshness
    matched: Literal["all", "related"] = Field(
        description="all: every certain wish is fulfilled; related: near to what was asked."
    )
    unknown: list[str] = Field(
        description="Wishes of the request of which nothing is known here: a fact, `age`, `cost`, `hours`."
    )
    reasons: ItemReasons | None = Field(None, description="Why it fits, with `explain`.")


class FacetValue(BaseModel):
    value: str
    label: str
    count: int


class Acute(BaseModel):
    """Shown above all items when a question carries a sign of acute danger."""

    sign: Literal["suicide", "violence", "child"]
    text: str
    language: str = Field(description="Language of the text.")
    reviewed: str = Field(description="Who has reviewed the text, and when.")
    numbers: list[EmergencyNumber]
    lines: list[SearchItem] = Field(description="Support lines, those that are open at `as_of` first.")


class SearchAnswer(BaseModel):
    items: list[SearchItem]
    total: int = Field(description="How many the pages hold. Related items after the last come on top of it.")
    fulfilling: int = Field(description="How many fulfil every certain wish; `facets` count these.")
    page: int
    limit: int
    facets: dict[FacetName, list[FacetValue]]
    degraded: bool = Field(description="True: answered without the search engine, with simpler ranking.")
    interpretation: Interpretation | None = Field(
        description="What was understood of `q` and `chips`; null without either."
    )
    acute: Acute | None
    relaxations: list[Relaxation] = Field(
        description="When few fulfil every wish: what comes when one gives way, most first."
    )
    debug: Debug | None = None


class SimilarAnswer(BaseModel):
    items: list[SearchItem]
    degraded: bool = Field(description="True: answered without the search engine, with simpler ranking.")


Typed = Annotated[str, Field(max_length=100), AfterValidator(_without_nul)]


class Suggestion(BaseModel):
    type: Literal["category", "audience", "phrase", "place", "title"]
    value: str = Field(
        description="Term id, place name or listing id, to be sent back as a filter; a phrase as `q`."
    )
    label: str
    language: LanguageTag | None = Field(None, description="Of a phrase.")
    chip: str | None = Field(None, description="What a phrase tells, to be sent back among `chips`.")
    beside: str | None = Field(None, description="What a phrase tells, in words.")


class Suggestions(BaseModel):
    items: list[Suggestion]
    degraded: bool
