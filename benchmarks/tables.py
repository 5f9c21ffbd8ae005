"""Tables in a terminal."""

import sys
from collections.abc import Sequence
from typing import NamedTuple


class Column(NamedTuple):
    """A column's heading, and to which side its cells go."""

    name: str
    right: bool = False


def print_table(title: str, columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> None:
    """Print a table, by rich if it is installed.

    Parameters
    ----------
    title : str
        What stands above it.
    columns : sequence of Column
        The headings.
    rows : sequence of sequences of str
        A cell for each column.
    """
    header = [column.name for column in columns]
    widths = [max(map(len, cells)) for cells in zip(header, *rows, strict=True)]
    print(title)
    try:
        from rich.console import Console
        from rich.table import Table
    except ImportError:
        for row in (header, *rows):
            cells = zip(row, widths, columns, strict=True)
            print("  ".join(c.rjust(w) if k.right else c.ljust(w) for c, w, k in cells).rstrip())
        return
    table = Table(box=None)
    for name, to_right in columns:
        table.add_column(name, justify="right" if to_right else "left")
    for row in rows:
        table.add_row(*row)
    Console(width=None if sys.stdout.isatty() else sum(widths) + 2 * len(widths)).print(table)
