"""Places in a question: "i Farsta", "Husby, Stockholm", "Österlen", "123 47", "nära mig", "Tukholmassa"."""

import re
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import lru_cache

from search.understanding.compounds import is_word
from search.understanding.pieces import Phrases, Piece, folded_set, pieces_of, read_data
from search.understanding.place_endings import without_ending
from search.understanding.placebook import MOST_MET, Place, PlaceBook, place_key, rank
from search.understanding.reading import Certainty, Reading, Token
from search.understanding.regions import longest_other, other_names, region, region_ids

__all__ = ["HERE", "Place", "PlaceBook", "other_places", "place_key", "read_places", "resolve"]

HERE = "here"
MOST_WORDS = 4  # of a name
SHORT = 3  # words of a question in which a bare everyday word may be a kommun: "kör mora"
KNOWN_ORT = 2_000  # a smaller place with the name of an everyday thing is hardly meant
_IN = folded_set(
    "i på nära runt kring omkring från till utanför vid norr söder öster väster in near from around to"
    " outside en cerca de в у біля із з під في من قرب در نزدیک از ኣብ"
)
_GLUE = folded_set("i på in at of في در у в")
_STREET = folded_set(
    "gata gatan väg vägen gränd gränden allé allén esplanad esplanaden stig stigen plan street road"
)
_OF_KOMMUN = folded_set("kommun kommuns stad stads tätort")
_OF_COUNTY = folded_set("län läns")
_AROUND = folded_set("trakten trakterna bygden")
_VALUE = re.compile(
    r"(county|region|kommun|postcode):([0-9a-z-]+)|(ort|stadsdel|distrikt|regso):([^@]+)@([0-9]{4})"
)


@dataclass(frozen=True, slots=True)
class _Named:
    """A name at pieces `begin` up to `end` and the places called so, the likeliest first."""

    begin: int
    end: int
    places: tuple[Place, ...]
    certainty: Certainty


def resolve(value: str, book: PlaceBook) -> Place | None:
    """The place that a reading's value stands for; None for `here` and for what the book does not know.

    Values: `county:25`, `kommun:0180`, `region:osterlen`, `postcode:12347`, `ort:farsta@0180`.
    """
    match = _VALUE.fullmatch(value)
    if match is None:
        return None
    kind, code, local, name, kommun = match.groups()
    if local:
        key = name.replace("-", " ")
        found = [one for one in book.find(key) if one.kind == local and one.municipality_code == kommun]
        return min(found, key=lambda one: place_key(one.name) != key, default=None)
    if kind == "region":
        return region(code)
    return book.postcode(code) if kind == "postcode" else book.by_code(code)


def other_places(reading: Reading, book: PlaceBook) -> tuple[Place, ...]:
    """Other places of the same name as the one that was read, the likeliest first; at most ten."""
    place = resolve(reading.value, book)
    if place is None or place.kind in {"region", "postcode", "county"}:
        return ()
    found = sorted(book.find(place_key(place.name)), key=rank)
    return tuple(one for one in found if one.municipality_code != place.municipality_code)[:10]


def read_places(
    tokens: Sequence[Token], book: PlaceBook, taken: AbstractSet[str] = frozenset(), text: str = ""
) -> tuple[Reading, ...]:
    """The places in a question, in order. A place and the kommun it lies in are one reading.

    `taken`: folded words that mean something else here. `text` is the question as sent; its capitals tell
    the town Lund from a grove. `here` is only worth something to a caller who knows where the person is.
    """
    pieces = pieces_of(tokens, text)
    found: list[_Named | Reading] = []
    at = 0
    while at < len(pieces):
        one = None
        plain = pieces[at].word in book.plain or _is_plain(pieces[at].word, pieces[at].folded, book)
        if not plain or _may_be_misspelt(pieces, at):
            one = _postcode(pieces, at, book) or _here(pieces, at) or _name(pieces, at, book, taken)
        if one is None:
            at += 1
            continue
        found.append(one[0])
        at = one[1]
    named = [one for one in found if isinstance(one, _Named)]
    joined = _in_context(named, pieces)
    readings = [_reading(one, pieces) for one in joined]
    readings += [one for one in found if isinstance(one, Reading)]
    return tuple(sorted(readings, key=lambda reading: reading.start))


