"""A life told in words nobody foresaw: that it is hard, and whose it is, is still understood.

Who tells of herself or of somebody near in a whole sentence, in words of lack, and asks for nothing by its
name, needs somebody who listens: "min syster och jag har inte setts på sju år".
"""

import re
from collections.abc import Sequence

from search.understanding.lexicon import Lexicon, class_key
from search.understanding.pieces import folded_set
from search.understanding.reading import Reading, Token

WEIGHT = 0.5
SURE = 0.75  # a reading so sure says what is looked for, or what has happened
SHORTEST = 5  # words: fewer are a search for something
# Whose life it is, the nearest first: a class of the lexicon → the situation.
WHOSE = (("child", "child-worry"), ("close", "someone-hard"), ("elder", "someone-hard"))
OWN = "life-hard"
_ME = folded_set(
    "jag mig mej min mitt mina vi oss vår vårt våra i'm im i've ive i'll me my myself we us our we're we've"
)
_LACK = folded_set(
    "aldrig borta ensam förlorade förlorat försvann försvunnit gråter grät ingen inga inget ingenting "
    "inte jobbigt knappt kvar längre ont orkar rädd saknar sjuk självt skäms slut slutade slutat svårt "
    "tappat tom tomt tungt tyst utan värre afraid alone anymore ashamed cannot can't cant cry crying "
    "didn't doesn't don't dont empty gone hard hardly haven't hurts isn't lost miss never no nobody not "
    "nothing scared sick wasn't won't wont without"
)
_ASKS = folded_set(
    "behöver bokar boka finns hitta letar olika sökes söker tipsa undrar önskar find interested looking "
    "need recommend searching want wanting where"
)
_ASKS_FIRST = folded_set(
    "får går har hur kan när var vad vart vem vilka vilken vilket är any are can do does how is what when "
    "which who"
)
_WANTS = folded_set("vill skulle would")
_OTHERS = folded_set("alla barnen de dem dom folk han hon ingen inga nobody")
_STOP = re.compile(r"\?")


def read_hardship(
    tokens: Sequence[Token], readings: Sequence[Reading], lexicon: Lexicon, text: str
) -> tuple[Reading, ...]:
    """A guess that life is hard for the one who tells, or for whom she tells of, when no more is known."""
    words = [token.folded for token in tokens]
    if len(tokens) < SHORTEST or _STOP.search(text) or not _tells(words) or any(map(_says, readings)):
        return ()
    known = frozenset[str]().union(*(lexicon.keys(token.keys) for token in tokens))
    value = next(
        (value for name, value in WHOSE for language in ("sv", "en") if class_key(name, language) in known),
        OWN,
    )
    return (Reading("situation", value, tokens[0].start, tokens[-1].end, "likely", WEIGHT),)


def _says(reading: Reading) -> bool:
    """Whether a reading tells what is looked for, what has happened, or when or in which language."""
    return not reading.negated and (
        reading.kind in {"language", "time"}
        or (
            reading.kind in {"category", "cost", "fact", "kind", "loneliness", "situation"}
            and reading.weight >= SURE
        )
    )


def _tells(words: Sequence[str]) -> bool:
    """Whether somebody tells of herself and asks for nothing. Within a sentence "i" is Swedish."""
    first = not _ME.isdisjoint(words) or words[0] == "i"
    if not first or _LACK.isdisjoint(words) or not _ASKS.isdisjoint(words) or words[0] in _ASKS_FIRST:
        return False
    wanting = [at for at, word in enumerate(words) if word in _WANTS]
    return all(at > 0 and words[at - 1] in _OTHERS for at in wanting)
