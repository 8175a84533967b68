"""What searching needs for the life of the process: connections, and words and places kept in memory."""

import asyncio
import gc
import time
from collections.abc import Callable
from contextlib import AbstractContextManager

from sqlalchemy.orm import Session

from app.db import DATABASE_AWAY
from app.errors import Unavailable
from app.services import geography, taxonomies
from app.services.find_request import Knowledge
from search.client import SearchClient
from search.rebuild import live_uid

KNOWLEDGE_SECONDS = 600.0


_kept: list[Knowledge] = []  # the newest of this process: every desk of it can use the same


def _prepared(known: Knowledge) -> Knowledge:
    """The knowledge with all worked out that a search would wait for; what there is when nothing is new."""
    if _kept and _kept[0] == known:
        return _kept[0]
    _ = known.book, known.completions
    _kept[:] = [known]
    # Words and places stay: a full collection over them would stop the process for half a second.
    gc.collect()
    gc.freeze()
    return known


class Desk:
    """What searching needs, for the life of the process: the client, the index, words and places."""

    def __init__(
        self,
        client: SearchClient | None,
        prefix: str,
        reading: Callable[[], AbstractContextManager[Session]],
    ) -> None:
        self.client = client
        self.uid = live_uid(prefix)
        self.reading = reading
        self._knowledge: Knowledge | None = None
        self._read_at = 0.0
        self._refreshing: asyncio.Task[None] | None = None

    def load(self) -> Knowledge:
        """Read words and places from the database. Raises Unavailable without it."""
        try:
            with self.reading() as session:
                known = Knowledge(taxonomies.vocabulary(session), geography.gazetteer(session))
        except DATABASE_AWAY as error:
            raise Unavailable("The database does not answer.") from error
        self._knowledge = _prepared(known)
        self._read_at = time.monotonic()
        return self._knowledge

    async def knowledge(self) -> Knowledge:
        """What is kept; read anew now and then beside the searches, which go on with the old."""
        if self._knowledge is None:
            return await asyncio.to_thread(self.load)
        if time.monotonic() - self._read_at > KNOWLEDGE_SECONDS and self._refreshing is None:
            self._refreshing = asyncio.create_task(self._refresh())
        return self._knowledge

    async def _refresh(self) -> None:
        try:
            await asyncio.to_thread(self._reload)
        finally:
            self._refreshing = None

    def _reload(self) -> None:
        self._read_at = time.monotonic()
        taxonomies.vocabulary.reset_cache()
        geography.gazetteer.reset_cache()
        try:
            self.load()
        except Unavailable:
            return
