"""Who a question is about: ages and genders, and whose they are."""

import time as clock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from search.understanding.people import parse_age, parse_gender, read_people
from search.understanding.tokens import tokenize

YEAR = 2026


def values(text, kind):
    return [one.value for one in read_people(tokenize(text), YEAR, text) if one.kind == kind]


@pytest.mark.parametrize(
    ("text", "ages"),
    [
        ("72 år ensam karl Eskilstuna", ["72#self"]),
        ("aspergare på 44, vill sitta lugnt", ["44#self"]),
        ("nykter alkoholist på 50", ["50#self"]),
        ("lesbisk på 63 i Kalmar", ["63#self"]),
        ("änkling under femti med småbarn", ["0..49#self", "0..5#child"]),
        ("sexti år", ["60#self"]),
        ("gammal lesbisk vill träffa likasinnade", ["65..120#self"]),
        ("en gammal tant", ["65..120#self"]),
        ("gammal bög i Umeå", ["65..120#self"]),
        ("72-åring", ["72#self"]),
        ("72-årig kvinna", ["72#self"]),
        ("sjuttiotvå år gammal", ["72#self"]),
        ("min son 14 med adhd", ["14#child"]),
        ("något för min 9-åring", ["9#child"]),
        ("treåring", ["3#child"]),
        ("mamma till en 3-åring", ["3#child"]),
        ("mamma 84 kommer inte ut längre", ["84#relative"]),
        ("min gamla mamma är 91", ["91#relative"]),
        ("min 84-åriga mormor", ["84#relative"]),
        ("min man 78 har demens", ["78#relative"]),
        ("ensamstående mamma 34 år", ["34#self"]),
        ("en son som är 17 och sitter inne", ["17#child"]),
        ("jag fyller 80 snart", ["80#self"]),
        ("70 plus", ["70..120#self"]),
        ("barn 3 och 5 år", ["3#child", "5#child"]),
        ("pappa till barn 3, 5 och 8 år", ["3#child", "5#child", "8#child"]),
        ("född -52", ["74#self"]),
        ("född 1952", ["74#self"]),
        ("över 65", ["65..120#self"]),
        ("65+", ["65..120#self"]),
        ("under 25 år", ["0..24#self"]),
        ("i 70-årsåldern", ["70..79#self"]),
        ("40-talist", ["77..86#self"]),
        ("13-19 år", ["13..19#self"]),
        ("mellan 18 och 25 år", ["18..25#self"]),
        ("min tonåring", ["13..19#child"]),
        ("jag är tonåring", ["13..19#self"]),
        ("lekgrupp för bebis", ["0..1#child"]),
        ("småbarn", ["0..5#child"]),
        ("jag är 45 och ensam", ["45#self"]),
        ("jag är 45", ["45#self"]),
        ("my son is 14 years old", ["14#child"]),
        ("my 84 year old mother", ["84#relative"]),
        ("72-vuotias mies", ["72#self"]),
        ("مرد ۷۲ ساله", ["72#self"]),
        ("72-річна жінка", ["72#self"]),
        ("tengo 30 años", ["30#self"]),
        ("nin 40 jir ah", ["40#self"]),
    ],
)
def test_an_age_and_whose_it_is_are_read(text, ages):
    assert values(text, "age") == ages


@pytest.mark.parametrize(
    "text",
    [
        "gift i 50 år",
        "för tre år sedan",
        "nykter 3 år",
        "fem år på gatan",
        "jag är 50 % sjukskriven",
        "två barn",
        "kl 18 på torsdag",
        "Värmlandsgatan 19",
        "123 47",
        "efter flera år",
        "i två års tid",
    ],
)
def test_lengths_and_other_numbers_are_no_ages(text):
    assert values(text, "age") == []


@pytest.mark.parametrize(
    ("text", "genders"),
    [
        ("72 år ensam karl", ["man#self"]),
        ("gay man 67 år Göteborg", ["man#self"]),
        ("nyskild pappa", ["man#self"]),
        ("ensamstående mamma med två barn", ["woman#self"]),
        ("mamma 84 kommer inte ut", ["woman#relative"]),
        ("min son 14", ["man#child"]),
        ("min dotter har slutat äta", ["woman#child"]),
        ("transtjej 17 år", ["woman#self"]),
        ("änka", ["woman#self"]),
        ("ensamstående fyrabarnsmamma", ["woman#self"]),
        ("åttioårig man", ["man#self"]),
        ("jag är en kvinna på 34", ["woman#self"]),
        ("icke-binär 22 år", ["nonbinary#self"]),
        ("min kille 7 år", ["man#child"]),
        ("vad kan man göra", []),
        ("en man som slår mig", []),
        ("utsatt av en kvinna", []),
        ("barnen varannan vecka", []),
        ("orkar inte prata men vill inte vara själv", []),
    ],
)
def test_the_gender_of_the_one_who_comes_is_read(text, genders):
    assert values(text, "gender") == genders


