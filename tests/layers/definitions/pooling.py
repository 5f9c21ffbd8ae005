"""By the cases' names."""

import numpy as np

from .definition import FIRST, NO_ROOM, defined, inside, last, mean


def pool(reduce, size, strides, pads=((0, 0), (0, 0))):
    def oracle(x, arrays):
        places = [
            (n + before + after - k) // s + 1
            for n, k, s, (before, after) in zip(x.shape[2:], size, strides, pads, strict=True)
        ]
        y = np.zeros((*x.shape[:2], *places))
        for n, c, i, j in np.ndindex(y.shape):
            corner = i * strides[0] - pads[0][0], j * strides[1] - pads[1][0]
            window = [(corner[0] + k, corner[1] + m) for k, m in np.ndindex(*size)]
            y[n, c, i, j] = reduce([x[(n, c, *at)] for at in window if inside(at, x.shape[2:])])
        return y

    return oracle


def global_average(x, arrays):
    y = np.zeros(x.shape[:2])
    for n, c in np.ndindex(y.shape):
        y[n, c] = mean([x[n, c, i, j] for i, j in np.ndindex(x.shape[2:])])
    return y


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
    "GlobalAveragePooling2D": defined(global_average, terms=8, stateless=True),
    "GlobalAveragePooling2D channels last": defined(
        last(global_average), terms=8, stateless=True, channels_first=FIRST
    ),
    "GlobalAveragePooling2D kept axes": defined(
        last(lambda x, arrays: global_average(x, arrays)[..., None, None]),
        terms=8,
        stateless=True,
        channels_first=FIRST,
    ),
}
