"""The filter tree in Meilisearch's language."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from search.filters import (
    NEVER,
    And,
    AtLeast,
    AtMost,
    Between,
    Equals,
    GeoBox,
    GeoRadius,
    In,
    Missing,
    Not,
    Or,
    all_of,
    fields,
    quote,
    to_meilisearch,
)


@pytest.mark.parametrize(
    ("node", "written"),
    [
        (Equals("kind", "activity"), "kind = 'activity'"),
        (Equals("free", value=True), "free = true"),
        (In("categories", ("a", "b")), "categories IN ['a', 'b']"),
        (AtLeast("age_max", 15), "age_max >= 15"),
        (AtMost("price_from_sek", 49.5), "price_from_sek <= 49.5"),
        (Between("occurrence_days", 5, 9), "occurrence_days 5 TO 9"),
        (Missing("age_min"), "age_min NOT EXISTS"),
        (Not(Equals("facts_false", "lift")), "NOT (facts_false = 'lift')"),
        (And((Equals("a", 1), Or((Equals("b", 2), Equals("c", 3))))), "(a = 1) AND ((b = 2) OR (c = 3))"),
        (GeoRadius(59.0, 18.0, 1000.0), "_geoRadius(59.0, 18.0, 1000.0)"),
        (GeoBox(58.0, 17.0, 60.0, 19.0), "_geoBoundingBox([60.0, 19.0], [58.0, 17.0])"),
        (NEVER, "id IN []"),
    ],
)
def test_each_kind_of_filter_is_written(node, written):
    assert to_meilisearch(node) == written


@given(st.text())
def test_a_value_cannot_leave_its_quotes(value):
    written = quote(value)
    assert written[0] == written[-1] == "'"
    inner = written[1:-1].replace("\\\\", "").replace("\\'", "")
    assert "'" not in inner
    assert "\\" not in inner


def test_no_filter_is_none_and_one_filter_stands_alone():
    assert all_of([None, None]) is None
    assert all_of([None, Missing("a")]) == Missing("a")


def test_the_fields_of_a_tree_are_told():
    assert fields(And((Not(Equals("a", 1)), Or((Missing("b"), GeoRadius(1, 2, 3)))))) == {"a", "b", "_geo"}
