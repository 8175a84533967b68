"""Whether a time in a question tells of what has been: "pappa dog i mars" is no wish for March."""

import re
from collections.abc import Sequence

from search.understanding.dates import Found
from search.understanding.pieces import Piece, folded_set

REACH = 6  # words between the verb and the time
# As they are written: without its marks "för" would be a verb.
_BEEN = frozenset((
    "avled", "begick", "blev", "blivit", "bröt", "dog", "drog", "dött", "fann", "fick", "flydde",
    "flyttat", "fått", "föddes", "föll", "förlorat", "försvann", "gick", "gått", "hade", "hamnat",
    "hängde", "kom", "kommit", "lämnat", "låg", "mist", "opererats", "opererad", "satt", "separerat",
    "sjukskriven", "skildes", "skilt", "slog", "slutat", "stack", "svek", "tagit", "tappat", "tog",
    "varit", "åkte", "åt", "became", "began", "broke", "died", "divorced", "got", "had", "left", "lost",
    "moved", "passed", "retired", "separated", "started", "stopped", "was", "were",
))  # fmt: skip
# "flyttade", "begravdes", "hände", "bytte": Swedish verbs of the past.
_PAST_FORM = re.compile(r".{2,}(?:ade|dde|nde|rde|vde|gde|[kpst]te)s?")
_NO_VERB = folded_set(
    "både boende hundrade motet sedan sjunde tionde allmante lande ende minste bäste förste"
)
_PRESENT_PARTICIPLE = re.compile(r".+(?:ande|ende)")
_WISH = folded_set(
    "vill söker behöver ska skall finns kan önskar letar skulle undrar planerar want need looking are is any"
    " where var vad när öppet öppen öppna hitta göra något nåt någon nån fira"
)


def is_told(pieces: Sequence[Piece], found: Found) -> bool:
    """True for a date, a month or a feast beside a verb of the past in its clause, with no wish between."""
    if found.when.first is None or found.when.now:
        return False
    at = found.begin - 1
    begin = pieces[found.begin]
    if found.end < len(pieces) and not _begins_clause(pieces[found.end]) and _is_past(pieces[found.end]):
        return True  # "i mars dog pappa"
    for _ in range(REACH):
        if at < 0 or _begins_clause(begin):
            return False
        begin = pieces[at]
        if begin.folded in _WISH:
            return False
        if _is_past(begin):
            return True
        at -= 1
    return False


def _begins_clause(piece: Piece) -> bool:
    """Whether a clause begins with a piece: after a stop or comma, or with a word that joins clauses."""
    return piece.new_sentence or "," in piece.gap or piece.folded in {"och", "men", "sa", "and", "but"}


def _is_past(piece: Piece) -> bool:
    word = piece.folded
    if word in _NO_VERB:
        return False
    if piece.word in _BEEN:
        return True
    return _PAST_FORM.fullmatch(word) is not None and _PRESENT_PARTICIPLE.fullmatch(word) is None
