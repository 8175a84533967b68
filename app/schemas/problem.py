"""Errors as the API tells them (RFC 9457)."""

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel, Field
from pydantic_core import ErrorDetails

from app import errors


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


def field_problems(findings: Sequence[ErrorDetails | Mapping[str, Any]]) -> list[errors.FieldProblem]:
    """Pydantic's findings as pointers into the body (or `/name` of a parameter), without the values."""
    found = []
    for error in findings:
        place = [str(part) for part in error["loc"] if part != "[key]"]  # the key itself is named before
        if place and place[0] in ("body", "query", "path", "header"):
            place = place[1:]
        pointer = "".join("/" + part.replace("~", "~0").replace("/", "~1") for part in place)
        code, message = error["type"], error["msg"]
        if code == "value_error":
            message = str(message).removeprefix("Value error, ")
        elif code in ("enum", "literal_error"):
            message = "Must be one of the allowed values."
        elif "parsing" in code or "_type" in code:
            message = "Has the wrong type or form."
        found.append(errors.FieldProblem(pointer, code, message))
    return found
