"""Referrals: what is known to all who may see one stands in columns; what tells of a person is sealed.

Every table here has row-level security (see migration 0004): a transaction sees the rows of its wall alone.
"""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    BigInteger,
    CheckConstraint,
    DateTime,
    ForeignKey,
    Index,
    LargeBinary,
    Text,
    UniqueConstraint,
    func,
)
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, Moment, Strings, Timestamp, UuidKey

STATUSES = (
    "draft", "requested", "accepted", "rejected", "in-progress", "on-hold", "completed", "failed",
    "cancelled", "entered-in-error",
)  # fmt: skip
_OPEN = "('requested', 'accepted', 'in-progress', 'on-hold')"


class Referral(Base):
    __tablename__ = "referral"
    id: Mapped[UuidKey]
    correlation_id: Mapped[UUID] = mapped_column(index=True)
    rerouted_from: Mapped[UUID | None] = mapped_column(ForeignKey("referral.id"))
    mode: Mapped[str]
    status: Mapped[str]
    sub_status: Mapped[str | None]
    reason: Mapped[str | None]
    version: Mapped[int] = mapped_column(default=1)
    # The requester: a tenant (care provider) and its unit; nobody for a person's own request.
    requester_tenant: Mapped[str | None]
    requester_unit: Mapped[str | None]
    requester_id: Mapped[UUID | None] = mapped_column(ForeignKey("account.id"))
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    listing_id: Mapped[UUID] = mapped_column(ForeignKey("listing.id"))
    # The teaser: what the organisation sees before it accepts.
    municipality_code: Mapped[str | None] = mapped_column(ForeignKey("municipality.code"))
    language: Mapped[str | None]
    interpreter: Mapped[bool | None]
    age_band: Mapped[str | None]
    access_needs: Mapped[Strings] = mapped_column(server_default="{}")
    urgency: Mapped[str]
    protected_identity: Mapped[bool]
    decided_by: Mapped[str | None]
    maturity_assessed: Mapped[bool | None]
    # An open referral always has somebody whose turn it is, and when.
    next_action_by: Mapped[str | None]
    next_action_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    requested_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    reminded_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    expires_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    accepted_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    closed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    shred_after: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    shredded_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    # Keyed digests: of the person's code, and of her contact within the tenant (to find duplicates).
    code_mac: Mapped[str | None] = mapped_column(unique=True)
    redeemed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    duplicate_mac: Mapped[str | None]
    outcome: Mapped[str | None]
    outcome_reason: Mapped[str | None]
    enrolled_on: Mapped[date | None]
    first_attended_on: Mapped[date | None]
    continuing_on: Mapped[date | None]
    attendance_count: Mapped[int | None]
    created_at: Mapped[Timestamp]
    updated_at: Mapped[Timestamp] = mapped_column(onupdate=func.now())
    __table_args__ = (
        Index(None, "requester_tenant", "requester_unit", "updated_at"),
        Index(None, "organisation_id", "status", "updated_at"),
        Index(None, "listing_id"),
        Index(None, "duplicate_mac", postgresql_where="duplicate_mac IS NOT NULL"),
        Index(None, "next_action_at", postgresql_where=f"status IN {_OPEN}"),
        Index(None, "expires_at", postgresql_where="status = 'requested'"),
        Index(None, "shred_after", postgresql_where="shredded_at IS NULL"),
        CheckConstraint("mode IN ('code', 'light', 'direct', 'self')", name="mode_known"),
        CheckConstraint(f"status IN {STATUSES}", name="status_known"),
        CheckConstraint("urgency IN ('routine', 'soon')", name="urgency_known"),
        CheckConstraint(
            "next_action_by IN ('requester', 'organisation', 'person', 'operator')", name="owner_known"
        ),
        CheckConstraint(
            f"status NOT IN {_OPEN} OR (next_action_by IS NOT NULL AND next_action_at IS NOT NULL)",
            name="open_has_owner_and_time",
        ),
        CheckConstraint(
            "(mode = 'self') = (requester_tenant IS NULL) AND (mode = 'self') = (requester_id IS NULL)",
            name="staff_unless_self",
        ),
        CheckConstraint("NOT protected_identity OR mode = 'code'", name="protected_only_by_code"),
        CheckConstraint(
            "status NOT IN ('rejected', 'cancelled', 'on-hold', 'failed') OR reason IS NOT NULL",
            name="reason_given",
        ),
        CheckConstraint("status <> 'completed' OR outcome IS NOT NULL", name="completed_with_outcome"),
    )


