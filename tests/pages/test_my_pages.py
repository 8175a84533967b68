"""What a person does with her code, page by page."""

import re
from uuid import uuid4

import pytest
from fastapi.testclient import TestClient
from page_world import Browser, Page, referral_made
from people import Headers
from referral_world import Goal, code_referral_to, referral_to

from app.services import codes, page_texts
from app.services.vault import vault

PHONE = "+46701740605"
PERSONAL_NUMBER = "19121212-1212"


@pytest.fixture
def made(client: TestClient, nurse: Headers, goal: Goal) -> dict:
    return referral_made(client, nurse, referral_to(goal))


@pytest.fixture
def mine(browser: Browser, made: dict) -> Page:
    """The person's page."""
    return browser.send(browser.get("/my"), "code", code=made["code"].lower().replace("-", " "))


def test_the_code_opens_how_it_goes_and_stands_in_no_address(browser: Browser, made: dict):
    page = browser.get("/my")
    assert page.status == 200
    answer = browser.client.post("/my", data={**page.forms["code"], "code": made["code"]})
    assert [str(one.url) for one in (*answer.history, answer)] == [
        "http://testserver/my",
        "http://testserver/my",
    ]
    assert "Föreningen har fått frågan" in answer.text
    assert PHONE in answer.text
    assert made["code"] not in answer.text


def test_a_wrong_code_is_told_at_the_field_and_five_are_enough(browser: Browser, made: dict):
    page = browser.get("/my")
    mistyped = browser.send(page, "code", code="7K3M-9QXA")
    assert mistyped.status == 422
    assert 'id="code-code-error"' in mistyped.text
    assert browser.send(page, "code").status == 422
    wrong = [codes.code_of(vault(), uuid4()) for _ in range(6)]
    answers = [browser.send(page, "code", code=one) for one in wrong]
    assert [one.status for one in answers] == [404, 404, 404, 404, 404, 429]
    assert "Vänta tio minuter" in answers[-1].text


def test_she_is_reached_another_way(
    client: TestClient, browser: Browser, mine: Page, made: dict, nurse: Headers
):
    page = browser.send(
        mine, "contact", channel="email", value="kim@post.example", safe_to_leave_message="yes"
    )
    assert page.status == 200
    assert "kim@post.example" in page.text
    assert "Det är sparat." in page.text
    told = client.get(f"/api/v1/referrals/{made['id']}", headers=nurse).json()
    assert told["person"]["contact"] == {"channel": "email", "value": "kim@post.example"}


@pytest.mark.parametrize(
    ("channel", "value"),
    [("phone", PERSONAL_NUMBER), ("email", PERSONAL_NUMBER), ("sms", "hej"), ("email", "hej"), ("phone", "")],
)
def test_a_wrong_contact_is_told_at_the_field_and_no_personal_number_comes_back(
    browser: Browser, mine: Page, channel: str, value: str
):
    page = browser.send(mine, "contact", channel=channel, value=value)
    assert page.status == 422
    assert 'href="#contact-value"' in page.text
    assert 'id="contact-value-error"' in page.text
    assert PERSONAL_NUMBER not in page.text
    assert re.search(r"<details\s+open", page.text)


def test_she_takes_it_back_after_a_question(
    client: TestClient, browser: Browser, mine: Page, made: dict, nurse: Headers
):
    asked = browser.get("/my/withdraw")
    assert "Det går inte att ångra." in asked.text
    for _ in range(2):  # a button pressed twice
        page = browser.send(asked, "withdraw")
        assert page.status == 200
    assert "Du har tagit tillbaka" in page.text
    assert PHONE not in page.text
    assert "withdraw" not in page.forms
    told = client.get(f"/api/v1/referrals/{made['id']}", headers=nurse).json()
    assert (told["status"], told["person"]) == ("cancelled", None)


def test_she_sees_who_has_looked(
    client: TestClient, browser: Browser, mine: Page, made: dict, nurse: Headers
):
    client.get(f"/api/v1/referrals/{made['id']}", headers=nurse)
    page = browser.get("/my/log?lang=en")
    assert page.status == 200
    assert "The person who helps you</strong>" in page.text
    assert "read your details" in page.text
    assert "You</strong>" in page.text


@pytest.mark.parametrize("language", page_texts.LANGUAGES)
def test_the_pages_speak_her_language(client: TestClient, goal: Goal, nurse: Headers, language: str):
    made = referral_made(client, nurse, referral_to(goal, language=language))
    browser, words = Browser(client), page_texts.words(language)
    asked = browser.get("/my", headers={"Accept-Language": language})
    assert f'<html lang="{language}" dir="{words["dir"]}">' in asked.text
    page = browser.send(browser.get("/my"), "code", code=made["code"])
    assert f'<html lang="{language}" dir="{words["dir"]}">' in page.text
    assert words["contact_title"] in page.text
    english = browser.get("/my?lang=en")
    assert '<html lang="en" dir="ltr">' in english.text
    assert 'action="/my/contact?lang=en"' in english.text


def test_an_unknown_language_is_no_error(browser: Browser):
    assert '<html lang="sv"' in browser.get("/my?lang=xx").text


def test_in_the_mode_code_there_is_nothing_to_change(
    client: TestClient, browser: Browser, goal: Goal, nurse: Headers
):
    made = referral_made(client, nurse, code_referral_to(goal))
    page = browser.send(browser.get("/my"), "code", code=made["code"])
    assert "Visa koden när du kommer." in page.text
    assert "Vi har bara koden." in page.text
    assert "contact" not in page.forms


def test_a_page_that_is_too_old_is_told_kindly(
    client: TestClient, browser: Browser, mine: Page, made: dict, member: Headers
):
    path = f"/api/v1/inbox/{made['id']}/status"
    client.post(path, json={"status": "accepted"}, headers={**member, "If-Match": '"v1"'})
    page = browser.send(mine, "contact", channel="sms", value="070-174 06 06")
    assert page.status == 409
    assert "Föreningen har svarat ja" in page.text
    assert page.forms["contact"]["value"] == "070-174 06 06"
    assert browser.send(page, "contact").status == 200


def test_a_form_of_another_session_does_nothing(browser: Browser, mine: Page, made: dict):
    assert browser.send(mine, "contact", csrf="0" * 64, value="070-174 06 06").status == 403
    page = browser.get("/my")
    assert PHONE in page.text
    browser.client.cookies.clear()
    # Nobody is let in by a form that another site has made, to write her number into somebody else's case.
    answer = browser.client.post("/my", data={"form": "code", "code": made["code"]})
    assert answer.status_code == 403


def test_a_link_s_session_is_no_person_s(browser: Browser, mine: Page):
    browser.client.cookies.set("torg_case", browser.client.cookies["torg_my"], path="/r")
    assert browser.get("/r").status == 401


def test_closing_the_page_asks_for_the_code_again(browser: Browser, mine: Page):
    page = browser.send(mine, "end")
    assert "Sidan är stängd." in page.text
    assert "code" in browser.get("/my").forms
    assert browser.send(mine, "contact", channel="sms", value="070-174 06 06").status == 401


def test_every_language_has_every_sentence_with_the_same_places():
    swedish = page_texts.words("sv")
    for language in page_texts.LANGUAGES:
        words = page_texts.words(language)
        assert words.keys() == swedish.keys()
        for name, sentence in words.items():
            assert re.findall(r"{\w+}", sentence) == re.findall(r"{\w+}", swedish[name]), (language, name)
