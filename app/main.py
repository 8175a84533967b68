"""The web application."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

from app import openapi, problems
from app.config import get_settings
from app.db import require_schema
from app.middleware import BodyLimit, Heads, RateLimit, Validators
from app.routers import (
    approvals,
    fhir,
    fhir_referrals,
    grants,
    handouts,
    inbox,
    keys,
    listings,
    my_referral,
    organisations,
    pages,
    referrals,
    search,
    service,
    unit_mailbox,
    venues,
    vocabularies,
    webhooks,
)
from app.schemas.fhir_terms import FHIR_BASE
from app.troubles import sentence, told

BASE = "/api/v1"


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Open and close the search client."""
    async with search.lifespan(app):
        yield


class SchemaCheck:
    """Refuses to start on another version's schema, in a sentence where Starlette would tell a traceback."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            try:
                require_schema()
            except Exception as problem:
                found = sentence(problem)
                if found:
                    await receive()
                    await send({"type": "lifespan.startup.failed", "message": found[0]})
                raise
        await self.app(scope, receive, send)


def create_app() -> FastAPI:
    """The application, ready to serve."""
    with told():
        settings = get_settings()
    app = FastAPI(lifespan=lifespan, redirect_slashes=False)
    for module in (
        *(search, listings, organisations, venues, keys, vocabularies, service),
        *(grants, approvals, referrals, handouts, inbox, my_referral, webhooks, unit_mailbox),
    ):
        app.include_router(module.router, prefix=BASE)
    app.include_router(service.health_router)
    # Described by its CapabilityStatement: FHIR's own names are not those of the REST profile.
    for module in (fhir, fhir_referrals):
        app.include_router(module.router, prefix=FHIR_BASE, include_in_schema=False)
    app.include_router(pages.router)
    problems.register(app)
    app.add_middleware(Validators)
    app.add_middleware(Heads)
    app.add_middleware(BodyLimit, limit=settings.max_body_bytes)
    app.add_middleware(
        RateLimit, anonymous=settings.rate_limit_per_minute, keyed=settings.key_rate_limit_per_minute
    )
    app.add_middleware(
        CORSMiddleware,
        allow_origins=["*"],
        allow_methods=["GET", "POST"],
        allow_headers=["Content-Type", "Accept-Language", "If-None-Match"],
        expose_headers=["ETag", "RateLimit", "RateLimit-Policy", "Retry-After", "Content-Language"],
        max_age=86_400,
    )
    app.add_middleware(SchemaCheck)
    openapi.describe(app)
    return app
