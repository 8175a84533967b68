import pytest
from fastapi.testclient import TestClient
from page_world import Browser


@pytest.fixture
def browser(client: TestClient) -> Browser:
    return Browser(client)
