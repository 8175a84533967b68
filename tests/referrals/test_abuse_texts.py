"""What must not stand in a referral, and what no reader of bodies expects: refused, and never a 500."""

import json
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from referral_steps import ANY_VERSION, Square, count
from referral_world import TODAY, referral_to
from sqlalchemy import text
from stdnum.luhn import calc_check_digit

from app import db
from app.schemas import person_data

ALL, INBOX, MINE = "/api/v1/referrals", "/api/v1/inbox", "/api/v1/my-referral"
# Digits as other scripts and other fonts write them.
SCRIPTS = ("0123456789", "０１２３４５６７８９", "٠١٢٣٤٥٦٧٨٩", "०१२३४५६७८९", "𝟎𝟏𝟐𝟑𝟒𝟓𝟔𝟕𝟖𝟗", "⁰¹²³⁴⁵⁶⁷⁸⁹")
BETWEEN = (
    "",
    "",
    " ",
    "-",
    "–",
    ".",
    "/",
    "\u00a0",
    "\u200b",
    "\u00ad",
    "\u2060",
    " - ",
    "- ",
    "+",
    "_",
    ", ",
)
AROUND = ("{}", "född {}", "pnr:{}", "Kim({})", "nummer {}.", "Hon är {} och bor i stan", "rum 4 {} plan 2")


@st.composite
def numbers(draw: st.DrawFn) -> str:
    """A personal or co-ordination number that nobody has, as ten or twelve digits.

    Those with 980-999 as number of birth are the tax agency's own, for tests.
    """
    born = draw(st.dates(date(1890, 1, 1), TODAY))
    day = born.day + draw(st.sampled_from((0, 60)))
    ten = f"{born:%y%m}{day:02}{draw(st.integers(980, 999))}"
    ten += calc_check_digit(ten)
    return draw(st.sampled_from(("", f"{born:%Y}"[:2]))) + ten


@st.composite
def spellings(draw: st.DrawFn) -> tuple[str, str]:
    """The number and one of its spellings."""
    plain = draw(numbers())
    script = draw(st.sampled_from(SCRIPTS))
    letters = draw(st.booleans()) and script == SCRIPTS[0] and sum(map("01".__contains__, plain)) < 6
    told = []
    for digit in plain:
        shown = script[int(digit)]
        if letters and draw(st.booleans()):
            shown = {"0": "O", "1": "l"}.get(shown, shown)
        told.append(shown)
    # A few separators, or one way between all digits.
    if draw(st.booleans()):
        spelt = draw(st.sampled_from(BETWEEN)).join(told)
    else:
        places = draw(st.sets(st.integers(1, len(plain) - 1), max_size=3))
        spelt = "".join(
            (draw(st.sampled_from(BETWEEN)) if place in places else "") + one
            for place, one in enumerate(told)
        )
    return plain, spelt


@given(spellings(), st.sampled_from(AROUND))
@settings(max_examples=1500, deadline=None, derandomize=True)
@example(("1912121212129812", "19121212-9812"), "{}")
def test_a_personal_number_is_found_in_every_spelling(spelt: tuple[str, str], around: str):
    assert "personal_number" in person_data.find(around.format(spelt[1]))


@pytest.mark.parametrize(
    "harmless",
    [
        "Tisdagar 10.00-12.00 och torsdagar 13:30–15:00.",
        "Kom den 2026-11-24 kl 09:00–12:00, eller 25/11 kl 18.",
        "Buss 174 från 08.15, hållplats 3, plan 2, rum 1204.",
        "Ca 1 200 kr i månaden, 2 av 5 gånger, 10-15 minuter.",
        "Mellan 2026-11-21 och 2027-01-31.",
        "Hon kan 3 språk och har 2 barn; går 500 meter.",
        "Portkod finns inte. Hiss till 4 tr. 65-79 år.",
        "Öppet 1/9–15/12, v. 36–50, jämna veckor.",
    ],
)
def test_what_people_write_otherwise_is_let_through(harmless: str):
    assert person_data.find(harmless) == set()


