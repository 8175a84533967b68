"""Referrals by FHIR: the same deeds as elsewhere, told with ServiceRequest, Consent and Task."""

from typing import Any

from sqlalchemy.orm import Session

from app.errors import BadRequest, Conflict, Forbidden
from app.models import Referral
from app.schemas.fhir import BundleIn, ConsentIn, ReferenceIn, ServiceRequestIn, TaskIn
from app.schemas.referral import ReferralIn, ReferralPatch
from app.schemas.referral_change import EventIn, StatusIn
from app.schemas.referral_list import SendOptions
from app.services import (
    fhir_read,
    fhir_referral,
    referral_change,
    referral_create,
    referral_rows,
)
from app.services.fhir_elements import Json
from app.services.fhir_read import checked, target, wrong
from app.services.referral_change import Said
from app.services.referral_rows import By
from app.services.referral_states import OPEN, REASONED

_DRAFT = SendOptions(draft=True)
_FIXED = ("listing_id", "mode", "protected_identity")
_KNOWN = {
    "result": "outcome",
    "reason": "outcome_reason",
    "enrolled_on": "enrolled_on",
    "first_attended_on": "first_attended_on",
    "continuing_on": "continuing_on",
    "attendance_count": "attendance_count",
}


def create(session: Session, sent: ServiceRequestIn, *, by: By) -> Referral:
    """A draft: it is sent by its Task. Raises as `referral_create.create`."""
    _new(sent)
    return referral_create.create(
        session, checked(ReferralIn, fhir_read.request(sent)), by=by, options=_DRAFT
    )


def transact(session: Session, sent: BundleIn, *, by: By) -> Referral:
    """The request with its consent, and sent when a Task asks for that; one deed, one event."""
    found: dict[str, Any] = {one.resource.resource_type: one for one in sent.entry}
    if len(found) != len(sent.entry) or "ServiceRequest" not in found:
        raise wrong("/entry", "entries", "One ServiceRequest, and at most one Consent and one Task.")
    if any(one.request.url != one.resource.resource_type for one in sent.entry):
        raise wrong("/entry", "entries", "Each is sent to the address of its type.")
    request = found["ServiceRequest"]
    _new(request.resource)
    body, draft = fhir_read.request(request.resource), True
    if "Consent" in found:
        consent: ConsentIn = found["Consent"].resource
        _within(consent.provision.data[0].reference, request.full_url, "Consent")
        body |= fhir_read.waiver(consent)
    if "Task" in found:
        task: TaskIn = found["Task"].resource
        _within(task.focus, request.full_url, "Task")
        draft = _first(task) == "draft"
    referral = referral_create.create(
        session, checked(ReferralIn, body), by=by, options=SendOptions(draft=draft)
    )
    if "Task" in found:
        _owner(found["Task"].resource, referral)
    return referral


def add_consent(session: Session, sent: ConsentIn, *, by: By) -> Referral:
    """The consent of a request. Raises Conflict where there is one: that is updated."""
    of = target(sent.provision.data[0].reference, "ServiceRequest", "/provision/data/0/reference")
    referral = referral_rows.one(session, of, by, lock=True)
    if referral_rows.consent(session, referral.id) is not None:
        raise Conflict("There is one already: update it.")
    change_consent(session, referral, sent, by=by)
    return referral


def send(session: Session, sent: TaskIn, *, by: By) -> Referral:
    """The Task of a request that is a draft: asks the organisation, unless it is a draft itself."""
    of = target(sent.focus, "ServiceRequest", "/focus")
    referral = referral_rows.one(session, of, by, lock=True)
    _owner(sent, referral)
    if referral.status != "draft":
        raise Conflict("There is one already: update it.")
    if _first(sent) == "requested":
        taken = StatusIn(status="requested")
        referral_create.take(session, referral, taken, by=by, options=SendOptions())
    return referral


def change_request(session: Session, referral: Referral, sent: ServiceRequestIn, *, by: By) -> None:
    """What the requester wrote, whole; without a contained Patient the person stays as she is."""
    _same_id(sent.id, referral)
    _requester_only(by)
    body = fhir_read.request(sent)
    status = fhir_referral.request_status(referral.status)  # type: ignore[arg-type]
    if sent.status != status and (sent.status, status) != ("active", "draft"):
        raise wrong("/status", "derived", "Follows the status of its Task: change that.")
    for name in _FIXED:
        if body[name] != getattr(referral, name):
            raise wrong(f"/{name}", "fixed", "Cannot be changed: make a new one.")
    patch = {name: value for name, value in body.items() if name not in _FIXED}
    referral_create.edit(session, referral, checked(ReferralPatch, patch), by=by)


