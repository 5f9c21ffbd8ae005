"""Images read at other places: what a motion does to them, and its transpose.

Both are gathers: each pixel of the result is a weighted sum of a few pixels, in a fixed order.
"""

from dataclasses import dataclass
from itertools import product
from typing import Any

from ..backends import Array

Size = tuple[int, ...]
REACH = {"nearest": (0, 1), "bilinear": (-1, 2)}
"""Pixels around a place from which a motion may have come there: no further than 1/2 along each
axis, or less than 1, so up to 0.71, or less than 1.42, away after a turn."""


@dataclass(frozen=True)
class Motion:
    """Where each pixel of a result is read in the image; all arrays are (N, 1, 1), in float64.

    With (y, x) counted from the centres of result and image, a pixel at (y, x) is read at
    ``(rows * y + sine * x - down, columns * x - sine * y - right)``. All motions keep distances.

    Attributes
    ----------
    rows, columns : array or float
        Cosines of a turn; or -1 for a mirrored axis.
    sine : array or float
        Of a turn, counter-clockwise for who looks at the image.
    down, right : array or float
        How far the image is moved, in pixels.
    interpolation : {"nearest", "bilinear"}
        What a place between pixels is.
    """

    rows: Any = 1.0
    columns: Any = 1.0
    sine: Any = 0.0
    down: Any = 0.0
    right: Any = 0.0
    interpolation: str = "nearest"

    def source(self, i: Array, j: Array, result: Size, image: Size) -> tuple[Array, Array]:
        """Where pixels (i, j) of a result are read in an image."""
        y, x = i - (result[0] - 1) / 2, j - (result[1] - 1) / 2
        u = self.rows * y + self.sine * x - self.down + (image[0] - 1) / 2
        v = self.columns * x - self.sine * y - self.right + (image[1] - 1) / 2
        return u, v

    def target(self, i: Array, j: Array, result: Size, image: Size) -> tuple[Array, Array]:
        """Where pixels (i, j) of an image go in a result."""
        y = i - (image[0] - 1) / 2 + self.down
        x = j - (image[1] - 1) / 2 + self.right
        u = self.rows * y - self.sine * x + (result[0] - 1) / 2
        v = self.columns * x + self.sine * y + (result[1] - 1) / 2
        return u, v


def resample(xp: Any, x: Array, motion: Motion, size: Size, fill: float = 0.0) -> Array:
    """Read images where a motion says.

    Parameters
    ----------
    xp : module
        The array module.
    x : array, shape (N, C, H, W)
        The images.
    motion : Motion
        Where to read them.
    size : tuple of int
        Height and width of the result.
    fill : float, optional
        What is outside of them.

    Returns
    -------
    array, shape (N, C, *size)
        Of the dtype of ``x``.
    """
    n, _, *image = x.shape
    u, v = motion.source(*_grid(xp, size), size, tuple(image))
    if motion.interpolation == "nearest":
        u, v = _nearest(xp, u), _nearest(xp, v)
    top, left = xp.floor(u), xp.floor(v)
    taps = (0,) if motion.interpolation == "nearest" else (0, 1)
    y = 0
    for down, right in product(taps, taps):
        i, j = top + down, left + right
        weight = (1 - xp.abs(u - i)) * (1 - xp.abs(v - j))
        weight = xp.broadcast_to(weight, (n, *size))[:, None].astype(x.dtype)  # (N, 1, h, w)
        y = y + weight * _pixels(xp, x, i, j, size, fill)
    return y


def resample_back(xp: Any, dy: Array, motion: Motion, image: Size) -> Array:
    """Compute the gradient with respect to the images, given that of what `resample` returned.

    Parameters
    ----------
    xp : module
        The array module.
    dy : array, shape (N, C, h, w)
        The gradient with respect to the result.
    motion : Motion
        Where images were read.
    image : tuple of int
        Height and width of the images.

    Returns
    -------
    array, shape (N, C, *image)
        Of the dtype of ``dy``.
    """
    n, _, *size = dy.shape
    grid = _grid(xp, image)
    u, v = motion.target(*grid, tuple(size), image)
    top, left = xp.floor(u), xp.floor(v)
    first, last = REACH[motion.interpolation]
    dx = 0
    for down, right in product(range(first, last + 1), repeat=2):
        i, j = top + down, left + right
        u, v = motion.source(i, j, tuple(size), image)
        if motion.interpolation == "nearest":
            weight = (_nearest(xp, u) == grid[0]) & (_nearest(xp, v) == grid[1])
        else:
            away = xp.abs(u - grid[0]), xp.abs(v - grid[1])
            weight = xp.maximum(1 - away[0], 0) * xp.maximum(1 - away[1], 0)
        weight = xp.broadcast_to(weight, (n, *image))[:, None].astype(dy.dtype)
        dx = dx + weight * _pixels(xp, dy, i, j, image)
    return dx


def _grid(xp: Any, size: Size) -> tuple[Array, Array]:
    """Rows and columns of all pixels: (1, h, 1) and (1, 1, w)."""
    i, j = (xp.arange(n, dtype="float64") for n in size)
    return i[None, :, None], j[None, None, :]


def _nearest(xp: Any, u: Array) -> Array:
    """The next whole number; of two, always the upper, lest a shift by 1/2 doubles pixels."""
    return xp.floor(u + 0.5)


def _pixels(xp: Any, x: Array, i: Array, j: Array, size: Size, fill: float = 0.0) -> Array:
    """The pixels of (N, C, H, W) at rows and columns of (N, h, w): (N, C, h, w)."""
    n, c, height, width = x.shape
    within = (i >= 0) & (i < height) & (j >= 0) & (j < width)
    places = xp.clip(i, 0, height - 1) * width + xp.clip(j, 0, width - 1)
    places = xp.broadcast_to(places, (n, *size)).reshape(n, 1, -1).astype("int64")
    found = xp.take_along_axis(x.reshape(n, c, -1), places, axis=2).reshape(n, c, *size)
    within = xp.broadcast_to(within, (n, *size))[:, None]
    return xp.where(within, found, xp.asarray(fill, dtype=x.dtype))
