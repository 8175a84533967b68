"""What is told to others: thin messages, and where they go."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, DateTime, ForeignKey, Index, LargeBinary, func
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, Strings, Timestamp, UuidKey


class WebhookEndpoint(Base):
    """An address told of events, of an organisation or of a requesting tenant. Its secrets are sealed.

    `unit`: the unit of the tenant whose it is, and whose referrals it is told of; null: all of the tenant's.
    """

    __tablename__ = "webhook_endpoint"
    id: Mapped[UuidKey]
    organisation_id: Mapped[UUID | None] = mapped_column(ForeignKey("organisation.id", ondelete="CASCADE"))
    tenant: Mapped[str | None]
    unit: Mapped[str | None]
    url: Mapped[str]
    events: Mapped[Strings]
    master_version: Mapped[int]
    wrapped_key: Mapped[bytes] = mapped_column(LargeBinary)
    secret: Mapped[bytes] = mapped_column(LargeBinary)
    previous_secret: Mapped[bytes | None] = mapped_column(LargeBinary)
    previous_until: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    created_at: Mapped[Timestamp]
    disabled_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    disabled_why: Mapped[str | None]
    __table_args__ = (
        Index(None, "organisation_id"),
        Index(None, "tenant"),
        CheckConstraint("(organisation_id IS NULL) <> (tenant IS NULL)", name="one_owner"),
        CheckConstraint("unit IS NULL OR tenant IS NOT NULL", name="unit_of_tenant"),
    )


class UnitMailbox(Base):
    """The functional e-mail address of a unit that refers; null: of its care provider's staff without one."""

    __tablename__ = "unit_mailbox"
    id: Mapped[UuidKey]
    tenant: Mapped[str]
    unit: Mapped[str | None]
    address: Mapped[str]
    version: Mapped[int]
    created_at: Mapped[Timestamp]
    updated_at: Mapped[Timestamp] = mapped_column(onupdate=func.now())
    __table_args__ = (Index(None, "tenant", "unit", unique=True, postgresql_nulls_not_distinct=True),)


class Notification(Base):
    """One message to one receiver: an event's name and an opaque id, never anything about a person.

    It is made in the transaction of the change it tells of, with an outbox job of its id.
    """

    __tablename__ = "notification"
    id: Mapped[UuidKey]
    event: Mapped[str]
    referral_id: Mapped[UUID] = mapped_column(index=True)
    correlation_id: Mapped[UUID]
    channel: Mapped[str]
    organisation_id: Mapped[UUID | None] = mapped_column(ForeignKey("organisation.id", ondelete="CASCADE"))
    endpoint_id: Mapped[UUID | None] = mapped_column(ForeignKey("webhook_endpoint.id", ondelete="CASCADE"))
    created_at: Mapped[Timestamp]
    attempts: Mapped[int] = mapped_column(server_default="0")
    delivered_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    given_up_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    last_error: Mapped[str | None]
    __table_args__ = (
        CheckConstraint("channel IN ('email', 'webhook')", name="channel_known"),
        CheckConstraint("(channel = 'webhook') = (endpoint_id IS NOT NULL)", name="webhook_has_endpoint"),
    )
