"""The small parts FHIR resources are made of."""

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from app.schemas.fhir_terms import ABSENT, OBSERVATION_VALUE, TRANSLATION, structure

Json = dict[str, Any]


def resource(kind: str, of: UUID | str, **elements: Any) -> Json:
    """A resource. FHIR knows no null and nothing empty, so what is None or empty is left out."""
    return {"resourceType": kind, "id": str(of), **kept(elements)}


def kept(elements: Mapping[str, Any]) -> Json:
    """The elements that say something."""
    return {name: value for name, value in elements.items() if value not in (None, "", [], {})}


def meta(version: int | None = None, updated: datetime | None = None, *, part: bool = False) -> Json:
    """`part`: the resource holds less than a reading of it alone gives."""
    subsetted = {"system": OBSERVATION_VALUE, "code": "SUBSETTED"}
    return kept(
        {
            "versionId": str(version) if version is not None else None,
            "lastUpdated": instant(updated),
            "tag": [subsetted] if part else None,
        }
    )


def instant(moment: datetime | None) -> str | None:
    if moment is None:
        return None
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def day(value: date | None) -> str | None:
    return value.isoformat() if value else None


def coding(system: str, code: str, display: str | None = None) -> Json:
    return kept({"system": system, "code": code, "display": display})


def concept(system: str, code: str | None, *, text: str | None = None) -> Json | None:
    """A CodeableConcept; None without a code."""
    return None if code is None else kept({"coding": [coding(system, code)], "text": text})


def reference(kind: str, of: UUID | str, display: str | None = None) -> Json:
    return kept({"reference": f"{kind}/{of}", "display": display})


def withheld(kind: str, why: str) -> Json:
    """A reference to somebody who is not told: `masked`, `not-asked` or `unknown`."""
    return {"type": kind, "extension": [{"url": ABSENT, "valueCode": why}]}


def extension(name: str, **value: Any) -> Json | None:
    """One of our extensions, `extension("mode", valueCode="light")`; None without a value."""
    (only,) = value.items()
    return None if only[1] is None else {"url": structure(name), only[0]: only[1]}


def parts(name: str, inner: Iterable[tuple[str, str, Any]]) -> Json | None:
    """One of our extensions with parts, each (url, value[x], value); None when there is none."""
    found = [{"url": url, kind: value} for url, kind, value in inner if value is not None]
    return {"url": structure(name), "extension": found} if found else None


def present(*found: Json | None) -> list[Json]:
    return [one for one in found if one is not None]


def translations(texts: Mapping[str, Mapping[str, Any]], field: str, shown: str) -> Json | None:
    """The other languages of a text, as FHIR's translation extension beside the primitive."""
    found = [
        {
            "url": TRANSLATION,
            "extension": [
                {"url": "lang", "valueCode": language},
                {"url": "content", "valueString": text[field]},
            ],
        }
        for language, text in texts.items()
        if language != shown and text.get(field)
    ]
    return {"extension": found} if found else None
