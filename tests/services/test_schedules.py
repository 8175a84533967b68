"""What each kind of rule means, one example a rule."""

import json
import time
from datetime import UTC, date, datetime, timedelta
from itertools import islice, pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

import app
from app.schemas.schedule import ScheduleRule
from app.services.red_days import is_red, red_days
from app.services.schedules import OpenState, next_occurrence, occurrences, open_state
from app.services.wall_clock import moment

STOCKHOLM = ZoneInfo("Europe/Stockholm")
DEMO = Path(app.__file__).parent / "data" / "demo"


def rule(**fields):
    return ScheduleRule.model_validate(fields)


def weekly(*days, from_="17:00", to="19:00", **fields):
    return rule(**{"freq": "weekly", "days": list(days), "from": from_, "to": to, **fields})


def monthly(*days, nth, **fields):
    return rule(
        **{"freq": "monthly", "days": list(days), "nth": nth, "from": "18:00", "to": "20:00", **fields}
    )


def once(day, from_, to):
    """The occurrence of a one-off."""
    one_off = rule(**{"freq": "once", "date": day, "from": from_, "to": to})
    (found,) = occurrences([one_off], at(day), at(day) + timedelta(days=1))
    return found


def at(text):
    """ "2026-11-21 14:00" in Sweden."""
    return datetime.fromisoformat(text).replace(tzinfo=STOCKHOLM)


def between(first, last, *rules):
    """What is on from the midnight of `first` to that of `last`, as text."""
    return [
        f"{item.start:%Y-%m-%d %H:%M}–{item.end:%H:%M}" + ("?" if item.certainty == "unknown" else "")
        for item in occurrences(rules, at(first), at(last))
    ]


def days_between(first, last, *rules):
    return [text.split()[0] for text in between(first, last, *rules)]


def state(moment_text, *rules):
    """The state and when it changes, in Sweden's wall time."""
    answer = open_state(rules, at(moment_text))
    return answer.state, f"{answer.until:%Y-%m-%d %H:%M}" if answer.until else None


# The days a rule names


def test_a_weekly_rule_is_held_on_each_of_its_days():
    assert between("2026-11-02", "2026-11-09", weekly("we", "mo")) == [
        "2026-11-02 17:00–19:00",
        "2026-11-04 17:00–19:00",
    ]


def test_an_odd_week_rule_skips_even_weeks():
    assert days_between("2026-11-09", "2026-11-30", weekly("tu", weeks="odd")) == ["2026-11-17"]


def test_an_even_week_rule_skips_odd_weeks():
    assert days_between("2026-11-09", "2026-11-30", weekly("tu", weeks="even")) == [
        "2026-11-10",
        "2026-11-24",
    ]


def test_week_53_and_week_1_are_both_odd_so_two_weeks_in_a_row_are_held():
    fridays = weekly("fr", weeks="odd", red_days="open")
    assert days_between("2026-12-14", "2027-01-25", fridays) == [
        "2026-12-18",  # week 51
        "2027-01-01",  # week 53 of 2026
        "2027-01-08",  # week 1
        "2027-01-22",  # week 3
    ]


def test_an_even_week_rule_rests_three_weeks_around_week_53():
    assert days_between("2026-12-21", "2027-01-18", weekly("tu", weeks="even")) == [
        "2026-12-22",  # week 52
        "2027-01-12",  # week 2
    ]


def test_the_first_days_of_january_may_belong_to_the_last_week_of_the_old_year():
    assert days_between("2021-12-31", "2022-01-03", weekly("sa", "su", weeks="even")) == [
        "2022-01-01",  # week 52 of 2021
        "2022-01-02",
    ]
    assert days_between("2021-12-31", "2022-01-03", weekly("sa", "su", weeks="odd")) == []


def test_a_monthly_rule_is_held_on_the_nth_such_day():
    assert days_between("2026-09-01", "2026-12-01", monthly("th", nth=2)) == [
        "2026-09-10",
        "2026-10-08",
        "2026-11-12",
    ]


def test_the_last_such_day_is_the_fourth_or_the_fifth():
    assert days_between("2026-10-01", "2026-12-01", monthly("fr", nth=-1)) == ["2026-10-30", "2026-11-27"]


def test_a_month_without_a_fifth_such_day_is_skipped():
    assert days_between("2026-08-01", "2026-12-01", monthly("mo", nth=5)) == ["2026-08-31", "2026-11-30"]


