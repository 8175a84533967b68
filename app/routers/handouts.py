"""The paper that staff hand a person, as a page to print."""

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from app.routers.acting import Staff
from app.routers.page_answers import page
from app.routers.referrals import ReferralPath
from app.schemas.referral_change import HandoutIn
from app.services import handouts, page_texts, referral_rows

router = APIRouter(tags=["referrals"])


@router.post(
    "/referrals/{referral}/handout",
    summary="A paper for the person",
    response_class=HTMLResponse,
    responses={200: {"description": "A page to print, in large type."}},
)
def handout(referral: ReferralPath, sent: HandoutIn, staff: Staff) -> HTMLResponse:
    """Where, when, whom to call, her code, how she follows and withdraws, what is stored.

    In the language asked for, else her own, else Swedish. The code stands in no address: print the answer.
    """
    found = referral_rows.one(staff.session, referral, staff.by)
    language = page_texts.choose(sent.language, found.language)
    told = handouts.make(staff.session, found, language=language, by=staff.by)
    return page("handout.html", language=language, told=told)
