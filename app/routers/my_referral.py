"""What a person does herself: asks to be contacted, follows her referral, takes it back. No account."""

from typing import Annotated

from fastapi import APIRouter, Query, Response
from sqlalchemy.orm import Session
from uuid_utils.compat import uuid7

from app.db import Wall, stand_behind
from app.deps import IfMatch, etag
from app.models import Referral
from app.routers.acting import Address, Anyone, PersonActing, require_seen
from app.routers.alternatives import OfferingDep
from app.schemas.fields import LanguageTag
from app.schemas.referral import SelfReferralIn
from app.schemas.referral_answer import AccessExtract, MyReferral, SelfReferralMade, SessionOut
from app.schemas.referral_change import CodeIn, PersonContactIn, PersonStatusIn
from app.services import codes, referral_create, referral_links, referral_person, referral_rows
from app.services.referral_rows import By
from app.services.vault import vault

router = APIRouter(tags=["my-referral"])
Language = Annotated[LanguageTag | None, Query(description="Language of the sentence; else her own.")]


def _shown(session: Session, referral: Referral, by: By, lang: str | None, response: Response) -> MyReferral:
    response.headers["ETag"] = etag(referral.version)
    response.headers["Cache-Control"] = "no-store"
    return referral_person.shown(session, referral, by, language=lang)


def _hers(sent: CodeIn, session: Session, caller: str, if_match: str | None) -> tuple[Referral, By]:
    referral, by = referral_person.by_code(session, sent.code, caller=caller, lock=True)
    require_seen(if_match, referral.version)
    return referral, by


@router.post("/my-referral", summary="How it goes")
def follow(
    sent: CodeIn, session: Anyone, caller: Address, response: Response, lang: Language = None
) -> MyReferral:
    """With the code, which stands in no address. Five wrong ones in ten minutes, then 429."""
    return _shown(session, *referral_person.by_code(session, sent.code, caller=caller), lang, response)


@router.post("/my-referral-sessions", status_code=201, summary="Give the code once, for a while")
def begin(sent: CodeIn, session: Anyone, caller: Address) -> SessionOut:
    """A token for her referral, for eight hours, so that the code need not be given each time."""
    referral, _by = referral_person.by_code(session, sent.code, caller=caller)
    row, token = referral_links.begin(session, referral.id, actor="person")
    return SessionOut(token=token, expires_at=row.expires_at, referral_id=row.referral_id)


@router.get("/my-referral", summary="How it goes, with a session's token")
def read(person: PersonActing, response: Response, lang: Language = None) -> MyReferral:
    """As the POST with the code."""
    referral = referral_rows.one(person.session, person.by.referral_id, person.by)
    return _shown(person.session, referral, person.by, lang, response)


@router.post("/my-referral/status", summary="Take it back")
def withdraw(
    sent: PersonStatusIn,
    session: Anyone,
    caller: Address,
    response: Response,
    lang: Language = None,
    if_match: IfMatch = None,
) -> MyReferral:
    """It is cancelled, both sides are told, and what tells of the person is shredded at once.

    409 with `allowed` when that is no longer possible, 403 for a status that others set.
    """
    referral, by = _hers(sent, session, caller, if_match)
    referral_person.withdraw(session, referral, by=by, to=sent.status)
    return _shown(session, referral, by, lang, response)


@router.post("/my-referral/erasure", summary="Have everything about her deleted")
def erase(
    sent: CodeIn,
    session: Anyone,
    caller: Address,
    response: Response,
    lang: Language = None,
    if_match: IfMatch = None,
) -> MyReferral:
    """Whatever has become of it: an open referral is cancelled, a closed one loses what tells of her."""
    referral, by = _hers(sent, session, caller, if_match)
    referral_person.erase(session, referral, by=by)
    return _shown(session, referral, by, lang, response)


@router.post("/my-referral/contact", summary="Be reached another way")
def contact(
    sent: PersonContactIn,
    session: Anyone,
    caller: Address,
    response: Response,
    lang: Language = None,
    if_match: IfMatch = None,
) -> MyReferral:
    """Another telephone number or e-mail address, while the referral is open."""
    referral, by = _hers(sent, session, caller, if_match)
    referral_person.change_contact(session, referral, sent, by=by)
    return _shown(session, referral, by, lang, response)


@router.post("/my-referral/access-log", summary="Who has looked")
def who_looked(sent: CodeIn, session: Anyone, caller: Address) -> AccessExtract:
    """Every reading and deed of the referral: which side and unit, what, when."""
    referral, _by = referral_person.by_code(session, sent.code, caller=caller)
    return AccessExtract(items=referral_person.who_looked(session, referral))


@router.post("/self-referrals", status_code=201, summary="Ask to be contacted")
def ask(
    sent: SelfReferralIn, session: Anyone, caller: Address, response: Response, offering: OfferingDep
) -> SelfReferralMade:
    """A person's own wish, through a portal; the same rules as for staff. The code is told this once.

    So many an hour from one address and a day to one organisation, then 429.
    """
    by = By("person", referral_id=uuid7())
    stand_behind(session, Wall(referral=by.referral_id))
    with offering():
        referral = referral_create.request_contact(session, sent, by=by, caller=caller)
    shown = _shown(session, referral, by, None, response)
    return SelfReferralMade(**dict(shown), code=codes.code_of(vault(), referral.id))
