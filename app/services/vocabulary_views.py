"""The vocabularies as the API shows them."""

from collections.abc import Iterable
from typing import assert_never

from sqlalchemy.orm import Session

from app.schemas.vocabulary import TermOut, VocabularyList, VocabularyName, VocabularyOut, VocabularySummary
from app.services.taxonomies import Vocabulary, Wording, vocabulary


def summaries(session: Session) -> VocabularyList:
    """What vocabularies there are."""
    words = vocabulary(session)
    return VocabularyList(
        items=[
            VocabularySummary(
                name=name, href=f"/api/v1/vocabularies/{name}", terms=len(list(_items(words, name, "sv")))
            )
            for name in VocabularyName
        ]
    )


def listed(session: Session, name: VocabularyName, lang: Wording) -> VocabularyOut:
    """One vocabulary with labels in `lang`."""
    items = list(_items(vocabulary(session), name, lang))
    return VocabularyOut(name=name, language=lang, items=items)


def _items(words: Vocabulary, name: VocabularyName, lang: Wording) -> Iterable[TermOut]:
    match name:
        case VocabularyName.CATEGORIES:
            return (
                TermOut(
                    id=t.id,
                    label=t.label(lang),
                    sv=t.sv,
                    en=t.en,
                    also=list(t.also),
                    broader=t.ancestors[0] if t.ancestors else None,
                )
                for t in words.categories.values()
            )
        case VocabularyName.AUDIENCES:
            return (
                TermOut(id=t.id, label=t.label(lang), sv=t.sv, en=t.en, also=list(t.also))
                for t in words.audiences.values()
            )
        case VocabularyName.FACTS:
            return (
                TermOut.model_validate(
                    {
                        "id": t.id,
                        "label": t.label(lang),
                        "sv": t.sv,
                        "en": t.en,
                        "also": list(t.also),
                        "group": t.group,
                        "at": t.at,
                    }
                )
                for t in words.facts.values()
            )
        case VocabularyName.LANGUAGES:
            return (
                TermOut(id=t.code, label=t.label(lang), sv=t.sv, en=t.en, autonym=t.autonym)
                for t in words.languages.values()
            )
        case VocabularyName.MUNICIPALITIES:
            return (
                TermOut(
                    id=k.code,
                    label=k.name_short,
                    sv=k.name_short,
                    en=k.name_short,
                    county_code=k.county_code,
                    lat=k.lat,
                    lon=k.lon,
                )
                for k in words.municipalities.values()
            )
        case VocabularyName.COUNTIES:
            return (
                TermOut(
                    id=c.code,
                    label=f"{c.name_short} County" if lang == "en" else c.name,
                    sv=c.name,
                    en=f"{c.name_short} County",
                    lat=c.lat,
                    lon=c.lon,
                )
                for c in words.counties.values()
            )
        case _:
            assert_never(name)
