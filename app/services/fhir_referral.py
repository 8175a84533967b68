"""A referral as FHIR's ServiceRequest, Task and Consent. Pure: what goes in is what the party may see."""

from typing import Any, Literal, assert_never
from uuid import UUID

from app.schemas.fhir_terms import (
    ACT_CODE,
    CONSENT_SCOPE,
    GRAVITY,
    LANGUAGES,
    PARTICIPATION,
    TASK_CODE,
    codes,
    naming,
)
from app.schemas.referral import Person
from app.schemas.referral_answer import ConsentOut, EventOut, InboxReferral, ReferralOut, Teaser
from app.schemas.referral_terms import Status
from app.services.fhir_elements import (
    Json,
    coding,
    concept,
    day,
    extension,
    instant,
    kept,
    meta,
    parts,
    present,
    reference,
    resource,
    withheld,
)

RequestStatus = Literal["draft", "active", "on-hold", "revoked", "completed", "entered-in-error"]


def request_status(status: Status) -> RequestStatus:
    """What the request is, by what has become of the task."""
    match status:
        case "draft" | "on-hold" | "completed" | "entered-in-error":
            return status
        case "requested" | "accepted" | "in-progress":
            return "active"
        case "rejected" | "failed" | "cancelled":
            return "revoked"
        case _:
            assert_never(status)


def service_request(of: Teaser, requester: UUID | None, *, code: str | None = None) -> Json:
    """`of` decides what is told. `code`: the person's, told when the request is made and never again."""
    person = _person(of)
    own = of if isinstance(of, ReferralOut) else None
    return resource(
        "ServiceRequest",
        of.id,
        meta=meta(of.version, of.updated_at, part=type(of) is Teaser),
        extension=present(extension("referral-mode", valueCode=of.mode), _needs(of)),
        contained=[_patient(person)] if person else None,
        identifier=[{"system": naming("person-code"), "value": code}] if code else None,
        replaces=[reference("ServiceRequest", own.rerouted_from)] if own and own.rerouted_from else None,
        requisition={"system": naming("case"), "value": str(of.correlation_id)},
        status=request_status(of.status),
        intent="order",
        category=present(concept(GRAVITY, "social-connection")),
        priority="urgent" if of.urgency == "soon" else "routine",
        code={"text": of.listing.name} if of.listing.name else None,
        subject={"reference": "#person"} if person else _unnamed(of),
        authoredOn=instant(of.requested_at or of.created_at),
        requester=_requester(of, requester),
        performer=[reference("HealthcareService", of.listing.id, of.listing.name)],
        supportingInfo=[reference("Consent", of.id)] if own and own.consent else None,
        note=[{"text": person.note}] if person and person.note else None,
    )


def task(of: Teaser, requester: UUID | None, events: list[EventOut] | None = None) -> Json:
    """The status of the referral, the organisation's answers, and how it went."""
    return resource(
        "Task",
        of.id,
        meta=meta(of.version, of.updated_at, part=events is None),
        groupIdentifier={"system": naming("case"), "value": str(of.correlation_id)},
        status=of.status,
        statusReason=concept(codes("referral-reason"), of.reason),
        businessStatus=concept(codes("referral-event"), of.sub_status),
        intent="order",
        priority="urgent" if of.urgency == "soon" else "routine",
        code=concept(TASK_CODE, "fulfill"),
        focus=reference("ServiceRequest", of.id),
        **{"for": _unnamed(of)},
        executionPeriod=kept({"start": instant(of.accepted_at), "end": instant(of.closed_at)})
        if of.accepted_at
        else None,
        authoredOn=instant(of.requested_at or of.created_at),
        lastModified=instant(of.updated_at),
        requester=_requester(of, requester),
        owner=reference("Organization", of.organisation.id, of.organisation.name),
        restriction={"period": {"end": instant(of.expires_at)}} if of.expires_at else None,
        note=[_said(one) for one in events or [] if one.text],
        output=_output(of),
        extension=present(
            parts(
                "next-action",
                (("by", "valueCode", of.next_action_by), ("at", "valueDateTime", instant(of.next_action_at))),
            )
        ),
    )


