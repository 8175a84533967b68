"""The person's pages: her code, how it goes, another contact, who has looked, taking it back."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Request, Response

from app.errors import AppError, FieldProblem, Invalid, NotFound, TooManyRequests, Unauthorised
from app.models import Referral, ReferralEvent
from app.routers.acting import Acting, Address, Anyone, acting_by_session
from app.routers.page_answers import forget_cookie, key_of, page, route_with, see, set_cookie
from app.routers.page_forms import REFUSALS, VISIT_SECONDS, VISITOR, Form, Stale, require_visitor, try_deed
from app.schemas.page_forms import PageForm
from app.services import page_seen, page_sessions, page_texts, referral_links, referral_person, referral_rows
from app.services.page_seen import Seen
from app.services.referral_change import IllegalChange

COOKIE, PATH = "torg_my", "/my"
SECONDS = referral_links.SESSION_HOURS * 3600
LONGEST_CODE = 60


def _asked(request: Request) -> str:
    """The language that was chosen on the page; empty when it is to follow from the person's own."""
    asked = request.query_params.get("lang", "")
    return asked if asked in page_texts.LANGUAGES else ""


def _language(request: Request, own: str | None = None) -> str:
    """The one asked for, else the person's own, else the browser's."""
    return page_texts.choose(_asked(request), own, request.headers.get("accept-language"))


def _query(request: Request, **more: str) -> str:
    given = {**({"lang": _asked(request)} if _asked(request) else {}), **more}
    return "?" + urlencode(given) if given else ""


def _page(
    request: Request, template: str, *, own: str | None = None, status: int = 200, **values: Any
) -> Response:
    """A page with links that keep the language."""
    names = [(code, page_texts.words(code)["name"]) for code in page_texts.LANGUAGES]
    values = {**values, "query": _query(request), "names": names}
    return page(template, language=_language(request, own), status=status, **values)


def _code_page(request: Request, seen: Seen | None = None, *, told: str = "", status: int = 200) -> Response:
    secret = request.cookies.get(VISITOR) or page_sessions.visitor()
    seen = seen or Seen()
    csrf = page_sessions.form_token(secret)
    answer = _page(
        request, "my_code.html", status=status, csrf=csrf, told=told, seen=seen, problems=seen.problems
    )
    set_cookie(answer, VISITOR, secret, path=PATH, seconds=VISIT_SECONDS)
    return answer


def _trouble(request: Request, error: AppError) -> Response:
    """Without a session she is asked for her code; that she has none yet is no error."""
    if not isinstance(error, Unauthorised):
        return _page(request, "my_trouble.html", status=error.status, key=key_of(error))
    began = COOKIE in request.cookies or request.method != "GET"
    try:
        answer = _code_page(
            request, told="session_over" if began else "", status=error.status if began else 200
        )
    except AppError as away:
        return _page(request, "my_trouble.html", status=away.status, key=key_of(away))
    forget_cookie(answer, COOKIE, path=PATH)
    return answer


router = APIRouter(route_class=route_with(_trouble))


@dataclass(frozen=True)
class Mine(Acting):
    """The person's own referral, and the secret of her browser's cookie."""

    secret: str

    def referral(self) -> Referral:
        return referral_rows.one(self.session, self.by.referral_id, self.by)


def get_mine(request: Request) -> Iterator[Mine]:
    secret = request.cookies.get(COOKIE, "")
    with acting_by_session(secret, "person") as acting:
        yield Mine(acting.session, acting.by, secret)


MineDep = Annotated[Mine, Depends(get_mine, scope="function")]


@router.get("/my")
def show(request: Request, mine: MineDep, done: str = "") -> Response:
    """How it goes; the form for the code where no session is."""
    return _shown(request, mine, told="saved" if done else "")


def _shown(
    request: Request, mine: Mine, seen: Seen | None = None, *, told: str = "", status: int = 200
) -> Response:
    referral, seen = mine.referral(), seen or Seen()
    spoken = _language(request, referral.language)
    return _page(
        request,
        "my.html",
        own=referral.language,
        status=status,
        told=told,
        seen=seen,
        problems=seen.problems,
        mode=referral.mode,
        shown=referral_person.shown(mine.session, referral, mine.by, language=spoken),
        csrf=page_sessions.form_token(mine.secret),
    )


