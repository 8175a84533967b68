"""What the worker does beside its jobs for referrals: shreds every hour, signs the access log every day."""

import logging
import threading
from datetime import UTC, datetime, timedelta

from app.db import DATABASE_AWAY, Wall, walled_scope
from app.services import access_checkpoint, access_verify, retention

logger = logging.getLogger("torg.upkeep")
PAUSE_SECONDS = 3600.0
RETRY_SECONDS = 60.0
CHECKPOINT_EVERY = timedelta(days=1)
WORKER = Wall(role="torg_worker")


def once(now: datetime | None = None) -> None:
    """Shred what is due; sign the log when its newest checkpoint is a day old and what follows is whole."""
    now = now or datetime.now(UTC)
    report = retention.run(now)
    logger.info("retention_run %s", report.fields())
    if not access_checkpoint.keys():
        return
    with walled_scope(WORKER, snapshot=True) as session:
        newest = access_checkpoint.newest(session)
        if newest is not None and newest.at > now - CHECKPOINT_EVERY:
            return
        found = access_verify.verify(
            session, believed=access_checkpoint.keys(), after=newest.number if newest else 0
        )
        if found.faults:
            # Not signed: a signature under a broken log would make it look whole.
            logger.error("access_log_broken rows=%d fault=%r", found.rows, found.faults[0])
            return
        access_checkpoint.make(session)
    logger.info("access_log_signed rows=%d", found.rows)


def keep(stopped: threading.Event) -> None:
    """Until stopped: every hour, and a minute after the database was away."""
    while not stopped.is_set():
        try:
            once()
        except DATABASE_AWAY as error:
            logger.warning("upkeep_failed error=%s", type(error).__name__)
            stopped.wait(RETRY_SECONDS)
        else:
            stopped.wait(PAUSE_SECONDS)
