"""The figures as a table, and their place in docs/benchmarks.md."""

import os
import platform
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from bench.numbers import Figure

PAGE = Path(__file__).resolve().parent.parent / "docs" / "benchmarks.md"
KINDS = ("text", "filters", "sentence", "geo", "few")  # of searches
PARTS = ("import", "index", *KINDS, "words", "fresh", "memory", "referrals")
BEGIN, END = "<!-- figures: written by `make bench` -->", "<!-- end of figures -->"


def machine() -> str:
    """What the figures depend on: cores, memory, versions; no names."""
    pages = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    busy = os.getloadavg()[1]
    return (
        f"{os.cpu_count()} cores, {pages / 1e9:.0f} GB memory, Linux on {platform.machine()}, "
        f"Python {platform.python_version()}; load average of the last 5 minutes at the end {busy:.1f}"
    )


def section(page: str, figures: Mapping[str, Sequence[Figure]], documents: int) -> str:
    """The whole section between the two marks: what was measured now in place of those parts' earlier rows.

    `figures`: by part; each row tells its part, the size of the index and the day.
    """
    rows = [row for row in _rows(page) if row[3].strip("`") not in figures]
    day = datetime.now(UTC).date().isoformat()
    rows += [
        [figure.what, figure.value, figure.aim, f"`{part}`", f"{documents}", day]
        for part, measured in figures.items()
        for figure in measured
    ]
    rows.sort(key=lambda row: PARTS.index(row[3].strip("`")))
    lines = ["| What | Measured | Aim | Part | Index | Day |", "|---|---:|---|---|---:|---|"]
    lines += [f"| {' | '.join(row)} |" for row in rows]
    told = f"Last run: {machine()}."
    return "\n".join([BEGIN, told, "", *lines, END])


def _rows(page: str) -> list[list[str]]:
    """The rows that stand in the section, those of an unknown part left out."""
    inside = page.partition(BEGIN)[2].partition(END)[0]
    rows = [[cell.strip() for cell in line.strip("| ").split("|")] for line in inside.splitlines()]
    return [row for row in rows if len(row) == 6 and row[3].strip("`") in PARTS]


def write(figures: Mapping[str, Sequence[Figure]], documents: int) -> None:
    """Put the figures into the page. Raises ValueError when it has no marks for them."""
    page = PAGE.read_text(encoding="utf-8")
    if page.count(BEGIN) != 1 or page.count(END) != 1:
        raise ValueError(f"{PAGE.name} should have the marks for figures once")
    before, _, rest = page.partition(BEGIN)
    PAGE.write_text(before + section(page, figures, documents) + rest.partition(END)[2], encoding="utf-8")
