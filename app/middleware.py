"""What every request passes: body size, request rate, validators for caches, questions for the head alone."""

import hashlib
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from fastapi.responses import Response
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.errors import AppError, TooLarge, TooManyRequests
from app.problems import problem

WINDOW_SECONDS = 60
CALLERS_KEPT = 50_000  # about 10 MB; the least recent are forgotten first


def _refusal(scope: Scope, error: AppError) -> Response:
    return problem(error, path=scope["path"], accept_language=Headers(scope=scope).get("accept-language"))


class BodyLimit:
    """Answers 413 before more than `limit` bytes of a body are read."""

    def __init__(self, app: ASGIApp, limit: int) -> None:
        self.app, self.limit = app, limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        refusal = TooLarge("The body is larger than allowed.")
        announced = Headers(scope=scope).get("content-length", "")
        if announced.isdecimal() and int(announced) > self.limit:
            await _refusal(scope, refusal)(scope, receive, send)
            return
        seen, over = 0, False

        async def counted() -> Message:
            nonlocal seen, over
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > self.limit:
                over = True
                raise refusal
            return message

        async def told(message: Message) -> None:
            if not over:
                await send(message)

        # The framework takes any error of reading a body for bad JSON, so the answer is given from here.
        try:
            await self.app(scope, counted, told)
        except TooLarge:
            if not over:
                raise
        if over:
            await _refusal(scope, refusal)(scope, receive, send)


@dataclass
class _Window:
    ends: float
    used: int = 0


class RateLimit:
    """So many requests a minute for an address, or for a key; told in RateLimit headers.

    Counted in this process's memory: with several processes a caller may get several times the limit.
    Refused keys are counted for their address on their own, so that guessing keys runs dry and a good key
    does not share the budget of those without one.
    """

    def __init__(
        self, app: ASGIApp, *, anonymous: int, keyed: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.app, self.anonymous, self.keyed, self.clock = app, anonymous, keyed, clock
        self.windows: OrderedDict[str, _Window] = OrderedDict()

    def _window(self, caller: str) -> _Window:
        now = self.clock()
        window = self.windows.pop(caller, None)
        if window is None or window.ends <= now:
            window = _Window(now + WINDOW_SECONDS)
        self.windows[caller] = window
        if len(self.windows) > CALLERS_KEPT:
            self.windows.popitem(last=False)
        return window

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        client = scope.get("client")
        address = f"address {client[0] if client else ''}"
        token = Headers(scope=scope).get("authorization")
        caller = f"key {hashlib.sha256(token.encode()).hexdigest()}" if token else address
        limit = self.keyed if token else self.anonymous
        window = self._window(caller)
        window.used += 1
        guesses = f"guesses {address}"
        guessed_out = bool(token and self.anonymous and self._window(guesses).used > self.anonymous)
        rest = max(0, int(window.ends - self.clock()))

        def tell(headers: MutableHeaders) -> None:
            if limit:
                headers["RateLimit-Policy"] = f'"minute";q={limit};w={WINDOW_SECONDS}'
                headers["RateLimit"] = f'"minute";r={max(0, limit - window.used)};t={rest}'

        async def told(message: Message) -> None:
            if message["type"] == "http.response.start":
                tell(MutableHeaders(scope=message))
                if token and message["status"] == 401:
                    self._window(guesses).used += 1
            await send(message)

        if guessed_out or (limit and window.used > limit):
            refusal = _refusal(scope, TooManyRequests(""))
            refusal.headers["Retry-After"] = str(rest + 1)
            tell(refusal.headers)
            await refusal(scope, receive, send)
            return
        await self.app(scope, receive, told)


class Validators:
    """Gives answers to GET a weak ETag and Cache-Control, and answers 304 to who has them already."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "GET":
            await self.app(scope, receive, send)
            return
        asked = Headers(scope=scope)
        start: Message | None = None
        parts: list[bytes] = []

        async def held(message: Message) -> None:
            nonlocal start
            if message["type"] == "http.response.start":
                start = message
                return
            parts.append(message.get("body", b""))
            if message.get("more_body") or start is None:
                return
            body = b"".join(parts)
            headers = MutableHeaders(scope=start)
            if start["status"] == 200:
                headers.setdefault(
                    "Cache-Control", "private, no-store" if "authorization" in asked else "public, max-age=30"
                )
                digest = hashlib.blake2b(body, digest_size=12).hexdigest()
                tag = headers.setdefault("ETag", f'W/"{digest}"')
                known = [one.strip().removeprefix("W/") for one in asked.get("if-none-match", "").split(",")]
                if tag.removeprefix("W/") in known or "*" in known:
                    start["status"], body = 304, b""
                    for name in ("content-length", "content-type"):
                        del headers[name]
            await send(start)
            await send({"type": "http.response.body", "body": body})

        await self.app(scope, receive, held)


class Heads:
    """Answers HEAD as GET is answered, without the body (RFC 9110, 9.3.2)."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self.app(scope, receive, send)
            return

        async def told(message: Message) -> None:
            if message["type"] == "http.response.body":
                message = {**message, "body": b""}
            await send(message)

        await self.app({**scope, "method": "GET"}, receive, told)
