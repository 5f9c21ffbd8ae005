"""Pooling: a window slides over each channel and leaves one number for each place."""

from ..backends import Array, Window
from ..backends.convolution.geometry import Ints, Padding
from ..backends.convolution.windows import like, pad
from ..backends.dtypes import widened
from .base import Shape
from .layout import from_first, to_first
from .registry import register_layer
from .spatial import Spatial


class Pooling(Spatial):
    """What pooling layers share.

    Parameters
    ----------
    pool_size : int or tuple of int, optional
        The window's shape.
    strides : int or tuple of int, optional
        How far it moves; by its own size if left out.
    padding : {"valid", "same"}, int, or one int or pair of ints for each axis, optional
        As for `Conv2D`. What is padded never counts: neither for a maximum nor in a mean.
    data_format : {"channels_first", "channels_last"}, optional
        Whether samples are (C, *size) or (*size, C).
    name : str, optional
        See `Layer`.

    Raises
    ------
    ValueError
        If an option is none of those allowed. Shapes are checked when the input's is known.
    """

    padded_with: float
    _last: tuple[Shape, Window] | None = None

    def __init__(
        self,
        pool_size: int | Ints = 2,
        strides: int | Ints | None = None,
        padding: Padding = "valid",
        data_format: str = "channels_first",
        name: str | None = None,
    ) -> None:
        super().__init__(data_format, name)
        self.pool_size = pool_size
        self.strides = pool_size if strides is None else strides
        self.padding = padding

    def window(self, size: Shape) -> Window:
        """Return the window over spatial axes of these lengths, or raise."""
        window = Window.over(size, self.pool_size, self.strides, self.padding)
        for taps, (before, after) in zip(window.kernel_size, window.pads, strict=True):
            if max(before, after) >= taps:
                raise ValueError(
                    f"padding {window.pads} leaves places with nothing but padding in a window of "
                    f"{window.kernel_size}: pad less than the window's size"
                )
        return window

    def _window_of(self, size: Shape) -> Window:
        """The window over samples that were checked, which mostly have the last ones' size."""
        if self._last is None or self._last[0] != size:
            self._last = size, self.window(size)
        return self._last[1]

    def _output_size(self, size: Shape) -> Shape:
        return self.window(size).output_size

    def _forward(self, x: Array, training: bool) -> Array:
        xp = self.home.xp
        x = to_first(xp, x, self.data_format)
        window = self._window_of(x.shape[2:])
        padded = pad(xp, x, window, self.padded_with)
        return from_first(xp, self._pool(padded, window), self.data_format)

    def _backward(self, dy: Array) -> Array:
        xp = self.home.xp
        dx, window = self._unpool(to_first(xp, dy, self.data_format))
        return from_first(xp, dx[(..., *window.interior)], self.data_format)

    def _pool(self, padded: Array, window: Window) -> Array:
        """(N, C, *padded_size) -> (N, C, *output_size)."""
        raise NotImplementedError

    def _unpool(self, dy: Array) -> tuple[Array, Window]:
        """(N, C, *output_size) -> (N, C, *padded_size)."""
        raise NotImplementedError


class MaxPooling(Pooling):
    """The largest value under the window; the first in row-major order takes the gradient."""

    __doc__ = f"{__doc__}\n{Pooling.__doc__}"
    padded_with = float("-inf")

    def _pool(self, padded: Array, window: Window) -> Array:
        xp = self.home.xp
        first, *others = window.taps
        y = like(xp, (*padded.shape[:2], *window.output_size), padded)
        y[...] = padded[(..., *first)]
        for tap in others:
            xp.maximum(y, padded[(..., *tap)], out=y)
        self._saved = padded, y, window
        return y

    def _unpool(self, dy: Array) -> tuple[Array, Window]:
        xp = self.home.xp
        padded, y, window = self._saved
        dx = like(xp, padded.shape, padded)
        if not window.covers:
            dx.fill(0)
        free = None
        for tap in window.taps:
            hit = padded[(..., *tap)] == y
            if free is None:
                free = ~hit
            else:
                hit &= free
                free ^= hit
            if window.apart:
                xp.multiply(dy, hit, out=dx[(..., *tap)])
            else:
                dx[(..., *tap)] += dy * hit
        return dx, window


@register_layer
class MaxPooling1D(MaxPooling):
    """Maximum pooling over one axis: samples (C, L)."""

    __doc__ = f"{__doc__}\n{MaxPooling.__doc__}"
    rank = 1


@register_layer
class MaxPooling2D(MaxPooling):
    """Maximum pooling over images: samples (C, H, W)."""

    __doc__ = f"{__doc__}\n{MaxPooling.__doc__}"
    rank = 2


@register_layer
class MaxPooling3D(MaxPooling):
    """Maximum pooling over volumes: samples (C, D, H, W)."""

    __doc__ = f"{__doc__}\n{MaxPooling.__doc__}"
    rank = 3


class AveragePooling(Pooling):
    """The mean of what is under the window, padding left out."""

    __doc__ = f"{__doc__}\n{Pooling.__doc__}"
    padded_with = 0.0

    def _pool(self, padded: Array, window: Window) -> Array:
        padded = widened(padded)
        y = sum(padded[(..., *tap)] for tap in window.taps)
        counts = self._counts(window, padded.dtype)
        self._saved = padded.shape, counts, window
        return y / counts

    def _unpool(self, dy: Array) -> tuple[Array, Window]:
        shape, counts, window = self._saved
        dy = widened(dy)
        dx = like(self.home.xp, shape, dy)
        dx.fill(0)
        share = dy / counts
        for tap in window.taps:
            dx[(..., *tap)] += share
        return dx, window

    def _counts(self, window: Window, dtype: object) -> Array:
        """How many elements of the input lie under the window at each place."""
        xp = self.home.xp
        inside = pad(xp, xp.ones(window.input_size, dtype=dtype), window)
        return sum(inside[tap] for tap in window.taps)


@register_layer
class AveragePooling1D(AveragePooling):
    """Mean pooling over one axis: samples (C, L)."""

    __doc__ = f"{__doc__}\n{AveragePooling.__doc__}"
    rank = 1


@register_layer
class AveragePooling2D(AveragePooling):
    """Mean pooling over images: samples (C, H, W)."""

    __doc__ = f"{__doc__}\n{AveragePooling.__doc__}"
    rank = 2


@register_layer
class AveragePooling3D(AveragePooling):
    """Mean pooling over volumes: samples (C, D, H, W)."""

    __doc__ = f"{__doc__}\n{AveragePooling.__doc__}"
    rank = 3
