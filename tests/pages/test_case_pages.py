"""What an association does with the link of an e-mail, page by page."""

import re
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from typing import get_args

import pytest
from fastapi.testclient import TestClient
from page_world import Browser, Page, link_to, referral_made
from people import Headers
from referral_world import WITH_FEEDBACK, Goal, code_referral_to, referral_to
from sqlalchemy import func, select

from app import db
from app.config import get_settings
from app.db import Wall, walled_scope
from app.models import Notification, OutboxJob, ReferralEvent
from app.schemas.referral import AccessNeed, AgeBand
from app.schemas.referral_terms import Outcome, Reason, Status, SubStatus
from app.services import deliveries, page_texts, referral_links, retention

PHONE = "+46701740605"
PERSONAL_NUMBER = "191212121212"


@pytest.fixture
def made(client: TestClient, nurse: Headers, goal: Goal) -> dict:
    return referral_made(client, nurse, referral_to(goal, agreed=WITH_FEEDBACK))


@pytest.fixture
def case(browser: Browser, made: dict) -> Page:
    """The page of a referral that waits for an answer."""
    return browser.send(browser.get(link_to(made)), "open")


def seen_by_staff(client: TestClient, nurse: Headers, made: dict) -> dict:
    return client.get(f"/api/v1/referrals/{made['id']}", headers=nurse).json()


def test_opening_the_link_uses_nothing_up_and_tells_nothing(browser: Browser, made: dict, goal: Goal):
    link = link_to(made)
    for _ in range(3):
        page = browser.get(link)
        assert page.status == 200
        assert goal.name not in page.text
    assert browser.send(page, "open").status == 200


def test_the_contact_is_on_the_page_only_after_the_yes(browser: Browser, case: Page):
    assert PHONE not in case.text
    assert "Kim" not in case.text
    accepted = browser.send(case, "accept")
    assert accepted.status == 200
    assert f'href="tel:{PHONE}"' in accepted.text
    assert "Lämna inget meddelande." in accepted.text
    assert "Det är sparat." in accepted.text


def test_from_yes_to_attended_to_outcome(
    client: TestClient, browser: Browser, case: Page, made: dict, nurse: Headers
):
    page = browser.send(case, "accept")
    page = browser.send(page, "event", kind="contact-attempted", text="Ringde på förmiddagen.")
    page = browser.send(page, "event", kind="booked", on="2031-02-03")
    page = browser.send(page, "progress")
    page = browser.send(page, "event", kind="attended")
    page = browser.send(page, "outcome", result="connected", loneliness_after="light", continuing_on="")
    assert page.status == 200, page.text
    assert '<p class="big">Klart</p>' in page.text
    assert page.forms.keys() == {"end"}
    told = seen_by_staff(client, nurse, made)
    assert told["outcome"]["attendance_count"] == 1
    assert told["outcome"]["measures"]["loneliness_after"] == "light"


def test_nobody_is_asked_how_lonely_she_is_without_her_agreement(
    client: TestClient, browser: Browser, nurse: Headers, goal: Goal
):
    made = referral_made(client, nurse, referral_to(goal))
    page = browser.send(browser.send(browser.get(link_to(made)), "open"), "accept")
    assert "loneliness" not in page.text
    forged = browser.send(page, "outcome", result="connected", loneliness_after="light")
    assert forged.status == 422
    assert "Personen har inte gått med på att hennes svar lämnas vidare." in forged.text
    assert seen_by_staff(client, nurse, made)["status"] == "accepted"
    assert browser.send(forged, "outcome", result="connected").status == 200


def test_a_no_needs_a_reason_and_tells_it(
    client: TestClient, browser: Browser, case: Page, made: dict, nurse: Headers
):
    page = browser.send(case, "reject", text="Vi har sommarstängt.")
    assert page.status == 422
    assert page.title.startswith("Fel: ")
    assert 'href="#reject-reason"' in page.text
    assert 'id="reject-reason-error"' in page.text
    assert page.forms["reject"]["text"] == "Vi har sommarstängt."
    page = browser.send(page, "reject", reason="no_capacity")
    assert page.status == 200
    told = seen_by_staff(client, nurse, made)
    assert (told["status"], told["reason"]) == ("rejected", "no_capacity")


