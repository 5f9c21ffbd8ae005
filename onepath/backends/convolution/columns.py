"""Columns: for each place of the output what lies under the window, as a matrix for products."""

import math
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from ..types import Array
from .engine import Device
from .geometry import Ints
from .sampling import Axis
from .seeing import fill, view, windows
from .strides import batch_last, by_group, in_a_row, inverse

TILES = 4
"""Into how many tiles a batch is divided at least, if they are not too small."""

FEW = 9
"""Taps up to which copying what each meets is faster than padding first."""

WIDE = 20
"""Columns from which on a product is not so slow that it costs what sharing rows saves."""

LEAST_BYTES = 1 << 19
"""Of a tile for which threads are worth their while."""


class Tile(NamedTuple):
    """The part of a batch that is worked on at a time: some samples, some rows of the output."""

    samples: slice
    rows: slice


class Columns(NamedTuple):
    """How the columns of a batch are laid out: few of them at a time, in long runs of memory.

    A kernel's rows overlap from one row of the output to the next. Where the columns of a sample
    would not fit the tile, each row of the input is therefore spread over the kernel's other axes
    alone, and the matrix for the next row of the output begins a row later in the same memory.

    In the shapes below G are groups, D their channels, n the samples of the tile.

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
    """

    axes: tuple[Axis, ...]
    overlapping: bool
    places: Ints
    samples: int
    rows: int

    @classmethod
    def of(
        cls, device: Device, x: Array, axes: tuple[Axis, ...], shared: bool = True, least: int = 1
    ) -> "Columns":
        """Choose the layout for an array (N, channels, *inputs); see `choose`."""
        batch, channels = x.shape[:2]
        last, itemsize = batch_last(x), x.dtype.itemsize
        return choose(device.tile_bytes, batch, channels, itemsize, last, axes, shared, least)

    def scratch(self, channels: int, filters: int) -> int:
        """Return how many elements a tile's columns, padded input and output have at most."""
        axes = _tile_axes(self, 0, self.rows)
        columns = math.prod(axis.taps * axis.outputs for axis in axes)
        padded = math.prod(axis.spanned().outputs for axis in axes)
        outputs = self.rows * math.prod(axis.outputs for axis in axes[1:])
        return self.samples * (channels * (columns + padded) + filters * outputs)

    def stack(self, device: Device, x: Array, tile: Tile, groups: int) -> Array:
        """Return the columns of a tile for products with kernels, one for each shared row.

        Returns
        -------
        array, shape (G, rows or 1, K, columns)
            K in the order of (tap of the row, D, other taps) where rows are shared, else (D, taps).
            The matrices overlap.
        """
        filled, rank = self._filled(device, x, tile, groups, self.overlapping), len(self.axes)
        if not self.overlapping:
            length = math.prod(filled.shape[1 : 2 + rank])
            return filled.reshape(groups, 1, length, -1)
        # (G, rows of the input, D, 1, other taps, columns)
        length = math.prod(filled.shape[2 : 3 + rank])
        lines = filled.reshape(groups, filled.shape[1], length, -1)
        taps = self.axes[0].taps
        shape = (groups, lines.shape[1] - taps + 1, taps * length, lines.shape[3])
        return device.xp.lib.stride_tricks.as_strided(lines, shape, lines.strides)

    def by_row(self, device: Device, x: Array, tile: Tile, groups: int) -> Iterator[Array]:
        """Give the columns of a tile for products with output gradients.

        Yields
        ------
        array, shape (G, K, columns)
            All taps at once, or where rows are shared those of one row of the kernel after another;
            K in the order of (D, taps).
        """
        filled, rank = self._filled(device, x, tile, groups, False), len(self.axes)
        length = math.prod(filled.shape[1 : 2 + rank])
        if not self.overlapping:
            yield filled.reshape(groups, length, -1)
            return
        # (G, D, 1, other taps, rows of the input, columns)
        lines = filled.reshape(groups, length, filled.shape[2 + rank], -1)
        rows = tile.rows.stop - tile.rows.start
        for tap in range(self.axes[0].taps):
            yield lines[:, :, tap : tap + rows].reshape(groups, length, -1)

    def by_tap(self, columns: Array, groups: int, axes: tuple[Axis, ...], samples: int) -> Array:
        """View columns (G, K, columns) that share no rows as (G, D, *taps, n, *outputs)."""
        sizes = (samples, *(axis.outputs for axis in axes))
        rank, taps = len(axes), [axis.taps for axis in axes]
        view = columns.reshape(groups, -1, *taps, *(sizes[place] for place in self.places))
        back = (2 + rank + place for place in inverse(self.places))
        return view.transpose(*range(2 + rank), *back)

    def _filled(self, device: Device, x: Array, tile: Tile, groups: int, rows_first: bool) -> Array:
        """Return (G, D, *taps, *places) in memory, or with rows first (G, rows, D, ...)."""
        axes, rank = _tile_axes(self, tile.rows.start, tile.rows.stop), len(self.axes)
        part, seen = by_group(x[tile.samples], groups), view(axes)
        shape = (*part.shape[:2], *seen.taps, part.shape[2], *seen.outputs)
        places = [2 + rank + place for place in self.places]
        if rows_first:
            order = [0, places[0], *range(1, 2 + rank), *places[1:]]
        else:
            order = [*range(2 + rank), *places]
            if seen.untouched:
                whole = part[(..., *seen.inputs)].reshape(shape).transpose(order)
                if in_a_row(whole, 2 + rank):
                    return whole
        columns = device.workspace.take("columns", tuple(shape[i] for i in order), x.dtype)
        by_tap = columns.transpose(inverse(order))
        if math.prod(seen.taps) <= FEW:
            fill(by_tap, part, axes)
        else:
            by_tap[...] = windows(device, part, seen)
        return columns


