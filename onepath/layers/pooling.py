"""Pooling: a window slides over each channel and leaves one number for each place."""

from ..backends import Array, Window
from ..backends.convolution.geometry import Ints, Padding
from ..backends.convolution.windows import like, pad
from ..backends.dtypes import widened
from .base import Layer, Shape
from .layout import check_data_format, from_first, shape_from_first, shape_to_first, to_first
from .registry import register_layer


class Pooling(Layer):
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

    rank: int
    padded_with: float
    shardable = True
    _last: tuple[Shape, Window] | None = None

    def __init__(
        self,
        pool_size: int | Ints = 2,
        strides: int | Ints | None = None,
        padding: Padding = "valid",
        data_format: str = "channels_first",
        name: str | None = None,
    ) -> None:
        super().__init__(name)
        self.pool_size = pool_size
        self.strides = pool_size if strides is None else strides
        self.padding = padding
        self.data_format = check_data_format(data_format)
        self.sample_rank = self.rank + 1

    def window(self, input_shape: Shape) -> Window:
        """Return the window over samples of a shape, or raise."""
        if len(input_shape) != self.rank + 1:
            raise ValueError(f"samples must have {self.rank + 1} axes")
        size = shape_to_first(input_shape, self.data_format)[1:]
        window = Window.over(size, self.pool_size, self.strides, self.padding)
        for taps, (before, after) in zip(window.kernel_size, window.pads, strict=True):
            if max(before, after) >= taps:
                raise ValueError(
                    f"padding {window.pads} leaves places with nothing but padding in a window of "
                    f"{window.kernel_size}: pad less than the window's size"
                )
        return window

    def _window_of(self, input_shape: Shape) -> Window:
        """The window over samples that were checked, which mostly have the last ones' shape."""
        if self._last is None or self._last[0] != input_shape:
            self._last = input_shape, self.window(input_shape)
        return self._last[1]

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """Return the output's shape for a sample of (C, *size) or (*size, C)."""
        size = self.window(input_shape).output_size
        channels = shape_to_first(input_shape, self.data_format)[0]
        return shape_from_first((channels, *size), self.data_format)

    def _forward(self, x: Array, training: bool) -> Array:
        xp, window = self.home.xp, self._window_of(x.shape[1:])
        padded = pad(xp, to_first(xp, x, self.data_format), window, self.padded_with)
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


@register_layer
class MaxPooling2D(Pooling):
    """The largest value under the window; the first in row-major order takes the gradient."""

    __doc__ = f"{__doc__}\n{Pooling.__doc__}"
    rank = 2
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
class AveragePooling2D(Pooling):
    """The mean of what is under the window, padding left out."""

    __doc__ = f"{__doc__}\n{Pooling.__doc__}"
    rank = 2
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
class GlobalAveragePooling2D(Layer):
    """The mean of each channel.

    Parameters
    ----------
    data_format : {"channels_first", "channels_last"}, optional
        Whether samples are (C, H, W) or (H, W, C).
    keepdims : bool, optional
        Whether the spatial axes stay, with length 1.
    name : str, optional
        See `Layer`.
    """

    sample_rank = 3
    shardable = True

    def __init__(
        self,
        data_format: str = "channels_first",
        keepdims: bool = False,
        name: str | None = None,
    ) -> None:
        super().__init__(name)
        self.data_format = check_data_format(data_format)
        self.keepdims = keepdims

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """(C, H, W) -> (C,), or (C, 1, 1) with keepdims."""
        if len(input_shape) != 3:
            raise ValueError("samples must have 3 axes")
        channels = shape_to_first(input_shape, self.data_format)[0]
        if self.keepdims:
            return shape_from_first((channels, 1, 1), self.data_format)
        return (channels,)

    def _axes(self) -> tuple[int, int]:
        return (2, 3) if self.data_format == "channels_first" else (1, 2)

    def _forward(self, x: Array, training: bool) -> Array:
        self._saved = x.shape
        return widened(x).mean(axis=self._axes(), keepdims=self.keepdims)

    def _backward(self, dy: Array) -> Array:
        xp, shape = self.home.xp, self._saved
        first, second = self._axes()
        if not self.keepdims:
            dy = xp.expand_dims(dy, (first, second))
        return xp.broadcast_to(dy / (shape[first] * shape[second]), shape).copy()
