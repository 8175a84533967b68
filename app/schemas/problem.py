"""Errors as the API tells them (RFC 9457)."""

from pydantic import BaseModel, Field


class FieldProblem(BaseModel):
    """What is wrong at one place of the body."""

    pointer: str = Field(description="RFC 6901 pointer into the body.", examples=["/texts/sv/title"])
    code: str = Field(description="Stable code.", examples=["string_too_long"])
    message: str = Field(
        description="A sentence, in Swedish or English; never the value sent.",
        examples=["Texten är för lång."],
    )


class Problem(BaseModel):
    """An error. Title and detail follow Accept-Language (Swedish unless English is preferred)."""

    type: str = Field(
        description="URI of the kind of error, explained in the documentation.",
        json_schema_extra={"format": "uri"},
        examples=["https://torg.example/problems/invalid"],
    )
    title: str = Field(description="The kind of error in words.", examples=["Något i uppgifterna är fel"])
    status: int = Field(ge=400, le=599, description="The HTTP status.", examples=[422])
    detail: str = Field(description="What happened this time.", examples=["Se errors för varje fält."])
    instance: str = Field(description="The path that was asked.", examples=["/api/v1/search"])
    errors: list[FieldProblem] | None = Field(None, description="Everything found wrong, at once.")
