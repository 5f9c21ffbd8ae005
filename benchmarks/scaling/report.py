"""The tables and the JSON of a scaling run."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Any

from ..environment import Ground
from ..report import number
from ..tables import Column, print_table
from .measurement import Curve
from .sweeps import Sweep

_TOLD_IN = {"sample": ("us", 1e-6), "pixel": ("ns", 1e-9)}
"""The unit of time for each, and its seconds."""


def show(ground: Ground, curves: Iterable[Curve]) -> None:
    """Print a table for each operation of each sweep.

    Parameters
    ----------
    ground : Ground
        What was measured on.
    curves : iterable of Curve
        In their order.
    """
    for line in ground.machine:
        print(line)
    print(f"threads: {ground.threads}")
    print("environment: " + " ".join(f"{key}={value}" for key, value in ground.variables.items()))
    for title, group in panels(curves):
        print()
        columns = [Column(group[0].sweep.axis, right=True)]
        columns += [Column(curve.engine, right=True) for curve in group]
        print_table(title, columns, list(_rows(group)))
        for curve in group:
            if curve.end:
                print(f"{curve.engine} ends: {curve.end}")


def panels(curves: Iterable[Curve]) -> Iterator[tuple[str, list[Curve]]]:
    """Give the curves that belong together, with a title.

    Parameters
    ----------
    curves : iterable of Curve
        In their order.

    Yields
    ------
    tuple of str and list of Curve
        An operation along a sweep, an engine each.
    """
    for (sweep, operation), group in groupby(curves, lambda each: (each.sweep, each.operation)):
        yield f"{operation}, {sweep.name}, {told_in(sweep)}", list(group)


def told_in(sweep: Sweep) -> str:
    """Return the unit of a sweep's costs."""
    return f"{_TOLD_IN[sweep.unit][0]} per {sweep.unit}"


def costs(curve: Curve) -> dict[int, float]:
    """Return the cost by size, in microseconds per sample or nanoseconds per pixel.

    Parameters
    ----------
    curve : Curve
        What was measured.

    Returns
    -------
    dict of int to float
        In the order of the sizes.
    """
    _, seconds = _TOLD_IN[curve.sweep.unit]
    return {point.size: point.cost / seconds for point in curve.points}


def as_json(ground: Ground, device: str, curves: Iterable[Curve]) -> dict[str, Any]:
    """Return everything, as JSON can hold it; times are in seconds.

    Parameters
    ----------
    ground : Ground
        What was measured on.
    device : {"cpu", "cuda"}
        Where.
    curves : iterable of Curve
        What was measured.

    Returns
    -------
    dict
        Machine, settings, and every point.
    """
    return {
        "device": device,
        "machine": ground.machine,
        "threads": ground.threads,
        "environment": ground.variables,
        "curves": [
            {
                "sweep": curve.sweep.name,
                "axis": curve.sweep.axis,
                "operation": curve.operation,
                "engine": curve.engine,
                "per": curve.sweep.unit,
                "points": [point._asdict() for point in curve.points],
                "end": curve.end,
            }
            for curve in curves
        ],
    }


def _rows(curves: Sequence[Curve]) -> Iterator[list[str]]:
    found = [costs(curve) for curve in curves]
    for size in curves[0].sweep.sizes:
        yield [str(size), *(number(each[size]) if size in each else "" for each in found)]
