"""Listings: what a person can come to, or call.

Values without identity that are always read whole (texts, age, cost, schedule, contacts, capacity,
source) are JSONB, validated by their schema and guarded by checks; what is referred to is rows.
"""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ARRAY, CheckConstraint, DateTime, ForeignKey, Index, Text, UniqueConstraint, func
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.models.base import Base, Json, JsonList, Strings, Timestamp, UuidKey
from app.models.organisation import Organisation
from app.models.venue import ListingVenue, Venue


class CategoryLink(Base):
    __tablename__ = "listing_category"
    listing_id: Mapped[UUID] = mapped_column(ForeignKey("listing.id", ondelete="CASCADE"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    category_id: Mapped[str] = mapped_column(ForeignKey("category.id"), index=True)


class AudienceLink(Base):
    __tablename__ = "listing_audience"
    listing_id: Mapped[UUID] = mapped_column(ForeignKey("listing.id", ondelete="CASCADE"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    audience_id: Mapped[str] = mapped_column(ForeignKey("audience.id"), index=True)
    only: Mapped[bool]


class LanguageLink(Base):
    __tablename__ = "listing_language"
    listing_id: Mapped[UUID] = mapped_column(ForeignKey("listing.id", ondelete="CASCADE"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(ForeignKey("language.code"), index=True)
    mode: Mapped[str]


class Listing(Base):
    __tablename__ = "listing"
    id: Mapped[UuidKey]
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    external_id: Mapped[str | None]
    kind: Mapped[str]
    status: Mapped[str]
    texts: Mapped[Json | None]
    age: Mapped[Json | None]
    cost: Mapped[Json | None]
    schedule: Mapped[JsonList | None]
    contacts: Mapped[JsonList | None]
    capacity: Mapped[Json | None]
    source: Mapped[Json | None]
    loneliness: Mapped[list[str] | None] = mapped_column(ARRAY(Text))
    attendance: Mapped[list[str] | None] = mapped_column(ARRAY(Text))
    facts: Mapped[Json | None]
    answered_by: Mapped[str | None]
    crisis: Mapped[bool | None]
    confirmed_on: Mapped[date | None]
    known_without: Mapped[Strings] = mapped_column(server_default="{}")
    import_source: Mapped[str | None] = mapped_column(index=True)
    created_at: Mapped[Timestamp]
    updated_at: Mapped[Timestamp] = mapped_column(onupdate=func.now())
    published_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    version: Mapped[int] = mapped_column(default=1)

    organisation: Mapped[Organisation] = relationship(lazy="raise")
    category_links: Mapped[list[CategoryLink]] = relationship(
        lazy="raise", order_by=CategoryLink.position, cascade="all, delete-orphan", passive_deletes=True
    )
    audience_links: Mapped[list[AudienceLink]] = relationship(
        lazy="raise", order_by=AudienceLink.position, cascade="all, delete-orphan", passive_deletes=True
    )
    language_links: Mapped[list[LanguageLink]] = relationship(
        lazy="raise", order_by=LanguageLink.position, cascade="all, delete-orphan", passive_deletes=True
    )
    venue_links: Mapped[list[ListingVenue]] = relationship(
        lazy="raise", order_by=ListingVenue.position, cascade="all, delete-orphan", passive_deletes=True
    )

    @property
    def venues(self) -> list[Venue]:
        return [link.venue for link in self.venue_links]

    __table_args__ = (
        UniqueConstraint("organisation_id", "external_id"),
        Index(None, "status", "kind"),
        CheckConstraint("kind IN ('activity', 'meeting_place', 'support_line')", name="kind_known"),
        CheckConstraint(
            "status IN ('draft', 'submitted', 'published', 'paused', 'archived', 'rejected')",
            name="status_known",
        ),
        CheckConstraint("(age->>'min')::int <= (age->>'max')::int", name="age_in_order"),
        CheckConstraint("(age->>'min')::int >= 0 AND (age->>'max')::int <= 130", name="age_in_range"),
        CheckConstraint("(cost->>'min_sek')::numeric <= (cost->>'max_sek')::numeric", name="cost_in_order"),
        CheckConstraint(
            "status <> 'published' OR coalesce(texts #>> '{sv,title}', texts #>> '{en,title}') IS NOT NULL",
            name="published_in_swedish_or_english",
        ),
    )
