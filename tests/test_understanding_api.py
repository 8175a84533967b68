"""What search tells beside its items: chips, relaxations, reasons, danger, whole pages. On the demo."""

import json
import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text

from app import db
from app.config import get_settings
from app.main import create_app
from app.schemas.search import SearchAnswer, SimilarAnswer
from app.services import exchange, index_sync
from search.client import IndexClient

DEMO = Path(__file__).parent.parent / "app" / "data" / "demo"
PAPER = Path(__file__).parent.parent / "docs" / "search.md"
AS_OF = "2026-11-25T14:00:00+01:00"
SEARCH = "/api/v1/search"
LONG = "språkcafé i Farsta på söndag kväll, gratis och drop-in"
pytestmark = pytest.mark.usefixtures("square")


@pytest.fixture(scope="module")
def square(schema: None, meili) -> Iterator[None]:
    """The demo data, imported and indexed once."""
    with db.engine().begin() as connection:
        connection.execute(text("TRUNCATE organisation, venue, outbox CASCADE"))
    with db.session_scope() as session:
        for name in ("listings.jsonl", "support_lines.jsonl"):
            exchange.run_import(DEMO / name, source=Path(name).stem, session=session)
    prefix = get_settings().index_prefix
    with IndexClient(meili.url, meili.key) as client:
        index_sync.rebuild(db.session_scope, client, prefix)
        yield
        for uid in client.uids():
            if uid.startswith(prefix):
                client.drop(uid)


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


def send(api: TestClient, body: dict) -> dict:
    response = api.post(SEARCH, json={"as_of": AS_OF, **body})
    assert response.status_code == 200, response.text
    return response.json()


def chips(answer: dict) -> list[dict]:
    return answer["interpretation"]["chips"]


def ids(answer: dict) -> list[str]:
    return [item["id"] for item in answer["items"]]


# Chips


def test_what_is_understood_is_shown_with_its_place_in_the_text(api):
    answer = ask(api, q=f"🙂 {LONG}")
    told = {chip["kind"]: chip for chip in chips(answer)}
    assert {"category", "cost", "fact", "place", "time"} <= set(told)
    assert all(chip["text"] == f"🙂 {LONG}"[chip["start"] : chip["end"]] for chip in chips(answer))
    assert told["place"]["label"] == "Farsta (Stockholm)"
    assert told["cost"]["label"] == "gratis"
    assert told["time"]["label"].startswith("söndag")
    assert answer["interpretation"]["language"] == "sv"


def test_the_words_of_chips_come_in_english_for_others_than_swedes(api):
    for lang, label in (("en", "free"), ("so", "free"), ("sv", "gratis")):
        answer = ask(api, q=LONG, lang=lang)
        assert [chip["label"] for chip in chips(answer) if chip["kind"] == "cost"] == [label]


@pytest.mark.parametrize(
    "q", [LONG, "ensam pensionär i Malmö vill promenera", "min man dog i våras", "inte kyrkan"]
)
def test_a_chip_switched_off_is_gone_and_all_others_stay(api, q):
    before = chips(ask(api, q=q))
    assert before
    for one in before:
        after = chips(ask(api, q=q, ignore=one["chip"]))
        assert after == [chip for chip in before if chip["chip"] != one["chip"]]


def test_a_body_is_understood_as_a_query_string_is(api):
    wishes = {"q": LONG, "ignore": ["cost:free"], "explain": True, "limit": 5}
    assert send(api, wishes) == ask(api, **wishes)


def test_chips_are_asked_for_without_their_text(api):
    sent = ["category:language-cafe", "place:kommun:0127", "-audience:women"]
    answer = ask(api, chips=sent)
    assert [chip["chip"] for chip in chips(answer)] == sent
    assert {(chip["start"], chip["end"], chip["text"]) for chip in chips(answer)} == {(None, None, "")}
    assert answer["fulfilling"] == ask(api, q="språkcafé i Botkyrka", ignore=[])["fulfilling"] > 0


@pytest.mark.parametrize("q", [LONG, "promenad för daglediga i Malmö", "walk in the park"])
def test_the_chips_of_a_question_sent_back_are_the_same_chips(api, q):
    first = chips(ask(api, q=q))
    again = chips(ask(api, chips=[chip["chip"] for chip in first]))
    names = ("chip", "kind", "value", "label", "negated")
    assert [[chip[name] for name in names] for chip in again] == [
        [chip[name] for name in names] for chip in first
    ]