def test_a_partner_tells_of_the_person_only_by_guess():
    told = read_people(tokenize("min man dog i våras"), YEAR)
    assert [(one.value, one.certainty) for one in told] == [
        ("man#relative", "guess"),
        ("woman#self", "guess"),
    ]
    assert values("min fru fick jobb", "gender") == ["woman#relative", "man#self"]
    assert values("gay man 67 år, min man dog", "gender") == ["man#self", "man#relative"]


def test_what_is_said_of_a_partner_or_a_child_is_not_said_of_oneself():
    assert "woman#self" not in values("min fru är gravid", "gender")
    assert "woman#self" not in values("min sambo är en kvinna som dricker", "gender")
    assert values("min dotter, en kvinna på 32 år", "gender") == ["woman#child", "woman#child"]
    assert values("jag är gravid", "gender") == ["woman#self"]


@pytest.mark.parametrize(
    ("text", "ages"),
    [
        ("är 17 och har ingen att prata med", ["17#self"]),
        ("jag känner ingen, är 16", ["16#self"]),
        ("17, tjej, ensam", ["17#self"]),
        ("hon är 45 och ensam", ["45#relative"]),
        ("jag är nästan 90", ["90#self"]),
        ("mamma till två killar 9 och 12", ["9#child", "12#child"]),
        ("17, Storgatan", []),
        ("priset är 20", []),
        ("klockan är 17", []),
    ],
)
def test_an_age_may_stand_without_the_one_whose_it_is(text, ages):
    assert values(text, "age") == ages


@pytest.mark.parametrize(
    ("value", "read"),
    [("72#self", (72, 72, "self")), ("13..19#child", (13, 19, "child")), ("0#relative", (0, 0, "relative"))],
)
def test_an_age_is_read_back(value, read):
    assert parse_age(value) == read


@pytest.mark.parametrize(
    "value", ["", "72", "19..13#self", "72#other", "-1#self", "121#self", "1..2..3#self", "x#self"]
)
def test_nonsense_for_an_age_is_refused(value):
    with pytest.raises(ValueError):
        parse_age(value)


@pytest.mark.parametrize("value", ["", "man", "man#other", "cat#self", "#self"])
def test_nonsense_for_a_gender_is_refused(value):
    assert parse_gender("woman#child") == ("woman", "child")
    with pytest.raises(ValueError):
        parse_gender(value)


WORDS = st.sampled_from((
    "min", "man", "mamma", "son", "14", "84", "år", "är", "född", "52", "1952", "över", "65",
    "under", "till", "och", ",", "-", "jag", "en", "pappa", "9-åring", "65+", "barn", "gammal", "i",
    "70-årsåldern",
))  # fmt: skip


@given(st.one_of(st.text(max_size=80), st.lists(WORDS, max_size=14).map(" ".join)))
def test_any_text_is_read_without_error_and_within_its_bounds(text):
    for reading in read_people(tokenize(text), YEAR, text):
        assert 0 <= reading.start < reading.end <= len(text)
        if reading.kind == "age":
            parse_age(reading.value)
        else:
            parse_gender(reading.value)


def test_reading_is_quick():
    tokens = tokenize("min son 14 år bor med mamma 84 och en karl " * 35)

    def seconds():
        begun = clock.thread_time()
        read_people(tokens, YEAR)
        return clock.thread_time() - begun

    assert min(seconds() for _ in range(5)) < 0.02


@pytest.mark.parametrize(
    "text",
    [
        "ingen har grattat mig på tre år",
        "inte varit ute på två år",
        "första gången på tio år",
        "min gamla mamma",
        "en gammal vän",
        "gammal alkoholist",
        "kaffe under 50 kr",
        "bussen går på 44",
    ],
)
def test_a_span_of_time_an_old_friend_or_a_price_is_no_age(text):
    assert values(text, "age") == []


def test_a_child_of_three_is_three_also_after_a_preposition():
    assert values("en pojke på tre år", "age") == ["3#child"]
    assert values("nåt för barn på 6 år", "age") == ["6#child"]
