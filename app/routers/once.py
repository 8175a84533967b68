"""Idempotency-Key on POST: the kept answer, or the attempt to keep one."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request, Response
from pydantic import BaseModel
from sqlalchemy.orm import Session

from app.deps import IdempotencyKey, PrincipalDep, SessionDep
from app.services import idempotency


async def _raw_body(request: Request) -> bytes:
    return await request.body()


@dataclass(frozen=True)
class Once:
    """One sending of a POST. `answer` is what was answered before under the same key, else None."""

    session: Session
    attempt: idempotency.Attempt | None
    answer: Response | None

    def remember(self, response: Response, body: BaseModel) -> None:
        """Keep a 201 answer in the transaction of the deed."""
        if self.attempt is not None:
            headers = {n: response.headers[n] for n in ("ETag", "Location") if n in response.headers}
            self.attempt.keep(self.session, status=201, headers=headers, body=body.model_dump_json().encode())


def get_once(
    request: Request,
    body: Annotated[bytes, Depends(_raw_body)],
    session: SessionDep,
    caller: PrincipalDep,
    idempotency_key: IdempotencyKey = None,
) -> Once:
    if idempotency_key is None:
        return Once(session, None, None)
    attempt = idempotency.attempt(
        session,
        caller.key_id,
        idempotency_key,
        digest=idempotency.digest_of(f"{request.method} {request.url.path}?{request.url.query}", body),
    )
    kept = attempt.answer
    if kept is None:
        return Once(session, attempt, None)
    headers = {**(kept.headers or {}), "Idempotency-Replayed": "true"}
    return Once(
        session, attempt, Response(kept.body, kept.status or 201, headers, media_type="application/json")
    )


OnceDep = Annotated[Once, Depends(get_once, scope="function")]
