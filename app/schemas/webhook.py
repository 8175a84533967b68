"""Webhooks as the API takes and shows them."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from app.schemas.fields import WebAddress

EventName = Literal[
    "referral.requested",
    "referral.reminder",
    "referral.contact-changed",
    "referral.info-requested",
    "referral.info-supplied",
    "referral.status-changed",
    "referral.withdrawn",
    "referral.expired",
]
_Secret = Field(description="Shown this once. What messages are signed with.", examples=["whsec_c2Vjc…"])


class WebhookIn(BaseModel):
    model_config = ConfigDict(extra="forbid")
    url: WebAddress = Field(description="Where messages are sent: https, at a public address.")
    events: list[EventName] = Field([], max_length=20, description="Which to send; all when empty.")


class WebhookOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)
    id: UUID
    url: str
    events: list[str]
    created_at: datetime
    disabled_at: datetime | None = Field(description="Since then nothing is sent.")
    disabled_why: str | None = Field(examples=["status-410"])


class Webhooks(BaseModel):
    items: list[WebhookOut]


class WebhookMade(WebhookOut):
    secret: str = _Secret


class WebhookRotated(BaseModel):
    model_config = ConfigDict(from_attributes=True)
    id: UUID
    secret: str = _Secret
    previous_until: datetime = Field(description="Until then the old secret signs beside the new one.")


class WebhookTried(BaseModel):
    delivered: bool
    status: int | None = Field(description="What the other side answered.")
    reason: str | None = Field(description="Why it was not delivered.", examples=["too-slow"])
