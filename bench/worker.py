"""The worker without its daily refresh, as crossed listings have documents but no full rows.

All else is the worker's own code. At its start it compares the whole index with the database, and mends.
"""

import logging

from app import worker
from app.config import get_settings
from app.db import session_scope
from app.services import index_sync

logger = logging.getLogger("torg.bench")


def compare() -> None:
    """What the daily work does after its refresh."""
    with worker.index_client() as client:
        if client is not None:
            with session_scope() as session:
                report = index_sync.audit(session, client, get_settings().index_prefix, fix=True)
            logger.info("index_rolled mended=%d", len(report))


if __name__ == "__main__":
    worker.roll = compare
    worker.run()
