"""The worker: makes the index follow, rolls the horizons every day, sends messages about referrals."""

import logging
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import psycopg
from sqlalchemy import delete, func, select, update

from app import upkeep
from app.config import get_settings
from app.db import DATABASE_AWAY, engine, require_schema, session_scope
from app.models import OutboxJob
from app.sending import Sending
from app.services import index_sync
from app.services.outbox import CHANNEL
from app.services.wall_clock import today
from app.troubles import told
from search.client import IndexClient, SearchUnavailable, TaskFailed

logger = logging.getLogger("torg.worker")
BATCH = 200
POLL_SECONDS = 1.0  # also the shortest time to a second try
STORES_AWAY = (*DATABASE_AWAY, SearchUnavailable, TaskFailed)
# 1 s, 2 s, 4 s … at most five minutes between tries; a job is never given up, only slowed.
SLOWEST_RETRY_SECONDS = 300
_FOR_INDEX = OutboxJob.kind == "index_listing"


@contextmanager
def index_client() -> Iterator[IndexClient | None]:
    """The client for indexing, or None when no Meilisearch is set."""
    settings = get_settings()
    if not settings.meili_url:
        yield None
        return
    key = settings.meili_master_key
    with IndexClient(settings.meili_url, key.get_secret_value() if key else None) as client:
        yield client


def take(client: IndexClient) -> int:
    """Do one batch of due jobs; returns how many were done. A failed batch is put off, not lost."""
    with session_scope() as session:
        jobs = session.execute(
            select(OutboxJob.id, OutboxJob.subject, OutboxJob.attempts)
            .where(OutboxJob.run_after <= func.now(), _FOR_INDEX)
            # The newest first: what a person just saved is not kept waiting by a bulk import.
            .order_by(OutboxJob.id.desc())
            .limit(BATCH)
            .with_for_update(skip_locked=True)
        ).all()
        if not jobs:
            return 0
        ids = [job.id for job in jobs]
        try:
            index_sync.reconcile(session, client, get_settings().index_prefix, [job.subject for job in jobs])
        except (SearchUnavailable, TaskFailed) as error:
            wait = min(SLOWEST_RETRY_SECONDS, 2 ** min(10, max(job.attempts for job in jobs)))
            session.execute(
                update(OutboxJob)
                .where(OutboxJob.id.in_(ids))
                .values(
                    attempts=OutboxJob.attempts + 1,
                    run_after=datetime.now(UTC) + timedelta(seconds=wait),
                    last_error=type(error).__name__,
                )
            )
            logger.warning(
                "index_behind jobs=%d retry_seconds=%d error=%s", len(ids), wait, type(error).__name__
            )
            return 0
        session.execute(delete(OutboxJob).where(OutboxJob.id.in_(ids)))
        return len(ids)


def run_once() -> int:
    """Do all due jobs of the index; returns how many were done. Without Meilisearch nothing is to follow."""
    done = 0
    with index_client() as client:
        if client is None:
            with session_scope() as session:
                return len(session.execute(delete(OutboxJob).where(_FOR_INDEX).returning(OutboxJob.id)).all())
        while taken := take(client):
            done += taken
    return done


def roll() -> None:
    """Refresh every document for today, and mend what differs in the index."""
    index_sync.refresh_all(session_scope)
    with index_client() as client:
        if client is not None:
            with session_scope() as session:
                report = index_sync.audit(session, client, get_settings().index_prefix, fix=True)
            logger.info("index_rolled mended=%d", len(report))


def _roll_daily(stopped: threading.Event) -> None:
    """Roll at the start and after each midnight in Stockholm; what fails is tried again in a minute."""
    rolled_on = None
    while not stopped.is_set():
        if rolled_on != today():
            try:
                roll()
                rolled_on = today()
            except STORES_AWAY as error:
                logger.warning("roll_failed error=%s", type(error).__name__)
        stopped.wait(60)


def _listen(wake: Callable[[], None], stopped: threading.Event) -> None:
    """Call `wake` at every commit that left a job."""
    url = engine().url.set(drivername="postgresql").render_as_string(hide_password=False)
    while not stopped.is_set():
        try:
            with psycopg.connect(url, autocommit=True) as connection:
                connection.execute(f"LISTEN {CHANNEL}")
                while not stopped.is_set():
                    for _ in connection.notifies(timeout=1.0, stop_after=1):
                        wake()
        except psycopg.OperationalError:
            stopped.wait(1.0)


def run() -> None:
    """Work until SIGTERM or SIGINT; the job in hand is finished first."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    for noisy in ("httpx", "alembic"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    require_schema()
    wake, stopped = threading.Event(), threading.Event()
    sending = Sending(stopped)

    def look() -> None:
        wake.set()
        sending.wake()

    def stop(*_: object) -> None:
        stopped.set()
        look()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    threading.Thread(target=_listen, args=(look, stopped), daemon=True).start()
    sending.start()
    # Beside the jobs, not between them: rolling 100 000 listings takes minutes.
    threading.Thread(target=_roll_daily, args=(stopped,), daemon=True).start()
    threading.Thread(target=upkeep.keep, args=(stopped,), daemon=True).start()
    while not stopped.is_set():
        wake.clear()
        try:
            run_once()
        except STORES_AWAY as error:
            logger.warning("store_away error=%s", type(error).__name__)
        wake.wait(POLL_SECONDS)
    sending.join()


if __name__ == "__main__":
    with told():
        run()
