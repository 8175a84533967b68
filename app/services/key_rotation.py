"""Wraps every data key anew under the master key that seals now; what was sealed stays as it is.

Each batch is a transaction of its own: it may be stopped anywhere and run again, beside a service at work.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, union_all, update
from sqlalchemy.orm import InstrumentedAttribute

from app.db import Wall, walled_scope
from app.models import ReferralKey, WebhookEndpoint
from app.services.vault import SealBroken, vault

BATCH = 500
WORKER = Wall(role="torg_worker")


@dataclass(frozen=True)
class _Wrapped:
    """A table with wrapped data keys."""

    place: str
    id: InstrumentedAttribute[UUID]
    version: InstrumentedAttribute[int]
    key: InstrumentedAttribute[bytes]


_TABLES = (
    _Wrapped(
        "referral_key.wrapped_key",
        ReferralKey.referral_id,
        ReferralKey.master_version,
        ReferralKey.wrapped_key,
    ),
    _Wrapped(
        "webhook_endpoint.wrapped_key",
        WebhookEndpoint.id,
        WebhookEndpoint.master_version,
        WebhookEndpoint.wrapped_key,
    ),
)


@dataclass
class Report:
    """What was wrapped anew, which rows cannot be opened, and how many keys each master version wraps."""

    current: int
    rewrapped: int = 0
    broken: list[str] = field(default_factory=list)
    in_use: dict[int, int] = field(default_factory=dict)


def rotate(done: Callable[[int], object] = lambda _: None) -> Report:
    """Wrap every data key under the first master key of the settings; `done` is told how many so far."""
    report = Report(vault().current)
    for table in _TABLES:
        last: UUID | None = UUID(int=0)
        while last is not None:
            last = _batch(table, last, report)
            done(report.rewrapped)
    with walled_scope(WORKER) as session:
        each = union_all(*(select(table.version.label("version")) for table in _TABLES)).subquery()
        counted = session.execute(select(each.c.version, func.count().label("rows")).group_by(each.c.version))
        report.in_use = {row.version: row.rows for row in counted}
    return report


def _batch(table: _Wrapped, last: UUID, report: Report) -> UUID | None:
    """Wrap the next keys after `last`; the last one looked at, None when there was none."""
    chest = vault()
    with walled_scope(WORKER) as session:
        # Held, so that a referral shredded meanwhile is waited for and then not written again.
        rows: Any = session.execute(
            select(table.id, table.version, table.key)
            .where(table.id > last, table.version != chest.current)
            .order_by(table.id)
            .limit(BATCH)
            .with_for_update()
        ).all()
        changed: list[dict[str, object]] = []
        for row_id, version, wrapped in rows:
            try:
                now, anew = chest.rewrap(table.place, row_id, version, wrapped)
            except SealBroken:
                report.broken.append(f"{table.place} of {row_id}, version {version}")
                continue
            changed.append({table.id.key: row_id, table.version.key: now, table.key.key: anew})
        if changed:
            session.execute(update(table.id.class_), changed)
        report.rewrapped += len(changed)
        return rows[-1][0] if rows else None
