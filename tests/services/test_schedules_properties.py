"""Schedule rules against python-dateutil, and open_state against occurrences, for arbitrary rules."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import orjson
from dateutil.rrule import MONTHLY, YEARLY, rrule, rruleset, weekday
from hypothesis import given, settings
from hypothesis import strategies as st

from app.schemas.schedule import WEEKDAYS, ScheduleRule
from app.services.find_items import _worked_out, on
from app.services.red_days import is_red
from app.services.schedules import next_occurrence, occurrences, open_state

STOCKHOLM = ZoneInfo("Europe/Stockholm")
MOMENT = timedelta(microseconds=1)
YEAR = timedelta(days=366)
# The first red day asked for loads the holidays, which takes longer than an example is given.
unhurried = settings(deadline=None)
# The clock is changed on the night between the two.
CHANGES = [date(2026, 10, 24), date(2026, 10, 25), date(2027, 3, 27), date(2027, 3, 28)]
ODD_WEEKS, EVEN_WEEKS = list(range(1, 54, 2)), list(range(2, 54, 2))
# dateutil 2.9 counts these, the end of a week 52, to a week 53 (its pull request 1537): an example
# in test_schedules holds them instead.
MISCOUNTED = {date(year, 1, day) for year in (2022, 2039) for day in (1, 2)}

# 2020, 2026, 2032 and 2037 have a week 53.
days = st.dates(date(2019, 12, 1), date(2038, 2, 1))
weekdays = st.lists(st.sampled_from(WEEKDAYS), min_size=1, max_size=7, unique=True)
quarters = st.integers(0, 95).map(lambda n: f"{n // 4:02}:{15 * (n % 4):02}")
# The hour that summer time skips or repeats, dateutil reads in its own way.
plain_quarters = quarters.filter(lambda text: not text.startswith("02"))
red_days = st.sampled_from([None, "open", "closed"])


def instants(first, last):
    return st.datetimes(first, last, timezones=st.just(UTC))


# The months of the rules below, and Christmas with its red days.
moments = instants(datetime(2026, 9, 1), datetime(2027, 5, 1)) | instants(  # noqa: DTZ001
    datetime(2026, 12, 23),  # noqa: DTZ001
    datetime(2026, 12, 28),  # noqa: DTZ001
)


def a_rule(fields):
    return ScheduleRule.model_validate({key: value for key, value in fields.items() if value is not None})


def in_utc(items):
    return [(item.start.astimezone(UTC), item.end.astimezone(UTC)) for item in items]


@st.composite
def bounded(draw, freq):
    """A rule of days with plain hours, and the window of its validity."""
    first = draw(days)
    fields = {
        "freq": freq,
        "days": draw(weekdays),
        "from": draw(plain_quarters),
        "to": draw(plain_quarters),
        "valid_from": first,
        "valid_to": first + timedelta(days=draw(st.integers(0, 900))),
        "except": draw(st.none() | st.lists(days, min_size=1, max_size=20)),
        "red_days": "open",
    }
    if freq == "weekly":
        fields["weeks"] = draw(st.sampled_from([None, "odd", "even"]))
    else:
        fields["nth"] = draw(st.sampled_from([1, 2, 3, 4, 5, -1]))
    return a_rule(fields)


def starts(rule):
    since = datetime.combine(rule.valid_from, time.min, STOCKHOLM)
    before = datetime.combine(rule.valid_to + timedelta(days=1), time.min, STOCKHOLM)
    return [item.start.replace(tzinfo=None) for item in occurrences([rule], since, before)]


def dateutil_starts(rule, **by):
    clock = time.fromisoformat(rule.from_)
    which = rruleset()
    which.rrule(
        rrule(
            dtstart=datetime.combine(rule.valid_from, clock),
            until=datetime.combine(rule.valid_to, clock),
            wkst=0,
            **by,
        )
    )
    for day in rule.except_ or ():
        which.exdate(datetime.combine(day, clock))
    return list(which)


@unhurried
@given(bounded("weekly"))
def test_weekly_rules_are_held_when_dateutil_says_by_week_number(rule):
    weeks = {None: ODD_WEEKS + EVEN_WEEKS, "odd": ODD_WEEKS, "even": EVEN_WEEKS}[rule.weeks]
    by = {"freq": YEARLY, "byweekno": weeks, "byweekday": [WEEKDAYS.index(day) for day in rule.days]}
    counted = [start for start in starts(rule) if start.date() not in MISCOUNTED]
    assert counted == [start for start in dateutil_starts(rule, **by) if start.date() not in MISCOUNTED]


@unhurried
@given(bounded("monthly"))
def test_monthly_rules_are_held_when_dateutil_says(rule):
    nth_days = [weekday(WEEKDAYS.index(day), rule.nth) for day in rule.days]
    assert starts(rule) == dateutil_starts(rule, freq=MONTHLY, byweekday=nth_days)


@st.composite
def any_rule(draw):
    """Any rule, round the clock and over changes of the clock too, mostly alive in 2026 and 2027."""
    freq = draw(st.sampled_from(["weekly", "monthly", "once", "always"]))
    near = st.dates(date(2026, 8, 1), date(2027, 6, 1))
    fields = {"freq": freq, "red_days": draw(red_days), "note": draw(st.sampled_from([None, "a", "b"]))}
    if freq in {"weekly", "monthly"}:
        fields["days"] = draw(weekdays)
    if freq == "weekly":
        fields["weeks"] = draw(st.sampled_from([None, "odd", "even"]))
    if freq == "monthly":
        fields["nth"] = draw(st.sampled_from([1, 2, 3, 4, 5, -1]))
    if freq == "once":
        fields["date"] = draw(near | st.sampled_from(CHANGES))
    if freq != "always" and draw(st.booleans()):
        fields["from"], fields["to"] = draw(quarters), draw(quarters | st.just("24:00"))
    if draw(st.booleans()):
        fields["valid_from"], fields["valid_to"] = sorted((draw(near), draw(near)))
    if draw(st.booleans()):
        fields["except"] = draw(st.lists(near, min_size=1, max_size=5))
    return a_rule(fields)


some_rules = st.lists(any_rule(), min_size=1, max_size=4)
# The hours around the two changes of the clock, where wall time and instants part.
turns = instants(datetime(2026, 10, 24, 20), datetime(2026, 10, 25, 8)) | instants(  # noqa: DTZ001
    datetime(2027, 3, 27, 20),  # noqa: DTZ001
    datetime(2027, 3, 28, 8),  # noqa: DTZ001
)


def state_by_occurrences(rules, moment):
    kinds = {item.certainty for item in occurrences(rules, moment, moment + MOMENT)}
    return "open" if "certain" in kinds else "unknown" if kinds else "closed"


@unhurried
@given(some_rules, moments | turns)
def test_the_state_is_what_the_occurrences_at_the_moment_say(rules, moment):
    assert open_state(rules, moment).state == state_by_occurrences(rules, moment)


@unhurried
@given(some_rules, moments | turns, st.data())
def test_until_is_the_very_moment_of_change_and_none_comes_before_it(rules, moment, data):
    answer = open_state(rules, moment)
    changes = answer.until.astimezone(UTC) if answer.until else moment + YEAR
    assert moment < changes <= moment + YEAR
    if answer.until:
        assert state_by_occurrences(rules, changes) != answer.state
        assert state_by_occurrences(rules, changes - MOMENT) == answer.state
    edges = {edge for span in in_utc(occurrences(rules, moment, changes)) for edge in span}
    between = sorted(edge for edge in edges if moment < edge < changes)[:50]
    between.append(moment + data.draw(st.floats(0, 0.999)) * (changes - moment))
    assert {state_by_occurrences(rules, each) for each in between} == {answer.state}


@unhurried
@given(some_rules, moments, st.integers(0, 60), st.integers(0, 60))
def test_a_window_holds_what_a_wider_one_holds_inside_it(rules, moment, before, length):
    end = moment + timedelta(days=length, minutes=7)
    wide = occurrences(rules, moment - timedelta(days=before), end + timedelta(days=3))
    inside = [item for item in wide if in_utc([item])[0][0] < end and in_utc([item])[0][1] > moment]
    assert list(occurrences(rules, moment, end)) == inside


@unhurried
@given(some_rules, moments)
def test_occurrences_are_in_order_have_length_and_are_told_once(rules, moment):
    found = list(occurrences(rules, moment, moment + timedelta(days=200)))
    spans = in_utc(found)
    assert spans == sorted(spans)
    assert all(start < end for start, end in spans)
    told = [(*span, item.note) for span, item in zip(spans, found, strict=True)]
    assert len(told) == len(set(told))


@unhurried
@given(some_rules, moments)
def test_the_next_occurrence_is_the_first_of_the_occurrences_to_come(rules, moment):
    later = occurrences(rules, moment, moment + timedelta(days=4000))
    assert next_occurrence(rules, moment) == next(later, None)


@unhurried
@given(bounded("weekly"), red_days)
def test_only_red_days_are_doubtful_and_only_when_the_rule_is_silent(rule, says):
    rule = rule.model_copy(update={"red_days": says})
    since = datetime.combine(rule.valid_from, time.min, STOCKHOLM)
    for item in occurrences([rule], since, since + YEAR):
        red = is_red(item.start.date())
        assert not (red and says == "closed")
        assert (item.certainty == "unknown") == (red and says is None)


@unhurried
@given(st.dates(date(1950, 1, 1), date(2090, 1, 1)), quarters, st.data())
def test_it_is_open_whenever_a_clock_on_the_wall_shows_a_time_within_the_hours(day, from_, data):
    """But not in the repeat of an hour that ended its opening, or before an opening in it."""
    to = data.draw(quarters.filter(lambda text: text > from_))
    rule = a_rule({"freq": "once", "date": day, "from": from_, "to": to})
    midnight = datetime.combine(day, time.min, STOCKHOLM).astimezone(UTC)
    moment = midnight + data.draw(st.integers(0, 24 * 4 - 1)) * timedelta(minutes=15)
    wall = moment.astimezone(STOCKHOLM)
    shown = wall.date() == day and from_ <= f"{wall:%H:%M}" < to
    repeated = wall.fold == 1
    if not repeated:
        assert (open_state([rule], moment).state == "open") == shown


def first_shown(day, wall_time):
    """The first minute (UTC) after the midnight of `day` when a clock on the wall has come to the time."""
    hours, minutes = map(int, wall_time.split(":"))
    wall = datetime.combine(day, time.min) + timedelta(hours=hours, minutes=minutes)
    moment = datetime.combine(day, time.min, STOCKHOLM).astimezone(UTC)
    while moment.astimezone(STOCKHOLM).replace(tzinfo=None) < wall:
        moment += timedelta(minutes=1)
    return moment


def a_day_later(wall_time):
    return f"{int(wall_time[:2]) + 24}{wall_time[2:]}"


minutes = st.integers(0, 24 * 60 - 1).map(lambda n: f"{n // 60:02}:{n % 60:02}")
small_hours = st.integers(60, 240).map(lambda n: f"{n // 60:02}:{n % 60:02}")


@unhurried
@given(
    st.sampled_from(CHANGES), small_hours | minutes, small_hours | minutes | st.just("24:00"), st.booleans()
)
def test_over_a_change_of_the_clock_it_is_open_for_the_time_that_passes_between_its_hours(
    day, from_, to, every_week
):
    """A minute-by-minute reading of the clock on the wall, through the skipped and the repeated hour."""
    begins = first_shown(day, from_)
    ends = first_shown(day, to if to > from_ else a_day_later(to))
    freq = (
        {"freq": "weekly", "days": [WEEKDAYS[day.weekday()]]} if every_week else {"freq": "once", "date": day}
    )
    rule = a_rule({**freq, "from": from_, "to": to, "red_days": "open", "valid_from": day, "valid_to": day})
    since = datetime.combine(day, time.min, STOCKHOLM).astimezone(UTC)
    window = since + timedelta(days=3)
    assert in_utc(occurrences([rule], since, window)) == ([(begins, ends)] if begins < ends else [])
    changes = [jump.replace(tzinfo=UTC) for jump in (datetime(2026, 10, 25, 1), datetime(2027, 3, 28, 1))]  # noqa: DTZ001
    edges = [begins, ends, *changes, *(change + timedelta(hours=h) for change in changes for h in (-1, 1))]
    for moment in (edge + timedelta(minutes=n) for edge in edges for n in (-1, 0, 1, 30)):
        expected = "open" if begins <= moment < ends else "closed"
        assert open_state([rule], moment).state == expected


@unhurried
@given(some_rules, moments | turns, st.lists(st.integers(-60, 60 * 24 * 40), min_size=1, max_size=5))
def test_what_is_remembered_of_hours_is_what_a_new_look_would_tell(rules, moment, minutes):
    written = orjson.dumps([rule.model_dump(mode="json", by_alias=True) for rule in rules])
    for later in sorted(minutes):
        now = (moment + timedelta(minutes=later)).astimezone(STOCKHOLM).replace(second=0, microsecond=0)
        looked = _worked_out(written, now) if rules else None
        assert on(written, now) == ((looked.state, looked.coming) if looked else (None, None))
