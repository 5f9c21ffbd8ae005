"""Global pooling: one number is left of each channel."""

import math

from ..arguments import flag
from ..backends import Array
from ..backends.dtypes import widened
from .base import Shape
from .registry import register_layer
from .spatial import Spatial


class GlobalPooling(Spatial):
    """What global pooling layers share.

    Parameters
    ----------
    data_format : {"channels_first", "channels_last"}, optional
        Whether samples are (C, *size) or (*size, C).
    keepdims : bool, optional
        Whether the spatial axes stay, with length 1.
    name : str, optional
        See `Layer`.

    Raises
    ------
    TypeError, ValueError
        If an option is none of those allowed.
    """

    def __init__(
        self,
        data_format: str = "channels_first",
        keepdims: bool = False,
        name: str | None = None,
    ) -> None:
        super().__init__(data_format, name)
        self.keepdims = flag("keepdims", keepdims)

    def _output_size(self, size: Shape) -> Shape:
        return (1,) * self.rank if self.keepdims else ()

    @property
    def _axes(self) -> Shape:
        """The spatial axes of a batch."""
        first = 2 if self.data_format == "channels_first" else 1
        return tuple(range(first, first + self.rank))

    def _kept(self, dy: Array, shape: Shape) -> Array:
        """Let dy have the batch's axes, the spatial ones with length 1."""
        return dy.reshape([1 if axis in self._axes else n for axis, n in enumerate(shape)])


class GlobalMaxPooling(GlobalPooling):
    """The largest value of each channel; the first in row-major order takes the gradient."""

    __doc__ = f"{__doc__}\n{GlobalPooling.__doc__}"

    def _forward(self, x: Array, training: bool) -> Array:
        self._saved = x
        return widened(x).max(axis=self._axes, keepdims=self.keepdims)

    def _backward(self, dy: Array) -> Array:
        xp, x, axis = self.home.xp, self._saved, self._axes[0]
        flat = (*x.shape[:axis], -1, *x.shape[axis + self.rank :])
        x = widened(x).reshape(flat)  # (N, C, places) or (N, places, C)
        first = xp.expand_dims(x.argmax(axis=axis), axis)
        places = xp.arange(x.shape[axis]).reshape([-1 if a == axis else 1 for a in range(3)])
        dx = xp.where(places == first, dy.reshape(first.shape), 0)
        return dx.reshape(self._saved.shape)


@register_layer
class GlobalMaxPooling1D(GlobalMaxPooling):
    """The largest value of each channel of sequences: samples (C, L)."""

    __doc__ = f"{__doc__}\n{GlobalMaxPooling.__doc__}"
    rank = 1


@register_layer
class GlobalMaxPooling2D(GlobalMaxPooling):
    """The largest value of each channel of images: samples (C, H, W)."""

    __doc__ = f"{__doc__}\n{GlobalMaxPooling.__doc__}"
    rank = 2


@register_layer
class GlobalMaxPooling3D(GlobalMaxPooling):
    """The largest value of each channel of volumes: samples (C, D, H, W)."""

    __doc__ = f"{__doc__}\n{GlobalMaxPooling.__doc__}"
    rank = 3


class GlobalAveragePooling(GlobalPooling):
    """The mean of each channel."""

    __doc__ = f"{__doc__}\n{GlobalPooling.__doc__}"

    def _forward(self, x: Array, training: bool) -> Array:
        self._saved = x.shape
        return widened(x).mean(axis=self._axes, keepdims=self.keepdims)

    def _backward(self, dy: Array) -> Array:
        shape = self._saved
        share = self._kept(dy / math.prod(shape[axis] for axis in self._axes), shape)
        return self.home.xp.broadcast_to(share, shape).copy()


@register_layer
class GlobalAveragePooling1D(GlobalAveragePooling):
    """The mean of each channel of sequences: samples (C, L)."""

    __doc__ = f"{__doc__}\n{GlobalAveragePooling.__doc__}"
    rank = 1


@register_layer
class GlobalAveragePooling2D(GlobalAveragePooling):
    """The mean of each channel of images: samples (C, H, W)."""

    __doc__ = f"{__doc__}\n{GlobalAveragePooling.__doc__}"
    rank = 2


@register_layer
class GlobalAveragePooling3D(GlobalAveragePooling):
    """The mean of each channel of volumes: samples (C, D, H, W)."""

    __doc__ = f"{__doc__}\n{GlobalAveragePooling.__doc__}"
    rank = 3
