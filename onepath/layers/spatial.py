"""What layers share that treat the spatial axes, each channel for itself."""

from collections.abc import Iterable
from typing import Any

from .base import Layer, Shape
from .layout import channels_and_size, check_data_format, shape_from_first


class Spatial(Layer):
    """A layer whose samples are (C, *size) or (*size, C), and which leaves the channels be."""

    rank: int
    """How many spatial axes there are."""

    shardable = True

    def __init__(self, data_format: str, name: str | None) -> None:
        super().__init__(name)
        self.data_format = check_data_format(data_format)
        self.sample_rank = self.rank + 1

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """Return the output's shape for a sample of (C, *size) or (*size, C)."""
        channels, size = channels_and_size(input_shape, self.rank, self.data_format)
        return shape_from_first((channels, *self._output_size(size)), self.data_format)

    def _output_size(self, size: Shape) -> Shape:
        """What becomes of the spatial axes, or raise if they do not fit."""
        raise NotImplementedError


def per_axis(name: str, value: Any, rank: int) -> tuple[Any, ...]:
    """Return an entry for each spatial axis, a single one repeated; raise if they are not as many.

    Strings are returned as entries: who checks those finds them.
    """
    several = isinstance(value, Iterable) and not isinstance(value, str)
    entries = tuple(value) if several else (value,) * rank
    if len(entries) != rank:
        raise ValueError(
            f"{name} must be one for all or one for each of {rank} spatial axes, got {value!r}"
        )
    return entries
