"""What requests are given: sessions, the caller, preconditions, paging."""

from collections.abc import Callable, Iterator
from typing import Annotated

from fastapi import Depends, Header, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from sqlalchemy.orm import Session

from app.db import ReadSession, read_scope, session_scope
from app.errors import Forbidden, PreconditionFailed, PreconditionRequired, Unauthorised
from app.issuers import Role
from app.services import accounts, identity
from app.services.accounts import Actor
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
access_token = HTTPBearer(
    auto_error=False,
    scheme_name="AccessToken",
    bearerFormat="JWT",
    description=(
        "A person's OAuth 2 access token (RFC 9068, `typ: at+jwt`) of an OIDC issuer that this service knows:"
        " `Authorization: Bearer eyJ…`"
    ),
)


def no_key(credentials: HTTPAuthorizationCredentials) -> None:
    """Raise Forbidden for an API key, whether it is a good one or not."""
    if credentials.credentials.startswith(identity.PREFIX):
        raise Forbidden("An API key does not open this: it takes a person's access token.")


def get_actor(
    credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(access_token)],
) -> Actor:
    if credentials is None:
        raise Unauthorised("A person's access token is needed: Authorization: Bearer eyJ…")
    no_key(credentials)
    return accounts.recognise(credentials.credentials)


ActorDep = Annotated[Actor, Depends(get_actor)]


def _acting_as(role: Role) -> Callable[[Actor], Actor]:
    def with_role(actor: ActorDep) -> Actor:
        accounts.require_role(actor, role)
        return actor

    return with_role


# A person with a role: 401 without a token or with too weak a login, 403 with an API key or without the role.
for_operators = _acting_as("operator")
StaffDep = Annotated[Actor, Depends(_acting_as("staff"))]
MemberDep = Annotated[Actor, Depends(_acting_as("member"))]
OperatorDep = Annotated[Actor, Depends(for_operators)]


async def raw_body(request: Request) -> bytes:
    return await request.body()


RawBody = Annotated[bytes, Depends(raw_body)]
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
