"""What is said of money: a demand filters, a question or little money only lifts what costs nothing."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from search.pool import must
from search.understanding import lexicon
from search.understanding.chain import understand
from search.understanding.placebook import Places
from search.wishes import wishes_of

NOW = datetime(2026, 11, 25, 14, tzinfo=ZoneInfo("Europe/Stockholm"))
BOOK = Places((), {})


def wished(text):
    question = understand(text, now=NOW, lexicon=lexicon.shipped(), places=BOOK)
    return wishes_of(question, lexicon.shipped(), BOOK)


@pytest.mark.parametrize(
    "text",
    [
        "fika gratis",
        "gympa utan kostnad",
        "lunch, avgiftsfritt",
        "dance, no charge",
        "безкоштовно",
    ],
)
def test_free_demanded_is_demanded(text):
    assert "cost" in must(wished(text), NOW.date())


@pytest.mark.parametrize(
    "text",
    [
        "låna verktyg, kostar det nåt",
        "måste man betala",
        "konsert fast jag inte har råd",
        "pank och vill ut",
        "can't afford the ticket",
        "får man testa ett par gånger gratis först",
        "kan man prova gratis",
    ],
)
def test_a_question_little_money_or_a_free_trial_lifts_and_hides_nothing(text):
    wishes = wished(text)
    assert wishes.costs
    assert "cost" not in must(wishes, NOW.date())
