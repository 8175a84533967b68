"""What a search answers beside its items: what was understood, what to give up, why a hit fits."""

from typing import Any

from pydantic import BaseModel, Field

from search.understanding.reading import Certainty, ReadingKind


class Chip(BaseModel):
    """One thing that was understood."""

    chip: str = Field(
        description="Its name: in `ignore` it is switched off, in `chips` it is asked for without text."
    )
    kind: ReadingKind
    value: str
    label: str = Field(description="In words, Swedish or English.")
    start: int | None = Field(description="Code point of `q` where it begins; null for a chip that was sent.")
    end: int | None
    text: str = Field(description="That part of `q`.")
    certainty: Certainty = Field(
        description="A certain one may rule out listings, the others only lift them."
    )
    negated: bool = Field(description="It is not wanted.")
    weight: float = Field(ge=0, le=1)


class Interpretation(BaseModel):
    """A question understood."""

    language: str = Field(description="Language of the question.")
    chips: list[Chip]
    words: list[str] = Field(description="The words that no chip stands for.")


class EmergencyNumber(BaseModel):
    number: str
    label: str


class Relaxation(BaseModel):
    """What is found when one wish gives way."""

    label: str
    gives_up: str = Field(description="The chip or the field of the request that gives way.")
    total: int = Field(description="How many there are then.")
    request: dict[str, Any] = Field(description="Body for `POST /search` that gives just these.")


class ItemReason(BaseModel):
    code: str
    text: str


class ItemReasons(BaseModel):
    """Why an item stands where it stands. The reasons come in the order of their weight."""

    fits: list[ItemReason]
    unknown: list[ItemReason]
    against: list[ItemReason]
    summary: str = Field(description="The reasons in one line.")


class Stage(BaseModel):
    stage: str
    readings: list[Chip]


class Debug(BaseModel):
    """How a question was understood and what the engine was asked. Never logged."""

    languages: list[str]
    tokens: list[dict[str, Any]]
    stages: list[Stage]
    words: list[dict[str, Any]]
    acute: str | None
    queries: list[dict[str, Any]]
