"""Sums of arrays and of products of two, over some of their axes, that lose few digits."""

import math
from functools import lru_cache
from string import ascii_lowercase

from ..backends import Array, Backend
from .base import Shape

AT_ONCE = 4096
"""Elements that are added up one after the other."""


def sums(home: Backend, kept: Shape, *factors: Array) -> Array:
    """Sum an array, or the product of two, over all axes but the kept ones.

    Parameters
    ----------
    home : Backend
        Where the arrays are.
    kept : tuple of int
        Axes from 0 on, in ascending order.
    *factors : array
        One or two of one shape, not narrow.

    Returns
    -------
    array
        Of the kept axes.
    """
    first = factors[0]
    rule, whole = _summation(first.shape, first.strides, kept, len(factors))
    found = home.einsum(rule, *factors)
    if whole:
        return found
    rows = found.reshape(*found.shape[: len(kept)], -1)
    return home.xp.ascontiguousarray(rows).sum(axis=-1)  # in pairs, as that goes along memory


@lru_cache(maxsize=1024)
def _summation(shape: Shape, strides: Shape, kept: Shape, factors: int) -> tuple[str, bool]:
    """What `einsum` is to do with so many arrays, and whether nothing is left to be summed then.

    It adds elements up one after the other, which rounds the more the longer it goes on. So it
    stops after `AT_ONCE` of them, as they lie in memory, and its sums are summed in pairs.
    """
    letters = ascii_lowercase[: len(shape)]
    summed = [axis for axis in range(len(shape)) if axis not in kept]
    outermost = sorted(summed, key=strides.__getitem__)
    count, result = math.prod(shape[axis] for axis in summed), "".join(letters[a] for a in kept)
    while count > AT_ONCE and outermost:
        place = outermost.pop()
        result += letters[place]
        count //= shape[place]
    return f"{','.join([letters] * factors)}->{result}", len(result) == len(kept)


def along(axes: Shape, shape: Shape) -> Shape:
    """Return the shape with 1 for all but some axes: what lies along those is broadcast so."""
    return tuple(n if axis in axes else 1 for axis, n in enumerate(shape))
