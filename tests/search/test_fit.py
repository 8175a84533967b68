"""What lowers and lifts a listing beside others of its kind."""

from dataclasses import replace

import pytest

from search.features import Features
from search.fit import Candidate, Judge
from search.understanding.when import parse
from search.wishes import Wishes
from search.words import key

TODAY = 740_000
SORROW = Features(kind="activity", categories=frozenset({"grief-support"}), audiences=frozenset({"bereaved"}))


def points(wishes, of, on=None, *, elsewhen=False):
    told = Judge(wishes, {}, TODAY, elsewhen=elsewhen).parts(Candidate("a", of, on=on))
    return {part.name: part.points for part in told}


@pytest.mark.parametrize("sign", ["child_loss", "pet_loss"])
def test_a_group_for_another_loss_is_lowered_for_mourners_and_lifted_for_whom_it_is(sign):
    wishes = Wishes(categories={"grief-support": 1.0})
    of = replace(SORROW, signs=frozenset({sign}))
    assert points(wishes, of)["loss"] < 0
    assert points(replace(wishes, signs={sign}), of)["loss"] > 0
    assert "loss" not in points(Wishes(categories={"games": 1.0}), of)


def test_what_is_no_grief_group_is_lowered_only_for_who_seeks_one():
    of = replace(SORROW, signs=frozenset({"not_grief"}))
    assert points(Wishes(categories={"grief-support": 1.0}), of)["not_grief"] < 0
    assert "not_grief" not in points(Wishes(categories={"coffee-meetup": 1.0}), of)


def test_pay_what_you_can_counts_for_who_has_little():
    wishes = Wishes(costs={"low_cost": 1.0})
    assert (
        points(wishes, Features(cost="voluntary"))["cost"]
        > points(wishes, Features(cost="free", free=True))["cost"]
    )


def test_what_is_on_just_for_the_feast_goes_before_what_is_always_on():
    feast = Wishes(times=[parse("2026-12-24..2026-12-24/")])
    assert points(feast, Features(first_day=TODAY, last_day=TODAY), on=1.0)["feast"] > 0
    assert "feast" not in points(feast, Features(first_day=TODAY - 300), on=1.0)


def test_a_full_listing_sinks_further_for_who_asks_for_a_free_place():
    full = Features(capacity="full")
    assert points(Wishes(vacancy=True), full)["full"] < points(Wishes(), full)["full"] < 0


def test_a_need_weighs_more_than_a_convenience():
    wishes = Wishes(facts={"hearing_loop": 1.0, "drop_in": 1.0})
    need = points(wishes, Features(facts=frozenset({"hearing_loop"})))["fact"]
    assert need > points(wishes, Features(facts=frozenset({"drop_in"})))["fact"]


def test_what_else_a_listing_is_for_harms_little_when_it_is_for_just_whom_it_is_asked():
    wishes = Wishes(audiences={"addiction-relatives": 1.0}, avoid_audiences={"addiction": 1.0})
    both = Features(audiences=frozenset({"addiction", "addiction-relatives"}))
    other = Features(audiences=frozenset({"addiction"}))
    assert points(wishes, other)["avoid"] < points(wishes, both)["avoid"] < 0


def test_a_coin_is_no_hindrance_for_who_has_little_and_more_is():
    wishes = Wishes(costs={"low_cost": 1.0})

    def cost(**given):
        return points(wishes, Features(free=False, **given)).get("cost", 0)

    assert cost(cost="paid", price=30) > 0 > cost(cost="paid", price=300)
    assert cost(cost="membership", price=30) < 0


def test_a_meeting_of_members_is_lowered_for_who_does_not_ask_for_it():
    of = Features(signs=frozenset({"members_meeting"}))
    assert points(Wishes(), of)["members_meeting"] < 0
    assert "members_meeting" not in points(Wishes(words={key("årsmöte"): 1.0}), of)


def test_being_on_then_is_worth_less_for_something_else_than_was_asked_for():
    wishes = Wishes(categories={"crafts": 1.0}, times=[parse("su/")], sure_times=True)
    same, other = Features(categories=frozenset({"crafts"})), Features(categories=frozenset({"sport"}))
    assert points(wishes, other, on=1.0)["time"] < points(wishes, same, on=1.0)["time"]
    company = replace(wishes, categories={"coffee-meetup": 1.0})
    assert points(company, other, on=1.0)["time"] == points(company, same, on=1.0)["time"]


def test_when_the_activity_is_not_on_there_then_being_on_is_worth_nothing_for_others():
    wishes = Wishes(categories={"language-cafe": 1.0}, times=[parse("su/evening")])
    other = Features(categories=frozenset({"shared-meal"}))
    assert points(wishes, other, on=1.0)["time"] > 0
    assert "time" not in points(wishes, other, on=1.0, elsewhen=True)
    assert (
        points(wishes, Features(categories=frozenset({"language-cafe"})), on=1.0, elsewhen=True)["time"] > 0
    )


def test_a_line_that_is_always_open_is_not_on_for_who_asks_for_an_activity():
    line = Features(kind="support_line", categories=frozenset({"crisis-line"}))
    activity = Wishes(categories={"music": 1.0}, times=[parse("sa/")])
    assert "time" not in points(activity, line, on=1.0)
    assert points(replace(activity, kinds={"support_line": 1.0}), line, on=1.0)["time"] > 0


@pytest.mark.parametrize("group", ["suicide-bereaved", "formerly-homeless", "deafblind", "carers"])
def test_a_group_for_one_hardship_alone_sinks_for_who_has_told_of_none(group):
    closed = Features(audiences=frozenset({group}), only=frozenset({group}))
    calm = Wishes(facts={"calm_environment": 1.0})
    assert points(calm, closed)["untold"] < 0
    assert "untold" not in points(calm, replace(closed, only=frozenset()))
    assert "untold" not in points(replace(calm, belongs={group}), closed)
    assert "untold" not in points(replace(calm, audiences={group: 0.5}), closed)


def test_a_group_for_one_hardship_stays_for_who_names_what_it_does():
    closed = Features(
        audiences=frozenset({"ex-prisoners"}),
        only=frozenset({"ex-prisoners"}),
        categories=frozenset({"outdoor-life"}),
        words=f" {key('fiske')} |||",
    )
    assert "untold" not in points(Wishes(categories={"outdoor-life": 1.0}), closed)
    assert "untold" not in points(Wishes(words={key("fiske"): 1.0}), closed)
    assert points(Wishes(categories={"dance": 1.0}), closed)["untold"] < 0


def test_who_asks_in_another_language_has_told_of_coming_from_elsewhere():
    closed = Features(audiences=frozenset({"newcomers"}), only=frozenset({"newcomers"}))
    wishes = Wishes(categories={"dance": 1.0})
    assert points(wishes, closed)["untold"] < 0
    assert "untold" not in points(replace(wishes, asked_in="so"), closed)
    assert "untold" not in points(replace(wishes, languages={"so": 0.5}), closed)


def test_a_full_group_of_what_was_asked_for_stays_above_other_things():
    swimming = Features(categories=frozenset({"water-exercise"}), capacity="full")
    asked = Wishes(categories={"water-exercise": 1.0})
    room, full = points(asked, replace(swimming, capacity=None)), points(asked, swimming)
    other = points(asked, Features(categories=frozenset({"coffee-meetup"})))
    assert sum(room.values()) > sum(full.values()) > sum(other.values())
    assert points(replace(asked, vacancy=True), swimming)["full"] < full["full"]
