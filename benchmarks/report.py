"""The tables and the JSON of a run."""

import math
import sys
from collections.abc import Iterator, Sequence
from typing import Any

from .results import Row, geometric_means
from .session import Report

_HEADER = ("case", "onepath", "peer", "", "ratio", "quartiles", "")


def show(report: Report) -> None:
    """Print where and what was measured, with a table for each suite.

    Parameters
    ----------
    report : Report
        What came out.
    """
    for line in _preamble(report):
        print(line)
    for suite, rows in report.rows.items():
        print()
        _print_table(suite, [*map(_cells, rows), *_means(rows)])


def as_json(report: Report) -> dict[str, Any]:
    """Return everything, as JSON can hold it; times are in seconds.

    Parameters
    ----------
    report : Report
        What came out.

    Returns
    -------
    dict
        Settings, machine, versions, and for each suite its rows with every pair of blocks.
    """
    plan = report.plan
    return {
        "device": plan.device,
        "budget": plan.budget._asdict(),
        "as_it_comes": plan.as_it_comes,
        "machine": report.machine,
        "threads": report.threads,
        "environment": dict(report.variables),
        "sides": report.sides,
        "skipped": report.skipped,
        "suites": {
            suite: {
                "geometric_means": geometric_means(rows),
                "rows": [_row_as_json(row) for row in rows],
            }
            for suite, rows in report.rows.items()
        },
    }


def number(value: float) -> str:
    """Write a positive number with three significant digits, and no exponent."""
    return f"{value:.{max(0, 2 - math.floor(math.log10(value)))}f}"


def _row_as_json(row: Row) -> dict[str, Any]:
    described = {"case": row.case.name, "definition": repr(row.case), "peer": row.peer}
    if row.problem:
        return {**described, "problem": row.problem}
    return {
        **described,
        "onepath": row.ours,
        "theirs": row.theirs,
        "ratio": row.ratio._asdict(),
        "busy": row.busy,
        "pairs": [
            {"onepath": p.ours.seconds, "theirs": p.theirs.seconds, "quiet": p.quiet}
            for p in row.pairs
        ],
    }


def _preamble(report: Report) -> Iterator[str]:
    yield from report.machine
    for name, description in report.sides.items():
        yield f"{name}: " + ", ".join(f"{key} {value}" for key, value in description.items())
    yield from (f"skipped: {reason}" for reason in report.skipped.values())
    yield f"threads: {report.threads} for each side"
    yield "environment: " + " ".join(f"{key}={value}" for key, value in report.variables.items())
    yield "Times are of one call, in ms. A ratio above 1 means that onepath is faster."


def _cells(row: Row) -> tuple[str, ...]:
    if row.problem:
        return row.case.name, "", "", row.peer, "", "", row.problem
    lower, middle, upper = row.ratio
    return (
        row.case.name,
        number(1e3 * row.ours),
        number(1e3 * row.theirs),
        row.peer,
        number(middle),
        f"{number(lower)} to {number(upper)}",
        "on a busy machine" if row.busy else "",
    )


def _means(rows: Sequence[Row]) -> Iterator[tuple[str, ...]]:
    for peer, mean in geometric_means(rows).items():
        yield "geometric mean", "", "", peer, number(mean), "", ""


def _print_table(title: str, rows: Sequence[Sequence[str]]) -> None:
    """Print by rich if it is installed."""
    right = (False, True, True, False, True, True, False)
    widths = [max(map(len, column)) for column in zip(_HEADER, *rows, strict=True)]
    try:
        from rich.console import Console
        from rich.table import Table
    except ImportError:
        print(title)
        for row in (_HEADER, *rows):
            cells = zip(row, widths, right, strict=True)
            print("  ".join(c.rjust(w) if r else c.ljust(w) for c, w, r in cells).rstrip())
        return
    table = Table(title=title, title_justify="left", box=None)
    for name, to_right in zip(_HEADER, right, strict=True):
        table.add_column(name, justify="right" if to_right else "left")
    for row in rows:
        table.add_row(*row)
    Console(width=None if sys.stdout.isatty() else sum(widths) + 2 * len(widths)).print(table)
