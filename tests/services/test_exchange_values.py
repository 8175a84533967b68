"""Values as people write them."""

from datetime import date, datetime

import pytest

from app.services import exchange_values as values
from app.services.exchange_values import AgeSpan, BadValue


@pytest.mark.parametrize(
    ("label", "low", "high"),
    [
        ("Barn och ungdom (0-20 år)", 0, 20),
        ("Vuxna 21+", 21, None),
        ("Vuxna (21+ år)", 21, None),
        ("Vuxna (19- år)", 19, None),
        ("Vuxen (21 år +)", 21, None),
        ("Pensionär 65 år och äldre", 65, None),
        ("Pensionärer +65", 65, None),
        ("Senior 65 +", 65, None),
        ("65+ år (65-150 år)", 65, None),
        ("7-10 (7-10 år)", 7, 10),
        ("Ungdomar (14 -25 år)", 14, 25),
        ("6–12 år", 6, 12),
        ("13 till 16 år", 13, 16),
        ("under 18 år", None, 17),
        ("upp till 12 år", None, 12),
        ("från 13 år", 13, None),
        ("0-18 mån", 0, 1),
        ("Funktionsnedsatt (alla åldrar)", None, None),
    ],
)
def test_an_age_label_is_read(label: str, low: int | None, high: int | None) -> None:
    assert values.age(label) == AgeSpan(low, high)


@pytest.mark.parametrize("label", ["Vuxna", "A-lag", "", None])
def test_a_label_without_an_age_tells_none(label: str | None) -> None:
    assert values.age(label) is None


@pytest.mark.parametrize(
    "label", ["Barn och ungdom >20", "åk 4-6", "födda 2010-2012", "Div 1", "12-10 år", "140-150"]
)
def test_an_unclear_age_is_refused(label: str) -> None:
    with pytest.raises(BadValue):
        values.age(label)


def test_ages_that_touch_become_one_span() -> None:
    assert values.joined_ages([AgeSpan(13, 20), AgeSpan(7, 12), AgeSpan(21, None)]) == AgeSpan(7, None)
    assert values.joined_ages([AgeSpan(0, 20), AgeSpan(21, None)]) == AgeSpan(None, None)
    assert values.joined_ages([]) is None


def test_ages_with_a_gap_are_no_single_span() -> None:
    with pytest.raises(BadValue, match="gap"):
        values.joined_ages([AgeSpan(0, 20), AgeSpan(65, None)])


@pytest.mark.parametrize(
    "number", ["90101", "116 111", "116 016", "112", "1177", "114 14", "08-465 004 12", "+46 8 465 004 12"]
)
def test_a_number_that_can_be_dialled_keeps_its_spelling(number: str) -> None:
    assert values.phone(number) == number


@pytest.mark.parametrize("number", ["ring oss", "08-1", "12", "999999999999999999"])
def test_a_number_that_cannot_be_dialled_is_refused(number: str) -> None:
    with pytest.raises(BadValue):
        values.phone(number)


@pytest.mark.parametrize("code", ["12345", "123 45", "SE-123 45", 12345, 12345.0])
def test_a_postcode_is_written_with_its_space(code: object) -> None:
    assert values.postcode(code) == "123 45"


@pytest.mark.parametrize("code", ["1234", "N3152", "123456"])
def test_what_is_no_postcode_is_refused(code: str) -> None:
    with pytest.raises(BadValue):
        values.postcode(code)


@pytest.mark.parametrize(
    "number", ["2120000142", "212000-0142", "212000–0142", "16212000-0142", "212000- 0142"]
)
def test_an_organisation_number_is_checked_and_formed(number: str) -> None:
    assert values.org_number(number) == "212000-0142"


@pytest.mark.parametrize("number", ["121212-1212", "19121212-1212", "1212121212"])
def test_a_personal_number_is_refused_as_personal_data(number: str) -> None:
    with pytest.raises(BadValue) as caught:
        values.org_number(number)
    assert caught.value.code == "personal_number"


@pytest.mark.parametrize("number", ["212000-0143", "X", "0122217821"])
def test_a_wrong_organisation_number_is_refused(number: str) -> None:
    with pytest.raises(BadValue) as caught:
        values.org_number(number)
    assert number not in str(caught.value)


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ("www.forening.example", "https://www.forening.example"),
        ("http:/forening.example", "http://forening.example"),
        ("https://www.forening.example.", "https://www.forening.example"),
        ("HTTPS://forening.example/sida", "https://forening.example/sida"),
    ],
)
def test_a_web_address_gets_its_scheme(given: str, read: str) -> None:
    assert values.web_address(given) == read


@pytest.mark.parametrize(
    "given",
    ["hej@forening.example", "Facebook", "http://saknas/", "a.example och b.example", "https://www:x"],
)
def test_prose_is_no_web_address(given: str) -> None:
    with pytest.raises(BadValue):
        values.web_address(given)


def test_dates_are_read_in_their_common_forms() -> None:
    for given in ("2026-10-03", "20261003", "3/10/2026", "2026-10-03T22:00:00.000Z", date(2026, 10, 3)):
        assert values.day(given) == "2026-10-03"
    assert values.day(datetime(2026, 10, 3, 12, 0)) == "2026-10-03"  # noqa: DTZ001 as a workbook gives it
    with pytest.raises(BadValue):
        values.day("i höst")


def test_yes_and_no_are_read_and_do_not_know_is_neither() -> None:
    assert [values.boolean(v) for v in ("Ja", "x", 1, True)] == [True, True, True, True]
    assert [values.boolean(v) for v in ("nej", 0, False)] == [False, False, False]
    assert values.boolean("vet ej") is None
    with pytest.raises(BadValue):
        values.boolean("ibland")


def test_numbers_and_times_are_read_as_swedes_write_them() -> None:
    assert values.number("1 200 kr") == 1200
    assert values.number("12,50") == 12.5
    assert values.wall_time("kl 17") == "17:00"
    assert values.wall_time("9.30") == "09:30"
    for bad in ("nan", "många"):
        with pytest.raises(BadValue):
            values.number(bad)
    with pytest.raises(BadValue):
        values.wall_time("25:00")


def test_a_value_class_tells_the_shape_and_never_the_value() -> None:
    assert values.value_class("hemligt ord 12") == "text of 14 characters"
    assert values.value_class("  ") == "empty"
    assert values.value_class(7) == "number"
    assert values.value_class(["a"]) == "list of 1"


def test_a_slug_is_ascii_and_hyphenated() -> None:
    assert values.slug("Sävsjö IF (fotboll)") == "savsjo-if-fotboll"
    assert values.slug("???") is None
