"""What every request passes: request rate, body size, validators for caches."""

import json
from collections.abc import AsyncIterator, Callable, Iterator

import pytest
from fastapi import FastAPI, Request
from fastapi.testclient import TestClient
from starlette.responses import PlainTextResponse

from app import problems
from app.errors import Unauthorised
from app.middleware import BodyLimit, RateLimit, Validators

PROBLEM = "application/problem+json"


class Clock:
    """Seconds that pass when the test says so."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def served(wrap: Callable[[FastAPI], object], **options: object) -> TestClient:
    """A small application behind one of the middlewares."""
    app = FastAPI()
    problems.register(app)

    @app.get("/")
    def read(request: Request) -> PlainTextResponse:
        if request.headers.get("authorization", "").endswith("wrong"):
            raise Unauthorised("The key is unknown, expired or revoked.")
        return PlainTextResponse("hello")

    @app.post("/")
    async def write(body: dict[str, str]) -> dict[str, int]:
        return {"size": len(body["text"])}

    return TestClient(wrap(app), **options)  # type: ignore[arg-type]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def limited(clock: Clock) -> TestClient:
    """Three requests a minute without a key, five with one."""
    return served(lambda app: RateLimit(app, anonymous=3, keyed=5, clock=clock))


def key(name: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {name}"}


def test_every_answer_tells_what_is_left(limited: TestClient, clock: Clock) -> None:
    first = limited.get("/")
    assert first.headers["RateLimit-Policy"] == '"minute";q=3;w=60'
    assert first.headers["RateLimit"] == '"minute";r=2;t=60'
    clock.now += 20
    assert limited.get("/").headers["RateLimit"] == '"minute";r=1;t=40'


def test_too_many_requests_are_a_problem_that_says_when_to_come_back(
    limited: TestClient, clock: Clock
) -> None:
    for _ in range(3):
        assert limited.get("/").status_code == 200
    clock.now += 10
    refused = limited.get("/", headers={"Accept-Language": "en"})
    assert refused.status_code == 429
    assert refused.headers["content-type"] == PROBLEM
    assert refused.json() == {
        "type": "https://torg.example/problems/too-many-requests",
        "title": "Too many requests",
        "status": 429,
        "detail": "Too many requests",
        "instance": "/",
    }
    assert refused.headers["RateLimit"] == '"minute";r=0;t=50'
    wait = int(refused.headers["Retry-After"])
    assert 50 <= wait <= 51
    clock.now += wait
    assert limited.get("/").status_code == 200


def test_a_key_has_a_budget_of_its_own(limited: TestClient) -> None:
    for _ in range(4):
        last = limited.get("/")
    assert last.status_code == 429
    for _ in range(5):
        assert limited.get("/", headers=key("one")).status_code == 200
    assert limited.get("/", headers=key("one")).status_code == 429
    assert limited.get("/", headers=key("two")).headers["RateLimit"] == '"minute";r=4;t=60'


def test_guessing_keys_runs_dry(limited: TestClient) -> None:
    answers = [limited.get("/", headers=key(f"{i}-wrong")).status_code for i in range(6)]
    assert answers == [401, 401, 401, 401, 429, 429]


def test_an_addresses_guesses_do_not_spend_anothers_budget(clock: Clock) -> None:
    rates: list[RateLimit] = []

    def wrap(app: FastAPI) -> RateLimit:
        rates.append(RateLimit(app, anonymous=3, keyed=5, clock=clock))
        return rates[0]

    one = served(wrap, client=("192.0.2.1", 5000))
    other = TestClient(rates[0], client=("192.0.2.2", 5000))
    for _ in range(4):
        one.get("/")
    assert one.get("/").status_code == 429
    assert other.get("/").status_code == 200


def test_a_limit_of_zero_is_no_limit_and_says_nothing(clock: Clock) -> None:
    free = served(lambda app: RateLimit(app, anonymous=0, keyed=0, clock=clock))
    answers = [
        free.get("/", headers=headers) for headers in ({}, key("one"), key("wrong")) for _ in range(20)
    ]
    assert {answer.status_code for answer in answers} == {200, 401}
    assert not any("ratelimit" in answer.headers for answer in answers)


def test_forgotten_callers_do_not_fill_the_memory(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.middleware.CALLERS_KEPT", 10)
    rates: list[RateLimit] = []

    def wrap(app: FastAPI) -> RateLimit:
        rates.append(RateLimit(app, anonymous=3, keyed=5, clock=clock))
        return rates[0]

    client = served(wrap)
    for i in range(30):
        client.get("/", headers=key(str(i)))
    assert len(rates[0].windows) <= 10


@pytest.fixture
def small() -> TestClient:
    """Bodies of at most 1000 bytes."""
    return served(lambda app: BodyLimit(app, limit=1000))


def body(size: int) -> bytes:
    return json.dumps({"text": "x" * (size - 12)}).encode()


def test_a_body_of_just_the_limit_is_taken(small: TestClient) -> None:
    assert len(body(1000)) == 1000
    assert small.post("/", content=body(1000), headers={"Content-Type": "application/json"}).json() == {
        "size": 988
    }


def test_an_announced_body_over_the_limit_is_refused_unread(small: TestClient) -> None:
    refused = small.post("/", content=body(1001), headers={"Accept-Language": "en"})
    assert (refused.status_code, refused.headers["content-type"]) == (413, PROBLEM)
    assert refused.json()["title"] == "Too large"


def test_a_body_in_pieces_of_no_told_length_is_refused_when_it_grows_over_the_limit(
    small: TestClient,
) -> None:
    def pieces() -> Iterator[bytes]:
        whole = body(5000)
        yield from (whole[i : i + 400] for i in range(0, len(whole), 400))

    refused = small.post("/", content=pieces(), headers={"Content-Type": "application/json"})
    assert "content-length" not in refused.request.headers
    assert (refused.status_code, refused.headers["content-type"]) == (413, PROBLEM)


@pytest.mark.parametrize("length", ["-1", "many", "10, 5000"])
def test_an_odd_content_length_lets_no_large_body_through(length: str) -> None:
    import asyncio

    async def send_all() -> list[dict]:
        seen: list[dict] = []
        told = iter(
            [{"type": "http.request", "body": b"x" * 600, "more_body": True}] * 2
            + [{"type": "http.request", "body": b"", "more_body": False}]
        )

        async def receive() -> dict:
            return next(told)

        async def send(message: dict) -> None:
            seen.append(message)

        scope = {
            "type": "http",
            "method": "POST",
            "path": "/",
            "raw_path": b"/",
            "query_string": b"",
            "headers": [(b"content-length", length.encode()), (b"content-type", b"application/json")],
        }
        client = served(lambda app: BodyLimit(app, limit=1000))
        await client.app(scope, receive, send)
        return seen

    assert asyncio.run(send_all())[0]["status"] == 413


@pytest.fixture
def cached() -> TestClient:
    return served(Validators)


def test_what_was_read_already_is_not_sent_again(cached: TestClient) -> None:
    first = cached.get("/")
    tag = first.headers["ETag"]
    assert tag.startswith('W/"')
    assert first.headers["Cache-Control"] == "public, max-age=30"
    again = cached.get("/", headers={"If-None-Match": f'"other", {tag}'})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["ETag"] == tag
    assert "content-length" not in again.headers
    assert cached.get("/", headers={"If-None-Match": '"other"'}).content == b"hello"


def test_any_tag_matches_what_is_there(cached: TestClient) -> None:
    assert cached.get("/", headers={"If-None-Match": "*"}).status_code == 304


def test_what_a_key_reads_is_kept_by_no_cache(cached: TestClient) -> None:
    assert cached.get("/", headers=key("one")).headers["Cache-Control"] == "private, no-store"


def test_errors_have_no_validator(cached: TestClient) -> None:
    missing = cached.get("/nowhere")
    assert missing.status_code == 404
    assert "etag" not in missing.headers


def test_an_answer_in_pieces_is_whole_and_has_a_tag() -> None:
    from starlette.responses import StreamingResponse

    async def app(scope, receive, send):
        async def pieces() -> AsyncIterator[bytes]:
            yield b"hel"
            yield b"lo"

        await StreamingResponse(pieces(), media_type="text/plain")(scope, receive, send)

    answer = TestClient(Validators(app)).get("/")
    assert answer.content == b"hello"
    assert "etag" in answer.headers
