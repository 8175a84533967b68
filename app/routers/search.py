"""Search and suggestions: for anyone, without a key."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Depends, FastAPI, Header, Query, Request, Response

from app.config import get_settings
from app.db import read_scope
from app.errors import Unavailable
from app.schemas.search import SearchAnswer, SearchRequest, Suggestions
from app.services import find
from app.services.find import Desk
from app.services.find_request import clock
from search.client import SearchClient

router = APIRouter(tags=["search"])
MOST_LANGUAGES = 10


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Open the connections to Meilisearch and read words and places; close them at the end."""
    settings = get_settings()
    key = settings.meili_master_key
    client = None
    if settings.meili_url:
        client = SearchClient(settings.meili_url, key.get_secret_value() if key else None)
    desk = Desk(client, settings.index_prefix, read_scope)
    app.state.search = desk
    with suppress(Unavailable):  # then at the first search
        await desk.knowledge()
    try:
        yield
    finally:
        if client is not None:
            await client.close()


# Asynchronous, though they wait for nothing: plain functions would each cost a hop to a thread.
async def get_desk(request: Request) -> Desk:
    desk: Desk = request.app.state.search
    return desk


async def get_clock() -> datetime:
    return clock()


async def accepted_languages(
    accept_language: Annotated[
        str | None, Header(description="Languages of the texts, by preference.", max_length=500)
    ] = None,
) -> list[str]:
    """Language tags by falling preference (RFC 9110, 12.5.4); `*` and what is not a tag are left out."""
    ranked: list[tuple[float, int, str]] = []
    for number, part in enumerate((accept_language or "").split(",")[:MOST_LANGUAGES]):
        tag, _, weight = part.strip().partition(";q=")
        try:
            quality = float(weight or 1)
        except ValueError:
            continue
        if tag.replace("-", "").isalnum() and quality > 0:
            ranked.append((-quality, number, tag if tag[:1].islower() else tag.lower()))
    return [tag for _, _, tag in sorted(ranked)]


DeskDep = Annotated[Desk, Depends(get_desk)]
LanguagesDep = Annotated[list[str], Depends(accepted_languages)]
ClockDep = Annotated[datetime, Depends(get_clock)]


def _json(body: dict[str, Any]) -> Response:
    return Response(
        orjson.dumps(body),
        media_type="application/json",
        headers={"Vary": "Accept-Language", "Cache-Control": "no-cache"},
    )


@router.get("/search", response_model=SearchAnswer, summary="Search for something to come to, or to call")
async def search(
    wishes: Annotated[SearchRequest, Query()], desk: DeskDep, languages: LanguagesDep, now: ClockDep
) -> Response:
    """Every wish must hold. What is not known is not taken for a yes unless `include_unknown` says so."""
    return _json(await find.answer(desk, wishes, languages=languages, clock=now))


@router.post("/search", response_model=SearchAnswer, summary="The same search with the wishes in the body")
async def search_privately(
    wishes: SearchRequest, desk: DeskDep, languages: LanguagesDep, now: ClockDep
) -> Response:
    """For wishes about illness or need, which should not stand in an address."""
    return _json(await find.answer(desk, wishes, languages=languages, clock=now))


@router.get("/suggest", response_model=Suggestions, summary="Terms, places and titles that begin so")
async def suggest(
    q: Annotated[str, Query(max_length=100, description="What has been typed so far.", examples=["språk"])],
    desk: DeskDep,
    languages: LanguagesDep,
) -> Response:
    english = bool(languages) and languages[0].startswith("en")
    return _json(await find.suggest(desk, q, english=english))
