"""By the cases' names."""

import numpy as np

from .definition import FIRST, defined, inside, last


def moved(*pads):
    """What is added before and after each axis; what is negative is cut off."""

    def oracle(x, arrays):
        size = [n + a + b for n, (a, b) in zip(x.shape[2:], pads, strict=True)]
        y = np.zeros((*x.shape[:2], *size))
        for n, c, *place in np.ndindex(y.shape):
            source = tuple(i - before for i, (before, _) in zip(place, pads, strict=True))
            if inside(source, x.shape[2:]):
                y[(n, c, *place)] = x[(n, c, *source)]
        return y

    return oracle


DEFINITIONS = {
    "ZeroPadding1D": defined(moved((2, 1)), stateless=True),
    "ZeroPadding2D": defined(moved((1, 1), (1, 1)), stateless=True),
    "ZeroPadding2D asymmetric channels last": defined(
        last(moved((0, 1), (3, 2))), stateless=True, channels_first=FIRST
    ),
    "ZeroPadding3D": defined(moved((1, 1), (0, 2), (0, 0)), stateless=True),
    "Cropping1D": defined(
        moved((-2, -1)),
        stateless=True,
        misfits={(4, 3): r"cropping \(\(2, 1\),\) leaves nothing of spatial axes of \(3,\)"},
    ),
    "Cropping2D": defined(
        moved((-1, -1), (-1, -1)),
        stateless=True,
        misfits={(5, 3, 2): r"cropping .* leaves nothing of spatial axes of \(3, 2\)"},
    ),
    "Cropping2D asymmetric channels last": defined(
        last(moved((0, -1), (-1, 0))), stateless=True, channels_first=FIRST
    ),
    "Cropping3D": defined(moved((-1, -1), (0, -2), (0, 0)), stateless=True),
}
