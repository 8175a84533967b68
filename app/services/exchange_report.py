"""What an import did: counts, rows that were not taken, and what was left out of rows that were."""

import json
from copy import deepcopy
from dataclasses import asdict, dataclass, field
from typing import Any

from app.services.exchange_read import BrokenRow


@dataclass(frozen=True)
class Rejected:
    """A row that was not taken. `column` is a heading or a pointer into the record; never a value."""

    sheet: str | None
    row: int
    column: str | None
    value_class: str
    reason: str

    def __str__(self) -> str:
        sheet = f"sheet {self.sheet}, " if self.sheet else ""
        column = f", {self.column}" if self.column else ""
        return f"{sheet}row {self.row}{column} ({self.value_class}): {self.reason}"


@dataclass
class Warning_:  # noqa: N801 `Warning` is Python's own
    count: int
    sheet: str | None
    row: int | None


class Warnings:
    """Troubles that did not stop a row, counted by their text, with the first place of each."""

    def __init__(self) -> None:
        self.entries: dict[str, Warning_] = {}

    def add(self, text: str, sheet: str | None, row: int | None) -> None:
        entry = self.entries.setdefault(text, Warning_(0, sheet, row))
        entry.count += 1


@dataclass
class Counts:
    created: int = 0
    changed: int = 0
    unchanged: int = 0
    rejected: int = 0
    paused: int = 0


@dataclass(frozen=True)
class Mark:
    """A point of a report to go back to."""

    counts: dict[str, Counts]
    rejected: int


@dataclass
class ImportReport:
    """`written` is False after a dry run, and after a strict run with rejected rows."""

    source: str
    dry_run: bool = False
    written: bool = False
    rows: int = 0
    counts: dict[str, Counts] = field(default_factory=lambda: {"organisation": Counts(), "listing": Counts()})
    rejected: list[Rejected] = field(default_factory=list)
    warned: Warnings = field(default_factory=Warnings)

    def count(self, kind: str, outcome: str) -> None:
        counts = self.counts[kind]
        setattr(counts, outcome, getattr(counts, outcome) + 1)

    def reject(self, kind: str, entry: Rejected) -> None:
        self.counts[kind].rejected += 1
        self.rejected.append(entry)

    def broken(self, row: BrokenRow) -> None:
        """A row that could not even be read; of which kind it was is not known."""
        self.rejected.append(Rejected(row.sheet, row.number, None, row.value_class, row.reason))

    def mark(self) -> "Mark":
        return Mark(deepcopy(self.counts), len(self.rejected))

    def back_to(self, mark: "Mark") -> None:
        """Forget what was counted since the mark, as the database forgot it too."""
        self.counts = deepcopy(mark.counts)
        del self.rejected[mark.rejected :]

    @property
    def ok(self) -> bool:
        return not self.rejected

    @property
    def warnings(self) -> dict[str, int]:
        return {text: entry.count for text, entry in self.warned.entries.items()}

    def to_dict(self) -> dict[str, Any]:
        return {
            "source": self.source,
            "dry_run": self.dry_run,
            "written": self.written,
            "rows": self.rows,
            "counts": {kind: asdict(counts) for kind, counts in self.counts.items()},
            "rejected": [asdict(entry) for entry in self.rejected],
            "warnings": [
                {"text": text, "count": e.count, "first_sheet": e.sheet, "first_row": e.row}
                for text, e in self.warned.entries.items()
            ],
        }

    def to_json(self) -> str:
        return json.dumps(self.to_dict(), ensure_ascii=False, indent=2)

    def to_text(self, limit: int = 50) -> str:
        """The report for people; at most `limit` rejected rows and warnings are spelt out."""
        state = (
            "dry run, nothing written" if self.dry_run else "written" if self.written else "nothing written"
        )
        lines = [f"{self.rows} rows of {self.source}: {state}."]
        for kind, counts in self.counts.items():
            told = ", ".join(f"{number} {name}" for name, number in asdict(counts).items())
            lines.append(f"  {kind}s: {told}")
        if self.rejected:
            lines.append(f"{len(self.rejected)} reasons why rows were not taken:")
            lines += [f"  {entry}" for entry in self.rejected[:limit]]
            if len(self.rejected) > limit:
                lines.append(f"  … and {len(self.rejected) - limit} more (all of them in the JSON report)")
        ordered = sorted(self.warned.entries.items(), key=lambda item: -item[1].count)
        if ordered:
            lines.append(f"{len(ordered)} kinds of remarks:")
        for text, entry in ordered[:limit]:
            place = f", first at row {entry.row}" if entry.row is not None else ""
            sheet = f" of sheet {entry.sheet}" if place and entry.sheet else ""
            lines.append(f"  {entry.count} × {text}{place}{sheet}")
        if len(ordered) > limit:
            lines.append(f"  … and {len(ordered) - limit} more kinds (all of them in the JSON report)")
        return "\n".join(lines)
