"""Opening hours that a source gives by channel, as contacts with hours of their own."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from app.services.exchange_mapping import ContactHours
from app.services.exchange_values import BadValue, phone, plain_text, value_class, wall_time, web_address

_DAYS: Final = {"mon": "mo", "tue": "tu", "wed": "we", "thu": "th", "fri": "fr", "sat": "sa", "sun": "su"}
_DAY_ORDER: Final = list(_DAYS.values())
Warn = Callable[[str, str], None]


def contacts_by_channel(plan: ContactHours, cells: Mapping[str, object], warn: Warn) -> list[dict[str, Any]]:
    """One contact a channel, with its hours. A channel without number or address is left out and reported."""
    words = _words(cells.get(plan.channels)) + [w for _, ws in _rules(plan, cells, warn) for w in ws]
    hours: dict[str, list[dict[str, Any]]] = {}
    for rule, spoken in _rules(plan, cells, lambda *_: None):
        for channel in dict.fromkeys(plan.words[w] for w in spoken if w in plan.words):
            hours.setdefault(channel, []).append(rule)
    contacts: list[dict[str, Any]] = []
    for word in dict.fromkeys(words):
        if word not in plan.words:
            warn(plan.channels, f"channel of {value_class(word)} is not named in the mapping")
            continue
        channel = plan.words[word]
        if any(contact["channel"] == channel for contact in contacts):
            continue
        value = _address(plan, channel, cells, warn)
        if value is None:
            warn(plan.channels, f"channel {channel} has no number or address of its own")
            continue
        contact: dict[str, Any] = {"channel": channel, "value": value}
        if channel in hours:
            contact["hours"] = _joined(hours[channel])
        contacts.append(contact)
    return contacts


def _address(plan: ContactHours, channel: str, cells: Mapping[str, object], warn: Warn) -> str | None:
    column = plan.values.get(channel)
    if column is None or column not in cells:
        return None
    try:
        if channel in {"phone", "sms"}:
            return phone(cells[column])
        return web_address(cells[column]) if channel in {"web", "chat"} else plain_text(cells[column])
    except BadValue as error:
        warn(column, str(error))
        return None


def _words(value: object) -> list[str]:
    return [str(w).strip().lower() for w in value] if isinstance(value, list) else []


def _rules(
    plan: ContactHours, cells: Mapping[str, object], warn: Warn
) -> list[tuple[dict[str, Any], list[str]]]:
    entries = cells.get(plan.hours)
    rules: list[tuple[dict[str, Any], list[str]]] = []
    for entry in entries if isinstance(entries, list) else []:
        try:
            rules.append((_rule(entry), _words(entry.get("channels"))))
        except BadValue as error:
            warn(plan.hours, str(error))
    return rules


def _rule(entry: object) -> dict[str, Any]:
    if not isinstance(entry, dict):
        raise BadValue("hours", "an entry of the hours is no object")
    days = {_DAYS.get(word) for word in _words(entry.get("days"))}
    start, end = wall_time(entry.get("open")), wall_time(entry.get("close"))
    if not days or None in days or start is None or end is None:
        raise BadValue("hours", "an entry of the hours lacks days or times that can be read")
    if start == "24:00":
        raise BadValue("hours", "an entry of the hours opens at 24:00")
    return {"freq": "weekly", "days": [d for d in _DAY_ORDER if d in days], "from": start, "to": end}


def _joined(rules: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Every day from 00:00 to 24:00 is said as round the clock."""
    if any(rule["from"] == "00:00" and rule["to"] == "24:00" and len(rule["days"]) == 7 for rule in rules):
        return [{"freq": "always"}]
    return [rule for i, rule in enumerate(rules) if rule not in rules[:i]]
