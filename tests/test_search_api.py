"""Search over HTTP on the demo data, with Meilisearch and without: both must obey every filter."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from app import db
from app.config import get_settings
from app.main import create_app
from app.schemas.search import SearchAnswer, Suggestions
from app.services import exchange, index_sync
from search.client import IndexClient

DEMO = Path(__file__).parent.parent / "app" / "data" / "demo"
AS_OF = "2026-11-25T14:00:00+01:00"
FARSTA = "59.2437,18.0916"
SEARCH = "/api/v1/search"
pytestmark = pytest.mark.usefixtures("square")


@pytest.fixture(scope="module")
def square(schema: None, meili) -> Iterator[IndexClient]:
    """The demo data, imported and indexed once."""
    with db.engine().begin() as connection:
        connection.execute(text("TRUNCATE organisation, venue, outbox CASCADE"))
    with db.session_scope() as session:
        for name in ("listings.jsonl", "support_lines.jsonl"):
            exchange.run_import(DEMO / name, source=Path(name).stem, session=session)
    with IndexClient(meili.url, meili.key) as client:
        index_sync.rebuild(db.session_scope, client, prefix())
        yield client
        for uid in client.uids():
            if uid.startswith(prefix()):
                client.drop(uid)


def prefix() -> str:
    return get_settings().index_prefix


@pytest.fixture(scope="module")
def api(square) -> Iterator[TestClient]:
    with TestClient(create_app()) as client:
        yield client


@pytest.fixture
def away(api: TestClient) -> Iterator[TestClient]:
    """The API while Meilisearch does not answer."""
    desk = api.app.state.search
    kept, desk.client = desk.client, None
    yield api
    desk.client = kept


def ask(api: TestClient, **wishes) -> dict:
    response = api.get(SEARCH, params={"as_of": AS_OF, **wishes})
    assert response.status_code == 200, response.text
    SearchAnswer.model_validate_json(response.content)
    return response.json()


def every_id(api: TestClient, **wishes) -> list[str]:
    """Every listing that fulfils the wishes; what is shown when none does is not counted."""
    first = ask(api, limit=100, **wishes)
    if first["total"] == 0:
        assert {item["matched"] for item in first["items"]} <= {"related"}
        return []
    found = [item["id"] for item in first["items"]]
    for page in range(2, -(-first["total"] // 100) + 1):
        found += [item["id"] for item in ask(api, limit=100, page=page, **wishes)["items"]]
    assert len(found) == len(set(found)) == first["total"]
    return found


FILTERS = [
    {},
    {"kind": "support_line"},
    {"kind": ["activity", "meeting_place"]},
    {"category": "social"},
    {"category": ["movement", "music"]},
    {"audience": "women"},
    {"language": "ar"},
    {"municipality": "0180"},
    {"county": "12"},
    {"place": "Farsta"},
    {"place": "Malmö"},
    {"near": FARSTA},
    {"near": FARSTA, "radius_km": 30},
    {"bbox": "17.5,59.0,18.5,59.6"},
    {"age": 15},
    {"age": 15, "include_unknown": True},
    {"age_min": 60, "age_max": 70},
    {"free": True},
    {"free": False},
    {"max_sek": 50},
    {"max_sek": 50, "include_unknown": True},
    {"attendance": "online"},
    {"fact": "wheelchair_accessible"},
    {"fact": ["drop_in", "wheelchair_accessible"]},
    {"fact": "wheelchair_accessible", "include_unknown": True},
    {"fact_or_unknown": "wheelchair_accessible"},
    {"loneliness": "existential"},
    {"open_at": "2026-11-29T18:10"},
    {"open_at": "2026-12-25T12:00"},
    {"open_at": "2026-12-25T12:00", "include_unknown": True},
    {"open_now": True},
    {"weekday": "su"},
    {"part_of_day": "evening"},
    {"weekday": "su", "part_of_day": "evening"},
    {"from_date": "2026-12-01", "to_date": "2026-12-03"},
    {"from_date": "2026-12-01", "to_date": "2026-12-20", "weekday": "sa", "part_of_day": "afternoon"},
    {"to_date": "2026-11-26"},
    {"max_staleness_days": 30},
    {"near": FARSTA, "free": True, "language": "ar", "fact": "wheelchair_accessible"},
]


@pytest.mark.parametrize("wishes", FILTERS, ids=str)
def test_the_same_listings_are_found_with_and_without_meilisearch(api, wishes):
    found = every_id(api, **wishes)
    desk = api.app.state.search
    kept, desk.client = desk.client, None
    try:
        answer = ask(api, **wishes)
        assert answer["degraded"] is True
        assert sorted(every_id(api, **wishes)) == sorted(found)
    finally:
        desk.client = kept
    if wishes not in ({"county": "12"}, {"near": FARSTA, "free": True, "language": "ar"}):
        assert found or "near" in wishes or "place" in wishes, "a filter that finds nothing proves nothing"


@pytest.mark.parametrize("sort", ["threshold", "title"])
def test_the_order_is_the_same_with_and_without_meilisearch(api, sort):
    key = {"threshold": lambda i: i["threshold"]["score"], "title": lambda i: i["text"]["title"]}[sort]
    usual = [key(item) for item in ask(api, sort=sort, limit=50)["items"]]
    desk = api.app.state.search
    kept, desk.client = desk.client, None
    try:
        assert [key(item) for item in ask(api, sort=sort, limit=50)["items"]] == usual
    finally:
        desk.client = kept


def test_facets_are_counted_the_same_with_and_without_meilisearch(api):
    wishes = {"facets": ["kind", "category", "municipality", "fact", "free"], "kind": "activity"}
    usual = ask(api, **wishes)["facets"]
    desk = api.app.state.search
    kept, desk.client = desk.client, None
    try:
        assert ask(api, **wishes)["facets"] == usual
    finally:
        desk.client = kept
    assert {entry["value"] for entry in usual["kind"]} == {"activity", "meeting_place", "support_line"}


def test_a_word_is_found_in_another_form_and_without_accents(api):
    for words in ("språkcaféer", "sprakcafe", "språk café"):
        titles = [item["text"]["title"].lower() for item in ask(api, q=words)["items"]]
        assert sum("språkcafé" in title for title in titles) >= 5, words


def test_a_word_is_found_without_meilisearch(away):
    answer = ask(away, q="språkcaféer")
    assert answer["degraded"] is True
    assert any("språkcafé" in item["text"]["title"].lower() for item in answer["items"])


def test_a_language_cafe_is_found_near_farsta(api):
    answer = ask(api, q="språkcafé", place="Farsta", radius_km=20)
    assert "bro-sprakcafe-hallunda" in {item["external_id"] for item in answer["items"]}
    assert all(item["distance_m"] is None or item["distance_m"] <= 20_000 for item in answer["items"])


def test_matching_words_are_marked_and_the_pieces_give_the_text_back(api):
    item = next(i for i in ask(api, q="språkcafé")["items"] if "title" in i["highlights"])
    pieces = item["highlights"]["title"]
    assert "".join(piece["text"] for piece in pieces) == item["text"]["title"]
    assert any(piece["match"] for piece in pieces)


def test_the_nearest_come_first(api):
    distances = [
        item["distance_m"]
        for item in ask(api, near=FARSTA, radius_km=50, sort="distance", limit=50)["items"]
        if item["distance_m"] is not None
    ]
    assert len(distances) > 5
    assert distances == sorted(distances)


def test_what_is_found_open_says_that_it_is_open(api):
    moment = datetime(2026, 11, 29, 18, 10, tzinfo=ZoneInfo("Europe/Stockholm"))
    items = ask(api, as_of=moment.isoformat(), open_now=True, limit=100)["items"]
    assert items
    assert {item["open_state"]["state"] for item in items} == {"open"}


def test_every_listing_that_says_it_is_open_is_found_open(api):
    moment = datetime(2026, 12, 3, 15, 0, tzinfo=ZoneInfo("Europe/Stockholm")) + timedelta(minutes=5)
    as_of = {"as_of": moment.isoformat()}
    shown: set[str] = set()
    for page in range(1, 8):
        items = ask(api, limit=100, page=page, **as_of)["items"]
        shown |= {i["id"] for i in items if i["open_state"] and i["open_state"]["state"] == "open"}
    assert shown == set(every_id(api, open_now=True, **as_of))


def test_a_fact_asked_for_is_never_unknown_or_false(api):
    items = ask(api, fact="wheelchair_accessible", limit=100)["items"]
    assert all(item["facts"]["wheelchair_accessible"] is True for item in items)


def test_secret_places_are_nowhere_in_an_answer_or_a_document(api, square):
    for venue in ("district", "hidden"):
        with db.session_scope() as session:
            rows = session.execute(
                text("SELECT street, lat, name FROM venue WHERE visibility = :v"), {"v": venue}
            ).all()
            bodies = " ".join(
                session.scalars(
                    text(
                        "SELECT body::text FROM search_document"
                        " WHERE (body ->> 'card')::jsonb #>> '{venue,visibility}' = :v"
                    ),
                    {"v": venue},
                )
            )
        assert rows
        assert bodies
        for street, lat, _name in rows:
            assert street is None or street not in bodies
            assert lat is None or str(lat) not in bodies


def test_the_text_comes_in_the_language_asked_for(api):
    items = ask(api, lang="en", limit=100)["items"]
    languages = {item["text"]["language"] for item in items}
    assert "en" in languages
    for item in items:
        assert (item["text"]["fallback_from"] == "en") == (item["text"]["language"] != "en")


def test_a_body_asks_the_same_as_a_query_string(api):
    wishes = {"q": "fika", "kind": ["activity"], "free": True, "facets": ["category"], "as_of": AS_OF}
    assert api.post(SEARCH, json=wishes).json() == api.get(SEARCH, params=wishes).json()


@pytest.mark.parametrize(
    ("wishes", "field"),
    [
        ({"sort": "distance"}, "sort"),
        ({"from_date": "2026-12-02", "to_date": "2026-12-01"}, "to_date"),
        ({"bbox": "18,60,19,59"}, "bbox"),
        ({"near": "95,18"}, "near"),
        ({"near": "north"}, "near"),
        ({"radius_km": 5}, "radius_km"),
        ({"place": "Ingenstansby"}, "place"),
        ({"category": "no-such-category"}, "category"),
        ({"q": "x" * 2001}, "q"),
        ({"limit": 101}, "limit"),
        ({"page": 0}, "page"),
        ({"colour": "red"}, "colour"),
        ({"open_at": "yesterday"}, "open_at"),
        ({"fact": "x' OR 1=1"}, "fact"),
    ],
)
def test_wishes_that_make_no_sense_are_refused_by_name(api, wishes, field):
    answers = [
        api.get(SEARCH, params=wishes),
        api.post(SEARCH, json={k: [v] if k in {"category", "fact"} else v for k, v in wishes.items()}),
    ]
    for response in answers:
        assert response.status_code in {400, 422}, response.text
        assert any(field in error["pointer"] for error in response.json()["errors"]), response.text


@pytest.mark.parametrize(
    "words", ["'", '"', "\\", "a' OR 1=1 --", "(", ":*", "&", "!", "<->", "-x", "🙂", "ال"]
)
def test_odd_characters_are_only_text(api, words):
    ask(api, q=words)
    desk = api.app.state.search
    kept, desk.client = desk.client, None
    try:
        ask(api, q=words)
    finally:
        desk.client = kept


def test_suggestions_name_terms_places_and_titles(api):
    answer = api.get("/api/v1/suggest", params={"q": "språk"})
    Suggestions.model_validate_json(answer.content)
    types = {(item["type"], item["value"]) for item in answer.json()["items"]}
    assert ("category", "language-cafe") in types
    assert "title" in {kind for kind, _ in types}
    assert {"type": "place", "value": "Malmö", "label": "Malmö"} in api.get(
        "/api/v1/suggest", params={"q": "malm"}
    ).json()["items"]


def test_suggestions_go_on_without_meilisearch(away):
    answer = away.get("/api/v1/suggest", params={"q": "språk"}).json()
    assert answer["degraded"] is True
    assert answer["items"]


def test_search_answers_without_the_database_and_503_without_either(api, monkeypatch):
    def away():
        raise OperationalError("SELECT 1", None, Exception("away"))

    desk = api.app.state.search
    monkeypatch.setattr(desk, "reading", away)
    assert ask(api, q="fika", facets=["kind"])["total"] > 0
    monkeypatch.setattr(desk, "client", None)
    assert api.get(SEARCH, params={"q": "fika"}).status_code == 503


def test_related_hits_follow_the_full_ones_and_say_so(api):
    answer = ask(api, q="språkcafé zebrafink")
    kinds = [(item["matched"], "language-cafe" in item["categories"]) for item in answer["items"]]
    assert ("all", True) in kinds
    assert ("all", False) not in kinds
    assert answer["fulfilling"] <= answer["total"]


def test_an_audit_finds_and_mends_what_differs(square):
    with db.session_scope() as session:
        ids = sorted(index_sync.hashes(session))
        square.delete(f"{prefix()}_listings", ids[:2])
        body = session.scalars(text("SELECT body FROM search_document WHERE id = :id"), {"id": ids[3]}).one()
        square.post(f"{prefix()}_listings", [body | {"content_hash": "old"}, body | {"id": "surplus-0"}])
        report = index_sync.audit(session, square, prefix(), fix=True)
        assert (report.missing, report.stale, report.surplus) == (ids[:2], [ids[3]], ["surplus-0"])
        assert index_sync.audit(session, square, prefix()).clean


def test_a_change_during_a_rebuild_is_in_the_index_after_it(square, monkeypatch):
    changed = []
    refresh_all = index_sync.refresh_all

    def then_change(*args):
        written = refresh_all(*args)
        with db.session_scope() as session:
            listing = session.scalar(text("SELECT min(listing_id::text) FROM search_document"))
            session.execute(
                text("UPDATE listing SET status = 'paused' WHERE id::text = :id"), {"id": listing}
            )
            changed.append(listing)
        return written

    def progress(_done):
        with db.session_scope() as session:
            index_sync.refresh(session, [UUID(changed[0])])

    monkeypatch.setattr(index_sync, "refresh_all", then_change)
    index_sync.rebuild(db.session_scope, square, prefix(), progress)
    assert not square.hashes(f"{prefix()}_listings", changed)
    with db.session_scope() as session:
        assert index_sync.audit(session, square, prefix()).clean


def test_a_rebuild_that_fails_leaves_the_live_index_and_no_other(square, monkeypatch):
    before = square.count(f"{prefix()}_listings")

    def broken(*_args):
        raise RuntimeError("broken")

    monkeypatch.setattr(index_sync, "_audit", broken)
    with pytest.raises(RuntimeError, match="broken"):
        index_sync.rebuild(db.session_scope, square, prefix())
    assert [uid for uid in square.uids() if uid.startswith(prefix())] == [f"{prefix()}_listings"]
    assert square.count(f"{prefix()}_listings") == before
