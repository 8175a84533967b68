"""A receiver of webhooks: a real HTTP server on a free port that answers what it is told to."""

import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(frozen=True)
class Got:
    headers: dict[str, str]
    body: str


@dataclass
class Receiver:
    """`status` is answered to each message, after `seconds`; `got` holds all that came."""

    status: int = 204
    seconds: float = 0.0
    got: list[Got] = field(default_factory=list)

    def __post_init__(self) -> None:
        owner = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                owner.got.append(Got({name.lower(): value for name, value in self.headers.items()}, body))
                status = owner.status
                time.sleep(owner.seconds)
                self.send_response(status)
                if 300 <= status < 400:
                    self.send_header("Location", f"{owner.url}elsewhere")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/"
        self._serving = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._serving.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._serving.join()
        self._server.server_close()
