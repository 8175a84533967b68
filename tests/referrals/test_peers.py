"""Two care providers and two associations, each at the other's referrals: no operation lets them in.

The service's own filter stands before the database's wall. Each is taken away in turn, to show that the other
holds alone, and both, to show that this check sees a hole where there is one.
"""

import os
import re
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from people import Headers
from referral_steps import ALL, ANY_VERSION, INBOX, PERSONAL, Made, Side, Square, operations
from schemathesis import Case
from sqlalchemy import true

from app import db
from app.db import Wall, walled_scope
from app.main import create_app
from app.models import Referral
from app.openapi import document
from app.services import referral_links
from app.services.referral_rows import By

EXAMPLES = int(os.environ.get("TORG_FUZZ_EXAMPLES", "8"))
OF_ONE = "{referral}"
FHIR = "/fhir/R4"

every = schemathesis.openapi.from_dict(document(create_app()))
every.app = create_app()
of_one = every.include(path_regex=r"\{referral\}")
reading = every.include(path_regex=r"\{referral\}", method="GET")
generated = settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    phases=(Phase.generate,),
    suppress_health_check=list(HealthCheck),
)


def stranger_at(square: Square, path: str) -> Side:
    return square.other_member if "/inbox" in path else square.other_nurse


def stays_out(answer: httpx.Response | schemathesis.Response, made: Made) -> None:
    """The check: neither let in nor told anything."""
    assert 400 <= answer.status_code < 500, (answer.request.method, answer.request.url, answer.status_code)
    told = re.sub(r'"instance":"[^"]*"', "", answer.text)  # the address that was asked for
    assert str(made.id) not in told
    assert not any(one in told for one in PERSONAL)


def ask(square: Square, case: Case, made: Made) -> httpx.Response:
    """The generated request, sent by a stranger about this referral."""
    case.path_parameters["referral"] = str(made.id)
    headers = {**stranger_at(square, case.path).headers, "If-Match": ANY_VERSION}
    return case.call(session=square.client, base_url="http://testserver/api/v1", headers=headers)


@pytest.fixture
def no_filter(monkeypatch: pytest.MonkeyPatch) -> None:
    """The hole: the service forgets to ask whose referral it is."""
    monkeypatch.setattr(By, "sees", lambda _self: true())


@pytest.fixture
def no_wall(monkeypatch: pytest.MonkeyPatch) -> None:
    """The other hole: transactions act as the database's administrator."""
    monkeypatch.setattr(db, "stand_behind", lambda _session, _wall: None)


def test_every_operation_on_a_referral_is_among_those_that_are_tried(square: Square):
    described = {(one.ok().method.upper(), one.ok().path) for one in of_one.get_all_operations()}
    made = square.made()
    tried = {
        (method, path.removeprefix("/api/v1").replace(str(made.id), OF_ONE))
        for method, path, _body in operations(made.id, square.other_goal)
    }
    assert described == tried


@of_one.parametrize()
@generated
def test_whatever_a_stranger_sends_about_a_referral_she_stays_out(case: Case, square: Square):
    for status in ("requested", "accepted"):
        made = square.made(status)
        stays_out(ask(square, case, made), made)


def strangers_ways(square: Square) -> list[tuple[str, Callable[[], None]]]:
    """Each operation with a body that would do, of a referral of its own, judged by the check."""

    def way(method: str, path: str, body: dict[str, Any] | None, made: Made) -> Callable[[], None]:
        def go() -> None:
            headers = made.match(stranger_at(square, path).headers)
            stays_out(square.client.request(method, path, json=body, headers=headers), made)

        return go

    ways = []
    for number in range(len(operations(square.made().id, square.other_goal))):
        made = square.made()
        method, path, body = operations(made.id, square.other_goal)[number]
        ways.append((f"{method} {path.replace(str(made.id), OF_ONE)}", way(method, path, body, made)))
    for path in (ALL, INBOX):
        since = datetime.now(UTC)
        made = square.made("accepted")

        def listed(path: str = path, made: Made = made, since: datetime = since) -> None:
            asked = {"limit": 100, "updated_since": since.isoformat()}
            answer = square.client.get(path, params=asked, headers=stranger_at(square, path).headers)
            assert answer.status_code == 200
            assert str(made.id) not in answer.text

        ways.append((f"GET {path}", listed))
    by_code = square.made(mode="code")

    def redeemed() -> None:
        headers, body = square.other_member.headers, {"code": by_code.code}
        stays_out(square.client.post(f"{INBOX}/redeem", json=body, headers=headers), by_code)

    ways.append((f"POST {INBOX}/redeem", redeemed))
    return [*ways, *by_fhir(square)]


