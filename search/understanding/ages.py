"""Numbers that are ages: "72 år", "9-åring", "65+", "13–19 år", "född 52", "i 70-årsåldern"."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from search.understanding.pieces import Piece, folded_set, read_data
from search.words import fold

OLDEST = 120
_SMALL = (
    "noll", "en", "två", "tre", "fyra", "fem", "sex", "sju", "åtta", "nio", "tio", "elva", "tolv",
    "tretton", "fjorton", "femton", "sexton", "sjutton", "arton", "nitton",
)  # fmt: skip
_TENS = {
    "tjugo": 20, "trettio": 30, "fyrtio": 40, "femtio": 50, "sextio": 60,
    "sjuttio": 70, "åttio": 80, "nittio": 90,
}  # fmt: skip
_NUMBERS = {fold(word): number for number, word in enumerate(_SMALL)} | {"ett": 1}
_NUMBERS |= {fold(tens): value for tens, value in _TENS.items()} | {"hundra": 100}
_SPOKEN = {
    "tretti": 30,
    "förti": 40,
    "fyrti": 40,
    "femti": 50,
    "sexti": 60,
    "sjutti": 70,
    "åtti": 80,
    "nitti": 90,
}
_NUMBERS |= {fold(tens): value for tens, value in _SPOKEN.items()}
_NUMBERS |= {
    fold(tens + unit): value + number
    for tens, value in _TENS.items()
    for number, unit in enumerate(_SMALL[1:10], start=1)
}
_ENDING = re.compile(r"(.*?)(aring(?:ar|en|arna|s|ars)?|arig(?:a|t|e)?|arsaldern?|talist(?:en|er)?)$")
_NOUN = re.compile(r"aring")
_YEAR = frozenset({"år", "års", "ar", "ars", "åt"})  # not är
_UP = folded_set("över minst fyllt from over above yli päälle más старше فوق بالای")
_OLDER = folded_set("äldre older uppåt up plus")
_UNDER = folded_set("under yngre högst below alle")
_THAN = folded_set("än than om")
_AROUND = folded_set("runt kring omkring ungefär cirka ca around about")
_LIMITS = _UP | _UNDER | _AROUND | {"mellan", "between", "aldre", "fran"}
_BORN = frozenset({"fodd", "fodda", "fott", "f", "born", "argang"})
_SPAN_WORDS = folded_set("till och to and upp a y до та")
# "i 40 år", "för tre år sedan", "gift 50 år": a length of time, not an age.
_LENGTH_BEFORE = folded_set(
    "i sedan sen efter om inom senaste varje var gift gifta skild levt bott jobbat arbetat varit"
    " väntat sjukskriven nykter drogfri"
    " ren snart for since after in last every past"
) | {"för"}
_LENGTH_AFTER = folded_set(
    "sedan sen tillsammans ihop efter innan ago utan hittills kvar senare later together sitten tagi тому"
)
_PLACES_OF_LIFE = folded_set("gatan sverige fängelse sweden kåken missbruk ensamhet")

# After a number they tell that it stands for itself: "under femti med barn".
GOES_ON = folded_set(
    "och men som med me snart and but with i bor från går har känner lever mår söker tjej kille utan vill"
    " behöver"
)

Form = Literal["years", "noun", "adjective", "bare"]


@dataclass(frozen=True, slots=True)
class Age:
    """Ages `low` to `high` told by pieces `begin` up to `end`.

    `form`: a noun (3-åring) and an adjective (84-åriga) say by themselves how they join other words;
    `bare` is a number that is an age only beside a person.
    """

    begin: int
    end: int
    low: int
    high: int
    form: Form

    @property
    def text(self) -> str:
        return str(self.low) if self.low == self.high else f"{self.low}..{self.high}"


@lru_cache
def _unit_words() -> tuple[frozenset[str], frozenset[str]]:
    data = read_data("people.yaml")
    years, aged = ([word for words in data[name].values() for word in words] for name in ("years", "aged"))
    return frozenset(fold(word) for word in years if not word.startswith("=")) - {"ar", "ars"}, folded_set(
        aged
    )


@lru_cache(maxsize=50_000)
def _may_begin(folded: str) -> bool:
    """Whether any age begins with a word: most words of a long text are none."""
    return (
        not folded.isalpha()
        or folded in _LIMITS | _BORN | _unit_words()[1]
        or folded in _NUMBERS
        or _ENDING.fullmatch(folded) is not None
    )


def age_at(pieces: Sequence[Piece], at: int, year: int) -> Age | None:
    """The age that begins at a piece; `year` is the present one."""
    return _told(pieces, at, year) if _may_begin(pieces[at].folded) else None


def _told(pieces: Sequence[Piece], at: int, year: int) -> Age | None:
    born = _born(pieces, at, year)
    if born:
        return born
    start = at
    word = pieces[at].folded
    limit = word if word in _LIMITS else ""
    if limit:
        start += 1
        if start < len(pieces) and pieces[start].folded in _THAN:
            start += 1
    aged = start < len(pieces) and pieces[start].folded in _unit_words()[1]
    start += aged
    read = _number(pieces, start)
    if read is None:
        return None
    low, end, form = read
    high = low
    if form == "bare" and (span := _span_end(pieces, end, low)):
        high, end, form = span
    if form == "bare":
        end, form = _unit(pieces, start, end, aged=aged or limit == "aldre")
        if form == "bare" and limit and limit not in _AROUND:
            ended = end == len(pieces) or pieces[end].gap.strip() != "" or pieces[end].folded in GOES_ON
            if not ended or low < 18:
                return None
            form = "years"
    if form == "years" and not limit and _is_length(pieces, at, end):
        return None
    low, high, end = _limited(pieces, (low, high, end), limit, start)
    return Age(at, end, low, min(high, OLDEST), form) if low <= high <= OLDEST and low <= 110 else None


def _number(pieces: Sequence[Piece], at: int) -> tuple[int, int, Form] | None:
    """A number with the piece after it, also inside a word: sjuttioårig, treåring."""
    if at >= len(pieces):
        return None
    piece = pieces[at]
    number = piece.number
    if number is not None:
        return (number, at + 1, "bare") if number <= 110 and not piece.gap.endswith(("#", "%")) else None
    if piece.folded in _NUMBERS and piece.folded not in {"en", "ett"}:
        return _NUMBERS[piece.folded], at + 1, "bare"
    match = _ENDING.fullmatch(piece.folded) if len(piece.folded) > 6 else None
    if match is None or match[1] not in _NUMBERS or match[2].startswith("talist"):
        return None
    return _NUMBERS[match[1]], at + 1, "noun" if _NOUN.match(match[2]) else "adjective"


def _unit(pieces: Sequence[Piece], start: int, end: int, *, aged: bool) -> tuple[int, Form]:
    """The word of years after a number: "år gammal", "-åring", "years old", "ساله"."""
    if end >= len(pieces):
        return end, "years" if aged or pieces[start].plus else "bare"
    after = pieces[end]
    if after.folded == "plus":
        return end, "years"
    match = _ENDING.fullmatch(after.folded)
    if match and not match[1] and not match[2].startswith("talist"):
        return end + 1, "noun" if _NOUN.match(match[2]) else "adjective"
    if after.word in _YEAR or after.folded in _unit_words()[0]:
        end += 1
        while end < len(pieces) and pieces[end].folded in {
            "gammal",
            "gamla",
            "gammalt",
            "old",
            "fyllda",
            "aldern",
        }:
            end += 1
        return end, "years"
    return end, "years" if aged or pieces[start].plus else "bare"


def _span_end(pieces: Sequence[Piece], at: int, low: int) -> tuple[int, int, Form] | None:
    """The upper age of "13–19 år" or "18 till 25 år"; a list of two ("3 och 5 år") is no span."""
    if at >= len(pieces):
        return None
    spoken = pieces[at].folded in _SPAN_WORDS and (
        pieces[at].folded not in {"och", "and", "y", "та"}
        or (at > 1 and pieces[at - 2].folded in {"mellan", "between", "entre", "між"})
    )
    start = at + spoken
    if start >= len(pieces) or not (spoken or pieces[start].dashed):
        return None
    high = pieces[start].number
    if high is None or not low < high <= 110:
        return None
    end, form = _unit(pieces, start, start + 1, aged=False)
    return high, end, form


def _limited(
    pieces: Sequence[Piece], read: tuple[int, int, int], limit: str, number_at: int
) -> tuple[int, int, int]:
    """The ages when "över", "65+" or "runt" says that a number is a limit."""
    low, high, end = read
    older = end + 1 if end < len(pieces) and pieces[end].folded in {"och", "and", "eller"} else end
    if older < len(pieces) and pieces[older].folded in _OLDER:
        return low, OLDEST, older + 1
    if pieces[number_at].plus or limit in _UP or limit == "aldre":
        return low, OLDEST, end
    if limit in _UNDER:
        return 0, high - 1, end
    aldern = pieces[end - 1].folded.startswith("arsalder")
    if limit in _AROUND:
        return max(low - 3, 0), high + 3, end
    if aldern:
        return low, high + 9 if low % 10 == 0 and low == high and low >= 20 else high + 1, end
    return low, high, end


def _is_length(pieces: Sequence[Piece], begin: int, end: int) -> bool:
    if any(piece.folded in {"gammal", "gamla", "gammalt", "old"} for piece in pieces[begin:end]):
        return False
    before = pieces[begin - 1] if begin else None
    if before and (before.folded in _LENGTH_BEFORE or before.word in _LENGTH_BEFORE) and before.word != "får":
        # "for" is "för" typed without marks or English: both tell a length
        return before.folded != "for" or pieces[end - 1].folded != "arsaldern"
    if end >= len(pieces):
        return False
    return pieces[end].folded in _LENGTH_AFTER or (
        end + 1 < len(pieces)
        and pieces[end].folded in {"i", "pa", "in"}
        and pieces[end + 1].folded in _PLACES_OF_LIFE
    )


def _born(pieces: Sequence[Piece], at: int, year: int) -> Age | None:
    """Told by the year of birth: "född 1952", "född -52", "f. 1952", "40-talist"."""
    word = pieces[at].folded
    following = pieces[at + 1] if at + 1 < len(pieces) else None
    if word in _BORN:
        skip = following is not None and following.folded in {"ar", "i", "in", "pa"}
        index = at + 1 + skip
        number = pieces[index].number if index < len(pieces) else None
        if number is None or len(pieces[index].folded) not in {2, 4}:
            return None
        age = year - _full_year(number, year)
        return Age(at, index + 1, age, age, "years") if 0 <= age <= OLDEST else None
    if following and following.folded.startswith("talist") and (pieces[at].number or 1) % 10 == 0:
        youngest = year - _full_year((pieces[at].number or 0) % 100, year) - 9
        return Age(at, at + 2, max(youngest, 0), youngest + 9, "noun") if youngest + 9 >= 0 else None
    return None


def _full_year(number: int, year: int) -> int:
    if number > 99:
        return number
    return year - (year - number) % 100
