"""Roles that are granted, and deeds that take two people."""

from datetime import datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from app.schemas.fields import Text200

Subject = Annotated[
    str,
    StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$"),
    Field(
        description="What the issuer calls the person, in the claim that tells its people apart.",
        examples=["SE2321000016-5TH3"],
    ),
]
ApprovalKind = Literal["verify_organisation", "change_contacts", "bulk_export", "shred"]


class GrantIn(BaseModel):
    model_config = ConfigDict(extra="forbid")
    issuer: Text200 = Field(description="As in the settings.", examples=["https://login.kommun.example"])
    subject: Subject
    role: Literal["staff", "member"] = Field(
        description="Operators are made by settings or on the command line.", examples=["member"]
    )
    organisation: Text200 | None = Field(
        None, description="Id or external id; for a member, and for no other.", examples=["kaffekvarnen"]
    )

    @model_validator(mode="after")
    def _member_of_one(self) -> Self:
        if (self.role == "member") != (self.organisation is not None):
            raise ValueError("a member, and no other, has an organisation")
        return self


class GrantOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)
    id: UUID
    issuer: str
    subject: str
    role: Literal["staff", "member", "operator"]
    organisation_id: UUID | None
    granted_by: str = Field(description="The pseudonym of who granted it.", examples=["account:019aa4f0…"])
    created_at: datetime
    revoked_at: datetime | None


class Grants(BaseModel):
    items: list[GrantOut]
    total: int
    limit: int
    page: int


class GrantQuery(BaseModel):
    model_config = ConfigDict(extra="forbid")
    role: list[Literal["staff", "member", "operator"]] = Field([], max_length=3)
    organisation_id: UUID | None = None
    revoked: bool = Field(False, description="True: those that were revoked, too.")
    limit: int = Field(20, ge=1, le=100)
    page: int = Field(1, ge=1, le=100_000)


class ApprovalIn(BaseModel):
    model_config = ConfigDict(extra="forbid")
    kind: Literal["verify_organisation", "bulk_export", "shred"] = Field(
        description="A change of contacts is proposed by changing them.", examples=["verify_organisation"]
    )
    subject: UUID = Field(description="The organisation; for `shred` the referral.")


class ApprovalOut(BaseModel):
    """A deed that waits for a second person, or what she decided."""

    model_config = ConfigDict(from_attributes=True)
    id: UUID
    kind: ApprovalKind
    subject: UUID = Field(description="The organisation, listing or referral it is about.")
    proposal: dict[str, Any] = Field(
        description="For `change_contacts` the contacts `before` and `after`.", examples=[{}]
    )
    proposed_by: str = Field(description="`account:` and a pseudonym, or `key:` and its id.")
    proposed_at: datetime
    decided_by: str | None
    decided_at: datetime | None
    decision: Literal["approved", "refused"] | None


class Approvals(BaseModel):
    items: list[ApprovalOut]
    total: int
    limit: int
    page: int


class ApprovalQuery(BaseModel):
    model_config = ConfigDict(extra="forbid")
    kind: list[ApprovalKind] = Field([], max_length=4)
    subject: UUID | None = None
    decided: bool = Field(False, description="True: those that were decided, instead of those that wait.")
    limit: int = Field(20, ge=1, le=100)
    page: int = Field(1, ge=1, le=100_000)


class DecisionIn(BaseModel):
    model_config = ConfigDict(extra="forbid")
    decision: Literal["approved", "refused"]


class ApprovedExport(BaseModel):
    items: list[dict[str, Any]] = Field(
        description="Records of the exchange format, the organisation first.",
        examples=[[{"type": "organisation", "external_id": "kaffekvarnen", "name": "Kaffekvarnen"}]],
    )
