"""What a referral must have before an organisation is asked; everything missing is told at once."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.config import get_settings
from app.errors import Conflict, FieldProblem, Invalid, TooManyRequests
from app.models import Listing, Municipality, Organisation, Referral, ReferralConsent
from app.schemas.referral import COARSE, MINORS, Category, Person, ReferralIn, StaffMode
from app.services import capacity, referral_rows
from app.services.referral_rows import By
from app.services.referral_states import OPEN
from app.services.wall_clock import today


class ListingFull(Conflict):
    """The listing takes nobody now; the router adds what is like it."""

    def __init__(self, listing_id: UUID) -> None:
        super().__init__("The listing is full at the moment.")
        self.listing_id = listing_id


@dataclass(frozen=True)
class Goal:
    """Where a referral goes."""

    listing: Listing
    organisation: Organisation


def goal(session: Session, listing_id: UUID) -> Goal:
    found = session.execute(
        select(Listing, Organisation)
        .join(Organisation, Organisation.id == Listing.organisation_id)
        .where(Listing.id == listing_id)
    ).one_or_none()
    if found is None or found[0].status in ("draft", "submitted", "rejected"):
        sentence = "There is no such listing."
        raise Invalid(
            "The referral cannot be saved as it is.", [FieldProblem("/listing_id", "unknown", sentence)]
        )
    return Goal(found[0], found[1])


def known_kommun(session: Session, code: str | None) -> None:
    if code is not None and session.get(Municipality, code) is None:
        sentence = "There is no such term in the vocabulary."
        raise Invalid(
            "The referral cannot be saved as it is.",
            [FieldProblem("/municipality_code", "unknown_term", sentence)],
        )


def usual_mode(goal: Goal, sent: ReferralIn) -> StaffMode:
    """How a person is referred when nothing is said: without a name where a name could harm her most."""
    alone = sent.age_band in MINORS and sent.decided_by not in ("guardian", "both")
    bare = sent.protected_identity or goal.listing.kind == "support_line" or alone
    return "code" if bare else "light"


def modes(referral: Referral, person: Person | None) -> None:
    """Raise Invalid for what a mode, or a protected identity, does not allow to be written down at all."""
    found = []
    if referral.protected_identity:
        told = ("municipality_code", "language", "interpreter", "access_needs")
        sentence = "Of a person with protected identity nothing more is written down."
        found = [FieldProblem(f"/{name}", "not_here", sentence) for name in told if getattr(referral, name)]
        if referral.age_band is not None and referral.age_band not in COARSE:
            sentence = "Of a person with protected identity say only under-18 or 18-plus."
            found.append(FieldProblem("/age_band", "too_narrow", sentence))
    if referral.protected_identity and referral.mode != "code":
        sentence = "A person with protected identity is referred by code alone."
        found.append(FieldProblem("/mode", "code_only", sentence))
    if referral.mode == "code" and person is not None:
        sentence = "The mode code stores nothing about the person."
        found.append(FieldProblem("/person", "not_here", sentence))
    if found:
        raise Invalid("The referral cannot be saved as it is.", found)


def ready(session: Session, referral: Referral, goal: Goal, consent: ReferralConsent | None) -> None:
    """Everything a request must have. Raises Invalid with all that is missing."""
    found = [*_goal_problems(goal), *_minor_problems(referral, goal, consent)]
    if referral.mode != "code":
        person = referral_rows.person_of(session, referral)
        if person is None:
            found.append(FieldProblem("/person", "missing", "The person's contact is needed."))
        found.extend(_consent_problems(consent, goal, _categories(referral, person)))
    if found:
        raise Invalid("The referral cannot be sent yet.", found)


def _goal_problems(goal: Goal) -> list[FieldProblem]:
    found = []
    if goal.listing.status != "published":
        found.append(FieldProblem("/listing_id", "not_published", "The listing is not public at the moment."))
    if goal.organisation.verified_on is None:
        sentence = "The organisation is not verified: it cannot receive referrals."
        found.append(FieldProblem("/listing_id", "not_verified", sentence))
    return found


def _minor_problems(referral: Referral, goal: Goal, consent: ReferralConsent | None) -> list[FieldProblem]:
    if referral.age_band is None and goal.organisation.child_safeguarding is not True:
        sentence = "The organisation has no noted child-safeguarding routine: say at least 18-plus."
        return [FieldProblem("/age_band", "missing", sentence)]
    if referral.age_band not in MINORS:
        return []
    found = []
    if referral.decided_by is None:
        found.append(FieldProblem("/decided_by", "missing", "Say who decided for somebody under 18."))
    if referral.decided_by == "self" and referral.maturity_assessed is not True:
        sentence = "A minor who decides alone must have been found mature enough."
        found.append(FieldProblem("/maturity_assessed", "missing", sentence))
    if referral.mode == "self" and referral.age_band == "under-13" and referral.decided_by == "self":
        sentence = "Somebody under 13 asks together with a guardian."
        found.append(FieldProblem("/decided_by", "guardian_needed", sentence))
    if consent is not None and referral.decided_by in ("guardian", "both") and consent.given_by == "self":
        sentence = "A guardian decided too: the consent is the guardian's as well."
        found.append(FieldProblem("/consent/given_by", "guardian_needed", sentence))
    if goal.organisation.child_safeguarding is not True:
        sentence = "The organisation has no noted child-safeguarding routine: it cannot receive minors."
        found.append(FieldProblem("/listing_id", "no_child_safeguarding", sentence))
    return found


def _categories(referral: Referral, person: Person | None) -> set[Category]:
    """What is handed over, and so must have been agreed to."""
    handed: set[Category] = {"contact"}
    if referral.access_needs:
        handed.add("needs")
    if person is not None and person.note is not None:
        handed.add("note")
    return handed


def _consent_problems(
    consent: ReferralConsent | None, goal: Goal, handed: set[Category]
) -> list[FieldProblem]:
    if consent is None:
        return [
            FieldProblem("/consent", "missing", "The person's consent is needed."),
            FieldProblem("/legal_basis", "missing", "A legal basis is needed."),
        ]
    found = []
    now = today()
    if consent.expires_on < now:
        found.append(FieldProblem("/consent/expires_on", "expired", "The consent has expired."))
    if consent.given_on > now:
        found.append(FieldProblem("/consent/given_on", "in_the_future", "Is in the future."))
    if consent.recipient_id != goal.organisation.id:
        sentence = "The consent is given for another organisation."
        found.append(FieldProblem("/consent/recipient", "other_recipient", sentence))
    if not handed <= set(consent.categories):
        sentence = "The consent does not cover all that is handed over."
        found.append(FieldProblem("/consent/categories", "too_narrow", sentence))
    return found


def room(session: Session, referral: Referral, goal: Goal, by: By, *, allow_duplicate: bool) -> None:
    """The listing takes people, the quota is not used up, and it is not the same person again."""
    if capacity.is_full(goal.listing.capacity, today()):
        raise ListingFull(goal.listing.id)
    # One at a time from one care provider to one organisation: a crowd at once is counted like a queue.
    pair = f"{referral.requester_tenant}|{goal.organisation.id}"
    session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(pair, 0))))
    if referral.requester_tenant is not None:
        day_ago = datetime.now(UTC) - timedelta(days=1)
        sent = session.scalar(
            select(func.count())
            .select_from(Referral)
            .where(
                Referral.requester_tenant == referral.requester_tenant,
                Referral.organisation_id == goal.organisation.id,
                Referral.requested_at > day_ago,
            )
        )
        if (sent or 0) >= get_settings().referral_quota:
            raise TooManyRequests(
                "So many referrals have gone to this organisation today that it must catch up."
            )
    if referral.duplicate_mac is not None and not allow_duplicate:
        same = select(Referral.id).where(
            Referral.duplicate_mac == referral.duplicate_mac,
            Referral.organisation_id == goal.organisation.id,
            Referral.status.in_(OPEN),
            Referral.id != referral.id,
            # Only what the caller may see anyhow: another unit's case is not told of by a refusal.
            by.sees(),
        )
        found = session.scalar(same.limit(1))
        if found is not None:
            referral_rows.note_alone(by, "duplicate", found)
            sentence = "An open referral of the same person to this organisation exists."
            raise Conflict(sentence, [FieldProblem("/person/contact", "duplicate", sentence)])
