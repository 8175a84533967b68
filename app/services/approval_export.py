"""An organisation's whole record, as two of the operator's people have agreed to take it out."""

from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy.orm import Session

from app.errors import Conflict, Gone, NotFound
from app.models import Organisation
from app.services import approvals, audit, exchange

OPEN = timedelta(hours=1)


def records(session: Session, approval_id: UUID, *, actor: str) -> list[dict[str, Any]]:
    """The organisation and its listings in the exchange format, protected addresses too.

    Raises Conflict when it is not approved, Gone an hour after it was.
    """
    found = approvals.by_id(session, approval_id)
    organisation = session.get(Organisation, found.subject)
    if found.kind != "bulk_export" or organisation is None:
        raise NotFound("There is no such proposal.")
    if found.decision != "approved" or found.decided_at is None:
        raise Conflict("This is not approved.")
    if datetime.now(UTC) - found.decided_at > OPEN:
        raise Gone("The approval is more than an hour old.")
    out = BytesIO()
    exchange.run_export(
        out, organisation=organisation.external_id, statuses=None, public=False, session=session
    )
    audit.note(session, actor=actor, action="export", subject_kind="organisation", subject=organisation.id)
    return [orjson.loads(line) for line in out.getvalue().splitlines()]
