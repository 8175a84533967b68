"""What must hold for any question, made of the lexicon's own phrases, places, times and people."""

from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
import yaml
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from app import db
from app.services import geography, taxonomies
from app.services.find_request import Knowledge
from search.understanding.chain import understand, without
from search.understanding.lexicon import DATA, shipped

AS_OF = "2026-11-25T14:00:00+01:00"
NOW = datetime(2026, 11, 25, 14, tzinfo=ZoneInfo("Europe/Stockholm"))
SEARCH = "/api/v1/search"


def told() -> Iterator[str]:
    """Sentences of situations, without those that name classes of words."""
    for path in sorted(DATA.glob("situations-*.yaml")):
        for written in yaml.safe_load(path.read_text(encoding="utf-8")).values():
            for phrases in written["phrases"].values():
                yield from (str(one).lstrip("?") for one in phrases if "<" not in str(one))


TERMS = [text for texts in shipped().texts.values() for text, _, _ in texts]
NAMED = [text for text, kind, _ in shipped().texts["sv"] if kind == "category"]
PLACES = (
    "i Farsta",
    "nära Malmö",
    "Uppsala",
    "in Göteborg",
    "i Skåne",
    "Alby",
    "123 47",
    "nära mig",
    "i Lund",
)
TIMES = ("på söndag kväll", "imorgon", "öppet nu", "på helgen", "kl 18", "tonight", "tisdagar", "i jul", "nu")
PEOPLE = (
    "jag är 72 år",
    "min 9-åring",
    "kvinna 34",
    "man 45 år",
    "65+",
    "min mamma 81 år",
    "13–19 år",
    "tjej 17",
)
HOW = (
    "gratis",
    "utan anmälan",
    "rullstol",
    "på arabiska",
    "inte religiöst",
    "utan alkohol",
    "på nätet",
    "drop-in",
)
FILLER = (
    "jag vill",
    "finns det",
    "och",
    ",",
    ".",
    "?",
    "inte",
    "utan",
    "xyzzy",
    "🙂",
    "!!",
    "\n",
    "a",
    "för",
)

pieces = st.one_of(
    st.sampled_from(TERMS),
    st.sampled_from(sorted(told())),
    *(st.sampled_from(one) for one in (PLACES, TIMES, PEOPLE, HOW, FILLER)),
)
questions = st.lists(pieces, min_size=1, max_size=5).map(" ".join).filter(lambda text: len(text) <= 500)
quick = settings(
    deadline=None,
    max_examples=300,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    derandomize=True,
)
over_http = settings(quick, max_examples=40)


@pytest.fixture(scope="module")
def knowledge(schema: None) -> Knowledge:
    with db.read_scope() as session:
        return Knowledge(taxonomies.vocabulary(session), geography.gazetteer(session))


def read(knowledge: Knowledge, text: str, **more):
    return understand(text, now=NOW, lexicon=knowledge.lexicon, places=knowledge.book, located=True, **more)


# What is read


@given(text=questions, data=st.data())
@quick
def test_switching_a_chip_off_changes_no_other_reading(knowledge, text, data):
    whole = read(knowledge, text)
    chips = sorted({one.chip for one in whole.readings})
    assume(chips)
    off = data.draw(st.sets(st.sampled_from(chips), min_size=1, max_size=3))
    less = read(knowledge, text, ignore=off)
    assert less.readings == tuple(one for one in whole.readings if one.chip not in off)
    assert (less.tokens, less.language, less.stages) == (whole.tokens, whole.language, whole.stages)
    later = without(whole, off, knowledge.lexicon)
    assert (later.readings, later.words, later.acute) == (less.readings, less.words, less.acute)


@given(text=questions)
@quick
def test_a_reading_stands_on_whole_words_of_the_text(knowledge, text):
    question = read(knowledge, text)
    assert question == read(knowledge, text)
    starts, ends = {one.start for one in question.tokens}, {one.end for one in question.tokens}
    for reading in question.readings:
        assert 0 <= reading.start < reading.end <= len(text)
        assert 0 < reading.weight <= 1
        within = text[reading.start : reading.end]
        assert within.strip() == within, reading
        assert any(start <= reading.start for start in starts)
        assert any(reading.end <= end for end in ends)
    assert len({one.chip for one in question.readings}) <= len(question.readings)


@given(text=questions, data=st.data())
@quick
def test_a_chip_sent_back_is_read_again_as_the_same_wish(knowledge, text, data):
    whole = read(knowledge, text)
    assume(whole.readings)
    sent = data.draw(st.sampled_from(whole.readings))
    again = read(knowledge, "", given=[sent])
    assert [one.chip for one in again.readings] == [sent.chip]
    assert sum(one.chip == sent.chip for one in read(knowledge, text, given=[sent]).readings) == 1


