"""Outbound HTTP: the only way this service calls addresses that others have given it.

A name is resolved once, every address it has is judged, and the connection goes to one that was judged: a
name that means another address a moment later gains nothing. No redirect, proxy or compressed answer is
followed, and one deadline covers all from the name's resolution to the last byte.
"""

import ipaddress
import json
import queue
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

import httpcore
import httpx

from app.config import get_settings

SECONDS = 10.0
MAX_BYTES = 1_000_000
_USER_AGENT = "torg"
_Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolver = Callable[[str, int], list[str]]
# Public by number, yet not of the open Internet: one cloud's agents' service, protocol assignments (where
# another keeps its metadata), and relays of 6to4.
_NOT_OPEN = [ipaddress.ip_network(one) for one in ("168.63.129.16", "192.0.0.0/24", "192.88.99.0/24")]
_IPV6_PUBLIC = ipaddress.ip_network("2000::/3")
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


class OutboundError(Exception):
    """A call that was not made or not answered. `reason` is a stable word and names no address."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Refused(OutboundError):
    """We do not call this address; asking again will not help."""


class Failed(OutboundError):
    """The other side is away, slow, or answers what cannot be used."""


def resolve(host: str, port: int) -> list[str]:
    """Every address of a name, in the system's order. Raises OSError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def is_public(address: str) -> bool:
    """Whether an address is one of the open Internet, also when it carries another one inside."""
    try:
        found = _innermost(ipaddress.ip_address(address.partition("%")[0]))
    except ValueError:
        return False
    if found is None or any(found in network for network in _NOT_OPEN):
        return False
    if isinstance(found, ipaddress.IPv6Address) and found not in _IPV6_PUBLIC:
        return False
    return found.is_global and not (found.is_multicast or found.is_reserved or found.is_unspecified)


def _innermost(address: _Address) -> _Address | None:
    """The address that is reached in the end; None for tunnels, which say nothing one could trust."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return None if address.sixtofour is not None or address.teredo is not None else address


def is_inside(host: str) -> bool:
    """Whether the settings name a host as one inside, which may be private and without TLS."""
    return host.lower() in get_settings().outbound_private_hosts.lower().replace(",", " ").split()


def _parsed(url: str) -> httpx.URL:
    try:
        parsed = httpx.URL(url)
    except (httpx.InvalidURL, ValueError, TypeError) as error:
        raise Refused("not-a-url") from error
    if parsed.port is not None and not 0 < parsed.port < 65536:
        raise Refused("not-a-url")
    if parsed.userinfo:
        raise Refused("credentials-in-url")
    if not parsed.host or parsed.scheme not in {"https", "http"}:
        raise Refused("not-https")
    if parsed.scheme == "http" and not is_inside(parsed.host):
        raise Refused("not-https")
    return parsed


def require_allowed(url: str, *, seconds: float = SECONDS, resolver: Resolver = resolve) -> None:
    """Raise Refused for an address we would never call, Failed for a name that cannot be resolved now."""
    parsed = _parsed(url)
    port = parsed.port or (443 if parsed.scheme == "https" else 80)
    _judged(parsed.host, port, _Deadline(seconds), resolver)


def fetch_json(
    url: str, *, seconds: float = SECONDS, max_bytes: int = MAX_BYTES, resolver: Resolver = resolve
) -> Any:
    """The JSON that a GET answers with 200. Raises Refused or Failed, whose `reason` tells why."""
    with _call("GET", url, {"Accept": "application/json"}, b"", _Deadline(seconds), resolver) as answer:
        if answer.status != 200:
            raise Failed(f"status-{answer.status}")
        body = bytearray()
        for chunk in answer.iter_stream():
            body += chunk
            if len(body) > max_bytes:
                raise Failed("too-large")
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Failed("not-json") from error


def post(
    url: str,
    body: bytes,
    headers: Mapping[str, str],
    *,
    seconds: float = SECONDS,
    resolver: Resolver = resolve,
) -> int:
    """Send a body; returns the status. A redirect raises Refused. The answer's body is not read."""
    with _call("POST", url, headers, body, _Deadline(seconds), resolver) as answer:
        return answer.status


