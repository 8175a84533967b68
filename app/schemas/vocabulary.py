"""Vocabularies and the description of the service, as the API answers them."""

from datetime import date
from enum import StrEnum
from typing import Literal

from pydantic import BaseModel, Field

from app.schemas.fields import Latitude, Longitude


class VocabularyName(StrEnum):
    CATEGORIES = "categories"
    AUDIENCES = "audiences"
    FACTS = "facts"
    LANGUAGES = "languages"
    MUNICIPALITIES = "municipalities"
    COUNTIES = "counties"


class TermOut(BaseModel):
    """One term. What a vocabulary does not have of a term is left out."""

    id: str = Field(description="What a listing carries.", examples=["coffee-meetup"])
    label: str = Field(description="The label in the language asked for.", examples=["Fika och kaffestunder"])
    sv: str = Field(description="The Swedish label.", examples=["Fika och kaffestunder"])
    en: str = Field(description="The English label.", examples=["Coffee meet-ups"])
    also: list[str] | None = Field(None, description="People's own words for it.", examples=[["fika"]])
    broader: str | None = Field(None, description="The category above.", examples=["social"])
    group: Literal["entry", "access", "comfort"] | None = Field(
        None, description="Of a fact: what it takes to come, to take part, or what else is there."
    )
    at: Literal["listing", "venue", "both"] | None = Field(
        None, description="Of a fact: what it is a fact about."
    )
    autonym: str | None = Field(None, description="Of a language: its name in itself.", examples=["العربية"])
    county_code: str | None = Field(None, description="Of a kommun: its county.", examples=["01"])
    lat: Latitude | None = None
    lon: Longitude | None = None


class VocabularyOut(BaseModel):
    name: VocabularyName
    language: Literal["sv", "en"] = Field(description="Language of the labels.")
    items: list[TermOut]


class VocabularySummary(BaseModel):
    name: VocabularyName
    href: str = Field(description="Where it is.", examples=["/api/v1/vocabularies/categories"])
    terms: int = Field(ge=0, description="How many terms it has.", examples=[75])


class VocabularyList(BaseModel):
    items: list[VocabularySummary]


class ApiInfo(BaseModel):
    """Which API this is (rule VER.06 of Sweden's REST API profile)."""

    api_name: str = Field(examples=["Torg"])
    api_version: str = Field(examples=["0.1.0"])
    api_released: date = Field(examples=["2026-11-21"])
    api_documentation: str = Field(examples=["https://torg.example/docs"])
    api_status: Literal["active", "deprecated"] = Field(examples=["active"])


class Health(BaseModel):
    status: Literal["ok"] = "ok"
