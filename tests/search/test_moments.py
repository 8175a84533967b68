"""Filters for days and parts of days."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from search.filters import In
from search.moments import on_days
from search.pool import when_filter
from search.understanding.when import parse

NOW = datetime(2026, 11, 25, 14, tzinfo=ZoneInfo("Europe/Stockholm"))


@pytest.mark.parametrize(("weeks", "remainder"), [("odd", 1), ("even", 0)])
def test_a_wish_for_odd_or_even_weeks_asks_for_days_of_just_those_weeks(weeks, remainder):
    asked = on_days(None, None, {1}, {2}, today=date(2026, 11, 25), weeks=weeks)
    assert isinstance(asked, In)
    days = [date.fromordinal(int(value) // 4) for value in asked.values]
    assert days[0] >= date(2026, 11, 25)
    assert {day.weekday() for day in days} == {1}
    assert {day.isocalendar().week % 2 for day in days} == {remainder}
    # Week 53 is odd, and so is week 1 after it: two Tuesdays in a row.
    new_year = {date(2026, 12, 29), date(2026, 12, 29) + timedelta(days=7)}
    assert (new_year <= set(days)) == (weeks == "odd")


def test_the_chip_of_odd_weeks_becomes_that_filter():
    odd = when_filter(parse("tu/evening/odd"), NOW, or_unknown=False)
    assert odd == on_days(None, None, {1}, {2}, today=NOW.date(), weeks="odd")
