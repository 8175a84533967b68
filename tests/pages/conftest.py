"""A browser of forms alone, and a real Chromium with a real server."""

import os
import shutil
import threading
from collections.abc import Iterator

import pytest
import uvicorn
from fastapi.testclient import TestClient
from page_world import Browser
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import sync_playwright

from app.local_process import free_port
from app.main import create_app

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
QUIET = [
    *("--headless", "--disable-gpu", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync"),
]


@pytest.fixture
def browser(client: TestClient) -> Browser:
    return Browser(client)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Chromium]:
    """The machine's own Chromium. Of a module: while it is there, no test may begin an event loop."""
    program = next(filter(None, map(shutil.which, NAMES)), None)
    if program is None:
        pytest.skip("no Chromium on this machine")
    # As root Chromium refuses its sandbox; what it opens here are this project's own pages.
    args = [*QUIET, "--no-sandbox"] if os.geteuid() == 0 else QUIET
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=args)
        yield browser
        browser.close()


@pytest.fixture
def site(clean: None, referral_keys: None) -> Iterator[str]:
    """The address of the service, served as in production."""
    server = uvicorn.Server(uvicorn.Config(create_app(), port=free_port(), log_level="warning"))
    serving = threading.Thread(target=server.run)
    serving.start()
    while not server.started:
        assert serving.is_alive()
    yield f"http://127.0.0.1:{server.config.port}"
    server.should_exit = True
    serving.join(20)
