"""Many hands, lost answers, retries and a clock that jumps: what a referral promises holds all the same."""

import os
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar
from uuid import UUID, uuid4

import httpx
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)
from referral_steps import ALL, INBOX, MINE, STATUSES, Square, body_for, count
from referral_world import code_referral_to, referral_to
from sqlalchemy import text

from app import db
from app.db import Wall, walled_scope
from app.services import access_verify, referral_due, retention

EXAMPLES = int(os.environ.get("TORG_FUZZ_EXAMPLES", "8"))
REFUSED = {403, 404, 409, 412, 422}
OPEN = {"requested", "accepted", "in-progress", "on-hold"}
EVENTS = (
    *("received", "info-requested", "contact-attempted", "contacted", "waitlisted", "booked", "attended"),
    *("did-not-attend", "could-not-reach", "person-declined"),
)


@dataclass
class Known:
    """What the actors know of a referral: the versions they have seen, and how often they were told yes."""

    id: UUID
    code: str
    yes: int = 1
    seen: list[int] = field(default_factory=lambda: [1])


@dataclass(frozen=True)
class Wish:
    """A change that a party wants."""

    party: str
    method: str
    part: str
    body: dict[str, Any]


def sent(square: Square, wish: Wish, one: Known, version: int) -> httpx.Response:
    """The answer to a wish for the version that was seen."""
    match = {"If-Match": f'"v{version}"'}
    if wish.party == "person":
        return square.client.post(f"{MINE}{wish.part}", json={"code": one.code, **wish.body}, headers=match)
    root, side = (ALL, square.nurse) if wish.party == "requester" else (INBOX, square.member)
    return square.client.request(
        wish.method, f"{root}/{one.id}{wish.part}", json=wish.body, headers={**side.headers, **match}
    )


PERSON = {
    "alias": "Kim",
    "contact": {"channel": "email", "value": "kim@mail.example"},
    "safe_to_leave_message": True,
    "note": "Ny rad.",
}
REACHED = {name: PERSON[name] for name in ("contact", "safe_to_leave_message")}
WISHES = st.one_of(
    st.sampled_from(STATUSES).map(lambda to: Wish("requester", "POST", "/status", body_for(to))),
    st.sampled_from(STATUSES).map(lambda to: Wish("organisation", "POST", "/status", body_for(to))),
    st.sampled_from(EVENTS).map(
        lambda kind: Wish("organisation", "POST", "/events", {"kind": kind, "text": "Så gick det."})
    ),
    st.just(Wish("requester", "POST", "/info", {"text": "Ja, hiss behövs."})),
    st.sampled_from([{"urgency": "soon"}, {"person": PERSON}, {"language": "ar"}]).map(
        lambda body: Wish("requester", "PATCH", "", body)
    ),
    st.just(Wish("person", "POST", "/status", {"status": "cancelled"})),
    st.just(Wish("person", "POST", "/contact", REACHED)),
)


