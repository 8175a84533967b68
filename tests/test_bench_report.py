"""The figures of the benchmark, part by part, in their page."""

from bench import report
from bench.numbers import Figure


def test_a_part_that_is_measured_again_replaces_its_own_rows_only(tmp_path, monkeypatch):
    page = tmp_path / "page.md"
    page.write_text(
        f"Before.\n{report.BEGIN}\n| What | Measured | Aim |\n| old | 1 | |\n{report.END}\nAfter.\n"
    )
    monkeypatch.setattr(report, "PAGE", page)
    report.write({"geo": [Figure("near", "3 ms"), Figure("near, p99", "9 ms")]}, 100_000)
    report.write({"text": [Figure("words", "5 ms", "at most 4 ms")], "memory": [Figure("API", "9 MB")]}, 5000)
    report.write({"geo": [Figure("near", "2 ms")]}, 20_000)
    written = page.read_text()
    rows = [line.rpartition(" | ")[0] for line in written.splitlines() if line.startswith("| ")]
    assert rows[1:] == [
        "| words | 5 ms | at most 4 ms | `text` | 5000",
        "| near | 2 ms |  | `geo` | 20000",
        "| API | 9 MB |  | `memory` | 5000",
    ]
    assert written.startswith("Before.\n")
    assert written.endswith("After.\n")