@pytest.mark.parametrize(
    "chip",
    [
        *("category:hemlig-sak", "time:hemlig-sak", "age:7000#self", "place:kommun:9999", "x", ""),
        *("situation:hemlig-sak", "acute:suicide", "-time:su/", "place:here", "kind:hemlig-sak"),
        *("gender:hemlig-sak", "cost:hemlig-sak"),
    ],
)
def test_a_chip_that_is_none_is_refused_by_its_place_and_never_echoed(api, chip):
    for response in (
        api.get(SEARCH, params={"chips": ["cost:free", chip]}),
        api.post(SEARCH, json={"chips": ["cost:free", chip]}),
    ):
        assert response.status_code == 422
        assert [problem["pointer"] for problem in response.json()["errors"]] == ["/chips/1"]
        assert "hemlig-sak" not in response.text


def test_every_stage_and_question_is_told_for_debugging_and_only_then(api, caplog):
    assert ask(api, q=LONG)["debug"] is None
    told = ask(api, q=LONG, debug=True)["debug"]
    assert [stage["stage"] for stage in told["stages"]] == ["place", "time", "people", "phrases", "hardship"]
    assert len(told["queries"]) > 3
    assert "Farsta" not in caplog.text


# Danger


@pytest.mark.parametrize(
    ("q", "language", "words"),
    [
        ("jag vill inte leva längre", "sv", "112"),
        ("I do not want to live anymore", "en", "112"),
        ("لا أريد أن أعيش", "ar", "112"),
    ],
)
def test_a_sign_of_danger_is_answered_first_and_hides_nothing(api, q, language, words):
    answer = ask(api, q=q)
    told = answer["acute"]
    assert (told["sign"], told["language"]) == ("suicide", language)
    assert words in told["text"]
    assert "112" in [number["number"] for number in told["numbers"]]
    assert answer["items"]
    states = [line["open_state"]["state"] == "open" for line in told["lines"]]
    assert 1 <= len(states) <= 5
    assert states == sorted(states, reverse=True)
    assert {line["kind"] for line in told["lines"]} == {"support_line"}


def test_danger_is_answered_without_meilisearch(away):
    answer = ask(away, q="jag vill inte leva längre", limit=3)
    assert answer["degraded"] is True
    assert answer["acute"]["lines"]


def test_an_everyday_question_carries_no_danger(api):
    for q in ("språkcafé i Farsta", "gratis fika", ""):
        assert ask(api, q=q)["acute"] is None


# Reasons


def test_each_item_says_why_it_fits_and_what_nobody_knows(api):
    answer = ask(api, q=LONG.replace("drop-in", "hiss"), explain=True)
    codes = {reason["code"] for item in answer["items"] for reason in item["reasons"]["fits"]}
    assert {"cost", "time"} <= codes
    for item in answer["items"]:
        unknown = [reason["text"] for reason in item["reasons"]["unknown"]]
        assert ("Hiss" in unknown) == ("lift" not in item["facts"])
        assert all(text in item["reasons"]["summary"] for text in unknown)


def test_reasons_come_in_english_and_only_when_asked_for(api):
    assert {item["reasons"] for item in ask(api, q="språkcafé")["items"]} == {None}
    for item in ask(api, q="språkcafé i Farsta", explain=True, lang="en")["items"]:
        assert re.match("(fits|not known|against): ", item["reasons"]["summary"])


def test_fields_of_the_request_are_reasons_too(api):
    for item in ask(api, free=True, weekday="su", near="59.2437,18.0916", explain=True)["items"]:
        said = [reason["text"] for reason in item["reasons"]["fits"]]
        assert {"gratis", "söndag"} <= set(said)
        assert any(text.endswith(" km") for text in said) == (item["distance_m"] is not None)


# Giving up a wish

FEW = [
    {"q": "språkcafé på söndag kväll i Farsta, gratis"},
    {"q": "språkcafé på somaliska i Arvidsjaur med hiss"},
    {"q": "promenad för pensionärer i Kiruna"},
    {"chips": ["category:language-cafe", "place:kommun:0180"]},
    {"fact": ["wheelchair_accessible"], "municipality": ["2583"], "weekday": ["su"]},
    {"category": ["language-cafe"], "municipality": ["2584"]},
    {"near": "68.3,18.8", "category": ["language-cafe"], "radius_km": 3},
    {"place": "Kiruna", "language": ["ar"], "free": True, "sort": "distance"},
    {"q": "fika", "municipality": ["0180"], "weekday": ["su"], "part_of_day": ["night"], "sort": "title"},
    {"audience": ["men"], "age": 80, "attendance": ["online"], "open_at": "2026-11-29T03:00"},
]


