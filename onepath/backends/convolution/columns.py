"""Columns: for each place of the output what lies under the window, as a matrix for products."""

import math
from collections.abc import Iterable, Iterator, Sequence
from itertools import product
from typing import NamedTuple

from ..types import Array
from .engine import Device
from .geometry import Ints
from .sampling import Axis


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
        shape = x.shape[0], x.shape[1]
        return cls.choose(device, *shape, x.dtype.itemsize, batch_last(x), axes, shared, least)

    @classmethod
    def choose(
        cls,
        device: Device,
        batch: int,
        channels: int,
        itemsize: int,
        last: bool,
        axes: tuple[Axis, ...],
        shared: bool = True,
        least: int = 1,
    ) -> "Columns":
        """Choose the layout.

        Parameters
        ----------
        device : Device
            Its tiles are filled.
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
            The same for the same arguments and tiles.
        """
        outputs, taps = axes[0].outputs, axes[0].taps
        rest = math.prod(axis.outputs for axis in axes[1:])
        samples = batch if last else min(batch, -(-least // rest))
        row = channels * math.prod(axis.taps for axis in axes) * rest * itemsize
        adjacent = axes[0].step == axes[0].gap == 1
        large = samples * row * outputs > device.tile_bytes
        overlapping = shared and adjacent and taps > 1 and large
        if overlapping:
            rows = max(device.tile_bytes * taps // (samples * row) - taps + 1, taps)
        else:
            rows = max(device.tile_bytes // (samples * row), 1)
            if not last:
                samples = min(max(rows * samples // outputs, samples), batch)
        rows = -(-outputs // -(-outputs // min(rows, outputs)))  # tiles of even height
        places = tuple(range(len(axes) + 1))
        if last:
            places = (*places[1:], 0)
        elif overlapping:
            places = (1, 0, *places[2:])
        return cls(axes, overlapping, places, samples, rows)

    def tiles(self, batch: int) -> list[Tile]:
        """Return all tiles, sample by sample."""
        outputs = self.axes[0].outputs
        return [
            Tile(
                slice(sample, min(sample + self.samples, batch)),
                slice(row, min(row + self.rows, outputs)),
            )
            for sample in range(0, batch, self.samples)
            for row in range(0, outputs, self.rows)
        ]

    def scratch(self, channels: int, filters: int) -> int:
        """Return how many elements a tile's columns, padded input and output have at most."""
        axes = self._tile_axes(slice(0, self.rows))
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

    def _tile_axes(self, rows: slice) -> tuple[Axis, ...]:
        first = self.axes[0].rows(rows.start, rows.stop)
        return (first.spanned() if self.overlapping else first, *self.axes[1:])

    def _filled(self, device: Device, x: Array, tile: Tile, groups: int, rows_first: bool) -> Array:
        """Return (G, D, *taps, *places) in memory, or with rows first (G, rows, D, ...)."""
        axes, rank = self._tile_axes(tile.rows), len(self.axes)
        windows = _windows(device, by_group(x[tile.samples], groups), axes)
        places = [2 + rank + place for place in self.places]
        if rows_first:
            windows = windows.transpose(0, places[0], *range(1, 2 + rank), *places[1:])
        else:
            windows = windows.transpose(*range(2 + rank), *places)
            if all(axis.taps == 1 for axis in axes) and in_a_row(windows, 2 + rank):
                return windows
        columns = device.workspace.take("columns", windows.shape, x.dtype)
        columns[...] = windows
        return columns


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


def in_a_row(array: Array, first: int) -> bool:
    """Whether the axes from ``first`` on lie in memory as one."""
    expected = array.dtype.itemsize
    for length, stride in zip(array.shape[:first:-1], array.strides[:first:-1], strict=True):
        if length > 1 and stride != expected:
            return False
        expected *= length
    length, stride = array.shape[first], array.strides[first]
    return bool(length == 1 or stride == expected)


def batch_last(x: Array) -> bool:
    """Whether the samples of a batch lie interleaved in memory, element by element."""
    return len(x) > 1 and all(
        x.strides[0] < stride
        for length, stride in zip(x.shape[1:], x.strides[1:], strict=True)
        if length > 1
    )


def crowded(x: Array, axes: tuple[Axis, ...]) -> bool:
    """Whether columns lie in such short runs that the samples are better interleaved first."""
    run, taps = axes[-1].outputs, math.prod(axis.taps for axis in axes)
    return len(x) >= 8 and not batch_last(x) and (run < 12 or (run < 32 and taps > 9)) and taps > 1


def packed(device: Device, name: str, x: Array) -> Array:
    """Return a batch with its samples interleaved, in scratch memory of that name."""
    room = device.workspace.take(name, (*x.shape[1:], len(x)), x.dtype)
    room = device.xp.moveaxis(room, -1, 0)
    room[...] = x
    return room


def by_group(x: Array, groups: int) -> Array:
    """(n, G*D, *size) -> (G, D, n, *size), as a view."""
    x = x.reshape(len(x), groups, -1, *x.shape[2:])
    return x.transpose(1, 2, 0, *range(3, x.ndim))


def _windows(device: Device, x: Array, axes: tuple[Axis, ...]) -> Array:
    """View x (G, D, n, *inputs), padded where it must be, as (G, D, *taps, n, *outputs)."""
    spanned = [axis.spanned() for axis in axes]
    met = [axis.met(0) for axis in spanned]
    x = x[(..., *(inputs for _, inputs in met))]
    if any(
        inside.stop - inside.start < axis.outputs
        for (inside, _), axis in zip(met, spanned, strict=True)
    ):
        x = _surrounded(
            device, x, [axis.outputs for axis in spanned], [inside for inside, _ in met]
        )
    strides = x.strides[3:]
    return device.xp.lib.stride_tricks.as_strided(
        x,
        (*x.shape[:2], *(a.taps for a in axes), x.shape[2], *(a.outputs for a in axes)),
        (
            *x.strides[:2],
            *(stride * axis.gap for stride, axis in zip(strides, axes, strict=True)),
            x.strides[2],
            *(stride * axis.step for stride, axis in zip(strides, axes, strict=True)),
        ),
    )


def _surrounded(device: Device, x: Array, sizes: list[int], inside: list[slice]) -> Array:
    """Lay zeros around the last axes of x, in scratch memory of the same order."""
    order = sorted(range(x.ndim), key=lambda axis: -x.strides[axis])
    shape = (*x.shape[:3], *sizes)
    room = device.workspace.take("padded", tuple(shape[axis] for axis in order), x.dtype)
    room = room.transpose(inverse(order))
    for place, within in enumerate(inside, start=3):
        before = (slice(None),) * place
        room[(*before, slice(0, within.start))] = 0
        room[(*before, slice(within.stop, None))] = 0
    room[(..., *inside)] = x
    return room


def collect(columns: Array, x: Array, axes: Iterable[Axis]) -> None:
    """Add columns (G, D, *taps, n, *outputs) to x (G, D, n, *inputs), one tap after the other."""
    for taps, outputs, inputs in _meetings(axes):
        x[(..., *inputs)] += columns[(slice(None), slice(None), *taps, ..., *outputs)]


def _meetings(axes: Iterable[Axis]) -> Iterator[tuple[Ints, tuple[slice, ...], tuple[slice, ...]]]:
    """For each tap in row-major order: the outputs that meet an input by it, and these inputs."""
    for along in product(*([(k, *axis.met(k)) for k in range(axis.taps)] for axis in axes)):
        taps, outputs, inputs = zip(*along, strict=True)
        yield taps, outputs, inputs


def inverse(order: Sequence[int]) -> Ints:
    """Return the order that undoes a transposition."""
    return tuple(sorted(range(len(order)), key=order.__getitem__))
