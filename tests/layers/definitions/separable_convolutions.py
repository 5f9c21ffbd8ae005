"""By the cases' names."""

import numpy as np

from .definition import FIRST, NO_ROOM, TOO_SMALL, defined, inside, last


def depthwise(several, size, strides=(1, 1), before=(0, 0), dilation=(1, 1)):
    """Each channel with several kernels of its own."""

    def oracle(x, arrays):
        kernel = arrays["kernel"]
        y = np.zeros((len(x), x.shape[1] * several, *size))
        for n, c, m, *at in np.ndindex(*x.shape[:2], several, *size):
            f = c * several + m
            if "bias" in arrays:
                y[(n, f, *at)] = arrays["bias"][f]
            for tap in np.ndindex(kernel.shape[2:]):
                place = [
                    i * s + k * d - b
                    for i, s, k, d, b in zip(at, strides, tap, dilation, before, strict=True)
                ]
                if inside(place, x.shape[2:]):
                    y[(n, f, *at)] += x[(n, c, *place)] * kernel[(f, 0, *tap)]
        return y

    return oracle


def separable(*options):
    """That without a bias, and then a weighted sum over channels at each place."""

    def oracle(x, arrays):
        between = depthwise(*options)(x, {"kernel": arrays["depthwise_kernel"]})
        weights = arrays["pointwise_kernel"]
        y = np.zeros((len(x), len(weights), *between.shape[2:]))
        for n, f, *at in np.ndindex(y.shape):
            if "bias" in arrays:
                y[(n, f, *at)] = arrays["bias"][f]
            for c in range(between.shape[1]):
                y[(n, f, *at)] += between[(n, c, *at)] * weights[f, c].item()
        return y

    return oracle


DEFINITIONS = {
    "DepthwiseConv1D": defined(
        depthwise(1, (2,), (1,), (0,), (1,)),
        terms=4,
        misfits={(2, 2): TOO_SMALL},
        misfits_once_built={(3, 4): "expected 2 channels, got 3"},
    ),
    "DepthwiseConv1D multiplied strided": defined(depthwise(3, (3,), (2,), (1,), (1,)), terms=3),
    "DepthwiseConv2D": defined(depthwise(1, (2, 2)), terms=7, misfits={(2, 1, 4): NO_ROOM}),
    "DepthwiseConv2D multiplied same channels last": defined(
        last(depthwise(2, (2, 2), (1, 2), (1, 1))),
        terms=9,
        channels_first=FIRST,
        misfits_once_built={(2, 3, 3): "expected 2 channels, got 3 with data_format='channels_l"},
    ),
    "DepthwiseConv2D dilated": defined(depthwise(1, (1, 1), dilation=(1, 2)), terms=5),
    "SeparableConv1D": defined(
        separable(1, (3,), (1,), (0,), (1,)),
        terms=6,
        misfits={(2, 1): NO_ROOM},
        misfits_once_built={(1, 4): "expected 2 channels, got 1"},
    ),
    "SeparableConv1D multiplied strided channels last": defined(
        last(separable(2, (3,), (2,), (1,), (1,))), terms=8, channels_first=FIRST
    ),
    "SeparableConv2D": defined(separable(1, (2, 3), (1, 1), (0, 1)), terms=10),
    "SeparableConv2D dilated without bias signal": defined(
        separable(2, (2, 1), (1, 1), (1, 0), (2, 2)), terms=8
    ),
}
