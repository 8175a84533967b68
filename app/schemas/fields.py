"""Field types written once: their limits and texts follow wherever the field occurs."""

import re
from datetime import date, datetime
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    HttpUrl,
    StringConstraints,
    TypeAdapter,
)


def _readable(value: str) -> str:
    if "\x00" in value:
        raise ValueError("must not contain the NUL character")
    if not any(character.isprintable() and not character.isspace() for character in value):
        raise ValueError("must hold something that can be seen")
    return value


# Trimmed text of at least one visible character, without NUL (PostgreSQL cannot hold it).
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1), AfterValidator(_readable)]
Text40 = Annotated[Text, Field(max_length=40)]
Text80 = Annotated[Text, Field(max_length=80)]
Text100 = Annotated[Text, Field(max_length=100)]
Text200 = Annotated[Text, Field(max_length=200)]
Text300 = Annotated[Text, Field(max_length=300)]
Text500 = Annotated[Text, Field(max_length=500)]
Text1000 = Annotated[Text, Field(max_length=1000)]
Text5000 = Annotated[Text, Field(max_length=5000)]


_URL = TypeAdapter(HttpUrl)


def _web_address(value: str) -> str:
    _URL.validate_python(value)
    return value


ExternalId = Annotated[
    str,
    StringConstraints(min_length=1, max_length=200, pattern=r"^[A-Za-z0-9ÅÄÖåäöÉéÜü._:~-]+$"),
    Field(description="The sender's own id, unique within one organisation.", examples=["sprakcafe-farsta"]),
]
TermId = Annotated[
    str,
    StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$"),
    Field(description="Id of a vocabulary term.", examples=["language-cafe"]),
]
LanguageTag = Annotated[
    str,
    StringConstraints(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$"),
    Field(description="BCP 47 language; `sv-simple` is easy Swedish.", examples=["sv"]),
]
LanguageCode = Annotated[
    str,
    StringConstraints(pattern=r"^[a-z]{2,3}$"),
    Field(description="ISO 639 code; `swl` is Swedish Sign Language.", examples=["ar"]),
]
MunicipalityCode = Annotated[
    str,
    StringConstraints(pattern=r"^[0-9]{4}$"),
    Field(description="SCB's four-digit kommun code.", examples=["0180"]),
]
Latitude = Annotated[
    float, Field(ge=-90, le=90, allow_inf_nan=False, description="WGS 84, degrees.", examples=[59.2437])
]
Longitude = Annotated[
    float, Field(ge=-180, le=180, allow_inf_nan=False, description="WGS 84, degrees.", examples=[18.0916])
]
Age = Annotated[int, Field(ge=0, le=130, strict=True, description="Years, inclusive.", examples=[18])]
Sek = Annotated[
    float,
    Field(strict=True, ge=0, le=1_000_000, allow_inf_nan=False, description="Swedish kronor.", examples=[40]),
]
WebAddress = Annotated[Text, Field(max_length=2000), AfterValidator(_web_address)]
EmailAddress = Annotated[
    Text, Field(max_length=254), StringConstraints(pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$")
]


def _no_number(value: object) -> object:
    """Pydantic alone would read 0 as 1970-01-01, and a moment as its day in whatever zone it names."""
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    if isinstance(value, str) and re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
        return value
    raise ValueError("should be a date such as 2026-10-02")


Day = Annotated[
    date, BeforeValidator(_no_number), Field(description="ISO 8601 date.", examples=["2026-10-02"])
]


class Record(BaseModel):
    """A part of the exchange format: unknown keys are refused; an absent key means not known.

    `exchange()` gives the record back with just the keys that were given.
    """

    model_config = ConfigDict(extra="forbid", populate_by_name=True, from_attributes=True)

    def exchange(self) -> dict[str, Any]:
        """The record as JSON-ready values: absent keys stay absent, null stays null."""
        return self.model_dump(mode="json", by_alias=True, exclude_unset=True)
