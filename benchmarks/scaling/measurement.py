"""Engines measured along sweeps, in a process like any other side's."""

import os
import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from .. import environment
from ..side import Side, SideError
from ..suites import Case
from ..suites.case import Array
from ..suites.conv import OPERATIONS
from ..timing import Block
from .sweeps import SWEEPS, Sweep


class Budget(NamedTuple):
    """How long to measure.

    Attributes
    ----------
    limit : float
        A curve ends with the call that takes longer, in seconds.
    seconds : float
        Blocks of a point are begun until these are over; the quickest counts, which other processes
        disturbed least.
    block : float
        Seconds of one block.
    """

    limit: float = 0.3
    seconds: float = 0.15
    block: float = 0.02


QUICK = Budget(limit=0.03, seconds=0, block=0.005)
"""To see that everything runs."""


class Point(NamedTuple):
    """A call's cost.

    Attributes
    ----------
    size : int
        Of what grows.
    seconds : float
        Of a call.
    cost : float
        Seconds for a sample or pixel.
    """

    size: int
    seconds: float
    cost: float


@dataclass(frozen=True)
class Curve:
    """An engine's cost in one operation along a sweep.

    Attributes
    ----------
    sweep : Sweep
        What grows.
    operation : str
        One of the three convolutions.
    engine : str
        Its name, or "auto" for the planner's choice.
    points : tuple of Point
        As far as was measured.
    end : str or None
        Why it ends before the sweep does.
    """

    sweep: Sweep
    operation: str
    engine: str
    points: tuple[Point, ...]
    end: str | None


class Measurable(Protocol):
    """What `measure` needs of a side."""

    def prepare(self, case: Case) -> dict[str, Array]:
        """Build a case and return its results."""

    def block(self, seconds: float) -> Block:
        """Time the case that was prepared."""


def run(device: str, ground: environment.Ground, budget: Budget) -> list[Curve]:
    """Measure all engines; what is under way is written to standard error.

    Parameters
    ----------
    device : {"cpu", "cuda"}
        Where.
    ground : Ground
        The machine, and what its processes are given.
    budget : Budget
        How long to measure.

    Returns
    -------
    list of Curve
        Sweep by sweep, operation by operation, engine by engine.

    Raises
    ------
    SideError
        If onepath cannot use the device.
    """
    from onepath.backends.convolution import ENGINES

    variables = {**os.environ, **ground.variables}
    with Side("onepath", device, ground.threads, variables) as side:
        return list(curves(side, (*ENGINES, "auto"), budget))


def curves(side: Measurable, engines: Iterable[str], budget: Budget) -> Iterator[Curve]:
    """Give all curves, one after the other.

    Parameters
    ----------
    side : Side
        onepath's process.
    engines : iterable of str
        Their names.
    budget : Budget
        How long to measure.

    Yields
    ------
    Curve
        As it was measured.
    """
    engines = tuple(engines)
    for sweep in SWEEPS:
        for operation in OPERATIONS:
            for engine in engines:
                print(f"{sweep.name}: {operation}, {engine}", file=sys.stderr)
                yield measure(side, sweep, operation, engine, budget)


def measure(side: Measurable, sweep: Sweep, operation: str, engine: str, budget: Budget) -> Curve:
    """Measure one curve, from small to large.

    Parameters
    ----------
    side : Side
        onepath's process.
    sweep : Sweep
        What grows.
    operation, engine : str
        What computes.
    budget : Budget
        How long to measure.

    Returns
    -------
    Curve
        Up to the first call that fails or takes too long.
    """
    points: list[Point] = []
    for size in sweep.sizes:
        try:
            side.prepare(sweep.case(size, operation, engine))
            seconds = _quickest(side, budget)
        except SideError as error:
            return Curve(sweep, operation, engine, tuple(points), str(error))
        points.append(Point(size, seconds, seconds / sweep.units(size)))
        if seconds > budget.limit and size != sweep.sizes[-1]:
            reason = f"a call takes longer than {budget.limit} s"
            return Curve(sweep, operation, engine, tuple(points), reason)
    return Curve(sweep, operation, engine, tuple(points), None)


def _quickest(side: Measurable, budget: Budget) -> float:
    """Seconds of a call in the best of some blocks."""
    end = time.monotonic() + budget.seconds
    best = side.block(budget.block).amount
    while time.monotonic() < end:
        best = min(best, side.block(budget.block).amount)
    return best
