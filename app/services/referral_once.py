"""The same request for a referral twice makes one referral; only its id is kept, and digests of the rest."""

from uuid import UUID

import orjson
from sqlalchemy.orm import Session

from app.services import idempotency
from app.services.idempotency import Attempt
from app.services.referral_rows import By
from app.services.vault import vault


def attempt(session: Session, by: By, key: str | None, *, request: object, body: bytes) -> Attempt | None:
    """One sending of a POST to the address `request` under an Idempotency-Key; None without one.

    Raises as `idempotency.attempt`.
    """
    if key is None or by.actor_id is None:
        return None
    # A body holds a telephone number, and somebody may take a name for a key: a plain digest can be guessed.
    kept_key = vault().mac("idempotency-key", key)
    digest = vault().mac("idempotency-body", idempotency.digest_of(f"POST {request}", body))
    return idempotency.attempt(session, by.actor_id, kept_key, digest=digest)


def made_before(attempt: Attempt | None) -> UUID | None:
    """The referral that the same request made."""
    if attempt is None or attempt.answer is None or attempt.answer.body is None:
        return None
    return UUID(orjson.loads(attempt.answer.body))


def keep(session: Session, attempt: Attempt | None, referral_id: UUID) -> None:
    """Remember it in the transaction of the deed."""
    if attempt is not None:
        attempt.keep(session, status=201, headers={}, body=orjson.dumps(str(referral_id)))
