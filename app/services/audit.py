"""One row for each write: who, what, which; field names but never their contents."""

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy.orm import Session

from app.models import AuditRow


def note(
    session: Session, *, actor: str, action: str, subject_kind: str, subject: UUID, fields: Iterable[str] = ()
) -> None:
    """Write down a deed in the same transaction as the deed itself."""
    names = sorted(fields)
    # Added, not executed: the rows of a bulk go to the database together.
    session.add(
        AuditRow(
            actor=actor,
            action=action,
            subject_kind=subject_kind,
            subject=subject,
            fields={"changed": names} if names else None,
        )
    )