def change_consent(session: Session, referral: Referral, sent: ConsentIn, *, by: By) -> None:
    _requester_only(by)
    of = target(sent.provision.data[0].reference, "ServiceRequest", "/provision/data/0/reference")
    if of != referral.id:
        raise wrong("/provision/data/0/reference", "fixed", "Cannot be changed: make a new one.")
    patch = checked(ReferralPatch, fhir_read.waiver(sent))
    referral_create.edit(session, referral, patch, by=by)


def change_task(session: Session, referral: Referral, sent: TaskIn, *, by: By) -> None:
    """Another status, or an event by its business status; sent back as it was read it changes nothing.

    Raises IllegalChange, Forbidden and Invalid as the change itself does.
    """
    _same_id(sent.id, referral)
    if target(sent.focus, "ServiceRequest", "/focus") != referral.id:
        raise wrong("/focus", "fixed", "Cannot be changed: make a new one.")
    _owner(sent, referral)
    told = fhir_read.event(sent)
    happened = told is not None and (
        told["kind"] != referral.sub_status or told["on"] is not None or told["text"] is not None
    )
    outcome = _outcome(referral, sent)
    if sent.status == referral.status:
        if outcome:
            raise wrong("/output", "not_here", "Only a completed referral has an outcome.")
        if happened and told is not None:
            if told.get("reason") == referral.reason and referral.status not in OPEN:
                told.pop("reason", None)  # sent back as it was read
            _tell(session, referral, checked(EventIn, told), by=by)
        return
    if happened:
        raise wrong("/businessStatus", "one_at_a_time", "Tell a status and an event one at a time.")
    body = fhir_read.status(sent, outcome)
    if body.get("reason") == referral.reason and sent.status not in REASONED:
        body.pop("reason", None)  # sent back as it was read, and it may be the service's own
    taken = checked(StatusIn, body)
    if by.party == "requester":
        referral_create.take(session, referral, taken, by=by, options=SendOptions())
    else:
        said = Said(taken.reason, taken.text, taken.outcome)
        referral_change.transition(session, referral, taken.status, by=by, said=said)


def _tell(session: Session, referral: Referral, told: EventIn, *, by: By) -> None:
    said = Said(told.reason, told.text, on=told.on)
    referral_change.happened(session, referral, told.kind, by=by, said=said)


def _outcome(referral: Referral, sent: TaskIn) -> Json:
    """How it went, where that is told anew; what was read and is sent back is not."""
    given = {name: value for name, value in fhir_read.outcome(sent).items() if value is not None}
    if sent.status == "completed" != referral.status:
        return given
    known = {name: getattr(referral, column) for name, column in _KNOWN.items()}
    if referral.outcome is not None:
        given.pop("measures", None)
    return given if any(known.get(name) != value for name, value in given.items()) else {}


def _new(sent: ServiceRequestIn) -> None:
    if sent.status not in ("draft", "active"):
        raise wrong("/status", "derived", "Follows the status of its Task: change that.")
    if sent.replaces is not None:
        raise wrong("/replaces", "not_here", "A case is re-routed by the service's own API.")


def _first(sent: TaskIn) -> str:
    if sent.status not in ("draft", "requested"):
        raise wrong("/status", "not_first", "A new Task is a draft or requested.")
    return sent.status


def _within(of: ReferenceIn, full_url: str, kind: str) -> None:
    if of.reference != full_url:
        raise wrong("/entry", "reference", f"The {kind} must refer to the ServiceRequest of the Bundle.")


def _owner(sent: TaskIn, referral: Referral) -> None:
    """Whose it is follows from the listing; who names it names the same."""
    named = sent.owner and sent.owner.reference
    if named and target(sent.owner or ReferenceIn(), "Organization", "/owner") != referral.organisation_id:
        raise wrong("/owner", "fixed", "Cannot be changed: make a new one.")


def _same_id(sent: str | None, referral: Referral) -> None:
    if sent is None or sent.lower() != str(referral.id):
        raise BadRequest("The id of the resource is not that of the address.")


def _requester_only(by: By) -> None:
    if by.party != "requester":
        raise Forbidden("This change is another party's.")
