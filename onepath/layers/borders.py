"""Borders of the spatial axes: added as zeros, or cut off. The one's gradient is the other."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, TypeAlias

from ..arguments import whole
from ..backends import Array, Window
from ..backends.convolution.geometry import Ints, Pads
from ..backends.convolution.windows import like, pad
from .base import Shape
from .layout import from_first, to_first
from .registry import register_layer
from .spatial import Spatial, per_axis

Border: TypeAlias = int | Sequence[int | Sequence[int]]


class ZeroPadding(Spatial):
    """Surround each channel with zeros.

    Parameters
    ----------
    padding : int, or one int or pair of ints for each axis, optional
        How many zeros to put before and after each spatial axis. With one axis alone, two ints are
        those before and those after, as in Keras.
    data_format : {"channels_first", "channels_last"}, optional
        Whether samples are (C, *size) or (*size, C).
    name : str, optional
        See `Layer`.

    Raises
    ------
    TypeError, ValueError
        If an option is none of those allowed.
    """

    def __init__(
        self, padding: Border = 1, data_format: str = "channels_first", name: str | None = None
    ) -> None:
        super().__init__(data_format, name)
        self.padding = padding
        self._pads = _pads("padding", padding, self.rank)

    def _output_size(self, size: Shape) -> Shape:
        return _window(size, self._pads).padded_size

    def _forward(self, x: Array, training: bool) -> Array:
        xp = self.home.xp
        x = to_first(xp, x, self.data_format)
        self._saved = _window(x.shape[2:], self._pads)
        return from_first(xp, _surrounded(xp, x, self._saved), self.data_format)

    def _backward(self, dy: Array) -> Array:
        xp = self.home.xp
        dy = to_first(xp, dy, self.data_format)
        return from_first(xp, dy[(..., *self._saved.interior)], self.data_format)


@register_layer
class ZeroPadding1D(ZeroPadding):
    """Zeros around sequences: samples (C, L)."""

    __doc__ = f"{__doc__}\n{ZeroPadding.__doc__}"
    rank = 1


@register_layer
class ZeroPadding2D(ZeroPadding):
    """Zeros around images: samples (C, H, W)."""

    __doc__ = f"{__doc__}\n{ZeroPadding.__doc__}"
    rank = 2


@register_layer
class ZeroPadding3D(ZeroPadding):
    """Zeros around volumes: samples (C, D, H, W)."""

    __doc__ = f"{__doc__}\n{ZeroPadding.__doc__}"
    rank = 3


class Cropping(Spatial):
    """Cut off what surrounds each channel.

    Parameters
    ----------
    cropping : int, or one int or pair of ints for each axis, optional
        How much to cut off before and after each spatial axis. With one axis alone, two ints are
        what to cut off before and after, as in Keras.
    data_format : {"channels_first", "channels_last"}, optional
        Whether samples are (C, *size) or (*size, C).
    name : str, optional
        See `Layer`.

    Raises
    ------
    TypeError, ValueError
        If an option is none of those allowed. That something is left is checked when the input's
        shape is known.
    """

    def __init__(
        self, cropping: Border = 1, data_format: str = "channels_first", name: str | None = None
    ) -> None:
        super().__init__(data_format, name)
        self.cropping = cropping
        self._pads = _pads("cropping", cropping, self.rank)

    def _output_size(self, size: Shape) -> Shape:
        left = tuple(n - a - b for n, (a, b) in zip(size, self._pads, strict=True))
        if min(left) < 1:
            raise ValueError(f"cropping {self._pads} leaves nothing of spatial axes of {size}")
        return left

    def _forward(self, x: Array, training: bool) -> Array:
        xp = self.home.xp
        x = to_first(xp, x, self.data_format)
        self._saved = _window(self._output_size(x.shape[2:]), self._pads)
        return from_first(xp, x[(..., *self._saved.interior)], self.data_format)

    def _backward(self, dy: Array) -> Array:
        xp = self.home.xp
        dy = to_first(xp, dy, self.data_format)
        return from_first(xp, _surrounded(xp, dy, self._saved), self.data_format)


@register_layer
class Cropping1D(Cropping):
    """The middle of sequences: samples (C, L)."""

    __doc__ = f"{__doc__}\n{Cropping.__doc__}"
    rank = 1


@register_layer
class Cropping2D(Cropping):
    """The middle of images: samples (C, H, W)."""

    __doc__ = f"{__doc__}\n{Cropping.__doc__}"
    rank = 2


@register_layer
class Cropping3D(Cropping):
    """The middle of volumes: samples (C, D, H, W)."""

    __doc__ = f"{__doc__}\n{Cropping.__doc__}"
    rank = 3


def _pads(name: str, value: Any, rank: int) -> Pads:
    """How much to add or to cut off before and after each axis, or raise."""
    if rank == 1 and _is_pair(value) and not any(map(_is_pair, value)):
        value = (value,)
    pads = []
    for entry in per_axis(name, value, rank):
        pair = entry if _is_pair(entry) else (entry, entry)
        before, after = (whole(name, n, at_least=0) for n in pair)
        pads.append((before, after))
    return tuple(pads)


def _is_pair(value: Any) -> bool:
    return isinstance(value, list | tuple) and len(value) == 2


@lru_cache(maxsize=1024)
def _window(size: Ints, pads: Pads) -> Window:
    """What lies within a border."""
    return Window.over(size, 1, padding=pads)


def _surrounded(xp: Any, x: Array, window: Window) -> Array:
    """(N, C, *size) -> (N, C, *padded_size)."""
    return pad(xp, x, window, out=like(xp, (*x.shape[:2], *window.padded_size), x))
