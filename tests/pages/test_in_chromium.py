"""Whole flows in a real Chromium: without JavaScript, by keyboard alone, and judged by axe-core."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from page_world import link_to, referral_made
from people import Headers
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import Page, expect
from referral_world import Goal, code_referral_to, referral_to

from app.services import page_texts

PHONE = "+46701740605"
NARROW = {"width": 320, "height": 256}  # what is left of 1280 × 1024 at 400 % zoom
AXE = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
Visit = Callable[..., Page]


@pytest.fixture
def made(client: TestClient, nurse: Headers, goal: Goal) -> dict[str, Any]:
    return referral_made(client, nurse, referral_to(goal, language=None))


@pytest.fixture
def visit(chromium: Chromium, site: str) -> Iterator[Visit]:
    """Open a path of the site as somebody new; what the browser complains of fails the test."""
    contexts, complaints = [], []

    def opened(path: str, *, script: bool = False, narrow: bool = False) -> Page:
        context = chromium.new_context(
            java_script_enabled=script,
            base_url=site,
            locale="sv-SE",
            viewport=NARROW if narrow else {"width": 1280, "height": 1024},
        )
        context.set_default_timeout(15_000)
        contexts.append(context)
        page = context.new_page()
        page.on(
            "console",
            lambda said: complaints.append(said.text) if "Failed to load" not in said.text else None,
        )
        page.goto(path)
        return page

    yield opened
    for context in contexts:
        context.close()
    # An answer such as 422 is told of as well; it is not what this is about.
    assert [one for one in complaints if "Failed to load resource" not in one] == []


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def unfold(page: Page, words: str) -> None:
    page.locator("summary", has_text=words).click()


def test_from_the_mail_s_link_to_the_outcome(visit: Visit, made: dict, goal: Goal):
    page = visit(link_to(made))
    press(page, "Öppna ärendet")
    expect(page.get_by_role("heading", level=1)).to_have_text(f"Öppet café hos {goal.name}")
    expect(page.get_by_text(PHONE)).to_have_count(0)
    press(page, "Ja, vi tar emot")
    expect(page.get_by_role("link", name=PHONE)).to_be_visible()
    page.get_by_label("Det här har hänt", exact=True).select_option("Personen kom")
    page.locator("form:has(#event-kind)").get_by_role("button").click()
    expect(page.get_by_role("status")).to_have_text("Det är sparat.")
    unfold(page, "Det är klart")
    press(page, "Spara och avsluta")
    expect(page.get_by_role("alert")).to_be_visible()
    expect(page.get_by_label("Ja, personen är med")).to_be_visible()
    page.get_by_label("Ja, personen är med").check()
    press(page, "Spara och avsluta")
    expect(page.locator("p.big").first).to_have_text("Klart")


def test_a_no_with_its_reason(visit: Visit, made: dict):
    page = visit(link_to(made))
    press(page, "Öppna ärendet")
    unfold(page, "Nej, vi kan inte ta emot")
    press(page, "Svara nej")
    page.get_by_role("alert").get_by_role("link").click()
    expect(page.get_by_label("Varför?").first).to_be_focused()
    page.get_by_label("Varför?").first.select_option("Vi har inte plats")
    press(page, "Svara nej")
    expect(page.locator("p.big").first).to_have_text("Ni har svarat nej: Vi har inte plats")


def test_the_person_follows_changes_and_takes_back(visit: Visit, made: dict):
    page = visit("/my")
    page.get_by_label("Din kod").fill(made["code"])
    press(page, "Fortsätt")
    expect(page.get_by_text("Föreningen har fått frågan")).to_be_visible()
    assert made["code"] not in page.url
    unfold(page, "Ändra")
    page.get_by_label("E-post", exact=True).check()
    page.get_by_label("Telefonnummer eller e-postadress").fill("kim@post.example")
    press(page, "Spara")
    expect(page.get_by_text("kim@post.example")).to_be_visible()
    page.get_by_role("link", name="Vem har tittat?").click()
    expect(page.get_by_text("ändrade uppgifter")).to_be_visible()
    page.get_by_role("link", name="Tillbaka").click()
    page.get_by_role("link", name="Ta tillbaka").click()
    press(page, "Ja, ta tillbaka")
    expect(page.get_by_text("Du har tagit tillbaka det här.")).to_be_visible()
    expect(page.get_by_text("kim@post.example")).to_have_count(0)
    press(page, "Stäng")
    expect(page.get_by_label("Din kod")).to_be_visible()


def focus(page: Page, name: str, *, most: int = 40) -> None:
    """Go on with the Tab key until what has this name has the focus, which shows at every step."""
    for _ in range(most):
        page.keyboard.press("Tab")
        found = page.evaluate(
            "() => { const at = document.activeElement, style = getComputedStyle(at);"
            " const label = at.labels && at.labels[0] ? at.labels[0].innerText : at.innerText;"
            " return [label || '', parseFloat(style.outlineWidth), style.outlineStyle]; }"
        )
        assert found[1] >= 2, found
        assert found[2] != "none", found
        if found[0].strip() == name:
            return
    pytest.fail(f"the Tab key never came to {name}")


def test_everything_is_done_by_keyboard_alone_and_the_focus_shows(visit: Visit, made: dict):
    page = visit(link_to(made), script=True)
    focus(page, "Öppna ärendet")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Väntar på ert svar")).to_be_visible()
    focus(page, "Ja, vi tar emot")
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name=PHONE)).to_be_visible()
    focus(page, "Det har kommit i gång")
    page.keyboard.press("Enter")
    expect(page.locator("p.big").first).to_have_text("Pågår")
    focus(page, "Det är klart")
    page.keyboard.press("Enter")
    focus(page, "Ja, personen är med")
    page.keyboard.press("Space")
    focus(page, "Spara och avsluta")
    page.keyboard.press("Enter")
    expect(page.locator("p.big").first).to_have_text("Klart")


@pytest.fixture(scope="session")
def axe(node_folder: Path) -> str:
    return (node_folder / "node_modules" / "axe-core" / "axe.min.js").read_text(encoding="utf-8")


def judge(page: Page, axe: str) -> None:
    """No violation, nothing beside the screen at 320 pixels, and a heading of the first level."""
    page.locator("details").evaluate_all("all => all.forEach(one => one.open = true)")
    page.evaluate(axe)
    found = page.evaluate(
        "tags => axe.run(document, {runOnly: tags}).then(r => r.violations.map("
        "v => [v.id, v.nodes.map(n => n.html)]))",
        AXE,
    )
    assert found == [], page.url
    assert page.evaluate("document.documentElement.scrollWidth") <= NARROW["width"], page.url
    assert page.get_by_role("heading", level=1).count() == 1


def test_the_association_s_pages_have_no_violation(
    visit: Visit, client: TestClient, nurse: Headers, made: dict, axe: str
):
    page = visit(link_to(made), script=True, narrow=True)
    judge(page, axe)
    press(page, "Öppna ärendet")
    judge(page, axe)
    press(page, "Svara nej")  # without a reason: the page with problems
    judge(page, axe)
    press(page, "Ja, vi tar emot")
    judge(page, axe)
    press(page, "Spara och avsluta")
    judge(page, axe)
    press(page, "Stäng ärendet på den här datorn")
    judge(page, axe)
    for path in ("/r", "/r/hej"):
        page.goto(path)
        judge(page, axe)
    press(page, "Skicka oss en ny länk")
    judge(page, axe)


@pytest.mark.parametrize("language", page_texts.LANGUAGES)
def test_the_person_s_pages_have_no_violation(visit: Visit, made: dict, axe: str, language: str):
    words = page_texts.words(language)
    page = visit(f"/my?lang={language}", script=True, narrow=True)
    judge(page, axe)
    page.get_by_label(words["code_label"]).fill(made["code"][:-1])
    press(page, words["continue"])
    judge(page, axe)
    page.get_by_label(words["code_label"]).fill(made["code"])
    press(page, words["continue"])
    judge(page, axe)
    press(page, words["save"])
    judge(page, axe)
    for path in ("/my/log", "/my/withdraw"):
        page.goto(f"{path}?lang={language}")
        judge(page, axe)
    press(page, words["withdraw_yes"])
    judge(page, axe)


@pytest.mark.parametrize("language", ["sv", "ar"])
def test_the_paper_is_read_at_arm_s_length_and_takes_at_most_two_sheets(
    chromium: Chromium, client: TestClient, nurse: Headers, goal: Goal, axe: str, language: str
):
    made = referral_made(client, nurse, code_referral_to(goal))
    path = f"/api/v1/referrals/{made['id']}/handout"
    html = client.post(path, json={"language": language}, headers=nurse).text
    context = chromium.new_context(viewport=NARROW)
    page = context.new_page()
    page.set_content(html)
    judge(page, axe)
    page.emulate_media(media="print")
    sizes = page.evaluate(
        "[...document.querySelectorAll('p, li, dd')].map(e => parseFloat(getComputedStyle(e).fontSize))"
    )
    assert min(sizes) >= 21  # 16 points
    assert page.locator(".code").evaluate("e => parseFloat(getComputedStyle(e).fontSize)") >= 37
    assert page.pdf(format="A4", margin={"top": "15mm", "bottom": "15mm"}).count(b"/Type /Page\n") <= 2
    context.close()
