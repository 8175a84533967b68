"""A unit's mailbox as the API takes and shows it."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

from app.schemas.fields import EmailAddress


class MailboxIn(BaseModel):
    model_config = ConfigDict(extra="forbid")
    address: EmailAddress = Field(
        description="The unit's functional address. Never a person's own: others read it when she is away.",
        examples=["mottagningen@region.example"],
    )


class MailboxOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)
    unit: str | None = Field(
        description="Whose it is; null for staff whose token names no unit.", examples=["SE2321000016-A0E1"]
    )
    address: str = Field(examples=["mottagningen@region.example"])
    updated_at: datetime
