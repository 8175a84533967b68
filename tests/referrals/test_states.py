"""Ten statuses, ten wishes, four parties: every one of the four hundred changes is judged as it should be."""

from collections.abc import Callable
from typing import Any

import pytest
from referral_steps import STATUSES, Made, Square, body_for, events_of, log_of, said_for, written

from app.db import Wall, walled_scope
from app.errors import AppError
from app.models import Referral
from app.services import referral_change
from app.services.referral_rows import By

# Written out here once more: the specification, not what the service makes of it.
ANY_SIDE = {"requester", "organisation", "person"}
LEGAL: dict[tuple[str, str], set[str]] = {
    ("draft", "requested"): {"requester"},
    ("requested", "accepted"): {"organisation"},
    ("requested", "rejected"): {"organisation"},
    ("requested", "cancelled"): ANY_SIDE | {"system"},
    ("accepted", "in-progress"): {"organisation"},
    ("accepted", "on-hold"): {"organisation"},
    ("accepted", "completed"): {"organisation"},
    ("accepted", "failed"): {"organisation"},
    ("accepted", "cancelled"): ANY_SIDE,
    ("in-progress", "on-hold"): {"organisation"},
    ("in-progress", "completed"): {"organisation"},
    ("in-progress", "failed"): {"organisation"},
    ("in-progress", "cancelled"): ANY_SIDE,
    ("on-hold", "in-progress"): {"organisation"},
    ("on-hold", "completed"): {"organisation"},
    ("on-hold", "failed"): {"organisation"},
    ("on-hold", "cancelled"): ANY_SIDE,
    **{(one, "entered-in-error"): {"requester"} for one in STATUSES if one != "entered-in-error"},
}
Answer = tuple[int, dict[str, Any]]
Asking = Callable[[Square, Made, str], Answer]


def by_requester(square: Square, made: Made, to: str) -> Answer:
    path, headers = f"/api/v1/referrals/{made.id}/status", made.match(square.nurse.headers)
    again = {"allow_duplicate": True}  # the drafts tell of the same person
    answer = square.client.post(path, json=body_for(to), headers=headers, params=again)
    return answer.status_code, answer.json()


def by_organisation(square: Square, made: Made, to: str) -> Answer:
    path, headers = f"/api/v1/inbox/{made.id}/status", made.match(square.member.headers)
    answer = square.client.post(path, json=body_for(to), headers=headers)
    return answer.status_code, answer.json()


def by_person(square: Square, made: Made, to: str) -> Answer:
    body = {"code": made.code, "status": to}
    answer = square.client.post("/api/v1/my-referral/status", json=body, headers=made.match())
    return answer.status_code, answer.json()


def by_system(_square: Square, made: Made, to: str) -> Answer:
    try:
        with walled_scope(Wall(role="torg_worker")) as session:
            referral = session.get_one(Referral, made.id, with_for_update=True)
            referral_change.transition(session, referral, to, by=By("system"), said=said_for(to))
    except AppError as refusal:
        return refusal.status, refusal.more
    return 200, {"status": to}


ACTORS: dict[str, Asking] = {
    "requester": by_requester,
    "organisation": by_organisation,
    "person": by_person,
    "system": by_system,
}


@pytest.fixture(scope="module")
def standing(square: Square) -> dict[str, Made]:
    """One referral in each status, for all refused changes: they leave it as it is."""
    return {status: square.made(status) for status in STATUSES}


@pytest.mark.parametrize("to", STATUSES)
@pytest.mark.parametrize("of", STATUSES)
@pytest.mark.parametrize("actor", ACTORS)
def test_each_change_is_allowed_to_those_who_may_and_leaves_nothing_otherwise(
    square: Square, standing: dict[str, Made], actor: str, of: str, to: str
):
    may = LEGAL.get((of, to))
    made = square.made(of) if may and actor in may else standing[of]
    before, log = written(made.id), log_of(made.id)
    status, answer = ACTORS[actor](square, made, to)
    if may and actor in may:
        assert (status, answer["status"]) == (200, to), answer
        told = events_of(made.id)
        assert told[made.version :] == [(made.version + 1, "status", of, to, actor)]
        assert len(told) == made.version + 1
        assert (actor, f"status:{to}") in log_of(made.id)[len(log) :]
        return
    if (actor, of) == ("organisation", "draft"):
        assert status == 404  # it does not know that there is a draft
    elif may:
        assert status == 403
    else:
        assert status == 409
        assert answer["allowed"] == [one for one in STATUSES if actor in LEGAL.get((of, one), ())]
    assert written(made.id) == before
    assert [deed for _, deed in log_of(made.id)[len(log) :]] in ([], ["refused"])


def test_twenty_six_changes_are_legal_and_seventy_four_are_not():
    assert len(LEGAL) == 26
    assert len(STATUSES) ** 2 - len(LEGAL) == 74
