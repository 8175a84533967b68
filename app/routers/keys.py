"""API keys of an organisation: two at a time, so that one can be rotated to the other."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path
from sqlalchemy import select

from app.deps import PrincipalDep, ReadSessionDep, SessionDep
from app.models import ApiKey
from app.schemas.answer import KeyIn, KeyMade, KeyOut, Keys
from app.services import identity, organisations

router = APIRouter(tags=["keys"])
Reference = Annotated[str, Path(description="Id or external id.", max_length=200)]


@router.get("/organisations/{organisation}/keys", summary="List keys")
def own(organisation: Reference, session: ReadSessionDep, caller: PrincipalDep) -> Keys:
    """The organisation's keys without their secrets, the newest first."""
    owner = organisations.by_reference(session, organisation)
    caller.require("keys:write", owner.id)
    rows = session.scalars(
        select(ApiKey).where(ApiKey.organisation_id == owner.id).order_by(ApiKey.id.desc()).limit(100)
    )
    return Keys(items=[KeyOut.model_validate(row) for row in rows])


@router.post("/organisations/{organisation}/keys", status_code=201, summary="Make a key")
def create(wish: KeyIn, organisation: Reference, session: SessionDep, caller: PrincipalDep) -> KeyMade:
    """Make a key; its token is answered this once. At most two are active."""
    owner = organisations.by_reference(session, organisation)
    caller.require("keys:write", owner.id)
    key, token = identity.create_key(
        session,
        organisation=owner,
        name=wish.name,
        scopes=set(wish.scopes),
        expires_at=wish.expires_at,
        actor=caller.actor,
    )
    return KeyMade(**KeyOut.model_validate(key).model_dump(), token=token)


@router.delete("/organisations/{organisation}/keys/{key}", status_code=204, summary="Revoke a key")
def revoke(
    key: Annotated[UUID, Path(description="The key's id.")],
    organisation: Reference,
    session: SessionDep,
    caller: PrincipalDep,
) -> None:
    """End a key at once."""
    owner = organisations.by_reference(session, organisation)
    caller.require("keys:write", owner.id)
    identity.revoke(session, organisation_id=owner.id, key_id=key, actor=caller.actor)
