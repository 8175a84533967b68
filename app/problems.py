"""Every error as RFC 9457 problem+json, in Swedish or English, naming the field and never its value."""

import logging
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

import orjson
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from starlette.exceptions import HTTPException
from starlette.routing import Match

from app.db import DATABASE_AWAY
from app.errors import (
    ERRORS,
    AppError,
    Invalid,
    Unauthorised,
    Unavailable,
    UnsupportedMediaType,
)
from app.messages import sentence
from app.schemas.fhir_terms import FHIR_BASE
from app.schemas.fhir_terms import JSON as FHIR_JSON
from app.schemas.problem import field_problems
from app.services.fhir_outcome import outcome

logger = logging.getLogger("torg")
TYPE_BASE = "https://torg.example/problems/"


def prefers_english(accept_language: str | None) -> bool:
    """Whether English comes before Swedish in the header; Swedish where neither is named."""
    weights = {"sv": 0.0, "en": 0.0}
    for part in (accept_language or "").split(","):
        tag, _, parameters = part.strip().partition(";")
        language = tag.strip().lower().split("-")[0]
        try:
            weight = float(parameters.strip().removeprefix("q=")) if parameters else 1.0
        except ValueError:
            continue
        if language in weights:
            weights[language] = max(weights[language], weight)
    return weights["en"] > weights["sv"]


def problem(error: AppError, *, path: str, accept_language: str | None) -> Response:
    """The answer that tells of an error: a problem, and to FHIR's clients an OperationOutcome."""
    english = prefers_english(accept_language)
    title = error.title_en if english else error.title_sv
    detail = sentence("detail", error.detail, english=english) or title
    sentences = [sentence(e.code, e.message, english=english) for e in error.errors]
    if fhir := path.startswith(FHIR_BASE):
        body = outcome(error, title=title, detail=detail, sentences=sentences)
    else:
        body = _problem(error, path, title, detail, sentences)
    headers = {
        "Content-Language": "en" if english else "sv",
        "Cache-Control": "no-store",
        "Vary": "Accept-Language",
    }
    if isinstance(error, Unauthorised):
        headers["WWW-Authenticate"] = ", ".join(filter(None, ('Bearer realm="torg"', error.challenge)))
    if error.status == Unavailable.status:
        headers["Retry-After"] = "5"
    kind = FHIR_JSON if fhir else "application/problem+json"
    return Response(orjson.dumps(body), error.status, headers, media_type=kind)


def _problem(error: AppError, path: str, title: str, detail: str, sentences: Sequence[str]) -> dict[str, Any]:
    body: dict[str, Any] = {
        "type": TYPE_BASE + error.code,
        "title": title,
        "status": error.status,
        "detail": detail,
        "instance": path,
    }
    if error.errors:
        body["errors"] = [
            {"pointer": e.pointer, "code": e.code, "message": said}
            for e, said in zip(error.errors, sentences, strict=True)
        ]
    return body | error.more


def _answer(request: Request, error: AppError) -> Response:
    return problem(error, path=request.url.path, accept_language=request.headers.get("accept-language"))


async def _on_app_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, AppError)  # noqa: S101  registered for this class alone
    return _answer(request, error)


async def _on_invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101
    if any(part["type"] == "json_invalid" for part in error.errors()):
        return _answer(request, ERRORS[400]("The body is not valid JSON."))
    if any(part["loc"] == ("body",) and isinstance(part["input"], bytes) for part in error.errors()):
        # The framework reads a body as JSON only when it is said to be that.
        return _answer(request, UnsupportedMediaType("Send the body as application/json."))
    return _answer(request, Invalid("See errors for each field.", field_problems(error.errors())))


async def _on_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101
    kind = ERRORS.get(error.status_code)
    if kind is None:
        kind = ERRORS[400] if error.status_code < 500 else AppError
    answer = _answer(request, kind())
    for name, value in (error.headers or {}).items():
        answer.headers[name] = value
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        answer.headers["Allow"] = ", ".join(_allowed(request))
    return answer


def _allowed(request: Request) -> list[str]:
    """What the address takes: the framework tells of the first of its routes alone."""
    taken = [
        method
        for method in ("GET", "POST", "PUT", "PATCH", "DELETE")
        if any(
            route.matches({**request.scope, "method": method})[0] is Match.FULL
            for route in request.app.router.routes
        )
    ]
    return ["GET", "HEAD", *taken[1:]] if taken[:1] == ["GET"] else taken


async def _on_database_away(request: Request, error: Exception) -> Response:
    logger.warning("database_away %s", type(getattr(error, "orig", None) or error).__name__)
    return _answer(request, Unavailable("The database does not answer. Nothing was saved; try again."))


async def _on_any(request: Request, error: Exception) -> Response:
    logger.error("unhandled %s at %s", type(error).__name__, request.scope.get("route"))
    return _answer(request, AppError())


def register(app: FastAPI) -> None:
    """Let the app answer every error as a problem."""
    app.add_exception_handler(AppError, _on_app_error)
    app.add_exception_handler(RequestValidationError, _on_invalid)
    app.add_exception_handler(HTTPException, _on_http)
    for away in DATABASE_AWAY:
        app.add_exception_handler(away, _on_database_away)
    app.add_exception_handler(Exception, _on_any)
