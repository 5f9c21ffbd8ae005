"""Moving averages of parameters."""

from collections.abc import Callable

from ..backends import Array, Backend
from .scratch import scratch

AVERAGE = "average"
"""The slot with a parameter's moving average."""


def blend(backend: Backend, factors: Callable[[], tuple[float, float]], x: Array, y: Array) -> None:
    """Let ``y`` become ``a x + b y``, in place, by factors that are others in each step.

    By 1 and 0, ``x`` takes its place exactly.
    """
    numbers = backend.varying(factors, y.dtype, 2)
    y *= numbers[1]
    y += backend.xp.multiply(x, numbers[0], out=scratch(backend, y))
