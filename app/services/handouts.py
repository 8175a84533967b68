"""What the paper says that a person is handed: where, when, whom to call, her code, what is stored."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from app.config import get_settings
from app.errors import Conflict, Gone, NotFound
from app.models import Listing, Referral
from app.schemas.schedule import WEEKDAYS
from app.services import codes, listing_views, referral_rows, referral_views, schedules, venues
from app.services.document_hours import is_round_the_clock, rules_of
from app.services.listings import to_record
from app.services.referral_rows import By
from app.services.referral_states import OPEN
from app.services.vault import vault
from app.services.wall_clock import STOCKHOLM

AHEAD = timedelta(days=42)
TIMES = 4


@dataclass(frozen=True)
class Time:
    """One time it is on, in Swedish wall time."""

    weekday: str
    day: str
    hours: str


@dataclass
class Handout:
    """`title_language` is the text's own, when the reader's is missing. A protected address is not in it."""

    code: str
    mode: str
    title: str
    organisation: str
    days: int
    address: str
    title_language: str | None = None
    summary: str | None = None
    places: list[list[str]] = field(default_factory=list)
    always: bool = False
    times: list[Time] = field(default_factory=list)
    contacts: list[tuple[str, str]] = field(default_factory=list)


def make(session: Session, referral: Referral, *, language: str, by: By) -> Handout:
    """The handout of an open referral or a draft. That it was made is written down. Raises Conflict later."""
    if referral.status not in OPEN and referral.status != "draft":
        raise Conflict("A handout is for a referral that is open.")
    known = referral_views.names(session, [referral])
    handout = Handout(
        code=codes.code_of(vault(), referral.id),
        mode=referral.mode,
        title=known.get(referral.listing_id, ""),
        organisation=known.get(referral.organisation_id, ""),
        days=get_settings().retention_days,
        address=f"{get_settings().public_url.partition('://')[2].rstrip('/')}/my",
    )
    with suppress(NotFound, Gone):  # a listing that is not public: the names must do
        _tell(handout, listing_views.published(session, referral.listing_id), language)
    referral_rows.note(session, referral, by, "handout", ["code"])
    return handout


def _tell(handout: Handout, listing: Listing, language: str) -> None:
    record = to_record(listing)
    exchange = venues.public_listing(record)
    texts = exchange.get("texts") or {}
    handout.title_language, _ = listing_views.choose_language(texts, language)
    text = texts.get(handout.title_language) or {}
    handout.title = text.get("title") or handout.title
    handout.summary = text.get("summary")
    handout.places = [_place(venue) for venue in exchange.get("venues") or []]
    rules = rules_of(record)
    handout.always = any(is_round_the_clock(rule) for rule in rules)
    now = datetime.now(UTC)
    for one in schedules.occurrences(rules, now, now + AHEAD):
        if one.certainty == "certain" and not handout.always and len(handout.times) < TIMES:
            handout.times.append(_time(one))
    handout.contacts = [
        (_CHANNELS[contact["channel"]], contact["value"])
        for contact in exchange.get("contacts") or []
        if contact["channel"] in _CHANNELS
    ]


_CHANNELS: Mapping[str, str] = {"phone": "phone_to", "sms": "sms", "email": "email", "web": "web"}


def _place(venue: dict[str, Any]) -> list[str]:
    town = " ".join(filter(None, (venue.get("postal_code"), venue.get("city"))))
    lines = (venue.get("name"), venue.get("street"), town or venue.get("district"), venue.get("directions"))
    return [line for line in lines if line]


def _time(one: schedules.Occurrence) -> Time:
    start, end = one.start.astimezone(STOCKHOLM), one.end.astimezone(STOCKHOLM)
    return Time(
        weekday=WEEKDAYS[start.weekday()],
        day=f"{start.day}/{start.month}",
        hours=f"{start:%H:%M}–{end:%H:%M}",
    )
