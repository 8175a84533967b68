"""Reading and searching referrals as FHIR resources: each party sees its own, and no more than elsewhere."""

from collections.abc import Callable, Mapping
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import Select, false, select
from sqlalchemy.orm import Session

from app.errors import NotFound
from app.models import Referral, ReferralConsent
from app.schemas.fhir_terms import codes, naming
from app.schemas.referral_answer import Teaser
from app.schemas.referral_list import InboxQuery
from app.services import codes as person_codes
from app.services import fhir_referral, fhir_search, referral_rows, referral_views
from app.services.fhir_elements import Json
from app.services.fhir_referral import request_status
from app.services.fhir_search import Clause, Param, Search, identity, moment, token, wrong
from app.services.referral_rows import By
from app.services.referral_states import STATUSES
from app.services.vault import vault

Kind = Literal["ServiceRequest", "Task", "Consent"]


def _reference(column: Any, name: str, kind: str) -> Param:
    return Param("reference", lambda value, _: column == identity(value, name, kind))


def _case(name: str) -> Param:
    def clause(value: str, _modifier: str) -> Clause:
        return Referral.correlation_id == _uuid(token(value, naming("case"), name))

    return Param("token", clause, documentation="The same for a case that was re-routed.")


def _uuid(of: str) -> UUID:
    try:
        return UUID(of)
    except ValueError:
        return UUID(int=0)


def _requester(value: str, modifier: str) -> Clause:
    if modifier == "identifier":
        return Referral.requester_id == _uuid(token(value, naming("account"), "requester"))
    return Referral.requester_id == identity(value, "requester", "PractitionerRole")


def _task_status(value: str, _modifier: str) -> Clause:
    if value not in STATUSES:
        raise wrong("status", "Must be one of the allowed values.")
    return Referral.status == value


def _request_status(value: str, _modifier: str) -> Clause:
    found = [one for one in STATUSES if request_status(one) == value]
    if not found:
        raise wrong("status", "Must be one of the allowed values.")
    return Referral.status.in_(found)


def _consent_status(value: str, _modifier: str) -> Clause:
    if value not in ("active", "inactive"):
        raise wrong("status", "Must be one of the allowed values.")
    given = ReferralConsent.withdrawn_at.is_(None)
    return given if value == "active" else ~given


def _event(value: str, _modifier: str) -> Clause:
    return Referral.sub_status == token(value, codes("referral-event"), "business-status")


_BY = Param(
    "reference",
    _requester,
    frozenset({"identifier"}),
    "The account that refers, as in the resource's requester.",
)
_COMMON = {"_lastUpdated": Param("date", moment(Referral.updated_at))}
PARAMS: dict[Kind, dict[str, Param]] = {
    "ServiceRequest": {
        "_id": _reference(Referral.id, "_id", "ServiceRequest"),
        **_COMMON,
        "status": Param("token", _request_status),
        "requester": _BY,
        "performer": _reference(Referral.listing_id, "performer", "HealthcareService"),
        "requisition": _case("requisition"),
    },
    "Task": {
        "_id": _reference(Referral.id, "_id", "Task"),
        **_COMMON,
        "status": Param("token", _task_status),
        "business-status": Param("token", _event),
        "owner": _reference(Referral.organisation_id, "owner", "Organization"),
        "requester": _BY,
        "focus": _reference(Referral.id, "focus", "ServiceRequest"),
        "group-identifier": _case("group-identifier"),
    },
    "Consent": {
        "_id": _reference(Referral.id, "_id", "Consent"),
        **_COMMON,
        "status": Param("token", _consent_status),
        "actor": _reference(ReferralConsent.recipient_id, "actor", "Organization"),
        "data": _reference(Referral.id, "data", "ServiceRequest"),
    },
}


def shown(session: Session, kind: Kind, referral: Referral, by: By, *, made: bool = False) -> Json:
    """The resource as this party may see it; that it read what tells of the person is written down.

    `made`: it is told its maker for the first time, with the person's code. Raises NotFound for a consent
    that was never given.
    """
    match kind:
        case "ServiceRequest":
            code = person_codes.code_of(vault(), referral.id) if made else None
            return fhir_referral.service_request(_whole(session, referral, by), _who(referral, by), code=code)
        case "Task":
            told = referral_views.teaser(session, referral, by)
            events = referral_views.events(session, referral, by)
            return fhir_referral.task(told, _who(referral, by), events)
        case "Consent":
            row = referral_rows.consent(session, referral.id)
            if row is None:
                raise NotFound("There is no such consent.")
            return _consent(referral_views.teasers(session, [referral], by.party)[0], row, by)


def find(session: Session, kind: Kind, search: Search, by: By) -> Json:
    """Those of the party that fit; nothing in it tells of persons, which takes a reading of one."""
    query: Select[Any] = referral_rows.listed(by, InboxQuery()).order_by(None).where(*search.where)
    if kind == "Consent":
        query = query.join(ReferralConsent, ReferralConsent.referral_id == Referral.id)
    if by.party != "requester" and any(name.startswith("requester") for name in search.values):
        query = query.where(false())  # who refers is not told to the organisation
    rows, total = fhir_search.page_of(session, query, search, Referral.updated_at, Referral.id)
    told = referral_views.teasers(session, rows, by.party)
    make = _making(session, kind, rows, by)
    return fhir_search.searchset(kind, search, total, [make(*one) for one in zip(told, rows, strict=True)])


def _making(session: Session, kind: Kind, rows: list[Referral], by: By) -> Callable[[Teaser, Referral], Json]:
    match kind:
        case "ServiceRequest":
            return lambda told, row: fhir_referral.service_request(told, _who(row, by))
        case "Task":
            return lambda told, row: fhir_referral.task(told, _who(row, by))
        case "Consent":
            given = _consents(session, rows)
            return lambda told, row: _consent(told, given[row.id], by)


def _consents(session: Session, rows: list[Referral]) -> Mapping[UUID, ReferralConsent]:
    wanted = select(ReferralConsent).where(ReferralConsent.referral_id.in_([row.id for row in rows]))
    return {one.referral_id: one for one in session.scalars(wanted)}


def _consent(told: Teaser, row: ReferralConsent, by: By) -> Json:
    own = referral_views.consent_of(row) if by.party == "requester" else None
    return fhir_referral.consent(told, own, list(row.categories))


def _whole(session: Session, referral: Referral, by: By) -> Teaser:
    if by.party == "requester":
        return referral_views.for_requester(session, referral, by)
    return referral_views.for_organisation(session, referral, by)


def _who(referral: Referral, by: By) -> UUID | None:
    """Who refers: known to the unit, not told to the organisation."""
    return referral.requester_id if by.party == "requester" else None
