"""Organisations, listings and venues as FHIR resources. Pure: what is given is what anyone may see."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from app.models import Organisation, Venue
from app.schemas.fhir_terms import LANGUAGES, ORG_NUMBER, PROVISION, codes, naming
from app.schemas.listing import ListingIn, Visibility
from app.schemas.organisation import OrganisationOut
from app.services.document_hours import rules_of
from app.services.fhir_elements import (
    Json,
    coding,
    concept,
    extension,
    kept,
    meta,
    parts,
    present,
    reference,
    resource,
    translations,
)
from app.services.fhir_hours import hours
from app.services.listing_views import choose_language
from app.services.taxonomies import Term, Vocabulary
from app.services.venues import public_listing

LANGUAGE = "sv"
_SYSTEMS = {"phone": "phone", "sms": "sms", "email": "email", "web": "url", "chat": "other"}
_PROVIDED = {"free": "free", "paid": "cost", "membership": "cost"}


@dataclass(frozen=True)
class Shown:
    """A listing as it is told. `locations` are the ids of its venues, in their order."""

    id: UUID
    organisation_id: UUID
    version: int
    updated_at: datetime
    record: ListingIn
    locations: Sequence[str]


def location_id(listing_id: UUID, position: int, venue: Venue) -> str:
    """A public venue is one Location for all its listings; a protected one tells not even who shares it."""
    if venue.visibility in (None, Visibility.PUBLIC):
        return str(venue.id)
    return f"{listing_id}.{position}"


def organization(of: Organisation) -> Json:
    told = OrganisationOut.model_validate(of)
    texts = {language: text.exchange() for language, text in (told.texts or {}).items()}
    language, _ = choose_language(texts, LANGUAGE)
    number = told.org_number and {"system": ORG_NUMBER, "value": told.org_number}
    return resource(
        "Organization",
        told.id,
        meta=meta(of.version, told.updated_at),
        language=language if texts else None,
        identifier=[*([number] if number else []), _external("organisation", told.external_id)],
        active=True,
        type=present(concept(codes("legal-form"), told.legal_form)),
        name=told.name,
        telecom=_telecom([("phone", told.phone), ("email", told.email), ("web", told.website)]),
        extension=present(
            extension("description", valueString=(texts.get(language) or {}).get("description")),
            extension("municipality", valueCoding=_municipality(told.municipality_code)),
            extension("child-safeguarding", valueBoolean=told.child_safeguarding),
            extension("verified-on", valueDateTime=meta(updated=told.verified_on).get("lastUpdated")),
        ),
    )


def healthcare_service(of: Shown, known: Vocabulary, today: date) -> Json:
    record = public_listing(of.record)
    texts: dict[str, Any] = record.get("texts") or {}
    language, _ = choose_language(texts, LANGUAGE)
    text = texts.get(language) or {}
    facts: dict[str, bool] = record.get("facts") or {}
    return resource(
        "HealthcareService",
        of.id,
        meta=meta(of.version, of.updated_at),
        language=language if texts else None,
        identifier=[_external("listing", record["external_id"])] if record.get("external_id") else None,
        active=True,
        providedBy=reference("Organization", of.organisation_id),
        category=[_term("category", one, known.categories) for one in record.get("categories") or []],
        type=present(concept(codes("kind"), record["kind"])),
        location=[reference("Location", one) for one in of.locations],
        name=text.get("title"),
        _name=translations(texts, "title", language),
        comment=text.get("summary"),
        _comment=translations(texts, "summary", language),
        extraDetails=text.get("description"),
        _extraDetails=translations(texts, "description", language),
        telecom=_telecom([(one["channel"], one["value"]) for one in record.get("contacts") or []]),
        serviceProvisionCode=_provision(record.get("cost") or {}),
        eligibility=_eligibility(record, known),
        characteristic=[
            *(_term("fact", one, known.facts) for one, said in facts.items() if said),
            *(
                _term("audience", one["term"], known.audiences)
                for one in record.get("audiences") or []
                if not one["only"]
            ),
        ],
        communication=[
            {"coding": [coding(LANGUAGES, code)]}
            for code in dict.fromkeys(one["code"] for one in record.get("languages") or [])
        ],
        appointmentRequired=facts.get("registration_required"),
        **hours(rules_of(of.record), today),
        extension=_of_listing(record, facts),
    )


def location(of: str, venue: Mapping[str, Any]) -> Json:
    """`venue` is what its visibility lets out, as `venues.public_view` gives it."""
    lat, lon = venue.get("lat"), venue.get("lon")
    street = venue.get("street")
    address = kept(
        {
            "line": [street] if street else None,
            "city": venue.get("city"),
            "district": venue.get("district"),
            "postalCode": venue.get("postal_code"),
            "country": "SE",
        }
    )
    protected = venue.get("visibility") not in (None, Visibility.PUBLIC)
    return resource(
        "Location",
        of,
        status="active",
        mode="instance",
        name=venue.get("name"),
        description=venue.get("directions"),
        address=address,
        position={"longitude": lon, "latitude": lat} if lat is not None else None,
        extension=present(
            extension("municipality", valueCoding=_municipality(venue.get("municipality_code"))),
            extension("visibility", valueCode=venue["visibility"] if protected else None),
            *_facts(venue.get("facts") or {}),
        ),
    )


def _external(of: str, value: str) -> Json:
    return {"system": naming(of), "value": value}


def _municipality(code: str | None) -> Json | None:
    return coding(codes("municipality"), code) if code else None


def _term(system: str, of: str, known: Mapping[str, Term]) -> Json:
    term = known.get(of)
    return {"coding": [coding(codes(system), of, term.sv if term else None)]}


def _telecom(found: Sequence[tuple[str, str | None]]) -> list[Json]:
    told = []
    for channel, value in found:
        if value is not None and channel in _SYSTEMS:  # a place to go or write to is no telecom
            system = "url" if value.startswith(("http://", "https://")) else _SYSTEMS[channel]
            told.append({"system": system, "value": value})
    return told


def _provision(cost: Mapping[str, Any]) -> list[Json]:
    code = _PROVIDED.get(cost.get("kind", ""))
    found = present(concept(PROVISION, code))
    return [*found, {"coding": [coding(PROVISION, "disc")]}] if cost.get("benefits") else found


def _eligibility(record: Mapping[str, Any], known: Vocabulary) -> list[Json]:
    """Who alone is admitted. A main audience where all are welcome is a characteristic."""
    found: list[Json] = [
        {"code": _term("audience", one["term"], known.audiences)}
        for one in record.get("audiences") or []
        if one["only"]
    ]
    age = record.get("age") or {}
    low, high = age.get("min"), age.get("max")
    if low is not None or high is not None:
        words = f"{low or 0}–{high} år" if high is not None else f"från {low} år"
        found.append({"code": {"coding": [coding(codes("eligibility"), "age")]}, "comment": words})
    return found


def _of_listing(record: Mapping[str, Any], facts: Mapping[str, bool]) -> list[Json]:
    cost, capacity = record.get("cost") or {}, record.get("capacity") or {}
    return present(
        extension("confirmed-on", valueDate=record.get("confirmed_on")),
        extension("crisis", valueBoolean=record.get("crisis")),
        parts(
            "cost",
            (
                ("kind", "valueCode", cost.get("kind")),
                ("min", "valueMoney", _kronor(cost.get("min_sek"))),
                ("max", "valueMoney", _kronor(cost.get("max_sek"))),
                ("per", "valueCode", cost.get("per")),
                ("note", "valueString", cost.get("note")),
            ),
        ),
        parts(
            "capacity",
            (
                ("status", "valueCode", capacity.get("status")),
                ("asOf", "valueDate", capacity.get("as_of")),
                ("until", "valueDate", capacity.get("until")),
            ),
        ),
        *(extension("attendance", valueCode=one) for one in record.get("attendance") or []),
        *_facts(facts),
    )


def _kronor(value: float | None) -> Json | None:
    return None if value is None else {"value": value, "currency": "SEK"}


def _facts(facts: Mapping[str, bool]) -> list[Json]:
    """True and false alike: what is not named is not known, which is not no."""
    return present(
        *(
            parts("fact", (("term", "valueCode", term), ("value", "valueBoolean", said)))
            for term, said in facts.items()
        )
    )
