"""Making referrals: a draft, a request, a person's own, and the same case sent elsewhere."""

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session
from uuid_utils.compat import uuid7

from app.config import get_settings
from app.errors import Conflict, FieldProblem, Invalid
from app.models import Organisation, Referral, ReferralConsent
from app.schemas.referral import (
    Basis,
    Needs,
    Person,
    ReferralIn,
    ReferralPatch,
    RerouteIn,
    SelfReferralIn,
    Waiver,
)
from app.schemas.referral_change import StatusIn
from app.schemas.referral_list import SendOptions
from app.services import codes, referral_change, referral_rows, tally
from app.services import referral_demands as demands
from app.services.referral_change import Said
from app.services.referral_rows import By
from app.services.vault import vault
from app.services.wall_clock import today

_NEEDS = tuple(Needs.model_fields)


def create(session: Session, sent: ReferralIn, *, by: By, options: SendOptions) -> Referral:
    """A new referral of staff, sent or as a draft.

    Raises Invalid with everything that is wrong at once, ListingFull, Conflict for a duplicate (unless
    allowed) and TooManyRequests over the quota.
    """
    goal = demands.goal(session, sent.listing_id)
    referral = Referral(
        id=uuid7(),
        correlation_id=uuid7(),
        mode=sent.mode or demands.usual_mode(goal, sent),
        status="draft" if options.draft else "requested",
        version=1,
        requester_tenant=by.tenant,
        requester_unit=by.unit,
        requester_id=by.actor_id,
        protected_identity=sent.protected_identity,
        **_needs(sent),
    )
    demands.modes(referral, sent.person)
    demands.known_kommun(session, sent.municipality_code)
    return _begin(session, referral, goal, sent.person, sent.consent, sent.legal_basis, by, options)


def request_contact(session: Session, sent: SelfReferralIn, *, by: By, caller: str) -> Referral:
    """A person's own wish; raises as `create`. The session's wall is to hold the id `by.referral_id`.

    `caller` is where it comes from, such as an address: so many an hour. Whether the same person has asked
    before is told to nobody.
    """
    goal = demands.goal(session, sent.listing_id)
    noted = today()
    waiver = Waiver(
        given_by="self" if sent.decided_by is None else sent.decided_by,
        given_on=noted,
        expires_on=noted + timedelta(days=get_settings().retention_days),
        recipient=goal.organisation.id,
        categories=["contact", "needs", "note"],
        text_version=sent.text_version,
    )
    referral = Referral(
        id=by.referral_id,
        correlation_id=uuid7(),
        mode="self",
        status="requested",
        version=1,
        protected_identity=False,
        **_needs(sent),
    )
    demands.known_kommun(session, sent.municipality_code)
    settings = get_settings()
    tally.count(
        session, f"self-from:{caller}", most=settings.self_referrals_per_hour, within=timedelta(hours=1)
    )
    tally.count(
        session,
        f"self:{goal.organisation.id}",
        most=settings.referral_quota,
        within=timedelta(days=1),
    )
    return _begin(
        session, referral, goal, sent.person, waiver, Basis(code="consent", noted_on=noted), by, SendOptions()
    )


def edit(session: Session, referral: Referral, sent: ReferralPatch, *, by: By) -> None:
    """What the requester wrote, while draft or requested. Raises Conflict later, Invalid as `create`."""
    if referral.status not in ("draft", "requested"):
        raise Conflict("A referral is changed by its requester only until it is answered.")
    given = sent.model_dump(exclude_unset=True)
    demands.known_kommun(session, given.get("municipality_code"))
    for name in _NEEDS:
        if name in given:
            empty: Any = {"access_needs": [], "urgency": "routine"}.get(name)
            setattr(referral, name, given[name] if given[name] is not None else empty)
    demands.modes(referral, sent.person)
    if "person" in given and sent.person is None:
        sentence = "The person's details can be changed, not taken away: withdraw the referral."
        raise Invalid(
            "The referral cannot be saved as it is.", [FieldProblem("/person", "missing", sentence)]
        )
    consent = referral_rows.consent(session, referral.id)
    if sent.person is not None:
        referral_rows.seal_person(session, referral, sent.person)
    if sent.consent is not None or sent.legal_basis is not None:
        if (sent.consent is None or sent.legal_basis is None) and consent is None:
            sentence = "Consent and legal basis go together."
            raise Invalid(
                "The referral cannot be saved as it is.", [FieldProblem("/consent", "missing", sentence)]
            )
        consent = _write_consent(session, referral, consent, sent.consent, sent.legal_basis, by)
    if referral.status == "requested":
        goal = demands.goal(session, referral.listing_id)
        demands.ready(session, referral, goal, consent)
    referral_change.edited(session, referral, by=by, fields=given)


