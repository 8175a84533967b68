"""What has been read in a question: words with their places in the text, and readings of them."""

from typing import Literal, NamedTuple

ReadingKind = Literal[
    "age",
    "attendance",
    "audience",
    "category",
    "cost",
    "fact",
    "gender",
    "kind",
    "language",
    "loneliness",
    "place",
    "situation",
    "time",
]
Certainty = Literal["certain", "likely", "guess"]


class Token(NamedTuple):
    """A word of the question. `start` and `end` are offsets of code points in the text as it was sent.

    `word` is lower case with spoken spellings written out; `folded` is without marks; `keys` holds every
    form that a lexicon may know the word by: its stems in the languages of its script.
    """

    start: int
    end: int
    word: str
    folded: str
    keys: frozenset[str]


class Reading(NamedTuple):  # plain tuples, as a long text makes hundreds of them
    """One thing understood: shown as a chip, usable again without the text.

    `value` is a term of a vocabulary, or for age, cost, gender, place and time a short notation that its
    module can read back. A certain reading may filter, the others only lift. `weight` (0..1) says how much
    it counts beside other readings of its kind. `negated`: the person does not want it.
    """

    kind: ReadingKind
    value: str
    start: int = 0
    end: int = 0
    certainty: Certainty = "likely"
    weight: float = 1.0
    negated: bool = False

    @property
    def chip(self) -> str:
        """The name a client switches it off by, or sends it back with: `time:su/evening`."""
        return f"{'-' if self.negated else ''}{self.kind}:{self.value}"
