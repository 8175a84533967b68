"""Phrases found in misspelt words, in parts of compounds, beside relatives and in other languages."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
import yaml

from search.understanding import kin, lexicon
from search.understanding.chain import asked_words, understand
from search.understanding.compounds import indefinite
from search.understanding.pieces import DATA
from search.understanding.placebook import Places
from search.understanding.sounds import sound
from search.wishes import wishes_of
from search.words import key

NOW = datetime(2026, 11, 25, 14, tzinfo=ZoneInfo("Europe/Stockholm"))
BOOK = Places((), {})


def asked(text):
    return understand(text, now=NOW, lexicon=lexicon.shipped(), places=BOOK)


def read(text, kind="category"):
    return {one.value for one in asked(text).of(kind) if not one.negated}


@pytest.mark.parametrize(
    ("misspelt", "meant"),
    [
        ("skjälvmord", "självmord"),
        ("fotbåll", "fotboll"),
        ("stjuts", "skjuts"),
        ("pensjon", "pension"),
        ("duch", "dusch"),
        ("annhörig", "anhörig"),
        ("kronofågden", "kronofogden"),
        ("rolit", "roligt"),
    ],
)
def test_words_that_are_often_confused_sound_the_same(misspelt, meant):
    assert sound(misspelt) == sound(meant)


def test_words_that_differ_to_the_ear_do_not_sound_the_same():
    assert len({sound(word) for word in ("sorg", "sång", "ring", "sjö", "tjur", "kur", "bil", "pil")}) == 8


@pytest.mark.parametrize(
    ("text", "category"),
    [
        ("annhöriggrup", "carer-support"),
        ("stikkafe", "crafts"),
        ("sorgegruppsträff", "grief-support"),
        ("språkcafeträff", "language-cafe"),
        ("rullstolsdans", "dance"),
    ],
)
def test_a_misspelt_or_long_compound_is_read(text, category):
    assert category in read(text)


def test_a_word_of_time_is_not_taken_apart():
    assert "shared-meal" not in read("öppet på eftermiddagen")


def test_a_word_of_another_language_is_no_misspelt_swedish_one():
    assert "clothing" not in read("just moved here, want to meet people")


def test_a_misspelt_word_is_looked_for_as_it_is_written():
    assert asked_words(asked("telefånvän")) == ["telefonvän"]


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("naag soomaali kulan", "so"),
        ("keskusteluryhmä masennus", "fi"),
        ("comida gratis", "es"),
        ("homeless shelter", "en"),
        ("schack Lund", "sv"),
        ("bingo", "sv"),
    ],
)
def test_a_question_without_small_words_is_in_the_language_that_knows_its_words(text, language):
    assert asked(text).language == language


def test_what_is_lacking_is_no_wish():
    assert "families" not in read("påsk utan familj", "audience")


def test_a_phrase_does_not_go_on_in_the_next_sentence():
    assert "lonely-general" in read("jag är ensam", "situation")
    assert "families" in read("jag tar med barnen", "audience")
    assert "families" not in read("ingen att dela den med. Barnen ringer på söndagar", "audience")
    assert "partner-died" in read("min man... dog i våras", "situation")


@pytest.mark.parametrize("text", ["i mars dog min man", "på julafton dog pappa", "nu har mamma dött"])
def test_who_it_happened_to_may_stand_after_the_verb(text):
    assert read(text, "situation") & {"partner-died", "parent-died"}


def test_what_a_question_begins_with_is_asked_for_whatever_is_told_after_it():
    asked_first = asked("gympa för en som ligger bara i sängen och orkar inte gå ut")
    in_passing = asked("jag ligger bara i sängen och orkar inte gå ut, kanske gympa")
    first, passing = (wishes_of(one, lexicon.shipped(), BOOK).categories for one in (asked_first, in_passing))
    assert first["gentle-exercise"] == 1
    assert passing["gentle-exercise"] < 1


def test_a_word_is_not_taken_for_one_that_it_only_looks_like():
    assert not read("jag känner mig konstig") & {"art"}
    assert not read("sedan fyrtio år tillbaka") & {"cooking"}


@pytest.mark.parametrize("text", ["شوهرم کتکم می زند", "شوهرم کتکم می\u200cزند", "شوهرم کتکم میزند"])
def test_a_persian_word_is_read_with_a_space_a_joiner_or_nothing_in_it(text):
    assert "violence-line" in read(text)


@pytest.mark.parametrize("text", ["با بچه ها", "با بچه\u200cها"])
def test_a_persian_plural_is_read_with_a_space_or_a_joiner(text):
    assert "children_welcome" in read(text, "fact")


def test_a_not_does_not_turn_a_fact_that_nobody_wishes_against():
    for text in ("utan sorl", "inga lysrör", "slippa rakvatten", "inget oväsen", "har ingen dusch"):
        assert [one.negated for one in asked(text).of("fact")] == [False], text
    assert any(one.negated for one in asked("utan hundar").of("fact"))


def test_a_word_for_a_relative_is_no_group_to_look_for():
    assert not read("min mamma behöver sällskap", "audience") & {"parents", "women"}
    assert not read("min sambo bestämmer vem jag får träffa", "audience") & {"men", "women"}


def test_hemifran_alone_is_no_wish_for_a_screen():
    attendance = {one.value: one.weight for one in asked("behöver komma hemifrån").of("attendance")}
    assert attendance.get("online", 0) < 0.5


def test_the_very_activity_is_wished_within_its_category():
    wished = wishes_of(asked("syjunta"), lexicon.shipped(), BOOK)
    assert wished.hints[key("systuga")] > wished.hints.get(key("schack"), 0)


def test_words_of_the_very_activity_stand_sorted_and_once():
    for group in yaml.safe_load((DATA / "kin.yaml").read_text(encoding="utf-8")):
        assert list(group) == ["say", "text"]
        assert all(words == sorted(set(words)) for words in group.values())
        assert kin.kin(key(group["text"][0])) or group["text"][0] not in group["say"]


def test_who_asks_for_a_group_of_mourners_is_let_into_it():
    assert "bereaved" in wishes_of(asked("sorgegrupp"), lexicon.shipped(), BOOK).belongs


def test_grown_up_is_no_age_to_look_for():
    assert not wishes_of(asked("lära mig cykla som vuxen"), lexicon.shipped(), BOOK).audiences.get("seniors")


def test_a_phrase_in_the_midst_of_a_wider_one_of_its_kind_says_nothing_more():
    assert read("assistenten ska inte behöva betala inträde", "cost") == {"companion_free"}
    assert read("jag ska inte behöva betala inträde", "cost") == {"free"}


@pytest.mark.parametrize("said", ["utan", "ingen", "slipper", "kräver inte", "inte ha"])
def test_what_is_not_asked_for_is_said_in_many_ways(said):
    question = asked(f"fika, {said} legitimation")
    assert "-fact:id_required" in {one.chip for one in question.readings}


@pytest.mark.parametrize("text", ["jag saknar min hund", "saknar mina barn", "får inte ha hund hemma"])
def test_whom_somebody_misses_is_not_unwanted(text):
    assert {one.chip for one in asked(text).readings} & {
        "-fact:pets_welcome",
        "-fact:children_welcome",
    } == set()


def test_nobody_who_asks_is_not_a_place_without_questions():
    assert read("ingen frågar hur jag mår", "fact") == set()
    assert read("ett ställe med inga frågor", "fact") == {"anonymous_ok"}


def test_none_is_the_same_word_in_all_its_forms():
    assert asked("ingen förkunskap").readings[0].chip == "-fact:prior_knowledge_required"


def test_words_for_what_is_not_wanted_are_hardly_looked_for():
    weights = {word.token.folded: word.weight for word in asked("dagverksamhet utan biståndsbeslut").words}
    assert weights["bistandsbeslut"] < weights["dagverksamhet"]
    assert "nybörjare" in asked_words(asked("cykelskola för nybörjare"))


def test_somebody_in_a_phrase_about_a_need_is_not_whom_it_is_for():
    made = asked("mina föräldrar får inte få veta att jag går dit")
    assert [one.weight for one in made.of("audience")] == [0.5]


def test_what_somebody_needs_she_needs_beside_any_activity_too():
    alone = wishes_of(asked("man får vara berusad"), lexicon.shipped(), BOOK)
    beside = wishes_of(asked("kaffe, man får vara berusad"), lexicon.shipped(), BOOK)
    assert beside.without["sobriety_required"] == alone.without["sobriety_required"]
    assert beside.audiences["homeless"] < alone.audiences["homeless"]


def test_the_word_for_swedish_alone_asks_for_no_language():
    assert wishes_of(asked("lära mig svenska"), lexicon.shipped(), BOOK).languages == {}


@pytest.mark.parametrize(
    ("text", "chip"),
    [
        ("nykter kväll, vill inte gå på AA", "-category:peer-support-group"),
        ("vill inte gå till någon sorgegrupp", "-category:grief-support"),
    ],
)
def test_what_somebody_does_not_want_to_go_to_is_not_wanted(text, chip):
    assert chip in {one.chip for one in asked(text).readings}


@pytest.mark.parametrize(
    "text",
    [
        "jag vill inte att min man slår mig",
        "vill inte vara hos min man som slår",
        "vill inte träffa min man som slår",
        "vill inte vara hemlös",
        "vill inte ha en ätstörning",
        "vill inte ha ångest",
        "vill inte vara anhörigvårdare",
    ],
)
def test_what_somebody_wants_to_escape_refuses_no_help_against_it(text):
    found = asked(text).readings
    assert {one.kind for one in found} & {"audience", "category", "situation"}
    assert [one.chip for one in found if one.negated] == []


def test_not_wanting_to_miss_something_refuses_it_not():
    assert not any(one.negated for one in asked("vill inte missa promenaden").readings)


def test_a_long_phrase_may_be_told_with_an_age_in_its_midst():
    assert "child-worry" in read("sonen är 28 och kommer aldrig ut ur sitt rum", "situation")


@pytest.mark.parametrize(
    ("text", "category"),
    [("paddan", "digital-help"), ("brödet", "cooking"), ("soppan", "shared-meal")],
)
def test_a_definite_form_that_the_stemmer_leaves_is_read_as_its_word(text, category):
    assert category in read(text)


def test_a_word_of_the_dictionary_is_no_definite_form_of_another():
    assert not [word for word in ("banan", "roman", "vatten", "innan", "start") if indefinite(word)]


def test_the_very_activity_is_wished_in_its_definite_form_too():
    assert wishes_of(asked("när är schacket"), lexicon.shipped(), BOOK).hints.get(key("schack"))


def test_words_whose_stems_fall_together_are_told_apart():
    assert read("andra som fattar", "cost") == set()
    assert read("vi är fattiga", "audience") == {"low-income"}


def test_a_mother_that_one_goes_with_is_not_the_one_who_asks():
    assert [one.value for one in asked("var kan jag sitta med mamma").of("gender")] == ["woman#relative"]


def test_the_only_language_of_somebody_is_told_from_one_beside_others():
    made = wishes_of(asked("farfar talar bara albanska"), lexicon.shipped(), BOOK)
    assert made.this_language_alone
    assert not wishes_of(asked("samtal på albanska"), lexicon.shipped(), BOOK).this_language_alone


def test_the_first_times_free_is_no_wish_that_all_is_free():
    assert read("boule, gratis de första gångerna", "cost") == {"low_cost"}