@pytest.mark.parametrize("wishes", FEW, ids=str)
def test_what_is_promised_for_giving_up_a_wish_is_what_comes(api, wishes):
    answer = send(api, wishes)
    assert answer["fulfilling"] < 5
    found = answer["relaxations"]
    assert 1 <= len(found) <= 6
    totals = [one["total"] for one in found if len(one["request"].get("ignore", ())) < 2]
    assert totals == sorted(totals, reverse=True)
    for one in found:
        then = send(api, one["request"])
        assert (then["total"], then["fulfilling"]) == (one["total"], one["total"]), one
        assert one["total"] > answer["fulfilling"]
        assert {item["matched"] for item in then["items"]} == {"all"}


def test_what_gives_up_place_and_time_comes_after_what_gives_up_one_of_them(api):
    found = ask(api, q="stickcafé i Farsta på söndag")["relaxations"]
    assert len(found) > 1
    assert found[-1]["label"] == "var och när som helst"
    assert found[-1]["total"] > max(one["total"] for one in found[:-1])


def test_an_activity_that_is_not_on_then_is_offered_there_at_other_times_before_anything_else(api):
    found = ask(api, q="stickcafé i Farsta på söndag")["items"]
    assert (found[0]["external_id"], found[0]["matched"]) == ("termosen-stickcafe", "related")


def test_a_cancelled_one_does_not_stand_in_the_way_of_the_same_at_other_times(api):
    found = ask(api, q="språkcafé Farsta söndag kväll rullstol arabiska gratis")["items"]
    assert "language-cafe" in found[0]["categories"]
    assert "INSTÄLLT" not in found[0]["text"]["title"]


def test_an_activity_that_is_not_there_at_all_is_offered_elsewhere_before_lines_for_something_else(api):
    kinds = [item["kind"] for item in ask(api, q="brädspel i Kiruna på söndag")["items"]]
    assert "support_line" not in kinds[: kinds.index("activity") + 1]


def test_a_session_that_begins_at_eleven_is_found_in_the_morning(api):
    found = ask(api, q="på lördag förmiddag med barnen i Enköping")["items"]
    assert found[0]["external_id"] == "gronrum-vinter"


def test_all_relaxations_are_asked_in_one_round_trip(api, monkeypatch):
    desk, trips = api.app.state.search, []
    asked = desk.client.multi_search

    async def counted(queries):
        trips.append(len(queries))
        return await asked(queries)

    monkeypatch.setattr(desk.client, "multi_search", counted)
    assert ask(api, **FEW[0])["relaxations"]
    assert len(trips) <= 3
    trips.clear()
    ask(api, free=True)
    assert trips == [1]


def test_many_hits_need_no_relaxations(api):
    assert ask(api, q="fika")["relaxations"] == []


@pytest.mark.parametrize(
    "wishes", [*FEW, {"bbox": "-10,0,-9,1"}, {"q": "fika", "bbox": "-10,0,-9,1"}], ids=str
)
def test_no_page_is_empty_while_anything_is_published(api, wishes):
    answer = send(api, wishes)
    assert answer["items"]
    if not answer["total"]:
        assert {item["matched"] for item in answer["items"]} == {"related"}


def test_when_nothing_fits_the_same_kind_nearest_by_comes_first_and_lines_that_are_open(api):
    answer = ask(api, category="language-cafe", near="68.3,18.8", radius_km=3)
    assert answer["total"] == 0
    away = [item["distance_m"] for item in answer["items"][:5]]
    assert "language-cafe" in answer["items"][0]["categories"]
    assert away == sorted(away)
    lines = [item for item in answer["items"] if item["kind"] == "support_line"]
    assert {line["open_state"]["state"] for line in lines} == {"open"}


# Pages


