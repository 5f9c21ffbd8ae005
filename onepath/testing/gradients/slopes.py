"""Derivatives measured by differences, each with a bound of its error."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

STEPS = (1e-3, 1e-5, 1e-7)
"""Distances of the points, tried in turn until no kink lies between them."""

RESOLUTION = 1e-6
"""How large an error may be, as part of the steepest slope, for a slope to count as measured."""

PATIENCE = 100
"""How many times the noise, over the largest step, it may always be."""

ROUNDING = 16 * 2.0**-53
"""What the noise is taken for at least, as part of the largest number around."""

# On seven points from -3h to 3h. For one kink anywhere between them but at 0, the derivative is off
# by at most 0.11 of the sum of the fifth and the sixth difference over h. At a kink or a jump at 0
# that sum is larger than what comes out for the derivative.
_DERIVATIVE = np.array([-1, 9, -45, 0, 45, -9, 1]) / 60
_DIFFERENCES = np.array([[-1, 4, -5, 0, 5, -4, 1], [1, -6, 15, -20, 15, -6, 1]])


class Slopes(NamedTuple):
    """The derivatives of a function's values.

    Attributes
    ----------
    values : numpy.ndarray
        One for each of them.
    errors : numpy.ndarray
        How far off they may be, by truncation, noise, or a kink nearby.
    measured : numpy.ndarray of bool
        Whether the error is small; otherwise there is a kink at the point itself.
    """

    values: Any
    errors: Any
    measured: Any


def slopes(function: Callable[[float], Any], centre: Any, noise: Any) -> Slopes:
    """Measure the derivatives of a function of one number, at 0.

    Central differences of sixth order on seven points (B. Fornberg, Math. Comp. 51 (1988)). The
    bound is made of the fifth and sixth differences, which are tiny where the function is smooth,
    and large if it has a kink. Smaller steps are taken until the bound is small for every value.

    Parameters
    ----------
    function : callable
        From a float to a float64 numpy array. It should be smooth over distances of about 1.
    centre : numpy.ndarray
        ``function(0.0)``.
    noise : numpy.ndarray
        How far rounding may have carried each value.

    Returns
    -------
    Slopes
        Arrays of the shape of ``centre``.
    """
    found = Slopes(np.zeros(centre.shape), np.full(centre.shape, np.inf), np.False_)
    least = np.zeros(centre.shape)
    for h in STEPS:
        changes = [function(k * h) - centre if k else 0 * centre for k in range(-3, 4)]
        nearer = _from_changes(np.stack(changes, axis=-1), h, centre, noise)
        least = np.fmax(least, np.abs(nearer.values) - nearer.errors)
        better = nearer.errors < found.errors
        found = Slopes(*(np.where(better, *pair) for pair in zip(nearer, found, strict=True)))
        if np.all(found.measured):
            break
    # a staircase, as rounding to float32 makes one, is flat for small steps alone
    steep_enough = np.abs(found.values) + found.errors >= least
    return found._replace(measured=found.measured & steep_enough)


def _from_changes(changes: Any, h: float, centre: Any, noise: Any) -> Slopes:
    """Slopes from how the values at the seven points, on the last axis, differ from the middle."""
    moved = np.any(changes != 0, axis=-1)
    finite = np.all(np.isfinite(changes), axis=-1)
    changes = np.where(finite[..., None], changes, 0)

    values = changes @ _DERIVATIVE / h
    largest = np.max(np.abs(centre) + np.max(np.abs(changes), axis=-1), where=moved, initial=0)
    noise = moved * (noise + ROUNDING * largest)
    errors = (np.sum(np.abs(changes @ _DIFFERENCES.T), axis=-1) + noise) / h
    errors = np.where(finite, errors, np.inf)
    # at a kink or a jump the error is larger than the value
    steepest = np.max(np.abs(values), where=errors < np.abs(values), initial=0)
    allowed = RESOLUTION * steepest + PATIENCE * noise / STEPS[0]
    return Slopes(values, errors, errors <= allowed)
