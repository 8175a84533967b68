"""Registering listings and keeping them current, over HTTP."""

import io
import json
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from app.models import AuditRow, OutboxJob, SearchDocument, Venue
from app.services.exchange import run_export
from search.features import unpack

LISTING = {
    "external_id": "sprakcafe",
    "kind": "activity",
    "texts": {"sv": {"title": "Språkcafé på söndagar", "summary": "Prata svenska över en kopp kaffe."}},
    "categories": ["language-cafe"],
    "venues": [
        {
            "name": "Farsta bibliotek",
            "street": "Farstaplan 23",
            "municipality_code": "0180",
            "lat": 59.2437,
            "lon": 18.0916,
            "visibility": "public",
        }
    ],
    "schedule": [{"freq": "weekly", "days": ["su"], "from": "17:00", "to": "19:00"}],
}


def _path(organisation, rest=""):
    return f"/api/v1/organisations/{organisation.id}/listings{rest}"


@pytest.fixture
def published(client, organisation):
    made = client.post(_path(organisation, "?publish=true"), json=LISTING, headers=organisation.headers)
    assert made.status_code == 201, made.text
    return made.json()


def test_what_was_registered_is_what_is_given_back(client, organisation, published):
    told = dict(published["listing"])
    assert told.pop("type") == "listing"
    assert told.pop("organisation") == organisation.external_id
    assert told == LISTING


def test_a_draft_may_be_incomplete_and_publishing_tells_all_problems_at_once(client, organisation):
    made = client.post(_path(organisation), json={"kind": "activity"}, headers=organisation.headers)
    assert made.status_code == 201
    assert made.json()["status"] == "draft"
    refused = client.post(_path(organisation, f"/{made.json()['id']}/publish"), headers=organisation.headers)
    assert refused.status_code == 422
    assert {e["pointer"] for e in refused.json()["errors"]} == {"/texts", "/categories", "/venues"}
    shown = {told["pointer"]: told for told in made.json()["problems"]}
    assert shown.keys() == {"/texts", "/categories", "/venues"}
    assert shown["/categories"]["sv"] == "Minst en kategori behövs."
    assert shown["/categories"]["en"] == "At least one category is needed."


def test_a_step_that_cannot_be_taken_is_told_in_the_readers_language(client, organisation):
    made = client.post(_path(organisation), json={"kind": "activity"}, headers=organisation.headers)
    pause = _path(organisation, f"/{made.json()['id']}/pause")
    swedish = client.post(pause, headers=organisation.headers)
    assert swedish.json()["detail"] == "Utbudet är draft och kan inte bli paused."
    english = client.post(pause, headers={**organisation.headers, "Accept-Language": "en"})
    assert english.json()["detail"] == "A listing that is draft cannot become paused."


def test_a_draft_is_not_public_and_an_archived_listing_is_gone(client, organisation, published):
    draft = client.post(_path(organisation), json={"kind": "activity"}, headers=organisation.headers).json()
    assert client.get(f"/api/v1/listings/{draft['id']}").status_code == 404
    public = f"/api/v1/listings/{published['id']}"
    assert client.get(public).status_code == 200
    archived = client.post(_path(organisation, f"/{published['id']}/archive"), headers=organisation.headers)
    assert archived.json()["status"] == "archived"
    assert client.get(public).status_code == 410


def test_a_step_that_the_status_does_not_allow_is_a_conflict(client, organisation, published):
    again = client.post(_path(organisation, f"/{published['id']}/publish"), headers=organisation.headers)
    assert again.status_code == 409


def test_putting_by_external_id_creates_then_replaces(client, organisation):
    path = _path(organisation, "/by-external-id/fika")
    made = client.put(path, json={"kind": "activity"}, headers=organisation.headers)
    assert made.status_code == 201
    assert made.json()["listing"]["external_id"] == "fika"
    assert client.put(path, json={"kind": "activity"}, headers=organisation.headers).status_code == 428
    replaced = client.put(
        path,
        json={"kind": "activity", "categories": ["coffee-meetup"]},
        headers=organisation.headers | {"If-Match": made.headers["etag"]},
    )
    assert replaced.status_code == 200
    assert replaced.json()["id"] == made.json()["id"]