def _value(place: Place) -> str:
    match place.kind:
        case "county":
            return f"county:{place.county_code}"
        case "region":
            return f"region:{region_ids()[place.name]}"
        case "kommun":
            return f"kommun:{place.municipality_code}"
        case _:
            return f"{place.kind}:{place_key(place.name).replace(' ', '-')}@{place.municipality_code}"


def _reading(named: _Named, pieces: Sequence[Piece]) -> Reading:
    start, end = pieces[named.begin].start, pieces[named.end - 1].end
    return Reading("place", _value(named.places[0]), start, end, named.certainty)


@lru_cache
def _here_words() -> Phrases[bool]:
    return Phrases(
        (phrase, not phrase.startswith("?"))
        for phrases in read_data("regions.yaml")["here"].values()
        for phrase in phrases
    )


@lru_cache
def _everyday() -> tuple[frozenset[str], frozenset[str]]:
    data = read_data("regions.yaml")
    return frozenset(data["everyday"]), frozenset(data["capital_only"])


# One place


def _postcode(pieces: Sequence[Piece], at: int, book: PlaceBook) -> tuple[Reading, int] | None:
    digits, end = pieces[at].folded, at + 1
    if not digits.isdecimal() or len(digits) not in {3, 5}:
        return None
    if len(digits) == 3:
        if end == len(pieces) or len(pieces[end].folded) != 2 or pieces[end].gap not in {" ", "\u00a0"}:
            return None
        digits, end = digits + pieces[end].folded, end + 1
    if not digits.isascii() or not digits.isdecimal() or book.postcode(digits) is None:
        return None
    reading = Reading("place", f"postcode:{digits}", pieces[at].start, pieces[end - 1].end, "certain")
    return reading, end


def _here(pieces: Sequence[Piece], at: int) -> tuple[Reading, int] | None:
    match = _here_words().longest(pieces, at)
    if match is None:
        return None
    sure, end = match
    following = pieces[end].folded if end < len(pieces) else ""
    if following in {"av", "of", "i", "in"} or pieces[at].word in {"har", "nar"}:
        return None
    span = pieces[at].start, pieces[end - 1].end
    return Reading("place", HERE, *span, "certain" if sure else "guess"), end


def _name(
    pieces: Sequence[Piece], at: int, book: PlaceBook, taken: AbstractSet[str]
) -> tuple[_Named, int] | None:
    most = _most_words(pieces[at].folded, book)
    for end in range(min(at + most, len(pieces)), at, -1):
        if any("," in piece.gap or piece.new_sentence for piece in pieces[at + 1 : end]):
            continue
        found = _called(pieces, at, end, book)
        if not found or not _meant(pieces, (at, end), found, taken):
            continue
        last = _with_kind(pieces, end, found)
        if last is None:
            return None
        return _Named(at, last[1], last[0], _sure(pieces, (at, end), last[0])), last[1]
    return _misspelt(pieces, at, book, taken)


def _called(pieces: Sequence[Piece], at: int, end: int, book: PlaceBook) -> tuple[Place, ...]:
    """The places of a name, remembered for single words, since most are none."""
    if end - at > 1:
        return _named(pieces, at, end, book)
    known = book.met.get(pieces[at].word)
    if known is None:
        known = _named(pieces, at, end, book)
        if len(book.met) < MOST_MET:
            book.met[pieces[at].word] = known
    return known


def _is_plain(word: str, folded: str, book: PlaceBook) -> bool:
    """Whether a word met before is neither a place nor the beginning of one: most words of a long text."""
    begins = folded in _here_words().firsts or _most_words(folded, book) > 1 or not folded.isalpha()
    if plain := not begins and book.met.get(word) == ():
        book.plain.add(word)
    return plain


