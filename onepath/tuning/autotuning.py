"""Measures which engine is the fastest for each convolution of a network."""

from collections.abc import Iterable, Iterator
from typing import Any

from ..arguments import whole
from ..backends import Backend
from ..backends.convolution.engine import OPERATIONS
from ..backends.convolution.measurements import path_of_file
from ..backends.convolution.planner import decide, remember
from .convolutions import Convolution, batches_of, convolutions_of, home_of
from .explanation import Explanation, explain
from .measuring import measure

_HOPELESS = 20.0
"""An engine with a prediction so many times the best one is not measured."""


def autotune(
    subject: Any,
    input_shape: Iterable[int] | None = None,
    batch_size: int = 32,
    device: str | Backend | None = None,
    dtype: str | None = None,
) -> Explanation:
    """Measure the engines on each convolution, and let the fastest compute from now on.

    Without it the planner predicts. Measuring takes about a second for each convolution, more for
    large ones; it is done on random numbers, and no layer is changed. Times hold for one shape,
    batch size, dtype and machine, and for these versions of onepath and NumPy or CuPy. They are
    kept in a file in the user's cache folder, from where later processes take them.
    ``ONEPATH_CACHE`` in the environment names another folder; if it is ``off``, this process alone
    remembers.

    Engines round differently. So what a network computes may change in its last digits when
    ``engine="auto"`` comes to mean another engine: after this call, in later processes, and from
    machine to machine. Where runs must be equal bit for bit, set ``ONEPATH_CACHE=off`` and do
    without this call, or name the engine in each layer. The number of threads makes no difference:
    measured is on one, as predicted is.

    Parameters
    ----------
    subject : Layer, Model or Geometry
        What to look at; layers that were told their engine are left out.
    input_shape : iterable of int, optional
        The shape of one sample, without the batch; a layer that is built knows it.
    batch_size : int, optional
        How many samples there will be at a time; the parts in which they go through a network are
        measured as well. Another number is predicted.
    device : str or Backend, optional
        Where to measure: where the layer is, or else on the CPU, if left out.
    dtype : {"float16", "float32", "float64"}, optional
        To measure with other arrays than the layers'.

    Returns
    -------
    Explanation
        What `explain` says now.

    Raises
    ------
    BackendUnavailableError
        If the device is not there.
    ImportError
        If platformdirs is not installed, and ``ONEPATH_CACHE`` not set.
    TypeError, ValueError
        If an argument is none of those allowed; the message says which.
    """
    backend = home_of(subject, device)
    found = tuple(convolutions_of(subject, input_shape, dtype))
    for size in batches_of(subject, batch_size, backend, input_shape):
        for _ in tune(found, size, backend):
            pass
    return explain(subject, batch_size, backend, dtype, input_shape)


def tune(
    convolutions: Iterable[Convolution], batch_size: int, backend: Backend
) -> Iterator[Convolution]:
    """Measure one convolution after the other; see `autotune`.

    Parameters
    ----------
    convolutions : iterable of Convolution
        Those that were told their engine are left out, and none is measured twice.
    batch_size : int
        How many samples there will be at a time.
    backend : Backend
        Where.

    Yields
    ------
    Convolution
        The one that is measured next. What was measured is remembered by then.

    Raises
    ------
    ImportError, TypeError, ValueError
        As `autotune` does.
    """
    batch = whole("batch_size", batch_size)
    path_of_file()  # it should fail before anything is measured
    cases = {(each.geometry, each.dtype): each for each in convolutions if each.engine == "auto"}
    for (geometry, dtype), convolution in cases.items():
        yield convolution
        times = {}
        for operation in OPERATIONS:
            decision = decide("auto", backend, operation, geometry, batch, dtype, workspaces=False)
            predictions = {
                each.engine: each.predicted
                for each in decision.candidates
                if each.predicted is not None
            }
            limit = _HOPELESS * min(predictions.values())
            hopeful = [engine for engine, seconds in predictions.items() if seconds <= limit]
            times[operation] = measure(backend, operation, geometry, batch, dtype, hopeful)
        remember(backend, geometry, batch, dtype, times)