def test_changing_replaces_the_named_fields_and_keeps_the_rest(client, organisation, published):
    changed = client.patch(
        _path(organisation, f"/{published['id']}"),
        json={"kind": "activity", "cost": {"kind": "free"}},
        headers=organisation.headers | {"If-Match": "*"},
    )
    assert changed.status_code == 200
    assert changed.json()["listing"]["cost"] == {"kind": "free"}
    assert changed.json()["listing"]["schedule"] == LISTING["schedule"]


def test_a_published_listing_cannot_be_replaced_by_one_that_may_not_be_published(
    client, organisation, published
):
    answer = client.put(
        _path(organisation, f"/{published['id']}"),
        json={"kind": "activity"},
        headers=organisation.headers | {"If-Match": "*"},
    )
    assert answer.status_code == 422
    assert client.get(f"/api/v1/listings/{published['id']}").status_code == 200


@pytest.mark.parametrize(
    ("said", "shown"),
    [({"days_ago": 30}, True), ({"days_ago": 31}, False), ({"days_ago": 31, "until": 1}, True)],
)
def test_a_word_about_places_is_forgotten_after_thirty_days_or_when_it_ends(
    client, organisation, published, said, shown
):
    today = datetime.now(ZoneInfo("Europe/Stockholm")).date()
    capacity = {"status": "full", "as_of": str(today - timedelta(days=said["days_ago"]))}
    if "until" in said:
        capacity["until"] = str(today + timedelta(days=said["until"]))
    path = _path(organisation, f"/{published['id']}")
    match = {"If-Match": f'"v{published["version"]}"'}
    changed = client.patch(
        path, json={"kind": "activity", "capacity": capacity}, headers={**organisation.headers, **match}
    )
    assert changed.json()["listing"]["capacity"] == capacity
    public = client.get(f"/api/v1/listings/{published['id']}").json()
    assert ("capacity" in public["listing"]) is shown


@pytest.mark.parametrize(("until", "ranked_as"), [(-1, None), (0, "full"), (1, "full")])
def test_ranking_believes_full_until_the_day_that_was_named(
    client, organisation, published, session, until, ranked_as
):
    today = datetime.now(ZoneInfo("Europe/Stockholm")).date()
    long_ago, last = str(today - timedelta(days=200)), str(today + timedelta(days=until))
    client.patch(
        _path(organisation, f"/{published['id']}"),
        json={"kind": "activity", "capacity": {"status": "full", "as_of": long_ago, "until": last}},
        headers={**organisation.headers, "If-Match": f'"v{published["version"]}"'},
    )
    known = unpack(session.scalars(select(SearchDocument)).one().body["features"])
    assert (known.capacity, known.capacity_day) == (ranked_as, None)


def test_confirming_takes_one_call(client, organisation, published):
    answer = client.post(_path(organisation, f"/{published['id']}/confirm"), headers=organisation.headers)
    assert answer.status_code == 200
    assert answer.json()["freshness"] == "fresh"
    assert answer.json()["listing"]["confirmed_on"]


def test_another_organisations_listing_is_not_found(client, other_organisation, published, organisation):
    for owner in (other_organisation, organisation):
        path = _path(owner, f"/{published['id']}")
        assert client.get(path, headers=other_organisation.headers).status_code == 404


def test_own_listings_are_filtered_and_paged(client, organisation, published):
    client.post(_path(organisation), json={"kind": "meeting_place"}, headers=organisation.headers)
    drafts = client.get(_path(organisation, "?status=draft"), headers=organisation.headers).json()
    assert [item["status"] for item in drafts["items"]] == ["draft"]
    page = client.get(_path(organisation, "?limit=1&page=2"), headers=organisation.headers).json()
    assert (page["total"], len(page["items"])) == (2, 1)
    titled = client.get(_path(organisation, "?q=språk"), headers=organisation.headers).json()
    assert [item["id"] for item in titled["items"]] == [published["id"]]


def test_wrong_values_are_named_by_pointer_and_never_echoed(client, organisation):
    body = LISTING | {
        "age": {"min": 70, "max": 7},
        "categories": ["no-such-thing"],
        "venues": [{"lat": 123.5, "lon": 18.0}],
    }
    answer = client.post(_path(organisation), json=body, headers=organisation.headers)
    assert answer.status_code == 422
    pointers = {e["pointer"] for e in answer.json()["errors"]}
    assert {"/age", "/venues/0/lat"} <= pointers
    assert "123.5" not in answer.text
    unknown = client.post(
        _path(organisation), json=LISTING | {"categories": ["no-such-thing"]}, headers=organisation.headers
    )
    assert [e["pointer"] for e in unknown.json()["errors"]] == ["/categories/0"]
    assert "no-such-thing" not in unknown.text


