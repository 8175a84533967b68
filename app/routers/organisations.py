"""Organisations: created by the operator, kept current by themselves."""

from typing import Annotated

from fastapi import APIRouter, Path, Response

from app.deps import (
    IfMatch,
    PrincipalDep,
    ReadSessionDep,
    SessionDep,
    etag,
    require_match,
)
from app.errors import Conflict, FieldProblem
from app.models import Organisation
from app.routers.once import OnceDep
from app.schemas.organisation import OrganisationIn, OrganisationOut
from app.services import organisations

router = APIRouter(tags=["organisations"])
OrganisationPath = Annotated[
    str, Path(description="Id or external id.", max_length=200, examples=["nattljus"])
]


@router.post(
    "/organisations", status_code=201, response_model=OrganisationOut, summary="Create an organisation"
)
def create(
    response: Response, record: OrganisationIn, session: SessionDep, caller: PrincipalDep, once: OnceDep
) -> Organisation | Response:
    """The operator makes an organisation; the external id must be free."""
    caller.require_operator()
    if once.answer:
        return once.answer
    saved, outcome = organisations.save(session, record, actor=caller.actor)
    if outcome != "created":
        raise Conflict("The external id is taken.", [FieldProblem("/external_id", "taken", "Is taken.")])
    response.headers["ETag"] = etag(saved.version)
    response.headers["Location"] = f"/api/v1/organisations/{saved.id}"
    once.remember(response, OrganisationOut.model_validate(saved))
    return saved


@router.get("/organisations/{organisation}", response_model=OrganisationOut, summary="Show an organisation")
def show(organisation: OrganisationPath, session: ReadSessionDep, response: Response) -> Organisation:
    """Anyone may see who is behind a listing."""
    found = organisations.by_reference(session, organisation)
    response.headers["ETag"] = etag(found.version)
    return found


@router.put(
    "/organisations/{organisation}", response_model=OrganisationOut, summary="Replace an organisation"
)
def replace(
    organisation: OrganisationPath,
    record: OrganisationIn,
    session: SessionDep,
    caller: PrincipalDep,
    response: Response,
    if_match: IfMatch = None,
) -> Organisation:
    """Replace all that is known of the organisation; its external id stays.

    A verified organisation is verified anew when its name, number or e-mail address changes.
    """
    found = organisations.by_reference(session, organisation)
    caller.require("organisation:write", found.id)
    require_match(if_match, found.version)
    saved = organisations.replace(session, found, record, actor=caller.actor)
    response.headers["ETag"] = etag(saved.version)
    return saved
