"""Outbound HTTP against real servers on this machine: slow, large, redirecting, lying about who they are."""

import re
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator

import pytest
from certificates import write_certificate

from app import http
from app.config import get_settings

Play = Callable[[socket.socket], None]


def _request(connection: socket.socket) -> bytes:
    heard = b""
    while b"\r\n\r\n" not in heard:
        heard += connection.recv(65536) or b"\r\n\r\n"
    length = int(re.findall(rb"content-length: (\d+)", heard.lower() + b"\r\ncontent-length: 0")[0])
    while len(heard.partition(b"\r\n\r\n")[2]) < length:
        heard += connection.recv(65536)
    return heard


class Server:
    """Listens on a free port and plays the same part for each connection."""

    def __init__(self, play: Play, context: ssl.SSLContext | None = None) -> None:
        self._play, self._context = play, context
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}/x"
        self.heard: list[bytes] = []
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._talk, args=(connection,), daemon=True).start()

    def _talk(self, connection: socket.socket) -> None:
        try:
            if self._context is not None:
                connection = self._context.wrap_socket(connection, server_side=True)
            self.heard.append(_request(connection))
            self._play(connection)
        except OSError:
            pass
        finally:
            connection.close()

    def close(self) -> None:
        self._listener.close()


@pytest.fixture
def serve() -> Iterator[Callable[..., Server]]:
    started: list[Server] = []

    def start(play: Play | bytes, context: ssl.SSLContext | None = None) -> Server:
        started.append(Server(play if callable(play) else lambda c: c.sendall(play), context))
        return started[-1]

    yield start
    for server in started:
        server.close()


@pytest.fixture(autouse=True)
def inside(monkeypatch) -> Iterator[Callable[[str], None]]:
    """The hosts inside; this machine by its number unless a test says otherwise."""

    def allow(hosts: str) -> None:
        monkeypatch.setenv("TORG_OUTBOUND_PRIVATE_HOSTS", hosts)
        get_settings.cache_clear()

    allow("127.0.0.1")
    yield allow
    monkeypatch.undo()
    get_settings.cache_clear()


def answer(body: bytes, head: str = "200 OK", *fields: str) -> bytes:
    lines = [f"HTTP/1.1 {head}", f"Content-Length: {len(body)}", *fields, "", ""]
    return "\r\n".join(lines).encode() + body


def drip(connection: socket.socket, start: bytes) -> None:
    connection.sendall(start)
    while True:
        connection.sendall(b"a")
        time.sleep(0.05)


def reason(call: Callable[[], object], kind: type[http.OutboundError] = http.OutboundError) -> str:
    with pytest.raises(kind) as told:
        call()
    return told.value.reason


def test_json_is_fetched(serve):
    assert http.fetch_json(serve(answer(b'{"keys": []}')).url) == {"keys": []}


def test_a_post_arrives_as_it_is_and_its_status_comes_back(serve):
    server = serve(answer(b"", "202 Accepted"))
    assert http.post(server.url, b'{"a":1}', {"Content-Type": "application/json"}) == 202
    (heard,) = server.heard
    assert heard.startswith(b"POST /x HTTP/1.1\r\n")
    assert f"Host: 127.0.0.1:{server.port}".encode() in heard
    assert heard.endswith(b'\r\n\r\n{"a":1}')


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "10.0.0.1", "172.16.3.4", "192.168.1.1", "100.64.0.1", "169.254.169.254", "0.0.0.0"),  # noqa: S104
        *("255.255.255.255", "224.0.0.1", "240.0.0.1", "192.0.0.192", "168.63.129.16", "192.88.99.1"),
        *("::1", "::", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::127.0.0.1", "fe80::1%eth0", "fd00:ec2::254"),
        *("fec0::1", "ff02::1", "64:ff9b::7f00:1", "2002:7f00:1::1", "2001:0:7f00:1::1", "2001:db8::1", "x"),
    ],
)
def test_an_address_that_is_not_of_the_open_internet_is_refused(address):
    def call() -> None:
        http.fetch_json("https://receiver.example/", resolver=lambda _host, _port: [address])

    assert reason(call, http.Refused) == "private-address"


@pytest.mark.parametrize("address", ["8.8.8.8", "::ffff:8.8.8.8", "64:ff9b::808:808", "2a00:1450:400f::1"])
def test_an_address_of_the_open_internet_may_be_called(address):
    assert http.is_public(address)


@pytest.mark.parametrize(
    "host", ["127.1", "2130706433", "0x7f.0.0.1", "0x7f000001", "[::1]", "[::ffff:127.0.0.1]", "localhost"]
)
def test_this_machine_is_refused_in_every_spelling(host):
    assert reason(lambda: http.require_allowed(f"https://{host}/"), http.Refused) == "private-address"


def test_one_private_address_among_public_ones_spoils_them_all():
    def resolver(_host: str, _port: int) -> list[str]:
        return ["8.8.8.8", "10.0.0.1"]

    refused = reason(lambda: http.require_allowed("https://receiver.example/", resolver=resolver))
    assert refused == "private-address"


def test_a_name_that_turns_private_after_registration_is_refused_when_called(serve):
    server = serve(answer(b"{}"))
    addresses = iter([["8.8.8.8"], ["127.0.0.1"]])

    def resolver(_host: str, _port: int) -> list[str]:
        return next(addresses)

    url = f"https://rebind.example:{server.port}/"
    http.require_allowed(url, resolver=resolver)
    assert reason(lambda: http.fetch_json(url, resolver=resolver), http.Refused) == "private-address"
    assert server.heard == []


