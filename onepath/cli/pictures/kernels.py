"""What a first convolution looks for."""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from ...drawing import COLOURS, FAINT, GREY, Path, picture

_MOST_FILTERS, _MOST_CHANNELS = 128, 8
_GAP = 4
"""Pixels between filters; their tiles are a little closer together."""


def kernels(kernel: Any, path: Path) -> None:
    """Draw the kernels of a first convolution.

    Two- and three-dimensional ones become tiles, blue where negative and red where positive: a
    block for each filter, with its channels or slices side by side. For three dimensions a block
    has a row for each channel. One-dimensional kernels become lines.

    Parameters
    ----------
    kernel : array_like of float, shape (filters, channels, *kernel_size)
        The kernels, of one to three dimensions. The first 128 filters and 8 channels are drawn.
    path : str or path
        The PNG file to write.

    Raises
    ------
    ValueError
        If the shape is not that of kernels.
    ImportError
        If matplotlib is not installed.
    """
    kernel = np.asarray(kernel, dtype="float64")
    if not 3 <= kernel.ndim <= 5 or 0 in kernel.shape:
        raise ValueError(
            "kernels have the shape (filters, channels, *kernel_size), with a size of one to three "
            f"axes, got {kernel.shape}"
        )
    shown = kernel[:_MOST_FILTERS, :_MOST_CHANNELS]
    shown = np.where(np.isfinite(shown), shown, np.nan)
    limit = float(np.nanmax(np.abs(shown), initial=0.0)) or 1.0
    draw = _draw_lines if kernel.ndim == 3 else _draw_tiles
    draw(shown, limit, _title(kernel), path)


def _title(kernel: Any) -> str:
    filters, channels, *size = kernel.shape
    title = f"{_counted(filters, _MOST_FILTERS, 'kernel')} of {' x '.join(map(str, size))}"
    if channels > 1:
        title += f", {_counted(channels, _MOST_CHANNELS, 'channel')}"
    bad = kernel.size - np.count_nonzero(np.isfinite(kernel))
    return title + (f"; {bad} weights are not finite" if bad else "")


def _counted(count: int, most: int, noun: str) -> str:
    shown = f"{most} of {count}" if count > most else f"{count}"
    return f"{shown} {noun}{'s' * (count > 1)}"


def _draw_tiles(shown: Any, limit: float, title: str, path: Path) -> None:
    """Two- and three-dimensional kernels: a block of tiles for each filter."""
    across = shown.shape[-3]  # channels, or in three dimensions slices
    blocks = _blocks(shown, across)
    count, height, width = blocks.shape
    columns = _columns(count, height / width)
    mosaic = _tiled(blocks, columns, _GAP)
    slope = mosaic.shape[0] / mosaic.shape[1]
    # in inches: no tile is blown up, and the picture fits a page
    width = min(max(1.2 * columns * across, 2.4), 5.8, 9.0 / slope)
    with _framed(path, width, width * slope) as axes:
        image = axes.imshow(mosaic, cmap="RdBu_r", vmin=-limit, vmax=limit)
        axes.set_facecolor(FAINT)
        axes.set_title(title)
        _number_rows(axes, count, columns, height + _GAP, _GAP + height / 2)
        beside = axes.inset_axes((1.03, 0, 0.025, 1))
        bar = axes.figure.colorbar(image, cax=beside, ticks=[-limit, 0, limit])
        beside.set_yticklabels([f"{-limit:.2g}", "0", f"{limit:.2g}"])
        beside.tick_params(length=0)
        bar.outline.set_visible(False)


@contextmanager
def _framed(path: Path, width: float, height: float) -> Iterator[Any]:
    """Axes of just that size in inches, with room for a title, row numbers and a colour bar."""
    left, right, bottom, top = 0.4, 0.8, 0.15, 0.35
    whole = (left + width + right, bottom + height + top)
    with picture(path, *whole) as figure:
        # the constrained layout misplaces things beside an image that keeps its proportions
        figure.set_layout_engine("none")
        yield figure.add_axes(
            (left / whole[0], bottom / whole[1], width / whole[0], height / whole[1])
        )


