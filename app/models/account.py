"""People who act through an identity provider, what they may, and deeds that take two of them."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, DateTime, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, Json, Timestamp, UuidKey


class Account(Base):
    """One person of one issuer. No name is kept: `id` is the pseudonym that logs and referrals carry."""

    __tablename__ = "account"
    id: Mapped[UuidKey]
    issuer: Mapped[str]
    subject: Mapped[str]
    tenant: Mapped[str | None]
    unit: Mapped[str | None]
    created_at: Mapped[Timestamp]
    last_seen_at: Mapped[Timestamp]
    __table_args__ = (UniqueConstraint("issuer", "subject"),)


class RoleGrant(Base):
    """A role given to a person: member of an organisation, operator, or staff."""

    __tablename__ = "role_grant"
    id: Mapped[UuidKey]
    issuer: Mapped[str]
    subject: Mapped[str]
    role: Mapped[str]
    organisation_id: Mapped[UUID | None] = mapped_column(ForeignKey("organisation.id", ondelete="CASCADE"))
    granted_by: Mapped[str]
    created_at: Mapped[Timestamp]
    revoked_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    __table_args__ = (
        # No role twice at a time; also what a request looks them up by.
        Index(
            None,
            *("issuer", "subject", "role", "organisation_id"),
            unique=True,
            postgresql_where=text("revoked_at IS NULL"),
            postgresql_nulls_not_distinct=True,
        ),
        CheckConstraint("role IN ('staff', 'member', 'operator')", name="role_known"),
        CheckConstraint("(role = 'member') = (organisation_id IS NOT NULL)", name="member_of_one"),
    )


class Approval(Base):
    """A deed that takes two people: proposed by one, decided by another."""

    __tablename__ = "approval"
    id: Mapped[UuidKey]
    kind: Mapped[str]
    subject: Mapped[UUID] = mapped_column(index=True)
    proposal: Mapped[Json]
    proposed_by: Mapped[str]  # account: and a pseudonym, or key: and its id
    proposed_at: Mapped[Timestamp]
    decided_by: Mapped[str | None]
    decided_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    decision: Mapped[str | None]
    __table_args__ = (
        CheckConstraint(
            "kind IN ('verify_organisation', 'change_contacts', 'bulk_export', 'shred')", name="kind_known"
        ),
        CheckConstraint("decision IN ('approved', 'refused')", name="decision_known"),
        CheckConstraint("decided_by IS DISTINCT FROM proposed_by OR decision = 'refused'", name="two_people"),
        CheckConstraint(
            "(decided_by IS NULL) = (decision IS NULL) AND (decided_at IS NULL) = (decision IS NULL)",
            name="decided_whole",
        ),
    )
