"""By the cases' names."""

import itertools
import math

import numpy as np

from .definition import FIRST, defined, last


def nearest(*factors):
    def oracle(x, arrays):
        size = [n * f for n, f in zip(x.shape[2:], factors, strict=True)]
        y = np.zeros((*x.shape[:2], *size))
        for n, c, *place in np.ndindex(y.shape):
            source = (i // f for i, f in zip(place, factors, strict=True))
            y[(n, c, *place)] = x[(n, c, *source)]
        return y

    return oracle


def bilinear(*factors):
    """Pixels are squares: the centre of the i-th lies at i + 1/2."""

    def neighbours(i, factor, length):
        at = (i + 0.5) / factor - 0.5
        below = math.floor(at)
        for source, weight in ((below, below + 1 - at), (below + 1, at - below)):
            yield min(max(source, 0), length - 1), weight

    def oracle(x, arrays):
        size = [n * f for n, f in zip(x.shape[2:], factors, strict=True)]
        y = np.zeros((*x.shape[:2], *size))
        for n, c, *place in np.ndindex(y.shape):
            axes = map(neighbours, place, factors, x.shape[2:])
            for (i, down), (j, across) in itertools.product(*axes):
                y[(n, c, *place)] += down * across * x[n, c, i, j]
        return y

    return oracle


DEFINITIONS = {
    "UpSampling1D": defined(nearest(2), stateless=True),
    "UpSampling1D channels last": defined(last(nearest(3)), stateless=True, channels_first=FIRST),
    "UpSampling2D": defined(nearest(2, 2), stateless=True),
    "UpSampling2D channels last": defined(
        last(nearest(3, 2)), stateless=True, channels_first=FIRST
    ),
    "UpSampling2D bilinear": defined(bilinear(2, 2), terms=4, stateless=True),
    "UpSampling2D bilinear channels last": defined(
        last(bilinear(3, 4)), terms=4, stateless=True, channels_first=FIRST
    ),
    "UpSampling2D bilinear of lines": defined(bilinear(2, 5), terms=4, stateless=True),
    "UpSampling3D": defined(nearest(2, 1, 3), stateless=True),
}
