"""The life of a referral as a table: which change, and by whom (HL7 Gravity's ten statuses)."""

from typing import get_args

from app.schemas.referral_terms import Party, Status, SubStatus

STATUSES: tuple[Status, ...] = get_args(Status)
OPEN: frozenset[Status] = frozenset({"requested", "accepted", "in-progress", "on-hold"})
# Statuses an organisation has seen the person's contact in.
ACCEPTED: frozenset[Status] = frozenset({"accepted", "in-progress", "on-hold"})
REASONED: frozenset[Status] = frozenset({"rejected", "cancelled", "on-hold", "failed"})

_ORGANISATION = frozenset[Party]({"organisation"})
_ANY_SIDE = frozenset[Party]({"requester", "organisation", "person"})

ALLOWED: dict[tuple[Status, Status], frozenset[Party]] = {
    ("draft", "requested"): frozenset({"requester"}),
    ("requested", "accepted"): _ORGANISATION,
    ("requested", "rejected"): _ORGANISATION,
    ("requested", "cancelled"): _ANY_SIDE | {"system"},
    ("accepted", "in-progress"): _ORGANISATION,
    ("accepted", "on-hold"): _ORGANISATION,
    ("accepted", "completed"): _ORGANISATION,
    ("accepted", "failed"): _ORGANISATION,
    ("accepted", "cancelled"): _ANY_SIDE,
    ("in-progress", "on-hold"): _ORGANISATION,
    ("in-progress", "completed"): _ORGANISATION,
    ("in-progress", "failed"): _ORGANISATION,
    ("in-progress", "cancelled"): _ANY_SIDE,
    ("on-hold", "in-progress"): _ORGANISATION,
    ("on-hold", "completed"): _ORGANISATION,
    ("on-hold", "failed"): _ORGANISATION,
    ("on-hold", "cancelled"): _ANY_SIDE,
    **{
        (of, "entered-in-error"): frozenset[Party]({"requester"})
        for of in STATUSES
        if of != "entered-in-error"
    },
}

# What may be told of a referral without changing its status: by whom, in which statuses.
EVENTS: dict[SubStatus, tuple[Party, frozenset[Status]]] = {
    "received": ("organisation", frozenset({"requested"})),
    "info-requested": ("organisation", OPEN),
    "info-supplied": ("requester", OPEN),
    "contact-attempted": ("organisation", ACCEPTED),
    "contacted": ("organisation", ACCEPTED),
    "waitlisted": ("organisation", ACCEPTED),
    "booked": ("organisation", ACCEPTED),
    "attended": ("organisation", ACCEPTED),
    "did-not-attend": ("organisation", ACCEPTED),
    "could-not-reach": ("organisation", ACCEPTED),
    "person-declined": ("organisation", ACCEPTED),
}


def next_statuses(status: Status, party: Party) -> list[Status]:
    """Where this party may take a referral from here."""
    return [to for to in STATUSES if party in ALLOWED.get((status, to), ())]


def may_be_told(kind: SubStatus, status: Status, mode: str) -> bool:
    """Whether anybody may tell this now. A question about her own wish only the person could answer."""
    during = EVENTS[kind][1] if kind in EVENTS else frozenset()
    return status in during and not (kind == "info-requested" and mode == "self")


def next_events(status: Status, mode: str, party: Party) -> list[SubStatus]:
    """What this party may tell of a referral in this status."""
    return [kind for kind, (by, _) in EVENTS.items() if by == party and may_be_told(kind, status, mode)]
