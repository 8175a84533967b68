"""The only module that talks to Meilisearch: an asynchronous side for searching, a plain one for indexing."""

import asyncio
import ssl
import time
from collections.abc import Iterator, Sequence
from functools import lru_cache
from http import HTTPStatus
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

import aiohttp
import httpx
import orjson

CONNECT_SECONDS = 0.3
# Given up when it has answered nobody for so long: an engine with much to do is waited for, as asking the
# database instead, which takes far longer, would leave both with more to do.
SILENT_SECONDS = 2.0
LONGEST_SECONDS = 10.0  # for one answer, however much it tells others
PAUSE_SECONDS = 2.0  # after a failure Meilisearch is left alone so long
# Compressed answers above one kilobyte stall on a delayed ACK: 44 ms instead of 1.5 (measured on 1.21).
_HEADERS = {"Accept-Encoding": "identity", "Content-Type": "application/json"}


class SearchUnavailable(Exception):
    """Meilisearch did not answer, answered too late, or said it cannot."""


class TaskFailed(Exception):
    """Meilisearch took a task and then failed it; `code` is its error code."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"Meilisearch failed a task with {code}: {message[:300]}")
        self.code = code


def _headers(api_key: str | None) -> dict[str, str]:
    return _HEADERS | ({"Authorization": f"Bearer {api_key}"} if api_key else {})


@lru_cache
def _certificates() -> ssl.SSLContext:
    """Read once a process: it takes 20 to 40 ms, and the worker makes a client for every wake-up."""
    return httpx.create_ssl_context(trust_env=False)


class SearchClient:
    """Asks Meilisearch over connections kept alive. One for each event loop; `close` it."""

    def __init__(self, url: str, api_key: str | None = None) -> None:
        self._url = url.rstrip("/")
        self._headers = _headers(api_key)
        self._session: aiohttp.ClientSession | None = None
        self._paused_until = 0.0
        self._waiting: set[asyncio.Timeout] = set()

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None or self._session.closed:
            self._session = aiohttp.ClientSession(
                headers=self._headers,
                connector=aiohttp.TCPConnector(limit=64, keepalive_timeout=60),
                timeout=aiohttp.ClientTimeout(total=LONGEST_SECONDS, sock_connect=CONNECT_SECONDS),
            )
        return self._session

    async def multi_search(self, queries: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        """The results, one for each query. Raises SearchUnavailable."""
        if time.monotonic() < self._paused_until:
            raise SearchUnavailable("Meilisearch failed a moment ago")
        try:
            status, body = await self._posted(orjson.dumps({"queries": queries}))
            answer = orjson.loads(body)
        except (aiohttp.ClientError, TimeoutError, OSError, orjson.JSONDecodeError) as error:
            self._paused_until = time.monotonic() + PAUSE_SECONDS
            raise SearchUnavailable(type(error).__name__) from error
        if status != HTTPStatus.OK:
            if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
                self._paused_until = time.monotonic() + PAUSE_SECONDS
            raise SearchUnavailable(f"{status} {answer.get('code', '')}")
        results: list[dict[str, Any]] = answer["results"]
        return results

    async def _posted(self, body: bytes) -> tuple[int, bytes]:
        async with asyncio.timeout(SILENT_SECONDS) as patience:
            self._waiting.add(patience)
            try:
                async with self._opened().post(f"{self._url}/multi-search", data=body) as response:
                    answered = response.status, await response.read()
            finally:
                self._waiting.discard(patience)
        until = asyncio.get_running_loop().time() + SILENT_SECONDS
        for other in self._waiting:
            if not other.expired():
                other.reschedule(until)
        return answered

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None


class IndexClient:
    """Writes to Meilisearch and waits until it has done so.

    Every method may raise SearchUnavailable or TaskFailed.
    """

    def __init__(self, url: str, api_key: str | None = None, *, timeout: float = 30.0) -> None:
        self._http = httpx.Client(
            base_url=url.rstrip("/"),
            headers=_headers(api_key),
            timeout=httpx.Timeout(timeout, connect=2.0),
            verify=_certificates(),
            trust_env=False,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._http.close()

    def _call(self, method: str, path: str, body: Any = None, *, missing_ok: bool = False) -> Any:
        try:
            response = self._http.request(method, path, content=None if body is None else orjson.dumps(body))
        except httpx.HTTPError as error:
            raise SearchUnavailable(type(error).__name__) from error
        if response.status_code == HTTPStatus.NOT_FOUND and missing_ok:
            return None
        if response.is_error:
            try:
                code = orjson.loads(response.content).get("code", "")
            except orjson.JSONDecodeError:
                code = ""
            raise SearchUnavailable(f"{response.status_code} {code}")
        return orjson.loads(response.content) if response.content else None

    def wait(self, task: dict[str, Any], *, seconds: float = 600.0) -> None:
        """Return when the task has succeeded; raise TaskFailed when it has not, or takes too long."""
        uid = task["taskUid"]
        deadline = time.monotonic() + seconds
        pause = 0.005
        while True:
            seen = self._call("GET", f"/tasks/{uid}")
            if seen["status"] == "succeeded":
                return
            if seen["status"] in {"failed", "canceled"}:
                error = seen.get("error") or {}
                raise TaskFailed(str(error.get("code", seen["status"])), str(error.get("message", "")))
            if time.monotonic() > deadline:
                raise TaskFailed("timeout", f"not done within {seconds:.0f} s")
            time.sleep(pause)
            pause = min(pause * 1.5, 0.2)

    def is_healthy(self) -> bool:
        try:
            answer = self._call("GET", "/health")
        except SearchUnavailable:
            return False
        return bool(answer["status"] == "available")

    def uids(self) -> list[str]:
        return [index["uid"] for index in self._call("GET", "/indexes?limit=1000")["results"]]

    def exists(self, uid: str) -> bool:
        return self._call("GET", f"/indexes/{quote(uid)}", missing_ok=True) is not None

    def create(self, uid: str, settings: dict[str, Any]) -> None:
        """An empty index with its settings; one that is there already only gets the settings."""
        if not self.exists(uid):
            try:
                self.wait(self._call("POST", "/indexes", {"uid": uid, "primaryKey": "id"}))
            except TaskFailed as error:
                if error.code != "index_already_exists":
                    raise
        self.wait(self._call("PATCH", f"/indexes/{quote(uid)}/settings", settings))

    def drop(self, uid: str) -> None:
        task = self._call("DELETE", f"/indexes/{quote(uid)}", missing_ok=True)
        if task is not None:
            try:
                self.wait(task)
            except TaskFailed as error:
                if error.code != "index_not_found":
                    raise

    def swap(self, one: str, other: str) -> None:
        self.wait(self._call("POST", "/swap-indexes", [{"indexes": [one, other]}]))

    def post(self, uid: str, documents: Sequence[dict[str, Any]]) -> None:
        """Put whole documents in, replacing those of the same id, and wait."""
        if documents:
            self.wait(self._call("POST", f"/indexes/{quote(uid)}/documents", list(documents)))

    def delete(self, uid: str, ids: Sequence[str]) -> None:
        if ids:
            self.wait(self._call("POST", f"/indexes/{quote(uid)}/documents/delete-batch", list(ids)))

    def count(self, uid: str) -> int:
        return int(self._call("GET", f"/indexes/{quote(uid)}/stats")["numberOfDocuments"])

    def hashes(self, uid: str, listing_ids: Sequence[str] | None = None) -> dict[str, str]:
        """Document id → content hash, of some listings or of the whole index."""
        found: dict[str, str] = {}
        if listing_ids is None:
            for page in self._pages(uid, None):
                found.update(page)
            return found
        for start in range(0, len(listing_ids), 500):
            wanted = ", ".join(f'"{one}"' for one in listing_ids[start : start + 500])
            for page in self._pages(uid, f"listing_id IN [{wanted}]"):
                found.update(page)
        return found

    def _pages(self, uid: str, condition: str | None, size: int = 5000) -> Iterator[dict[str, str]]:
        offset = 0
        while True:
            body = {"fields": ["id", "content_hash"], "limit": size, "offset": offset}
            if condition is not None:
                body["filter"] = condition
            answer = self._call("POST", f"/indexes/{quote(uid)}/documents/fetch", body)
            rows = answer["results"]
            yield {row["id"]: row.get("content_hash", "") for row in rows}
            offset += len(rows)
            if not rows or offset >= answer["total"]:
                return
