"""FHIR resources as they are sent, understood as what the referral services take. Pure."""

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar
from uuid import UUID

from pydantic import BaseModel, ValidationError

from app.errors import FieldProblem, Invalid
from app.schemas.fhir import (
    ConceptIn,
    ConsentIn,
    ExtensionIn,
    PatientIn,
    ReferenceIn,
    ServiceRequestIn,
    TaskIn,
)
from app.schemas.fhir_terms import codes, structure
from app.schemas.problem import field_problems
from app.services import fhir_search
from app.services.fhir_elements import Json

Model = TypeVar("Model", bound=BaseModel)
_MODE, _NEEDS = structure("referral-mode"), structure("referral-needs")
_SAFE, _WINDOW = structure("safe-to-leave-message"), structure("contact-window")
_GIVEN_BY, _BASIS = structure("consent-given-by"), structure("legal-basis")
_NEXT, _ON = structure("next-action"), structure("event-date")
_PARTS = {
    "municipality": "municipality_code",
    "language": "language",
    "interpreter": "interpreter",
    "ageBand": "age_band",
    "accessNeed": "access_needs",
    "protectedIdentity": "protected_identity",
    "decidedBy": "decided_by",
    "maturityAssessed": "maturity_assessed",
}
_OUTCOME = ("result", "reason", "enrolled-on", "first-attended-on", "continuing-on", "attendance-count")
_MEASURES = ("loneliness-before", "loneliness-after", "ucla-3", "instrument", "score")


def wrong(pointer: str, code: str, why: str) -> Invalid:
    """One thing that is wrong in a resource."""
    return Invalid("See errors for each field.", [FieldProblem(pointer, code, why)])


def checked(model: type[Model], body: Mapping[str, Any]) -> Model:
    """The body as the service's own schema has it. Raises Invalid without the values."""
    try:
        return model.model_validate(body)
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False, include_input=False)
        raise Invalid("See errors for each field.", field_problems(found)) from None


def target(of: ReferenceIn, kind: str, pointer: str) -> UUID:
    """The id a reference names. Raises Invalid for another type and for none."""
    text = (of.reference or "").removeprefix(fhir_search.base() + "/")
    before, _, last = text.rpartition("/")
    try:
        if before != kind:
            raise ValueError  # noqa: TRY301  one answer for both
        return UUID(last)
    except ValueError:
        raise wrong(pointer, "reference", f"Must refer to a {kind} here.") from None


def request(sent: ServiceRequestIn) -> Json:
    """What a requester wrote, as ReferralIn and ReferralPatch take it: the needs all, the person if told."""
    found = _extensions(sent.extension, {_MODE, _NEEDS}, "/extension")
    body: Json = dict.fromkeys(_PARTS.values()) | {"access_needs": [], "protected_identity": False}
    for part in found[_NEEDS][0].extension if found[_NEEDS] else []:
        name = _PARTS.get(part.url)
        if name is None:
            raise wrong("/extension", "extension", "The extension is not known.")
        if name == "access_needs":
            body[name].append(part.value)
        else:
            body[name] = part.value
    body["urgency"] = "soon" if sent.priority == "urgent" else "routine"
    body["listing_id"] = target(sent.performer[0], "HealthcareService", "/performer/0")
    if sent.contained:
        body["person"] = _person(sent.contained[0], sent.note[0].text if sent.note else None)
    elif sent.note:
        raise wrong("/note", "not_here", "A note goes with the person's contact.")
    body["mode"] = found[_MODE][0].value if found[_MODE] else ("light" if sent.contained else "code")
    return body


def _person(sent: PatientIn, note: str | None) -> Json:
    name, telecom = sent.name[0], sent.telecom[0]
    found = _extensions(telecom.extension, {_SAFE, _WINDOW}, "/contained/0/telecom/0/extension")
    windows = []
    for window in found[_WINDOW]:
        times = {part.url: part.value for part in window.extension if part.url != "day"}
        windows.append({"days": [part.value for part in window.extension if part.url == "day"], **times})
    body: Json = {
        "alias": name.text or next(iter(name.given), None),
        "contact": {"channel": telecom.system, "value": telecom.value},
        "contact_windows": windows,
    }
    if found[_SAFE]:
        body["safe_to_leave_message"] = found[_SAFE][0].value
    return body | ({"note": note} if note else {})


def waiver(sent: ConsentIn) -> Json:
    """The waiver and the legal basis, as `consent` and `legal_basis` of a referral."""
    found = _extensions(sent.extension, {_GIVEN_BY, _BASIS}, "/extension")
    said = sent.provision
    consent: Json = {
        "given_on": (said.period.start or "")[:10],
        "expires_on": (said.period.end or "")[:10],
        "recipient": target(said.actor[0].reference, "Organization", "/provision/actor/0/reference"),
        "categories": [_code(one, "consent-category", "/provision/code") for one in said.code],
        "text_version": sent.policy_rule.text,
    }
    if found[_GIVEN_BY]:
        consent["given_by"] = found[_GIVEN_BY][0].value
    body: Json = {"consent": consent}
    if found[_BASIS]:
        parts = {part.url: part.value for part in found[_BASIS][0].extension}
        body["legal_basis"] = {"code": parts.get("code"), "noted_on": parts.get("notedOn")}
    return body


def status(sent: TaskIn, outcome: Json | None) -> Json:
    """A change of status as StatusIn takes it."""
    body: Json = {"status": sent.status}
    if sent.status_reason:
        _extensions(sent.status_reason.extension, set(), "/statusReason/extension")
        body["reason"] = sent.status_reason.code(codes("referral-reason"))
        body["text"] = sent.status_reason.text
    return body | ({"outcome": outcome} if outcome else {})


def event(sent: TaskIn) -> Json | None:
    """What happened, as EventIn takes it; None where there is no business status."""
    if sent.business_status is None:
        return None
    found = _extensions(sent.business_status.extension, {_ON}, "/businessStatus/extension")
    body: Json = {
        "kind": _code(sent.business_status, "referral-event", "/businessStatus"),
        "text": sent.business_status.text,
        "on": found[_ON][0].value if found[_ON] else None,
    }
    if sent.status_reason:
        body["reason"] = sent.status_reason.code(codes("referral-reason"))
    return body


def outcome(sent: TaskIn) -> Json:
    """How it went, as OutcomeIn takes it, of the task's outputs."""
    _extensions(sent.extension, {_NEXT}, "/extension")
    body: Json = {}
    measures: Json = {}
    for number, one in enumerate(sent.output):
        name = _code(one.type, "referral-outcome", f"/output/{number}/type")
        if name in _OUTCOME:
            body[name.replace("-", "_")] = one.value
        elif name in _MEASURES:
            measures[name.replace("-", "_")] = one.value
        else:
            raise wrong(f"/output/{number}/type", "unknown_term", "There is no such term in the vocabulary.")
    return body | ({"measures": measures} if measures else {})


def _code(of: ConceptIn, system: str, pointer: str) -> str:
    code = of.code(codes(system))
    if code is None:
        raise wrong(pointer, "coding", "A code of this service's own system is needed.")
    return code


def _extensions(sent: Iterable[ExtensionIn], known: set[str], pointer: str) -> dict[str, list[ExtensionIn]]:
    """By address. Raises Invalid for one that is not known: what is not understood is not kept."""
    found: dict[str, list[ExtensionIn]] = {url: [] for url in known}
    for one in sent:
        if one.url not in found:
            raise wrong(pointer, "extension", "The extension is not known.")
        found[one.url].append(one)
    return found
