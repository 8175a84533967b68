"""The service about itself, and its vocabularies."""

import pytest

from app.services import readiness


def test_api_info_tells_which_api_this_is(client):
    told = client.get("/api/v1/api-info").json()
    assert told["api_name"] == "Torg"
    assert told["api_status"] == "active"
    assert set(told) == {"api_name", "api_version", "api_released", "api_documentation", "api_status"}


def test_healthz_asks_nothing(client):
    assert client.get("/healthz").json() == {"status": "ok"}


def test_readyz_is_200_when_every_part_is_there(client):
    assert client.get("/readyz").status_code == 200


def test_readyz_names_the_missing_part(client, monkeypatch):
    monkeypatch.setitem(readiness.PARTS, "search", lambda: "Meilisearch does not answer.")
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.headers["content-type"] == "application/problem+json"
    assert [place["pointer"] for place in answer.json()["errors"]] == ["/search"]


@pytest.mark.parametrize(
    "name", ["categories", "audiences", "facts", "languages", "municipalities", "counties"]
)
def test_every_vocabulary_is_listed_and_readable(client, name):
    sizes = {v["name"]: v["terms"] for v in client.get("/api/v1/vocabularies").json()["items"]}
    answer = client.get(f"/api/v1/vocabularies/{name}")
    assert len(answer.json()["items"]) == sizes[name] > 0


def test_labels_follow_lang_before_accept_language(client):
    url = "/api/v1/vocabularies/categories"
    swedish = client.get(url).json()
    english = client.get(url, headers={"Accept-Language": "en"}).json()
    chosen = client.get(url, params={"lang": "sv"}, headers={"Accept-Language": "en"}).json()
    assert swedish["items"][0]["label"] == "Social samvaro"
    assert english["items"][0]["label"] == "Social gatherings"
    assert chosen == swedish


def test_a_vocabulary_somebody_has_is_not_sent_again(client):
    first = client.get("/api/v1/vocabularies/facts")
    assert first.headers["etag"].startswith("W/")
    assert "max-age" in first.headers["cache-control"]
    again = client.get("/api/v1/vocabularies/facts", headers={"If-None-Match": first.headers["etag"]})
    assert again.status_code == 304
    assert again.content == b""


def test_a_vocabulary_that_does_not_exist_is_a_problem(client):
    answer = client.get("/api/v1/vocabularies/secrets")
    assert answer.status_code in (404, 422)
    assert answer.headers["content-type"] == "application/problem+json"
    assert "secrets" not in str(answer.json().get("errors"))


@pytest.mark.parametrize(
    "path", ["/healthz", "/api/v1/api-info", "/api/v1/vocabularies/categories", "/nowhere"]
)
def test_a_question_for_the_head_is_answered_as_for_the_whole_without_it(client, path):
    whole, head = client.get(path), client.head(path)
    assert head.status_code == whole.status_code
    assert head.content == b""
    assert head.headers["Content-Length"] == str(len(whole.content))
    assert head.headers.get("ETag") == whole.headers.get("ETag")


def test_a_wish_in_the_address_of_a_search_by_body_is_refused(client):
    answer = client.post("/api/v1/search?limit=3", json={})
    assert answer.status_code == 422
    assert [problem["pointer"] for problem in answer.json()["errors"]] == ["/limit"]
    assert client.post("/api/v1/search", json={"limit": 3}).status_code == 200


def test_a_method_that_an_address_does_not_take_is_told_which_ones_it_takes(client):
    answer = client.delete("/api/v1/search")
    assert answer.status_code == 405
    assert answer.headers["Allow"] == "GET, HEAD, POST"
