"""By the cases' names."""

import numpy as np

from .definition import FIRST, defined, last, mean


def whole(reduce, kept=0):
    def oracle(x, arrays):
        y = np.zeros(x.shape[:2])
        for n, c in np.ndindex(y.shape):
            y[n, c] = reduce([x[(n, c, *at)] for at in np.ndindex(x.shape[2:])])
        return y.reshape(*y.shape, *(1,) * kept)

    return oracle


DEFINITIONS = {
    "GlobalAveragePooling2D": defined(whole(mean), terms=8, stateless=True),
    "GlobalAveragePooling2D channels last": defined(
        last(whole(mean)), terms=8, stateless=True, channels_first=FIRST
    ),
    "GlobalAveragePooling2D kept axes": defined(
        last(whole(mean, kept=2)), terms=8, stateless=True, channels_first=FIRST
    ),
    "GlobalAveragePooling1D": defined(whole(mean), terms=4, stateless=True),
    "GlobalAveragePooling1D kept axes channels last": defined(
        last(whole(mean, kept=1)), terms=4, stateless=True, channels_first=FIRST
    ),
    "GlobalAveragePooling3D": defined(whole(mean), terms=12, stateless=True),
    "GlobalMaxPooling1D": defined(whole(max), stateless=True),
    "GlobalMaxPooling2D": defined(whole(max), stateless=True),
    "GlobalMaxPooling2D channels last": defined(
        last(whole(max)), stateless=True, channels_first=FIRST
    ),
    "GlobalMaxPooling2D kept axes": defined(whole(max, kept=2), stateless=True),
    "GlobalMaxPooling3D kept axes channels last": defined(
        last(whole(max, kept=3)), stateless=True, channels_first=FIRST
    ),
}
