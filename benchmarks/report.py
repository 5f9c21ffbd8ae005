"""The tables and the JSON of a run."""

import math
from collections.abc import Iterator, Sequence
from typing import Any

from .results import Row, geometric_means
from .session import Report
from .tables import Column, print_table

_COLUMNS = (
    Column("case"),
    Column("onepath", right=True),
    Column("peer", right=True),
    Column(""),
    Column("ratio", right=True),
    Column("quartiles", right=True),
    Column(""),
)


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
        title = f"{suite}, in {rows[0].case.unit.name}"
        print_table(title, _COLUMNS, [*map(_cells, rows), *_means(rows)])


def as_json(report: Report) -> dict[str, Any]:
    """Return everything, as JSON can hold it; figures are in seconds or bytes.

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
        "precision": plan.precision,
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
            {"onepath": p.ours.amount, "theirs": p.theirs.amount, "quiet": p.quiet}
            for p in row.pairs
        ],
    }


def _preamble(report: Report) -> Iterator[str]:
    yield from report.machine
    for name, description in report.sides.items():
        yield f"{name}: " + ", ".join(f"{key} {value}" for key, value in description.items())
    yield from (f"skipped: {reason}" for reason in report.skipped.values())
    yield f"threads: {report.threads} for each side; products in {report.plan.precision}"
    yield "environment: " + " ".join(f"{key}={value}" for key, value in report.variables.items())
    yield "Figures are of one call. A ratio above 1 means that onepath is faster, or smaller."


def _cells(row: Row) -> tuple[str, ...]:
    if row.problem:
        return row.case.name, "", "", row.peer, "", "", row.problem
    lower, middle, upper = row.ratio
    size = row.case.unit.size
    return (
        row.case.name,
        number(row.ours / size),
        number(row.theirs / size),
        row.peer,
        number(middle),
        f"{number(lower)} to {number(upper)}",
        "on a busy machine" if row.busy else "",
    )


def _means(rows: Sequence[Row]) -> Iterator[tuple[str, ...]]:
    for peer, mean in geometric_means(rows).items():
        yield "geometric mean", "", "", peer, number(mean), "", ""
