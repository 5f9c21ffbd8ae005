"""By the cases' names."""

import math

import numpy as np

from .definition import FIRST, defined, identity, inside, last, uniforms


def moved(seed, draws, source, fill=0.0, nearest=False, size=None):
    """Each pixel (i, j) of a result is read at ``source(i, j, height, width, *draws)``."""

    def oracle(x, arrays):
        n, c, height, width = x.shape
        numbers = np.reshape(uniforms(seed, n * draws), (n, draws))
        y = np.zeros((n, c, *(size or (height, width))))
        for m, k, i, j in np.ndindex(y.shape):
            u, v = source(i, j, height, width, *numbers[m])
            y[m, k, i, j] = read(x[m, k], u, v, fill, nearest)
        return y

    return oracle


def read(image, u, v, fill, nearest):
    """A pixel, or what four make of a place between them."""
    if nearest:
        u, v = math.floor(u + 0.5), math.floor(v + 0.5)
    total = 0
    for i in (math.floor(u), math.floor(u) + 1):
        for j in (math.floor(v), math.floor(v) + 1):
            share = (1 - abs(u - i)) * (1 - abs(v - j))
            total += share * (image[i, j] if inside((i, j), image.shape) else fill)
    return total


def flipped(i, j, height, width, a, b):
    return (height - 1 - i if a < 0.5 else i), (width - 1 - j if b < 0.5 else j)


def flipped_sideways(i, j, height, width, a, b):
    return i, (width - 1 - j if b < 0.5 else j)


def shifted(down, right):
    def source(i, j, height, width, a, b):
        shares = (
            low + (high - low) * u for (low, high), u in zip((down, right), (a, b), strict=True)
        )
        return tuple(
            p - share * n for p, share, n in zip((i, j), shares, (height, width), strict=True)
        )

    return source


def turned(low, high):
    """Counter-clockwise, where y points down: what lands at an angle was at one smaller by it."""

    def source(i, j, height, width, a):
        y, x = (height - 1) / 2 - i, j - (width - 1) / 2  # up and to the right
        at = complex(x, y) * np.exp(-2j * math.pi * (low + (high - low) * a))
        return (height - 1) / 2 - at.imag, (width - 1) / 2 + at.real

    return source


def cut(height, width):
    def source(i, j, h, w, a, b):
        return i + math.floor(a * (h - height + 1)), j + math.floor(b * (w - width + 1))

    return source


def middle(x, arrays):
    return x[:, :, 1:3, 1:3]


def erased(seed, factor, scale, fill):
    def oracle(x, arrays):
        n, _, height, width = x.shape
        y = x.copy()
        for m, (chance, area, shape, *place) in enumerate(
            np.reshape(uniforms(seed, n * 5), (n, 5))
        ):
            share = scale[0] + (scale[1] - scale[0]) * area
            ratio = (1 / 0.3) ** (2 * shape - 1)
            h = min(round(math.sqrt(share * ratio) * height), height)
            w = min(round(math.sqrt(share / ratio) * width), width)
            top, left = (
                math.floor(place[0] * (height - h + 1)),
                math.floor(place[1] * (width - w + 1)),
            )
            if chance < factor:
                for i, j in np.ndindex(h, w):
                    y[m, :, top + i, left + j] = fill
        return y

    return oracle


FACTS = {"rowwise": False, "stateless": True}

DEFINITIONS = {
    "RandomFlip": defined(identity, stateless=True),
    "RandomFlip training": defined(moved(1, 2, flipped), **FACTS),
    "RandomFlip horizontal training channels last": defined(
        last(moved(6, 2, flipped_sideways)), **FACTS, channels_first=FIRST
    ),
    "RandomTranslation training": defined(
        moved(2, 2, shifted((-0.4, 0.4), (-0.1, 0.7)), 0.5), **FACTS, terms=8, bound=8
    ),
    "RandomTranslation nearest training channels last": defined(
        last(moved(4, 2, shifted((-0.5, 0.5), (-0.5, 0.5)), nearest=True)),
        **FACTS,
        channels_first=FIRST,
    ),
    "RandomRotation training": defined(
        moved(3, 1, turned(-0.3, 0.3), -1.0), **FACTS, terms=8, bound=8
    ),
    "RandomRotation nearest training": defined(
        moved(3, 1, turned(0.1, 0.4), nearest=True), **FACTS, terms=1
    ),
    "RandomCrop": defined(
        last(middle),
        stateless=True,
        channels_first=FIRST,
        misfits={(5, 1, 2): "there is no window of 2 x 2 in them"},
    ),
    "RandomCrop training": defined(moved(1, 2, cut(2, 3), size=(2, 3)), **FACTS),
    "RandomErasing": defined(identity, stateless=True),
    "RandomErasing training": defined(erased(5, 0.7, (0.1, 0.5), 0.5), **FACTS),
}
