"""Columns, for each place of the output what lies under the window, and the tiles they come in."""

import math
from dataclasses import dataclass
from functools import lru_cache

from ..types import Array
from .engine import Device
from .geometry import Ints
from .sampling import Axis
from .strides import batch_last

WIDE = 20
"""Columns from which on a product is not so slow that it costs what sharing rows saves."""

PACKED = 200
"""Taps times samples from which on interleaving pays, even where runs are not that short."""

LEAST_BYTES = 1 << 19
"""Of a tile for which threads are worth their while."""


@dataclass(frozen=True, eq=False)
class Tile:
    """The part of a batch that is worked on at a time: some samples, some rows of the output."""

    samples: slice
    rows: slice


@dataclass(frozen=True, eq=False)
class Columns:
    """How the columns of a batch are laid out: few of them at a time, in long runs of memory.

    A kernel's rows overlap from one row of the output to the next. Where the columns of a sample
    would not fit the tile, each row of the input is therefore spread over the kernel's other axes
    alone, and the matrix for the next row of the output begins a row later in the same memory.

    Attributes
    ----------
    axes : tuple of Axis
        Which input meets which output.
    overlapping : bool
        Whether rows are shared.
    places : tuple of int
        The order in memory of samples (0) and spatial axes (from 1 on).
    samples, rows : int
        In a tile.
    crowded : bool
        Whether columns lie in such short runs that the samples are better interleaved first.
    """

    axes: tuple[Axis, ...]
    overlapping: bool
    places: Ints
    samples: int
    rows: int
    crowded: bool

    @classmethod
    def of(
        cls, device: Device, x: Array, axes: tuple[Axis, ...], shared: bool = True, least: int = 1
    ) -> "Columns":
        """Choose the layout for an array (N, channels, *inputs); see `choose`."""
        batch, channels = x.shape[:2]
        last, itemsize = batch_last(x), x.dtype.itemsize
        return choose(
            device.tile_bytes, device.parts, batch, channels, itemsize, last, axes, shared, least
        )

    def scratch(self, channels: int, filters: int) -> int:
        """Return how many elements a tile's columns, padded input and output have at most."""
        axes = tile_axes(self, 0, self.rows)
        columns = math.prod(axis.taps * axis.outputs for axis in axes)
        padded = math.prod(axis.spanned().outputs for axis in axes)
        outputs = self.rows * math.prod(axis.outputs for axis in axes[1:])
        return self.samples * (channels * (columns + padded) + filters * outputs)


@lru_cache(maxsize=4096)
def choose(
    tile_bytes: int,
    parts: int,
    batch: int,
    channels: int,
    itemsize: int,
    last: bool,
    axes: tuple[Axis, ...],
    shared: bool = True,
    least: int = 1,
) -> Columns:
    """Choose a layout.

    Parameters
    ----------
    tile_bytes : int
        What a tile's columns should take.
    parts : int
        Into how many tiles a batch is divided at least, as far as they are not too small. If it is
        1, the device does not mind short runs, and its products are of plain matrices: matrices
        that overlap would be copied.
    batch, channels, itemsize : int
        Of the array.
    last : bool
        Whether samples lie interleaved, see `batch_last`.
    axes : tuple of Axis
        Which input meets which output.
    shared : bool, optional
        Whether rows may be shared.
    least : int, optional
        How many columns a product should have, as far as there are so many.

    Returns
    -------
    Columns
        The same for the same arguments.
    """
    outputs, taps = axes[0].outputs, axes[0].taps
    rest = math.prod(axis.outputs for axis in axes[1:])
    row = channels * math.prod(axis.taps for axis in axes) * rest * itemsize
    if not last:
        # enough tiles for several threads; what lies interleaved is a thread's own shard
        tile_bytes = min(tile_bytes, max(batch * row * outputs // parts, LEAST_BYTES))
    together = batch if last else min(batch, -(-least // rest))
    adjacent = axes[0].step == axes[0].gap == 1 and taps > 1
    width = together * rest
    wide = width * taps >= 3 * least and width >= min(least, WIDE)  # the more taps, the more saved
    large = together * row * outputs > tile_bytes and wide
    overlapping = parts > 1 and shared and adjacent and large
    if overlapping:
        samples = together
        rows = max(tile_bytes * taps // (samples * row) - taps + 1, taps)
    else:
        samples = batch if last else 1
        rows = max(tile_bytes // (samples * row), 1)
        if not last:
            samples = min(max(rows // outputs, 1), batch)
    rows = -(-outputs // -(-outputs // min(rows, outputs)))  # tiles of even height
    run, every = axes[-1].outputs, math.prod(axis.taps for axis in axes)
    short = run < 12 or (run < 32 and every > 4 and every * batch >= PACKED)
    crowded = parts > 1 and batch >= 8 and not last and every > 1 and short
    places = tuple(range(len(axes) + 1))
    if last:
        places = (*places[1:], 0)
    elif overlapping:
        places = (1, 0, *places[2:])
    return Columns(axes, overlapping, places, samples, rows, crowded)


@lru_cache(maxsize=4096)
def tiles(columns: Columns, batch: int) -> tuple[Tile, ...]:
    """Return all tiles of a batch, sample by sample."""
    outputs = columns.axes[0].outputs
    return tuple(
        Tile(
            slice(sample, min(sample + columns.samples, batch)),
            slice(row, min(row + columns.rows, outputs)),
        )
        for sample in range(0, batch, columns.samples)
        for row in range(0, outputs, columns.rows)
    )


@lru_cache(maxsize=4096)
def tile_axes(columns: Columns, start: int, stop: int) -> tuple[Axis, ...]:
    """Return which input meets which of some rows of the output, or of the rows that they share."""
    first = columns.axes[0].rows(start, stop)
    return (first.spanned() if columns.overlapping else first, *columns.axes[1:])
