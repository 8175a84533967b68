"""How referrals go, for planners: counts of two properties against each other, and of nobody alone."""

from datetime import datetime
from typing import Any, Literal

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.models import Municipality, Referral
from app.services import suppression
from app.services.suppression import Told

Property = Literal["month", "county", "mode", "status", "outcome", "outcome_reason", "age_band", "language"]

_MONTH = func.to_char(func.timezone("Europe/Stockholm", Referral.created_at), "YYYY-MM")
_BY: dict[Property, Any] = {
    "month": _MONTH,
    "county": Municipality.county_code,
    "mode": Referral.mode,
    "status": Referral.status,
    "outcome": Referral.outcome,
    "outcome_reason": Referral.outcome_reason,
    "age_band": Referral.age_band,
    "language": Referral.language,
}
UNKNOWN = "unknown"


def counted(
    session: Session, down: Property, across: Property, *, since: datetime | None, until: datetime | None
) -> Told:
    """Referrals made in [since, until), drafts and mistakes left out, behind the worker's wall.

    Asking again with other days tells nothing more only if few different spans are published: choose whole
    months or quarters, and keep to them.
    """
    first, second = func.coalesce(_BY[down], UNKNOWN), func.coalesce(_BY[across], UNKNOWN)
    query = (
        select(first.label("first"), second.label("second"), func.count().label("number"))
        .outerjoin(Municipality, Municipality.code == Referral.municipality_code)
        .where(Referral.status.not_in(("draft", "entered-in-error")))
        .group_by(first, second)
    )
    if since is not None:
        query = query.where(Referral.created_at >= since)
    if until is not None:
        query = query.where(Referral.created_at < until)
    rows = session.execute(query.select_from(Referral))
    return suppression.table({(row.first, row.second): row.number for row in rows})
