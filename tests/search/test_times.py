"""Words of time: which days and hours a question asks for."""

import time as clock
from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest
from dateutil.easter import easter as known_easter
from hypothesis import given
from hypothesis import strategies as st

from search.understanding.feasts import easter, next_feast
from search.understanding.times import When, label, parse, read_times
from search.understanding.tokens import tokenize

WEDNESDAY = datetime(2026, 11, 25, 14, tzinfo=ZoneInfo("Europe/Stockholm"))
NIGHT = WEDNESDAY.replace(day=26, hour=3)


def values(text, now=WEDNESDAY):
    return list(dict.fromkeys(reading.value for reading in read_times(tokenize(text), now, text)))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("ikväll", "2026-11-25..2026-11-25/evening"),
        ("vad händer i kväll", "2026-11-25..2026-11-25/evening"),
        ("ikväl", "2026-11-25..2026-11-25/evening"),
        ("öppet idag", "2026-11-25..2026-11-25/"),
        ("imorrn", "2026-11-26..2026-11-26/"),
        ("i övermorgon", "2026-11-27..2026-11-27/"),
        ("fika på söndag", "2026-11-29..2026-11-29/"),
        ("på onsdag", "2026-12-02..2026-12-02/"),
        ("nästa onsdag", "2026-12-02..2026-12-02/"),
        ("nästa fredag", "2026-12-04..2026-12-04/"),
        ("nästa vecka på onsdag", "2026-12-02..2026-12-02/"),
        ("söndagar", "su/"),
        ("söndag kväll", "su/evening"),
        ("sönda kväll", "su/evening"),
        ("lördagskväll", "sa/evening"),
        ("fredagskvällar", "fr/evening"),
        ("kväll på söndag", "2026-11-29..2026-11-29/evening"),
        ("söndagsöppet", "su/"),
        ("fredagsmys", "fr/"),
        ("i helgen", "2026-11-28..2026-11-29/"),
        ("på helgerna", "sa,su/"),
        ("vardagar", "mo,tu,we,th,fr/"),
        ("vardagskvällar", "mo,tu,we,th,fr/evening"),
        ("tis-tors", "tu,we,th/"),
        ("måndag till fredag", "mo,tu,we,th,fr/"),
        ("lördag och söndag", "sa,su/"),
        ("kvällstid", "/evening"),
        ("på förmiddagen", "/morning"),
        ("dagtid", "/morning,afternoon"),
        ("mitt i natten", "/night"),
        ("nattöppet kafé fredagar", "fr/night"),
        ("nästa vecka", "2026-11-30..2026-12-06/"),
        ("den 24 december", "2026-12-24..2026-12-24/"),
        ("24/12", "2026-12-24..2026-12-24/"),
        ("den 24:e", "2026-12-24..2026-12-24/"),
        ("24-26 december", "2026-12-24..2026-12-26/"),
        ("fredag den 27 november", "2026-11-27..2026-11-27/"),
        ("3 mars", "2027-03-03..2027-03-03/"),
        ("vecka 8", "2027-02-22..2027-02-28/"),
        ("v.9", "2027-03-01..2027-03-07/"),
        ("v44", "2027-11-01..2027-11-07/"),
        ("veckan 8", "2027-02-22..2027-02-28/"),
        ("vecka 8 och 9", "2027-02-22..2027-03-07/"),
        ("v. 7-10", "2027-02-15..2027-03-14/"),
        ("veckorna 52 till 53", "2026-12-21..2027-01-03/"),
        ("vecka 8 och 2 barn", "2027-02-22..2027-02-28/"),
        ("viikolla 8", "2027-02-22..2027-02-28/"),
        ("semana 8", "2027-02-22..2027-02-28/"),
        ("тиждень 8", "2027-02-22..2027-02-28/"),
        ("الأسبوع 8", "2027-02-22..2027-02-28/"),
        ("vecka 53", "2026-12-28..2027-01-03/"),
        ("udda veckor", "//odd"),
        ("klockan sex", "/18:00"),
        ("kl 18", "/18:00"),
        ("kl. 18.30", "/18:30"),
        ("vid 18-tiden", "/18:00"),
        ("efter fem", "/evening"),
        ("klockan åtta på morgonen", "/08:00"),
        ("klockan nio på kvällen", "/21:00"),
        ("tisdagar udda veckor", "tu//odd"),
        ("jämna veckor på tisdagar", "tu//even"),
        ("öppet nu", "now"),
        ("fika nu", "now"),
    ],
)
def test_everyday_swedish_words_of_time_are_read(text, value):
    assert values(text) == [value]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("tonight", "2026-11-25..2026-11-25/evening"),
        ("Sunday evening", "su/evening"),
        ("on Sunday", "2026-11-29..2026-11-29/"),
        ("next Friday at 6pm", "2026-12-04..2026-12-04/18:00"),
        ("Christmas Eve", "2026-12-24..2026-12-24/"),
        ("الليلة", "2026-11-25..2026-11-25/evening"),
        ("يوم الأحد مساء", "su/evening"),
        ("caawa", "2026-11-25..2026-11-25/evening"),
        ("tänä iltana", "2026-11-25..2026-11-25/evening"),
        ("sunnuntaina", "su/"),
        ("امشب", "2026-11-25..2026-11-25/evening"),
        ("у неділю ввечері", "su/evening"),
        ("ሎሚ ምሸት", "2026-11-25..2026-11-25/evening"),
        ("mañana por la mañana", "2026-11-26..2026-11-26/morning"),
    ],
)
def test_the_commonest_words_of_other_languages_are_read(text, value):
    assert values(text) == [value]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("julafton", "2026-12-24..2026-12-24/"),
        ("annandag jul", "2026-12-26..2026-12-26/"),
        ("i jul", "2026-12-24..2026-12-26/"),
        ("mellandagarna", "2026-12-27..2026-12-30/"),
        ("nyårsafton", "2026-12-31..2026-12-31/"),
        ("trettondagen", "2027-01-06..2027-01-06/"),
        ("påsk", "2027-03-26..2027-03-29/"),
        ("valborg", "2027-04-30..2027-04-30/"),
        ("första maj", "2027-05-01..2027-05-01/"),
        ("midsommarafton", "2027-06-25..2027-06-25/"),
        ("alla helgons", "2027-11-05..2027-11-07/"),
        ("lucia", "2026-12-13..2026-12-13/"),
        ("på sportlovet", "2027-02-15..2027-03-14/"),
        ("sommarlovet", "2027-06-10..2027-08-20/"),
        ("höstlovet", "2027-11-01..2027-11-07/"),
        ("nowruz", "2027-03-20..2027-03-20/"),
    ],
)
def test_a_feast_is_the_next_one(text, value):
    assert values(text) == [value]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("något som händer i mars", "2027-03-01..2027-03-31/"),
        ("flyttade hit i september och söker fika i december", "2026-12-01..2026-12-31/"),
        ("blev ensam, vad kan jag göra på julafton", "2026-12-24..2026-12-24/"),
    ],
)
def test_a_time_that_is_wished_for_stays_beside_one_that_is_told(text, value):
    assert values(text) == [value]