@contextmanager
def _call(
    method: str,
    url: str,
    headers: Mapping[str, str],
    body: bytes,
    deadline: "_Deadline",
    resolver: Resolver,
) -> Iterator[httpcore.Response]:
    parsed = _parsed(url)
    sent = {
        "Host": parsed.netloc.decode("ascii"),
        "User-Agent": _USER_AGENT,
        "Accept-Encoding": "identity",
        "Connection": "close",
        "Content-Length": str(len(body)),
        **headers,
    }
    target = httpcore.URL(
        scheme=parsed.raw_scheme, host=parsed.raw_host, port=parsed.port, target=parsed.raw_path
    )
    network = _Network(deadline, resolver)
    try:
        with (
            httpcore.ConnectionPool(ssl_context=certificates(), network_backend=network) as pool,
            pool.stream(method, target, headers=list(sent.items()), content=body) as answer,
        ):
            if 300 <= answer.status < 400:
                raise Refused("redirect")
            encodings = {
                value.lower() for name, value in answer.headers if name.lower() == b"content-encoding"
            }
            if encodings - {b"identity"}:
                raise Failed("compressed")
            yield answer
    except httpcore.TimeoutException as error:
        raise Failed("too-slow") from error
    except httpcore.ConnectError as error:
        raise Failed("unreachable") from error
    except (httpcore.NetworkError, httpcore.ProtocolError) as error:
        raise Failed("broken-off") from error


@lru_cache
def certificates() -> ssl.SSLContext:
    """The authorities we trust, read once; SSL_CERT_FILE names an authority of one's own."""
    return httpx.create_ssl_context()


class _Deadline:
    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    def left(self) -> float:
        """Seconds left; raises when there are none."""
        left = self._end - time.monotonic()
        if left <= 0:
            raise httpcore.ReadTimeout
        return left


def _resolved(host: str, port: int, deadline: _Deadline, resolver: Resolver) -> list[str]:
    """As resolver, but no longer than the deadline: the system's own can wait half a minute."""
    answer: queue.SimpleQueue[list[str]] = queue.SimpleQueue()

    def ask() -> None:
        try:
            answer.put(resolver(host, port))
        except (OSError, UnicodeError):
            answer.put([])

    threading.Thread(target=ask, daemon=True).start()
    try:
        return answer.get(timeout=deadline.left())
    except (queue.Empty, httpcore.ReadTimeout) as error:
        raise Failed("too-slow") from error


def _judged(host: str, port: int, deadline: _Deadline, resolver: Resolver) -> list[str]:
    """The addresses of a host that may be called. One that may not spoils them all."""
    found = _resolved(host, port, deadline, resolver)
    if not found:
        raise Failed("unknown-host")
    if not is_inside(host) and not all(is_public(address) for address in found):
        raise Refused("private-address")
    return found


class _Network(httpcore.NetworkBackend):
    """Connects to judged addresses alone, and lets nothing last longer than the deadline."""

    def __init__(self, deadline: _Deadline, resolver: Resolver) -> None:
        self._deadline = deadline
        self._resolver = resolver
        self._system = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ARG002 - the deadline's
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        """Raises httpcore.ConnectError when none of the addresses answers."""
        addresses = _judged(host, port, self._deadline, self._resolver)
        for number, address in enumerate(addresses):
            # A silent address leaves time for those after it.
            patience = self._deadline.left() / (len(addresses) - number)
            try:
                stream = self._system.connect_tcp(address, port, patience, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                continue
            return _Stream(stream, self._deadline)
        raise httpcore.ConnectError


class _Stream(httpcore.NetworkStream):
    def __init__(self, stream: httpcore.NetworkStream, deadline: _Deadline) -> None:
        self._stream = stream
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002
        return self._stream.read(max_bytes, self._deadline.left())

    def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002
        self._stream.write(buffer, self._deadline.left())

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ARG002
    ) -> httpcore.NetworkStream:
        return _Stream(
            self._stream.start_tls(ssl_context, server_hostname, self._deadline.left()), self._deadline
        )

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)
