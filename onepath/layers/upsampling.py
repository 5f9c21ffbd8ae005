"""Upsampling: each channel becomes larger by a whole factor along each spatial axis."""

from collections.abc import Iterator
from typing import Any

from ..arguments import whole
from ..backends import Array
from ..backends.convolution.geometry import Ints
from ..backends.convolution.windows import like
from ..backends.dtypes import widened
from .base import Shape
from .layout import from_first, to_first
from .registry import register_layer
from .spatial import Spatial, per_axis


class UpSampling(Spatial):
    """Repeat each element along the spatial axes.

    Parameters
    ----------
    size : int or tuple of int, optional
        How many times longer each spatial axis becomes.
    data_format : {"channels_first", "channels_last"}, optional
        Whether samples are (C, *size) or (*size, C).
    name : str, optional
        See `Layer`.

    Raises
    ------
    TypeError, ValueError
        If an option is none of those allowed.
    """

    interpolation = "nearest"

    def __init__(
        self,
        size: int | Ints = 2,
        data_format: str = "channels_first",
        name: str | None = None,
    ) -> None:
        super().__init__(data_format, name)
        self.size = size
        self._factors = tuple(whole("size", n) for n in per_axis("size", size, self.rank))

    def _output_size(self, size: Shape) -> Shape:
        return tuple(n * factor for n, factor in zip(size, self._factors, strict=True))

    def _axes(self) -> Iterator[tuple[int, int]]:
        """The axes that become longer, and how many times."""
        return ((axis, f) for axis, f in enumerate(self._factors, start=2) if f > 1)

    def _forward(self, x: Array, training: bool) -> Array:
        xp = self.home.xp
        lengthen, _ = INTERPOLATIONS[self.interpolation]
        y = to_first(xp, x, self.data_format)
        for axis, factor in reversed([*self._axes()]):  # whole rows are written last
            y = lengthen(xp, y, axis, factor)
        return from_first(xp, y, self.data_format)

    def _backward(self, dy: Array) -> Array:
        xp = self.home.xp
        _, shorten = INTERPOLATIONS[self.interpolation]
        dx = to_first(xp, dy, self.data_format)
        for axis, factor in self._axes():
            dx = shorten(xp, dx, axis, factor)
        return from_first(xp, dx, self.data_format)


@register_layer
class UpSampling1D(UpSampling):
    """Longer sequences: samples (C, L)."""

    __doc__ = f"{__doc__}\n{UpSampling.__doc__}"
    rank = 1


@register_layer
class UpSampling2D(UpSampling):
    """Larger images: samples (C, H, W).

    Parameters
    ----------
    size : int or tuple of int, optional
        How many times higher and wider images become.
    data_format : {"channels_first", "channels_last"}, optional
        Whether samples are (C, H, W) or (H, W, C).
    interpolation : {"nearest", "bilinear"}, optional
        Whether elements are repeated, or what lies between them is interpolated linearly along each
        axis. Elements are taken for the centres of pixels; beyond the outermost centres the image
        goes on as it is there. That is Keras's, and PyTorch's with ``align_corners=False``.
    name : str, optional
        See `Layer`.

    Raises
    ------
    TypeError, ValueError
        If an option is none of those allowed.
    """

    rank = 2

    def __init__(
        self,
        size: int | Ints = 2,
        data_format: str = "channels_first",
        interpolation: str = "nearest",
        name: str | None = None,
    ) -> None:
        super().__init__(size, data_format, name)
        if interpolation not in INTERPOLATIONS:
            known = " or ".join(map(repr, INTERPOLATIONS))
            raise ValueError(f"interpolation must be {known}, got {interpolation!r}")
        self.interpolation = interpolation


@register_layer
class UpSampling3D(UpSampling):
    """Larger volumes: samples (C, D, H, W)."""

    __doc__ = f"{__doc__}\n{UpSampling.__doc__}"
    rank = 3


def _repeated(xp: Any, x: Array, axis: int, factor: int) -> Array:
    """(..., n, ...) -> (..., n * factor, ...)."""
    y = _resized(xp, x, axis, x.shape[axis] * factor)
    for phase in range(factor):
        y[_along(axis, slice(phase, None, factor))] = x
    return y


def _added_up(xp: Any, dy: Array, axis: int, factor: int) -> Array:
    """(..., n * factor, ...) -> (..., n, ...): the transpose of `_repeated`."""
    dy = widened(dy)
    total = dy[_along(axis, slice(0, None, factor))]
    for phase in range(1, factor):
        total = total + dy[_along(axis, slice(phase, None, factor))]
    return total


def _interpolated(xp: Any, x: Array, axis: int, factor: int) -> Array:
    """(..., n, ...) -> (..., n * factor, ...), each of them between the two nearest centres."""
    x = widened(x)
    y = _resized(xp, x, axis, x.shape[axis] * factor)
    lower, upper = x[_along(axis, slice(-1))], x[_along(axis, slice(1, None))]
    for phase, weight, edge, inner in _phases(factor):
        part = y[_along(axis, slice(phase, None, factor))]
        part[_along(axis, edge)] = x[_along(axis, edge)]
        between = part[_along(axis, inner)]
        xp.multiply(lower, 1 - weight, out=between)
        between += weight * upper
    return y


def _gathered(xp: Any, dy: Array, axis: int, factor: int) -> Array:
    """(..., n * factor, ...) -> (..., n, ...): the transpose of `_interpolated`."""
    dy = widened(dy)
    dx = _resized(xp, dy, axis, dy.shape[axis] // factor)
    dx.fill(0)
    lower, upper = dx[_along(axis, slice(-1))], dx[_along(axis, slice(1, None))]
    for phase, weight, edge, inner in _phases(factor):
        part = dy[_along(axis, slice(phase, None, factor))]
        dx[_along(axis, edge)] += part[_along(axis, edge)]
        between = part[_along(axis, inner)]
        lower += (1 - weight) * between
        upper += weight * between
    return dx


INTERPOLATIONS = {"nearest": (_repeated, _added_up), "bilinear": (_interpolated, _gathered)}
"""What makes one axis longer, and its transpose, which makes it shorter."""


def _phases(factor: int) -> Iterator[tuple[int, float, slice, slice]]:
    """What becomes of every ``factor``-th output, from each of the first ones on.

    Returns the number of the first, the upper neighbour's weight, which output lies beyond the
    outermost centre, and which ones lie between two centres.
    """
    for phase in range(factor):
        shift = (phase + 0.5) / factor - 0.5  # where it lies, seen from the element it is part of
        if shift < 0:
            yield phase, shift + 1, slice(0, 1), slice(1, None)
        else:
            yield phase, shift, slice(-1, None), slice(0, -1)


def _along(axis: int, part: slice) -> tuple[slice, ...]:
    """An index of part of an axis."""
    return (*(slice(None),) * axis, part)


def _resized(xp: Any, model: Array, axis: int, length: int) -> Array:
    """Room for an array whose one axis has another length."""
    return like(xp, (*model.shape[:axis], length, *model.shape[axis + 1 :]), model)
