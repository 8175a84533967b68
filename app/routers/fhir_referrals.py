"""Referrals by FHIR R4: for staff who refer, and for members of the organisations that answer."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Request
from fastapi.responses import Response

from app.deps import IdempotencyKey, IfMatch, RawBody
from app.models import Referral
from app.routers.acting import Acting, Either, Staff
from app.routers.alternatives import OfferingDep
from app.routers.fhir_answers import (
    FhirResponse,
    LenientDep,
    PairsDep,
    Prefer,
    is_minimal,
    require_version,
    saved,
)
from app.schemas.fhir import BundleIn, ConsentIn, ServiceRequestIn, TaskIn
from app.schemas.fhir_terms import FHIR_BASE
from app.services import fhir_cases, fhir_refer, fhir_search, referral_once, referral_rows
from app.services.fhir_cases import PARAMS, Kind
from app.services.idempotency import Attempt

router = APIRouter()
Id = Annotated[UUID, Path()]


def get_kind(request: Request) -> Kind:
    kind: Kind = request.url.path.partition(FHIR_BASE + "/")[2].split("/")[0]  # type: ignore[assignment]
    return kind


def get_attempt(
    staff: Staff, request: Request, body: RawBody, idempotency_key: IdempotencyKey = None
) -> Attempt | None:
    return referral_once.attempt(staff.session, staff.by, idempotency_key, request=request.url, body=body)


KindDep = Annotated[Kind, Depends(get_kind)]
AttemptDep = Annotated[Attempt | None, Depends(get_attempt, scope="function")]


def _before(staff: Acting, attempt: Attempt | None) -> Referral | None:
    """The referral that the same request made before."""
    before = referral_once.made_before(attempt)
    return None if before is None else referral_rows.one(staff.session, before, staff.by)


def _locked(acting: Acting, of: UUID, if_match: str | None) -> Referral:
    referral = referral_rows.one(acting.session, of, acting.by, lock=True)
    require_version(if_match, referral.version)
    return referral


def _shown(acting: Acting, kind: Kind, referral: Referral, prefer: str | None) -> Response:
    return saved(fhir_cases.shown(acting.session, kind, referral, acting.by), prefer)


def _made(acting: Acting, kind: Kind, referral: Referral, prefer: str | None) -> Response:
    made = fhir_cases.shown(acting.session, kind, referral, acting.by, made=True)
    return saved(made, prefer, new=True)


@router.get("/ServiceRequest/{of}")
@router.get("/Task/{of}")
@router.get("/Consent/{of}")
def read(of: Id, kind: KindDep, acting: Either) -> Response:
    """To each party what it may see; that the person's details were read is written down."""
    referral = referral_rows.one(acting.session, of, acting.by)
    return FhirResponse(fhir_cases.shown(acting.session, kind, referral, acting.by))


@router.get("/ServiceRequest")
@router.get("/Task")
@router.get("/Consent")
@router.post("/ServiceRequest/_search")
@router.post("/Task/_search")
@router.post("/Consent/_search")
def search(kind: KindDep, acting: Either, asked: PairsDep, lenient: LenientDep) -> Response:
    """Own ones; nothing in the answer tells of persons, which takes a reading of one."""
    wished = fhir_search.read(asked, PARAMS[kind], lenient=lenient)
    return FhirResponse(fhir_cases.find(acting.session, kind, wished, acting.by))


@router.post("/ServiceRequest")
def create_request(
    sent: ServiceRequestIn, staff: Staff, attempt: AttemptDep, prefer: Prefer = None
) -> Response:
    """A draft, which its Task sends. The answer holds the person's code, told this once."""
    referral = _before(staff, attempt)
    if referral is None:
        referral = fhir_refer.create(staff.session, sent, by=staff.by)
        referral_once.keep(staff.session, attempt, referral.id)
    return _made(staff, "ServiceRequest", referral, prefer)


@router.post("/Consent")
def create_consent(sent: ConsentIn, staff: Staff, prefer: Prefer = None) -> Response:
    """The consent of a request; 409 where there is one."""
    return _made(staff, "Consent", fhir_refer.add_consent(staff.session, sent, by=staff.by), prefer)


@router.post("/Task")
def create_task(sent: TaskIn, staff: Staff, offering: OfferingDep, prefer: Prefer = None) -> Response:
    """Asks the organisation, with everything a request must have."""
    with offering():
        referral = fhir_refer.send(staff.session, sent, by=staff.by)
    return _made(staff, "Task", referral, prefer)


@router.post("")
def transaction(
    sent: BundleIn, staff: Staff, attempt: AttemptDep, offering: OfferingDep, prefer: Prefer = None
) -> Response:
    """A request with its consent and task at once: all of it, or nothing."""
    referral = _before(staff, attempt)
    if referral is None:
        with offering():
            referral = fhir_refer.transact(staff.session, sent, by=staff.by)
        referral_once.keep(staff.session, attempt, referral.id)
    kinds: list[Kind] = [one.request.url for one in sent.entry]
    made = [fhir_cases.shown(staff.session, kind, referral, staff.by, made=True) for kind in kinds]
    return FhirResponse(fhir_search.transaction_response(made, minimal=is_minimal(prefer)))


@router.put("/ServiceRequest/{of}")
def change_request(
    of: Id, sent: ServiceRequestIn, staff: Staff, if_match: IfMatch = None, prefer: Prefer = None
) -> Response:
    """What the requester wrote, whole, until it is answered."""
    referral = _locked(staff, of, if_match)
    fhir_refer.change_request(staff.session, referral, sent, by=staff.by)
    return _shown(staff, "ServiceRequest", referral, prefer)


@router.put("/Consent/{of}")
def change_consent(
    of: Id, sent: ConsentIn, staff: Staff, if_match: IfMatch = None, prefer: Prefer = None
) -> Response:
    """Given anew, until it is answered."""
    referral = _locked(staff, of, if_match)
    fhir_refer.change_consent(staff.session, referral, sent, by=staff.by)
    return _shown(staff, "Consent", referral, prefer)


@router.put("/Task/{of}")
def change_task(
    of: Id,
    sent: TaskIn,
    acting: Either,
    offering: OfferingDep,
    if_match: IfMatch = None,
    prefer: Prefer = None,
) -> Response:
    """Another status or an event; 409 with the allowed ones, 403 for one that is another party's."""
    referral = _locked(acting, of, if_match)
    with offering():
        fhir_refer.change_task(acting.session, referral, sent, by=acting.by)
    return _shown(acting, "Task", referral, prefer)
