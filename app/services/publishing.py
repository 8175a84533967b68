"""What a listing needs to be published, how complete it is, and how low its threshold."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from app.errors import FieldProblem
from app.schemas.listing import Kind, ListingIn, Visibility
from app.services import venues


def problems(record: ListingIn) -> list[FieldProblem]:
    """All that keeps a listing from being published, each with its JSON pointer; empty when nothing does."""
    found: list[FieldProblem] = []
    texts = record.texts or {}
    language = "sv" if "sv" in texts else "en"
    text = texts.get(language)
    if text is None:
        found.append(FieldProblem("/texts", "text_missing", "A text in Swedish or English is needed."))
    else:
        found.extend(
            FieldProblem(f"/texts/{language}/{name}", f"{name}_missing", f"A {name} is needed.")
            for name in ("title", "summary")
            if not getattr(text, name)
        )
    if not record.categories:
        found.append(FieldProblem("/categories", "category_missing", "At least one category is needed."))
    if record.kind is Kind.SUPPORT_LINE:
        if not record.contacts:
            found.append(FieldProblem("/contacts", "contact_missing", "A way to reach the line is needed."))
    elif not record.venues and not record.contacts and not set(record.attendance or ()) & {"online", "phone"}:
        found.append(
            FieldProblem("/venues", "place_missing", "A venue, or a contact to ask where it is, is needed.")
        )
    found.extend(_revealed_addresses(record))
    return found


def _revealed_addresses(record: ListingIn) -> list[FieldProblem]:
    """Whatever anyone may read, searched for the streets of protected venues.

    Their names are not looked for: an activity is often called after its room.
    """
    streets = [
        _anywhere(venue.street)
        for venue in record.venues or []
        if venue.visibility is not Visibility.PUBLIC and venue.street
    ]
    if not streets:
        return []
    return [
        FieldProblem(pointer, "address_revealed", "The text tells the address of a protected venue.")
        for pointer, text in _strings("", _told(record))
        if any(street.search(text) for street in streets)
    ]


def _anywhere(street: str) -> re.Pattern[str]:
    """The street as whole words, in any case and however spaced."""
    words = r"\s*".join(re.escape(word) for word in street.split())
    return re.compile(rf"(?<!\w){words}(?!\w)", re.IGNORECASE)


def _told(record: ListingIn) -> dict[str, Any]:
    """What `venues.public_listing` lets out, with every part in the place it was sent in."""
    exchange = record.exchange()
    exchange["venues"] = [venues.public_view(venue) for venue in record.venues or []]
    exchange["contacts"] = [
        None if venues.is_address(contact) else contact.exchange() for contact in record.contacts or []
    ]
    return exchange


def _strings(pointer: str, value: object) -> Iterator[tuple[str, str]]:
    """Each text inside a value with its JSON pointer."""
    if isinstance(value, str):
        yield pointer, value
    elif isinstance(value, dict):
        for name, part in value.items():
            yield from _strings(f"{pointer}/{name}", part)
    elif isinstance(value, list):
        for number, part in enumerate(value):
            yield from _strings(f"{pointer}/{number}", part)


class Advice(NamedTuple):
    """One thing that would make the listing more complete."""

    pointer: str
    sv: str
    en: str
    points: int


@dataclass(frozen=True)
class Completeness:
    """0–100: the share of what people ask that the listing answers; what to add, weightiest first."""

    score: int
    advice: list[Advice]


def _fact(*names: str) -> Callable[[ListingIn], bool]:
    return lambda record: any(name in _facts(record) for name in names)


def _facts(record: ListingIn) -> dict[str, bool]:
    """Facts of the listing and of its venues together; the listing's own word stands over a venue's."""
    known: dict[str, bool] = {}
    for venue in record.venues or []:
        known |= venue.facts or {}
    return known | (record.facts or {})


_ASKED: tuple[tuple[Advice, Callable[[ListingIn], bool], frozenset[Kind]], ...] = tuple(
    (Advice(pointer, sv, en, points), answered, kinds)
    for pointer, sv, en, points, answered, kinds in (
        ("/cost", "Säg vad det kostar, eller att det är gratis", "Say what it costs, or that it is free", 12,
         lambda r: r.cost is not None, frozenset(Kind)),
        ("/schedule", "Säg när det är öppet", "Say when it is on", 14,
         lambda r: bool(r.schedule) or any(c.hours for c in r.contacts or []), frozenset(Kind)),
        ("/contacts", "Lägg till ett sätt att fråga", "Add a way to ask", 10,
         lambda r: bool(r.contacts), frozenset(Kind)),
        ("/audiences", "Säg vem det är till för", "Say whom it is for", 8,
         lambda r: bool(r.audiences), frozenset(Kind)),
        ("/age", "Säg vilka åldrar som är välkomna", "Say which ages are welcome", 6,
         lambda r: r.age is not None, frozenset(Kind)),
        ("/languages", "Säg vilka språk man kan tala", "Say which languages can be spoken", 8,
         lambda r: bool(r.languages), frozenset(Kind)),
        ("/texts/sv-simple", "Lägg till en text på lätt svenska", "Add a text in easy Swedish", 6,
         lambda r: "sv-simple" in (r.texts or {}), frozenset(Kind)),
        ("/texts/sv/description", "Beskriv vad som händer där", "Describe what happens there", 10,
         lambda r: any(t.description for t in (r.texts or {}).values()), frozenset(Kind)),
        ("/confirmed_on", "Bekräfta att uppgifterna stämmer", "Confirm that this is still true", 8,
         lambda r: r.confirmed_on is not None, frozenset(Kind)),
        ("/facts/drop_in", "Säg om man kan komma utan anmälan", "Say whether one can drop in", 8,
         _fact("drop_in", "registration_required"), frozenset({Kind.ACTIVITY, Kind.MEETING_PLACE})),
        ("/venues/0/facts/step_free_entrance", "Säg om entrén är stegfri",
         "Say whether the entrance is step-free", 10,
         _fact("step_free_entrance", "wheelchair_accessible"),
         frozenset({Kind.ACTIVITY, Kind.MEETING_PLACE})),
        ("/facts/anonymous_ok", "Säg om man kan vara anonym", "Say whether one can be anonymous", 10,
         _fact("anonymous_ok"), frozenset({Kind.SUPPORT_LINE})),
        ("/answered_by", "Säg vem som svarar", "Say who answers", 8,
         lambda r: r.answered_by is not None, frozenset({Kind.SUPPORT_LINE})),
    )
)  # fmt: skip


def completeness(record: ListingIn) -> Completeness:
    """How much of what people ask is answered; known to be without counts as answered."""
    asked = [(advice, answered) for advice, answered, kinds in _ASKED if record.kind in kinds]
    missing = [advice for advice, answered in asked if not answered(record)]
    whole = sum(advice.points for advice, _ in asked)
    lost = sum(advice.points for advice in missing)
    return Completeness(
        round(100 * (whole - lost) / whole), sorted(missing, key=lambda advice: -advice.points)
    )


class ThresholdReason(NamedTuple):
    """Why the threshold score went up (easier to come) or down."""

    code: str
    sv: str
    en: str
    points: int


@dataclass(frozen=True)
class Threshold:
    """0–100; higher is easier to come to. 50 is what nothing is known about."""

    score: int
    reasons: list[ThresholdReason]


_TRUE = {
    "drop_in": ("Man kan komma utan anmälan", "You can drop in", 12),
    "anonymous_ok": ("Man kan vara anonym", "You can be anonymous", 8),
    "first_visit_host": ("Någon möter dig första gången", "Someone meets you the first time", 8),
    "friend_welcome": ("Ta gärna med en vän", "Bring a friend", 4),
    "near_public_transport": ("Nära kollektivtrafik", "Near public transport", 3),
    "step_free_entrance": ("Stegfri entré", "Step-free entrance", 3),
    "registration_required": ("Kräver anmälan", "Registration is required", -8),
    "membership_required": ("Kräver medlemskap", "Membership is required", -10),
    "referral_required": ("Kräver remiss eller beslut", "A referral is required", -20),
    "id_required": ("Kräver legitimation", "ID is required", -10),
    "sobriety_required": ("Kräver nykterhet", "Sobriety is required", -5),
    "prior_knowledge_required": ("Kräver förkunskaper", "Prior knowledge is required", -8),
    "commitment_required": ("Man behöver komma regelbundet", "Regular attendance is expected", -6),
}
_FALSE = {
    "registration_required": ("Ingen anmälan behövs", "No registration", 6),
    "membership_required": ("Inget medlemskap behövs", "No membership", 4),
    "id_required": ("Ingen legitimation behövs", "No ID needed", 4),
    "referral_required": ("Ingen remiss behövs", "No referral needed", 3),
}
_COST: dict[str, tuple[str, str, int]] = {
    "free": ("Gratis", "Free", 12),
    "voluntary": ("Frivillig avgift", "Voluntary fee", 8),
    "paid": ("Kostar pengar", "Costs money", -6),
    "membership": ("Medlemsavgift", "Membership fee", -8),
}


def threshold(record: ListingIn) -> Threshold:
    """How little it takes to come, from entry facts, cost, schedule and reachability."""
    facts = _facts(record)
    reasons = [
        ThresholdReason(name, *table[name])
        for name, known in facts.items()
        if name in (table := _TRUE if known else _FALSE)
    ]
    if record.cost:
        reasons.append(ThresholdReason(f"cost_{record.cost.kind}", *_COST[record.cost.kind]))
    rules: list[Any] = [*(record.schedule or []), *(r for c in record.contacts or [] for r in c.hours or [])]
    if any(rule.freq == "always" for rule in rules):
        reasons.append(ThresholdReason("always_open", "Öppet dygnet runt", "Open round the clock", 8))
    elif any(rule.freq == "weekly" for rule in rules):
        reasons.append(ThresholdReason("every_week", "Återkommer varje vecka", "On every week", 4))
    if set(record.attendance or ()) & {"online", "phone", "home_visit"}:
        reasons.append(
            ThresholdReason("from_home", "Går att delta hemifrån", "You can take part from home", 4)
        )
    reasons.sort(key=lambda reason: (-abs(reason.points), reason.code))
    return Threshold(max(0, min(100, 50 + sum(reason.points for reason in reasons))), reasons)
