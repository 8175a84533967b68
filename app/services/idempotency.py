"""The same POST twice is done once (draft-ietf-httpapi-idempotency-key-header).

The answer is kept in the transaction that did the deed, so a crash leaves both or neither.
"""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from app.errors import Conflict, FieldProblem, Invalid
from app.models import IdempotentRequest

KEPT = timedelta(hours=48)


@dataclass(frozen=True)
class Attempt:
    """One sending of a request under an Idempotency-Key; `answer` is the kept one when it was done before."""

    caller: UUID
    key: str
    request_sha256: str
    answer: IdempotentRequest | None

    def keep(self, session: Session, *, status: int, headers: dict[str, Any], body: bytes) -> None:
        session.add(
            IdempotentRequest(
                caller=self.caller,
                key=self.key,
                request_sha256=self.request_sha256,
                status=status,
                headers=headers,
                body=body,
            )
        )


def digest_of(method_path: str, body: bytes) -> str:
    """What tells one request from another under the same key."""
    return hashlib.sha256(method_path.encode() + b"\n" + body).hexdigest()


def attempt(session: Session, caller: UUID, key: str, *, digest: str) -> Attempt:
    """Begin or repeat. Raises Conflict while the first is under way, Invalid for another body."""
    lock = int.from_bytes(hashlib.sha256(f"{caller} {key}".encode()).digest()[:8], signed=True)
    if not session.scalar(select(func.pg_try_advisory_xact_lock(lock))):
        raise Conflict("The same request is being answered. Try again in a moment.")
    session.execute(
        delete(IdempotentRequest).where(
            IdempotentRequest.caller == caller, IdempotentRequest.created_at < datetime.now(UTC) - KEPT
        )
    )
    kept = session.get(IdempotentRequest, (caller, key))
    if kept is not None and kept.request_sha256 != digest:
        sentence = "This Idempotency-Key was used for another request."
        raise Invalid(sentence, [FieldProblem("/Idempotency-Key", "reused", sentence)])
    return Attempt(caller, key, digest, kept)
