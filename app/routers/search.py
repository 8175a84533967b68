"""Search and suggestions: for anyone, without a key."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from typing import Annotated, Any, get_origin
from uuid import UUID

import orjson
from fastapi import APIRouter, Depends, FastAPI, Header, Path, Query, Request, Response
from fastapi.routing import APIRoute
from pydantic import ValidationError

from app.config import get_settings
from app.db import DATABASE_AWAY, read_scope, session_scope
from app.errors import Unavailable
from app.schemas.fields import LanguageTag
from app.schemas.search import NoParameters, SearchAnswer, SearchRequest, SimilarAnswer, Suggestions, Typed
from app.services import find, find_similar, find_suggest, gaps
from app.services.find_desk import Desk
from app.services.find_request import clock
from search.client import SearchClient

router = APIRouter(tags=["search"])
MOST_LANGUAGES = 10
MOST_HEADER = 500  # characters of Accept-Language
_LISTS = frozenset(
    name for name, field in SearchRequest.model_fields.items() if get_origin(field.annotation) is list
)


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
    flushing = asyncio.create_task(_flush_gaps())
    try:
        yield
    finally:
        flushing.cancel()
        with suppress(*DATABASE_AWAY):
            await asyncio.to_thread(_write_gaps)
        if client is not None:
            await client.close()


async def _flush_gaps() -> None:
    """Write the counts of searches that found too little, beside the requests; without a database, later."""
    while True:
        await asyncio.sleep(gaps.FLUSH_SECONDS)
        with suppress(*DATABASE_AWAY):
            await asyncio.to_thread(_write_gaps)


def _write_gaps() -> None:
    with session_scope() as session:
        gaps.counted.flush(session)


# Asynchronous, though they wait for nothing: plain functions would each cost a hop to a thread.
async def get_desk(request: Request) -> Desk:
    desk: Desk = request.app.state.search
    return desk


async def get_clock() -> datetime:
    return clock()


async def accepted_languages(
    accept_language: Annotated[
        str | None, Header(description="Languages of the texts, by preference.", max_length=MOST_HEADER)
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


class _OneStep(APIRoute):
    """Reads all wishes of a query string at once, where the framework walks them one by one (a millisecond).

    What does not fit goes the framework's way, which words the refusal.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        as_declared = super().get_route_handler()

        async def handle(request: Request) -> Response:
            accepted = request.headers.get("accept-language")
            given: dict[str, Any] = {}
            for name, value in request.query_params.multi_items():
                if name in _LISTS:
                    given.setdefault(name, []).append(value)
                else:
                    given[name] = value
            try:
                wishes = SearchRequest.model_validate(given)
            except ValidationError:
                return await as_declared(request)
            if len(accepted or "") > MOST_HEADER:
                return await as_declared(request)
            languages = await accepted_languages(accepted)
            return await search(wishes, await get_desk(request), languages, await get_clock())

        return handle


async def search(
    wishes: Annotated[SearchRequest, Query()], desk: DeskDep, languages: LanguagesDep, now: ClockDep
) -> Response:
    """Every wish must hold. What is not known is not taken for a yes unless `include_unknown` says so."""
    return _json(await find.answer(desk, wishes, languages=languages, clock=now))


router.add_api_route(
    "/search",
    search,
    methods=["GET"],
    response_model=SearchAnswer,
    summary="Search for something to come to, or to call",
    route_class_override=_OneStep,
)


@router.post("/search", response_model=SearchAnswer, summary="The same search with the wishes in the body")
async def search_privately(
    wishes: SearchRequest,
    _address: Annotated[NoParameters, Query()],
    desk: DeskDep,
    languages: LanguagesDep,
    now: ClockDep,
) -> Response:
    """For wishes about illness or need, which should not stand in an address."""
    return _json(await find.answer(desk, wishes, languages=languages, clock=now))


@router.get("/suggest", response_model=Suggestions, summary="Terms, phrases, places and titles that begin so")
async def suggest(
    q: Annotated[Typed, Query(description="What has been typed so far.", examples=["språk"])],
    desk: DeskDep,
    languages: LanguagesDep,
) -> Response:
    """The best first: what begins so, then what has a word that does, then what nearly does.

    A phrase is a way to say something in one of nine languages; `beside` is what it means.
    """
    return _json(await find_suggest.suggest(desk, q, languages))


@router.get(
    "/listings/{listing}/similar", response_model=SimilarAnswer, summary="Listings like a published one"
)
async def similar(
    listing: Annotated[UUID, Path(description="The listing's id.")],
    desk: DeskDep,
    languages: LanguagesDep,
    now: ClockDep,
    limit: Annotated[int, Query(ge=1, le=50, description="At most so many.")] = 6,
    lang: Annotated[LanguageTag | None, Query(description="Language of the texts.")] = None,
) -> Response:
    """The same kind of thing for the same people, near it or online. 404 and 410 as for the listing."""
    wished = [lang, *languages] if lang else languages
    return _json(await find_similar.similar(desk, listing, limit=limit, languages=wished, clock=now))
