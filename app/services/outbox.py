"""Work that must follow a commit, as rows in the same transaction."""

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import insert, text
from sqlalchemy.orm import Session

from app.models import OutboxJob

CHANNEL = "torg_outbox"


def add_many(session: Session, *, kind: str, subjects: Iterable[UUID]) -> None:
    """Note one job a subject and wake the worker when, and only when, the transaction commits."""
    rows = [{"kind": kind, "subject": subject} for subject in subjects]
    if rows:
        session.execute(insert(OutboxJob), rows)
        session.execute(text(f"NOTIFY {CHANNEL}"))


def add(session: Session, *, kind: str, subject: UUID) -> None:
    add_many(session, kind=kind, subjects=[subject])
