"""Venues: found before they are made again."""

from typing import Annotated

from fastapi import APIRouter, Path, Query

from app.deps import PrincipalDep, ReadSessionDep
from app.errors import FieldProblem, Invalid
from app.schemas.answer import VenueQuery, VenueSuggestion, VenueSuggestions
from app.services import organisations, venues

router = APIRouter(tags=["venues"])


@router.get("/organisations/{organisation}/venues", summary="Find a venue before making one")
def suggest(
    organisation: Annotated[str, Path(description="Id or external id.", max_length=200)],
    query: Annotated[VenueQuery, Query()],
    session: ReadSessionDep,
    caller: PrincipalDep,
) -> VenueSuggestions:
    """Public venues and the organisation's own by name, within 2 km of a point when one is given.

    Sending a suggested record unchanged in a listing uses that very venue.
    """
    owner = organisations.by_reference(session, organisation)
    caller.require("listings:write", owner.id)
    if (query.lat is None) != (query.lon is None):
        raise Invalid(
            "See errors for each field.", [FieldProblem("/lon", "missing", "lat and lon go together")]
        )
    near = (query.lat, query.lon) if query.lat is not None and query.lon is not None else None
    found = venues.suggestions(
        session, organisation_id=owner.id, name=query.name, near=near, limit=query.limit
    )
    return VenueSuggestions(
        items=[VenueSuggestion(id=venue.id, venue=venues.to_record(venue).exchange()) for venue in found]
    )
