"""What a wrong array looks like: the mistakes that leave a pattern."""

from itertools import combinations
from typing import Any

import numpy as np

PRECISIONS = {"float16": 2.0**-11, "bfloat16": 2.0**-8, "float32": 2.0**-24}
"""Unit roundoffs of dtypes that a wrong result may have gone through."""


def resemblance(actual: Any, expected: Any, allowed: Any) -> str | None:
    """Say what a wrong array looks like, if it is like anything known.

    Parameters
    ----------
    actual, expected : numpy.ndarray
        Floating arrays of one shape; what was computed, and what should have been.
    allowed : numpy.ndarray
        How far the elements may be apart.

    Returns
    -------
    str or None
        Such as "the expected one, flipped along axes 2 and 3"; None if nothing fits.
    """
    actual = actual.astype("float64")
    if not np.isfinite(actual).all():
        return f"{_count(~np.isfinite(actual))} not finite"
    if not actual.any():
        return "nothing but zeros"
    with np.errstate(all="ignore"):
        return (
            _moved(actual, expected, allowed)
            or _scaled(actual, expected, allowed)
            or _shifted(actual, expected, allowed)
            or _coarse(actual, expected)
        )


def _close(a: Any, b: Any, allowed: Any) -> bool:
    return a.shape == b.shape and bool(np.all(np.abs(a - b) <= allowed))


def _moved(actual: Any, expected: Any, allowed: Any) -> str | None:
    """Elements in each other's place."""
    axes = [axis for axis, length in enumerate(expected.shape) if length > 1]
    for count in range(1, len(axes) + 1):
        for some in combinations(axes, count):
            if _close(np.flip(actual, some), expected, allowed):
                return f"the expected one, flipped along {_named_axes(some)}"
    for pair in combinations(axes, 2):
        if _close(actual.swapaxes(*pair), expected, allowed):
            return f"the expected one, with {_named_axes(pair)} exchanged"
    return None


def _scaled(actual: Any, expected: Any, allowed: Any) -> str | None:
    """The same multiple of each element."""
    factor = float(np.vdot(expected, actual) / np.vdot(expected, expected))
    if actual.size > 1 and _close(actual, factor * expected, abs(factor) * allowed):
        return f"{factor:.6g} times the expected one"
    return None


def _shifted(actual: Any, expected: Any, allowed: Any) -> str | None:
    """Something added that is constant along some axes: a bias that is missing, or there twice."""
    difference = actual - expected
    for axis in (None, *range(difference.ndim)):
        others = tuple(other for other in range(difference.ndim) if other != axis)
        if max((difference.shape[other] for other in others), default=1) == 1:
            continue
        mean = difference.mean(axis=others, keepdims=True)
        if _close(difference, np.broadcast_to(mean, difference.shape), 2 * allowed):
            if axis is None:
                return f"the expected one, {mean.item():+.6g} everywhere"
            return f"the expected one, plus a number for each index of axis {axis}, as of a bias"
    return None


def _coarse(actual: Any, expected: Any) -> str | None:
    """Few correct digits in each element."""
    relative = np.abs(actual - expected)[expected != 0] / np.abs(expected[expected != 0])
    for dtype, unit in PRECISIONS.items():
        if np.median(relative) > unit / 16 and relative.max() <= 2 * unit:
            return f"the expected one, as precise as {dtype} would make it"
    return None


def _count(wrong: Any) -> str:
    return f"{int(wrong.sum())} of {wrong.size} elements are"


def _named_axes(axes: tuple[int, ...]) -> str:
    *some, last = map(str, axes)
    return f"axes {', '.join(some)} and {last}" if some else f"axis {last}"