def test_a_monthly_rule_with_two_days_holds_each_of_them_in_order():
    assert days_between("2026-11-01", "2026-12-01", monthly("mo", "su", nth=1)) == [
        "2026-11-01",
        "2026-11-02",
    ]


def test_a_one_off_is_held_once():
    fair = rule(**{"freq": "once", "date": "2027-03-06", "from": "10:00", "to": "16:00"})
    assert between("2026-01-01", "2029-01-01", fair) == ["2027-03-06 10:00–16:00"]


def test_validity_includes_its_first_and_last_day():
    term = weekly("tu", valid_from="2026-11-03", valid_to="2026-11-17")
    assert days_between("2026-10-01", "2027-01-01", term) == ["2026-11-03", "2026-11-10", "2026-11-17"]


def test_an_excepted_date_is_left_out():
    assert days_between("2026-11-02", "2026-11-23", weekly("tu", **{"except": ["2026-11-10"]})) == [
        "2026-11-03",
        "2026-11-17",
    ]


# Hours


def test_hours_that_end_before_they_begin_run_over_midnight():
    assert between("2026-11-06", "2026-11-08", weekly("fr", from_="21:00", to="02:00")) == [
        "2026-11-06 21:00–02:00"
    ]
    (night,) = occurrences(
        [weekly("fr", from_="21:00", to="02:00")], at("2026-11-07 01:00"), at("2026-11-08")
    )
    assert night.end == at("2026-11-07 02:00")


def test_hours_that_end_where_they_begin_last_a_day_and_night():
    assert state("2026-11-03 07:59", weekly("mo", from_="08:00", to="08:00")) == ("open", "2026-11-03 08:00")
    assert state("2026-11-03 08:00", weekly("mo", from_="08:00", to="08:00"))[0] == "closed"


def test_twenty_four_hundred_is_the_midnight_that_ends_the_day():
    (evening,) = occurrences([weekly("th", to="24:00")], at("2026-11-05"), at("2026-11-08"))
    assert evening.end == at("2026-11-06 00:00")


def test_a_night_belongs_to_the_day_it_begins_also_for_exceptions_and_validity():
    nights = weekly(
        "mo", "tu", from_="21:00", to="02:00", valid_to="2026-11-09", **{"except": ["2026-11-03"]}
    )
    assert between("2026-11-02", "2026-11-16", nights) == ["2026-11-02 21:00–02:00", "2026-11-09 21:00–02:00"]
    assert state("2026-11-03 01:00", nights)[0] == "open"  # the excepted day, but Monday's night
    assert state("2026-11-04 01:00", nights)[0] == "closed"
    assert state("2026-11-10 01:59", nights)[0] == "open"  # validity ended with Monday


def test_a_rule_without_hours_tells_the_day_and_says_that_the_hours_are_unknown():
    (market,) = occurrences([rule(freq="once", date="2026-11-28")], at("2026-11-01"), at("2026-12-24"))
    assert (market.start, market.end) == (at("2026-11-28"), at("2026-11-29"))
    assert (market.certainty, market.hours_known) == ("unknown", False)
    assert state("2026-11-28 12:00", rule(freq="once", date="2026-11-28")) == ("unknown", "2026-11-29 00:00")


def test_round_the_clock_has_one_occurrence_a_day_and_its_hours_are_known():
    assert between("2026-11-02", "2026-11-04", rule(freq="always")) == [
        "2026-11-02 00:00–00:00",
        "2026-11-03 00:00–00:00",
    ]
    assert next(occurrences([rule(freq="always")], at("2026-11-02"), at("2026-11-03"))).hours_known


def test_round_the_clock_is_refused_with_hours_of_its_own():
    with pytest.raises(ValueError, match="round the clock"):
        rule(**{"freq": "always", "from": "08:00", "to": "16:00"})


# Red days


def test_red_days_are_the_public_holidays_and_three_eves_without_mere_sundays():
    assert {day.isoformat()[5:] for day in red_days(2026)} == {
        "01-01", "01-06", "04-03", "04-05", "04-06", "05-01", "05-14", "05-24",
        "06-06", "06-19", "06-20", "10-31", "12-24", "12-25", "12-26", "12-31",
    }  # fmt: skip
    assert not is_red(date(2026, 11, 22))


def test_a_rule_closed_on_red_days_rests_there():
    assert days_between("2026-12-21", "2027-01-04", weekly("fr", red_days="closed")) == []


