"""Organisations: who is behind a listing."""

from datetime import datetime

from sqlalchemy import DateTime, ForeignKey, func
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, Json, Strings, Timestamp, UuidKey


class Organisation(Base):
    __tablename__ = "organisation"
    id: Mapped[UuidKey]
    external_id: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    org_number: Mapped[str | None] = mapped_column(index=True)
    legal_form: Mapped[str | None]
    municipality_code: Mapped[str | None] = mapped_column(ForeignKey("municipality.code"))
    website: Mapped[str | None]
    email: Mapped[str | None]
    phone: Mapped[str | None]
    texts: Mapped[Json | None]
    child_safeguarding: Mapped[bool | None]
    # Keys that were given as null: known to be without, told apart from not known.
    known_without: Mapped[Strings] = mapped_column(server_default="{}")
    verified_on: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    import_source: Mapped[str | None] = mapped_column(index=True)
    created_at: Mapped[Timestamp]
    updated_at: Mapped[Timestamp] = mapped_column(onupdate=func.now())
    version: Mapped[int] = mapped_column(default=1)
