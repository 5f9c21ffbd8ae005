"""By the cases' names."""

import numpy as np

from .definition import FIRST, NO_ROOM, defined, inside, last, mean


def pool(reduce, size, strides, pads=None):
    def oracle(x, arrays):
        around = pads or ((0, 0),) * len(size)
        axes = list(zip(x.shape[2:], size, strides, around, strict=True))
        places = [(n + before + after - k) // s + 1 for n, k, s, (before, after) in axes]
        y = np.zeros((*x.shape[:2], *places))
        for n, c, *place in np.ndindex(y.shape):
            corner = [i * s - before for i, (_, _, s, (before, _)) in zip(place, axes, strict=True)]
            window = [tuple(map(sum, zip(corner, tap, strict=True))) for tap in np.ndindex(*size)]
            y[(n, c, *place)] = reduce([x[(n, c, *at)] for at in window if inside(at, x.shape[2:])])
        return y

    return oracle


ODD = ((2, 3, 1), (1, 2, 1), ((1, 1), (0, 2), (0, 0)))

DEFINITIONS = {
    "MaxPooling2D": defined(
        pool(max, (2, 2), (2, 2)), stateless=True, misfits={(2, 1, 4): NO_ROOM}
    ),
    "MaxPooling2D overlapping": defined(pool(max, (3, 2), (2, 1)), stateless=True),
    "MaxPooling2D same": defined(pool(max, (3, 3), (2, 2), ((0, 1), (1, 1))), stateless=True),
    "MaxPooling2D asymmetric channels last": defined(
        last(pool(max, (3, 3), (2, 2), ((1, 0), (0, 2)))), stateless=True, channels_first=FIRST
    ),
    "AveragePooling2D": defined(
        pool(mean, (2, 2), (2, 2)), terms=4, stateless=True, misfits={(2, 1, 4): NO_ROOM}
    ),
    "AveragePooling2D overlapping": defined(pool(mean, (3, 2), (2, 1)), terms=6, stateless=True),
    "AveragePooling2D same": defined(
        pool(mean, (3, 3), (2, 2), ((0, 1), (1, 1))), terms=9, stateless=True
    ),
    "AveragePooling2D asymmetric channels last": defined(
        last(pool(mean, (3, 3), (2, 2), ((1, 0), (0, 2)))),
        terms=9,
        stateless=True,
        channels_first=FIRST,
    ),
    "MaxPooling1D": defined(pool(max, (2,), (2,)), stateless=True, misfits={(2, 1): NO_ROOM}),
    "MaxPooling1D same channels last": defined(
        last(pool(max, (3,), (2,), ((0, 1),))), stateless=True, channels_first=FIRST
    ),
    "MaxPooling3D": defined(
        pool(max, (2, 2, 2), (2, 2, 2)), stateless=True, misfits={(2, 1, 4, 4): NO_ROOM}
    ),
    "MaxPooling3D asymmetric channels last": defined(
        last(pool(max, *ODD)), stateless=True, channels_first=FIRST
    ),
    "AveragePooling1D": defined(
        pool(mean, (2,), (2,)), terms=2, stateless=True, misfits={(2, 1): NO_ROOM}
    ),
    "AveragePooling1D same channels last": defined(
        last(pool(mean, (3,), (2,), ((0, 1),))), terms=3, stateless=True, channels_first=FIRST
    ),
    "AveragePooling3D": defined(
        pool(mean, (2, 2, 2), (2, 2, 2)), terms=8, stateless=True, misfits={(2, 1, 4, 4): NO_ROOM}
    ),
    "AveragePooling3D asymmetric channels last": defined(
        last(pool(mean, *ODD)), terms=6, stateless=True, channels_first=FIRST
    ),
}
