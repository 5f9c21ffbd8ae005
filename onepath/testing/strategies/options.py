"""What layers of many families take."""

from collections.abc import Callable
from typing import TypeAlias

from hypothesis import strategies as st

from ... import layers as known
from ...backends.convolution.geometry import Ints
from ...layers import Layer

FORMATS = ("channels_first", "channels_last")

seeds = st.integers(0, 99)

Make: TypeAlias = Callable[[st.DrawFn, Ints, str], Layer]
"""Draws a layer of a dtype for samples of a shape."""

Table: TypeAlias = dict[Make, range]
"""What makes layers, with the numbers of axes that samples may have."""


def any_axis(draw: st.DrawFn, shape: Ints) -> int:
    """An axis of a batch that is not the batch's own."""
    return draw(st.integers(1, len(shape)) | st.just(-1))


def of_rank(draw: st.DrawFn, shape: Ints, *names: str) -> Callable[..., Layer]:
    """One of such classes, for as many spatial axes as samples of a shape have."""
    cls: Callable[..., Layer] = getattr(known, f"{draw(st.sampled_from(names))}{len(shape) - 1}D")
    return cls
