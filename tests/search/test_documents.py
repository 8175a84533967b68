"""Documents, words and the hours a document holds."""

from datetime import date, datetime, time, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.schemas.schedule import WEEKDAYS, ScheduleRule
from app.services.document_hours import HORIZON_DAYS, STOCKHOLM, hours
from app.services.documents import sort_key
from app.services.schedules import open_state
from search.documents import SLOTS_A_DAY, ListingDocument, content_hash
from search.words import key, marked, query_words, stems

TODAY = date(2026, 11, 21)


def document(**changes):
    given_ = {
        "id": "a-0",
        "listing_id": "a",
        "organisation_id": "o",
        "organisation_name": "Föreningen",
        "kind": "activity",
        "title": "Språkcafé",
        "sort_title": "sprakcafe",
        "card": {"id": "a"},
    }
    return ListingDocument.model_validate(given_ | changes)


def is_open(held, at):
    """What the filter `open_at` asks of a document, said in Python."""
    day, minute = at.toordinal(), at.hour * 60 + at.minute
    if held.always_open or day * SLOTS_A_DAY + minute // 5 in held.slots:
        return True
    if held.valid_from_day is None or not held.valid_from_day <= day <= held.valid_to_day:
        return False
    if day in held.closed_days or day in held.unknown_days:
        return False
    name = f"o{at.weekday()}"
    return any(
        (begin := getattr(held, f"{name}{letter}_f")) is not None
        and begin <= minute < getattr(held, f"{name}{letter}_t")
        for letter in "ab"
    )


clock = st.builds(lambda h, m: f"{h:02}:{m:02}", st.integers(0, 23), st.sampled_from(range(0, 60, 5)))
days = st.lists(st.sampled_from(WEEKDAYS), min_size=1, max_size=7, unique=True)
near = st.dates(TODAY - timedelta(days=60), TODAY + timedelta(days=170))
extras = st.fixed_dictionaries(
    {},
    optional={
        "red_days": st.sampled_from(["open", "closed"]),
        "except": st.lists(near, min_size=1, max_size=3),
        "valid_from": st.just(TODAY - timedelta(days=10)) | st.just(TODAY + timedelta(days=20)),
        "valid_to": st.dates(TODAY + timedelta(days=20), TODAY + timedelta(days=170)),
    },
)
weekly = st.builds(
    lambda chosen, begin, until, extra, weeks: (
        {"freq": "weekly", "days": chosen, "from": begin, "to": until} | extra | weeks
    ),
    days,
    clock,
    clock,
    extras,
    st.sampled_from([{}, {}, {"weeks": "odd"}]),
)
once = st.builds(
    lambda day, begin, until: {"freq": "once", "date": day, "from": begin, "to": until}, near, clock, clock
)


@settings(max_examples=60, deadline=None)
@given(st.lists(weekly | once, min_size=1, max_size=4), st.data())
def test_a_document_is_open_just_when_its_rules_say_so(written, data):
    rules = [ScheduleRule.model_validate(rule) for rule in written]
    held = hours(rules, TODAY)
    midnight = datetime.combine(TODAY, time(), STOCKHOLM)
    for steps in data.draw(st.lists(st.integers(0, (HORIZON_DAYS - 1) * 288), min_size=40, max_size=40)):
        at = midnight + timedelta(minutes=5 * steps)  # wall time: zone-aware addition keeps the clock
        if at.astimezone(STOCKHOLM).utcoffset() != (at - timedelta(hours=4)).utcoffset():
            continue  # the night the clock is changed
        assert is_open(held, at) == (open_state(rules, at).state == "open"), at


def test_a_plain_week_is_kept_as_weekly_hours_and_not_as_slots():
    rule = ScheduleRule.model_validate(
        {"freq": "weekly", "days": ["tu"], "from": "17:00", "to": "19:00", "red_days": "closed"}
    )
    held = hours([rule], TODAY)
    assert (held.o1a_f, held.o1a_t, held.slots) == (1020, 1140, [])
    assert held.day_parts == ["1-evening"]


@pytest.mark.parametrize(
    ("begin", "until", "parts"),
    [
        ("11:00", "13:00", ["5-afternoon", "5-morning"]),
        ("10:00", "12:00", ["5-morning"]),
        ("10:00", "12:15", ["5-morning"]),
        ("11:00", "11:20", ["5-morning"]),
        ("16:45", "17:30", ["5-evening"]),
        ("22:00", "02:00", ["5-evening", "5-night", "6-night"]),
    ],
)
def test_something_is_on_in_a_part_of_the_day_when_half_an_hour_of_it_is(begin, until, parts):
    rule = ScheduleRule.model_validate(
        {"freq": "weekly", "days": ["sa"], "from": begin, "to": until, "red_days": "closed"}
    )
    assert hours([rule], TODAY).day_parts == parts


def test_no_hours_are_not_known_hours():
    assert hours([], TODAY).hours_known is False


def test_two_documents_are_equal_when_their_hashes_are():
    assert document().body() == document().body()
    assert document().body()["content_hash"] != document(title="Språkkafé").body()["content_hash"]
    assert content_hash(document().body()) == document().body()["content_hash"]


def test_a_document_without_a_value_has_no_such_field():
    assert {"age_min", "_geo", "free"} & document().body().keys() == set()


@pytest.mark.parametrize("point", [{"lat": 95, "lng": 18}, {"lat": float("nan"), "lng": 18}])
def test_a_point_off_the_earth_is_refused(point):
    with pytest.raises(ValueError, match="lat"):
        document(_geo=point)


def test_titles_sort_as_in_swedish():
    titles = ["Öppet hus", "Zumba", "Ärtsoppa", "Allsång", "Åka skridskor"]
    assert sorted(titles, key=sort_key) == ["Allsång", "Zumba", "Åka skridskor", "Ärtsoppa", "Öppet hus"]


def test_forms_of_a_word_are_one_word():
    assert key("Promenaderna") == key("promenad")
    assert stems("promenader och promenaden") == stems("promenad")


def test_words_that_say_nothing_are_left_out_of_a_query_unless_it_has_no_other():
    assert query_words("gratis fika för en dag") == ["gratis", "fika", "dag"]
    assert query_words("och i") == ["och", "i"]


@given(st.text(max_size=60), st.text(min_size=1, max_size=8))
def test_marked_pieces_give_the_text_back(written, wanted):
    pieces = marked(written, frozenset({key(wanted)}), None)
    assert pieces is None or "".join(piece["text"] for piece in pieces) == written
