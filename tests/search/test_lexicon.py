"""The lexicon's files keep their form, every name in them is known, and reading a question is quick."""

import json
import re
import statistics
import time
from collections.abc import Iterator
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any, get_args
from zoneinfo import ZoneInfo

import pytest
import yaml

from app import db
from app.schemas.listing import Attendance, Kind, Loneliness
from app.services import geography, taxonomies
from app.services.find_labels import SMALL
from app.services.find_request import Knowledge
from search.understanding.chain import understand
from search.understanding.keys import LANGUAGES
from search.understanding.lexicon import DATA, kind_of
from search.understanding.reading import ReadingKind

ROOT = Path(__file__).parents[2]
WORDS = ROOT / "app" / "data" / "vocabularies"
MOST_WORDS = 6
FILES = sorted(path.stem for path in DATA.glob("*.yaml"))
SITUATIONS = [name for name in FILES if name.startswith("situations")]
TERMS = [name for name in FILES if kind_of(name)]
NOW = datetime(2026, 11, 25, 14, tzinfo=ZoneInfo("Europe/Stockholm"))


class Strict(yaml.CSafeLoader):
    """Refuses a key that stands twice, where YAML itself forgets the first; everything else is text."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [key.value for key, _ in node.value]
        assert len(keys) == len(set(keys)), f"{node.start_mark}: twice {max(keys, key=keys.count)}"
        return super().construct_mapping(node, deep=deep)


Strict.yaml_implicit_resolvers = {}


def read(name: str) -> dict[str, Any]:
    return yaml.load((DATA / f"{name}.yaml").read_text(encoding="utf-8"), Loader=Strict)  # noqa: S506  a safe one


def vocabulary(name: str) -> dict[str, dict[str, Any]]:
    return {term["id"]: term for term in yaml.safe_load((WORDS / f"{name}.yaml").read_text(encoding="utf-8"))}


KNOWN: dict[str, list[str]] = {
    "category": list(vocabulary("categories")),
    "audience": list(vocabulary("audiences")),
    "fact": list(vocabulary("facts")),
    "language": [line.split(",")[0] for line in (WORDS / "languages_sv.csv").read_text().splitlines()[1:]],
    "attendance": list(get_args(Attendance)),
    "cost": list(SMALL["cost"]),
    "kind": [kind.value for kind in Kind],
    "loneliness": list(get_args(Loneliness)),
}
SITUATION = {"label", "words", "signs", "means", "avoid", "is", "acute", "phrases"}
SIGNS = set(yaml.safe_load((DATA.parent / "signs.yaml").read_text(encoding="utf-8")))
CLASSES = read("classes")
ACUTE = read("acute")


def lists() -> Iterator[tuple[str, str, str, list[str]]]:
    """File, term, language and phrases of every list of phrases."""
    for name in FILES:
        if name == "acute":
            continue
        for term, content in read(name).items():
            by_language = content.get("phrases", {}) if name in SITUATIONS else content
            for language, phrases in by_language.items():
                yield name, term, language, phrases


ALL = list(lists())


def test_every_file_is_read():
    assert set(FILES) == {*TERMS, *SITUATIONS, "acute", "classes"}
    assert {kind_of(name) for name in TERMS} == set(KNOWN)
    assert set(KNOWN) | {"situation"} <= set(get_args(ReadingKind))


@pytest.mark.parametrize("name", TERMS)
def test_terms_are_known(name):
    known = KNOWN[kind_of(name)]
    terms = [term.removeprefix("not:") for term in read(name)]
    assert not set(terms) - set(known)


def test_languages_are_known_and_in_one_order():
    wrong = [
        f"{name}: {term}: {list(content)}"
        for name in FILES
        for term, content in read(name).items()
        for content in [content.get("phrases", {}) if name in SITUATIONS else content.get("text", content)]
        if list(content) != [language for language in LANGUAGES if language in content]
    ]
    assert not wrong


def test_phrases_are_sorted_and_stand_once_in_a_list():
    wrong = [
        f"{name}: {term}: {language}: {one!r} before {other!r}"
        for name, term, language, phrases in ALL
        for one, other in pairwise(phrases)
        if not one < other
    ]
    assert not wrong


def test_phrases_are_short_texts():
    wrong = [
        f"{name}: {term}: {language}: {phrase!r}"
        for name, term, language, phrases in ALL
        for phrase in phrases
        if not isinstance(phrase, str)
        or not phrase.strip("? ")
        or phrase != " ".join(phrase.split())
        or len(phrase.replace("-", " ").split()) > MOST_WORDS
    ]
    assert not wrong


def test_no_phrase_is_strong_and_weak_at_once():
    wrong = [
        f"{name}: {term}: {language}: {phrase}"
        for name, term, language, phrases in ALL
        for phrase in phrases
        if f"?{phrase}" in phrases
    ]
    assert not wrong


def test_classes_that_phrases_name_have_members_in_that_language():
    wrong = [
        f"{name}: {term}: {language}: {phrase}"
        for name, term, language, phrases in ALL
        for phrase in phrases
        for called in re.findall(r"<(.*?)>", phrase)
        if not CLASSES.get(called, {}).get(language)
    ]
    assert not wrong
    assert all(re.fullmatch("[a-z_]+", name) for name in CLASSES)


def test_every_class_is_used():
    used = {called for *_, phrases in ALL for phrase in phrases for called in re.findall(r"<(.*?)>", phrase)}
    assert set(CLASSES) == used


@pytest.mark.parametrize("name", SITUATIONS)
def test_a_situation_lifts_and_lowers_what_is_known(name):
    for identifier, written in read(name).items():
        assert set(written) <= SITUATION, identifier
        assert written.get("words", []) == sorted(set(written.get("words", ()))), identifier
        assert set(written.get("signs", ())) <= SIGNS, identifier
        assert set(written["label"]) == {"sv", "en"}, identifier
        assert written.get("means"), identifier
        assert written["phrases"].get("sv"), identifier
        assert set(written.get("avoid", {})) <= {"category", "audience", "kind", "fact"}, identifier
        for weights in (written["means"], written.get("avoid", {})):
            for kind, terms in weights.items():
                assert not set(terms) - set(KNOWN[kind]), identifier
                assert all(0.1 <= float(weight) <= 1 for weight in terms.values()), identifier
        assert set(written.get("is", ())) <= set(KNOWN["audience"]), identifier
        assert written.get("acute") in {None, *ACUTE}, identifier


def test_a_situation_has_one_place():
    ids = [identifier for name in SITUATIONS for identifier in read(name)]
    assert len(ids) == len(set(ids))


def test_every_acute_sign_is_told_by_some_situation_and_answered_in_every_language():
    told = {written.get("acute") for name in SITUATIONS for written in read(name).values()}
    assert set(ACUTE) == told - {None}
    for sign, answer in ACUTE.items():
        assert set(answer["text"]) == set(LANGUAGES), sign
        assert answer["reviewed"], sign
        assert "112" in answer["numbers"], sign
        assert all(re.fullmatch("[0-9]{3,6}", number) for number in answer["numbers"]), sign
        assert not set(answer["categories"]) - set(KNOWN["category"]), sign
        assert not set(answer.get("audiences", ())) - set(KNOWN["audience"]), sign
        for language, text in answer["text"].items():
            assert "112" in text, f"{sign}: {language}"


@pytest.fixture(scope="module")
def knowledge(schema: None) -> Knowledge:
    with db.read_scope() as session:
        return Knowledge(taxonomies.vocabulary(session), geography.gazetteer(session))


# How many times slower than a core of its own a shared one may be.
SLOW = 4


def seconds(knowledge: Knowledge, texts: list[str]) -> list[float]:
    """Of this process's own time for each text, the words of all met before."""

    def once(text: str) -> float:
        began = time.process_time()
        understand(text, now=NOW, lexicon=knowledge.lexicon, places=knowledge.book)
        return time.process_time() - began

    for text in texts:
        once(text)
    return [min(once(text) for _ in range(3)) for text in texts]


def questions() -> list[str]:
    files = (ROOT / "eval").glob("*_queries.jsonl")
    return [json.loads(line)["q"] for file in files for line in file.read_text(encoding="utf-8").splitlines()]


def test_a_question_is_read_in_two_milliseconds(knowledge):
    taken = seconds(knowledge, questions())
    assert statistics.median(taken) < 0.002 * SLOW
    assert max(taken) < 0.010 * SLOW


def test_the_longest_text_is_read_in_ten_milliseconds(knowledge):
    asked = questions()
    texts = [" ".join(asked[start:])[:2000] for start in range(0, len(asked) - 100, 20)]
    assert all(len(text) == 2000 for text in texts)
    assert statistics.median(seconds(knowledge, texts)) < 0.010 * SLOW
