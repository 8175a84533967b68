"""Forms of pages: read, bound to their browser, and done once however often they are sent."""

from collections.abc import Callable
from typing import Annotated

from fastapi import Depends, Request
from pydantic import ValidationError

from app.deps import RawBody
from app.errors import Conflict, Forbidden, Invalid
from app.models import Referral, ReferralEvent
from app.routers.acting import Acting
from app.schemas.page_forms import PageForm
from app.schemas.problem import field_problems
from app.services import page_sessions, referral_rows

VISIT_SECONDS = 3600
VISITOR = "torg_visitor"


def get_form(body: RawBody) -> PageForm:
    return PageForm.read(body)


Form = Annotated[PageForm, Depends(get_form)]


def require_visitor(request: Request, form: PageForm) -> str:
    """The secret of a browser without a session, whose form this is. Raises FormRefused."""
    secret = request.cookies.get(VISITOR, "")
    page_sessions.require_form(secret, form.get("csrf"))
    return secret


class Stale(Conflict):
    """The page that was sent showed an older state."""


def try_deed(
    acting: Acting,
    form: PageForm,
    deed: Callable[[Referral], None],
    *,
    is_same: Callable[[ReferralEvent], bool],
) -> None:
    """Do it, unless the very same was just done by the same session: a button pressed twice.

    Raises Stale when something else happened since the page was shown; Invalid, Conflict or Forbidden with
    nothing written.
    """
    referral = referral_rows.one(acting.session, acting.by.referral_id, acting.by, lock=True)
    if form.version != referral.version:
        last = referral_rows.events(acting.session, referral.id)[-1]
        if form.version == last.number - 1 and last.actor_id == acting.by.actor_id and is_same(last):
            return
        raise Stale
    with acting.session.begin_nested():
        try:
            deed(referral)
        except ValidationError as error:
            raise Invalid("See errors for each field.", field_problems(error.errors())) from error


# What is told on the page that was sent; everything else is a page of its own.
REFUSALS = (Invalid, Conflict, Forbidden)
