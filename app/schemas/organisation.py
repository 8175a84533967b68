"""Organisations as the exchange format writes them, and as the API answers."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StrictBool, field_validator
from stdnum.exceptions import ValidationError as NumberError
from stdnum.se import orgnr

from app.schemas.fields import (
    EmailAddress,
    ExternalId,
    LanguageTag,
    MunicipalityCode,
    Record,
    Text40,
    Text200,
    Text5000,
    WebAddress,
)

LegalForm = Literal[
    "non-profit-association",
    "foundation",
    "faith-community",
    "municipality",
    "region",
    "study-association",
    "cooperative",
    "company",
    "government-agency",
]
Provenance = Literal["human", "machine"]


class OrganisationText(Record):
    description: Text5000 | None = None
    provenance: Provenance | None = Field(None, description="Absent: written by a human.")


class OrganisationIn(Record):
    """An organisation as sent. `null` means known to be without; absent means not known."""

    type: Literal["organisation"] | None = Field(None, description="Names the row's kind in a file.")
    external_id: ExternalId
    name: Text200
    org_number: str | None = Field(None, description="Swedish organisation number, checked.")
    legal_form: LegalForm | None = None
    municipality_code: MunicipalityCode | None = None
    website: WebAddress | None = None
    email: EmailAddress | None = None
    phone: Text40 | None = None
    texts: dict[LanguageTag, OrganisationText] | None = Field(None, max_length=40)
    child_safeguarding: StrictBool | None = Field(
        None, description="Whether a child-safeguarding routine exists; nothing more is kept."
    )

    @field_validator("org_number")
    @classmethod
    def _checked_number(cls, value: str | None) -> str | None:
        if value is None:
            return None
        try:
            compact: str = orgnr.validate(value)
        except NumberError as error:
            raise ValueError("is not a valid organisation number") from error
        if int(compact[2]) < 2:  # a legal person's number has at least 20 in its third and fourth digit
            raise ValueError("is a personal number; leave it out")
        return orgnr.format(compact)


class OrganisationOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: UUID
    external_id: str
    name: str
    org_number: str | None
    legal_form: str | None
    municipality_code: str | None
    website: str | None
    email: str | None
    phone: str | None
    texts: dict[str, OrganisationText] | None
    child_safeguarding: bool | None
    verified_on: datetime | None = Field(description="When the operator verified it; null: not yet.")
    created_at: datetime
    updated_at: datetime