def test_seven_in_the_morning_is_no_evening():
    assert values("öppnar redan vid sju på morgonen") == ["/07:00"]


def test_weeks_of_which_the_first_is_over_are_those_that_run():
    at = datetime(2027, 2, 24, 14, tzinfo=WEDNESDAY.tzinfo)
    (reading,) = read_times(tokenize("sportlov vecka 7-10"), at, "sportlov vecka 7-10")
    assert reading.value == "2027-02-24..2027-03-14/"


SUNDAY_EVENING = datetime(2026, 11, 29, 19, 10, tzinfo=WEDNESDAY.tzinfo)


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("söndag kväll i Farsta", ["2026-11-29..2026-11-29/evening"]),
        ("nu, söndag kväll", ["2026-11-29..2026-11-29/evening"]),
        ("nu söndag", ["2026-11-29..2026-11-29/"]),
        ("söndag kl 21", ["2026-11-29..2026-11-29/21:00"]),
        ("söndagsnatt", ["2026-11-29..2026-11-29/night"]),
        ("söndag förmiddag", ["su/morning"]),
        ("söndag kl 18", ["su/18:00"]),
        ("söndagskvällar", ["su/evening"]),
        ("söndagar", ["su/"]),
        ("på söndag kväll", ["2026-12-06..2026-12-06/evening"]),
        ("nu på söndag", ["2026-12-06..2026-12-06/"]),
        ("någon som svarar nu, söndag kväll", ["now", "2026-11-29..2026-11-29/evening"]),
    ],
)
def test_the_weekday_that_it_is_means_today_while_its_part_of_day_lasts(text, read):
    assert values(text, SUNDAY_EVENING) == read


@pytest.mark.parametrize(
    "text", ["prata med någon så här dags", "så här sent", "vid den här tiden", "this late"]
)
def test_such_an_hour_is_now(text):
    assert values(text) == ["now"]


