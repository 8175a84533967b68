"""The directory by FHIR R4: what anyone may read and search, without a key."""

from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path

from app.deps import ReadSessionDep
from app.routers.fhir_answers import FhirResponse, LenientDep, PairsDep
from app.services import fhir_capability, fhir_find, fhir_search, listing_views
from app.services.fhir_find import HEALTHCARE_SERVICE, INCLUDES, LOCATION, ORGANIZATION

router = APIRouter()
Id = Annotated[UUID, Path()]
LocationId = Annotated[str, Path(max_length=64)]


@router.get("/metadata")
def metadata() -> FhirResponse:
    """What this server can: the CapabilityStatement."""
    return FhirResponse(fhir_capability.statement())


@router.get("/Organization/{of}")
def organization(of: Id, session: ReadSessionDep) -> FhirResponse:
    return FhirResponse(fhir_find.one_organization(session, of))


@router.get("/HealthcareService/{of}")
def healthcare_service(of: Id, session: ReadSessionDep) -> FhirResponse:
    """A published listing; 404 what was never public, 410 what no longer is."""
    return FhirResponse(fhir_find.one_service(session, of, listing_views.today(datetime.now(UTC))))


@router.get("/Location/{of}")
def location(of: LocationId, session: ReadSessionDep) -> FhirResponse:
    return FhirResponse(fhir_find.one_location(session, of))


@router.get("/Organization")
@router.post("/Organization/_search")
def organizations(session: ReadSessionDep, asked: PairsDep, lenient: LenientDep) -> FhirResponse:
    search = fhir_search.read(asked, ORGANIZATION, lenient=lenient)
    return FhirResponse(fhir_find.find_organizations(session, search))


@router.get("/Location")
@router.post("/Location/_search")
def locations(session: ReadSessionDep, asked: PairsDep, lenient: LenientDep) -> FhirResponse:
    """Public places; a protected one is found from its listing alone."""
    search = fhir_search.read(asked, LOCATION, lenient=lenient)
    return FhirResponse(fhir_find.find_locations(session, search))


@router.get("/HealthcareService")
@router.post("/HealthcareService/_search")
def healthcare_services(session: ReadSessionDep, asked: PairsDep, lenient: LenientDep) -> FhirResponse:
    search = fhir_search.read(asked, HEALTHCARE_SERVICE, lenient=lenient, includes=INCLUDES)
    today = listing_views.today(datetime.now(UTC))
    return FhirResponse(fhir_find.find_services(session, search, today))
