"""What requests are given: sessions, the caller, preconditions, paging."""

from collections.abc import Iterator
from typing import Annotated

from fastapi import Depends, Header
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from sqlalchemy.orm import Session

from app.db import ReadSession, read_scope, session_scope
from app.errors import PreconditionFailed, PreconditionRequired, Unauthorised
from app.services import identity
from app.services.identity import Principal


def get_session() -> Iterator[Session]:
    with session_scope() as session:
        yield session


def get_read_session() -> Iterator[ReadSession]:
    with read_scope() as session:
        yield session


# scope="function": the commit happens before the answer leaves, so a failed commit is never told as success.
SessionDep = Annotated[Session, Depends(get_session, scope="function")]
ReadSessionDep = Annotated[ReadSession, Depends(get_read_session, scope="function")]
_bearer = HTTPBearer(
    auto_error=False, scheme_name="ApiKey", description="An API key: `Authorization: Bearer torg_…`"
)


def get_principal(
    credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
) -> Principal:
    if credentials is None:
        raise Unauthorised("A key is needed: Authorization: Bearer torg_…")
    with session_scope() as session:
        return identity.recognise(session, credentials.credentials)


PrincipalDep = Annotated[Principal, Depends(get_principal)]


IfMatch = Annotated[
    str | None,
    Header(description="The ETag of what you read; 428 without it, 412 when stale.", max_length=200),
]
IdempotencyKey = Annotated[
    str | None,
    Header(
        description="The same key with the same body gives the same answer again for 48 hours.",
        min_length=1,
        max_length=200,
    ),
]


def etag(version: int) -> str:
    """The strong ETag of a row's version."""
    return f'"v{version}"'


def require_match(if_match: str | None, version: int) -> None:
    """Raise unless the caller has seen the row as it is now (RFC 9110, If-Match)."""
    if if_match is None:
        raise PreconditionRequired("Send the ETag you read in If-Match.")
    if if_match.strip() != "*" and etag(version) not in [tag.strip() for tag in if_match.split(",")]:
        raise PreconditionFailed("It was changed after you read it. Read it again and redo your change.")
