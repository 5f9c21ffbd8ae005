"""By the cases' names."""

import numpy as np

from .definition import FIRST, defined, inside, last


def transposed(size, strides, before, dilation, groups=1):
    """Each input is sent to where its taps lead; of size outputs, the first are at `before`."""

    def oracle(x, arrays):
        kernel = arrays["kernel"]
        depth, width, *taps = kernel.shape
        y = np.zeros((len(x), width * groups, *size))
        if "bias" in arrays:
            for f in range(y.shape[1]):
                y[:, f] = arrays["bias"][f]
        for n, c, *at in np.ndindex(x.shape):
            for f, *tap in np.ndindex(width, *taps):
                place = [
                    i * s + k * d - b
                    for i, s, k, d, b in zip(at, strides, tap, dilation, before, strict=True)
                ]
                if inside(place, size):
                    filter = c // (depth // groups) * width + f
                    y[(n, filter, *place)] += x[(n, c, *at)] * kernel[(c, f, *tap)]
        return y

    return oracle


DEFINITIONS = {
    "Conv1DTranspose": defined(
        transposed((7,), (2,), (0,), (1,)),
        terms=5,
        misfits_once_built={(3, 3): "expected 2 channels, got 3 with data_format='channels_first'"},
    ),
    "Conv1DTranspose smaller than its stride": defined(transposed((6,), (3,), (0,), (1,)), terms=3),
    "Conv1DTranspose same channels last": defined(
        last(transposed((6,), (2,), (1,), (1,))),
        terms=5,
        channels_first=FIRST,
        misfits_once_built={(2, 3): "expected 2 channels, got 3 with data_format='channels_last'"},
    ),
    "Conv2DTranspose": defined(transposed((4, 4), (1, 1), (0, 0), (1, 1)), terms=19),
    "Conv2DTranspose same strided": defined(transposed((6, 6), (3, 2), (0, 1), (1, 1)), terms=13),
    "Conv2DTranspose same, more at the end": defined(
        transposed((3, 4), (1, 2), (1, 0), (1, 1)), terms=13
    ),
    "Conv2DTranspose padded dilated grouped channels last": defined(
        last(transposed((5, 6), (2, 3), (1, 2), (1, 3), groups=2)), terms=7, channels_first=FIRST
    ),
    "Conv2DTranspose without bias by an int signal": defined(
        transposed((3, 5), (2, 2), (1, 1), (1, 1)),
        terms=8,
    ),
    "Conv3DTranspose": defined(transposed((2, 2, 2), (1, 2, 1), (0, 0, 1), (1, 1, 1)), terms=13),
}
