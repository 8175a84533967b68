"""The coded words of referrals."""

from typing import Literal

Status = Literal[
    "draft",
    "requested",
    "accepted",
    "rejected",
    "in-progress",
    "on-hold",
    "completed",
    "failed",
    "cancelled",
    "entered-in-error",
]
Party = Literal["requester", "organisation", "person", "system"]
SubStatus = Literal[
    "received",
    "info-requested",
    "info-supplied",
    "contact-attempted",
    "contacted",
    "waitlisted",
    "booked",
    "attended",
    "did-not-attend",
    "could-not-reach",
    "person-declined",
    "rerouted",
    "expired",
]
OutcomeReason = Literal[
    "no_capacity",
    "not_eligible",
    "could_not_reach",
    "person_declined",
    "person_moved",
    "wrong_service",
    "accessibility",
    "cost",
    "transport",
    "language",
    "unsafe",
    "other",
]
# What somebody may say.
GivenReason = Literal[OutcomeReason, "waiting_for_person", "waiting_for_start", "withdrawn"]
# What stands in an answer: the service alone says that nobody answered, or that the case went elsewhere.
Reason = Literal[GivenReason, "expired", "rerouted"]
Outcome = Literal["connected", "partly", "not_connected"]
