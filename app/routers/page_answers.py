"""How pages are answered: templates, the headers that keep them private, errors as pages."""

import base64
import hashlib
import logging
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from fastapi import Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from fastapi.routing import APIRoute
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from app.config import get_settings
from app.db import DATABASE_AWAY
from app.errors import AppError, Unauthorised, Unavailable
from app.services import page_texts, wall_clock
from app.services.page_sessions import FormRefused

logger = logging.getLogger("torg")
TEMPLATES = Path(__file__).resolve().parent.parent / "templates"
STYLE = Markup((TEMPLATES / "style.css").read_text(encoding="utf-8"))  # noqa: S704 - our own file
_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
HEADERS = {
    "Content-Security-Policy": (
        f"default-src 'none'; style-src 'sha256-{_HASH}'; form-action 'self'; base-uri 'none';"
        " frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "X-Robots-Tag": "noindex, nofollow",
    "X-Content-Type-Options": "nosniff",
}
_jinja = Environment(
    loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True
)
_jinja.filters["day"] = lambda moment: moment.astimezone(wall_clock.STOCKHOLM).strftime("%Y-%m-%d")
_jinja.filters["moment"] = lambda moment: moment.astimezone(wall_clock.STOCKHOLM).strftime("%Y-%m-%d %H:%M")
_jinja.filters["chosen"] = lambda labels, kind, codes: [(code, labels[kind][code]) for code in codes]


def base() -> str:
    """The path the service is reached under, without a slash at its end: usually nothing."""
    return urlsplit(get_settings().public_url).path.rstrip("/")


def page(template: str, *, language: str = "sv", status: int = 200, **values: Any) -> HTMLResponse:
    """A page in a language, with all headers that pages have."""
    words = page_texts.words(language)
    text = _jinja.get_template(template).render(
        lang=language,
        dir=words["dir"],
        words=words,
        style=STYLE,
        base=base(),
        **{"problems": [], **values},
    )
    return HTMLResponse(text, status, HEADERS | {"Content-Language": language})


def see(path: str) -> RedirectResponse:
    """After a deed the browser asks for the page anew, so that reloading it does nothing twice."""
    return RedirectResponse(base() + path, 303, HEADERS)


def set_cookie(response: Response, name: str, value: str, *, path: str, seconds: int) -> None:
    response.set_cookie(
        name,
        value,
        max_age=seconds,
        path=base() + path,
        secure=get_settings().public_url.startswith("https://"),
        httponly=True,
        samesite="strict",
    )


def forget_cookie(response: Response, name: str, *, path: str) -> None:
    response.delete_cookie(name, path=base() + path, httponly=True, samesite="strict")


Trouble = Callable[[Request, AppError], Response]


def route_with(trouble: Trouble) -> type[APIRoute]:
    """A kind of route whose errors are pages, made by `trouble`, instead of problems in JSON."""

    class PageRoute(APIRoute):
        def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
            plain = super().get_route_handler()

            async def handled(request: Request) -> Response:
                try:
                    return await plain(request)
                except AppError as error:
                    return trouble(request, error)
                except DATABASE_AWAY as error:
                    logger.warning("database_away %s", type(getattr(error, "orig", None) or error).__name__)
                    return trouble(request, Unavailable())
                except Exception as error:  # noqa: BLE001 - as in app.problems, but a page
                    logger.error("unhandled %s at %s", type(error).__name__, self.path)  # noqa: TRY400 - may hold values
                    return trouble(request, AppError())

            return handled

    return PageRoute


def key_of(error: AppError) -> str:
    """The sentence of `page_texts` for an error that no form can show."""
    match error:
        case Unauthorised():
            return "session_over"
        case FormRefused():
            return "form_old"
        case _:
            return "away"
