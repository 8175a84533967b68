"""Schedule rules as FHIR writes opening hours: every week's as times, all others in words."""

from collections.abc import Iterable
from datetime import date
from typing import Any

from app.schemas.schedule import WEEKDAYS, Frequency, ScheduleRule
from app.services.fhir_elements import Json, kept

_DAYS = dict(zip(WEEKDAYS, ("mon", "tue", "wed", "thu", "fri", "sat", "sun"), strict=True))
_SWEDISH = dict(zip(WEEKDAYS, ("mån", "tis", "ons", "tors", "fre", "lör", "sön"), strict=True))
_NTH = {1: "första", 2: "andra", 3: "tredje", 4: "fjärde", 5: "femte", -1: "sista"}
_WEEKS = {"odd": "udda veckor", "even": "jämna veckor"}


def hours(rules: Iterable[ScheduleRule], today: date) -> dict[str, Any]:
    """The elements of a HealthcareService: availableTime, notAvailable, availabilityExceptions."""
    current = [rule for rule in rules if not _is_over(rule, today)]
    closed = {day for rule in current for day in rule.except_ or [] if day >= today}
    not_available = [
        {"description": "Stängt", "during": {"start": day.isoformat(), "end": day.isoformat()}}
        for day in sorted(closed)
    ]
    if current and all(rule.red_days == "closed" for rule in current):
        not_available.append({"description": "Stängt på röda dagar"})
    return {
        "availableTime": [_time(rule) for rule in current if _every_week(rule)],
        "notAvailable": not_available,
        "availabilityExceptions": "; ".join(_words(rule) for rule in current if not _every_week(rule)),
    }


def _is_over(rule: ScheduleRule, today: date) -> bool:
    last = rule.date if rule.freq is Frequency.ONCE else rule.valid_to
    return last is not None and last < today


def _every_week(rule: ScheduleRule) -> bool:
    """FHIR's hours know days of the week and times of the day, nothing of weeks, months and seasons."""
    weekly = rule.freq in (Frequency.WEEKLY, Frequency.ALWAYS)
    return weekly and not (rule.weeks or rule.valid_from or rule.valid_to)


def _time(rule: ScheduleRule) -> Json:
    days = [_DAYS[day] for day in rule.days or WEEKDAYS]
    whole = rule.freq is Frequency.ALWAYS or (rule.from_, rule.to) in (("00:00", "24:00"), ("00:00", "00:00"))
    if whole:
        return {"daysOfWeek": days, "allDay": True}
    return kept(
        {"daysOfWeek": days, "availableStartTime": _clock(rule.from_), "availableEndTime": _clock(rule.to)}
    )


def _clock(wall: str | None) -> str | None:
    if wall is None:
        return None
    return "23:59:59" if wall == "24:00" else f"{wall}:00"  # FHIR has no 24:00


def _words(rule: ScheduleRule) -> str:
    days = ", ".join(_SWEDISH[day] for day in rule.days or [])
    said = [
        _WEEKS.get(rule.weeks or ""),
        f"{_NTH[rule.nth]} {days} i månaden" if rule.nth else days,
        rule.date.isoformat() if rule.date else None,
        f"{rule.from_}–{rule.to}" if rule.from_ else None,
        f"från {rule.valid_from}" if rule.valid_from else None,
        f"till {rule.valid_to}" if rule.valid_to else None,
        f"({rule.note})" if rule.note else None,
    ]
    return " ".join(one for one in said if one)
