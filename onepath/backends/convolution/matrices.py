"""A tile's columns as matrices in scratch memory, and its outputs as matrices that go with them.

In the shapes below G are groups, D their channels, F their filters, n the samples of the tile, and
K what a product sums over.
"""

import math
from typing import Any, NamedTuple

from ..types import Array, DType
from .columns import Columns, Tile, tile_axes
from .engine import Device
from .geometry import Ints
from .seeing import Collecting, Filling, Index, view
from .strides import by_group, in_a_row, inverse


def for_kernels(device: Device, columns: Columns, x: Array, tile: Tile, groups: int) -> Array:
    """Return the columns of a tile for products with kernels, one for each shared row.

    Returns
    -------
    array, shape (G, rows or 1, K, columns)
        K in the order of (tap of the row, D, other taps) where rows are shared, else (D, taps).
        The matrices overlap.
    """
    if columns.overlapping:
        (matrices,) = _filled(device, columns, x, tile, groups, rows_first=True)
        return matrices
    (matrix,) = _filled(device, columns, x, tile, groups)
    return matrix[:, None]


def for_gradients(
    device: Device, columns: Columns, x: Array, tile: Tile, groups: int
) -> tuple[Array, ...]:
    """Return the columns of a tile for products with output gradients.

    Returns
    -------
    tuple of array, each of shape (G, K, columns)
        All taps at once, or where rows are shared those of one row of the kernel after another;
        K in the order of (D, taps).
    """
    return _filled(device, columns, x, tile, groups)


class Sent(NamedTuple):
    """The columns that send a tile of an array (n, G*D, *inputs) its gradient.

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


def sent(
    device: Device, columns: Columns, tile: Tile, groups: int, depth: int, dtype: DType
) -> Sent:
    """Return the columns that send a tile its gradient; they must not share rows."""

    def lay_out() -> Sent:
        of_rows, *others = columns.axes
        shares = tile.rows.start, tile.rows.stop
        start, stop = (of_rows.inputs * row // of_rows.outputs for row in shares)
        outputs, first = of_rows.reaching(start, stop)
        rules = (first, *others)
        samples = tile.samples.stop - tile.samples.start
        sizes = (samples, *(axis.outputs for axis in rules))
        rank, taps = len(rules), [axis.taps for axis in rules]
        shape = (groups, depth, *taps, *(sizes[place] for place in columns.places))
        room = device.workspace.take("columns", shape, dtype)
        back = (2 + rank + place for place in inverse(columns.places))
        collecting = Collecting.of(room.transpose(*range(2 + rank), *back), rules)
        matrix = room.reshape(groups, depth * math.prod(taps), -1)
        return Sent(outputs, slice(start, stop), matrix, collecting)

    return device.workspace.prepared((tile, groups, depth, dtype.char), lay_out)


def rows_of(columns: Columns, y: Array, groups: int) -> Array:
    """View a tile's outputs (n, G*F, *outputs) as matrices that go with `for_kernels`.

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


class _Layout(NamedTuple):
    """A tile's columns in scratch memory.

    Attributes
    ----------
    filling : Filling
        How they are filled.
    matrices : tuple of array
        What they are for products.
    untouched : (tuple of int, index) or None
        Where columns are what they are made of: its axes in the columns' order, and which part.
    """

    filling: Filling
    matrices: tuple[Array, ...]
    untouched: tuple[Ints, Index] | None


def _filled(
    device: Device, columns: Columns, x: Array, tile: Tile, groups: int, rows_first: bool = False
) -> tuple[Array, ...]:
    """Return the columns as matrices: (G, K, columns), or with rows first (G, rows, K, ...)."""
    part = by_group(x[tile.samples], groups)
    layout = device.workspace.prepared(
        (tile, groups, part.shape[1], x.dtype.char, rows_first),
        lambda: _laid_out(device, columns, part.shape[:3], x.dtype, tile, rows_first),
    )
    if layout.untouched is not None:
        axes, place = layout.untouched
        whole = part[place].transpose(axes)
        if in_a_row(whole, 2):
            return (whole.reshape(*whole.shape[:2], -1),)
    layout.filling.fill(part)
    return layout.matrices


def _laid_out(
    device: Device, columns: Columns, shape: Ints, dtype: DType, tile: Tile, rows_first: bool
) -> _Layout:
    """Lay out a tile's columns for an array (G, D, n, *inputs) in scratch memory."""
    axes, rank = tile_axes(columns, tile.rows.start, tile.rows.stop), len(columns.axes)
    seen, (groups, depth, samples) = view(axes), shape
    whole = (groups, depth, *seen.taps, samples, *seen.outputs)
    places = [2 + rank + place for place in columns.places]
    if rows_first:
        order = [0, places[0], *range(1, 2 + rank), *places[1:]]
    else:
        order = [*range(2 + rank), *places]
    room = device.workspace.take("columns", tuple(whole[i] for i in order), dtype)
    filling = Filling.of(device, room.transpose(inverse(order)), axes, columns.places)
    untouched = None
    if seen.untouched and not columns.overlapping:
        untouched = (0, 1, *(2 + place for place in columns.places)), (..., *seen.inputs)
    return _Layout(filling, _as_matrices(device.xp, columns, room, rows_first), untouched)


def _as_matrices(xp: Any, columns: Columns, room: Array, rows_first: bool) -> tuple[Array, ...]:
    """View columns (G, D, *taps, *places), or (G, rows, D, ...), as matrices."""
    groups, rank, taps = room.shape[0], len(columns.axes), columns.axes[0].taps
    if rows_first:
        # (G, rows of the input, D, 1, other taps, columns)
        length = math.prod(room.shape[2 : 3 + rank])
        lines = room.reshape(groups, room.shape[1], length, -1)
        shape = (groups, lines.shape[1] - taps + 1, taps * length, lines.shape[3])
        return (xp.lib.stride_tricks.as_strided(lines, shape, lines.strides),)
    length = math.prod(room.shape[1 : 2 + rank])
    if not columns.overlapping:
        return (room.reshape(groups, length, -1),)
    # (G, D, 1, other taps, rows of the input, columns)
    lines = room.reshape(groups, length, room.shape[2 + rank], -1)
    rows = lines.shape[2] - taps + 1
    parts = (lines[:, :, tap : tap + rows] for tap in range(taps))
    return tuple(part.reshape(groups, length, -1) for part in parts)
