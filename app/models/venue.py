"""Venues: places shared between listings."""

from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.models.base import Base, Json, Strings, UuidKey


class Venue(Base):
    __tablename__ = "venue"
    id: Mapped[UuidKey]
    name: Mapped[str | None]
    street: Mapped[str | None]
    postal_code: Mapped[str | None]
    city: Mapped[str | None]
    municipality_code: Mapped[str | None] = mapped_column(ForeignKey("municipality.code"))
    district: Mapped[str | None]
    lat: Mapped[float | None]
    lon: Mapped[float | None]
    visibility: Mapped[str | None]
    directions: Mapped[str | None]
    facts: Mapped[Json | None]
    known_without: Mapped[Strings] = mapped_column(server_default="{}")
    # SHA-256 of the exchange record: the same record is the same venue, whoever sends it.
    fingerprint: Mapped[str] = mapped_column(unique=True)

    __table_args__ = (
        CheckConstraint("lat BETWEEN -90 AND 90", name="lat_in_range"),
        CheckConstraint("lon BETWEEN -180 AND 180", name="lon_in_range"),
        CheckConstraint("(lat IS NULL) = (lon IS NULL)", name="whole_point"),
        CheckConstraint("visibility IN ('public', 'district', 'hidden')", name="visibility_known"),
        Index(None, "municipality_code"),
        Index(None, "lat", "lon"),
    )


class ListingVenue(Base):
    """A listing's place in the order the listing gives them."""

    __tablename__ = "listing_venue"
    listing_id: Mapped[UUID] = mapped_column(ForeignKey("listing.id", ondelete="CASCADE"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    venue_id: Mapped[UUID] = mapped_column(ForeignKey("venue.id"), index=True)
    venue: Mapped[Venue] = relationship(lazy="raise")
