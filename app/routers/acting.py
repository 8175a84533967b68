"""Who acts on referrals in a request, and the session behind their wall."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials
from sqlalchemy.orm import Session

from app.db import Wall, session_scope, stand_behind, walled_scope
from app.deps import ActorDep, StaffDep, access_token, get_actor, no_key, require_match
from app.errors import Unauthorised
from app.models import Referral
from app.schemas.referral_terms import Party
from app.services import accounts, referral_links, referral_rows
from app.services.accounts import Actor
from app.services.referral_rows import By


@dataclass(frozen=True)
class Acting:
    """A session behind a wall, and for whom it acts."""

    session: Session
    by: By

    def locked(self, referral_id: UUID, if_match: str | None) -> Referral:
        """The referral, to be changed by whoever has read it as it is now."""
        referral = referral_rows.one(self.session, referral_id, self.by, lock=True)
        require_seen(if_match, referral.version)
        return referral


def get_staff(actor: StaffDep) -> Iterator[Acting]:
    with walled_scope(Wall(tenant=actor.tenant)) as session:
        yield Acting(session, By("requester", actor.account_id, tenant=actor.tenant, unit=actor.unit))


@contextmanager
def acting_by_session(token: str, party: Party) -> Iterator[Acting]:
    """Whoever a link's or a code's session stands for. Raises Unauthorised when it is another's, or over."""
    with session_scope() as session:
        by = referral_links.recognise(session, token)
        if by.party != party:
            raise Unauthorised("The session is unknown or over. Use a new link.")
        stand_behind(session, Wall(organisations=by.organisations, referral=by.referral_id))
        yield Acting(session, by)


def get_receiver(
    credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(access_token)],
) -> Iterator[Acting]:
    token = credentials.credentials if credentials else ""
    if token.startswith(referral_links.SESSION_PREFIX):
        with acting_by_session(token, "organisation") as acting:
            yield acting
        return
    yield from _member(get_actor(credentials))


def _member(actor: Actor) -> Iterator[Acting]:
    accounts.require_role(actor, "member")
    with walled_scope(Wall(organisations=actor.organisations)) as session:
        yield Acting(session, By("organisation", actor.account_id, organisations=actor.organisations))


def get_either(actor: ActorDep) -> Iterator[Acting]:
    """Staff as requesters, else members as the organisation: by a token, not by a link's session."""
    if not actor.staff:
        yield from _member(actor)
        return
    accounts.require_role(actor, "staff")
    yield from get_staff(actor)


def get_session_token(
    credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(access_token)],
) -> str:
    """The token of a link's or a code's session, not looked at yet."""
    if credentials is None:
        raise Unauthorised("The session is unknown or over. Use a new link.")
    no_key(credentials)
    return credentials.credentials


SessionToken = Annotated[str, Depends(get_session_token)]


def get_person(token: SessionToken) -> Iterator[Acting]:
    with acting_by_session(token, "person") as acting:
        yield acting


def get_anyone() -> Iterator[Session]:
    with walled_scope(Wall()) as session:
        yield session


def require_seen(if_match: str | None, version: int) -> None:
    """As `require_match`; `*` is refused: nobody decides about a person without having read her case."""
    require_match(None if if_match and if_match.strip() == "*" else if_match, version)


def get_address(request: Request) -> str:
    """The caller's address; only its keyed digest is ever kept."""
    return request.client.host if request.client else ""


# scope="function": the commit happens before the answer leaves.
Staff = Annotated[Acting, Depends(get_staff, scope="function")]
Receiver = Annotated[Acting, Depends(get_receiver, scope="function")]
Either = Annotated[Acting, Depends(get_either, scope="function")]
PersonActing = Annotated[Acting, Depends(get_person, scope="function")]
Anyone = Annotated[Session, Depends(get_anyone, scope="function")]
Address = Annotated[str, Depends(get_address)]
