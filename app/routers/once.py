"""Idempotency-Key on POST: the kept answer, or the attempt to keep one."""

from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Request, Response
from pydantic import BaseModel
from sqlalchemy.orm import Session

from app.deps import IdempotencyKey, OperatorDep, PrincipalDep, RawBody, SessionDep
from app.services import idempotency


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


@dataclass(frozen=True)
class Sent:
    """A POST as it came."""

    session: Session
    body: bytes
    method_path: str
    key: str | None

    def by(self, caller: UUID) -> Once:
        """The same key of another caller is another key."""
        if self.key is None:
            return Once(self.session, None, None)
        digest = idempotency.digest_of(self.method_path, self.body)
        attempt = idempotency.attempt(self.session, caller, self.key, digest=digest)
        kept = attempt.answer
        if kept is None:
            return Once(self.session, attempt, None)
        headers = {**(kept.headers or {}), "Idempotency-Replayed": "true"}
        answer = Response(kept.body, kept.status or 201, headers, media_type="application/json")
        return Once(self.session, attempt, answer)


def get_sent(
    request: Request,
    body: RawBody,
    session: SessionDep,
    idempotency_key: IdempotencyKey = None,
) -> Sent:
    method_path = f"{request.method} {request.url.path}?{request.url.query}"
    return Sent(session, body, method_path, idempotency_key)


SentDep = Annotated[Sent, Depends(get_sent, scope="function")]


def get_once(sent: SentDep, caller: PrincipalDep) -> Once:
    return sent.by(caller.key_id)


def get_operators_once(sent: SentDep, caller: OperatorDep) -> Once:
    return sent.by(caller.account_id)


OnceDep = Annotated[Once, Depends(get_once, scope="function")]
OperatorsOnceDep = Annotated[Once, Depends(get_operators_once, scope="function")]