@router.post("/my")
def begin(request: Request, session: Anyone, caller: Address, form: Form) -> Response:
    """With the code this browser sees the referral, for eight hours. Five wrong ones, then a pause."""
    require_visitor(request, form)
    code = form.get("code")[:LONGEST_CODE]
    try:
        referral, _by = referral_person.by_code(session, code, caller=caller)
    except (Invalid, NotFound, TooManyRequests) as error:
        return _code_page(request, _wrong_code(request, form, error), status=error.status)
    _row, token = referral_links.begin(session, referral.id, actor="person")
    answer = see("/my" + _query(request))
    set_cookie(answer, COOKIE, token, path=PATH, seconds=SECONDS)
    return answer


def _wrong_code(request: Request, form: PageForm, error: AppError) -> Seen:
    match error:
        case TooManyRequests():
            key = "wrong_often"
        case NotFound():
            key = "wrong_code"
        case _:
            key = "wrong_mistyped" if form.get("code") else "wrong_missing"
    return Seen(form, {"code": page_texts.words(_language(request))[key]})


def _done(
    request: Request,
    mine: Mine,
    form: PageForm,
    deed: Callable[[Referral], None],
    is_same: Callable[[ReferralEvent], bool],
) -> Response:
    page_sessions.require_form(mine.secret, form.get("csrf"))
    try:
        try_deed(mine, form, deed, is_same=is_same)
    except (Stale, IllegalChange) as error:
        return _shown(request, mine, Seen(form), told="stale", status=error.status)
    except REFUSALS as error:
        words = page_texts.words(_language(request, mine.referral().language))
        seen = page_seen.seen(form, error.errors, lambda name, problem: words[_wrong(form, name, problem)])
        return _shown(
            request,
            mine,
            seen if seen.wrong else Seen(form, sentence=words["wrong_contact"]),
            status=error.status,
        )
    return see("/my" + _query(request, done="1"))


def _wrong(form: PageForm, name: str, problem: FieldProblem) -> str:
    if not form.get(name):
        return "wrong_missing"
    if problem.code == "personal_data":
        return "wrong_personal"
    return "wrong_email" if form.get("channel") == "email" else "wrong_phone"


@router.post("/my/contact")
def contact(request: Request, mine: MineDep, form: Form) -> Response:
    """Another way to be reached."""

    def deed(referral: Referral) -> None:
        referral_person.change_contact(mine.session, referral, form.contact(), by=mine.by)

    return _done(request, mine, form, deed, lambda event: event.kind == "edited")


@router.get("/my/log")
def log(request: Request, mine: MineDep) -> Response:
    """Who has looked, the latest first."""
    referral = mine.referral()
    rows = referral_person.who_looked(mine.session, referral)[::-1]
    return _page(request, "my_log.html", own=referral.language, rows=rows)


@router.get("/my/withdraw")
def ask_withdraw(request: Request, mine: MineDep) -> Response:
    """What taking it back means, before it is done."""
    referral = mine.referral()
    csrf = page_sessions.form_token(mine.secret)
    return _page(request, "my_withdraw.html", own=referral.language, csrf=csrf, version=referral.version)


@router.post("/my/withdraw")
def withdraw(request: Request, mine: MineDep, form: Form) -> Response:
    """It is cancelled, both sides are told, and what tells of her is shredded."""
    return _done(
        request,
        mine,
        form,
        lambda referral: referral_person.erase(mine.session, referral, by=mine.by),
        lambda event: event.to_status == "cancelled",
    )


@router.post("/my/end")
def end(request: Request, mine: MineDep, form: Form) -> Response:
    """The browser's session is over at once."""
    page_sessions.require_form(mine.secret, form.get("csrf"))
    referral_links.end(mine.session, mine.secret)
    answer = _code_page(request, told="ended")
    forget_cookie(answer, COOKIE, path=PATH)
    return answer