def test_such_a_time_of_the_year_is_not_now():
    assert values("ensam vid den här tiden på året") == []


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("dan före dopparedan", "2026-12-23..2026-12-23/"),
        ("dopparedagen", "2026-12-24..2026-12-24/"),
        ("dagen efter julafton", "2026-12-25..2026-12-25/"),
        ("kvällen före nyårsafton", "2026-12-30..2026-12-30/evening"),
        ("natten efter lucia", "2026-12-14..2026-12-14/night"),
        ("helgen före jul", "2026-12-19..2026-12-20/"),
        ("helgen efter trettondagen", "2027-01-09..2027-01-10/"),
        ("veckan före påsk", "2027-03-19..2027-03-25/"),
        ("dagarna efter nyår", "2027-01-02..2027-01-05/"),
        ("dagen före den 12 december", "2026-12-11..2026-12-11/"),
        ("the day after christmas eve", "2026-12-25..2026-12-25/"),
    ],
)
def test_a_day_may_be_told_by_the_one_it_is_before_or_after(text, value):
    assert values(text) == [value]


@pytest.mark.parametrize(
    "text",
    [
        "har papper på att jag ska ut till nyår",
        "måste flytta innan jul",
        "hyran är betald till nyår, sen vet jag inte",
        "sjukskriven till den 1 mars",
        "pengarna räcker inte till julafton",
        "har inte varit i skolan sen höstlovet",
        "ensam sedan midsommar",
        "inte ätit sen lördag",
        "sonen spelar hela nätterna",
        "jag jobbar kvällar",
        "hon gråter varje natt",
        "min man dricker varje kväll",
    ],
)
def test_deadlines_and_how_a_life_goes_are_no_wish_about_time(text):
    assert values(text) == []


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("något att göra till jul", "2026-12-24..2026-12-26/"),
        ("sen på lördag", "2026-11-28..2026-11-28/"),
        ("jag ska fira midsommar", "2027-06-25..2027-06-27/"),
        ("öppet hela nätterna", "/night"),
        ("någon som spelar boule på tisdagar", "tu/"),
        ("jag jobbar kvällar, finns något på dagtid", "/morning,afternoon"),
        ("få ett telefonsamtal varje morgon", "/morning"),
        ("vill ses varje kväll", "/evening"),
        ("måste flytta, vad gör man på nyårsafton", "2026-12-31..2026-12-31/"),
    ],
)
def test_a_wish_stays_beside_words_of_a_deadline_or_a_habit(text, value):
    assert values(text) == [value]


def test_every_other_wednesday_is_a_wish_for_wednesdays():
    (reading,) = read_times(tokenize("fika varannan onsdag"), WEDNESDAY, "fika varannan onsdag")
    assert (reading.value, reading.certainty) == ("we/", "likely")


@pytest.mark.parametrize(
    "text",
    [
        "min man dog i våras",
        "i förrgår",
        "i går kväll",
        "blev uppsagd i måndags",
        "barnen varannan vecka",
        "gravid i vecka 20",
        "är i v 32, gravid med tvillingar",
        "varannan helg",
        "någon timme i veckan",
        "efter fem år på gatan",
        "efter tre veckor",
        "är hemma hela dagarna",
        "24/7",
        "nu är det så tyst",
        "min son 14 med adhd",
        "ny man i gruppen",
        "13-19 år",
        "telefonnummer 08 123 45",
        "pappa dog i mars",
        "i mars dog min pappa",
        "vi separerade i juni, nu är det tomt",
        "mamma gick bort på julafton",
        "han slog mig i helgen",
        "har varit ensam sedan vi flyttade hit i augusti",
    ],
)
def test_the_past_lengths_and_custody_are_no_wish_about_time(text):
    assert values(text) == []


def test_after_midnight_the_night_and_the_day_are_those_that_last():
    assert values("i natt", NIGHT) == ["2026-11-26..2026-11-26/night"]
    assert values("i natt") == ["2026-11-25..2026-11-26/night"]
    assert values("på lovet", NIGHT) == ["2026-12-19..2027-01-09/"]
    new_year = datetime(2027, 1, 1, 12, tzinfo=WEDNESDAY.tzinfo)
    assert values("nyår", new_year) == ["2027-01-01..2027-01-01/"]


