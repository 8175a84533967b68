"""The paper that a person is handed."""

import pytest
from fastapi.testclient import TestClient
from page_world import referral_made
from people import Headers, HeadersOf
from referral_world import Goal, code_referral_to, make_goal, referral_to

from app.services import page_texts

STREET = "Hemliga gatan 7"


@pytest.fixture
def made(client: TestClient, nurse: Headers, goal: Goal) -> dict:
    return referral_made(client, nurse, referral_to(goal))


def printed(client: TestClient, nurse: Headers, made: dict, **body: str):
    return client.post(f"/api/v1/referrals/{made['id']}/handout", json=body, headers=nurse)


def test_the_paper_has_what_she_needs_and_nothing_about_her(
    client: TestClient, nurse: Headers, made: dict, goal: Goal
):
    answer = printed(client, nurse, made)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/html")
    assert answer.headers["cache-control"] == "no-store"
    for told in (made["code"], f"Öppet café hos {goal.name}", "08-465 004 12", "/my", "90 dagar"):
        assert told in answer.text
    for hidden in ("Kim", "740605", "mött vid dörren"):
        assert hidden not in answer.text
    assert "href" not in answer.text.replace('href="#main"', "")


@pytest.mark.parametrize("language", page_texts.LANGUAGES)
def test_it_is_in_the_language_asked_for(client: TestClient, nurse: Headers, made: dict, language: str):
    text = printed(client, nurse, made, language=language).text
    words = page_texts.words(language)
    assert f'<html lang="{language}" dir="{words["dir"]}">' in text
    assert words["handout_code_light"] in text
    assert "{" not in text.partition("</style>")[2]


def test_without_a_wish_it_is_in_her_own_language(client: TestClient, nurse: Headers, goal: Goal):
    made = referral_made(client, nurse, referral_to(goal, language="fi"))
    assert '<html lang="fi"' in printed(client, nurse, made).text


def test_it_tells_the_next_times_and_no_protected_address(client: TestClient, nurse: Headers, goal: Goal):
    venue = {"name": "Kvinnojouren", "street": STREET, "city": "Farsta", "municipality_code": "0180"}
    like = make_goal(
        "natten",
        "Föreningen Natten",
        venues=[{**venue, "district": "Farsta", "visibility": "district"}],
        schedule=[{"freq": "weekly", "days": ["tu"], "from": "14:00", "to": "16:00", "red_days": "open"}],
    )
    text = printed(client, nurse, referral_made(client, nurse, code_referral_to(like))).text
    assert text.count("tisdag <bdi") == 4
    assert "14:00–16:00" in text
    assert STREET not in text
    assert "Farsta" in text
    assert "Du behöver inte säga vad du heter." in text


def test_only_who_sees_the_referral_gets_it_while_it_is_open(
    client: TestClient, nurse: Headers, staff_headers: HeadersOf, made: dict
):
    other = staff_headers(tenant="SE2321000099-B001", unit="SE2321000099-B0E1", subject="other")
    assert printed(client, other, made).status_code == 404
    assert client.post(f"/api/v1/referrals/{made['id']}/handout", json={}).status_code == 401
    client.post(
        "/api/v1/my-referral/status",
        json={"code": made["code"], "status": "cancelled"},
        headers={"If-Match": '"v1"'},
    )
    assert printed(client, nurse, made).status_code == 409


def test_that_it_was_printed_is_in_the_log_she_sees(client: TestClient, nurse: Headers, made: dict):
    printed(client, nurse, made)
    rows = client.post("/api/v1/my-referral/access-log", json={"code": made["code"]}).json()["items"]
    assert "handout" in [row["action"] for row in rows]
