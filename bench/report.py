"""The figures as a table, and their place in docs/benchmarks.md."""

import os
import platform
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from bench.numbers import Figure, table

PAGE = Path(__file__).resolve().parent.parent / "docs" / "benchmarks.md"
BEGIN, END = "<!-- figures: written by `make bench` -->", "<!-- end of figures -->"


def machine() -> str:
    """What the figures depend on: cores, memory, versions; no names."""
    pages = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    busy = os.getloadavg()[1]
    return (
        f"{os.cpu_count()} cores, {pages / 1e9:.0f} GB memory, Linux on {platform.machine()}, "
        f"Python {platform.python_version()}; load average of the last 5 minutes at the end {busy:.1f}"
    )


def section(figures: Sequence[Figure], documents: int) -> str:
    """The whole section between the two marks."""
    day = datetime.now(UTC).date().isoformat()
    title = f"Measured on {day} with `--documents {documents}`: {machine()}."
    return f"{BEGIN}\n{title}\n\n{table(figures)}\n{END}"


def write(figures: Sequence[Figure], documents: int) -> None:
    """Put the section in place of the earlier one. Raises ValueError when the page has no marks."""
    page = PAGE.read_text(encoding="utf-8")
    made, count = re.subn(
        f"{re.escape(BEGIN)}.*?{re.escape(END)}",
        lambda _found: section(figures, documents),
        page,
        flags=re.DOTALL,
    )
    if count != 1:
        raise ValueError(f"{PAGE.name} should have the marks for figures once")
    PAGE.write_text(made, encoding="utf-8")