def fields(square: Square) -> Iterator[tuple[str, Any]]:
    """Every free text of a referral: what it is called, and how to send it there."""
    whole = referral_to(square.goal)
    client, nurse, member = square.client, square.nurse.headers, square.member.headers

    def person(**more: Any) -> dict[str, Any]:
        return whole | {"person": whole["person"] | more}

    def post(path: str, headers: dict[str, str], body: Any) -> httpx.Response:
        return client.post(path, json=body, headers=headers, params={})

    yield "alias", lambda said: post(ALL, nurse, person(alias=said))
    yield "note", lambda said: post(ALL, nurse, person(note=said))
    yield (
        "e-mail",
        lambda said: post(ALL, nurse, person(contact={"channel": "email", "value": f"{said}@mail.example"})),
    )
    yield (
        "text version",
        lambda said: post(ALL, nurse, whole | {"consent": whole["consent"] | {"text_version": said}}),
    )
    yield (
        "draft",
        lambda said: client.post(ALL, json=person(note=said), headers=nurse, params={"draft": True}),
    )
    asked = {"listing_id": whole["listing_id"], "text_version": "1"}
    yield (
        "self alias",
        lambda said: post(
            "/api/v1/self-referrals", {}, asked | {"person": whole["person"] | {"alias": said}}
        ),
    )
    yield (
        "self version",
        lambda said: post(
            "/api/v1/self-referrals", {}, asked | {"person": whole["person"], "text_version": said}
        ),
    )
    one, taken = square.made(), square.made("accepted")
    match, seen = one.match(nurse), taken.match(member)
    yield (
        "changed note",
        lambda said: client.patch(
            f"{ALL}/{one.id}", json={"person": whole["person"] | {"note": said}}, headers=match
        ),
    )
    yield (
        "withdrawal",
        lambda said: post(
            f"{ALL}/{one.id}/status", match, {"status": "cancelled", "reason": "other", "text": said}
        ),
    )
    yield "info", lambda said: post(f"{ALL}/{one.id}/info", match, {"text": said})
    yield "event", lambda said: post(f"{INBOX}/{taken.id}/events", seen, {"kind": "contacted", "text": said})
    yield (
        "on hold",
        lambda said: post(
            f"{INBOX}/{taken.id}/status", seen, {"status": "on-hold", "reason": "other", "text": said}
        ),
    )
    yield (
        "re-routed",
        lambda said: post(
            f"{ALL}/{one.id}/reroute",
            match,
            {
                "listing_id": str(square.other_goal.listing),
                "consent": whole["consent"] | {"text_version": said},
                "legal_basis": whole["legal_basis"],
            },
        ),
    )


