"""Listings as they are shown: to their organisation whole, to anyone with protected venues redacted."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.errors import FieldProblem, Gone, NotFound
from app.messages import sentence
from app.models import Listing
from app.schemas.answer import (
    CompletenessOut,
    ListingQuery,
    ListingState,
    ListingStates,
    Named,
    OccurrenceOut,
    Occurrences,
    PublicListing,
    ThresholdOut,
)
from app.schemas.listing import ListingIn
from app.services import capacity, held_contacts, publishing, schedules, venues
from app.services.document_hours import rules_of
from app.services.freshness import freshness
from app.services.listings import WHOLE, to_exchange, to_record
from app.services.wall_clock import STOCKHOLM


def _named(listing: Listing) -> Named:
    organisation = listing.organisation
    return Named(id=organisation.id, external_id=organisation.external_id, name=organisation.name)


def state(session: Session, listing: Listing) -> ListingState:
    """What the listing's own organisation is shown."""
    return _state(listing, held_contacts.pending(session, [listing.id]))


def _state(listing: Listing, waiting: Mapping[UUID, list[dict[str, Any]]]) -> ListingState:
    exchange = to_exchange(listing)
    record = ListingIn.model_validate(exchange)
    return ListingState(
        id=listing.id,
        status=listing.status,
        version=listing.version,
        organisation=_named(listing),
        listing=exchange,
        waiting_contacts=waiting.get(listing.id),
        problems=[_both(problem) for problem in publishing.problems(record)],
        completeness=CompletenessOut.model_validate(publishing.completeness(record)),
        threshold=ThresholdOut.model_validate(publishing.threshold(record)),
        freshness=freshness(record.kind, record.confirmed_on, today(datetime.now(UTC))),
        created_at=listing.created_at,
        updated_at=listing.updated_at,
        published_at=listing.published_at,
    )


def _both(problem: FieldProblem) -> dict[str, str]:
    """Both languages, as in the advice beside it."""
    swedish = sentence(problem.code, problem.message, english=False)
    return {"pointer": problem.pointer, "code": problem.code, "sv": swedish, "en": problem.message}


def own(session: Session, organisation_id: UUID, query: ListingQuery) -> ListingStates:
    """A page of the organisation's listings, the latest changed first."""
    wanted = select(Listing).where(Listing.organisation_id == organisation_id)
    if query.status:
        wanted = wanted.where(Listing.status.in_(query.status))
    if query.kind:
        wanted = wanted.where(Listing.kind.in_(query.kind))
    if query.q:
        title = func.coalesce(
            Listing.texts[("sv", "title")].astext, Listing.texts[("en", "title")].astext, ""
        )
        wanted = wanted.where(func.lower(title).contains(query.q.lower(), autoescape=True))
    total = session.scalar(select(func.count()).select_from(wanted.subquery())) or 0
    rows = session.scalars(
        wanted.options(*WHOLE)
        .order_by(Listing.updated_at.desc(), Listing.id)
        .limit(query.limit)
        .offset((query.page - 1) * query.limit)
    ).all()
    waiting = held_contacts.pending(session, [row.id for row in rows])
    items = [_state(row, waiting) for row in rows]
    return ListingStates(items=items, total=total, limit=query.limit, page=query.page)


def published(session: Session, listing_id: UUID) -> Listing:
    """A published listing, whole. Raises NotFound for what never was public, Gone for what no longer is."""
    listing = session.scalar(select(Listing).where(Listing.id == listing_id).options(*WHOLE))
    if listing is None or (listing.status != "published" and listing.published_at is None):
        raise NotFound("There is no such listing.")
    if listing.status != "published":
        raise Gone("The listing was archived.")
    return listing


def choose_language(texts: dict[str, Any], wished: str) -> tuple[str, str | None]:
    """The text to show, and the wished language when that one is missing: wished, Swedish, English, any."""
    base = wished.partition("-")[0]
    for language in (wished, base, "sv", "en", *texts):
        if language in texts:
            return language, None if language in (wished, base) else wished
    return wished, None


def public(listing: Listing, *, wished: str, now: datetime) -> PublicListing:
    """What anyone is shown; `now` is an aware time for the open state."""
    record = to_record(listing)
    exchange = venues.public_listing(record)
    if not capacity.holds(exchange.get("capacity"), today(now)):
        exchange.pop("capacity", None)  # known no more
    language, missing = choose_language(exchange.get("texts") or {}, wished)
    rules = rules_of(record)
    opening = schedules.open_state(rules, now) if rules else None
    return PublicListing(
        id=listing.id,
        organisation=_named(listing),
        listing=exchange,
        text_language=language,
        fallback_from=missing,
        threshold=ThresholdOut.model_validate(publishing.threshold(record)),
        freshness=freshness(record.kind, record.confirmed_on, today(now)),
        open_state=opening.state if opening else "unknown",
        open_state_until=opening.until.astimezone(UTC) if opening and opening.until else None,
    )


def today(now: datetime) -> date:
    return now.astimezone(STOCKHOLM).date()


def occurrences(listing: Listing, first: date, last: date) -> Occurrences:
    """Each time the listing is on from the first day's beginning to the last day's end (Stockholm)."""
    record = ListingIn.model_validate(to_exchange(listing))
    start = datetime.combine(first, time(), STOCKHOLM)
    end = datetime.combine(last + timedelta(days=1), time(), STOCKHOLM)
    return Occurrences(
        items=[
            OccurrenceOut(
                start=o.start.astimezone(UTC),
                end=o.end.astimezone(UTC),
                certainty=o.certainty,
                hours_known=o.hours_known,
                note=o.note,
            )
            for o in schedules.occurrences(rules_of(record), start, end)
        ],
        from_date=first,
        to_date=last,
    )
