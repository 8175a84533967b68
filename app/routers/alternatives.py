"""Where a listing is full, its answer offers others like it."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from typing import Annotated

from anyio import from_thread
from fastapi import Depends

from app.errors import AppError
from app.routers.search import ClockDep, DeskDep, LanguagesDep
from app.services import find_similar
from app.services.referral_demands import ListingFull

MOST = 5
Offering = Callable[[], AbstractContextManager[None]]


def get_offering(desk: DeskDep, languages: LanguagesDep, now: ClockDep) -> Offering:
    @contextmanager
    def offering() -> Iterator[None]:
        try:
            yield
        except ListingFull as full:
            ask = partial(
                find_similar.similar, desk, full.listing_id, limit=MOST, languages=languages, clock=now
            )
            try:
                full.more["alternatives"] = from_thread.run(ask)["items"]
            except AppError:  # the refusal stands also where search does not answer
                full.more["alternatives"] = []
            raise

    return offering


OfferingDep = Annotated[Offering, Depends(get_offering)]
