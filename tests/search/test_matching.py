"""Phrases found in misspelt words, in parts of compounds, beside relatives and in other languages."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
import yaml

from search.understanding import kin, lexicon
from search.understanding.chain import asked_words, understand
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