def test_the_address_that_was_judged_is_the_one_that_is_called(serve, inside):
    inside("rebind.example")
    server = serve(answer(b"1"))
    asked: list[str] = []

    def resolver(host: str, _port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["192.0.2.1"]

    # The name exists nowhere: a second look-up by anybody else would fail.
    assert http.fetch_json(f"http://rebind.example:{server.port}/", resolver=resolver) == 1
    assert asked == ["rebind.example"]


def test_the_next_address_is_tried_when_the_first_does_not_answer(serve, inside):
    inside("two.example")
    server = serve(answer(b"1"))
    url = f"http://two.example:{server.port}/"
    assert http.fetch_json(url, resolver=lambda _host, _port: ["127.0.0.2", "127.0.0.1"]) == 1


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://receiver.example/", "not-https"),
        ("ftp://127.0.0.1/", "not-https"),
        ("file:///etc/passwd", "not-https"),
        ("https:///x", "not-https"),
        ("127.0.0.1", "not-https"),
        ("https://a:b@receiver.example/", "credentials-in-url"),
        ("https://a@receiver.example/", "credentials-in-url"),
        ("https://receiver.example:99999/", "not-a-url"),
        ("https://receiver.example/\r\nX: y", "not-a-url"),
        ("https://\x00/", "not-a-url"),
    ],
)
def test_only_a_plain_https_url_is_called(url, why):
    assert reason(lambda: http.require_allowed(url), http.Refused) == why
    assert reason(lambda: http.fetch_json(url), http.Refused) == why


@pytest.mark.parametrize("head", ["301 Moved", "302 Found", "307 Temporary Redirect", "304 Not Modified"])
def test_a_redirect_is_not_followed(serve, head):
    target = serve(answer(b"{}"))
    server = serve(answer(b"", head, f"Location: {target.url}"))
    assert reason(lambda: http.fetch_json(server.url), http.Refused) == "redirect"
    assert reason(lambda: http.post(server.url, b"", {}), http.Refused) == "redirect"
    assert target.heard == []


@pytest.mark.parametrize(
    "start",
    [b"", b"HTTP/1.1 200 OK\r\nX: ", b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"],
    ids=["status", "headers", "body"],
)
def test_an_answer_that_drips_is_cut_off_at_the_deadline(serve, start):
    server = serve(lambda connection: drip(connection, start))
    began = time.monotonic()
    assert reason(lambda: http.fetch_json(server.url, seconds=0.5)) in {"too-slow", "broken-off"}
    assert time.monotonic() - began < 2


def test_a_name_that_takes_long_to_resolve_is_given_up():
    def resolver(_host: str, _port: int) -> list[str]:
        time.sleep(2)
        return ["8.8.8.8"]

    began = time.monotonic()
    call = lambda: http.fetch_json("https://slow.example/", seconds=0.2, resolver=resolver)  # noqa: E731
    assert reason(call) == "too-slow"
    assert time.monotonic() - began < 1


def test_a_body_without_end_is_cut_off(serve):
    def flood(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            connection.sendall(b"a" * 65536)

    assert reason(lambda: http.fetch_json(serve(flood).url)) == "too-large"


def test_headers_without_end_are_cut_off(serve):
    def flood(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\n")
        while True:
            connection.sendall(b"X: " + b"a" * 1000 + b"\r\n")

    assert reason(lambda: http.post(serve(flood).url, b"", {})) == "broken-off"


def test_a_compressed_answer_is_not_unpacked(serve):
    server = serve(answer(b"\x1f\x8b", "200 OK", "Content-Encoding: gzip"))
    assert reason(lambda: http.fetch_json(server.url)) == "compressed"


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (b"", "broken-off"),
        (b"nonsense\r\n\r\n", "broken-off"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{", "broken-off"),
        (answer(b"<html>"), "not-json"),
        (answer(b"[" * 200_000), "not-json"),
        (answer(b"\xff\xfe"), "not-json"),
        (answer(b"", "500 Oh"), "status-500"),
    ],
)
def test_an_answer_that_cannot_be_used_is_told_by_its_reason(serve, said, why):
    assert reason(lambda: http.fetch_json(serve(said).url), http.Failed) == why


def test_nobody_there_is_told_apart_from_refusing():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    assert reason(lambda: http.post(f"http://127.0.0.1:{port}/", b"", {}), http.Failed) == "unreachable"
    call = lambda: http.require_allowed("https://x.invalid/", resolver=lambda _host, _port: [])  # noqa: E731
    assert reason(call, http.Failed) == "unknown-host"


@pytest.fixture
def certified(tmp_path, monkeypatch) -> Iterator[ssl.SSLContext]:
    """A server's certificate for right.example, by an authority that this process trusts."""
    certificate, key = write_certificate(tmp_path, "right.example")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    http.certificates.cache_clear()
    yield context
    http.certificates.cache_clear()


@pytest.mark.parametrize(("host", "trusted"), [("right.example", True), ("wrong.example", False)])
def test_the_certificate_is_held_against_the_name_though_a_number_is_called(
    serve, inside, certified, host, trusted
):
    inside(host)
    url = f"https://{host}:{serve(answer(b'1'), certified).port}/"

    def call() -> object:
        return http.fetch_json(url, resolver=lambda _host, _port: ["127.0.0.1"])

    if trusted:
        assert call() == 1
    else:
        assert reason(call) == "unreachable"


def test_a_handshake_that_never_comes_is_cut_off(serve):
    server = serve(lambda _connection: time.sleep(5))
    began = time.monotonic()
    url = server.url.replace("http:", "https:")
    assert reason(lambda: http.fetch_json(url, seconds=0.5)) == "too-slow"
    assert time.monotonic() - began < 2
