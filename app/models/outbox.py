"""What must follow a commit: a row in the same transaction, taken by the worker."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, DateTime, Index, func
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, Timestamp


class OutboxJob(Base):
    __tablename__ = "outbox"
    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=True)
    kind: Mapped[str]
    subject: Mapped[UUID]
    created_at: Mapped[Timestamp]
    attempts: Mapped[int] = mapped_column(server_default="0")
    run_after: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    last_error: Mapped[str | None]
    __table_args__ = (Index(None, "run_after", "id"), Index(None, "subject"))
