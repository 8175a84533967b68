"""The result of `make eval` in docs/benchmarks.md, with the commit it was measured on."""

import re
import subprocess
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from eval.evaluate import Judged, summary, table

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "benchmarks.md"
BEGIN, END = "<!-- relevance: written by `make eval ARGS=--write` -->", "<!-- end of relevance -->"
Steps = dict[
    str, list[tuple[str, tuple[float, int]]]
]  # by set: a part's name, NDCG and wrong answers with it


def ladder_table(steps: Steps) -> str:
    """What each part adds, as a Markdown table; a figure in brackets is the change from the row above."""
    names = list(steps)
    lines = [
        "| with | " + " | ".join(f"{name}: NDCG@10 | {name}: wrong" for name in names) + " |",
        "|---|" + "---:|---:|" * len(names),
    ]
    for number, (title, _) in enumerate(steps[names[0]]):
        cells = []
        for name in names:
            ndcg, wrong = steps[name][number][1]
            change = f" ({ndcg - steps[name][number - 1][1][0]:+.3f})" if number else ""
            cells.append(f"{ndcg:.3f}{change} | {wrong}")
        lines.append(f"| {title} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def commit() -> str:
    """The commit in short, with a plus when files differ from it."""

    def git(*arguments: str) -> str:
        done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603, S607
        return done.stdout.strip()

    changed = git("status", "--porcelain", "--untracked-files=no", "--", "app", "search", "eval")
    return (git("rev-parse", "--short", "HEAD") or "no commit") + ("+" if changed else "")


def section(
    results: Mapping[str, Sequence[Judged]], steps: Steps, before: Mapping[str, Mapping[str, float]]
) -> str:
    """The whole section between the two marks."""
    day = datetime.now(UTC).date().isoformat()
    parts = [BEGIN, f"Measured on {day} on commit {commit()}."]
    parts += [
        f"**The set `{name}`**, {len(judged)} questions:\n\n{table(summary(judged), before.get(name))}"
        for name, judged in results.items()
    ]
    if steps:
        parts.append(f"**What each part adds:**\n\n{ladder_table(steps)}")
    return "\n\n".join(parts) + f"\n{END}"


def write(
    results: Mapping[str, Sequence[Judged]], steps: Steps, before: Mapping[str, Mapping[str, float]]
) -> None:
    """Put the section in place of the earlier one. Raises ValueError when the page has no marks."""
    page = PAGE.read_text(encoding="utf-8")
    made, count = re.subn(
        f"{re.escape(BEGIN)}.*?{re.escape(END)}",
        lambda _found: section(results, steps, before),
        page,
        flags=re.DOTALL,
    )
    if count != 1:
        raise ValueError(f"{PAGE.name} should have the marks for relevance once")
    PAGE.write_text(made, encoding="utf-8")