def test_a_rule_open_on_red_days_is_held_there():
    assert between("2026-12-21", "2026-12-28", weekly("fr", red_days="open")) == ["2026-12-25 17:00–19:00"]


def test_a_rule_silent_on_red_days_is_unknown_there_and_certain_elsewhere():
    assert between("2026-12-14", "2026-12-28", weekly("fr")) == [
        "2026-12-18 17:00–19:00",
        "2026-12-25 17:00–19:00?",
    ]
    assert state("2026-12-25 18:00", weekly("fr")) == ("unknown", "2026-12-25 19:00")


def test_a_night_that_begins_before_a_red_day_is_certain_to_its_end():
    assert state("2026-12-24 01:00", weekly("we", "th", from_="21:00", to="06:00"))[0] == "open"
    assert state("2026-12-27 01:00", weekly("sa", from_="21:00", to="06:00"))[0] == "unknown"


def test_a_one_off_on_a_red_day_is_certain_whatever_it_says_of_red_days():
    fields = {"freq": "once", "date": "2026-12-24", "from": "12:00", "to": "17:00"}
    for red in ({}, {"red_days": "open"}, {"red_days": "closed"}):
        assert between("2026-12-24", "2026-12-25", rule(**fields, **red)) == ["2026-12-24 12:00–17:00"]


def test_round_the_clock_is_open_on_red_days_unless_it_says_closed():
    assert state("2026-12-24 12:00", rule(freq="always")) == ("open", None)
    assert state("2026-12-24 12:00", rule(freq="always", red_days="closed")) == ("closed", "2026-12-27 00:00")


# The nights when the clock is changed


def test_hours_keep_their_wall_time_when_the_clock_is_changed():
    utc = [
        item.start.astimezone(UTC).hour
        for item in occurrences([weekly("sa", "mo")], at("2026-10-24"), at("2026-10-27"))
    ]
    assert utc == [15, 16]


def test_a_night_over_the_change_is_an_hour_shorter_or_longer():
    def length(day):
        night = once(day, "22:00", "06:00")
        return night.end.astimezone(UTC) - night.start.astimezone(UTC)

    assert length("2027-03-27") == timedelta(hours=7)
    assert length("2026-10-24") == timedelta(hours=9)


def test_a_time_that_is_skipped_is_the_moment_the_clock_jumps():
    jump = datetime(2027, 3, 28, 1, tzinfo=UTC)
    begins = once("2027-03-28", "02:30", "05:00")
    ends = once("2027-03-28", "00:30", "02:30")
    assert begins.start.astimezone(UTC) == ends.end.astimezone(UTC) == jump
    assert begins.start.hour == ends.end.hour == 3


def test_hours_wholly_inside_the_skipped_hour_are_not_held_that_night():
    nightly = weekly("sa", "su", "mo", from_="02:15", to="02:45")
    assert days_between("2027-03-27", "2027-03-30", nightly) == ["2027-03-27", "2027-03-29"]


def test_a_time_that_occurs_twice_is_its_first_occurrence():
    first = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    begins = once("2026-10-25", "02:30", "05:00")
    ends = once("2026-10-25", "00:30", "02:30")
    assert begins.start.astimezone(UTC) == ends.end.astimezone(UTC) == first


def test_the_second_of_a_repeated_hour_is_told_apart_from_the_first():
    early = rule(**{"freq": "once", "date": "2026-10-25", "from": "01:00", "to": "02:30"})
    assert open_state([early], at("2026-10-25 02:15")).state == "open"
    assert open_state([early], at("2026-10-25 02:15").replace(fold=1)).state == "closed"


def test_round_the_clock_is_unbroken_when_the_clock_is_changed():
    spring = list(occurrences([rule(freq="always")], at("2027-03-27"), at("2027-03-30")))
    assert [a.end == b.start for a, b in pairwise(spring)] == [True, True]


# Several rules, and the state


def test_rules_that_coincide_are_one_occurrence_and_the_certain_one_wins():
    silent, open_ = weekly("fr"), weekly("fr", red_days="open")
    for rules in ([silent, open_], [open_, silent]):
        assert between("2026-12-25", "2026-12-26", *rules) == ["2026-12-25 17:00–19:00"]


