"""What lists of referrals are asked with, and what goes with a new one."""

from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from app.schemas.referral_terms import Status


class Asked(BaseModel):
    model_config = ConfigDict(extra="forbid")


class InboxQuery(Asked):
    """Filters of a list of referrals. Texts are never searchable."""

    status: list[Status] = Field([], max_length=10)
    next_action_before: AwareDatetime | None = Field(None, description="Whose turn comes before this moment.")
    updated_since: AwareDatetime | None = Field(None, description="Changed at or after this moment.")
    correlation_id: UUID | None = Field(None, description="All referrals of one case.")
    limit: int = Field(20, ge=1, le=100)
    page: int = Field(1, ge=1, le=100_000)


class ReferralQuery(InboxQuery):
    """The same for those who refer."""

    mine: bool = Field(False, description="Only the caller's own, without the unit's.")


class SendOptions(Asked):
    """How a referral is sent."""

    draft: bool = Field(False, description="Keep it as a draft; the organisation sees nothing of it.")
    allow_duplicate: bool = Field(False, description="Send it although one is open.")
