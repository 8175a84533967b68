"""The API under somebody who kills it: `python killed_api.py PORT`.

A request with the header `x-kill-at: N` ends the process by SIGKILL at its N-th point: before each statement
to the database, before each commit, after each (when a connection is given back), and before the answer
leaves. Between these points a change does nothing but reckon, so they are all there are. With N = 0 the
answer tells in `x-points` how many there were. What was killed is started again at once, as a supervisor
would: a fork of a process that has read the program but opened nothing.
"""

import ctypes
import os
import signal
import sys
from itertools import count

import uvicorn
from fastapi import FastAPI
from sqlalchemy import Engine, Pool, event
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.config import get_settings
from app.db import read_scope
from app.main import create_app
from app.services.find_desk import Desk


class Killer:
    """Counts the points of the one request that asks for it."""

    def __init__(self) -> None:
        self.at = -1
        self.points = count(1)
        self.reached = 0

    def begin(self, at: int) -> None:
        self.points, self.at, self.reached = count(1), at, 0

    def point(self, *_: object, **__: object) -> None:
        if self.at < 0:
            return
        self.reached = next(self.points)
        if self.reached == self.at:
            os.kill(os.getpid(), signal.SIGKILL)


class Asked:
    """Arms the killer for a request with the header."""

    def __init__(self, app: ASGIApp, killer: Killer) -> None:
        self.app, self.killer = app, killer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        wished = dict(scope.get("headers", ())).get(b"x-kill-at")
        if wished is None:
            await self.app(scope, receive, send)
            return
        self.killer.begin(int(wished))

        async def told(message: Message) -> None:
            if message["type"] == "http.response.start":
                self.killer.point()
                message["headers"] = [*message["headers"], (b"x-points", str(self.killer.reached).encode())]
                self.killer.at = -1
            await send(message)

        await self.app(scope, receive, told)


def serve(app: FastAPI, port: int) -> None:
    with_its_parent()
    killer = Killer()
    for target, name in (
        *((Engine, "before_cursor_execute"), (Engine, "commit"), (Engine, "rollback")),
        (Pool, "checkin"),
    ):
        event.listen(target, name, killer.point)
    # Search, which the start would read in, is not asked for here.
    app.state.search = Desk(None, get_settings().index_prefix, read_scope)
    uvicorn.run(
        Asked(app, killer), host="127.0.0.1", port=port, log_level="warning", access_log=False, lifespan="off"
    )


def with_its_parent() -> None:
    """Let the kernel end this process when its parent ends."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)


def main(port: int) -> None:
    with_its_parent()
    app = create_app()
    child = 0

    def stop(*_: object) -> None:
        if child:
            os.kill(child, signal.SIGKILL)
        os._exit(0)

    signal.signal(signal.SIGTERM, stop)
    while True:
        child = os.fork()
        if child == 0:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            serve(app, port)
            os._exit(1)
        os.waitpid(child, 0)


if __name__ == "__main__":
    main(int(sys.argv[1]))
