"""A life is read by its signs, as people tell them; what is done for pleasure is no sign of anything."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from search.understanding import lexicon
from search.understanding.chain import understand
from search.understanding.placebook import Places
from search.understanding.reading import Reading
from search.wishes import wishes_of

NOW = datetime(2026, 11, 25, 14, tzinfo=ZoneInfo("Europe/Stockholm"))
BOOK = Places((), {})


def asked(text):
    return understand(text, now=NOW, lexicon=lexicon.shipped(), places=BOOK)


def lives(text) -> list[Reading]:
    return [one for one in asked(text).of("situation") if one.weight >= 0.45]


@pytest.mark.parametrize(
    ("text", "situation"),
    [
        ("telefonen är tyst dag ut och dag in", "morning-call"),
        ("pratar mest med krukväxterna nuförtiden", "talks-to-nobody"),
        ("går till affären bara för att få säga hej", "talks-to-nobody"),
        ("I talk more to my plants than to people", "talks-to-nobody"),
        ("ingen sa grattis när jag blev sjuttio", "forgotten-birthday"),
        ("nobody came to my birthday", "forgotten-birthday"),
        ("vännerna försvann när jag blev sjuk", "ill-and-forgotten"),
        ("jag dukar för en varje kväll", "eats-alone"),
        ("ligger i soffan hela dagarna", "empty-days"),
        ("min dotter svarar inte på mina sms", "estranged"),
        ("brorsan har brutit kontakten", "estranged"),
        ("my son never calls", "estranged"),
        ("alla i klassen utom min son fick komma", "child-no-friends"),
        ("hon sitter på sitt rum, min dotter blir inte bjuden", "child-no-friends"),
        ("hans kläder hänger kvar i hallen", "partner-died"),
        ("femtio år ihop och nu är han borta", "partner-died"),
        ("hundkorgen står kvar", "pet-died"),
        ("yngsta flyttade hemifrån i höst", "empty-nest"),
        ("gula fläcken har tagit min syn", "blind"),
        ("har inte varit utanför dörren på en månad", "cant-get-out"),
        ("får inte köra bil längre", "rural-alone"),
        ("pengarna tar slut långt före månaden", "cant-pay-bills"),
        ("det blir bara gröt sista veckan", "no-food"),
        ("barnen har växt ur skorna", "no-clothes"),
        ("min fru känner inte igen mig längre", "dementia-partner"),
        ("kan inte lämna min man ensam", "carer-spouse"),
        ("kollegorna tystnar när jag kommer", "left-out-at-work"),
        ("vi lever som syskon", "lonely-in-relationship"),
        ("vänder i dörren varje gång", "social-anxiety"),
        ("sonen säger att han inte vill leva", "child-suicidal"),
        ("jag har sparat ihop tabletter", "suicidal-self"),
        ("döljer mina blåmärken", "partner-violence"),
        ("män som blir slagna av sin sambo", "partner-violence"),
        ("jag smäller till frugan när jag blir arg", "perpetrator"),
        ("jag sticker fingrarna i halsen", "eating-disorder-self"),
        ("tänder på sånt som är förbjudet", "sexual-thoughts-children"),
        ("min son gamar dygnet runt", "child-gaming"),
        ("flyktingar som sett hemska saker", "war-memories"),
        ("klarar inte att gå in genom dörren själv", "try-together"),
        ("ensam tvåbarnspappa", "single-parent"),
        ("skam och skuld", "shame"),
        ("tala om skuld inför Gud", "faith-doubt"),
    ],
)
def test_a_life_is_read_by_its_signs(text, situation):
    assert situation in {one.value for one in lives(text)}


@pytest.mark.parametrize("text", ["barnen ringer aldrig", "har barn som aldrig ringer"])
def test_never_stands_before_the_verb_of_a_subordinate_clause_too(text):
    assert "estranged" in {one.value for one in lives(text)}


@pytest.mark.parametrize(
    "text",
    [
        "huset är öppet hela dagen",
        "finns det ett tyst rum att meditera i",
        "vår förening söker en tyst lokal",
        "min man vill spela bridge",
        "jag och min fru vill dansa bugg",
        "boxning för tjejer",
        "nybörjare i kickboxning, sparkar och slag",
        "slå rekord i schack",
        "skjuta luftgevär för ungdomar",
        "kniv och täljkurs för barn",
        "hoppa från trampolin",
        "grym improvisationsteater som dödar tristessen",
        "mamma vill gå på opera",
        "barnen vill prova klättring",
        "dukar ni fram frukost gratis",
        "ringer man för att anmäla sig",
        "titta på fotboll på storskärm",
        "sista veckan i månaden är det väl jazz",
        "killing it at stand-up comedy",
        "is the house open all day",
    ],
)
def test_what_is_done_for_pleasure_is_no_sign(text):
    assert not lives(text)
    assert asked(text).acute is None


def test_who_was_left_is_not_read_in_all_that_is_left_somewhere():
    assert "newly-separated" in {one.value for one in lives("blev lämnad i våras")}
    assert "newly-separated" not in {one.value for one in lives("var kan man få en cykel lämnad på lagning")}


@pytest.mark.parametrize(
    ("text", "situation"),
    [
        ("jag vet inte vart mitt liv tog vägen efter det", "life-hard"),
        ("allt jag hade byggt upp är borta", "life-hard"),
        ("mitt barn säger aldrig vad som hänt i gympasalen", "child-worry"),
        ("min syster och jag har inte setts på sju år", "someone-hard"),
    ],
)
def test_a_life_in_words_no_phrase_holds_is_still_heard(text, situation):
    assert [one.value for one in lives(text)] == [situation]


@pytest.mark.parametrize(
    "text",
    [
        "min pappa vill prova något som han aldrig har gjort",
        "finns det något för min syster som inte kostar",
        "jag pratar inte svenska men arabiska",
        "jag kan inte komma före klockan sex",
        "var är ni om jag inte hittar?",
        "i Nacka på lördag, inte inomhus",
        "jag har aldrig spelat schack förut",
    ],
)
def test_who_asks_for_something_tells_of_no_hard_life(text):
    assert not lives(text)


def test_fast_is_no_aunt():
    assert not lives("det är fast pris på gräsklippning")
    assert "parent-died" not in {one.value for one in lives("faster dog i våras")}
    assert "friend-died" in {one.value for one in lives("faster dog i våras")}


@pytest.mark.parametrize("text", ["har inte varit i skolan sen höstlovet", "jag ska kastas ut till nyår"])
def test_a_holiday_that_is_told_is_no_wish_for_what_is_done_on_it(text):
    assert not {"holiday-camp", "holiday-gathering"} & {one.value for one in asked(text).of("category")}
    assert asked("på höstlovet").of("category")


@pytest.mark.parametrize(
    "text",
    [
        "barnet har druckit spolarvätska",
        "min dotter svalde ett knappcellsbatteri",
        "tvååringen har ätit liljekonvalj",
        "my son swallowed a button battery",
    ],
)
def test_something_poisonous_swallowed_is_no_drinking_of_anybody(text):
    question = asked(text)
    assert question.acute == "child"
    assert "poisoned" in {one.value for one in question.of("situation")}
    wishes = wishes_of(question, lexicon.shipped(), BOOK)
    assert wishes.acute_categories == {"illness-line": 1.0}
    assert "addiction-line" not in wishes.categories


@pytest.mark.parametrize("text", ["drack kaffe med grannen", "har ätit middag ensam i tre år"])
def test_what_one_eats_and_drinks_is_no_poison(text):
    assert asked(text).acute is None
