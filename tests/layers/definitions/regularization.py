"""By the cases' names."""

import numpy as np

from .definition import defined, identity, uniforms


def dropped(rate, seed):
    """What the first call drops."""

    def oracle(x, arrays):
        y = np.zeros(x.shape)
        for index, u in zip(np.ndindex(x.shape), uniforms(seed, x.size), strict=True):
            if u >= rate:
                y[index] = x[index] / (1 - rate)
        return y

    return oracle


DEFINITIONS = {
    "Dropout": defined(identity, elementwise=True, stateless=True),
    "Dropout training": defined(dropped(0.4, 7), rowwise=False, elementwise=True, stateless=True),
}
