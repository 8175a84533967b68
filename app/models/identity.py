"""API keys: only their SHA-256 is kept."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import DateTime, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.models.base import Base, Strings, Timestamp, UuidKey
from app.models.organisation import Organisation


class ApiKey(Base):
    """A key of one organisation, or (organisation_id null) of the operator."""

    __tablename__ = "api_key"
    id: Mapped[UuidKey]
    organisation_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("organisation.id", ondelete="CASCADE"), index=True
    )
    name: Mapped[str]
    sha256: Mapped[str] = mapped_column(unique=True)
    scopes: Mapped[Strings]
    created_at: Mapped[Timestamp]
    expires_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    revoked_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    last_used_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    organisation: Mapped[Organisation | None] = relationship(lazy="raise")
