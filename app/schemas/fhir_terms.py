"""The addresses FHIR knows our terms by, and the terms of others that we use."""

FHIR_BASE = "/fhir/R4"
JSON = "application/fhir+json"
CANONICAL = "https://torg.example/fhir"
ABSENT = "http://hl7.org/fhir/StructureDefinition/data-absent-reason"
TRANSLATION = "http://hl7.org/fhir/StructureDefinition/translation"
GRAVITY = "http://hl7.org/fhir/us/sdoh-clinicalcare/CodeSystem/SDOHCC-CodeSystemTemporaryCodes"
TASK_CODE = "http://hl7.org/fhir/CodeSystem/task-code"
ACT_CODE = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
PARTICIPATION = "http://terminology.hl7.org/CodeSystem/v3-ParticipationType"
CONSENT_SCOPE = "http://terminology.hl7.org/CodeSystem/consentscope"
PROVISION = "http://terminology.hl7.org/CodeSystem/service-provision-conditions"
OBSERVATION_VALUE = "http://terminology.hl7.org/CodeSystem/v3-ObservationValue"
LANGUAGES = "urn:ietf:bcp:47"
ORG_NUMBER = "urn:oid:2.5.4.97"  # HL7 Sweden's base profiles: organisationsnummer


def codes(name: str) -> str:
    """The address of one of our code systems."""
    return f"{CANONICAL}/CodeSystem/{name}"


def structure(name: str) -> str:
    """The address of one of our extensions."""
    return f"{CANONICAL}/StructureDefinition/{name}"


def naming(name: str) -> str:
    """The address of one of our naming systems."""
    return f"{CANONICAL}/sid/{name}"
