"""The same association or listing twice in one file: one record, and a remark."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, Literal

from app.services.exchange_report import Warnings

RecordType = Literal["organisation", "listing"]
# Lists that grow when a listing stands twice, with the most that the format allows.
_GROWING: Final = {"categories": 4, "audiences": 20, "venues": 50, "contacts": 30, "schedule": 100}


@dataclass
class Candidate:
    """A record on its way in, with the place it came from."""

    type: RecordType
    sheet: str | None
    row: int
    record: dict[str, Any]


class Merger:
    """Collects a file's records by external id; the first says, the later ones fill in what it lacks."""

    def __init__(self, warnings: Warnings) -> None:
        self._warnings = warnings
        self._organisations: dict[str, Candidate] = {}
        self._listings: dict[tuple[str, str], Candidate] = {}

    def add(self, candidate: Candidate) -> None:
        record = candidate.record
        key = str(record.get("external_id"))
        if candidate.type == "organisation":
            first = self._organisations.setdefault(key, candidate)
        else:
            first = self._listings.setdefault((str(record.get("organisation")), key), candidate)
        if first is not candidate:
            self._join(first, candidate)

    def _join(self, first: Candidate, again: Candidate) -> None:
        if first.record == again.record:
            text = f"the same {first.type} stands in the file before; taken once"
        elif _fill(first.record, again.record):
            text = f"the same {first.type} stands in the file before with other values: the first kept"
        else:
            text = f"the same {first.type} stands in the file before; joined"
        self._warnings.add(text, again.sheet, again.row)

    def candidates(self) -> Iterator[Candidate]:
        """Organisations first, then listings, each in the file's order."""
        yield from self._organisations.values()
        yield from self._listings.values()


def _fill(first: dict[str, Any], again: dict[str, Any]) -> bool:
    """Give `first` what only `again` has. True when a value of `again` was dropped for another."""
    dropped = False
    for key, value in again.items():
        mine = first.get(key)
        if key not in first:
            first[key] = value
        elif key in _GROWING and isinstance(mine, list):
            more = [entry for entry in value if entry not in mine]
            first[key] = [*mine, *more][: _GROWING[key]]
        elif isinstance(mine, dict) and isinstance(value, dict):
            dropped |= _fill(mine, value)
        elif mine != value:
            dropped = True
    return dropped
