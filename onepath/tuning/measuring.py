"""Times engines against each other."""

import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from functools import partial
from statistics import median
from typing import Any

from ..backends import Array, Backend, Geometry, get_threads, set_threads
from ..backends.blas import single_thread
from ..backends.convolution import ENGINES

_BURST = 0.002
"""Seconds that a burst of calls should take: shorter ones measure the clock."""

_CONTEST = 0.15
"""Seconds after which no further round begins."""

_LEAST, _MOST = 3, 15
"""Rounds."""

_BEATEN = 4.0
"""An engine that takes so many times as long as the fastest in its first burst is out."""


def measure(
    backend: Backend,
    operation: str,
    geometry: Geometry,
    batch: int,
    dtype: str,
    engines: Collection[str],
) -> dict[str, float]:
    """Measure engines on an operation, on one thread.

    Bursts of the engines alternate, so that what else the machine does hits all of them.

    Parameters
    ----------
    backend : Backend
        Where.
    operation : str
        One of `OPERATIONS`.
    geometry, batch, dtype
        The case.
    engines : collection of str
        Which; they must support it.

    Returns
    -------
    dict of str to float
        The median of each engine's seconds for a call; see `Times`.
    """
    arrays = _arrays(backend, operation, geometry, batch, dtype)
    with backend.scope(), _one_thread():
        ways = {
            name: ENGINES[name].rehearse(backend, operation, geometry, *arrays) for name in engines
        }
        times = _contest(
            {
                name: partial(
                    _burst,
                    backend,
                    partial(getattr(ENGINES[name], operation), backend, *arrays, geometry),
                )
                for name in engines
            }
        )
    return times | {f"{name} {way}": times[name] for name, way in ways.items() if way}


def _contest(bursts: dict[str, Callable[[int], float]]) -> dict[str, float]:
    """The median seconds of a call, by name."""
    for burst in bursts.values():
        burst(1)  # imports, tables and scratch memory are not what is measured
    lengths, times = {}, {}
    for name, burst in bursts.items():
        lengths[name], seconds = _length(burst)
        times[name] = [seconds]
    limit = _BEATEN * min(seconds for (seconds,) in times.values())
    left = [name for name, (seconds,) in times.items() if seconds <= limit]
    end = time.perf_counter() + _CONTEST
    for number in range(1, _MOST):
        if number >= _LEAST and time.perf_counter() > end:
            break
        for name in left:
            times[name].append(bursts[name](lengths[name]))
        left.reverse()
    return {name: float(f"{median(seconds):.3g}") for name, seconds in times.items()}


def _length(burst: Callable[[int], float]) -> tuple[int, float]:
    """How many calls fill a burst, and the seconds that each of them took."""
    calls = 1
    while (seconds := burst(calls)) * calls < _BURST:
        calls *= 2
    return calls, seconds


def _burst(backend: Backend, call: Callable[[], Any], calls: int) -> float:
    """Seconds of one of so many calls."""
    backend.synchronize()
    start = time.perf_counter()
    for _ in range(calls):
        call()
    backend.synchronize()
    return (time.perf_counter() - start) / calls


def _arrays(
    backend: Backend, operation: str, geometry: Geometry, batch: int, dtype: str
) -> tuple[Array, Array]:
    """What an operation takes; batches lie in memory as they do between layers."""
    random = backend.random(0)

    def drawn(*shape: int) -> Array:
        return random.uniform(shape, -1.0, 1.0).astype(dtype)

    def batch_of(shape: tuple[int, ...]) -> Array:
        return backend.arranged(drawn(batch, *shape))

    x, dy = batch_of(geometry.input_shape), batch_of(geometry.output_shape)
    kernel = drawn(*geometry.kernel_shape)
    return {"forward": (x, kernel), "input_gradient": (dy, kernel), "kernel_gradient": (x, dy)}[
        operation
    ]


@contextmanager
def _one_thread() -> Iterator[None]:
    """Compute as predictions are made: on one thread, with a BLAS that uses one."""
    threads = get_threads()
    set_threads(1)
    try:
        with single_thread:
            yield
    finally:
        set_threads(threads)
