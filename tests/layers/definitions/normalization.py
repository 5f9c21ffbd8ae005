"""By the cases' names."""

import math

import numpy as np

from .definition import defined, last, mean


def normalized(training, epsilon):
    def oracle(x, arrays):
        y = np.zeros(x.shape)
        for c in range(x.shape[1]):
            channel = [index for index in np.ndindex(x.shape) if index[1] == c]
            centre, variance = arrays["moving_mean"][c], arrays["moving_variance"][c]
            if training:
                centre = mean([x[index] for index in channel])
                variance = mean([(x[index] - centre) ** 2 for index in channel])
            for index in channel:
                normal = (x[index] - centre) / math.sqrt(variance + epsilon)
                y[index] = arrays["gamma"][c] * normal + arrays["beta"][c]
        return y

    return oracle


DEFINITIONS = {
    "BatchNormalization": defined(
        normalized(False, 1e-3),
        bound=16,
        misfits_once_built={(3,): "expected 4 channels on axis 1"},
    ),
    "BatchNormalization training": defined(
        normalized(True, 0.1), terms=36, bound=16, rowwise=False, ambiguous=True
    ),
    "BatchNormalization channels last": defined(
        last(normalized(False, 1e-3)),
        bound=16,
        channels_first={"axis": 1},
        misfits_once_built={(4, 2, 3): "expected 4 channels on axis -1"},
        ambiguous=True,
    ),
    "BatchNormalization training channels last": defined(
        last(normalized(True, 1e-3)),
        terms=18,
        bound=16,
        rowwise=False,
        channels_first={"axis": 1},
        ambiguous=True,
    ),
}