def test_rules_that_coincide_with_different_notes_are_both_told():
    rules = [weekly("mo", note="På somaliska"), weekly("mo", note="På arabiska")]
    notes = [item.note for item in occurrences(rules, at("2026-11-02"), at("2026-11-03"))]
    assert notes == ["På arabiska", "På somaliska"]


def test_occurrences_of_several_rules_come_in_order_of_time():
    rules = [weekly("we"), weekly("mo"), weekly("mo", from_="09:00", to="10:00")]
    assert between("2026-11-02", "2026-11-09", *rules) == [
        "2026-11-02 09:00–10:00",
        "2026-11-02 17:00–19:00",
        "2026-11-04 17:00–19:00",
    ]


def test_an_occurrence_under_way_is_in_the_window_and_one_that_just_ended_is_not():
    assert list(occurrences([weekly("mo")], at("2026-11-02 18:59"), at("2026-11-03")))
    assert not list(occurrences([weekly("mo")], at("2026-11-02 19:00"), at("2026-11-03")))
    assert not list(occurrences([weekly("mo")], at("2026-11-02"), at("2026-11-02 17:00")))


def test_it_is_open_from_the_first_minute_and_closed_at_the_end():
    assert state("2026-11-02 16:59", weekly("mo")) == ("closed", "2026-11-02 17:00")
    assert state("2026-11-02 17:00", weekly("mo")) == ("open", "2026-11-02 19:00")
    assert state("2026-11-02 19:00", weekly("mo")) == ("closed", "2026-11-09 17:00")


def test_an_evening_and_the_morning_after_it_are_one_opening():
    rules = [weekly("mo", from_="21:00", to="24:00"), weekly("tu", from_="00:00", to="06:00")]
    assert state("2026-11-02 22:00", *rules) == ("open", "2026-11-03 06:00")


def test_an_opening_lasts_until_the_last_of_the_overlapping_rules_ends():
    rules = [weekly("mo", from_="08:00", to="12:00"), weekly("mo", from_="09:00", to="10:00")]
    assert state("2026-11-02 09:30", *rules) == ("open", "2026-11-02 12:00")


def test_an_opening_ends_where_only_a_doubtful_rule_goes_on():
    rules = [
        weekly("fr", from_="10:00", to="14:00", red_days="open"),
        weekly("fr", from_="12:00", to="18:00"),
    ]
    assert state("2026-12-25 11:00", *rules) == ("open", "2026-12-25 14:00")
    assert state("2026-12-25 13:00", *rules) == ("open", "2026-12-25 14:00")
    assert state("2026-12-25 14:00", *rules) == ("unknown", "2026-12-25 18:00")


def test_doubt_ends_when_a_certain_rule_begins():
    rules = [
        weekly("fr", from_="14:00", to="20:00", red_days="open"),
        weekly("fr", from_="09:00", to="18:00"),
        weekly("fr", from_="17:00", to="19:00"),
    ]
    assert state("2026-12-25 08:00", *rules) == ("closed", "2026-12-25 09:00")
    assert state("2026-12-25 10:00", *rules) == ("unknown", "2026-12-25 14:00")
    assert state("2026-12-25 15:00", *rules) == ("open", "2026-12-25 20:00")


def test_doubtful_occurrences_that_touch_are_one_doubt():
    rules = [weekly("fr", from_="09:00", to="12:00"), weekly("fr", from_="12:00", to="15:00")]
    assert state("2026-12-25 10:00", *rules) == ("unknown", "2026-12-25 15:00")


def test_round_the_clock_never_closes():
    assert open_state([rule(freq="always")], at("2026-11-21 14:00")) == OpenState("open", None)


def test_every_day_round_the_clock_closes_on_an_excepted_day():
    assert state("2026-11-21 14:00", rule(freq="always", **{"except": ["2026-12-01"]})) == (
        "open",
        "2026-12-01 00:00",
    )


def test_round_the_clock_within_validity_opens_and_closes_with_it():
    winter = rule(freq="always", valid_from="2026-11-01", valid_to="2027-03-31")
    assert state("2026-10-30 12:00", winter) == ("closed", "2026-11-01 00:00")
    assert state("2026-12-30 12:00", winter) == ("open", "2027-04-01 00:00")
    assert state("2027-04-01 00:00", winter) == ("closed", None)


def test_a_change_more_than_a_year_ahead_is_not_told():
    far = rule(**{"freq": "once", "date": "2028-06-01", "from": "10:00", "to": "12:00"})
    assert state("2026-11-21 14:00", far) == ("closed", None)
    assert state("2027-11-21 14:00", far) == ("closed", "2028-06-01 10:00")


