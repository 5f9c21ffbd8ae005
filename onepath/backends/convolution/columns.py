"""Columns: for each place of the output what lies under the window, as a matrix for products."""

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

from ..types import Array, DType
from .engine import Device
from .geometry import Ints
from .sampling import Axis
from .seeing import Collecting, Filling, Index, view
from .strides import batch_last, by_group, in_a_row, inverse

TILES = 4
"""Into how many tiles a batch is divided at least, if they are not too small."""

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
        if self.overlapping:
            (matrices,) = self._filled(device, x, tile, groups, rows_first=True)
            return matrices
        (matrix,) = self._filled(device, x, tile, groups)
        return matrix[:, None]

    def by_row(self, device: Device, x: Array, tile: Tile, groups: int) -> tuple[Array, ...]:
        """Return the columns of a tile for products with output gradients.

        Returns
        -------
        tuple of array, each of shape (G, K, columns)
            All taps at once, or where rows are shared those of one row of the kernel after another;
            K in the order of (D, taps).
        """
        return self._filled(device, x, tile, groups)

    def sent(self, device: Device, tile: Tile, groups: int, depth: int, dtype: DType) -> "Sent":
        """Return the columns that send a tile of an array (n, G*D, *inputs) its gradient.

        Columns must not share rows.
        """

        def lay_out() -> Sent:
            of_rows, *others = self.axes
            shares = tile.rows.start, tile.rows.stop
            start, stop = (of_rows.inputs * row // of_rows.outputs for row in shares)
            outputs, first = of_rows.reaching(start, stop)
            rules = (first, *others)
            samples = tile.samples.stop - tile.samples.start
            sizes = (samples, *(axis.outputs for axis in rules))
            rank, taps = len(rules), [axis.taps for axis in rules]
            shape = (groups, depth, *taps, *(sizes[place] for place in self.places))
            columns = device.workspace.take("columns", shape, dtype)
            back = (2 + rank + place for place in inverse(self.places))
            by_tap = columns.transpose(*range(2 + rank), *back)
            matrix = columns.reshape(groups, depth * math.prod(taps), -1)
            return Sent(outputs, slice(start, stop), matrix, Collecting.of(by_tap, rules))

        return device.workspace.prepared((tile, groups, depth, dtype.char), lay_out)

    def _filled(
        self, device: Device, x: Array, tile: Tile, groups: int, rows_first: bool = False
    ) -> tuple[Array, ...]:
        """Return the columns as matrices: (G, K, columns), or with rows first (G, rows, K, ...)."""
        part = by_group(x[tile.samples], groups)
        key = tile, groups, part.shape[1], x.dtype.char, rows_first
        layout = device.workspace.prepared(
            key, lambda: self._laid_out(device, part.shape[:3], x.dtype, tile, rows_first)
        )
        if layout.untouched is not None:
            axes, place = layout.untouched
            whole = part[place].transpose(axes)
            if in_a_row(whole, 2):
                return (whole.reshape(*whole.shape[:2], -1),)
        layout.filling.fill(part)
        return layout.matrices

    def _laid_out(
        self, device: Device, shape: Ints, dtype: DType, tile: Tile, rows_first: bool
    ) -> "_Layout":
        """Lay out a tile's columns for an array (G, D, n, *inputs) in scratch memory."""
        axes, rank = _tile_axes(self, tile.rows.start, tile.rows.stop), len(self.axes)
        seen, (groups, depth, samples) = view(axes), shape
        whole = (groups, depth, *seen.taps, samples, *seen.outputs)
        places = [2 + rank + place for place in self.places]
        if rows_first:
            order = [0, places[0], *range(1, 2 + rank), *places[1:]]
        else:
            order = [*range(2 + rank), *places]
        columns = device.workspace.take("columns", tuple(whole[i] for i in order), dtype)
        filling = Filling.of(device, columns.transpose(inverse(order)), axes, self.places)
        untouched = None
        if seen.untouched and not self.overlapping:
            untouched = (0, 1, *(2 + place for place in self.places)), (..., *seen.inputs)
        return _Layout(filling, self._as_matrices(device.xp, columns, rows_first), untouched)

    def _as_matrices(self, xp: Any, columns: Array, rows_first: bool) -> tuple[Array, ...]:
        """View columns (G, D, *taps, *places), or (G, rows, D, ...), as matrices."""
        groups, rank, taps = columns.shape[0], len(self.axes), self.axes[0].taps
        if rows_first:
            # (G, rows of the input, D, 1, other taps, columns)
            length = math.prod(columns.shape[2 : 3 + rank])
            lines = columns.reshape(groups, columns.shape[1], length, -1)
            shape = (groups, lines.shape[1] - taps + 1, taps * length, lines.shape[3])
            return (xp.lib.stride_tricks.as_strided(lines, shape, lines.strides),)
        length = math.prod(columns.shape[1 : 2 + rank])
        if not self.overlapping:
            return (columns.reshape(groups, length, -1),)
        # (G, D, 1, other taps, rows of the input, columns)
        lines = columns.reshape(groups, length, columns.shape[2 + rank], -1)
        rows = lines.shape[2] - taps + 1
        parts = (lines[:, :, tap : tap + rows] for tap in range(taps))
        return tuple(part.reshape(groups, length, -1) for part in parts)


class Sent(NamedTuple):
    """The columns that send a tile its gradient.

    Attributes
    ----------
    outputs, inputs : slice
        The rows of the output that reach the tile's rows of the input.
    matrix : array, shape (G, K, columns)
        Scratch memory for the columns, K in the order of (D, taps).
    collecting : Collecting
        How they are added up.
    """

    outputs: slice
    inputs: slice
    matrix: Array
    collecting: Collecting


class _Layout(NamedTuple):
    """A tile's columns in scratch memory.

    Attributes
    ----------
    filling : Filling
        How they are filled.
    matrices : tuple of array
        What they are for products.
    untouched : (tuple of int, index) or None
        Where columns are what they are made of: which part, and its axes in the columns' order.
    """

    filling: Filling
    matrices: tuple[Array, ...]
    untouched: tuple[Ints, Index] | None


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
    run, every = axes[-1].outputs, math.prod(axis.taps for axis in axes)
    short = run < 12 or (run < 32 and every > 4 and every * batch >= PACKED)
    crowded = batch >= 8 and not last and every > 1 and short
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