@lru_cache(maxsize=4096)
def choose(
    tile_bytes: int,
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
        tile_bytes = min(tile_bytes, max(batch * row * outputs // TILES, LEAST_BYTES))
    together = batch if last else min(batch, -(-least // rest))
    adjacent = axes[0].step == axes[0].gap == 1 and taps > 1
    width = together * rest
    wide = width * taps >= 3 * least and width >= min(least, WIDE)  # the more taps, the more saved
    large = together * row * outputs > tile_bytes and wide
    overlapping = shared and adjacent and large
    if overlapping:
        samples = together
        rows = max(tile_bytes * taps // (samples * row) - taps + 1, taps)
    else:
        samples = batch if last else 1
        rows = max(tile_bytes // (samples * row), 1)
        if not last:
            samples = min(max(rows // outputs, 1), batch)
    rows = -(-outputs // -(-outputs // min(rows, outputs)))  # tiles of even height
    places = tuple(range(len(axes) + 1))
    if last:
        places = (*places[1:], 0)
    elif overlapping:
        places = (1, 0, *places[2:])
    return Columns(axes, overlapping, places, samples, rows)


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
def _tile_axes(columns: Columns, start: int, stop: int) -> tuple[Axis, ...]:
    """Which input meets which of some rows of the output, or of the rows that they share."""
    first = columns.axes[0].rows(start, stop)
    return (first.spanned() if columns.overlapping else first, *columns.axes[1:])


def rows_of(columns: Columns, y: Array, groups: int) -> Array:
    """View a tile's outputs (n, G*F, *outputs) as matrices that go with `Columns.stack`.

    Returns
    -------
    array, shape (G, rows or 1, F, *the other places)
        The axes after the third are a column each.
    """
    view = by_group(y, groups)
    places = [2 + place for place in columns.places]
    if columns.overlapping:
        return view.transpose(0, places[0], 1, *places[1:])
    return view.transpose(0, 1, *places)[:, None]


def flat(columns: Columns, y: Array, groups: int) -> Array:
    """View a tile's outputs (n, G*F, *outputs) as (G, F, *places)."""
    return by_group(y, groups).transpose(0, 1, *(2 + place for place in columns.places))