def test_a_personal_number_is_refused_and_not_sent_back(browser: Browser, case: Page):
    page = browser.send(case, "ask", text=f"Är det {PERSONAL_NUMBER}?")
    assert page.status == 422
    assert PERSONAL_NUMBER not in page.text
    assert "Är det" in page.forms["ask"]["text"]
    assert 'aria-invalid="true"' in page.text


def test_a_question_needs_words_and_reaches_whoever_refers(
    client: TestClient, browser: Browser, case: Page, made: dict, nurse: Headers
):
    assert browser.send(case, "ask").status == 422
    assert browser.send(case, "ask", text="Behövs hiss?").status == 200
    assert seen_by_staff(client, nurse, made)["next_action_by"] == "requester"


def test_a_button_pressed_twice_does_one_thing(browser: Browser, case: Page, made: dict):
    for _ in range(2):
        page = browser.send(case, "accept")
        assert page.status == 200
    attended = {"kind": "attended"}
    for _ in range(2):
        assert browser.send(page, "event", **attended).status == 200
    with walled_scope(Wall(role="torg_worker")) as session:
        assert session.scalar(select(func.count()).select_from(ReferralEvent)) == 3


def test_the_link_s_button_pressed_twice_opens_the_same_session(browser: Browser, made: dict):
    page = browser.get(link_to(made))
    first = browser.send(page, "open")
    browser.client.cookies.delete("torg_case")  # its answer never came
    again = browser.send(page, "open")
    assert (first.status, again.status) == (200, 200)
    assert first.title == again.title


def test_a_page_that_is_too_old_is_told_kindly_with_what_is_now(
    client: TestClient, browser: Browser, case: Page, made: dict, member: Headers
):
    path = f"/api/v1/inbox/{made['id']}/status"
    client.post(path, json={"status": "accepted"}, headers={**member, "If-Match": '"v1"'})
    page = browser.send(case, "ask", text="Behövs hiss?")
    assert page.status == 409
    assert "Något hände i ärendet" in page.text
    assert "Ni har svarat ja" in page.text
    assert page.forms["ask"]["text"] == "Behövs hiss?"
    assert browser.send(page, "ask").status == 200


def test_after_shredding_the_page_tells_that_it_was_done(browser: Browser, case: Page, made: dict):
    page = browser.send(browser.send(case, "accept"), "fail", reason="could_not_reach")
    assert PHONE in page.text
    retention.run(datetime.now(UTC) + timedelta(days=91))
    assert browser.get("/r").status == 401  # the sessions are over as well
    page = browser.send(browser.get(link_to(made)), "open")
    assert page.status == 200
    assert PHONE not in page.text
    assert "Uppgifterna om personen raderades" in page.text


def test_every_coded_word_has_its_label():
    labels = page_texts.labels()
    for kind, codes in (("status", Status), ("to_status", Status), ("event", SubStatus), ("reason", Reason)):
        assert set(get_args(codes)) - {"draft"} <= set(labels[kind])
    for kind, codes in (("outcome", Outcome), ("age_band", AgeBand), ("access_need", AccessNeed)):
        assert set(get_args(codes)) == set(labels[kind])


def test_full_stops_new_referrals(
    client: TestClient, browser: Browser, case: Page, goal: Goal, nurse: Headers
):
    assert browser.send(case, "capacity", status="full", until="2031-01-01").status == 200
    refused = client.post("/api/v1/referrals", json=code_referral_to(goal), headers=nurse)
    assert refused.status_code == 409


@pytest.mark.parametrize("kind", ["used", "forged", "nonsense"])
def test_a_link_that_does_not_work_says_the_same_and_offers_a_new_one(
    browser: Browser, made: dict, kind: str
):
    link = link_to(made)
    browser.send(browser.get(link), "open")
    path = {"used": link, "forged": link[:-3] + "AAA", "nonsense": "/r/hej"}[kind]
    page = browser.get(path)
    assert page.status == 410
    answer = browser.send(page, "new")
    assert answer.status == 200
    assert "Om länken var en av våra" in answer.text
    with db.session_scope() as session:
        mails = list(session.scalars(select(Notification).where(Notification.event == "referral.link")))
        jobs = set(session.scalars(select(OutboxJob.subject)))
    assert len(mails) == (kind == "used")
    assert {mail.id for mail in mails} <= jobs


