"""The API under somebody who kills it: `python killed_api.py PORT`.

A request with the header `x-kill-at: N` ends the process at its N-th point (see killer.py); the last is
before the answer leaves. One that lives tells in `x-points` how many there were. What was killed is started
again at once, as a supervisor would: a fork of a process that has read the program but opened nothing.
"""

import os
import signal
import sys

import uvicorn
from fastapi import FastAPI
from killer import Killer, end_with_parent
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.config import get_settings
from app.db import read_scope
from app.main import create_app
from app.services.find_desk import Desk


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
                self.killer.end()
            await send(message)

        await self.app(scope, receive, told)


def serve(app: FastAPI, port: int) -> None:
    end_with_parent()
    killer = Killer()
    # Search, which the start would read in, is not asked for here.
    app.state.search = Desk(None, get_settings().index_prefix, read_scope)
    uvicorn.run(
        Asked(app, killer), host="127.0.0.1", port=port, log_level="warning", access_log=False, lifespan="off"
    )


def main(port: int) -> None:
    end_with_parent()
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
