"""A referral in any status, made by the services in few steps, and what the tables hold of it."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from fastapi.testclient import TestClient
from people import Headers
from referral_world import PHONE, Goal, code_referral_to, referral_to
from sqlalchemy import text

from app import db
from app.db import Wall, walled_scope
from app.models import Referral
from app.schemas.referral import ReferralIn
from app.schemas.referral_change import OutcomeIn
from app.schemas.referral_list import SendOptions
from app.services import codes, referral_change, referral_create
from app.services.referral_change import Said
from app.services.referral_rows import By
from app.services.vault import vault

ALL, INBOX, MINE = "/api/v1/referrals", "/api/v1/inbox", "/api/v1/my-referral"
PERSONAL = ("+46701740605", PHONE, "Kim", "bli mött vid dörren")  # what referral_to tells of the person
STATUSES = (
    *("draft", "requested", "accepted", "rejected", "in-progress", "on-hold", "completed", "failed"),
    *("cancelled", "entered-in-error"),
)
ROUTES: dict[str, tuple[str, ...]] = {
    "draft": (),
    "requested": (),
    "accepted": ("accepted",),
    "rejected": ("rejected",),
    "in-progress": ("accepted", "in-progress"),
    "on-hold": ("accepted", "on-hold"),
    "completed": ("accepted", "completed"),
    "failed": ("accepted", "failed"),
    "cancelled": ("cancelled",),
    "entered-in-error": ("entered-in-error",),
}
_REQUESTERS = frozenset({"cancelled", "entered-in-error"})

# Whatever has happened to it: nobody may send `*` for a referral.
ANY_VERSION = ", ".join(f'"v{number}"' for number in range(1, 30))


@dataclass(frozen=True)
class Side:
    """A care provider or an association: as it calls over HTTP, and as the services know it."""

    headers: Headers
    by: By
    goal: Goal | None = None

    @property
    def wall(self) -> Wall:
        return Wall(tenant=self.by.tenant, organisations=self.by.organisations)


@dataclass(frozen=True)
class Square:
    """The API, two care providers, two associations with a listing each."""

    client: TestClient
    nurse: Side
    other_nurse: Side
    member: Side
    other_member: Side

    @property
    def goal(self) -> Goal:
        assert self.member.goal is not None
        return self.member.goal

    @property
    def other_goal(self) -> Goal:
        assert self.other_member.goal is not None
        return self.other_member.goal

    def made(self, status: str = "requested", *, mode: str = "light", **fields: Any) -> "Made":
        """A referral of `nurse` to `member`, brought to this status by the services."""
        return make(self.nurse, self.member, status, mode=mode, **fields)

    def refer(self, body: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
        """A referral of `nurse` to `member`, made over HTTP."""
        answer = self.client.post(
            "/api/v1/referrals",
            json=body or referral_to(self.goal),
            headers=self.nurse.headers,
            **({"params": {"allow_duplicate": True}} | more),
        )
        assert answer.status_code == 201, answer.text
        return answer.json()


@dataclass(frozen=True)
class Made:
    """A referral as it lies in the tables."""

    id: UUID
    code: str
    version: int

    def match(self, headers: Headers | None = None) -> Headers:
        return {**(headers or {}), "If-Match": f'"v{self.version}"'}


def said_for(status: str) -> Said:
    reason = "other" if status in ("rejected", "cancelled", "on-hold", "failed") else None
    return Said(reason, outcome=OutcomeIn(result="connected") if status == "completed" else None)


def body_for(status: str) -> dict[str, Any]:
    """The body of a change to a status, with all that it needs."""
    said = said_for(status)
    body: dict[str, Any] = {"status": status}
    if said.reason:
        body["reason"] = said.reason
    if said.outcome:
        body["outcome"] = {"result": "connected"}
    return body


def make(nurse: Side, member: Side, status: str, *, mode: str = "light", **fields: Any) -> Made:
    assert member.goal is not None
    body = referral_to(member.goal, **fields) if mode != "code" else code_referral_to(member.goal, **fields)
    body["mode"] = mode
    options = SendOptions(draft=status == "draft", allow_duplicate=True)
    with walled_scope(nurse.wall) as session:
        made = referral_create.create(session, ReferralIn.model_validate(body), by=nurse.by, options=options)
        found = made.id
    for step in ROUTES[status]:
        side = nurse if step in _REQUESTERS else member
        with walled_scope(side.wall) as session:
            referral = session.get_one(Referral, found, with_for_update=True)
            referral_change.transition(session, referral, step, by=side.by, said=said_for(step))
    return Made(found, codes.code_of(vault(), found), len(ROUTES[status]) + 1)


def count(table: str, where: str = "true", **values: Any) -> int:
    """Rows of a table, as the database's own administrator sees them: past every wall."""
    with db.engine().connect() as connection:
        return connection.scalar(text(f"SELECT count(*) FROM {table} WHERE {where}"), values) or 0  # noqa: S608


def written(referral_id: UUID) -> dict[str, Any]:
    """Everything that a change of a referral could leave behind, but the access log."""
    query = (
        "SELECT row_to_json(r)::text, (SELECT count(*) FROM referral_event),"
        " (SELECT count(*) FROM outbox), (SELECT count(*) FROM notification),"
        " (SELECT count(*) FROM shred_ledger), (SELECT count(*) FROM referral_secret),"
        " (SELECT string_agg(row_to_json(c)::text, '') FROM referral_consent c WHERE c.referral_id = r.id)"
        " FROM referral r WHERE r.id = :id"
    )
    names = ("row", "events", "outbox", "notifications", "shredded", "secrets", "consent")
    with db.engine().connect() as connection:
        row = connection.execute(text(query), {"id": referral_id}).one()
    return dict(zip(names, row, strict=True))


def events_of(referral_id: UUID) -> list[tuple[int, str, str | None, str | None, str]]:
    with db.engine().connect() as connection:
        return [
            tuple(row)
            for row in connection.execute(
                text(
                    "SELECT number, kind, from_status, to_status, actor FROM referral_event"
                    " WHERE referral_id = :id ORDER BY number"
                ),
                {"id": referral_id},
            )
        ]


def log_of(referral_id: UUID) -> list[tuple[str, str]]:
    """Actor and action of each row of the access log about this referral."""
    with db.engine().connect() as connection:
        return [
            tuple(row)
            for row in connection.execute(
                text("SELECT actor, action FROM access_log WHERE referral_id = :id ORDER BY number"),
                {"id": referral_id},
            )
        ]


def operations(one: UUID, other_goal: Goal) -> list[tuple[str, str, dict[str, Any] | None]]:
    """Every operation on one referral that is requested: method, path, a body that would do."""
    moved = referral_to(other_goal)
    reroute = {name: moved[name] for name in ("listing_id", "consent", "legal_basis")}
    return [
        ("GET", f"{ALL}/{one}", None),
        ("PATCH", f"{ALL}/{one}", {"urgency": "soon"}),
        ("POST", f"{ALL}/{one}/status", body_for("cancelled")),
        ("POST", f"{ALL}/{one}/info", {"text": "Ja."}),
        ("POST", f"{ALL}/{one}/reroute", reroute),
        ("POST", f"{ALL}/{one}/handout", {}),
        ("GET", f"{ALL}/{one}/events", None),
        ("GET", f"{INBOX}/{one}", None),
        ("POST", f"{INBOX}/{one}/status", {"status": "accepted"}),
        ("POST", f"{INBOX}/{one}/events", {"kind": "received"}),
        ("GET", f"{INBOX}/{one}/events", None),
        ("PUT", f"{INBOX}/{one}/capacity", {"status": "open"}),
    ]
