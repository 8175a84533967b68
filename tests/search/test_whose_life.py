"""Whose life is told, and what follows from it for the one who asks."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from search.understanding import lexicon
from search.understanding.chain import understand
from search.understanding.placebook import Places
from search.understanding.whose_life import OF_CHILD, OF_RELATIVE
from search.wishes import wishes_of

NOW = datetime(2026, 11, 25, 14, tzinfo=ZoneInfo("Europe/Stockholm"))
BOOK = Places((), {})


def asked(text):
    return understand(text, now=NOW, lexicon=lexicon.shipped(), places=BOOK)


def lives(text):
    return {one.value for one in asked(text).of("situation")}


@pytest.mark.parametrize(
    ("text", "situation"),
    [
        ("grabben på sexton har börjat röka gräs", "child-drugs"),
        ("min dotter har börjat knarka", "child-drugs"),
        ("min son är fast i drogerna", "child-drugs"),
        ("grabben på sexton har börjat röka gräs, vem frågar man", "child-drugs"),
        ("min son på 34 har börjat knarka", "relative-drugs"),
        ("brorsan har börjat röka gräs", "relative-drugs"),
    ],
)
def test_what_a_child_or_relative_does_is_told_by_the_one_beside(text, situation):
    assert situation in lives(text)
    assert not {one for one in lives(text) if one.startswith("own-")}


@pytest.mark.parametrize(
    "text",
    [
        "jag har börjat röka gräs",
        "min son tycker att jag är spelberoende",
        "jag knarkar och har en son",
    ],
)
def test_what_somebody_tells_of_herself_stays_hers(text):
    assert {one for one in lives(text) if one.startswith("own-")}


def test_each_life_told_of_another_is_a_known_one():
    known = lexicon.shipped().situations
    assert {*OF_CHILD, *OF_CHILD.values(), *OF_RELATIVE, *OF_RELATIVE.values()} <= known.keys()


@pytest.mark.parametrize(
    "text",
    [
        "أمي لا تتكلم السويدية",
        "أمي وحيدة ولا تتكلم السويدية",
        "she does not speak Swedish",
        "my mother doesn't speak Swedish",
        "hooyaday kuma hadasho af-iswiidhish",
        "äitini ei puhu ruotsia",
        "en osaa ruotsia",
        "مادرم سوئدی بلد نیست",
        "پدرم سوئدی حرف نمی‌زند",
        "мама не говорить шведською",
        "ስዊድንኛ ኣይዛረብን",
        "mi madre no habla sueco",
        "mamma talar ingen svenska",
        "pappa kan inte svenska",
    ],
)
def test_who_speaks_no_swedish_wishes_for_an_interpreter_and_nothing_in_swedish(text):
    question = asked(text)
    wishes = wishes_of(question, lexicon.shipped(), BOOK)
    assert wishes.facts["interpreter_on_request"] >= 0.5
    assert "sv" not in wishes.languages
    assert not wishes.refused


@pytest.mark.parametrize(
    "text", ["vill prata på svenska", "inte bara på svenska", "samtal på svenska, inte dyrt"]
)
def test_swedish_is_wished_for_when_nothing_refuses_it(text):
    assert "sv" in wishes_of(asked(text), lexicon.shipped(), BOOK).languages


@pytest.mark.parametrize("text", ["foreldrar me adhdbarn", "promenad me barnvagn", "nån o fika me"])
def test_a_swedish_question_with_a_word_that_looks_english_is_swedish(text):
    assert asked(text).language == "sv"


@pytest.mark.parametrize("text", ["near me", "someone to talk to me", "help me find friends"])
def test_an_english_question_about_oneself_stays_english(text):
    assert asked(text).language == "en"


@pytest.mark.parametrize(
    "text",
    ["killen jag är ihop med bestämmer vem jag får träffa", "mannen jag lever med kontrollerar min mobil"],
)
def test_the_man_somebody_lives_with_is_not_the_one_who_comes(text):
    wishes = wishes_of(asked(text), lexicon.shipped(), BOOK)
    assert wishes.audiences.get("men", 0.0) < 0.3
    assert "men" not in wishes.belongs
    assert wishes.audiences["violence-exposed"] >= 0.5