def by_fhir(square: Square) -> list[tuple[str, Callable[[], None]]]:
    """The same referrals as resources: read, found, and written back."""
    sides = ((square.nurse, square.other_nurse), (square.member, square.other_member))
    since = datetime.now(UTC)
    made = square.made("accepted")

    def read(path: str, headers: Headers) -> None:
        stays_out(square.client.get(path, headers=headers), made)

    def found(kind: str, headers: Headers) -> None:
        asked = {"_count": 100, "_lastUpdated": f"ge{since.isoformat()}"}
        answer = square.client.get(f"{FHIR}/{kind}", params=asked, headers=headers)
        assert answer.status_code == 200
        assert str(made.id) not in answer.text

    waiting = square.made()  # what the requester wrote is changed until it is answered

    def written_back(kind: str, owner: Headers, stranger: Headers) -> None:
        one = made if kind == "Task" else waiting
        path = f"{FHIR}/{kind}/{one.id}"
        seen = square.client.get(path, headers=owner)
        assert seen.status_code == 200
        headers = {**stranger, "If-Match": seen.headers["ETag"]}
        stays_out(square.client.put(path, json=seen.json(), headers=headers), one)

    ways: list[tuple[str, Callable[[], None]]] = []
    for kind in ("ServiceRequest", "Task", "Consent"):
        path = f"{FHIR}/{kind}/{made.id}"
        for of_ours, stranger in sides:
            ways.append((f"GET {kind}", partial(read, path, stranger.headers)))
            ways.append((f"search {kind}", partial(found, kind, stranger.headers)))
            if (kind == "Task") == (of_ours is square.member):
                put = partial(written_back, kind, of_ours.headers, stranger.headers)
                ways.append((f"PUT {kind}", put))
    return ways


def through_a_link(square: Square) -> Callable[[], None]:
    """With the session of a link to one referral, at another one of the same association."""
    opened, other = square.made(), square.made()
    with walled_scope(Wall(role="torg_worker")) as session:
        link = referral_links.make(session, session.get_one(Referral, opened.id)).rpartition("/")[2]
    token = square.client.post("/api/v1/referral-sessions", json={"link": link}).json()["token"]
    headers = {"Authorization": f"Bearer {token}"}

    def go() -> None:
        assert square.client.get(f"{INBOX}/{opened.id}", headers=headers).status_code == 200
        stays_out(square.client.get(f"{INBOX}/{other.id}", headers=headers), other)
        assert str(other.id) not in square.client.get(INBOX, headers=headers).text

    return go


def test_strangers_stay_out_with_both_walls(square: Square):
    for _name, go in [*strangers_ways(square), ("link", through_a_link(square))]:
        go()


def test_where_the_service_forgets_to_ask_the_database_keeps_strangers_out(square: Square, no_filter: None):
    # A code is its own key to the database; that it is another's association's is the service's to know.
    kept = [(name, go) for name, go in strangers_ways(square) if not name.endswith("/redeem")]
    for _name, go in [*kept, ("link", through_a_link(square))]:
        go()


def test_where_the_database_has_no_wall_the_service_keeps_strangers_out(square: Square, no_wall: None):
    for _name, go in strangers_ways(square):
        go()


def test_where_both_are_gone_the_check_sees_every_hole(square: Square, no_filter: None, no_wall: None):
    held = []
    for name, go in strangers_ways(square):
        try:
            go()
        except AssertionError:
            continue
        held.append(name)
    assert held == []


@reading.parametrize()
@generated
def test_where_both_are_gone_generated_requests_see_the_hole_too(case: Case, square: Square):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(By, "sees", lambda _self: true())
        patch.setattr(db, "stand_behind", lambda _session, _wall: None)
        made = square.made("accepted")
        with pytest.raises(AssertionError):
            stays_out(ask(square, case, made), made)