def test_the_state_is_right_at_the_epoch_too():
    assert open_state([rule(freq="once", date="1970-01-01", **{"from": "01:00", "to": "02:00"})],
                      datetime(1969, 12, 31, 23, tzinfo=UTC)) == OpenState(
        "closed", datetime(1970, 1, 1, tzinfo=UTC)
    )  # fmt: skip


def test_without_rules_nothing_is_known():
    assert open_state([], at("2026-11-21 14:00")) == OpenState("unknown", None)
    assert list(occurrences([], at("2026-11-21"), at("2026-11-22"))) == []


def test_any_time_zone_may_ask_and_the_answer_is_in_swedish_time():
    answer = open_state([weekly("mo")], datetime(2026, 11, 2, 12, 30, tzinfo=ZoneInfo("America/New_York")))
    assert answer == OpenState("open", at("2026-11-02 19:00"))
    assert answer.until.tzinfo.key == "Europe/Stockholm"


# The next one, and limits


def test_the_next_occurrence_is_the_one_under_way_or_else_the_next_to_start():
    assert next_occurrence([weekly("mo")], at("2026-11-02 18:00")).start == at("2026-11-02 17:00")
    assert next_occurrence([weekly("mo")], at("2026-11-02 19:00")).start == at("2026-11-09 17:00")


def test_the_next_occurrence_is_found_however_far_away():
    far = rule(**{"freq": "once", "date": "2045-05-05", "from": "10:00", "to": "12:00"})
    assert next_occurrence([far], at("2026-11-02 18:00")).start == at("2045-05-05 10:00")
    assert next_occurrence([weekly("mo", valid_from="2099-01-01")], at("2026-11-02")).start.year == 2099


def test_there_is_no_next_occurrence_when_all_is_past():
    assert next_occurrence([weekly("mo", valid_to="2026-11-01")], at("2026-11-02")) is None


def test_a_rule_whose_every_day_is_excepted_has_no_next_occurrence():
    never = weekly("mo", valid_from="2026-11-02", valid_to="2026-11-08", **{"except": ["2026-11-02"]})
    assert next_occurrence([never], at("2026-10-01")) is None


def test_occurrences_are_made_as_they_are_asked_for():
    endless = occurrences([rule(freq="always"), weekly("mo")], at("2026-11-02"), at("9000-01-01"))
    assert len(list(islice(endless, 3))) == 3


def test_the_ends_of_the_calendar_are_answered_without_error():
    for moment_ in (datetime.min.replace(tzinfo=STOCKHOLM), datetime.max.replace(tzinfo=STOCKHOLM)):
        assert open_state([weekly("mo", valid_to="2026-12-01")], moment_).state == "closed"
        next_occurrence([rule(freq="always")], moment_)


@pytest.mark.parametrize(
    "ask",
    [
        lambda naive: next(occurrences([], naive, at("2026-11-21")), None),
        lambda naive: next(occurrences([], at("2026-11-01"), naive), None),
        lambda naive: next_occurrence([], naive),
        lambda naive: open_state([], naive),
    ],
)
def test_a_moment_without_time_zone_is_refused_without_being_echoed(ask):
    with pytest.raises(ValueError, match="without time zone") as refusal:
        ask(datetime(2026, 11, 20, 12))  # noqa: DTZ001
    assert "2026" not in str(refusal.value)


def test_a_window_that_ends_before_it_starts_is_refused():
    with pytest.raises(ValueError, match="ends before"):
        occurrences([], at("2026-11-21"), at("2026-11-20"))


# The demo set


def demo_schedules():
    for path in sorted(DEMO.glob("*.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            record = json.loads(line)
            contacts = record.get("contacts") or []
            for rules in (record.get("schedule"), *(contact.get("hours") for contact in contacts)):
                if rules:
                    yield [ScheduleRule.model_validate(each) for each in rules]


def test_a_year_of_the_whole_demo_set_takes_less_than_two_seconds_from_cold():
    schedules = list(demo_schedules())
    moment.cache_clear()
    red_days.cache_clear()
    begun = time.process_time()  # this process's own time, whatever else the machine does
    found = sum(1 for rules in schedules for _ in occurrences(rules, at("2026-11-01"), at("2027-11-01")))
    taken = time.process_time() - begun
    assert found > 40_000
    assert taken < 2