def _most_words(folded: str, book: PlaceBook) -> int:
    first = place_key(folded)
    return min(MOST_WORDS, max(book.longest(first), longest_other().get(first, 0), 1))


def _named(pieces: Sequence[Piece], at: int, end: int, book: PlaceBook) -> tuple[Place, ...]:  # noqa: PLR0911  one way out for each form
    """The places of a name, perhaps with an ending of Swedish, Finnish, Somali, Arabic or Ukrainian."""
    first = pieces[at].folded
    if end - at == 1 and (len(first) < 2 or first.isdecimal()):
        return ()
    key = first if end - at == 1 else " ".join([piece.folded for piece in pieces[at:end]])
    if "ae" in key or "oe" in key or "aa" in key or not key.isascii():
        key = place_key(key)
    other = other_names().get(key)
    if other and (place := resolve(other, book)):
        return (place, *(one for one in book.find(key) if one.kind == "kommun" and one != place))
    found = book.find(key)
    if found:
        spelt = " ".join(piece.word for piece in pieces[at:end])
        return tuple(sorted(found, key=lambda one: (one.name.lower() != spelt, *rank(one))))
    if end - at > 1 and not key.endswith("s"):
        return ()
    for base, sure in without_ending(key):
        other = other_names().get(base)
        if other and (place := resolve(other, book)):
            return (place, *(one for one in book.find(base) if one.kind == "kommun" and one != place))
        told = sure or base not in _everyday()[0]
        large = tuple(one for one in book.find(base) if told and (sure or _is_large(one)))
        if large:
            return tuple(sorted(large, key=rank))
    return ()


def _meant(  # noqa: PLR0911  one way out for each form
    pieces: Sequence[Piece], span: tuple[int, int], found: Sequence[Place], taken: AbstractSet[str]
) -> bool:
    """Whether a name that is an everyday word as well stands for the place here."""
    at, end = span
    everyday, capital_only = _everyday()
    if end - at > 1:
        return " ".join([piece.folded for piece in pieces[at:end]]) not in capital_only
    piece = pieces[at]
    if piece.folded in taken:
        return False
    if piece.capital:
        return True
    best = found[0]
    if piece.folded in capital_only or best.kind in {"county", "region"}:
        return best.kind in {"county", "region"}
    large = _is_large(best)
    around = end < len(pieces) and pieces[end].folded in _AROUND
    placed = around or (at > 0 and pieces[at - 1].folded in _IN)
    if len(piece.folded) < 4 and best.kind != "kommun":
        return False
    if piece.folded in everyday:
        return (
            large
            and (placed or (best.kind == "kommun" and end == len(pieces) <= SHORT))
            and _spelt(piece, found)
        )
    if piece.folded.removesuffix("s") in everyday or not _spelt(piece, found):
        return not is_word(piece.folded) and piece.folded.removesuffix("s") not in everyday
    return (
        large
        or not is_word(piece.folded)
        or (best.kind in {"region", "stadsdel"} and (placed or end == len(pieces)))
    )


def _is_large(place: Place) -> bool:
    return place.kind == "kommun" or (place.kind == "ort" and (place.population or 0) >= KNOWN_ORT)


def _spelt(piece: Piece, found: Sequence[Place]) -> bool:
    """False when the word has other marks than the name: "våras" is not of Vara."""
    return piece.word == piece.folded or any(piece.word.startswith(one.name.lower()) for one in found)


def _with_kind(
    pieces: Sequence[Piece], end: int, found: tuple[Place, ...]
) -> tuple[tuple[Place, ...], int] | None:
    """The places with the word after them: "kommun", "län"; None for the name of a street."""
    after = pieces[end].folded if end < len(pieces) else ""
    if after in _STREET and not pieces[end].gap.strip():
        return None
    if after in _OF_KOMMUN and found[0].kind in {"kommun", "region"}:
        kommuner = tuple(one for one in found if one.kind == "kommun")
        return (kommuner, end + 1) if kommuner else (found, end)
    if after in _AROUND or (after in _OF_COUNTY and found[0].kind == "county"):
        return found, end + 1
    return found, end


