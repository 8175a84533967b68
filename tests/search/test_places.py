"""Places: which one a question means, and which words are none."""

import csv
import time as clock
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from search.understanding.pieces import read_data
from search.understanding.placebook import Place, Places, place_key, reach_km
from search.understanding.places import other_places, read_places, resolve
from search.understanding.tokens import tokenize

GEO = Path(__file__).parents[2] / "app" / "data" / "geo"


def rows(name):
    with (GEO / name).open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def gazetteer():
    for row in rows("counties.csv"):
        place = Place(row["name"], "county", None, row["code"], float(row["lat"]), float(row["lon"]))
        yield place, [f"{row['name_short']} län"]
    for row in rows("municipalities.csv"):
        point = float(row["main_lat"]), float(row["main_lon"])
        people = int(row["population"])
        yield (
            Place(
                row["name_short"],
                "kommun",
                row["code"],
                row["county_code"],
                *point,
                people,
                (),
                reach_km("kommun"),
            ),
            [row["name"]],
        )
    for row in rows("places.csv"):
        people = int(row["population"]) if row["population"] else None
        code = row["municipality_code"]
        point = float(row["lat"]), float(row["lon"])
        place = Place(
            row["name"], row["kind"], code, code[:2], *point, people, (), reach_km(row["kind"], people)
        )
        yield place, row["alt_names"].split("|") if row["alt_names"] else []


FARSTA_POSTCODE = Place("Farsta", "postcode", "0180", "01", 59.24, 18.09, radius_km=reach_km("postcode"))
BOOK = Places(gazetteer(), {"12347": FARSTA_POSTCODE})


def read(text, **more):
    return read_places(tokenize(text), BOOK, text=text, **more)


def values(text):
    return [reading.value for reading in read(text)]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("fika i Umeå", "kommun:2480"),
        ("fika i umea", "kommun:2480"),
        ("Göteborgs mötesplatser", "kommun:1480"),
        ("Botkyrka kommun", "kommun:0127"),
        ("Lilla Edet", "kommun:1462"),
        ("Dals-Ed", "kommun:1438"),
        ("Upplands-Bro", "kommun:0139"),
        ("Vuollerim", "ort:vuollerim@2510"),
        ("bor i Rågsved", "regso:ragsved@0180"),
        ("fika akalla", "ort:akalla@0180"),
        ("Stockholms län", "county:01"),
        ("gå fotboll skåne", "county:12"),
        ("VGR", "county:14"),
        ("transtjej 17 år Västerbotten", "county:24"),
        ("om kvällarna i övik", "kommun:2284"),
        ("gbg", "kommun:1480"),
        ("norrkan", "kommun:0581"),
        ("malmötrakten", "kommun:1280"),
        ("träffas i Härjedalen", "region:harjedalen"),
        ("Härjedalens kommun", "kommun:2361"),
        ("Härjedalen, Jämtlands län", "region:harjedalen"),
        ("fika i Kisatrakten", "ort:kisa@0513"),
        ("kisabygden", "ort:kisa@0513"),
        ("gympa mora-trakten", "kommun:2062"),
        ("fika i kisa trakten", "ort:kisa@0513"),
        ("åt Leksandshållet", "kommun:2029"),
        ("uppe i Pajalatrakten", "kommun:2521"),
        ("Ljungdalstrakten", "region:ljungdalen"),
        ("nära NUS", "region:nus"),
        ("NUS i Umeå", "region:nus"),
        ("patient på SUS i Malmö", "region:sus-malmo"),
        ("Karolinska i Huddinge", "region:karolinska-huddinge"),
        ("bykafé Österlen", "region:osterlen"),
        ("träffa folk i Dalsland", "region:dalsland"),
        ("fika i Tornedalen", "region:tornedalen"),
        ("på Hisingen", "region:hisingen"),
        ("Hisingen, Göteborg", "region:hisingen"),
        ("12347", "postcode:12347"),
        ("123 47", "postcode:12347"),
        ("nära mig", "here"),
        ("fika i närheten", "here"),
        ("kommpisfika linkopping", "kommun:0580"),
        ("helsinborg", "kommun:1283"),
    ],
)
def test_a_place_is_read_by_its_names(text, value):
    assert values(text) == [value]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("student in Gothenburg", "kommun:1480"),
        ("comida en Estocolmo", "kommun:0180"),
        ("مقهى في ستوكهولم", "kommun:0180"),
        ("مقهى بستوكهولم", "kommun:0180"),
        ("دورهمی در استکهلم", "kommun:0180"),
        ("у Стокгольмі", "kommun:0180"),
        ("зустріч Гетеборг", "kommun:1480"),
        ("kahvila Tukholmassa", "kommun:0180"),
        ("Göteborgissa", "kommun:1480"),
        ("Malmössä", "kommun:1280"),
        ("Eskilstunassa", "kommun:0484"),
        ("Stockholmka", "kommun:0180"),
    ],
)
def test_other_languages_have_their_own_names_and_endings(text, value):
    assert values(text) == [value]


@pytest.mark.parametrize(
    "text", ["husby stockholm", "Husby, Stockholm", "Stockholm Husby", "Husby i Stockholm"]
)
def test_a_place_and_its_kommun_are_one_reading(text):
    (reading,) = read(text)
    assert reading.value == "regso:husby@0180"
    assert text[reading.start : reading.end] == text
    assert reading.certainty == "certain"


