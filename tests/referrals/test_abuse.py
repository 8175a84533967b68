"""What somebody might try with referrals that are not theirs, not allowed, or not alone (docs/threats.md)."""

import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from people import LoginServer
from referral_steps import (
    ALL,
    INBOX,
    MINE,
    PERSONAL,
    Square,
    body_for,
    count,
    events_of,
    log_of,
    operations,
    written,
)
from referral_world import TODAY, WITH_FEEDBACK, code_referral_to, make_goal, referral_to
from sqlalchemy import text

from app import db
from app.config import get_settings
from app.db import Wall, walled_scope
from app.main import create_app
from app.models import Referral, ReferralSecret
from app.openapi import document
from app.services import codes, referral_links, referral_once, retention
from app.services.vault import vault


@pytest.fixture(autouse=True)
def no_tries(square: Square) -> Iterator[None]:
    """Wrong codes of one test do not count in the next."""
    yield
    with db.engine().begin() as connection:
        connection.execute(text("TRUNCATE code_attempt"))


@pytest.fixture
def settings(referral_settings: pytest.MonkeyPatch) -> Iterator[Callable[[str, str], None]]:
    """Set a setting for this test alone."""
    with pytest.MonkeyPatch.context() as patch:

        def put(name: str, value: str) -> None:
            patch.setenv(name, value)
            get_settings.cache_clear()

        yield put
    get_settings.cache_clear()


