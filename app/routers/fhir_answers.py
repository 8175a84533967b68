"""What FHIR's requests and answers have in common."""

from datetime import datetime
from email.utils import format_datetime
from typing import Annotated, Any
from urllib.parse import parse_qsl

import orjson
from fastapi import Depends, Header, Request
from fastapi.responses import Response

from app.errors import UnsupportedMediaType
from app.schemas.fhir_terms import JSON
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
