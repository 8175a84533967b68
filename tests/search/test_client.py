"""What goes over the wire, and what happens when nobody answers: against a small server of our own."""

import asyncio
import time

import pytest
from aiohttp import web

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
