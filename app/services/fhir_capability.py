"""The CapabilityStatement: made of the tables that searches are read by, so that it tells no more."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.config import get_settings
from app.release import RELEASED, VERSION
from app.schemas.fhir_terms import CANONICAL, JSON
from app.services import fhir_cases, fhir_find, fhir_search
from app.services.fhir_elements import Json, kept
from app.services.fhir_search import Param


@dataclass(frozen=True)
class Served:
    """A resource type, what may be done with it, and how it is searched."""

    kind: str
    interactions: tuple[str, ...]
    params: Mapping[str, Param]
    includes: frozenset[str] = frozenset()
    documentation: str = ""

    @property
    def written(self) -> bool:
        return "update" in self.interactions


_PUBLIC = ("read", "search-type")
_WRITTEN = ("read", "search-type", "create", "update")
_OWN = (
    "With a person's access token: staff see what they and their unit refer, members what comes to their"
    " organisations. Updates take If-Match."
)
_OPEN = "Open to anyone, without a token."
SERVED = (
    Served("Organization", _PUBLIC, fhir_find.ORGANIZATION, documentation=_OPEN),
    Served("Location", _PUBLIC, fhir_find.LOCATION, documentation=_OPEN),
    Served(
        "HealthcareService",
        _PUBLIC,
        fhir_find.HEALTHCARE_SERVICE,
        fhir_find.INCLUDES,
        documentation=_OPEN,
    ),
    *(Served(kind, _WRITTEN, params, documentation=_OWN) for kind, params in fhir_cases.PARAMS.items()),
)


def statement() -> Json:
    settings = get_settings()
    return {
        "resourceType": "CapabilityStatement",
        "url": f"{CANONICAL}/CapabilityStatement/torg",
        "version": VERSION,
        "name": "Torg",
        "title": "Torg",
        "status": "active",
        "experimental": False,
        "date": RELEASED.isoformat(),
        "publisher": "Torg",
        "description": "A directory of what brings people together, and referrals to it.",
        "kind": "instance",
        "software": {"name": "Torg", "version": VERSION, "releaseDate": RELEASED.isoformat()},
        "implementation": {
            "description": "Torg",
            "url": fhir_search.base(),
        },
        "fhirVersion": "4.0.1",
        "format": [JSON, "json"],
        "rest": [
            {
                "mode": "server",
                "documentation": f"The service's own API, with more in it: {settings.public_url}/api/v1",
                "security": {
                    "cors": True,
                    "description": (
                        "ServiceRequest, Task and Consent take a person's OAuth 2 access token (RFC 9068)"
                        " from an issuer that the operator knows."
                    ),
                },
                "resource": [_resource(one) for one in SERVED],
                "interaction": [
                    {
                        "code": "transaction",
                        "documentation": "A new ServiceRequest with its Consent and Task.",
                    }
                ],
            }
        ],
    }


def _resource(of: Served) -> Json:
    found: dict[str, Any] = {
        "type": of.kind,
        "documentation": of.documentation,
        "interaction": [{"code": one} for one in of.interactions],
        "versioning": "versioned-update" if of.written else "versioned",
        "readHistory": False,
        "updateCreate": False,
        "conditionalCreate": False,
        "conditionalUpdate": False,
        "conditionalDelete": "not-supported",
        "searchInclude": sorted(of.includes),
        "searchParam": [
            kept({"name": name, "type": one.kind, "documentation": one.documentation})
            for name, one in of.params.items()
            if "." not in name  # chained ones are of the other resource
        ],
    }
    return kept(found)