def test_a_whole_wish_is_one_reading_that_covers_its_words():
    text = "tjej 14 år, torsdag kväll på Hisingen"
    (reading,) = read_times(tokenize(text), WEDNESDAY, text)
    assert text[reading.start : reading.end] == "torsdag kväll"
    assert reading.certainty == "certain"


def test_vague_words_lift_and_plain_ones_may_filter():
    certainty = {
        text: read_times(tokenize(text), WEDNESDAY, text)[0].certainty
        for text in ("på julafton", "kvällar", "julbord", "om nätterna", "kvällsöppet", "öppet just nu")
    }
    assert certainty == {
        "på julafton": "certain",
        "kvällar": "likely",
        "julbord": "guess",
        "om nätterna": "likely",
        "kvällsöppet": "certain",
        "öppet just nu": "certain",
    }
    story = "jag har varit ensam länge och det är värst " * 4 + "på julafton"
    assert read_times(tokenize(story), WEDNESDAY, story)[0].certainty == "likely"


@pytest.mark.parametrize(
    ("value", "swedish", "english"),
    [
        ("su/evening", "söndag kväll", "Sunday evening"),
        ("2026-12-24..2026-12-24/", "torsdag 24 december", "Thursday 24 December"),
        ("2026-12-24..2026-12-26/", "24–26 december", "24–26 December"),
        ("2026-12-31..2027-01-01/", "31 december–1 januari", "31 December–1 January"),
        ("mo,tu,we,th,fr/evening", "vardagar kväll", "weekdays evening"),
        ("/18:00", "kl. 18.00", "at 18:00"),
        ("tu//odd", "tisdag udda veckor", "Tuesday odd weeks"),
        ("/morning,afternoon", "förmiddag eller eftermiddag", "morning or afternoon"),
        ("now", "öppet nu", "open now"),
    ],
)
def test_a_wish_is_said_in_words(value, swedish, english):
    assert label(parse(value), "sv") == swedish
    assert label(parse(value), "en") == english
    assert parse(value).value == value


@pytest.mark.parametrize(
    "value",
    ["", "/", "//", "su", "xx/", "su/noon", "su//both", "2026-12-24/", "2026-12-26..2026-12-24/",
     "2026-02-30..2026-03-01/",
     "1026-01-01..1026-01-02/", "2026-01-01..2028-01-01/", "/25:00", "now/", "su/evening/odd/"],
)  # fmt: skip
def test_a_clients_nonsense_is_refused(value):
    with pytest.raises(ValueError):
        parse(value)


@given(st.text(max_size=30))
def test_a_value_is_read_or_refused_and_never_misread(text):
    try:
        read = parse(text)
    except ValueError:
        return
    assert parse(read.value) == read


@pytest.mark.parametrize("year", range(1990, 2100))
def test_easter_is_where_the_tables_have_it(year):
    assert easter(year) == known_easter(year)


@given(
    st.dates(date(2000, 1, 1), date(2190, 1, 1)),
    st.sampled_from(["christmas", "easter", "sport-holiday", "second-day"]),
)
def test_a_feast_is_not_over_and_comes_within_a_year(today, name):
    first, last = next_feast(name, today)
    assert last >= today
    assert (first - today).days < 400


WORDS = st.sampled_from((
    "på", "i", "söndag", "lördagar", "kväll", "nästa", "24", "/", "12", "-", "december", "kl", "18",
    ".", ":", "den", "e", "till", "tis", "tors", "efter", "fem", "år", "vecka", "jul", "nu",
    "öppet", "natt", "och", ",", "förra",
    "dan", "före", "sen", "innan", "betala", "varje", "varannan", "udda", "veckor", "2026", "sönda",
))  # fmt: skip


@given(st.one_of(st.text(max_size=80), st.lists(WORDS, max_size=14).map(" ".join)))
def test_any_text_is_read_without_error_and_within_its_bounds(text):
    for reading in read_times(tokenize(text), WEDNESDAY, text):
        assert 0 <= reading.start < reading.end <= len(text)
        assert parse(reading.value).value == reading.value
        assert parse(reading.value) != When()


def test_reading_is_quick():
    question = tokenize("laga middag ihop i Rågsved nästa onsdag kväll kl 18 på sportlovet")
    story = tokenize("jag vill gärna träffa någon på söndagar efter fem " * 39)

    def best(tokens):
        return min(_seconds(tokens) for _ in range(5))

    assert best(question) < 0.002
    assert best(story) < 0.02


def _seconds(tokens):
    begun = clock.thread_time()
    read_times(tokens, WEDNESDAY)
    return clock.thread_time() - begun