def refused(name: str, send: Any) -> Callable[[], None]:
    @given(spellings())
    @settings(max_examples=12, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
    def never_taken(spelt: tuple[str, str]) -> None:
        plain, told = spelt
        answer = send(told)
        assert answer.status_code == 422, (name, told)
        assert plain not in answer.text
        assert told not in answer.text
        assert plain[-4:] not in answer.text

    return never_taken


def test_a_personal_number_is_refused_in_every_field_and_not_echoed(square: Square):
    for name, send in fields(square):
        before = (count("referral"), count("referral_event"))
        refused(name, send)()
        assert (count("referral"), count("referral_event")) == before, name


@pytest.mark.parametrize(
    "told",
    [
        *(
            "kim@mail.example",
            "kim(at)mail.example",
            "kim @ mail . example",
            "kim snabel-a mail punkt example",
        ),
        *("070-174 06 05", "+46 70 174 06 05", "0046701740605", "０７０１７４０６０５", "08-465 004 12"),
    ],
)
def test_a_telephone_number_or_an_e_mail_address_is_refused_outside_its_field(square: Square, told: str):
    for name, send in fields(square):
        if name != "e-mail":
            answer = send(f"Ring {told}"[:40])
            assert answer.status_code == 422, name
            assert told not in answer.text


def test_a_personal_number_is_no_telephone_number(square: Square):
    whole = referral_to(square.goal)
    ten = "121212981" + calc_check_digit("121212981")
    young = "070105981" + calc_check_digit("070105981")
    for value in (f"{ten[:6]}-{ten[6:]}", ten, f"19{ten}", f"{young[:6]}-{young[6:]}", f"20{young}"):
        contact = {"channel": "phone", "value": value}
        answer = square.client.post(
            ALL, json=whole | {"person": whole["person"] | {"contact": contact}}, headers=square.nurse.headers
        )
        assert answer.status_code == 422, value
        assert value not in answer.text


def test_a_note_of_more_than_five_hundred_characters_is_refused(square: Square):
    for name, send in fields(square):
        if name in ("note", "draft", "changed note", "info", "event", "on hold", "withdrawal"):
            answer = send("å" * 501)
            assert answer.status_code == 422, name
            assert "åååå" not in answer.text


# --- what no reader of bodies expects ------------------------------------------------------------

LINES = ("Kim\r\nBcc: alla@mail.example", "Kim\nKim", "Kim\rKim", "Kim\u2028Kim", "Kim\x0bKim", "Kim\x1b[31m")
ODD = ("Kim\x00", "\x00", "\u200b", "   ", "")


def test_line_breaks_and_control_characters_stand_in_no_name(square: Square):
    for name, send in fields(square):
        if name in ("alias", "self alias", "text version", "self version", "re-routed", "e-mail"):
            for said in LINES:
                assert send(said).status_code == 422, (name, said)


def test_nothing_visible_and_nul_are_refused_everywhere(square: Square):
    for name, send in fields(square):
        for said in ODD:
            if name == "e-mail" and said != "Kim\x00":
                continue
            assert send(said).status_code == 422, (name, said)


def places(square: Square) -> list[tuple[str, str, dict[str, str], dict[str, Any]]]:
    """Every operation that takes a body: method, path, headers, and a body that would do."""
    one, taken = square.made(), square.made("accepted")
    whole, other = referral_to(square.goal), referral_to(square.other_goal)
    nurse, member = one.match(square.nurse.headers), taken.match(square.member.headers)
    moved = {name: other[name] for name in ("listing_id", "consent", "legal_basis")}
    asked = {name: whole[name] for name in ("listing_id", "person")} | {"text_version": "1"}
    contact = {"contact": whole["person"]["contact"], "safe_to_leave_message": True}
    return [
        ("POST", ALL, square.nurse.headers, whole),
        ("PATCH", f"{ALL}/{one.id}", nurse, {"person": whole["person"]}),
        ("POST", f"{ALL}/{one.id}/status", nurse, {"status": "cancelled", "reason": "other", "text": "Nej."}),
        ("POST", f"{ALL}/{one.id}/info", nurse, {"text": "Ja."}),
        ("POST", f"{ALL}/{one.id}/reroute", nurse, moved),
        ("POST", f"{INBOX}/{taken.id}/status", member, {"status": "in-progress", "text": "Ja."}),
        (
            "POST",
            f"{INBOX}/{taken.id}/events",
            member,
            {"kind": "contacted", "text": "Ja.", "on": "2026-01-01"},
        ),
        ("PUT", f"{INBOX}/{taken.id}/capacity", member, {"status": "open", "until": "2030-01-01"}),
        ("POST", f"{INBOX}/redeem", square.member.headers, {"code": "7K3M-9QXA-2B4C-5"}),
        ("POST", "/api/v1/referral-sessions", {}, {"link": "AAAA"}),
        ("POST", MINE, {}, {"code": one.code}),
        ("POST", f"{MINE}-sessions", {}, {"code": one.code}),
        ("POST", f"{MINE}/status", one.match(), {"code": one.code, "status": "cancelled"}),
        ("POST", f"{MINE}/contact", one.match(), {"code": one.code, **contact}),
        ("POST", f"{MINE}/access-log", {}, {"code": one.code}),
        ("POST", "/api/v1/self-referrals", {}, asked),
    ]


def leaves(body: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The places of a body that hold a text."""
    match body:
        case dict():
            for name, value in body.items():
                yield from leaves(value, (*path, name))
        case list():
            for number, value in enumerate(body):
                yield from leaves(value, (*path, number))
        case str():
            yield path


def put(body: Any, path: tuple[Any, ...], value: Any) -> Any:
    """The body with another value at one place."""
    if not path:
        return value
    copy = dict(body) if isinstance(body, dict) else list(body)
    copy[path[0]] = put(copy[path[0]], path[1:], value)
    return copy


SURROGATES = (r'"\ud800"', r'"Kim \udfff"', r'"\udc00\ud800"')


def raw(body: Any, path: tuple[Any, ...], literal: str) -> bytes:
    return json.dumps(put(body, path, "@@")).replace('"@@"', literal).encode()


def test_no_odd_text_anywhere_is_a_fault_of_ours(square: Square):
    for method, path, headers, body in places(square):
        sent = {**headers, "Content-Type": "application/json"}
        for place in leaves(body):
            for literal in (*SURROGATES, r'"\u0000"', r'"a\r\nSet-Cookie: x=1"', "1e999", "[]", "{}", "NaN"):
                with db.engine().begin() as connection:
                    connection.execute(text("TRUNCATE code_attempt"))
                answer = square.client.request(method, path, content=raw(body, place, literal), headers=sent)
                several_lines = place[-1] in ("note", "text") and "Set-Cookie" in literal
                lowest = 200 if several_lines else 400
                assert lowest <= answer.status_code < 500, (method, path, place, literal, answer.text)
                assert "set-cookie" not in answer.headers


def test_bodies_too_large_too_deep_or_no_json_are_refused(square: Square):
    deep = b"[" * 100_000 + b"]" * 100_000
    nested = b'{"person":' * 20_000 + b"1" + b"}" * 20_000
    many = json.dumps({f"field{number}": number for number in range(20_000)}).encode()
    for method, path, headers, body in places(square):
        sent = {**headers, "Content-Type": "application/json"}
        huge = json.dumps(body).encode() + b" " * 10_000_000
        for content, wanted in (
            (huge, {413}),
            (deep, {400, 422}),
            (nested, {400, 422}),
            (many, {422}),
            (b"", {400, 422}),
            (b"\xff\xfe{}", {400, 422}),
            (b'{"code":', {400}),
            (b"null", {422}),
            (b'"text"', {422}),
        ):
            answer = square.client.request(method, path, content=content, headers=sent)
            assert answer.status_code in wanted, (method, path, content[:20], answer.status_code)


def test_odd_headers_and_addresses_are_refused(square: Square):
    made = square.made()
    for value in ("\x7f", "å" * 10, "x" * 201, '"v1", "v1"\t', "*"):
        match = {**square.nurse.headers, "If-Match": value.encode("latin-1")}
        answer = square.client.patch(f"{ALL}/{made.id}", json={"urgency": "odd"}, headers=match)
        assert 400 <= answer.status_code < 500, value
    for key in ("", "x" * 201):
        answer = square.client.post(
            ALL, json=referral_to(square.goal), headers={**square.nurse.headers, "Idempotency-Key": key}
        )
        assert answer.status_code == 422
    for one in ("x", "%00", "..%2f..", "0" * 300, "%F0%9F%92%A9", "-1", "1;DROP", "%0d%0aSet-Cookie:x=1"):
        for path, side in ((ALL, square.nurse), (INBOX, square.member)):
            answer = square.client.get(f"{path}/{one}", headers=side.headers)
            assert 400 <= answer.status_code < 500, one
            assert "set-cookie" not in answer.headers
    for query in ("limit=0", "limit=1e9", "page=-1", "status=%00", "updated_since=9999-99-99", "text=Kim"):
        for path, side in ((ALL, square.nurse), (INBOX, square.member)):
            assert square.client.get(f"{path}?{query}", headers=side.headers).status_code == 422, query


def test_days_that_are_far_away_are_no_fault_of_ours(square: Square):
    made = square.made("accepted")
    for day in ("0001-01-01", "9999-12-31", (TODAY + timedelta(days=1)).isoformat()):
        for kind in ("attended", "booked"):
            answer = square.client.post(
                f"{INBOX}/{made.id}/events",
                json={"kind": kind, "on": day},
                headers={**square.member.headers, "If-Match": ANY_VERSION},
            )
            assert answer.status_code in (200, 422), (day, answer.text)