def take(session: Session, referral: Referral, sent: StatusIn, *, by: By, options: SendOptions) -> None:
    """Another status, by the requester. A draft that is sent must have everything: raises as `create`."""
    if (referral.status, sent.status) == ("draft", "requested"):
        goal = demands.goal(session, referral.listing_id)
        demands.ready(session, referral, goal, referral_rows.consent(session, referral.id))
        demands.room(session, referral, goal, by, allow_duplicate=options.allow_duplicate)
    said = Said(sent.reason, sent.text, sent.outcome)
    referral_change.transition(session, referral, sent.status, by=by, said=said)


def reroute(session: Session, old: Referral, sent: RerouteIn, *, by: By) -> Referral:
    """The same case to another listing, with a consent of its own; an open one is cancelled as rerouted.

    Raises Conflict when the old one's data were shredded, and as `create`.
    """
    person = referral_rows.person_of(session, old)
    if old.shredded_at is not None or (old.mode != "code" and person is None):
        raise Conflict("The person's data of this referral are shredded: make a new one.")
    if old.status in ("draft", "entered-in-error", "completed") or old.reason == "withdrawn":
        raise referral_change.IllegalChange(f"A referral that is {old.status} cannot be re-routed.")
    goal = demands.goal(session, sent.listing_id)
    referral = Referral(
        id=uuid7(),
        correlation_id=old.correlation_id,
        rerouted_from=old.id,
        mode=old.mode,
        status="requested",
        version=1,
        requester_tenant=by.tenant,
        requester_unit=by.unit,
        requester_id=by.actor_id,
        protected_identity=old.protected_identity,
        **{name: getattr(old, name) for name in _NEEDS},
    )
    made = _begin(session, referral, goal, person, sent.consent, sent.legal_basis, by, SendOptions())
    referral_change.rerouted(session, old, by=by)
    return made


def _begin(
    session: Session,
    referral: Referral,
    goal: demands.Goal,
    person: Person | None,
    waiver: Waiver | None,
    basis: Basis | None,
    by: By,
    options: SendOptions,
) -> Referral:
    """Write a new referral with everything that belongs to it."""
    now = datetime.now(UTC)
    referral.listing_id, referral.organisation_id = goal.listing.id, goal.organisation.id
    referral.code_mac = codes.digest(vault(), codes.code_of(vault(), referral.id))
    referral.urgency = referral.urgency or "routine"
    # Not yet open for the database: its owner and time come with the first event.
    wished, referral.status = referral.status, "draft"
    session.add(referral)
    session.flush()
    referral_rows.new_key(session, referral.id)
    if person is not None:
        referral_rows.seal_person(session, referral, person)
    consent = None
    if waiver is not None or basis is not None:
        if waiver is None or basis is None:
            sentence = "Consent and legal basis go together."
            missing = "/consent" if waiver is None else "/legal_basis"
            raise Invalid(
                "The referral cannot be saved as it is.", [FieldProblem(missing, "missing", sentence)]
            )
        consent = _write_consent(session, referral, None, waiver, basis, by)
    if wished == "requested":
        demands.ready(session, referral, goal, consent)
        demands.room(session, referral, goal, by, allow_duplicate=options.allow_duplicate)
    referral.status = wished
    referral_change.began(session, referral, by=by, now=now)
    return referral


def _needs(sent: Needs) -> dict[str, Any]:
    return {name: getattr(sent, name) for name in _NEEDS}


def _write_consent(
    session: Session,
    referral: Referral,
    row: ReferralConsent | None,
    waiver: Waiver | None,
    basis: Basis | None,
    by: By,
) -> ReferralConsent:
    if waiver is not None and session.get(Organisation, waiver.recipient) is None:
        sentence = "The consent is given for another organisation."
        raise Invalid(
            "The referral cannot be saved as it is.",
            [FieldProblem("/consent/recipient", "other_recipient", sentence)],
        )
    if row is None:
        row = ReferralConsent(referral_id=referral.id)
        session.add(row)
    if waiver is not None:
        row.given_by, row.given_on, row.expires_on = waiver.given_by, waiver.given_on, waiver.expires_on
        row.recipient_id, row.categories = waiver.recipient, list(waiver.categories)
        row.text_version, row.noted_by = waiver.text_version, by.actor_id
    if basis is not None:
        row.legal_basis, row.legal_basis_noted_on = basis.code, basis.noted_on
    session.flush()
    return row
