"""Where boxes of a picture go whose lines all lead downwards.

Rows go by the longest way from the top. Boxes below each other on such a way make a column, which
is straight, and so does a line that passes rows. The longest column is placed first, and each other
one as near as it can be to what it is connected to.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

Point = tuple[float, float]
Edge = tuple[int, int]


@dataclass
class _Column:
    """Boxes below each other, or a line that passes rows.

    Attributes
    ----------
    widths : dict of int to float
        How wide it is in each of its rows.
    near : list of int
        Boxes that it is connected to.
    x : float or None
        Where its middle is, once it is placed.
    """

    widths: dict[int, float] = field(default_factory=dict)
    near: list[int] = field(default_factory=list)
    x: float | None = None


def place(
    widths: Sequence[float], edges: Iterable[Edge], apart: float, row: float
) -> tuple[list[Point], dict[Edge, list[Point]], Point]:
    """Find the middles of boxes, and the points through which lines go.

    Parameters
    ----------
    widths : sequence of float
        The boxes' widths.
    edges : iterable of (int, int)
        From which box to which; each number is larger than those that lead to it.
    apart : float
        The room between boxes side by side.
    row : float
        How far rows are apart.

    Returns
    -------
    places : list of (float, float)
        The middle of each box.
    ways : dict of (int, int) to list of (float, float)
        For each edge its points, from middle to middle.
    size : (float, float)
        How far the places reach to the right and down; boxes begin at 0.
    """
    edges = sorted(set(edges), key=lambda edge: edge[1])
    rows = [0] * len(widths)
    for source, target in edges:
        rows[target] = max(rows[target], rows[source] + 1)
    columns = _columns(widths, edges, rows)
    passing = {
        edge: _Column(dict.fromkeys(range(rows[edge[0]] + 1, rows[edge[1]]), 0.0), [*edge])
        for edge in edges
        if rows[edge[1]] - rows[edge[0]] > 1
    }
    every = sorted({id(c): c for c in columns}.values(), key=lambda c: -len(c.widths))
    every += sorted(passing.values(), key=lambda c: len(c.widths))
    for number, column in enumerate(every):
        around = [x for box in column.near if (x := columns[box].x) is not None]
        column.x = _nearest(column, every[:number], sum(around) / max(len(around), 1), apart)
    left = min(_x(c) - width / 2 for c in every for width in c.widths.values())
    places = [(_x(columns[box]) - left, rows[box] * row) for box in range(len(widths))]
    ways = {}
    for source, target in edges:
        column = passing.get((source, target), _Column())
        between = [(_x(column) - left, level * row) for level in sorted(column.widths)]
        ways[source, target] = [places[source], *between, places[target]]
    right = max(_x(c) - left + width / 2 for c in every for width in c.widths.values())
    return places, ways, (right, max(rows) * row)


def _columns(widths: Sequence[float], edges: Iterable[Edge], rows: Sequence[int]) -> list[_Column]:
    """The column of each box: that of a box right above it, if no other box has gone on there."""
    columns: list[_Column] = [_Column() for _ in widths]
    columns[0].widths[rows[0]] = widths[0]
    continued: set[int] = set()
    above: dict[int, list[int]] = {}
    for source, target in edges:
        above.setdefault(target, []).append(source)
    for box, width in enumerate(widths):
        sources = above.get(box, [])
        for source in sources:
            if rows[source] == rows[box] - 1 and source not in continued:
                continued.add(source)
                columns[box] = columns[source]
                break
        columns[box].widths[rows[box]] = width
        columns[box].near += sources
    for source, target in edges:
        columns[source].near.append(target)
    return columns


def _nearest(column: _Column, placed: Sequence[_Column], wanted: float, apart: float) -> float:
    """The place nearest to the one wanted where no other column is in the way."""
    taken = []
    for other in placed:
        rows = column.widths.keys() & other.widths.keys()
        if rows:
            room = max((column.widths[r] + other.widths[r]) / 2 for r in rows) + apart
            taken.append((_x(other) - room, _x(other) + room))
    free = [wanted, *(x for ends in taken for x in ends)]
    return min(
        (x for x in free if not any(low < x < high for low, high in taken)),
        key=lambda x: (abs(x - wanted), -x),
    )


def _x(column: _Column) -> float:
    return column.x or 0.0
