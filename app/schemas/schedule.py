"""Schedule rules in local wall time (Europe/Stockholm), as the exchange format writes them."""

from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, ValidationInfo, field_validator, model_validator

from app.schemas.fields import Day, Record, Text500

Weekday = Literal["mo", "tu", "we", "th", "fr", "sa", "su"]
WEEKDAYS: tuple[Weekday, ...] = ("mo", "tu", "we", "th", "fr", "sa", "su")
WallTime = Annotated[
    str,
    StringConstraints(pattern=r"^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$"),
    Field(description="Local wall time; 24:00 ends the day.", examples=["17:00"]),
]


class Frequency(StrEnum):
    WEEKLY = "weekly"
    MONTHLY = "monthly"
    ONCE = "once"
    ALWAYS = "always"


class ScheduleRule(Record):
    """When something is on. `to` at or before `from` runs over midnight."""

    freq: Frequency
    days: Annotated[list[Weekday], Field(min_length=1, max_length=7)] | None = Field(
        None, description="Days of the week, for weekly and monthly."
    )
    weeks: Literal["odd", "even"] | None = Field(None, description="ISO weeks, for weekly.")
    nth: Literal[1, 2, 3, 4, 5, -1] | None = Field(
        None, description="Which of the month's such days; -1 is the last."
    )
    date: Day | None = Field(None, description="The day, for once.")
    from_: WallTime | None = Field(None, alias="from")
    to: WallTime | None = None
    valid_from: Day | None = None
    valid_to: Day | None = None
    except_: Annotated[list[Day], Field(min_length=1, max_length=400)] | None = Field(
        None, alias="except", description="Dates when it is not on."
    )
    red_days: Literal["open", "closed"] | None = Field(
        None, description="On public holidays and the three eves; absent is not known."
    )
    note: Text500 | None = None

    @field_validator("from_", "to")
    @classmethod
    def _hours_of_a_part_of_the_day(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is not None and info.data.get("freq") is Frequency.ALWAYS:
            raise ValueError("does not go with freq always, which is round the clock")
        return value

    @model_validator(mode="after")
    def _coherent(self) -> Self:
        needs: dict[Frequency, tuple[str, ...]] = {
            Frequency.WEEKLY: ("days",),
            Frequency.MONTHLY: ("days", "nth"),
            Frequency.ONCE: ("date",),
            Frequency.ALWAYS: (),
        }
        for name in needs[self.freq]:
            if getattr(self, name) is None:
                raise ValueError(f"a rule with freq {self.freq} needs {name}")
        for name, allowed in (
            ("days", (Frequency.WEEKLY, Frequency.MONTHLY)),
            ("weeks", (Frequency.WEEKLY,)),
            ("nth", (Frequency.MONTHLY,)),
            ("date", (Frequency.ONCE,)),
        ):
            if getattr(self, name) is not None and self.freq not in allowed:
                raise ValueError(f"{name} does not go with freq {self.freq}")
        if self.from_ == "24:00":
            raise ValueError("from cannot be 24:00")
        if (self.from_ is None) != (self.to is None):
            raise ValueError("from and to go together")
        if self.valid_from and self.valid_to and self.valid_from > self.valid_to:
            raise ValueError("valid_from is after valid_to")
        if self.days and len(set(self.days)) != len(self.days):
            raise ValueError("days names a day twice")
        return self
