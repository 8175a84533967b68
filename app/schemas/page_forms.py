"""Forms of the pages: flat fields as a browser sends them, and the bodies of the API they stand for."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self, TypeVar
from urllib.parse import parse_qsl

from pydantic import BaseModel

from app.schemas.referral_change import CapacityIn, ContactChange, EventIn, StatusIn

_MOST_FIELDS = 40
_MEASURES = ("loneliness_before", "loneliness_after")
_OUTCOME = ("enrolled_on", "first_attended_on", "continuing_on")
Body = TypeVar("Body", bound=BaseModel)


@dataclass(frozen=True)
class PageForm:
    """What was sent, by field; an empty field is one that was not filled in."""

    fields: Mapping[str, str]

    @classmethod
    def read(cls, body: bytes) -> Self:
        """An urlencoded body; whatever is no such thing is an empty form."""
        try:
            pairs = parse_qsl(body.decode(), max_num_fields=_MOST_FIELDS)
        except ValueError:
            pairs = []
        return cls({name: value.strip() for name, value in pairs if value.strip()})

    def get(self, name: str) -> str:
        return self.fields.get(name, "")

    @property
    def name(self) -> str:
        """Which of a page's forms it is."""
        return self.get("form")

    @property
    def version(self) -> int | None:
        """The version of the referral that the page showed."""
        sent = self.get("version")
        return int(sent) if sent.isdecimal() and len(sent) < 9 else None

    def status(self) -> StatusIn:
        given = self._given("status", "reason", "text")
        if self.get("result"):
            given["outcome"] = self._outcome()
            given.pop("reason", None)
        return StatusIn.model_validate(given)

    def _outcome(self) -> dict[str, Any]:
        outcome = self._given("result", "reason", *_OUTCOME)
        if outcome["result"] == "connected":
            outcome.pop("reason", None)  # the question is for when it did not come to that
        count = self.get("attendance_count")
        if count:
            outcome["attendance_count"] = int(count) if count.isdecimal() and len(count) < 9 else count
        measures = self._given(*_MEASURES)
        return {**outcome, "measures": measures} if measures else outcome

    def event(self) -> EventIn:
        return EventIn.model_validate(self._given("kind", "on", "text"))

    def capacity(self) -> CapacityIn:
        return CapacityIn.model_validate(self._given("status", "until"))

    def contact(self) -> ContactChange:
        contact = self._given("channel", "value")
        message = self.get("safe_to_leave_message") == "yes"
        return ContactChange.model_validate({"contact": contact, "safe_to_leave_message": message})

    def _given(self, *names: str) -> dict[str, Any]:
        return {name: self.fields[name] for name in names if name in self.fields}
