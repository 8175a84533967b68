"""Errors as FHIR's OperationOutcome. As everywhere it names the place, never the value."""

from collections.abc import Mapping
from typing import Any

from app.errors import AppError, FieldProblem
from app.services.fhir_elements import Json, kept

PROBLEMS = "https://torg.example/problems"
_TYPES = {"ServiceRequest", "Consent", "Task"}  # of a Bundle's entry, named by the reader of bodies
_CODES = {
    400: "invalid",
    401: "login",
    403: "forbidden",
    404: "not-found",
    405: "not-supported",
    409: "conflict",
    410: "deleted",
    412: "conflict",
    413: "too-long",
    415: "not-supported",
    422: "invalid",
    428: "required",
    429: "throttled",
    503: "transient",
}
# What the referral services call a place, as the FHIR resource has it.
_PLACES = {
    "/listing_id": "ServiceRequest.performer",
    "/mode": "ServiceRequest.extension.where(url.endsWith('/referral-mode'))",
    "/municipality_code": "ServiceRequest.extension.where(url.endsWith('/referral-needs'))",
    "/decided_by": "ServiceRequest.extension.where(url.endsWith('/referral-needs'))",
    "/maturity_assessed": "ServiceRequest.extension.where(url.endsWith('/referral-needs'))",
    "/person/contact": "ServiceRequest.contained.telecom",
    "/person/alias": "ServiceRequest.contained.name",
    "/person/note": "ServiceRequest.note",
    "/person": "ServiceRequest.contained",
    "/consent/recipient": "Consent.provision.actor",
    "/consent/categories": "Consent.provision.code",
    "/consent/given_on": "Consent.provision.period.start",
    "/consent/expires_on": "Consent.provision.period.end",
    "/consent/text_version": "Consent.policyRule.text",
    "/consent": "Consent",
    "/legal_basis": "Consent.extension.where(url.endsWith('/legal-basis'))",
    "/reason": "Task.statusReason",
    "/text": "Task.statusReason.text",
    "/outcome": "Task.output",
    "/on": "Task.businessStatus.extension",
    "/kind": "Task.businessStatus",
}


def outcome(error: AppError, *, title: str, detail: str, sentences: list[str]) -> Json:
    """`sentences`: what is said of each of the error's field problems, in the reader's language."""
    code = _CODES.get(error.status, "exception")
    issues = [
        _issue(code, error.code, detail, expression=expression(one), of=one.code, said=said)
        for one, said in zip(error.errors, sentences, strict=True)
    ] or [_issue(code, error.code, detail, said=title)]
    return {"resourceType": "OperationOutcome", "issue": [*issues, *_more(error.more)]}


def _issue(
    code: str, problem: str, detail: str, *, said: str, of: str | None = None, expression: str | None = None
) -> Json:
    return kept(
        {
            "severity": "error",
            "code": code,
            "details": {"coding": [{"system": PROBLEMS, "code": of or problem}], "text": said},
            "diagnostics": detail,
            "expression": [expression] if expression else None,
        }
    )


def _more(more: Mapping[str, Any]) -> list[Json]:
    """Where a status leads, and what there is instead of a full listing."""
    said = []
    if "allowed" in more:
        said.append(f"allowed: {', '.join(more['allowed'])}")
    if more.get("alternatives"):
        said.append(" ".join(f"HealthcareService/{one['id']}" for one in more["alternatives"]))
    return [{"severity": "information", "code": "informational", "diagnostics": one} for one in said]


def expression(problem: FieldProblem) -> str | None:
    """The FHIRPath of a pointer: the body's own, or one into a record of the referral services."""
    for place, known in _PLACES.items():
        if problem.pointer == place or problem.pointer.startswith(place + "/"):
            return known
    parts = [part for part in problem.pointer.split("/")[1:] if part not in _TYPES]
    return "".join(f"[{part}]" if part.isdecimal() else f".{part}" for part in parts).lstrip(".") or None
