"""A life told of a child or a relative is theirs: the asker is the one who stands beside.

And who is said to speak no Swedish is not looking for what is in Swedish.
"""

import re
from collections.abc import Sequence

from search.understanding.people import parse_age
from search.understanding.reading import Reading, Token

# What somebody lives through herself → what it is for a parent, and for another who is close.
OF_CHILD = {
    "adhd-adult": "child-npf",
    "autism-adult": "child-npf",
    "bullied-self": "child-bullied",
    "eating-disorder-self": "child-eating",
    "own-drinking": "child-drugs",
    "own-drugs": "child-drugs",
    "own-gambling": "relative-gambles",
    "own-gaming": "child-gaming",
    "own-pills": "child-drugs",
    "relative-drinks": "child-drugs",
    "relative-drugs": "child-drugs",
    "self-harm": "child-self-harm",
}
OF_RELATIVE = {
    "bipolar": "relative-mentally-ill",
    "hears-voices": "relative-mentally-ill",
    "own-drinking": "relative-drinks",
    "own-drugs": "relative-drugs",
    "own-gambling": "relative-gambles",
    "own-pills": "relative-drugs",
}
_SELF = frozenset(("i", "i'm", "im", "jag", "me", "mig"))
_HAVING = frozenset(("har", "have", "med", "och", "till"))
_HERS = frozenset(("de", "dom", "han", "he", "hon", "she", "som", "who"))

_NOT = frozenset(
    (
        "aan", "can't", "cannot", "didn't", "doesn't", "doesnt", "don't", "dont", "ei", "eivät", "ej", "emme",
        "hardly", "ingen", "inte", "knappt", "kuma", "ma", "mana", "no", "not", "не", "لا", "لم", "ما",
        "مش", "ولا",
    )
)  # fmt: skip
_NOT_ONLY = frozenset(("bara", "endast", "enbart", "just", "only"))
_VERBS_AFTER = ("نمی", "نیست", "ኣይ")  # how a refusing verb begins that stands after its object
_STOP = re.compile(r"[,.;:!?]")
BEFORE, AFTER = 3, 3
GROWN = 20  # years: such a child is told of as any relative
INTERPRETER, EASY = ("interpreter_on_request", 1.0), ("easy_read", 0.5)


def told_of(readings: Sequence[Reading], tokens: Sequence[Token], about: Sequence[Reading]) -> list[Reading]:
    """The readings, with each life that is told of somebody else as it is for the one who asks.

    `about`: ages and genders read.
    """
    persons = [one for one in about if not one.value.endswith("#self") and one.certainty != "guess"]
    if not persons:
        return list(readings)
    return [_turned(one, persons, tokens) if one.kind == "situation" else one for one in readings]


def _turned(life: Reading, persons: Sequence[Reading], tokens: Sequence[Token]) -> Reading:
    if life.value not in OF_CHILD and life.value not in OF_RELATIVE:
        return life
    for person in persons:
        if person.start <= life.start and _is_subject(person, life, tokens):
            table = OF_CHILD if person.value.endswith("#child") and not _grown(persons) else OF_RELATIVE
            return life._replace(value=table.get(life.value, life.value))
    return life


def _grown(persons: Sequence[Reading]) -> bool:
    ages = [parse_age(one.value) for one in persons if one.kind == "age" and one.value.endswith("#child")]
    return any(low >= GROWN for low, _, _ in ages)


def _is_subject(person: Reading, life: Reading, tokens: Sequence[Token]) -> bool:
    """Whether the life is told of the person: nobody else comes between, and she is not merely had."""
    between = {token.folded for token in tokens if person.end <= token.start < life.end}
    if not between.isdisjoint(_SELF):
        return False
    before = [token.folded for token in tokens if token.end <= person.start][-2:]
    return _HAVING.isdisjoint(before) or not between.isdisjoint(_HERS)


def without_swedish(readings: Sequence[Reading], tokens: Sequence[Token], text: str) -> list[Reading]:
    """The readings; who speaks no Swedish wishes for an interpreter, and for nothing in Swedish."""
    spans = [
        (one.start, one.end)
        for one in readings
        if (one.kind, one.value) == ("language", "sv") and _refused(one, tokens, text)
    ]
    if not spans:
        return list(readings)
    kept = [
        one
        for one in readings
        if (one.kind, one.value) != ("language", "sv")
        and not (one.negated and any(one.start < end and one.end > start for start, end in spans))
    ]
    facts = {one.value for one in kept if one.kind == "fact"}
    start, end = spans[0]
    new = [
        Reading("fact", fact, start, end, "likely", weight)
        for fact, weight in (INTERPRETER, EASY)
        if fact not in facts
    ]
    return kept + new


def _refused(said: Reading, tokens: Sequence[Token], text: str) -> bool:
    """Whether a "not" stands in the clause, before the language or in a verb after it."""
    words = [token for token in tokens if token.end <= said.start][-BEFORE:]
    following = [token for token in tokens if token.start >= said.end][:AFTER]
    words = [one for one in words if not _STOP.search(text[one.end : said.start])]
    following = [one for one in following if not _STOP.search(text[said.end : one.start])]
    if any(one.word in _NOT_ONLY for one in (*words, *following)):
        return False
    if any(one.word.startswith(_VERBS_AFTER) for one in following):
        return True
    finnish = text[said.start : said.end].lower().startswith("ruots")
    return any(one.word in _NOT or (finnish and one.word in {"en", "et"}) for one in words)
