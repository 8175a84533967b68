"""What goes over the wire, and what happens when nobody answers: against a small server of our own."""

import asyncio
import time
from contextlib import suppress

import pytest
from aiohttp import web

from search import client as client_module
from search.client import SearchClient, SearchUnavailable


async def _served(handler, use):
    app = web.Application()
    app.router.add_post("/multi-search", handler)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    client = SearchClient(f"http://127.0.0.1:{runner.addresses[0][1]}", "key")
    try:
        return await use(client)
    finally:
        await client.close()
        await runner.cleanup()


def test_the_header_against_compression_is_sent_with_the_key():
    seen = {}

    async def handler(request):
        seen.update(request.headers)
        return web.json_response({"results": [1]})

    assert asyncio.run(_served(handler, lambda client: client.multi_search([{}]))) == [1]
    assert seen["Accept-Encoding"] == "identity"
    assert seen["Authorization"] == "Bearer key"


def test_after_a_failure_meilisearch_is_left_alone_for_a_while():
    calls = []

    async def handler(request):
        calls.append(request)
        return web.json_response({"code": "internal"}, status=500)

    async def use(client):
        for _ in range(3):
            with pytest.raises(SearchUnavailable):
                await client.multi_search([{}])

    asyncio.run(_served(handler, use))
    assert len(calls) == 1


def test_a_server_that_is_not_there_is_told_at_once():
    async def use():
        client = SearchClient("http://127.0.0.1:9")
        try:
            with pytest.raises(SearchUnavailable):
                await client.multi_search([{}])
        finally:
            await client.close()

    begun = time.monotonic()
    asyncio.run(use())
    assert time.monotonic() - begun < 1


def _slow(seconds):
    """A server that answers one question after the other, each after so long; those with `quick` at once."""
    turn = asyncio.Lock()

    async def handler(request):
        if b"quick" not in await request.read():
            async with turn:
                await asyncio.sleep(seconds)
        return web.json_response({"results": []})

    return handler


def test_a_meilisearch_that_has_much_to_do_is_waited_for(monkeypatch):
    monkeypatch.setattr(client_module, "SILENT_SECONDS", 0.3)

    async def use(client):
        return await asyncio.gather(*(client.multi_search([{}]) for _ in range(4)))

    assert asyncio.run(_served(_slow(0.2), use)) == [[]] * 4


def test_a_silent_meilisearch_is_given_up_soon_and_left_alone(monkeypatch):
    monkeypatch.setattr(client_module, "SILENT_SECONDS", 0.2)

    async def use(client):
        begun = time.monotonic()
        for _ in range(2):
            with pytest.raises(SearchUnavailable):
                await client.multi_search([{}])
        return time.monotonic() - begun

    assert asyncio.run(_served(_slow(1.5), use)) < 0.4


def test_one_answer_is_not_waited_for_endlessly_while_others_come(monkeypatch):
    monkeypatch.setattr(client_module, "SILENT_SECONDS", 0.2)
    monkeypatch.setattr(client_module, "LONGEST_SECONDS", 0.5)

    async def use(client):
        begun = time.monotonic()
        lost = asyncio.create_task(client.multi_search([{}]))
        while not lost.done():
            with suppress(SearchUnavailable):
                await client.multi_search([{"q": "quick"}])
            await asyncio.sleep(0.05)
        with pytest.raises(SearchUnavailable):
            await lost
        return time.monotonic() - begun

    assert 0.4 < asyncio.run(_served(_slow(1.5), use)) < 1
