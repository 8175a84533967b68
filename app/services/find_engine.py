"""The two stores behind a search as one: the index while it answers, then the database."""

import asyncio
from collections.abc import Sequence
from typing import Any

from app.db import DATABASE_AWAY
from app.errors import Unavailable
from app.services import find_fallback
from app.services.find_desk import Desk
from search.client import SearchUnavailable
from search.pool import Probe


class Engine:
    """Answers questions, from the index while it answers, then from the database. One for each request."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self.degraded = desk.client is None
        self.asked: list[dict[str, Any]] = []

    async def ask(self, probes: Sequence[Probe]) -> list[dict[str, Any]]:
        """One round trip for all. Raises Unavailable when neither store answers."""
        if not probes:
            return []
        if not self.degraded and self._desk.client is not None:
            asked = [probe.asked(self._desk.uid) for probe in probes]
            self.asked += asked
            try:
                return await self._desk.client.multi_search(asked)
            except SearchUnavailable:
                self.degraded = True
        return await asyncio.to_thread(self._in_database, probes)

    def _in_database(self, probes: Sequence[Probe]) -> list[dict[str, Any]]:
        try:
            with self._desk.reading() as session:
                return find_fallback.results(session, probes)
        except DATABASE_AWAY as error:
            raise Unavailable("Neither the search engine nor the database answers.") from error
