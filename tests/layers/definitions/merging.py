"""By the cases' names."""

import math

import numpy as np

from .definition import defined, mean


def merged(function, *shapes):
    """A function of the elements at a place; inputs are flat, and behind each other."""

    def oracle(x, arrays):
        parts = split(x, shapes)
        y = np.zeros((len(x), *np.broadcast_shapes(*shapes)))
        for n, *at in np.ndindex(y.shape):
            y[(n, *at)] = function([part[(n, *clipped(at, part.shape[1:]))] for part in parts])
        return y

    return oracle


def concatenated(axis, *shapes):
    def oracle(x, arrays):
        parts = split(x, shapes)
        places = [p for p in range(len(parts)) for _ in range(parts[p].shape[axis])]
        lines = [i for part in parts for i in range(part.shape[axis])]
        rows = [
            np.take(parts[p], i, axis=axis).tolist() for p, i in zip(places, lines, strict=True)
        ]
        return np.stack([np.array(row) for row in rows], axis=axis)

    return oracle


def split(x, shapes):
    parts, start = [], 0
    for shape in shapes:
        end = start + math.prod(shape)
        parts.append(x[:, start:end].reshape(len(x), *shape))
        start = end
    return parts


def clipped(at, shape):
    """Where an input has the element that goes to a place; along an axis of 1, the only one."""
    return [0 if n == 1 else i for i, n in zip(at[len(at) - len(shape) :], shape, strict=True)]


WIDE = ((2, 3, 2), (2, 1, 1), (3, 2))

DEFINITIONS = {
    "Add": defined(merged(sum, (3, 2), (3, 2)), terms=2, stateless=True),
    "Add broadcast": defined(merged(sum, *WIDE), terms=3, stateless=True),
    "Subtract": defined(
        merged(lambda v: v[0] - v[1], (2, 3), (2, 1)), terms=2, bound=8, stateless=True
    ),
    "Average": defined(merged(mean, *WIDE), terms=3, stateless=True),
    "Multiply": defined(merged(math.prod, *WIDE), stateless=True),
    "Maximum": defined(merged(max, *WIDE), stateless=True),
    "Minimum": defined(merged(min, (4,), (4,)), bound=4, stateless=True),
    "Concatenate": defined(concatenated(-1, (2, 3), (2, 1), (2, 2)), stateless=True),
    "Concatenate channels": defined(concatenated(1, (1, 3), (2, 3)), stateless=True),
}