# What is found


def ask(client, **wishes) -> dict:
    response = client.post(SEARCH, json={"as_of": AS_OF, "limit": 40, **wishes})
    assert response.status_code == 200, response.text
    return response.json()


def shown(answer: dict) -> list[dict]:
    return [*answer["items"], *((answer["acute"] or {}).get("lines", []))]


FACTS = ("wheelchair_accessible", "drop_in", "free_food", "registration_required", "step_free_entrance")


@given(text=st.one_of(st.just(""), questions), fact=st.sampled_from(FACTS))
@over_http
def test_a_wished_fact_never_shows_what_is_known_to_lack_it(small_square, text, fact):
    for chip, other, wrong in (
        (f"fact:{fact}", f"-fact:{fact}", False),
        (f"-fact:{fact}", f"fact:{fact}", True),
    ):
        answer = ask(small_square, q=text, chips=[chip])
        assume(other not in {one["chip"] for one in answer["interpretation"]["chips"]})
        if not answer["total"]:
            continue  # nothing fits: what is nearest to it is shown instead
        shows = [item["external_id"] for item in answer["items"] if item["facts"].get(fact) is wrong]
        assert not shows, (text, chip, shows)


@given(text=st.one_of(st.just(""), questions), fact=st.sampled_from(FACTS))
@over_http
def test_what_is_not_known_comes_after_what_is_and_only_when_asked_for(small_square, text, fact):
    answer = ask(small_square, q=text, fact=[fact], include_unknown=True)
    full = [item["facts"].get(fact) for item in answer["items"] if item["matched"] == "all"]
    assert False not in full, (text, fact)
    if not text:
        assert full == sorted(full, key=lambda value: value is None), fact
    certain = ask(small_square, q=text, fact=[fact])
    assert {item["facts"].get(fact) for item in certain["items"] if item["matched"] == "all"} <= {True}, (
        text,
        fact,
    )


@given(
    category=st.sampled_from(NAMED), term=st.sampled_from(("faith", "culture", "movement")), text=questions
)
@over_http
def test_what_is_refused_is_not_shown(small_square, category, term, text):
    answer = ask(small_square, q=f"{text} {category}", chips=[f"-category:{term}"])
    words = small_square.portal.call(small_square.app.state.search.knowledge).vocabulary
    family = set(words.category_family(term))
    assert family
    shows = [item["external_id"] for item in answer["items"] if family & set(item["categories"])]
    assert not shows, (text, category, term, shows)


AGES = st.integers(min_value=0, max_value=100)
FAMILIES = {"addiction-relatives", "carers", "families", "parents", "single-parents"}


@given(text=st.sampled_from(NAMED), age=AGES)
@over_http
def test_nobody_is_shown_what_is_for_other_ages(small_square, text, age):
    for item in ask(small_square, q=text, chips=[f"age:{age}#self"])["items"]:
        low, high = (item["age"] or {}).get("min") or 0, (item["age"] or {}).get("max")
        admits = low <= age and (high is None or age <= high)
        if age < 18:  # somebody asks for the child, and may come along to what is for families
            admits = admits or not FAMILIES.isdisjoint(one["term"] for one in item["audiences"])
        assert admits, (text, age, item["external_id"], item["age"])


@given(text=st.sampled_from(NAMED), gender=st.sampled_from(["man", "woman"]))
@over_http
def test_nobody_is_shown_what_is_only_for_the_other_gender(small_square, text, gender):
    other = {"man": "women", "woman": "men"}[gender]
    answer = ask(small_square, q=text, chips=[f"gender:{gender}#self"])
    assume(f"audience:{other}" not in {one["chip"] for one in answer["interpretation"]["chips"]})
    for item in shown(answer):
        only = {one["term"] for one in item["audiences"] if one.get("only")}
        assert other not in only or len(only) > 1, (text, gender, item["external_id"])


@given(text=questions)
@over_http
def test_pages_are_pieces_of_one_row_that_does_not_change(small_square, text):
    row = [item["id"] for item in ask(small_square, q=text, limit=30)["items"] if item["matched"] == "all"]
    assert len(row) == len(set(row))
    pages = [
        item["id"]
        for page in (1, 2, 3)
        for item in ask(small_square, q=text, limit=10, page=page)["items"]
        if item["matched"] == "all"
    ]
    assert pages == row, text
