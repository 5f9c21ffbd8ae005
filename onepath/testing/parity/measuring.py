"""What a bound is made of: measured by running a layer again, along a recording."""

from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np

from ...backends import Array, Backend, get_backend
from ..subject import home_of, transplant
from ..tracing import Plan
from .noise import Noise, errors_by_norm
from .replaying import mapped, replay

PROBES = 16
"""How many runs with random errors: that all of them change a result too little is unheard of."""

LEAST_NOISE = 2.0**-40
"""Errors made in float64 must be larger than float64's own; the change is scaled back."""


def magnitudes(layer: Any, recorded: Mapping[str, Array], plan: Plan) -> dict[str, Any]:
    """Run a layer on absolute values: of input, gradients, parameters and state.

    Parameters
    ----------
    layer : object
        In float64 on the CPU, as it was before the recorded run. It is not changed.
    recorded : dict of str to numpy.ndarray
        What was recorded, in float64.
    plan : Plan
        What was done with the layer.

    Returns
    -------
    dict of str to numpy.ndarray
        By the quantities' names, for each element the sum of the terms' absolute values; empty if
        the layer does not take such numbers.
    """
    seen = _run_on_magnitudes(layer, recorded, plan, get_backend("cpu"))
    return {name: np.abs(array) for name, array in seen.items() if home_of(array)}


def roundings(layer: Any, recorded: Mapping[str, Array], plan: Plan) -> dict[str, int]:
    """Count roundings, by the same run on the simulated device.

    Parameters
    ----------
    layer, recorded, plan
        As for `magnitudes`.

    Returns
    -------
    dict of str to int
        By the quantities' names, how many lie at most on the way to an element; empty if the layer
        cannot run there.
    """
    from ...backends.simulated import roundings

    seen = _run_on_magnitudes(layer, recorded, plan, get_backend("simulated"))
    return {name: roundings(array) for name, array in seen.items()}


def _run_on_magnitudes(
    layer: Any, recorded: Mapping[str, Array], plan: Plan, home: Backend
) -> dict[str, Array]:
    """Replay on absolute values, somewhere; nothing if that raises something."""
    subject = transplant(mapped(layer, _absolute), home)
    with np.errstate(all="ignore"):
        try:
            return replay(subject, recorded, plan, partial(_given_as_magnitude, home))
        except Exception:
            return {}  # what is wrong there is told where it is under test


def changes(
    layer: Any,
    recorded: Mapping[str, Array],
    plan: Plan,
    truth: Mapping[str, Array],
    unit: float,
    tiny: float,
) -> dict[str, Any]:
    """Run a layer several times with random errors as large as rounding's.

    Parameters
    ----------
    layer, recorded, plan
        As for `magnitudes`.
    truth : dict of str to numpy.ndarray
        What comes out without errors.
    unit, tiny : float
        Unit roundoff and smallest normal number of the dtype in question.

    Returns
    -------
    dict of str to numpy.ndarray
        By the quantities' names, the largest change of each element; empty if the layer takes no
        array but NumPy's own.
    """
    scale = max(1.0, LEAST_NOISE / unit)
    largest: dict[str, Any] = {}
    for probe in range(PROBES):
        noise = Noise(scale * unit, tiny, probe)
        given = partial(_given_with_noise, noise)
        with np.errstate(all="ignore"):
            try:
                with errors_by_norm(noise):
                    seen = replay(mapped(layer, noise.on), recorded, plan, given)
            except Exception:
                return {}
            for name, array in seen.items():
                if home_of(array) is None:
                    continue
                change = np.abs(np.asarray(array) - truth[name]) / scale
                largest[name] = np.fmax(largest.get(name, 0.0), np.nan_to_num(change, nan=0))
    return largest


def _given_as_magnitude(home: Backend, name: str, array: Any) -> Array:
    """Absolute values; of gradients negative ones, so that a step adds up what it subtracts."""
    sign = -1 if name.startswith("gradient of ") else 1
    return home.asarray(sign * _absolute(array))


def _given_with_noise(noise: Noise, name: str, array: Any) -> Array:
    return noise.on(array)


def _absolute(array: Any) -> Any:
    return np.abs(array) if array.dtype.kind in "fc" else array