def test_a_name_of_several_places_is_likely_and_the_others_can_be_asked_for():
    (reading,) = read("fika på Norrmalm")
    assert reading.certainty == "likely"
    others = other_places(reading, BOOK)
    assert len({place.municipality_code for place in others}) > 1
    assert resolve(reading.value, BOOK) not in others


@pytest.mark.parametrize(
    "text",
    [
        "jag vill vara med",
        "orkar inte laga mat åt bara mig",
        "bor på landsbygden",
        "flyttat från hemtrakten",
        "uppehållet i höst",
        "skogstrakterna",
        "lever i sus och dus",
        "min man dog i våras",
        "ont i handen",
        "hjälp att läsa brev",
        "laga mat ihop",
        "en person att prata med",
        "we are more than friends here",
        "vi bor på landet",
        "sjunga i kör nästa vecka",
        "inte vara helt själv",
        "Värmlandsgatan 19",
        "Stockholms väg 12",
        "ett hus på berget",
        "tea or coffee via video",
        "välittömässä vaarassa",
        "på andra sidan gatan",
        "i närheten av",
    ],
)
def test_everyday_words_and_streets_are_no_places(text):
    assert values(text) == []


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("kör i Lund", "kommun:1281"),
        ("kör i lund", "kommun:1281"),
        ("kör mora", "kommun:2062"),
        ("fika i Sala på tisdag", "kommun:1981"),
    ],
)
def test_a_capital_or_a_preposition_makes_an_everyday_word_a_place(text, value):
    assert values(text) == [value]
    assert read_places(tokenize(text), BOOK, frozenset({"lund", "mora", "sala"}), text) == ()


def test_the_capital_of_a_sentence_makes_no_place():
    assert values("Han är ensam. Vi bor på landet") == []
    assert values("Jag är ensam, bor på landet i Vi") == ["ort:vi@2281"]


def test_a_kommun_named_elsewhere_tells_which_place_is_meant():
    text = "fika på Norrmalm, jag bor i Västerås"
    assert values(text)[0].endswith("@1980")


def test_a_region_has_its_kommuner_or_a_point():
    osterlen, hisingen = resolve("region:osterlen", BOOK), resolve("region:hisingen", BOOK)
    assert osterlen.municipality_codes == ("1270", "1291")
    assert hisingen.municipality_codes == ()
    assert hisingen.radius_km > 0


def test_every_region_and_other_name_stands_for_something():
    data = read_data("regions.yaml")
    for name, region in data["regions"].items():
        place = resolve(f"region:{name}", BOOK)
        assert place.municipality_codes or 0 < place.radius_km < 50
        assert all(BOOK.by_code(code) for code in region.get("kommuner", ()))
    for name, site in read_data("sites.yaml").items():
        assert BOOK.by_code(site["kommun"]).kind == "kommun"
        assert resolve(f"region:{name}", BOOK).municipality_code == site["kommun"]
    assert all(resolve(value, BOOK) for value in data["aliases"])
    assert list(data["villages"]) == sorted(data["villages"])
    for kommun, lat, lon in data["villages"].values():
        around = BOOK.by_code(kommun)
        assert abs(lat - around.lat) < 2 and abs(lon - around.lon) < 4  # noqa: PT018


def test_a_village_that_the_gazetteer_lacks_has_a_point():
    (reading,) = read("fika i Saxnäs")
    place = resolve(reading.value, BOOK)
    assert (place.municipality_code, place.name) == ("2462", "Saxnäs")


def test_a_kommun_may_be_spelt_by_its_sound():
    assert [one.value for one in read("transträff i götebårj")] == ["kommun:1480"]


@pytest.mark.parametrize(
    "value",
    ["", "here", "kommun:9999", "county:99", "region:atlantis", "ort:farsta", "ort:nowhere@0180", "x:1"],
)
def test_a_value_that_stands_for_no_place_gives_none(value):
    assert resolve(value, BOOK) is None


def test_every_name_of_the_gazetteer_can_be_read_back():
    for place, _ in gazetteer():
        if place.kind not in {"county", "kommun"}:
            key = place_key(place.name).replace(" ", "-")
            found = resolve(f"{place.kind}:{key}@{place.municipality_code}", BOOK)
            assert found is not None
            assert place_key(found.name) == place_key(place.name)


WORDS = st.sampled_from((
    "i", "på", "Husby", "Stockholm", ",", "lund", "Göteborgs", "nära", "mig", "123", "47", "kommun",
    "väg", "Tukholmassa", "Österlen", "län", "Upplands", "-", "Bro",
))  # fmt: skip


@given(st.one_of(st.text(max_size=80), st.lists(WORDS, max_size=12).map(" ".join)))
def test_any_text_is_read_without_error_and_within_its_bounds(text):
    for reading in read(text):
        assert 0 <= reading.start < reading.end <= len(text)
        assert reading.value == "here" or resolve(reading.value, BOOK) is not None


def test_reading_is_quick():
    tokens = tokenize("jag bor ensam i Farsta och vill träffa någon i närheten av Stockholm " * 27)

    def seconds():
        begun = clock.thread_time()
        read_places(tokens, BOOK)
        return clock.thread_time() - begun

    assert min(seconds() for _ in range(5)) < 0.02


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("hemlös jönshöping", "kommun:0680"),
        ("ny i staden karstad 25 år", "kommun:1780"),
        ("fika i luleo", "kommun:2580"),
    ],
)
def test_a_town_may_be_misspelt_by_two_letters_when_long_and_before_an_age(text, value):
    assert [one.value for one in read(text)] == [value]


def test_a_word_of_the_language_is_no_misspelt_town():
    assert [one.value for one in read("vi vill bara lunda runt och boka")] == []
