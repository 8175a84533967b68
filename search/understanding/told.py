"""Whether a time in a question is told, not asked for: "pappa dog i mars" is no wish for March."""

import re
from collections.abc import Iterator, Sequence
from datetime import date

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


# A life goes on at such times: whoever tells it does not ask for them.
_OWN_DAYS = folded_set("jobbar arbetar pluggar studerar")
_GOES_ON = folded_set("spelar festar dricker super skriker bråkar knarkar")
_WHO = folded_set(
    "jag han hon vi de dom hen min mitt mina son sonen dotter dottern mannen sambon i he she we my they"
)
_SINCE = folded_set("sen sedan alltsedan since")
_LEADING = folded_set("på i till on")
_UNTIL = folded_set("till innan före senast until by before")
_DUE = folded_set(
    "flytta flyttar betala betalar betald betalt betalas vräks vräkt vräkas avhysas sluta slutar klar klart"
    " sjukskriven sjukskrivning uppsagd uppsägning gäller räcker räcka dröjer väntar vänta kvar pengar"
    " pengarna hyra hyran lön lönen kontrakt kontraktet lämna lämnar permitterad pay paid evicted move"
)
_OBLIGED = folded_set("ska skall måste slängs kastas åker must")
_HAVING = folded_set(
    "få vill söker önskar öppet öppen ses träffas ringa samtal besök finns någon nån want get call open"
)


def is_told(pieces: Sequence[Piece], found: Found, today: date) -> bool:
    """True for a time that is told and not asked for.

    A date, a month or a feast beside a verb of the past; what has been so since then; what must be done
    until then; the hours somebody works or plays.
    """
    if found.when.now or found.void:
        return False
    if _since(pieces, found, today) or _goes_on(pieces, found):
        return True
    return found.when.first is not None and (_is_due(pieces, found) or _happened(pieces, found))


def is_wished(pieces: Sequence[Piece], found: Found) -> bool:
    """Whether "varje morgon" is asked for: "få ett samtal varje morgon", and not "gråter varje morgon"."""
    return any(piece.folded in _HAVING for piece in _clause_before(pieces, found.begin, REACH))


def _clause_before(pieces: Sequence[Piece], begin: int, reach: int) -> Iterator[Piece]:
    """The words before a piece, the nearest first, as far as its clause goes."""
    for at in range(begin - 1, max(begin - 1 - reach, -1), -1):
        if _begins_clause(pieces[at + 1]):
            return
        yield pieces[at]


def _since(pieces: Sequence[Piece], found: Found, today: date) -> bool:
    before = next(_clause_before(pieces, found.begin, 1), None)
    if before is None or before.folded not in _SINCE or pieces[found.begin].folded in _LEADING:
        return False
    when = found.when
    if when.parts or when.at:
        return False
    return bool(when.weekdays) or (when.first is not None and (when.first - today).days > 1)


def _goes_on(pieces: Sequence[Piece], found: Found) -> bool:
    before = list(_clause_before(pieces, found.begin, REACH))
    for number, piece in enumerate(before[:3]):
        if piece.folded in _WISH:
            return False
        if piece.folded in _OWN_DAYS:
            return not any(one.folded in _WISH | {"ni", "som"} for one in before[number + 1 :])
        if piece.folded in _GOES_ON:
            return any(one.folded in _WHO for one in before[number + 1 :])
    return False


def _is_due(pieces: Sequence[Piece], found: Found) -> bool:
    begin = found.begin + (pieces[found.begin].folded in _UNTIL)
    before = list(_clause_before(pieces, begin, REACH + 1))
    if not before or before[0].folded not in _UNTIL:
        return False
    for number, piece in enumerate(before[1:], 2):
        out = piece.folded == "ut" and number < len(before) and before[number].folded in _OBLIGED
        if out or piece.folded in _DUE:
            return True
        if piece.folded in _WISH - _OBLIGED:
            return False
    return False


def _happened(pieces: Sequence[Piece], found: Found) -> bool:
    """A verb of the past in its clause, with no wish between."""
    after = pieces[found.end] if found.end < len(pieces) else None
    if after is not None and not _begins_clause(after) and _is_past(after):
        return True  # "i mars dog pappa"
    for piece in _clause_before(pieces, found.begin, REACH):
        if piece.folded in _WISH:
            return False
        if _is_past(piece):
            return True
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
