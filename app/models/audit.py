"""Who wrote what, when; and requests that may be sent again."""

from uuid import UUID

from sqlalchemy import BigInteger, Index, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, Json, Timestamp


class AuditRow(Base):
    """One write: the actor, the deed, the subject; never people's free text."""

    __tablename__ = "audit"
    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=True)
    at: Mapped[Timestamp]
    actor: Mapped[str]
    action: Mapped[str]
    subject_kind: Mapped[str]
    subject: Mapped[UUID]
    fields: Mapped[Json | None]
    __table_args__ = (Index(None, "subject_kind", "subject"),)


class IdempotentRequest(Base):
    """An answered POST, kept 48 hours under the caller's Idempotency-Key."""

    __tablename__ = "idempotency"
    caller: Mapped[UUID] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    request_sha256: Mapped[str]
    status: Mapped[int | None]
    headers: Mapped[Json | None]
    body: Mapped[bytes | None] = mapped_column(LargeBinary)
    created_at: Mapped[Timestamp]
    __table_args__ = (Index(None, "created_at"),)