@pytest.mark.parametrize(
    "wishes",
    [
        {"q": "fika"},
        {"q": "ensam i Stockholm"},
        {"q": "gratis för seniorer"},
        {"q": "fika i Stockholm", "sort": "title"},
        {"q": "öppet på söndag", "include_unknown": True, "fact": "wheelchair_accessible"},
        {"fact": "wheelchair_accessible", "include_unknown": True},
        {"weekday": "su", "include_unknown": True, "sort": "soonest"},
        {"sort": "soonest"},
        {"kind": "activity"},
    ],
    ids=str,
)
@pytest.mark.parametrize("limit", [7, 40])
def test_no_item_is_on_two_pages_and_none_is_lost(api, wishes, limit):
    first = ask(api, limit=limit, **wishes)
    found = ids(first)
    for page in range(2, -(-first["total"] // limit) + 1):
        answer = ask(api, limit=limit, page=page, **wishes)
        assert answer["total"] == first["total"]
        found += ids(answer)
    assert len(found) == len(set(found)) == first["total"]
    assert ids(ask(api, limit=limit, page=-(-first["total"] // limit) + 1, **wishes)) == []


def test_whatever_fulfils_every_wish_is_on_some_page(api):
    for q in ("fika", "promenad i Göteborg", "gratis för seniorer"):
        every = {item for page in range(1, 8) for item in ids(ask(api, q=q, limit=100, page=page))}
        exact = ask(api, q=q, limit=100, exact=True)
        assert exact["total"] == exact["fulfilling"]
        assert set(ids(exact)) <= every


def test_what_is_only_not_known_comes_after_what_is_known_and_says_so(api):
    for more in ({}, {"q": "fika"}):
        answer = ask(api, fact="wheelchair_accessible", include_unknown=True, limit=100, **more)
        pages = range(1, -(-answer["total"] // 100) + 1)
        items = [
            item
            for page in pages
            for item in ask(
                api, fact="wheelchair_accessible", include_unknown=True, limit=100, page=page, **more
            )["items"]
        ]
        unknown = ["wheelchair_accessible" not in item["facts"] for item in items]
        assert True in unknown
        assert False in unknown
        assert unknown == sorted(unknown)
        assert [item["unknown"] == ["wheelchair_accessible"] for item in items] == unknown


@pytest.mark.parametrize("as_of", [AS_OF, "2026-06-06T12:00:00+02:00", "2027-01-10T23:30:00+01:00"])
def test_the_soonest_come_first_over_all_pages(api, as_of):
    starts = []
    for page in range(1, 6):
        answer = ask(api, sort="soonest", limit=60, page=page, as_of=as_of)
        starts += [(item["next_occurrence"] or {"start": "9999"})["start"] for item in answer["items"]]
    assert len(set(starts)) > 20
    assert all(one <= other for one, other in pairwise(starts))


# Similar


def test_similar_listings_are_of_the_same_kind_and_not_the_listing_itself(api):
    found = ask(api, q="språkcafé i Botkyrka", exact=True)["items"][0]
    response = api.get(f"/api/v1/listings/{found['id']}/similar", params={"limit": 5})
    assert response.status_code == 200
    SimilarAnswer.model_validate_json(response.content)
    items = response.json()["items"]
    assert len(items) == 5
    assert found["id"] not in [item["id"] for item in items]
    shares = [bool(set(item["categories"]) & set(found["categories"])) for item in items]
    assert shares == sorted(shares, reverse=True)
    assert any(shares)


def test_similar_listings_are_found_without_meilisearch(away):
    found = ask(away, category="language-cafe", limit=1)["items"][0]
    answer = away.get(f"/api/v1/listings/{found['id']}/similar").json()
    assert answer["degraded"] is True
    assert answer["items"]


def test_there_is_nothing_similar_to_what_is_not_there(api):
    missing = "019aa4f0-1c00-7000-8000-000000000001"
    assert api.get(f"/api/v1/listings/{missing}/similar").status_code == 404
    assert api.get("/api/v1/listings/x/similar").status_code == 422


def test_without_meilisearch_a_question_is_still_understood_and_paged(away):
    answer = ask(away, q="språkcafé i Botkyrka", explain=True, limit=5)
    assert answer["degraded"] is True
    assert [chip["kind"] for chip in chips(answer)] == ["place", "category"]
    assert answer["items"][0]["reasons"]["summary"]


# The paper


def examples() -> list[tuple[dict, dict]]:
    blocks = re.findall(r"^```json\n(.*?)^```", PAPER.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    read = [json.loads(block) for block in blocks]
    return list(zip(read[::2], read[1::2], strict=True))


def holds(answer: object, part: object) -> bool:
    """Whether the answer has all that the part has; of a list each, in any order."""
    match part:
        case dict():
            return isinstance(answer, dict) and all(
                name in answer and holds(answer[name], value) for name, value in part.items()
            )
        case list():
            return isinstance(answer, list) and all(
                any(holds(one, wanted) for one in answer) for wanted in part
            )
        case _:
            return answer == part


@pytest.mark.parametrize(("body", "part"), examples(), ids=lambda value: str(value)[:60])
def test_every_example_of_the_paper_is_answered_as_it_says(api, body, part):
    answer = send(api, body)
    told = {name: answer[name] for name in part}
    assert holds(told, part), told
