"""What FHIR's requests and answers have in common."""

from datetime import datetime
from email.utils import format_datetime
from typing import Annotated, Any
from urllib.parse import parse_qsl

import orjson
from fastapi import Depends, Header, Request
from fastapi.responses import Response

from app.errors import PreconditionFailed, PreconditionRequired, UnsupportedMediaType
from app.schemas.fhir_terms import JSON
from app.services import fhir_search
from app.services.fhir_elements import Json
from app.services.fhir_search import Pairs

Prefer = Annotated[str | None, Header(max_length=200)]


class FhirResponse(Response):
    """A resource; its ETag is its version."""

    media_type = JSON

    def __init__(self, content: Any, status_code: int = 200, headers: dict[str, str] | None = None) -> None:
        super().__init__(content, status_code, headers)
        meta = content.get("meta", {})
        if "versionId" in meta:
            self.headers["ETag"] = f'W/"{meta["versionId"]}"'
        if "lastUpdated" in meta:
            changed = datetime.fromisoformat(meta["lastUpdated"])
            self.headers["Last-Modified"] = format_datetime(changed, usegmt=True)

    def render(self, content: Any) -> bytes:
        return orjson.dumps(content)


def is_minimal(prefer: str | None) -> bool:
    return "return=minimal" in (prefer or "").replace(" ", "")


def saved(resource: Json, prefer: str | None, *, new: bool = False) -> Response:
    """The resource as it was saved, or (Prefer: return=minimal) only where it is and which version."""
    status = 201 if new else 200
    answer: Response = FhirResponse(resource, status)
    if is_minimal(prefer):
        headers = {"ETag": answer.headers["etag"], "Last-Modified": answer.headers["last-modified"]}
        answer = Response(status_code=status, headers=headers)
    if new:
        answer.headers["Location"] = f"{fhir_search.base()}/{resource['resourceType']}/{resource['id']}"
    return answer


def require_version(if_match: str | None, version: int) -> None:
    """Raise unless the caller has seen the resource as it is now: If-Match with its ETag, W/"n"."""
    if if_match is None:
        raise PreconditionRequired("Send the ETag you read in If-Match.")
    tags = {tag.strip().removeprefix("W/").strip('"') for tag in if_match.split(",")}
    if str(version) not in tags:
        raise PreconditionFailed("It was changed after you read it. Read it again and redo your change.")


async def get_pairs(request: Request) -> Pairs:
    """The parameters of a search: of the address, and of the body of POST …/_search."""
    asked = request.query_params.multi_items()
    if request.method != "POST":
        return asked
    if not request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        raise UnsupportedMediaType("Send the search as application/x-www-form-urlencoded.")
    body = (await request.body()).decode("utf-8", "replace")
    return [*asked, *parse_qsl(body, keep_blank_values=True)]


def get_lenient(prefer: Prefer = None) -> bool:
    """Whether unknown search parameters are left out (Prefer: handling=lenient), not refused."""
    return "handling=lenient" in (prefer or "").replace(" ", "")


PairsDep = Annotated[Pairs, Depends(get_pairs)]
LenientDep = Annotated[bool, Depends(get_lenient)]
