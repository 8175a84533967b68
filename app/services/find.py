"""Search: the request planned, asked of Meilisearch (of PostgreSQL when it is away), and made into an answer.

Sorting by `soonest` goes by the first start that was known when the index last rolled (once a day, and at
each change of a listing); within a page the items are put in order by what is next at `as_of`.
"""

import asyncio
import time
from bisect import bisect_left
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from app.db import DATABASE_AWAY
from app.errors import Unavailable
from app.schemas.search import SearchRequest
from app.services import find_fallback, find_items, geography, taxonomies
from app.services.find_request import Knowledge, Plan, plan
from search import queries
from search.client import SearchClient, SearchUnavailable
from search.queries import Found
from search.rebuild import live_uid
from search.words import fold

KNOWLEDGE_SECONDS = 600.0
SUGGESTIONS = 8
MOST_PLACES = 2000  # looked at for one suggestion: two milliseconds


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
        self._knowledge, self._read_at = known, time.monotonic()
        return known

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

    def in_database(self, made: Plan) -> Found:
        """The answer of PostgreSQL. Raises Unavailable when it is away as well."""
        try:
            with self.reading() as session:
                return find_fallback.find(session, made.query)
        except DATABASE_AWAY as error:
            raise Unavailable("Neither the search engine nor the database answers.") from error

    async def in_index(self, made: Plan) -> Found:
        """The answer of Meilisearch. Raises SearchUnavailable."""
        if self.client is None:
            raise SearchUnavailable("there is no Meilisearch")
        found = queries.read(
            made.query, await self.client.multi_search(queries.multi_search(self.uid, made.query))
        )
        if queries.wants_related(made.query, found):
            asked = queries.related_search(self.uid, made.query, facets=found.total == 0)
            queries.add_related(made.query, found, await self.client.multi_search(asked))
        return found


async def answer(
    desk: Desk, request: SearchRequest, *, languages: Sequence[str], clock: datetime
) -> dict[str, Any]:
    """A SearchAnswer, ready for JSON. Raises Invalid, or Unavailable when both stores are away."""
    knowledge = await desk.knowledge()
    made = plan(request, knowledge, clock=clock)
    degraded = False
    try:
        found = await desk.in_index(made)
    except SearchUnavailable:
        degraded = True
        found = await asyncio.to_thread(desk.in_database, made)
    wished = [request.lang, *languages] if request.lang else list(languages)
    return {
        "items": find_items.items(made, found, wished),
        "total": found.total,
        "page": request.page,
        "limit": request.limit,
        "facets": find_items.facets(found, knowledge, wished[0] if wished else "sv"),
        "degraded": degraded,
    }


async def suggest(desk: Desk, text: str, *, english: bool) -> dict[str, Any]:
    """Terms, places and titles that begin so. Without Meilisearch there are no titles."""
    knowledge = await desk.knowledge()
    beginning = fold(text.strip())
    if not beginning:
        return {"items": [], "degraded": False}
    items = [*_terms(knowledge, beginning, english=english), *_places(knowledge, beginning)]
    degraded = False
    try:
        items += await _titles(desk, text)
    except SearchUnavailable:
        degraded = True
    return {"items": items, "degraded": degraded}


def _terms(knowledge: Knowledge, beginning: str, *, english: bool) -> list[dict[str, str]]:
    found: dict[tuple[str, str], dict[str, str]] = {}
    start = bisect_left(knowledge.terms, (beginning,))
    for word, kind, term in knowledge.terms[start : start + 200]:
        if not word.startswith(beginning) or len(found) == SUGGESTIONS:
            break
        terms = knowledge.vocabulary.categories if kind == "category" else knowledge.vocabulary.audiences
        found[kind, term] = {
            "type": kind,
            "value": term,
            "label": terms[term].label("en" if english else "sv"),
        }
    return list(found.values())


def _places(knowledge: Knowledge, beginning: str) -> list[dict[str, str]]:
    """The largest places that begin so."""
    start = bisect_left(knowledge.places, beginning)
    found: dict[str, tuple[bool, int]] = {}
    for key in knowledge.places[start : start + MOST_PLACES]:
        if not key.startswith(beginning):
            break
        for hit in knowledge.gazetteer.by_name[key]:
            if hit.display:
                size = (key == beginning, hit.population or 0)
                found[hit.name] = max(size, found.get(hit.name, size))
    largest = sorted(found, key=lambda name: found[name], reverse=True)[: SUGGESTIONS // 2]
    return [{"type": "place", "value": name, "label": name} for name in largest]


async def _titles(desk: Desk, text: str) -> list[dict[str, str]]:
    if desk.client is None:
        raise SearchUnavailable("there is no Meilisearch")
    (result,) = await desk.client.multi_search(
        [
            {
                "indexUid": desk.uid,
                "q": text.strip(),
                "limit": SUGGESTIONS,
                "attributesToSearchOn": ["title"],
                "attributesToRetrieve": ["listing_id", "title"],
            }
        ]
    )
    return [{"type": "title", "value": hit["listing_id"], "label": hit["title"]} for hit in result["hits"]]