def test_scores_come_with_advice_and_reasons(published):
    assert "/venues/0/facts/step_free_entrance" in {a["pointer"] for a in published["completeness"]["advice"]}
    assert 0 < published["completeness"]["score"] < 100
    assert "every_week" in {r["code"] for r in published["threshold"]["reasons"]}


@pytest.mark.parametrize(("visibility", "district"), [("hidden", None), ("district", "Farsta")])
def test_a_protected_address_is_in_no_public_answer(client, organisation, visibility, district, session):
    venue = LISTING["venues"][0] | {
        "visibility": visibility,
        "district": "Farsta",
        "directions": "Gula porten bakom skolan",
    }
    made = client.post(
        _path(organisation, "?publish=true"), json=LISTING | {"venues": [venue]}, headers=organisation.headers
    ).json()
    public = client.get(f"/api/v1/listings/{made['id']}")
    for secret in ("Farstaplan", "59.2437", "18.0916", "Gula porten", "Farsta bibliotek"):
        assert secret not in public.text
    shown = public.json()["listing"]["venues"][0]
    assert shown["municipality_code"] == "0180"
    assert shown.get("district") == district


def test_a_contact_that_is_a_protected_address_is_in_no_public_answer(client, organisation):
    body = LISTING | {
        "venues": [LISTING["venues"][0] | {"visibility": "hidden"}],
        "contacts": [
            {"channel": "visit", "value": "Farstaplan 23, port B"},
            {"channel": "post", "value": "Farstaplan 23, 123 47 Farsta"},
            {"channel": "phone", "value": "08-465 004 12"},
        ],
    }
    made = client.post(_path(organisation, "?publish=true"), json=body, headers=organisation.headers).json()
    public = client.get(f"/api/v1/listings/{made['id']}")
    exported = io.BytesIO()
    run_export(exported)
    assert "Farstaplan" not in public.text
    assert "Farstaplan" not in exported.getvalue().decode()
    assert [c["channel"] for c in public.json()["listing"]["contacts"]] == ["phone"]


def test_a_text_that_tells_a_protected_address_is_not_published(client, organisation):
    body = json.loads(json.dumps(LISTING))
    body["venues"][0]["visibility"] = "hidden"
    body["texts"]["sv"]["summary"] = "Vi finns på Farstaplan 23."
    answer = client.post(_path(organisation, "?publish=true"), json=body, headers=organisation.headers)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["code"] == "address_revealed"
    assert "Farstaplan" not in answer.text


SECRET = "Vi finns på farstaplan  23, ring på."
ANOTHER = {"name": "Torget", "municipality_code": "0180", "visibility": "public"}


@pytest.mark.parametrize(
    ("part", "pointer"),
    [
        ({"texts": {**LISTING["texts"], "en": {"description": SECRET}}}, "/texts/en/description"),
        ({"schedule": [{"freq": "weekly", "days": ["su"], "note": SECRET}]}, "/schedule/0/note"),
        ({"cost": {"kind": "paid", "note": SECRET}}, "/cost/note"),
        ({"capacity": {"status": "full", "note": SECRET}}, "/capacity/note"),
        ({"source": {"name": SECRET}}, "/source/name"),
        ({"contacts": [{"channel": "chat", "value": SECRET}]}, "/contacts/0/value"),
        (
            {
                "contacts": [
                    {"channel": "visit", "value": SECRET},  # itself not told beside a protected venue
                    {"channel": "phone", "value": "08-465 004 12", "label": SECRET},
                ]
            },
            "/contacts/1/label",
        ),
        (
            {
                "contacts": [
                    {
                        "channel": "sms",
                        "value": "08-465 004 12",
                        "hours": [{"freq": "always", "note": SECRET}],
                    }
                ]
            },
            "/contacts/0/hours/0/note",
        ),
        ({"venues": [LISTING["venues"][0], ANOTHER | {"directions": SECRET}]}, "/venues/1/directions"),
    ],
)
@pytest.mark.parametrize("visibility", ["hidden", "district"])
def test_no_told_part_may_tell_a_protected_address(client, organisation, part, pointer, visibility):
    body = json.loads(json.dumps(LISTING | part))
    body["venues"][0]["visibility"] = visibility
    answer = client.post(_path(organisation, "?publish=true"), json=body, headers=organisation.headers)
    assert answer.status_code == 422
    assert [(e["pointer"], e["code"]) for e in answer.json()["errors"]] == [(pointer, "address_revealed")]
    assert "arstaplan" not in answer.text


