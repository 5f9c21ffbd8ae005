"""By the cases' names."""

import numpy as np

from .definition import FIRST, defined, identity, last, uniforms


def dropped(rate, seed):
    """What the first call drops."""

    def oracle(x, arrays):
        y = np.zeros(x.shape)
        for index, u in zip(np.ndindex(x.shape), uniforms(seed, x.size), strict=True):
            if u >= rate:
                y[index] = x[index] / (1 - rate)
        return y

    return oracle


def channels_dropped(rate, seed):
    def oracle(x, arrays):
        y = np.zeros(x.shape)
        drawn = uniforms(seed, len(x) * x.shape[1])
        for (n, c), u in zip(np.ndindex(x.shape[:2]), drawn, strict=True):
            if u >= rate:
                for place in np.ndindex(x.shape[2:]):
                    y[(n, c, *place)] = x[(n, c, *place)] / (1 - rate)
        return y

    return oracle


DEFINITIONS = {
    "Dropout": defined(identity, elementwise=True, stateless=True),
    "Dropout training": defined(dropped(0.4, 7), rowwise=False, elementwise=True, stateless=True),
    "SpatialDropout1D": defined(identity, stateless=True),
    "SpatialDropout1D training": defined(channels_dropped(0.4, 7), rowwise=False, stateless=True),
    "SpatialDropout2D training channels last": defined(
        last(channels_dropped(0.4, 7)), rowwise=False, stateless=True, channels_first=FIRST
    ),
    "SpatialDropout3D training": defined(channels_dropped(0.4, 7), rowwise=False, stateless=True),
}
