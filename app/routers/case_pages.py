"""The association's pages: the link of an e-mail, the referral, what they answer and tell."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from app.errors import AppError, FieldProblem, Gone, Invalid, NotFound, Unauthorised
from app.messages import sentence
from app.models import Language, Municipality, Referral, ReferralEvent
from app.routers.acting import Acting, Anyone, acting_by_session
from app.routers.page_answers import forget_cookie, key_of, page, route_with, see, set_cookie
from app.routers.page_forms import REFUSALS, VISIT_SECONDS, VISITOR, Form, Stale, require_visitor, try_deed
from app.schemas.page_forms import PageForm
from app.services import (
    page_seen,
    page_sessions,
    page_texts,
    referral_change,
    referral_inbox,
    referral_links,
    referral_rows,
    referral_views,
)
from app.services.page_seen import Seen
from app.services.referral_change import IllegalChange, Said
from app.services.wall_clock import today

COOKIE, PATH = "torg_case", "/r"
SECONDS = referral_links.SESSION_HOURS * 3600


def _trouble(_request: Request, error: AppError) -> Response:
    answer = page("case_trouble.html", status=error.status, key=key_of(error))
    if isinstance(error, Unauthorised):
        forget_cookie(answer, COOKIE, path=PATH)
    return answer


router = APIRouter(route_class=route_with(_trouble))


@dataclass(frozen=True)
class Case(Acting):
    """The one referral that the browser's session opens, and the secret of its cookie."""

    secret: str


def get_case(request: Request) -> Iterator[Case]:
    secret = request.cookies.get(COOKIE, "")
    with acting_by_session(secret, "organisation") as acting:
        yield Case(acting.session, acting.by, secret)


CaseDep = Annotated[Case, Depends(get_case, scope="function")]


def _with_visitor(request: Request, template: str, *, status: int = 200, **values: str) -> Response:
    """A page with a form for a browser that has no session yet."""
    secret = request.cookies.get(VISITOR) or page_sessions.visitor()
    answer = page(template, status=status, csrf=page_sessions.form_token(secret), **values)
    set_cookie(answer, VISITOR, secret, path=PATH, seconds=VISIT_SECONDS)
    return answer


@router.get("/r")
def show(case: CaseDep, done: str = "") -> Response:
    """The referral, as far as the association may see it."""
    return _shown(case, told="done" if done else "")


def _shown(case: Case, seen: Seen | None = None, *, told: str = "", status: int = 200) -> Response:
    referral = referral_rows.one(case.session, case.by.referral_id, case.by)
    kommun = case.session.get(Municipality, referral.municipality_code or "")
    language = case.session.get(Language, referral.language or "")
    seen = seen or Seen()
    return page(
        "case.html",
        status=status,
        told=told,
        seen=seen,
        problems=seen.problems,
        labels=page_texts.labels(),
        shown=referral_views.for_organisation(case.session, referral, case.by),
        events=referral_views.events(case.session, referral, case.by),
        kommun=kommun.name_short if kommun else "",
        asks_measures=referral_change.takes_measures(case.session, referral),
        spoken=language.name_sv if language else referral.language or "",
        csrf=page_sessions.form_token(case.secret),
        today=today().isoformat(),
    )


def _done(
    case: Case,
    form: PageForm,
    deed: Callable[[Referral], None],
    *,
    is_same: Callable[[ReferralEvent], bool] = lambda _: False,
) -> Response:
    """Do what the form asks for and see the result; or the form again, with what is wrong."""
    page_sessions.require_form(case.secret, form.get("csrf"))
    try:
        try_deed(case, form, deed, is_same=is_same)
    except (Stale, IllegalChange) as error:
        return _shown(case, Seen(form), told="stale", status=error.status)
    except REFUSALS as error:
        seen = page_seen.seen(form, error.errors, _sentence)
        if not seen.wrong:
            seen = Seen(form, sentence=sentence("detail", error.detail, english=False))
        return _shown(case, seen, status=error.status)
    return see("/r?done=1")


def _sentence(name: str, problem: FieldProblem) -> str:
    label = page_texts.labels()["field"].get(name, name)
    return f"{label}: {sentence(problem.code, problem.message, english=False)}"


@router.post("/r/status")
def take(case: CaseDep, form: Form) -> Response:
    """Accept, reject, and what follows."""

    def deed(referral: Referral) -> None:
        sent = form.status()
        said = Said(sent.reason, sent.text, sent.outcome)
        referral_change.transition(case.session, referral, sent.status, by=case.by, said=said)

    return _done(case, form, deed, is_same=lambda event: event.to_status == form.get("status"))


@router.post("/r/event")
def tell(case: CaseDep, form: Form) -> Response:
    """What happened, or a question to whoever refers."""

    def deed(referral: Referral) -> None:
        sent = form.event()
        if sent.kind == "info-requested" and sent.text is None:
            missing = FieldProblem("/text", "missing", "Field required")
            raise Invalid("The event cannot be told.", [missing])
        said = Said(sent.reason, sent.text, on=sent.on)
        referral_change.happened(case.session, referral, sent.kind, by=case.by, said=said)

    return _done(case, form, deed, is_same=lambda event: _told(event) == (form.get("kind"), form.get("on")))


def _told(event: ReferralEvent) -> tuple[str, str]:
    asks = event.kind == "info-requested"  # such a form has no day
    return event.kind, "" if asks or event.on is None else event.on.isoformat()


@router.post("/r/capacity")
def capacity(case: CaseDep, form: Form) -> Response:
    """Whether the listing takes new people."""
    return _done(
        case,
        form,
        lambda referral: _set_capacity(case, referral, form),
    )


def _set_capacity(case: Case, referral: Referral, form: PageForm) -> None:
    referral_inbox.set_capacity(case.session, referral, form.capacity(), by=case.by)


@router.post("/r/end")
def end(case: CaseDep, form: Form) -> Response:
    """The browser's session is over at once."""
    page_sessions.require_form(case.secret, form.get("csrf"))
    referral_links.end(case.session, case.secret)
    answer = page("case_trouble.html", key="ended")
    forget_cookie(answer, COOKIE, path=PATH)
    return answer


@router.get("/r/{link}")
def open_link(link: str, request: Request, session: Anyone) -> Response:
    """What an e-mail links to. Opening it uses nothing up: programs that look for viruses open links."""
    try:
        referral_links.find(session, link)
    except (NotFound, Gone) as error:
        return _with_visitor(request, "link_gone.html", status=Gone.status, link=link, told=error.code)
    return _with_visitor(request, "link.html", link=link)


@router.post("/r/{link}")
def use_link(link: str, request: Request, session: Anyone, form: Form) -> Response:
    """Use the link up; from here on this browser sees the referral, for eight hours."""
    token = page_sessions.session_token(require_visitor(request, form), link)
    try:
        referral_links.use(session, link, session_token=token)
    except (NotFound, Gone):
        # The button was pressed twice: the second time finds the session of the first.
        referral_links.recognise(session, token)
    answer = see("/r")
    set_cookie(answer, COOKIE, token, path=PATH, seconds=SECONDS)
    return answer


@router.post("/r/{link}/new")
def new_link(link: str, request: Request, session: Anyone, form: Form) -> Response:
    """Mail the association a new link. The answer is the same whatever the old one was."""
    require_visitor(request, form)
    referral_links.send_again(session, link)
    return page("case_trouble.html", key="sent")
