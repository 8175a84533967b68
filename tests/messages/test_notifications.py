"""Who is told of what: rows of ids, made with the change and lost with it."""

import threading
import time

import pytest
from message_cases import WORKER, hook, refer, rows, tell
from sqlalchemy import func, update

from app import db, worker
from app.db import Wall, walled_scope
from app.models import Notification, Organisation, OutboxJob, Referral
from app.services import notifications, webhooks
from app.services.webhooks import Owner

HOOK = "http://127.0.0.1:9/"


def test_the_organisation_is_told_by_mail_and_by_each_webhook_and_the_requester_by_hers(places, referral_id):
    ours = hook(Owner(organisation_id=places.organisations[0]))
    hook(Owner(organisation_id=places.organisations[1]))
    theirs = hook(Owner(tenant=places.tenants[0]))
    hook(Owner(tenant=places.tenants[1]))
    assert tell(referral_id) == 3
    found = {(row.channel, row.endpoint_id, row.organisation_id) for row in rows(Notification)}
    assert found == {
        ("webhook", ours, places.organisations[0]),
        ("email", None, places.organisations[0]),
        ("webhook", theirs, None),
    }
    assert {job.subject for job in rows(OutboxJob)} == {row.id for row in rows(Notification)}


@pytest.mark.parametrize("party", ["requester", "organisation"])
def test_the_web_service_tells_from_behind_the_wall_of_either_side(places, referral_id, party):
    hook(Owner(tenant=places.tenants[0]))
    walls = {
        "requester": Wall(tenant=places.tenants[0]),
        "organisation": Wall(organisations=frozenset({places.organisations[0]})),
    }
    assert tell(referral_id, wall=walls[party]) == 2


def test_an_endpoint_is_told_of_the_events_it_asked_for(places, referral_id):
    hook(Owner(tenant=places.tenants[0]), HOOK, "referral.expired", "referral.withdrawn")
    assert tell(referral_id, "referral.requested", to=["requester"]) == 0
    assert tell(referral_id, "referral.expired", to=["requester"]) == 1


def test_a_unit_is_told_of_its_own_referrals_and_who_has_no_unit_of_all(places, referral_id):
    tenant = places.tenants[0]  # the referral is of the unit named "unit"
    ours, everywhere = hook(Owner(tenant=tenant, unit="unit")), hook(Owner(tenant=tenant))
    hook(Owner(tenant=tenant, unit="another"))
    hook(Owner(tenant=places.tenants[1], unit="unit"))
    assert tell(referral_id, to=["requester"]) == 2
    assert {row.endpoint_id for row in rows(Notification)} == {ours, everywhere}


def test_a_webhook_that_is_deleted_meanwhile_undoes_no_change_and_is_none_for_it(places):
    owner = Owner(organisation_id=places.organisations[0])
    endpoint, of = hook(owner), refer(places, mode="direct")
    told: list[int] = []
    teller = threading.Thread(target=lambda: told.append(tell(of, to=["organisation"])))
    with db.session_scope() as session:
        webhooks.remove(session, owner, endpoint, actor="test")
        session.flush()
        teller.start()
        time.sleep(0.3)
    teller.join()
    assert told == [1]
    assert [row.channel for row in rows(Notification)] == ["email"]


def test_a_request_of_the_persons_own_has_no_requester_to_tell(places):
    hook(Owner(organisation_id=places.organisations[1]))
    own = {"mode": "self", "requester_tenant": None, "requester_id": None, "requester_unit": None}
    with db.session_scope() as session:
        referral = Referral(organisation_id=places.organisations[0], **own)
        assert notifications.tell(session, referral, "referral.expired", to=["requester"]) == 0


def test_an_organisation_without_an_address_is_not_mailed(places, referral_id):
    with db.session_scope() as session:
        session.execute(update(Organisation).values(email=None))
    assert tell(referral_id, to=["organisation"]) == 0


def test_nobody_is_told_of_a_change_that_was_rolled_back(places, referral_id):
    with walled_scope(WORKER) as session:
        referral = session.get_one(Referral, referral_id)
        assert notifications.tell(session, referral, "referral.expired", to=["organisation"]) == 1
        session.rollback()
    assert rows(Notification) == rows(OutboxJob) == []


def test_an_unknown_event_is_a_mistake_of_ours(places, referral_id):
    with pytest.raises(ValueError, match="no such event"):
        tell(referral_id, "referral.whatever")


def test_without_a_search_engine_the_index_jobs_go_and_the_messages_stay(places, referral_id, settings):
    settings.delenv("MEILI_URL", raising=False)
    db.get_settings.cache_clear()
    tell(referral_id, to=["organisation"])
    with db.session_scope() as session:
        session.add(OutboxJob(kind="index_listing", subject=places.listings[0]))
    assert worker.run_once() == 1
    assert [job.kind for job in rows(OutboxJob)] == ["notify"]


def test_what_was_given_up_is_listed_and_can_be_sent_again(places, referral_id):
    tell(referral_id, to=["organisation"])
    with db.session_scope() as session:
        session.execute(update(Notification).values(given_up_at=func.now(), last_error="smtp-550"))
        session.query(OutboxJob).delete()
    with walled_scope(WORKER) as session:
        (found,) = notifications.undelivered(session, given_up=True)
        assert found.last_error == "smtp-550"
        assert notifications.retry(session) == 1
        assert notifications.undelivered(session, given_up=True) == []
        assert len(notifications.undelivered(session, given_up=False)) == 1
    assert [job.subject for job in rows(OutboxJob)] == [found.id]


def test_what_was_to_be_sent_goes_with_its_webhook(places, referral_id):
    owner = Owner(tenant=places.tenants[0])
    endpoint = hook(owner)
    tell(referral_id, to=["requester"])
    tell(referral_id, to=["organisation"])
    with db.session_scope() as session:
        webhooks.remove(session, owner, endpoint, actor="test")
    assert [row.channel for row in rows(Notification)] == ["email"]
    assert len(rows(OutboxJob)) == 1
