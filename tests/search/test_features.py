"""What ranking knows of a listing, and how its points add up."""

from dataclasses import replace

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from search.features import Features, held, sought, title_keys, unpack, words_of
from search.fit import Candidate, Judge
from search.ranking import rank
from search.wishes import Wishes

TODAY = 739_941
NAMES = ("a", "b", "språk", "o'neill", "café", "volunteer-tasks", "everyone", "women", "sv", "ar", "free")
terms = st.frozensets(st.sampled_from(NAMES), max_size=4)
days = st.none() | st.integers(TODAY - 800, TODAY + 800)
listings = st.builds(
    Features,
    listing_id=st.sampled_from(("one", "two", "three")),
    kind=st.sampled_from(("activity", "meeting_place", "support_line")),
    series=st.sampled_from(("s", "t")),
    **dict.fromkeys(
        ("categories", "broader", "audiences", "only", "languages", "texts", "loneliness", "attendance"),
        terms,
    ),
    facts=terms,
    not_facts=terms,
    signs=st.frozensets(st.sampled_from(("full", "recruiting", "offenders", "cancelled", "lecture"))),
    words=st.builds(words_of, terms, terms, terms, terms),
    places=st.frozensets(st.sampled_from(("södra sandby", "lund")), max_size=2),
    municipality=st.none() | st.sampled_from(("0180", "1281")),
    point=st.none() | st.tuples(st.floats(55, 69), st.floats(11, 24)),
    age_min=st.none() | st.integers(0, 60),
    age_max=st.none() | st.integers(60, 120),
    free=st.none() | st.booleans(),
    benefits=terms,
    threshold=st.integers(0, 100),
    confirmed=days,
    capacity=st.none() | st.sampled_from(("full", "waitlist", "free")),
    capacity_day=days,
    first_day=days,
    crisis=st.booleans(),
)
weights = st.dictionaries(st.sampled_from(NAMES), st.floats(0.1, 1.0), max_size=4)
wishes = st.builds(
    Wishes,
    **dict.fromkeys(
        ("categories", "audiences", "facts", "without", "loneliness", "kinds", "attendance", "languages"),
        weights,
    ),
    costs=weights,
    avoid_categories=weights,
    avoid_audiences=weights,
    belongs=st.sets(st.sampled_from(NAMES)),
    genders=st.sets(st.sampled_from(("woman", "man")), max_size=2),
    ages=st.lists(st.tuples(st.integers(0, 50), st.integers(50, 99)), max_size=2),
    asked_in=st.sampled_from(("sv", "ar")),
    words=weights,
    hints=weights,
    acute_categories=weights,
    signs=st.sets(st.sampled_from(("offenders",))),
)
found = st.builds(
    Candidate, st.uuids().map(str), listings, st.floats(0, 1), st.none() | st.sampled_from((0.0, 0.3, 1.0))
)


@given(listings)
def test_features_are_the_same_after_packing(features):
    assert unpack(features.packed()) == features


@given(terms, terms, terms, terms, st.sampled_from(NAMES))
def test_a_word_counts_where_it_weighs_most(title, near, parts, body, word):
    of = Features(words=words_of(title, near, parts, body))
    places = ((title, 1.0), (near, 0.75), (parts, 0.6), (body, 0.45))
    assert held(of, sought(word)) == next((worth for keys, worth in places if word in keys), 0.0)
    assert set(title_keys(of)) == title


def test_a_part_of_a_word_is_not_the_word():
    of = Features(words=words_of(frozenset({"språkcafé"}), frozenset(), frozenset(), frozenset({"kaffe"})))
    assert not held(of, sought("språk"))
    assert not held(of, sought("språkcaféer"))


def test_features_of_an_earlier_version_still_tell_listings_apart():
    earlier = orjson.dumps({"0": "one", "1": "activity", "2": "s", "3": ["coffee"], "e": ["kaffe"]}).decode()
    assert unpack(earlier) == Features(listing_id="one", kind="activity", series="s")


@settings(max_examples=100)
@given(wishes, found, st.dictionaries(st.sampled_from(NAMES), st.floats(0, 1)))
def test_the_score_is_the_sum_of_the_parts_that_explain_it(wished, candidate, idf):
    judge = Judge(wished, idf, TODAY)
    parts = judge.parts(candidate)
    assert judge.score(candidate) == pytest.approx(sum(part.points for part in parts))
    assert all(part.points for part in parts)


@settings(max_examples=50)
@given(wishes, st.lists(found, max_size=4))
def test_the_order_does_not_depend_on_the_order_in_which_listings_were_found(wished, candidates):
    there = [one.candidate.id for one in rank(candidates, wished, TODAY)]
    assert there == [one.candidate.id for one in rank(reversed(candidates), wished, TODAY)]


@settings(max_examples=50)
@given(wishes, found)
def test_a_wish_that_a_listing_answers_never_lowers_it(wished, candidate):
    of = candidate.features
    plain = replace(wished, languages={})
    for language in of.languages:
        more = replace(plain, languages={language: 1.0})
        assert Judge(more, {}, TODAY).score(candidate) > Judge(plain, {}, TODAY).score(candidate)
