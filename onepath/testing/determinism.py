"""The check that a layer gives the same bits each time."""

from collections.abc import Iterable
from typing import Any

import numpy as np

from ..backends import Backend, available_backends, get_backend
from ..optimizers import Optimizer
from . import samples
from .failure import ParityError
from .subject import layer_of, run_forward, title_of, transplant
from .tracing import Plan, trace

STEPS = 2
"""How many steps are taken: the second one uses what the first has left in the optimizer."""


def assert_deterministic(
    layer: Any,
    x: Any,
    backends: Iterable[Backend | str] | None = None,
    repeats: int = 3,
    dtype: str = "float32",
    training: bool = False,
    optimizer: str | Optimizer | None = None,
    seed: int = 0,
) -> None:
    """Check that copies of a layer compute the same, bit for bit, on each backend.

    Forward, backward and steps of an optimizer are run by fresh copies, several times in a row, and
    once more after other work: another copy on other numbers, which leaves its own in all memory
    that is used again.

    Parameters
    ----------
    layer : object
        A layer, a `Model`, or an object of any class with ``forward(x)`` and ``backward(dy)`` or
        ``backward(dy, learning_rate)``. It is not changed.
    x : array or tuple of int
        The input, or its shape.
    backends : iterable of str or Backend, optional
        Where to compute; everywhere that is possible, if left out.
    repeats : int, optional
        How many runs there are in a row; at least 2.
    dtype : {"float32", "float64"}, optional
        The dtype of parameters and input.
    training : bool, optional
        What ``forward`` is called with, if it takes it.
    optimizer : str or Optimizer, optional
        What takes the steps; plain gradient descent if left out.
    seed : int, optional
        For everything that is drawn.

    Raises
    ------
    ParityError
        At the first quantity, in order of execution, that is not the same each time.
    ValueError
        If there is nothing to compare.
    """
    if repeats < 2:
        raise ValueError(f"repeats must be at least 2, got {repeats}: one run is always the same")
    layer, host = layer_of(layer), samples.as_floating(samples.as_sample(x, seed), dtype)
    for backend in map(get_backend, available_backends() if backends is None else backends):
        built = transplant(layer, backend, dtype)
        shape = run_forward(built, backend.asarray(host.copy()), training).shape
        dy = samples.output_gradient(shape, seed).astype(dtype)
        plan = Plan(training, optimizer, STEPS)

        first = _run(built, host, dy, backend, plan)
        for _ in range(repeats - 1):
            again = _run(built, host, dy, backend, plan)
            _compare(layer, backend, first, again, "right away")
        _run(built, -host[::-1], -dy, backend, plan)
        again = _run(built, host, dy, backend, plan)
        _compare(layer, backend, first, again, "after other work in between")


def _run(layer: Any, x: Any, dy: Any, backend: Backend, plan: Plan) -> dict[str, Any]:
    """What a fresh copy computes on the way; all arrays are on the host."""
    arrays = (backend.asarray(array.copy()) for array in (x, dy))
    seen = trace(transplant(layer, backend), *arrays, **plan._asdict())
    return {name: backend.to_numpy(array) for name, array in seen.items()}


def _compare(
    layer: Any, backend: Backend, first: dict[str, Any], again: dict[str, Any], when: str
) -> None:
    """Raise at the first quantity that differs."""
    for name, expected in first.items():
        actual = again[name]
        if (actual.shape, actual.dtype, actual.tobytes()) == (
            expected.shape,
            expected.dtype,
            expected.tobytes(),
        ):
            continue
        raise ParityError(
            "determinism",
            f"{title_of(layer)}: {name} is not the same each time, on {backend.name}",
            {
                "again": when,
                **_differences(expected, actual),
                "likely": _likely(when),
            },
        )


def _differences(expected: Any, actual: Any) -> dict[str, str]:
    """How two arrays differ."""
    if (actual.shape, actual.dtype) != (expected.shape, expected.dtype):
        return {
            "first": f"{expected.dtype} of shape {expected.shape}",
            "then": f"{actual.dtype} of shape {actual.shape}",
        }
    pairs = (array.reshape(-1, 1).view("uint8") for array in (expected, actual))
    differ = np.any(np.not_equal(*pairs), axis=1)
    with np.errstate(invalid="ignore"):
        distance = np.nan_to_num(np.abs(expected - actual).ravel(), nan=np.inf)
    worst = np.argmax(np.where(differ, distance, -1))
    index = [int(i) for i in np.unravel_index(worst, expected.shape)]
    return {
        "elements": f"{differ.sum()} of {expected.size} differ, the most at {index}",
        "first": repr(expected[tuple(index)].item()),
        "then": repr(actual[tuple(index)].item()),
    }


def _likely(when: str) -> str:
    """What makes runs differ most often."""
    if when == "right away":
        return (
            "random numbers from a generator that copies share, or a sum whose order is left to "
            "chance, as atomic additions leave it"
        )
    return "numbers left over in memory, as numpy.empty and module-wide buffers leave them"
