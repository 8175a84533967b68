"""A referral and those who are to be told of it."""

from collections.abc import Sequence
from uuid import UUID

import pytest
from referral_rows import Places, make_places, make_referral
from sqlalchemy import select, text, update

from app import db
from app.db import Wall, walled_scope
from app.models import Notification, Organisation, Referral
from app.services import notifications, webhooks
from app.services.webhooks import Owner

WORKER = Wall(role="torg_worker")
ADDRESS = "forening@kvarnen.example"


@pytest.fixture
def places(clean: None) -> Places:
    """Two organisations with an address each."""
    with db.session_scope() as session:
        made = make_places(session)
        session.execute(update(Organisation).values(email=ADDRESS))
    return made


@pytest.fixture
def referral_id(places: Places) -> UUID:
    """A request of the first tenant to the first organisation."""
    return refer(places)


def refer(places: Places, **columns: object) -> UUID:
    with walled_scope(Wall(tenant=places.tenants[0])) as session:
        return make_referral(session, places, **columns)


def hook(owner: Owner, url: str = "http://127.0.0.1:9/", *events: str) -> UUID:
    with db.session_scope() as session:
        return webhooks.register(session, owner, url=url, events=list(events), actor="test")[0].id


def tell(
    referral_id: UUID,
    event: str = "referral.requested",
    to: Sequence[notifications.Receiver] = ("organisation", "requester"),
    *,
    wall: Wall = WORKER,
) -> int:
    with walled_scope(wall) as session:
        return notifications.tell(session, session.get_one(Referral, referral_id), event, to=to)


def change(referral_id: UUID, **columns: object) -> None:
    with walled_scope(WORKER) as session:
        session.execute(update(Referral).where(Referral.id == referral_id).values(**columns))


def rows(model: type) -> list:
    """All there are, as the database's owner sees them."""
    with db.session_scope() as session:
        return list(session.scalars(select(model).order_by(model.id)))


def message() -> Notification:
    (found,) = rows(Notification)
    return found


def time_passes() -> None:
    """Whatever waits is due now."""
    with db.session_scope() as session:
        session.execute(text("UPDATE outbox SET run_after = now()"))
