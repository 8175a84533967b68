"""Counts that tell of no single person: small cells are held back, and as many others as it takes.

Primary: a count from 1 to k - 1. Complementary: a table with its totals is a graph, its lines the nodes and
what is held back the edges; a cell follows from what is told just when its edge lies on no circle. So circles
are closed, over the smallest counts. In each line what is held back is together at least k.
"""

import heapq
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

K = 5
Cell = tuple[str, str]


@dataclass(frozen=True)
class Told:
    """A table of counts with its totals; None is held back."""

    cells: dict[Cell, int | None]
    rows: dict[str, int | None]
    columns: dict[str, int | None]
    total: int | None


def table(counts: Mapping[Cell, int], k: int = K) -> Told:
    """The table as it may be told. Lines whose own total is small are held back whole, with that total."""
    rows = sorted({row for row, _ in counts})
    columns = sorted({column for _, column in counts})
    # The totals are cells of the same table: a line's own cells and its total depend on each other alike.
    full = {(row, column): counts.get((row, column), 0) for row in rows for column in columns}
    margins: dict[Cell, int] = {
        **{(row, ""): sum(full[row, column] for column in columns) for row in rows},
        **{("", column): sum(full[row, column] for row in rows) for column in columns},
        ("", ""): sum(full.values()),
    }
    everything = full | margins
    lines = [
        *([(row, column) for column in (*columns, "")] for row in (*rows, "")),
        *([(row, column) for row in (*rows, "")] for column in (*columns, "")),
    ]
    held = {cell for cell, count in everything.items() if 0 < count < k}
    while added := _next(lines, everything, held, k):
        held |= added

    def told(cell: Cell) -> int | None:
        return None if cell in held else everything[cell]

    return Told(
        cells={cell: told(cell) for cell in full},
        rows={row: told((row, "")) for row in rows},
        columns={column: told(("", column)) for column in columns},
        total=told(("", "")),
    )


def _next(lines: Iterable[list[Cell]], counts: Mapping[Cell, int], held: set[Cell], k: int) -> set[Cell]:
    """What to hold back as well; empty when nothing follows from what is told."""
    for line in lines:
        hidden = [cell for cell in line if cell in held]
        open_cells = [cell for cell in line if cell not in held and counts[cell] > 0]
        if hidden and open_cells and sum(counts[cell] for cell in hidden) < k:
            return {min(open_cells, key=lambda cell: (counts[cell], cell))}
    for cell in sorted(held):
        circle = _circle(cell, counts, held)
        if not circle <= held:
            return circle
    return set()


def _circle(cell: Cell, counts: Mapping[Cell, int], held: set[Cell]) -> set[Cell]:
    """The cheapest way from the cell's row to its column by other cells; what is held back costs nothing.

    Dijkstra's way over lines: a row's node is (0, name), a column's (1, name).
    """
    start, goal = (0, cell[0]), (1, cell[1])
    reached: dict[tuple[int, str], set[Cell]] = {}
    waiting: list[tuple[int, int, tuple[int, str], frozenset[Cell]]] = [(0, 0, start, frozenset())]
    number = 0
    while waiting:
        cost, _, (side, name), way = heapq.heappop(waiting)
        if (side, name) in reached:
            continue
        reached[side, name] = set(way)
        if (side, name) == goal:
            break
        for other in counts:
            if other != cell and other[side] == name:
                number += 1
                more = 0 if other in held else counts[other] + 1
                heapq.heappush(waiting, (cost + more, number, (1 - side, other[1 - side]), way | {other}))
    return reached.get(goal, set())