class Referrals(RuleBasedStateMachine):
    """Acknowledged changes are counted here, events there: they must be as many."""

    square: ClassVar[Square]
    referrals = Bundle("referrals")

    def __init__(self) -> None:
        super().__init__()
        self.known: list[Known] = []
        self.ahead = timedelta()

    @initialize(target=referrals)
    def first(self) -> Known:
        return self._make(mode="light", draft=False, times=1)

    @rule(
        target=referrals,
        mode=st.sampled_from(["light", "code", "direct"]),
        draft=st.booleans(),
        times=st.integers(1, 3),
    )
    def made(self, mode: str, draft: bool, times: int) -> Known:
        return self._make(mode=mode, draft=draft, times=times)

    def _make(self, *, mode: str, draft: bool, times: int) -> Known:
        """Asked for once, or again because the answers were lost."""
        body = (
            code_referral_to(self.square.goal) if mode == "code" else referral_to(self.square.goal, mode=mode)
        )
        headers = {**self.square.nurse.headers, "Idempotency-Key": f"m-{uuid4()}"}
        asked = {"draft": draft, "allow_duplicate": True}
        answers = [
            self.square.client.post(ALL, json=body, headers=headers, params=asked) for _ in range(times)
        ]
        assert {answer.status_code for answer in answers} == {201}
        assert len({answer.json()["id"] for answer in answers}) == 1
        one = Known(UUID(answers[0].json()["id"]), answers[0].json()["code"])
        self.known.append(one)
        return one

    @rule(one=referrals, wish=WISHES, back=st.integers(0, 3))
    def changed(self, one: Known, wish: Wish, back: int) -> None:
        """Somebody changes it, with what was seen last or before that."""
        self._heard(one, sent(self.square, wish, one, self._version(one, back)))

    @rule(one=referrals, wish=WISHES)
    def answer_lost(self, one: Known, wish: Wish) -> None:
        """The answer is lost and the change is sent again as it was: heard once at most."""
        version = self._version(one, 0)
        first, again = (sent(self.square, wish, one, version) for _ in range(2))
        self._heard(one, first)
        self._heard(one, again)
        if first.is_success:
            assert again.status_code == 412, again.text
        assert not again.is_success

    @rule(one=referrals, several=st.lists(WISHES, min_size=2, max_size=4))
    def at_once(self, one: Known, several: list[Wish]) -> None:
        """Several act on what all of them saw: one is heard."""
        version, answers = self._version(one, 0), []
        together = threading.Barrier(len(several))

        def go(wish: Wish) -> None:
            together.wait(20)
            answers.append(sent(self.square, wish, one, version))

        threads = [threading.Thread(target=go, args=(wish,)) for wish in several]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert len(answers) == len(several)
        assert sum(answer.is_success for answer in answers) <= 1
        for answer in answers:
            self._heard(one, answer)

    @rule(one=referrals, times=st.integers(1, 2))
    def redeemed(self, one: Known, times: int) -> None:
        heard = 0
        for _ in range(times):
            answer = self.square.client.post(
                f"{INBOX}/redeem", json={"code": one.code}, headers=self.square.member.headers
            )
            self._heard(one, answer)
            heard += answer.is_success
        assert heard <= 1

    @rule(days=st.sampled_from([1, 3, 15, 31, 91]))
    def time_passes(self, days: int) -> None:
        """The worker looks at a clock that has gone on."""
        self.ahead += timedelta(days=days)
        referral_due.run(datetime.now(UTC) + self.ahead)
        retention.run(datetime.now(UTC) + self.ahead)

    def _version(self, one: Known, back: int) -> int:
        with db.engine().connect() as connection:
            one.seen.append(
                connection.scalar(text("SELECT version FROM referral WHERE id = :id"), {"id": one.id})
            )
        return one.seen[max(-len(one.seen), -1 - back)]

    def _heard(self, one: Known, answer: httpx.Response) -> None:
        with db.engine().begin() as connection:
            connection.execute(text("TRUNCATE code_attempt"))
        if answer.is_success:
            one.yes += 1
        else:
            assert answer.status_code in REFUSED, (answer.status_code, answer.text)

    @invariant()
    def every_yes_is_one_event_and_versions_count_them(self) -> None:
        for one in self.known:
            with db.engine().connect() as connection:
                told = connection.execute(
                    text("SELECT number, actor FROM referral_event WHERE referral_id = :id ORDER BY number"),
                    {"id": one.id},
                ).all()
                version = connection.scalar(
                    text("SELECT version FROM referral WHERE id = :id"), {"id": one.id}
                )
            assert [event.number for event in told] == list(range(1, len(told) + 1))
            assert version == len(told)
            assert sum(event.actor != "system" for event in told) == one.yes

    @invariant()
    def whoever_is_open_has_somebody_whose_turn_it_is(self) -> None:
        for one in self.known:
            with db.engine().connect() as connection:
                row = connection.execute(
                    text("SELECT status, next_action_by, next_action_at FROM referral WHERE id = :id"),
                    {"id": one.id},
                ).one()
            owned = row.next_action_by is not None and row.next_action_at is not None
            assert owned == (row.status in OPEN)

    @invariant()
    def nothing_of_the_shredded_can_be_read(self) -> None:
        for one in self.known:
            with db.engine().connect() as connection:
                if not connection.scalar(
                    text("SELECT shredded_at IS NOT NULL FROM referral WHERE id = :id"), {"id": one.id}
                ):
                    continue
            assert count("referral_key", "referral_id = :id", id=one.id) == 0
            assert count("referral_secret", "referral_id = :id", id=one.id) == 0
            assert count("shred_ledger", "referral_id = :id", id=one.id) == 1
            for path, side in ((ALL, self.square.nurse), (INBOX, self.square.member)):
                seen = self.square.client.get(f"{path}/{one.id}", headers=side.headers)
                if seen.status_code == 404:  # a draft is not the organisation's
                    continue
                assert seen.json()["person"] is None
                told = self.square.client.get(f"{path}/{one.id}/events", headers=side.headers).json()["items"]
                assert {event["text"] for event in told} == {None}
            mine = self.square.client.post(MINE, json={"code": one.code})
            assert mine.json()["contact"] is None

    def teardown(self) -> None:
        with walled_scope(Wall(role="torg_worker"), snapshot=True) as session:
            assert access_verify.verify(session).faults == []


def test_whatever_happens_a_referral_keeps_its_promises(square: Square):
    Referrals.square = square
    run_state_machine_as_test(
        Referrals,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=30,
            deadline=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        ),
    )