def test_at_most_three_new_links_a_day_are_sent(browser: Browser, made: dict):
    link = link_to(made)
    browser.send(browser.get(link), "open")
    texts = {browser.send(browser.get(link), "new").text for _ in range(5)}
    assert len(texts) == 1
    with db.session_scope() as session:
        query = select(func.count()).select_from(Notification).where(Notification.event == "referral.link")
        assert session.scalar(query) == referral_links.NEW_LINKS_A_DAY


def test_a_form_of_another_browser_or_session_does_nothing(
    browser: Browser, case: Page, made: dict, client: TestClient, nurse: Headers
):
    foreign = browser.send(case, "accept", csrf="0" * 64)
    assert foreign.status == 403
    assert "Inget är sparat" in foreign.text
    assert seen_by_staff(client, nurse, made)["status"] == "requested"
    other = referral_made(client, nurse, {**code_body(made)})
    browser.send(browser.get(link_to(other)), "open")  # the cookie is now the other case's
    assert browser.send(case, "accept").status == 403
    assert seen_by_staff(client, nurse, made)["status"] == "requested"


def code_body(made: dict) -> dict:
    return {"listing_id": made["listing"]["id"], "mode": "code"}


def test_a_link_cannot_be_used_from_a_form_made_elsewhere(browser: Browser, made: dict):
    link = link_to(made)
    page = browser.get(link)
    assert browser.client.post(link, data={"form": "open"}).status_code == 403
    browser.client.cookies.clear()
    assert browser.client.post(link, data={**page.forms["open"]}).status_code == 403
    assert browser.send(browser.get(link), "open").status == 200


def test_without_a_session_there_is_a_page_that_says_so(browser: Browser, case: Page):
    ended = browser.send(case, "end")
    assert ended.status == 200
    page = browser.get("/r")
    assert page.status == 401
    assert "Öppna länken i ert senaste mejl" in page.text
    assert browser.send(case, "accept").status == 401


def test_every_page_is_private_and_takes_nothing_from_elsewhere(browser: Browser, case: Page, made: dict):
    for page in (case, browser.get(link_to(made)), browser.get("/r/hej"), browser.get("/my")):
        policy = page.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert page.headers["cache-control"] == "no-store"
        assert page.headers["referrer-policy"] == "no-referrer"
        assert page.headers["x-robots-tag"].startswith("noindex")
        assert "<script" not in page.text
        assert "style=" not in page.text


def test_cookies_are_strict_and_of_their_path_and_secure_behind_https(
    client: TestClient, made: dict, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("TORG_PUBLIC_URL", "https://torg.example")
    get_settings.cache_clear()
    try:
        cookie = client.get(link_to(made)).headers["set-cookie"]
    finally:
        monkeypatch.undo()
        get_settings.cache_clear()
    for part in ("HttpOnly", "SameSite=strict", "Secure", "Path=/r"):
        assert part in cookie


def test_the_mail_with_the_new_link_opens_the_case(
    browser: Browser, made: dict, goal: Goal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    link = link_to(made)
    browser.send(browser.get(link), "open")
    browser.send(browser.get(link), "new")
    monkeypatch.setenv("TORG_SMTP_URL", tmp_path.as_uri())
    monkeypatch.setenv("TORG_MAIL_FROM", "Torg <torg@torg.example>")
    get_settings.cache_clear()
    try:
        deliveries.deliver("email")
    finally:
        monkeypatch.undo()
        get_settings.cache_clear()
    mails = [message_from_bytes(file.read_bytes(), policy=default) for file in tmp_path.iterdir()]
    (mail,) = [one for one in mails if one["Subject"].startswith("En ny länk")]
    assert mail["To"] == "hej@kaffekvarnen.example"
    new = re.search(r"/r/\S+", mail.get_content())
    browser.client.cookies.clear()
    assert goal.name in browser.send(browser.get(new[0]), "open").text
