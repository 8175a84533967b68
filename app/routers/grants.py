"""Roles of people: given and ended by the operator's people."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query, Response

from app.deps import OperatorDep, ReadSessionDep, SessionDep, for_operators
from app.models import RoleGrant
from app.routers.once import OperatorsOnceDep
from app.schemas.people import GrantIn, GrantOut, GrantQuery, Grants
from app.services import grants

router = APIRouter(tags=["people"], dependencies=[Depends(for_operators)])


@router.get("/role-grants", summary="List roles")
def listed(query: Annotated[GrantQuery, Query()], session: ReadSessionDep) -> Grants:
    """Roles given in the database, the newest first. Those that tokens tell are not among them."""
    rows, total = grants.listed(session, query)
    items = [GrantOut.model_validate(row) for row in rows]
    return Grants(items=items, total=total, limit=query.limit, page=query.page)


@router.post("/role-grants", status_code=201, response_model=GrantOut, summary="Give a role")
def give(
    wish: GrantIn, response: Response, session: SessionDep, caller: OperatorDep, once: OperatorsOnceDep
) -> RoleGrant | Response:
    """Make a person a member of an organisation, or staff. Nobody gives herself a role."""
    if once.answer:
        return once.answer
    made = grants.give(session, wish, caller)
    response.headers["Location"] = f"/api/v1/role-grants/{made.id}"
    once.remember(response, GrantOut.model_validate(made))
    return made


@router.delete("/role-grants/{grant}", status_code=204, summary="End a role")
def revoke(
    grant: Annotated[UUID, Path(description="The grant's id.")], session: SessionDep, caller: OperatorDep
) -> None:
    """End a role at once. What the person's token tells stays."""
    grants.revoke(session, grant, actor=caller.actor)