def _sure(pieces: Sequence[Piece], span: tuple[int, int], found: Sequence[Place]) -> Certainty:
    best, at = found[0], span[0]
    told = pieces[at].capital or (at > 0 and pieces[at - 1].folded in _IN)
    if best.kind in {"county", "kommun", "region"}:
        everyday = span[1] - at == 1 and pieces[at].folded in _everyday()[0] and not told
        return "likely" if everyday else "certain"
    rivals = {one.municipality_code for one in found} - {best.municipality_code}
    if rivals:
        return "likely"
    return "certain" if told or len(pieces) <= 2 or best.kind == "ort" else "likely"


def _may_be_misspelt(pieces: Sequence[Piece], at: int) -> bool:
    last = at == len(pieces) - 1 or pieces[at + 1].number is not None  # "karstad 25 år"
    return pieces[at].capital or last or (at > 0 and pieces[at - 1].folded in _IN)


def _misspelt(
    pieces: Sequence[Piece], at: int, book: PlaceBook, taken: AbstractSet[str]
) -> tuple[_Named, int] | None:
    """A kommun one letter away, when the word is none and stands where a place may: last or after "i"."""
    piece = pieces[at]
    if not piece.folded.isascii() or piece.folded in taken or not _may_be_misspelt(pieces, at):
        return None
    found = tuple(book.misspelt(piece.word))
    if not found or is_word(piece.folded):
        return None
    return _Named(at, at + 1, tuple(sorted(found, key=rank)), "likely"), at + 1


# Places that tell of each other


def _in_context(named: list[_Named], pieces: Sequence[Piece]) -> list[_Named]:
    """Each name as the place within a kommun or county named elsewhere; neighbours become one."""
    wide = [one.places[0] for one in named if one.places[0].kind in {"kommun", "county"}]
    for index, one in enumerate(named):
        around = [place for place in wide if place is not one.places[0]]
        inside = tuple(place for place in one.places if any(_lies_in(place, area) for area in around))
        if inside and one.places[0].kind not in {"county", "region"}:
            rest = tuple(place for place in one.places if place not in inside)
            named[index] = _Named(one.begin, one.end, inside + rest, "certain")
    joined: list[_Named] = []
    for one in named:
        last = joined[-1] if joined else None
        both = _one_of(last, one, pieces) if last else None
        if last is not None and both is not None:
            joined[-1] = both
        else:
            joined.append(one)
    return joined


def _one_of(one: _Named, two: _Named, pieces: Sequence[Piece]) -> _Named | None:
    between = pieces[one.end : two.begin]
    if len(between) > 1 or any(piece.folded not in _GLUE for piece in between):
        return None
    for inner, outer in ((one, two), (two, one)):
        if _lies_in(inner.places[0], outer.places[0]) or _region_in(inner.places[0], outer.places[0]):
            return _Named(one.begin, two.end, inner.places, "certain")
    return None


def _lies_in(place: Place, area: Place) -> bool:
    if area.kind == "kommun":
        return (
            place.kind not in {"kommun", "county", "region"}
            and place.municipality_code == area.municipality_code
        )
    return (
        area.kind == "county"
        and place.kind not in {"county", "region"}
        and place.county_code == area.county_code
    )


def _region_in(place: Place, area: Place) -> bool:
    """A region that is a point in a kommun or county ("Hisingen, Göteborg")."""
    if place.kind != "region" or place.municipality_codes or area.kind not in {"kommun", "county"}:
        return False
    wide = 4 if area.kind == "county" else 1
    return abs(place.lat - area.lat) < 0.25 * wide and abs(place.lon - area.lon) < 0.5 * wide
