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
                y[index] = affine(normal, arrays, c)
        return y

    return oracle


def affine(normal, arrays, place):
    gamma = arrays["gamma"][place] if "gamma" in arrays else 1
    return gamma * normal + (arrays["beta"][place] if "beta" in arrays else 0)


def by_parts(part, place, epsilon=1e-3, centred=True):
    """Each part of a batch with statistics of its own; parameters by place."""

    def oracle(x, arrays):
        parts = {}
        for index in np.ndindex(x.shape):
            parts.setdefault(part(index), []).append(x[index])
        y = np.zeros(x.shape)
        for index in np.ndindex(x.shape):
            values = parts[part(index)]
            centre = mean(values) if centred else 0
            square = mean([(value - centre) ** 2 for value in values])
            normal = (x[index] - centre) / math.sqrt(square + epsilon)
            y[index] = affine(normal, arrays, place(index))
        return y

    return oracle


def sample_and_channel(index):
    return index[:2]


def channel(index):
    return index[1]


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
    "BatchNormalization training without scale": defined(
        normalized(True, 1e-3), terms=9, bound=16, rowwise=False
    ),
    "BatchNormalization without center": defined(normalized(False, 1e-3), bound=16),
    "LayerNormalization": defined(
        by_parts(lambda index: index[:-1], lambda index: index[-1]),
        terms=5,
        bound=16,
        misfits_once_built={(4,): r"expected lengths \(5,\) along axis -1, got \(4,\)"},
    ),
    "LayerNormalization without center": defined(
        by_parts(lambda index: index[0], lambda index: index[1:], epsilon=0.1),
        terms=6,
        bound=16,
        misfits_once_built={(3, 2): r"expected lengths \(2, 3\) along axis \(-1, 1\), got \(3, 2"},
        ambiguous=True,
    ),
    "LayerNormalization of channels": defined(
        by_parts(lambda index: (index[0], index[2:]), channel),
        terms=3,
        bound=16,
        ambiguous=True,
    ),
    "RMSNormalization": defined(
        by_parts(lambda index: index[:-1], lambda index: index[-1], 1e-6, centred=False),
        terms=5,
        bound=16,
    ),
    "RMSNormalization of images": defined(
        by_parts(sample_and_channel, lambda index: index[2:], 1e-6, centred=False),
        terms=6,
        bound=16,
        ambiguous=True,
    ),
    "GroupNormalization": defined(
        by_parts(lambda index: (index[0], index[1] // 2), channel),
        terms=6,
        bound=16,
        misfits={(3, 3): "groups=2 does not divide the 3 channels"},
        misfits_once_built={(6, 3): "expected 4 channels on axis 1"},
        ambiguous=True,
    ),
    "GroupNormalization without scale": defined(
        by_parts(lambda index: (index[0], index[1] // 2), channel, epsilon=0.1),
        terms=2,
        bound=16,
    ),
    "GroupNormalization channels last": defined(
        last(by_parts(lambda index: (index[0], index[1] // 2), channel)),
        terms=8,
        bound=16,
        channels_first={"axis": 1},
        ambiguous=True,
    ),
    "InstanceNormalization": defined(
        by_parts(sample_and_channel, channel), terms=6, bound=16, ambiguous=True
    ),
    "InstanceNormalization channels last": defined(
        last(by_parts(sample_and_channel, channel)),
        terms=5,
        bound=16,
        channels_first={"axis": 1},
        ambiguous=True,
    ),
}