class ReferralKey(Base):
    """The data key of one referral, wrapped by a master key that is kept outside the database.

    Everything sealed of the referral needs it: shredding deletes the row.
    """

    __tablename__ = "referral_key"
    referral_id: Mapped[UUID] = mapped_column(ForeignKey("referral.id"), primary_key=True)
    master_version: Mapped[int]
    wrapped_key: Mapped[bytes] = mapped_column(LargeBinary)


class ReferralSecret(Base):
    """What tells of the person, sealed. The organisation's wall lets it through after acceptance.

    None for the mode `code`, which stores nothing about the person.
    """

    __tablename__ = "referral_secret"
    referral_id: Mapped[UUID] = mapped_column(ForeignKey("referral.id"), primary_key=True)
    person: Mapped[bytes] = mapped_column(LargeBinary)
    measures: Mapped[bytes | None] = mapped_column(LargeBinary)


class ReferralEvent(Base):
    """What happened, in order. Exactly one for each acknowledged change; never changed."""

    __tablename__ = "referral_event"
    id: Mapped[UuidKey]
    referral_id: Mapped[UUID] = mapped_column(ForeignKey("referral.id"))
    number: Mapped[int]
    at: Mapped[Timestamp]
    kind: Mapped[str]
    from_status: Mapped[str | None]
    to_status: Mapped[str | None]
    actor: Mapped[str]
    actor_id: Mapped[UUID | None]
    reason: Mapped[str | None]
    on: Mapped[date | None]
    text: Mapped[bytes | None] = mapped_column(LargeBinary)
    __table_args__ = (
        UniqueConstraint("referral_id", "number"),
        CheckConstraint("actor IN ('requester', 'organisation', 'person', 'system')", name="actor_known"),
    )


class ReferralConsent(Base):
    """The person's waiver of secrecy, and the legal basis: two different things, noted apart."""

    __tablename__ = "referral_consent"
    referral_id: Mapped[UUID] = mapped_column(ForeignKey("referral.id"), primary_key=True)
    given_by: Mapped[str]
    given_on: Mapped[date]
    expires_on: Mapped[date]
    recipient_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    categories: Mapped[list[str]] = mapped_column(ARRAY(Text))
    text_version: Mapped[str]
    withdrawn_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    legal_basis: Mapped[str]
    legal_basis_noted_on: Mapped[date]
    noted_by: Mapped[UUID | None] = mapped_column(ForeignKey("account.id"))
    __table_args__ = (CheckConstraint("given_on <= expires_on", name="dates_in_order"),)


class ReferralLink(Base):
    """A one-time link sent to an organisation; its address holds its id, signed: nothing secret is kept."""

    __tablename__ = "referral_link"
    id: Mapped[UuidKey]
    referral_id: Mapped[UUID] = mapped_column(ForeignKey("referral.id"), index=True)
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    created_at: Mapped[Timestamp]
    expires_at: Mapped[Moment]
    used_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class ReferralSession(Base):
    """A while of access to one referral, begun by a link (organisation) or a code (person)."""

    __tablename__ = "referral_session"
    id: Mapped[UuidKey]
    sha256: Mapped[str] = mapped_column(unique=True)
    referral_id: Mapped[UUID] = mapped_column(ForeignKey("referral.id"), index=True)
    actor: Mapped[str]
    organisation_id: Mapped[UUID | None] = mapped_column(ForeignKey("organisation.id"))
    created_at: Mapped[Timestamp]
    expires_at: Mapped[Moment]
    ended_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    __table_args__ = (CheckConstraint("actor IN ('organisation', 'person')", name="actor_known"),)


class CodeAttempt(Base):
    """A wrong code: counted for its caller, who is a keyed digest."""

    __tablename__ = "code_attempt"
    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=True)
    caller_mac: Mapped[str]
    at: Mapped[Timestamp]
    __table_args__ = (Index(None, "caller_mac", "at"),)
