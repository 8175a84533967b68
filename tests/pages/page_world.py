"""Pages as a browser without JavaScript meets them: read, filled in, sent."""

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

from fastapi.testclient import TestClient
from people import Headers

from app.db import Wall, walled_scope
from app.models import Referral
from app.services import referral_links


class _Forms(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: dict[str, dict[str, str]] = {}
        self.current: dict[str, str] = {}
        self.choice: str | None = None
        self.area: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.current = {"action": given["action"]}
        elif tag == "input" and "name" in given:
            if given.get("type") in ("radio", "checkbox") and "checked" not in given:
                return
            self.current[given["name"]] = given.get("value", "")
            if given["name"] == "form":
                self.forms[given["value"]] = self.current
        elif tag == "select":
            self.choice = given["name"]
            self.current[self.choice] = ""
        elif tag == "option" and self.choice and "selected" in given:
            self.current[self.choice] = given["value"]
        elif tag == "textarea":
            self.area = given["name"]
            self.current[self.area] = ""

    def handle_endtag(self, tag: str) -> None:
        if tag == "select":
            self.choice = None
        elif tag == "textarea":
            self.area = None

    def handle_data(self, data: str) -> None:
        if self.area:
            self.current[self.area] += data


@dataclass
class Page:
    """A page that was received, with its forms by name."""

    status: int
    text: str
    headers: Any
    forms: dict[str, dict[str, str]] = field(default_factory=dict)

    @property
    def title(self) -> str:
        found = re.search(r"<title>(.*?)</title>", self.text)
        return found[1] if found else ""


class Browser:
    """Goes from page to page with its cookies, and follows redirects as a browser does."""

    def __init__(self, client: TestClient) -> None:
        self.client = client
        client.cookies.clear()

    def get(self, path: str, **more: Any) -> Page:
        return self._page(self.client.get(path, **more))

    def send(self, page: Page, form: str, **fields: str) -> Page:
        """Fill in a form of a page and press its button."""
        given = {**page.forms[form], **fields}
        return self._page(self.client.post(given.pop("action"), data=given))

    def _page(self, answer: Any) -> Page:
        forms = _Forms()
        forms.feed(answer.text)
        return Page(answer.status_code, answer.text, answer.headers, forms.forms)


def referral_made(client: TestClient, nurse: Headers, body: dict[str, Any]) -> dict[str, Any]:
    """What the API told whoever made the referral, the code among it."""
    answer = client.post("/api/v1/referrals", json=body, headers=nurse)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def link_to(made: dict[str, Any]) -> str:
    """The path of a one-time link, as the worker puts it in an e-mail."""
    with walled_scope(Wall(role="torg_worker")) as session:
        link = referral_links.make(session, session.get_one(Referral, made["id"]))
    return "/r/" + link.rpartition("/")[2]