def test_an_activity_may_be_called_after_its_protected_room(client, organisation):
    body = json.loads(json.dumps(LISTING))
    body["venues"][0] |= {"visibility": "hidden", "name": "Kvinnorummet", "directions": SECRET}
    body["texts"]["sv"]["title"] = "Kvinnorummet"
    answer = client.post(_path(organisation, "?publish=true"), json=body, headers=organisation.headers)
    assert answer.status_code == 201


@pytest.mark.parametrize(
    "rule",
    [
        {"freq": "always", "from": "08:00", "to": "16:00"},
        {"freq": "always", "to": "16:00"},
        {"freq": "always", "from": "08:00"},
    ],
)
def test_round_the_clock_has_no_hours(client, organisation, rule):
    answer = client.post(
        _path(organisation), json=LISTING | {"schedule": [rule]}, headers=organisation.headers
    )
    assert answer.status_code == 422
    assert [e["pointer"] for e in answer.json()["errors"]] == [
        f"/schedule/0/{name}" for name in rule if name != "freq"
    ]


def test_the_same_venue_is_one_row_and_a_left_protected_one_is_forgotten(client, organisation, session):
    first = client.post(_path(organisation), json=LISTING, headers=organisation.headers).json()
    client.post(_path(organisation), json=LISTING | {"external_id": "b"}, headers=organisation.headers)
    assert len(session.scalars(select(Venue.id)).all()) == 1
    hidden = LISTING["venues"][0] | {"visibility": "hidden", "name": "Kvinnohuset"}
    headers = organisation.headers | {"If-Match": "*"}
    client.patch(
        _path(organisation, f"/{first['id']}"), json={"kind": "activity", "venues": [hidden]}, headers=headers
    )
    client.patch(
        _path(organisation, f"/{first['id']}"),
        json={"kind": "activity", "venues": LISTING["venues"]},
        headers=headers,
    )
    session.rollback()
    assert session.scalars(select(Venue.name)).all() == ["Farsta bibliotek"]


def test_a_venue_is_found_before_it_is_made_again(client, organisation, other_organisation, published):
    path = f"/api/v1/organisations/{other_organisation.id}/venues"
    near = client.get(path + "?name=bibl&lat=59.245&lon=18.09", headers=other_organisation.headers).json()
    assert [item["venue"]["name"] for item in near["items"]] == ["Farsta bibliotek"]
    far = client.get(path + "?name=bibl&lat=57.7&lon=11.97", headers=other_organisation.headers).json()
    assert far["items"] == []


def test_a_write_leaves_a_job_and_an_audit_row(client, organisation, published, session):
    assert session.scalars(select(OutboxJob.subject)).all()
    row = session.scalar(select(AuditRow).where(AuditRow.subject_kind == "listing"))
    assert row.action == "created"
    assert row.actor.startswith("key:")
    assert "texts" in row.fields["changed"]


def test_occurrences_are_told_in_utc(client, published):
    answer = client.get(
        f"/api/v1/listings/{published['id']}/occurrences?from_date=2026-11-22&to_date=2026-11-29"
    ).json()
    assert [item["start"] for item in answer["items"]] == ["2026-11-22T16:00:00Z", "2026-11-29T16:00:00Z"]
    backwards = client.get(
        f"/api/v1/listings/{published['id']}/occurrences?from_date=2026-11-22&to_date=2026-11-01"
    )
    assert backwards.status_code == 422


def test_reads_have_validators_and_answer_304(client, published):
    path = f"/api/v1/listings/{published['id']}"
    first = client.get(path)
    again = client.get(path, headers={"If-None-Match": first.headers["etag"]})
    assert first.headers["etag"].startswith("W/")
    assert again.status_code == 304
    assert again.content == b""


def test_replaying_a_registration_makes_one_listing(client, organisation):
    headers = organisation.headers | {"Idempotency-Key": "k1"}
    first = client.post(_path(organisation), json=LISTING, headers=headers)
    again = client.post(_path(organisation), json=LISTING, headers=headers)
    assert first.json() == again.json()
    assert client.get(_path(organisation), headers=organisation.headers).json()["total"] == 1
