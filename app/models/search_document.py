"""The derived search documents, written with the change; Meilisearch is reconciled from them."""

from uuid import UUID

from sqlalchemy import ForeignKey, Index
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, Json


class SearchDocument(Base):
    __tablename__ = "search_document"
    id: Mapped[str] = mapped_column(primary_key=True)
    listing_id: Mapped[UUID] = mapped_column(ForeignKey("listing.id", ondelete="CASCADE"), index=True)
    body: Mapped[Json]
    searchable: Mapped[str] = mapped_column(TSVECTOR)
    __table_args__ = (Index(None, "searchable", postgresql_using="gin"),)
