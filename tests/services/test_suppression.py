"""What is held back of a table of counts follows from nothing that is told."""

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from app.services import suppression

TABLES = st.dictionaries(
    st.tuples(st.sampled_from(["a", "b", "c", "d"]), st.sampled_from(["x", "y", "z", "w"])),
    st.integers(0, 12) | st.integers(0, 200),
    min_size=1,
)


def followed(equations: list[dict], unknown: list) -> set:
    """The unknowns that the equations alone determine (Gauss-Jordan, exactly)."""
    rows = [[Fraction(equation.get(name, 0)) for name in unknown] for equation in equations]
    pivots, rank = [], 0
    for column in range(len(unknown)):
        pivot = next((r for r in range(rank, len(rows)) if rows[r][column]), None)
        if pivot is None:
            continue
        rows[rank], rows[pivot] = rows[pivot], rows[rank]
        rows[rank] = [value / rows[rank][column] for value in rows[rank]]
        for other in range(len(rows)):
            if other != rank and rows[other][column]:
                factor = rows[other][column]
                rows[other] = [a - factor * b for a, b in zip(rows[other], rows[rank], strict=True)]
        pivots.append(column)
        rank += 1
    return {
        unknown[column]
        for row, column in zip(rows, pivots, strict=False)
        if sum(value != 0 for value in row) == 1
    }


@given(TABLES)
def test_no_small_count_is_told_or_follows_from_what_is_told(counts):
    told = suppression.table(counts)
    rows, columns = list(told.rows), list(told.columns)
    everything = {
        **told.cells,
        **{(row, ""): value for row, value in told.rows.items()},
        **{("", column): value for column, value in told.columns.items()},
        ("", ""): told.total,
    }
    assert not [value for value in everything.values() if value is not None and 0 < value < suppression.K]
    lines = [
        *({**{(row, column): 1 for column in columns}, (row, ""): -1} for row in [*rows, ""]),
        *({**{(row, column): 1 for row in rows}, ("", column): -1} for column in [*columns, ""]),
    ]
    hidden = [cell for cell, value in everything.items() if value is None]
    assert followed(lines, hidden) == set()


@given(TABLES)
def test_what_is_told_is_true(counts):
    told = suppression.table(counts)
    assert all(value in (None, counts.get(cell, 0)) for cell, value in told.cells.items())
    assert told.total in (None, sum(counts.values()))


def test_large_counts_are_all_told():
    counts = {("a", "x"): 5, ("a", "y"): 0, ("b", "x"): 12, ("b", "y"): 7}
    told = suppression.table(counts)
    assert told.cells == counts
    assert (told.rows, told.columns, told.total) == ({"a": 5, "b": 19}, {"x": 17, "y": 7}, 24)
