"""Dropout, of elements and of whole channels."""

import math

from ..arguments import number
from ..backends import Array, backend_of
from ..backends.random import derived_seed
from .base import Layer, Shape
from .layout import channels_and_size, check_data_format, shape_from_first
from .registry import register_layer
from .shards import shard_of


@register_layer
class Dropout(Layer):
    """Set each element to 0 with probability ``rate`` in training, and scale up the others.

    The expected value of each element stays what it was. The same seed drops the same elements on
    every device.

    Parameters
    ----------
    rate : float
        From 0 up to, but not including, 1.
    name, seed
        See `Layer`.

    Raises
    ------
    ValueError
        If the rate is out of range.
    """

    elementwise = True
    shardable = True

    def __init__(self, rate: float, name: str | None = None, seed: int | None = None) -> None:
        super().__init__(name, seed=seed)
        self.rate = number("rate", rate, below=1)
        self._calls = 0

    def _forward(self, x: Array, training: bool) -> Array:
        if not training or self.rate == 0:
            self._saved = None
            return x
        # a stream for each call: what a call drops does not depend on the sizes of earlier ones
        random = backend_of(x).random(self._next_seed)
        drawn = self._drawn(x.shape[1:])
        before = shard_of(len(x)).first * math.prod(drawn)
        kept = random.uniform((len(x), *drawn), skip=before) >= self.rate
        self._saved = kept.astype(x.dtype)
        self._saved *= 1 / (1 - self.rate)
        return x * self._saved

    def _drawn(self, sample: Shape) -> Shape:
        """The shape of what is drawn for a sample of a shape: a number for each element."""
        return sample

    def _next_seed(self) -> int:
        seed = derived_seed(self.seed, self._calls)
        self._calls += 1
        return seed

    def _backward(self, dy: Array) -> Array:
        return dy if self._saved is None else dy * self._saved


class SpatialDropout(Dropout):
    """Set each channel to 0 with probability ``rate`` in training, and scale up the others.

    Neighbours in a channel mostly say the same, so that dropping one leaves what it says; a whole
    channel is lost (J. Tompson et al., "Efficient object localization using convolutional
    networks", 2015). The same seed drops the same channels on every device and in either format.

    Parameters
    ----------
    rate : float
        From 0 up to, but not including, 1.
    data_format : {"channels_first", "channels_last"}, optional
        Whether samples are (C, *size) or (*size, C).
    name, seed
        See `Layer`.

    Raises
    ------
    ValueError
        If an option is none of those allowed.
    """

    rank: int
    elementwise = False

    def __init__(
        self,
        rate: float,
        data_format: str = "channels_first",
        name: str | None = None,
        seed: int | None = None,
    ) -> None:
        super().__init__(rate, name, seed)
        self.data_format = check_data_format(data_format)
        self.sample_rank = self.rank + 1

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """Return the input's shape, if it has channels and spatial axes."""
        channels_and_size(input_shape, self.rank, self.data_format)
        return input_shape

    def _drawn(self, sample: Shape) -> Shape:
        channels, size = channels_and_size(sample, self.rank, self.data_format)
        return shape_from_first((channels, *(1 for _ in size)), self.data_format)


@register_layer
class SpatialDropout1D(SpatialDropout):
    """Dropout of whole channels of sequences: samples (C, L)."""

    __doc__ = f"{__doc__}\n{SpatialDropout.__doc__}"
    rank = 1


@register_layer
class SpatialDropout2D(SpatialDropout):
    """Dropout of whole channels of images: samples (C, H, W)."""

    __doc__ = f"{__doc__}\n{SpatialDropout.__doc__}"
    rank = 2


@register_layer
class SpatialDropout3D(SpatialDropout):
    """Dropout of whole channels of volumes: samples (C, D, H, W)."""

    __doc__ = f"{__doc__}\n{SpatialDropout.__doc__}"
    rank = 3
