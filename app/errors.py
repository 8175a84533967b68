"""Errors as classes: status, code and titles on the class, the fact in the instance (RFC 9457)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar


@dataclass(frozen=True)
class FieldProblem:
    """What is wrong at one place of a body: RFC 6901 pointer, stable code, sentence without the value."""

    pointer: str
    code: str
    message: str


class AppError(Exception):
    """An error a caller is told about."""

    status: ClassVar[int] = 500
    code: ClassVar[str] = "internal"
    title_sv: ClassVar[str] = "Något gick fel hos oss"
    title_en: ClassVar[str] = "Something went wrong on our side"

    def __init__(
        self, detail: str = "", errors: Sequence[FieldProblem] = (), *, more: Mapping[str, Any] | None = None
    ) -> None:
        """`more`: extension members of the problem (RFC 9457, 3.2), ready for JSON."""
        super().__init__(detail)
        self.detail = detail
        self.errors = list(errors)
        self.more = dict(more or {})


class BadRequest(AppError):
    status, code = 400, "bad-request"
    title_sv, title_en = "Frågan går inte att läsa", "The request cannot be read"


class Unauthorised(AppError):
    """`challenge` is what WWW-Authenticate tells beside the scheme (RFC 6750, RFC 9470)."""

    status, code = 401, "unauthorised"
    title_sv, title_en = "En giltig nyckel eller inloggning behövs", "A valid key or login is needed"

    def __init__(self, detail: str = "", *, challenge: str = "") -> None:
        super().__init__(detail)
        self.challenge = challenge


class Forbidden(AppError):
    status, code = 403, "forbidden"
    title_sv, title_en = (
        "Nyckeln eller rollen ger inte rätt till detta",
        "The key or role does not allow this",
    )


class NotFound(AppError):
    status, code = 404, "not-found"
    title_sv, title_en = "Finns inte", "Not found"


class MethodNotAllowed(AppError):
    status, code = 405, "method-not-allowed"
    title_sv, title_en = "Metoden går inte att använda här", "Method not allowed"


class Conflict(AppError):
    status, code = 409, "conflict"
    title_sv, title_en = "Krockar med något som redan finns", "Conflicts with what is there"


class Gone(AppError):
    status, code = 410, "gone"
    title_sv, title_en = "Finns inte längre", "No longer there"


class PreconditionFailed(AppError):
    status, code = 412, "precondition-failed"
    title_sv, title_en = "Någon har ändrat sedan du läste", "Changed since you read it"


class TooLarge(AppError):
    status, code = 413, "too-large"
    title_sv, title_en = "För stort", "Too large"


class UnsupportedMediaType(AppError):
    status, code = 415, "unsupported-media-type"
    title_sv, title_en = "Formatet stöds inte", "Unsupported media type"


class Invalid(AppError):
    status, code = 422, "invalid"
    title_sv, title_en = "Något i uppgifterna är fel", "Something in the data is wrong"


class PreconditionRequired(AppError):
    status, code = 428, "precondition-required"
    title_sv, title_en = "If-Match behövs", "If-Match is required"


class TooManyRequests(AppError):
    status, code = 429, "too-many-requests"
    title_sv, title_en = "För många frågor", "Too many requests"


class Unavailable(AppError):
    status, code = 503, "unavailable"
    title_sv, title_en = "Inte tillgängligt just nu", "Not available right now"


# Every error a caller can meet, by status: the one list the handler, the documentation and OpenAPI read.
ERRORS: dict[int, type[AppError]] = {
    error.status: error
    for error in (
        AppError,
        BadRequest,
        Unauthorised,
        Forbidden,
        NotFound,
        MethodNotAllowed,
        Conflict,
        Gone,
        PreconditionFailed,
        TooLarge,
        UnsupportedMediaType,
        Invalid,
        PreconditionRequired,
        TooManyRequests,
        Unavailable,
    )
}