def _blocks(shown: Any, across: int) -> Any:
    """Each filter as an image of its tiles, ``across`` of them in a row."""
    # weights become squares of pixels, so that gaps can be narrower than a weight
    enlarged = math.ceil(48 / max(shown.shape[-2:]))
    tiles = shown.repeat(enlarged, axis=-2).repeat(enlarged, axis=-1)
    return np.stack(
        [_tiled(block.reshape(-1, *tiles.shape[-2:]), across, gap=3) for block in tiles]
    )


def _tiled(tiles: Any, columns: int, gap: int) -> Any:
    """Tiles (n, height, width) as one image, row by row, with gaps of NaN around each."""
    rows = -(-len(tiles) // columns)
    padding = ((0, rows * columns - len(tiles)), (gap, 0), (gap, 0))
    tiles = np.pad(tiles, padding, constant_values=np.nan)
    _, height, width = tiles.shape
    grid = tiles.reshape(rows, columns, height, width).transpose(0, 2, 1, 3)
    image = grid.reshape(rows * height, columns * width)
    return np.pad(image, ((0, gap), (0, gap)), constant_values=np.nan)


def _draw_lines(shown: Any, limit: float, title: str, path: Path) -> None:
    """One-dimensional kernels: each in a cell, about a line at zero, all to one scale."""
    filters, channels, taps = shown.shape
    columns = _columns(filters, 0.7)
    rows = -(-filters // columns)
    row, column = np.divmod(np.arange(filters)[:, None], columns)
    x = column + (np.arange(taps) + 0.5) / taps
    ends = np.array([0.06, 0.94])
    with picture(path, 7.0, min(max(4.2 * rows / columns, 1.2), 10.0) + 0.7) as figure:
        axes = figure.subplots()
        _draw_broken(axes, column + ends, row + 0 * ends, color=GREY, linewidth=0.6)
        style = {"marker": "o", "markersize": 2.5, "linewidth": 1.2}
        for channel in range(channels):
            y = row - 0.42 * shown[:, channel] / limit
            label = f"channel {channel}"
            _draw_broken(axes, x, y, color=COLOURS[channel], label=label, **style)
        axes.set_title(f"{title}, weights to ±{limit:.2g}")
        axes.set_xlim(0, columns)
        axes.set_ylim(rows - 0.5, -0.5)
        _number_rows(axes, filters, columns, 1, 0)
        if channels > 1:
            figure.legend(loc="outside lower left", ncols=6, frameon=False)


def _draw_broken(axes: Any, x: Any, y: Any, **style: Any) -> None:
    """Each row of ``x`` and ``y`` as a line of its own, in one stroke of the pen."""
    x, y = (np.pad(rows, ((0, 0), (0, 1)), constant_values=np.nan).ravel() for rows in (x, y))
    axes.plot(x, y, **style)


def _columns(count: int, aspect: float) -> int:
    """How many columns make a grid of ``count`` cells half as wide again as high, and full at best.

    ``aspect`` is a cell's height by its width.
    """

    def fault(columns: int) -> float:
        rows = -(-count // columns)
        ragged = count % columns > 0
        return abs(math.log(columns / rows / aspect / 1.5)) + 0.4 * ragged

    return min(range(1, count + 1), key=fault)


def _number_rows(axes: Any, count: int, columns: int, pitch: float, first: float) -> None:
    """The number of the first filter of each row, counted from 0."""
    starts = range(0, count, columns)
    axes.set_xticks([])
    axes.set_yticks([first + pitch * row for row in range(len(starts))], starts)
    axes.tick_params(length=0, labelcolor=GREY, labelsize=8)
    axes.spines[:].set_visible(False)