def consent(of: Teaser, own: ConsentOut | None, categories: list[str]) -> Json:
    """The waiver of secrecy; `own` is None for the organisation, which is told only what it covers."""
    return resource(
        "Consent",
        of.id,
        meta=meta(of.version, of.updated_at, part=own is None),
        extension=present(
            extension("consent-given-by", valueCode=own.given_by),
            parts(
                "legal-basis",
                (
                    ("code", "valueCode", own.legal_basis),
                    ("notedOn", "valueDate", day(own.legal_basis_noted_on)),
                ),
            ),
        )
        if own
        else None,
        status="inactive" if own and own.withdrawn_at else "active",
        scope=concept(CONSENT_SCOPE, "patient-privacy"),
        category=present(concept(ACT_CODE, "IDSCL")),
        patient=_unnamed(of),
        dateTime=day(own.given_on) if own else None,
        policyRule=concept(ACT_CODE, "OPTIN", text=own.text_version if own else None),
        provision={
            "type": "permit",
            **({"period": {"start": day(own.given_on), "end": day(own.expires_on)}} if own else {}),
            "actor": [
                {
                    "role": concept(PARTICIPATION, "IRCP"),
                    "reference": reference("Organization", own.recipient if own else of.organisation.id),
                }
            ],
            "code": [concept(codes("consent-category"), one) for one in categories],
            "data": [{"meaning": "related", "reference": reference("ServiceRequest", of.id)}],
        },
    )


def _person(of: Teaser) -> Person | None:
    return of.person if isinstance(of, ReferralOut | InboxReferral) else None


def _unnamed(of: Teaser) -> Json:
    """The person where she is not told: in the mode `code` nobody was asked who she is."""
    return withheld("Patient", "not-asked" if of.mode == "code" else "masked")


def _requester(of: Teaser, requester: UUID | None) -> Json:
    if of.mode == "self":
        return withheld("Patient", "masked")
    if requester is None:
        return withheld("PractitionerRole", "masked")
    return {"type": "PractitionerRole", "identifier": {"system": naming("account"), "value": str(requester)}}


def _needs(of: Teaser) -> Json | None:
    own = of if isinstance(of, ReferralOut) else None
    kommun = of.municipality_code and coding(codes("municipality"), of.municipality_code)
    spoken = of.language and coding(LANGUAGES, of.language)
    return parts(
        "referral-needs",
        (
            ("municipality", "valueCoding", kommun or None),
            ("language", "valueCoding", spoken or None),
            ("interpreter", "valueBoolean", of.interpreter),
            ("ageBand", "valueCode", of.age_band),
            *(("accessNeed", "valueCode", one) for one in of.access_needs),
            ("protectedIdentity", "valueBoolean", (own.protected_identity or None) if own else None),
            ("decidedBy", "valueCode", own.decided_by if own else None),
            ("maturityAssessed", "valueBoolean", own.maturity_assessed if own else None),
        ),
    )


def _patient(person: Person) -> Json:
    return {
        "resourceType": "Patient",
        "id": "person",
        "name": [{"text": person.alias}],
        "telecom": [
            {
                "system": person.contact.channel,
                "value": person.contact.value,
                "extension": present(
                    extension("safe-to-leave-message", valueBoolean=person.safe_to_leave_message),
                    *(
                        parts(
                            "contact-window",
                            (
                                *(("day", "valueCode", one) for one in window.days),
                                ("from", "valueString", window.from_),
                                ("to", "valueString", window.to),
                            ),
                        )
                        for window in person.contact_windows
                    ),
                ),
            }
        ],
    }


def _said(of: EventOut) -> Json:
    return {"authorString": of.by, "time": instant(of.at), "text": of.text}


def _output(of: Teaser) -> list[Json]:
    out, measures = of.outcome, of.outcome.measures
    found: list[tuple[str, str, Any]] = [
        ("result", "valueCode", out.result),
        ("reason", "valueCode", out.reason),
        ("enrolled-on", "valueDate", day(out.enrolled_on)),
        ("first-attended-on", "valueDate", day(out.first_attended_on)),
        ("continuing-on", "valueDate", day(out.continuing_on)),
        ("attendance-count", "valueInteger", out.attendance_count),
    ]
    if measures:
        found += [
            ("loneliness-before", "valueCode", measures.loneliness_before),
            ("loneliness-after", "valueCode", measures.loneliness_after),
            ("ucla-3", "valueInteger", measures.ucla_3),
            ("instrument", "valueCode", measures.instrument),
            ("score", "valueInteger", measures.score),
        ]
    return [
        {"type": concept(codes("referral-outcome"), name), kind: value}
        for name, kind, value in found
        if value is not None
    ]