def at_once(*calls: Callable[[], httpx.Response]) -> list[httpx.Response]:
    """The answers to calls that begin at the same moment."""
    answers: list[httpx.Response] = []
    together = threading.Barrier(len(calls))

    def call(one: Callable[[], httpx.Response]) -> None:
        together.wait(20)
        answers.append(one())

    threads = [threading.Thread(target=call, args=(one,)) for one in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(answers) == len(calls)
    return answers


def pointers(answer: httpx.Response) -> set[str]:
    assert answer.status_code == 422, answer.text
    return {error["pointer"] for error in answer.json()["errors"]}


def codes_of_errors(answer: httpx.Response) -> set[str]:
    assert answer.status_code == 422, answer.text
    return {error["code"] for error in answer.json()["errors"]}


# --- other people's referrals --------------------------------------------------------------------


def test_a_foreign_referral_is_not_found_and_that_somebody_tried_is_written_down(square: Square):
    made = square.made()
    before = written(made.id)
    for method, path, body in operations(made.id, square.goal):
        party, side = (
            ("organisation", square.other_member)
            if path.startswith(INBOX)
            else ("requester", square.other_nurse)
        )
        log = log_of(made.id)
        answer = square.client.request(method, path, json=body, headers=made.match(side.headers))
        assert answer.status_code == 404, (method, path)
        assert log_of(made.id)[len(log) :] == [(party, "refused")], (method, path)
    assert written(made.id) == before


def test_a_foreign_referral_and_one_that_never_was_are_told_apart_by_nothing(square: Square):
    made, never = square.made(), uuid4()
    for path, side in ((ALL, square.other_nurse), (INBOX, square.other_member)):
        foreign = square.client.get(f"{path}/{made.id}", headers=side.headers)
        unknown = square.client.get(f"{path}/{never}", headers=side.headers)
        assert foreign.status_code == unknown.status_code == 404
        assert foreign.text.replace(str(made.id), "") == unknown.text.replace(str(never), "")


def test_another_unit_of_the_same_care_provider_does_not_see_it(square: Square, staff_headers: Any):
    made = square.made()
    elsewhere = staff_headers(subject="school-nurse", unit="SE2321000016-A0E9")
    assert square.client.get(f"{ALL}/{made.id}", headers=elsewhere).status_code == 404
    nowhere = staff_headers(subject="school-nurse", unit=None)
    assert square.client.get(f"{ALL}/{made.id}", headers=nowhere).status_code == 404
    colleague = staff_headers(subject="colleague")
    assert square.client.get(f"{ALL}/{made.id}", headers=colleague).status_code == 200


def test_a_list_shows_nobody_elses(square: Square):
    made = square.made("accepted")
    for path, side in ((ALL, square.other_nurse), (INBOX, square.other_member)):
        answer = square.client.get(path, params={"limit": 100}, headers=side.headers)
        assert str(made.id) not in answer.text
    answer = square.client.get(ALL, params={"limit": 100}, headers=square.nurse.headers)
    assert not any(one in answer.text for one in PERSONAL)


# --- what is told when ---------------------------------------------------------------------------


def test_nothing_tells_who_the_person_is_before_the_organisation_accepts(square: Square):
    made = square.refer()
    one = f"{INBOX}/{made['id']}"
    with walled_scope(Wall(role="torg_worker")) as session:
        link = referral_links.make(session, session.get_one(Referral, made["id"])).rpartition("/")[2]
    opened = square.client.post("/api/v1/referral-sessions", json={"link": link}).json()
    by_link = {"Authorization": f"Bearer {opened['token']}"}
    for headers in (square.member.headers, by_link):
        told = "".join(
            square.client.get(path, headers=headers).text for path in (INBOX, one, f"{one}/events")
        )
        assert made["id"] in told
        assert not any(hidden in told for hidden in PERSONAL)
        assert square.client.get(one, headers=headers).json()["person"] is None
    for said in (body_for("rejected"), {"status": "cancelled", "reason": "other"}):
        refused = square.refer()
        answer = square.client.post(
            f"{INBOX}/{refused['id']}/status",
            json=said,
            headers={**square.member.headers, "If-Match": '"v1"'},
        )
        assert answer.status_code == 200, answer.text
        assert not any(hidden in answer.text for hidden in PERSONAL)


def test_before_acceptance_the_database_itself_holds_the_person_back(square: Square):
    waiting, accepted = square.made(), square.made("accepted")
    with walled_scope(square.member.wall) as session:
        assert session.get(ReferralSecret, waiting.id) is None
        assert session.get(ReferralSecret, accepted.id) is not None


def test_after_retention_the_teaser_is_left_and_the_key_is_gone(square: Square):
    made = square.refer(referral_to(square.goal, agreed=WITH_FEEDBACK))
    one = made["id"]
    steps = (
        ("events", {"kind": "info-requested", "text": "Behövs hiss till lokalen?"}),
        ("status", {"status": "accepted"}),
        ("status", {"status": "completed", "outcome": {"result": "connected", "measures": {"ucla_3": 7}}}),
    )
    for version, (part, body) in enumerate(steps, 1):
        headers = {**square.member.headers, "If-Match": f'"v{version}"'}
        answer = square.client.post(f"{INBOX}/{one}/{part}", json=body, headers=headers)
        assert answer.status_code == 200, answer.text
    retention.run(datetime.now(UTC) + timedelta(days=89))
    assert count("referral_key", "referral_id = :id", id=one) == 1
    retention.run(datetime.now(UTC) + timedelta(days=91))
    assert count("referral_key", "referral_id = :id", id=one) == 0
    assert count("referral_secret", "referral_id = :id", id=one) == 0
    for path, side in ((f"{ALL}/{one}", square.nurse), (f"{INBOX}/{one}", square.member)):
        seen = square.client.get(path, headers=side.headers)
        assert (seen.status_code, seen.json()["person"]) == (200, None)
        assert seen.json()["outcome"]["measures"] is None
        assert seen.json()["outcome"]["result"] == "connected"
        told = square.client.get(f"{path}/events", headers=side.headers).json()["items"]
        assert [event["text"] for event in told] == [None] * 5
        assert told[-1]["kind"] == "shredded"
    mine = square.client.post(MINE, json={"code": made["code"]}).json()
    assert (mine["status"], mine["contact"]) == ("completed", None)


# --- several at once -----------------------------------------------------------------------------


def test_no_change_goes_without_saying_which_version_was_seen(square: Square):
    for status in ("requested", "accepted"):
        made = square.made(status)
        before = written(made.id)
        for method, path, body in operations(made.id, square.other_goal):
            if body is None or path.endswith("/handout"):  # which changes nothing
                continue
            side = square.member if path.startswith(INBOX) else square.nurse
            for match, wanted in ((None, 428), ('"v99"', 412), ('W/"v1"', 412), ("v1", 412), ('"', 412)):
                headers = side.headers if match is None else {**side.headers, "If-Match": match}
                answer = square.client.request(method, path, json=body, headers=headers)
                assert answer.status_code == wanted, (method, path, match)
        for part, more in (("status", {"status": "cancelled"}), ("contact", {"contact": CONTACT} | SAFE)):
            for match, wanted in ((None, 428), ('"v99"', 412)):
                headers = {} if match is None else {"If-Match": match}
                body = {"code": made.code, **more}
                answer = square.client.post(f"{MINE}/{part}", json=body, headers=headers)
                assert answer.status_code == wanted, (part, match, answer.text)
        assert written(made.id) == before


CONTACT = {"channel": "email", "value": "kim@mail.example"}
SAFE = {"safe_to_leave_message": True}


@pytest.mark.parametrize("pair", [("accepted", "rejected"), ("accepted", "accepted")])
def test_of_two_members_who_act_at_once_one_is_heard(
    square: Square, member_headers: Any, pair: tuple[str, str]
):
    colleague = member_headers(square.goal.organisation, subject="colleague")
    for _ in range(5):
        made = square.made()
        answers = at_once(
            *(
                lambda one=made, headers=headers, to=to: square.client.post(
                    f"{INBOX}/{one.id}/status", json=body_for(to), headers=one.match(headers)
                )
                for headers, to in zip((square.member.headers, colleague), pair, strict=True)
            )
        )
        assert sorted(answer.status_code for answer in answers) == [200, 412]
        assert len(events_of(made.id)) == 2


def test_of_the_two_sides_and_the_person_at_once_one_is_heard(square: Square):
    for _ in range(5):
        made = square.made("accepted")
        ways = (
            (f"{ALL}/{made.id}/status", body_for("cancelled"), square.nurse.headers),
            (f"{INBOX}/{made.id}/status", body_for("in-progress"), square.member.headers),
            (f"{MINE}/status", {"code": made.code, "status": "cancelled"}, {}),
        )
        answers = at_once(
            *(
                lambda one=made, path=path, body=body, headers=headers: square.client.post(
                    path, json=body, headers=one.match(headers)
                )
                for path, body, headers in ways
            )
        )
        assert sorted(answer.status_code for answer in answers) == [200, 412, 412]
        assert len(events_of(made.id)) == made.version + 1


def test_the_same_key_with_another_body_or_address_is_refused(square: Square):
    headers = {**square.nurse.headers, "Idempotency-Key": f"kim-{uuid4()}"}
    body = referral_to(square.goal)
    send = lambda body, **more: square.client.post(ALL, json=body, headers=headers, **more)  # noqa: E731
    again = {"params": {"allow_duplicate": True}}
    first = send(body, **again)
    assert first.status_code == 201, first.text
    assert send(body, **again).json()["id"] == first.json()["id"]
    assert send({**body, "urgency": "soon"}, **again).status_code == 422
    assert send(body, params={"allow_duplicate": True, "draft": True}).status_code == 422


def test_the_same_key_of_somebody_else_is_another_key(square: Square, staff_headers: Any):
    key = {"Idempotency-Key": f"kim-{uuid4()}"}
    body, again = referral_to(square.goal), {"allow_duplicate": True}
    first, second = (
        square.client.post(ALL, json=body, headers={**headers, **key}, params=again)
        for headers in (square.nurse.headers, staff_headers(subject="colleague"))
    )
    assert first.json()["id"] != second.json()["id"]


def test_the_same_request_many_times_at_once_makes_one_referral(square: Square):
    headers = {**square.nurse.headers, "Idempotency-Key": f"kim-{uuid4()}"}
    body, before = referral_to(square.goal), count("referral")
    send = lambda: square.client.post(ALL, json=body, headers=headers, params={"allow_duplicate": True})  # noqa: E731
    answers = at_once(*[send] * 8)
    made = {answer.json()["id"] for answer in answers if answer.status_code == 201}
    assert {answer.status_code for answer in answers} <= {201, 409}
    assert len(made) == 1
    assert count("referral") == before + 1


def test_a_request_sent_again_while_the_first_is_under_way_is_told_to_wait(square: Square):
    key, body = f"kim-{uuid4()}", b"{}"
    with walled_scope(square.nurse.wall) as session:
        assert referral_once.attempt(session, square.nurse.by, key, request="x", body=body) is not None
        answer = square.client.post(
            ALL, json=referral_to(square.goal), headers={**square.nurse.headers, "Idempotency-Key": key}
        )
        assert answer.status_code == 409


# --- what may not be said ------------------------------------------------------------------------

NOT_THEIRS: dict[str, Any] = {
    "id": str(uuid4()),
    "status": "accepted",
    "sub_status": "attended",
    "version": 7,
    "owner": "organisation",
    "next_action_by": "requester",
    "tenant": "SE2120000142-0002",
    "requester_tenant": "SE2120000142-0002",
    "requester_unit": "x",
    "requester_id": str(uuid4()),
    "organisation_id": str(uuid4()),
    "correlation_id": str(uuid4()),
    "code": "7K3M-9QXA-2B4C-5",
    "accepted_at": "2026-11-21T10:00:00Z",
    "shred_after": "2099-01-01T00:00:00Z",
    "personal_number": "19000101-0000",
    "address": "Storgatan 1",
    "diagnosis": "F32",
}


@pytest.mark.parametrize("field", NOT_THEIRS)
def test_status_owner_tenant_and_the_like_stand_in_no_body(square: Square, field: str):
    more = {field: NOT_THEIRS[field]}
    made = square.made()
    whole = referral_to(square.goal)
    asked = {name: whole[name] for name in ("listing_id", "person")} | {"text_version": "1"}
    match, inbox = made.match(square.nurse.headers), made.match(square.member.headers)
    for method, path, body, headers in (
        ("POST", ALL, whole | more, square.nurse.headers),
        ("POST", ALL, whole | {"person": whole["person"] | more}, square.nurse.headers),
        ("PATCH", f"{ALL}/{made.id}", more, match),
        ("POST", f"{ALL}/{made.id}/info", {"text": "Ja."} | more, match),
        ("POST", f"{ALL}/{made.id}/reroute", {"listing_id": str(square.other_goal.listing)} | more, match),
        ("POST", f"{INBOX}/{made.id}/events", {"kind": "received"} | more, inbox),
        ("POST", "/api/v1/self-referrals", asked | more, {}),
    ):
        answer = square.client.request(method, path, json=body, headers=headers)
        assert answer.status_code == 422, (path, answer.text)
        assert {error["code"] for error in answer.json()["errors"]} == {"extra_forbidden"}


def test_a_consent_that_is_missing_expired_or_for_another_is_refused(square: Square):
    good = referral_to(square.goal)["consent"]
    yesterday, tomorrow = (TODAY + timedelta(days=days) for days in (-1, 1))
    for fields, wanted in (
        ({"consent": None, "legal_basis": None}, {"/consent", "/legal_basis"}),
        ({"consent": None}, {"/consent"}),
        ({"legal_basis": None}, {"/legal_basis"}),
        (
            {"consent": good | {"given_on": "2026-01-01", "expires_on": yesterday.isoformat()}},
            {"/consent/expires_on"},
        ),
        ({"consent": good | {"given_on": tomorrow.isoformat()}}, {"/consent/given_on"}),
        ({"consent": good | {"recipient": str(square.other_goal.organisation)}}, {"/consent/recipient"}),
        ({"consent": good | {"recipient": str(uuid4())}}, {"/consent/recipient"}),
        ({"consent": good | {"categories": ["needs", "note"]}}, {"/consent/categories"}),
        (
            {"consent": good | {"categories": ["contact", "needs"]}},
            {"/consent/categories"},
        ),  # there is a note
        ({"consent": good | {"categories": []}}, {"/consent/categories"}),
    ):
        before = count("referral")
        answer = square.client.post(
            ALL, json=referral_to(square.goal, **fields), headers=square.nurse.headers
        )
        assert pointers(answer) == wanted, fields
        assert count("referral") == before


def test_a_consent_cannot_become_anothers_by_a_change_or_another_way(square: Square):
    other = referral_to(square.goal)["consent"] | {"recipient": str(square.other_goal.organisation)}
    made = square.made()
    changed = square.client.patch(
        f"{ALL}/{made.id}", json={"consent": other}, headers=made.match(square.nurse.headers)
    )
    assert pointers(changed) == {"/consent/recipient"}
    rerouted = square.client.post(
        f"{ALL}/{made.id}/reroute",
        json={"listing_id": str(square.other_goal.listing)},
        headers=made.match(square.nurse.headers),
    )
    assert pointers(rerouted) == {"/consent", "/legal_basis"}
    assert written(made.id)["row"] is not None
    assert len(events_of(made.id)) == 1


@pytest.mark.parametrize("band", ["under-13", "13-15", "16-17"])
def test_nobody_under_eighteen_is_referred_without_saying_who_decided(square: Square, band: str):
    send = lambda **fields: square.client.post(  # noqa: E731
        ALL,
        json=referral_to(square.goal, age_band=band, **fields),
        headers=square.nurse.headers,
        params={"allow_duplicate": True},
    )
    assert pointers(send()) == {"/decided_by"}
    assert pointers(send(decided_by="self")) == {"/maturity_assessed"}
    assert pointers(send(decided_by="self", maturity_assessed=False)) == {"/maturity_assessed"}
    assert send(decided_by="self", maturity_assessed=True).status_code == 201
    assert pointers(send(decided_by="guardian")) == {"/consent/given_by"}
    by_guardian = {**referral_to(square.goal)["consent"], "given_by": "guardian"}
    assert send(decided_by="guardian", consent=by_guardian).status_code == 201
    grown = square.made(age_band="18-24")
    changed = square.client.patch(
        f"{ALL}/{grown.id}", json={"age_band": band}, headers=grown.match(square.nurse.headers)
    )
    assert pointers(changed) == {"/decided_by"}


@pytest.mark.parametrize("noted", [None, False])
def test_an_association_without_a_routine_for_children_receives_none(square: Square, noted: bool | None):
    goal = make_goal(f"utan-rutin-{noted}", "Utan rutin", safeguarding=noted)
    both = {**referral_to(goal)["consent"], "given_by": "both"}
    for body in (
        referral_to(goal, age_band="16-17", decided_by="both", consent=both),
        code_referral_to(goal, age_band="16-17", decided_by="both"),
    ):
        answer = square.client.post(ALL, json=body, headers=square.nurse.headers)
        assert codes_of_errors(answer) == {"no_child_safeguarding"}
    grown = square.client.post(ALL, json=referral_to(goal), headers=square.nurse.headers)
    assert grown.status_code == 201


def test_nobody_unverified_receives_anything(square: Square):
    goal = make_goal("okontrollerad", "Okontrollerad", verified=False)
    for body in (referral_to(goal), code_referral_to(goal)):
        answer = square.client.post(ALL, json=body, headers=square.nurse.headers)
        assert codes_of_errors(answer) == {"not_verified"}


def test_a_person_with_protected_identity_is_referred_by_code_alone(square: Square):
    send = lambda body: square.client.post(ALL, json=body, headers=square.nurse.headers)  # noqa: E731
    bare = {"municipality_code": None, "language": None, "access_needs": None, "age_band": "18-plus"}
    for mode in ("light", "direct"):
        sent = referral_to(square.goal, mode=mode, protected_identity=True, **bare)
        assert pointers(send(sent)) == {"/mode"}
    whole = referral_to(square.goal)
    with_contact = code_referral_to(square.goal, protected_identity=True, **bare) | {
        "person": whole["person"]
    }
    assert pointers(send(with_contact)) == {"/person"}
    made = send(code_referral_to(square.goal, protected_identity=True, **bare)).json()
    changed = square.client.patch(
        f"{ALL}/{made['id']}",
        json={"person": whole["person"]},
        headers={**square.nurse.headers, "If-Match": '"v1"'},
    )
    assert pointers(changed) == {"/person"}
    assert count("referral_secret", "referral_id = :id", id=made["id"]) == 0


# --- keys, codes, crowds -------------------------------------------------------------------------


def referral_routes() -> list[tuple[str, str, bool]]:
    """Method, path and whether a person's token is asked for, of every operation on referrals."""
    described = document(create_app())
    return [
        (method.upper(), path, bool(operation.get("security")))
        for path, item in described["paths"].items()
        for method, operation in item.items()
        if {"referrals", "inbox", "my-referral"} & set(operation.get("tags", ()))
    ]


def test_an_api_key_opens_no_route_of_referrals_and_nobody_opens_none(square: Square, issuer: LoginServer):
    from app.services import identity

    with db.session_scope() as session:
        _key, key = identity.create_key(session, organisation=None, name="operator", scopes={"operator"})
    asked = [(method, path) for method, path, secured in referral_routes() if secured]
    assert len(asked) >= 16
    made = square.made()
    for method, path in asked:
        place = "/api/v1" + path.replace("{referral}", str(made.id))
        by_key = {"Authorization": f"Bearer {key}"}
        answer = square.client.request(method, place, json={}, headers=by_key)
        assert answer.status_code == 403, (method, place, answer.status_code)
        for headers in ({}, {"Authorization": "Bearer x"}, {"Authorization": "Bearer torgs_x"}):
            answer = square.client.request(method, place, json={}, headers=headers)
            assert answer.status_code == 401, (method, place, answer.status_code, headers)


def wrong_code() -> str:
    return codes.code_of(vault(), uuid4())


def test_a_right_code_is_no_guess_whatever_becomes_of_its_request(square: Square):
    made = square.made()
    body = {"code": made.code, "status": "cancelled"}
    for _ in range(7):
        assert (
            square.client.post(f"{MINE}/status", json=body, headers={"If-Match": '"v9"'}).status_code == 412
        )
    assert square.client.post(f"{MINE}/status", json=body, headers={"If-Match": '"v1"'}).status_code == 200


def test_a_crowd_of_guesses_gets_five_and_holds_up_nobody(square: Square):
    guess = lambda: square.client.post(MINE, json={"code": wrong_code()})  # noqa: E731
    look = lambda: square.client.get(ALL, headers=square.nurse.headers)  # noqa: E731
    answers = at_once(*[guess] * 36, look)
    statuses = [answer.status_code for answer in answers]
    assert statuses.count(200) == 1
    assert statuses.count(404) == 5
    assert statuses.count(429) == 31


def test_a_crowd_at_foreign_doors_holds_up_nobody(square: Square):
    made = square.made()
    knock = lambda: square.client.get(f"{ALL}/{made.id}", headers=square.other_nurse.headers)  # noqa: E731
    answers = at_once(*[knock] * 36)
    assert {answer.status_code for answer in answers} == {404}
    assert log_of(made.id).count(("requester", "refused")) == 36


def test_a_mistyped_code_is_told_as_such_and_a_code_of_another_association_is_not_known(square: Square):
    made = square.made(mode="code")
    mistyped = square.client.post(MINE, json={"code": "7K3M-9QXA-2B4C-A"})
    assert pointers(mistyped) == {"/code"}
    elsewhere = square.client.post(
        f"{INBOX}/redeem", json={"code": made.code}, headers=square.other_member.headers
    )
    assert elsewhere.status_code == 404
    assert str(made.id) not in elsewhere.text
    assert len(events_of(made.id)) == 1


def test_a_flood_of_referrals_to_one_association_ends_at_the_quota(
    square: Square, settings: Callable[[str, str], None]
):
    goal = make_goal("liten", "Liten förening")
    settings("TORG_REFERRAL_QUOTA", "3")
    send = lambda: square.client.post(  # noqa: E731
        ALL, json=code_referral_to(goal), headers=square.nurse.headers, params={"allow_duplicate": True}
    )
    assert [send().status_code for _ in range(5)] == [201, 201, 201, 429, 429]
    other = square.client.post(ALL, json=code_referral_to(goal), headers=square.other_nurse.headers)
    assert other.status_code == 201  # one care provider's flood is not another's


def test_a_flood_at_once_ends_at_the_quota_too(square: Square, settings: Callable[[str, str], None]):
    goal = make_goal("liten-till", "En till liten förening")
    settings("TORG_REFERRAL_QUOTA", "3")
    send = lambda: square.client.post(ALL, json=code_referral_to(goal), headers=square.nurse.headers)  # noqa: E731
    statuses = sorted(answer.status_code for answer in at_once(*[send] * 10))
    assert statuses == [201] * 3 + [429] * 7
