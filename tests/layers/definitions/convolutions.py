"""By the cases' names."""

import numpy as np

from .definition import FIRST, NO_ROOM, TOO_SMALL, defined, inside, last


def conv(strides=(1, 1), pads=((0, 0), (0, 0)), dilation=(1, 1), groups=1):
    def oracle(x, arrays):
        kernel, size = arrays["kernel"], x.shape[2:]
        filters, depth, *taps = kernel.shape
        places = [
            (n + before + after - (k - 1) * d - 1) // s + 1
            for n, k, s, (before, after), d in zip(size, taps, strides, pads, dilation, strict=True)
        ]
        y = np.zeros((len(x), filters, *places))
        for n, f, *at in np.ndindex(y.shape):
            if "bias" in arrays:
                y[(n, f, *at)] = arrays["bias"][f]
            for c, *tap in np.ndindex(depth, *taps):
                place = [
                    i * s + k * d - before
                    for i, s, k, d, (before, _) in zip(
                        at, strides, tap, dilation, pads, strict=True
                    )
                ]
                if inside(place, size):
                    channel = f // (filters // groups) * depth + c
                    y[(n, f, *at)] += x[(n, channel, *place)] * kernel[(f, c, *tap)]
        return y

    return oracle


def convolutional(x, arrays):
    y = conv()(x, {"kernel": arrays["kernels"]})
    for index in np.ndindex(y.shape):
        y[index] += arrays["biases"][index[1:]]
    return y


DEFINITIONS = {
    "Conv1D": defined(
        conv((1,), ((0, 0),), (1,)),
        terms=6,
        misfits={(2, 2): TOO_SMALL},
        misfits_once_built={(3, 7): "expected 2 channels, got 3"},
    ),
    "Conv1D same strided": defined(conv((2,), ((0, 1),), (1,)), terms=6),
    "Conv1D asymmetric dilated grouped": defined(conv((1,), ((2, 1),), (3,), groups=2), terms=4),
    "Conv1D channels last": defined(
        last(conv((2,), ((0, 0),), (1,))),
        terms=4,
        channels_first=FIRST,
        misfits_once_built={(7, 3): "expected 2 channels, got 3 with data_format='channels_last'"},
    ),
    "Conv1D full signal": defined(conv((2,), ((4, 4),), (2,)), terms=6),
    "Conv2D": defined(
        conv(),
        terms=18,
        misfits={(3, 2, 5): TOO_SMALL},
        misfits_once_built={(5, 4, 5): "expected 3 channels, got 5"},
    ),
    "Conv2D same strided": defined(conv((2, 1), ((0, 1), (1, 2))), terms=24),
    "Conv2D full": defined(conv(pads=((1, 1), (2, 2))), terms=12),
    "Conv2D padded by an int": defined(conv((2, 2), ((1, 1), (1, 1))), terms=18),
    "Conv2D asymmetric": defined(conv(pads=((1, 1), (0, 2))), terms=12),
    "Conv2D dilated without bias": defined(conv(dilation=(1, 3)), terms=8),
    "Conv2D grouped": defined(conv(groups=2), terms=12),
    "Conv2D depthwise": defined(conv(groups=3), terms=4),
    "Conv2D pointwise strided": defined(conv((2, 2)), terms=3),
    "Conv2D channels last": defined(
        last(conv((2, 1), ((0, 1), (0, 1)), groups=2)), terms=6, channels_first=FIRST
    ),
    "Conv2D signal": defined(conv((2, 1), ((1, 0), (0, 2)), (1, 2), groups=2), terms=12),
    "Conv2D signal channels last": defined(last(conv()), terms=8, channels_first=FIRST),
    "Conv3D": defined(
        conv((1, 1, 1), ((0, 0),) * 3, (1, 1, 1)),
        terms=8,
        misfits={(2, 1, 2, 3): NO_ROOM},
        misfits_once_built={(3, 3, 2, 3): "expected 2 channels, got 3"},
    ),
    "Conv3D same strided": defined(conv((1, 2, 2), ((0, 1), (0, 1), (0, 0)), (1, 1, 1)), terms=12),
    "Conv3D signal channels last": defined(
        last(conv((1, 1, 1), ((0, 0),) * 3, (1, 1, 1), groups=2)), terms=16, channels_first=FIRST
    ),
    "Convolutional": defined(
        convolutional,
        terms=18,
        misfits={
            (3, 5, 4): r"the layer is for samples of shape \(2, 5, 4\)",
            (2, 6, 4): r"the layer is for samples of shape \(2, 5, 4\)",
        },
    ),
    "Convolutional one channel signal": defined(convolutional, terms=4),
}
