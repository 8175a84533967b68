"""The vocabularies that listings draw their terms from."""

from typing import Annotated, Literal

from fastapi import APIRouter, Header, Path, Query, Response

from app.deps import ReadSessionDep
from app.problems import prefers_english
from app.schemas.vocabulary import VocabularyList, VocabularyName, VocabularyOut
from app.services import vocabulary_views

router = APIRouter(tags=["vocabularies"])
# Terms change with a release; an hour old is fine, and a 304 after that costs nothing.
CACHE = "public, max-age=3600"


@router.get("/vocabularies", summary="List the vocabularies")
def index(session: ReadSessionDep, response: Response) -> VocabularyList:
    """Names, addresses and sizes of all vocabularies."""
    response.headers["Cache-Control"] = CACHE
    return vocabulary_views.summaries(session)


@router.get("/vocabularies/{name}", response_model_exclude_none=True, summary="Read a vocabulary")
def show(
    name: Annotated[VocabularyName, Path(description="Which vocabulary.")],
    session: ReadSessionDep,
    response: Response,
    lang: Annotated[
        Literal["sv", "en"] | None, Query(description="Language of the labels; before Accept-Language.")
    ] = None,
    accept_language: Annotated[str | None, Header(max_length=500)] = None,
) -> VocabularyOut:
    """Every term in the vocabulary's own order, with Swedish and English labels and people's own words."""
    language = lang or ("en" if prefers_english(accept_language) else "sv")
    response.headers["Cache-Control"] = CACHE
    response.headers["Vary"] = "Accept-Language"
    response.headers["Content-Language"] = language
    return vocabulary_views.listed(session, name, language)
