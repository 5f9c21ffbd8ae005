"""Convolution as matrix products: patches become columns, in tiles that fit the cache."""

import math
from collections.abc import Iterator
from typing import Any

from ..types import Array, DType
from .engine import Cost, Device, Engine
from .geometry import Geometry
from .windows import pad, patches


class GemmEngine(Engine):
    """Matrix products over columns of patches, for tiles of a few samples at a time.

    Written with G groups, D channels and F filters in each, K taps, and O outputs of each of the n
    samples of a tile, columns have shape (G, D*K, n*O) and the kernels (G, F, D*K). Then

    - forward is ``kernel @ columns``,
    - the columns' gradient is ``kernel.T @ dy``, and the input's gradient adds it up tap by tap:
      slices that are added one after the other, in the same order on every device,
    - the kernel's gradient is ``dy @ columns.T``, added up over tiles.
    """

    name = "gemm"

    def refusal(self, device: Device, geometry: Geometry, dtype: DType) -> str | None:
        """Refuse nothing."""
        return None

    def workspace(self, device: Device, geometry: Geometry, batch: int, dtype: DType) -> int:
        """Columns, padded input and rearranged output of one tile, and the kernels' gradient."""
        tile = min(batch, _tile_length(device, geometry, dtype))
        outputs = math.prod(geometry.window.output_size)
        padded = geometry.channels * math.prod(geometry.window.padded_size)
        columns = geometry.groups * geometry.reduction * outputs
        size = tile * (columns + padded + geometry.filters * outputs)
        size += math.prod(geometry.kernel_shape)
        return int(size * device.xp.dtype(dtype).itemsize)

    def cost(
        self, device: Device, operation: str, geometry: Geometry, batch: int, dtype: DType
    ) -> Cost:
        """The products, and the columns written and read."""
        outputs = batch * math.prod(geometry.window.output_size)
        columns = geometry.groups * geometry.reduction * outputs
        itemsize = device.xp.dtype(dtype).itemsize
        flops = 2.0 * geometry.filters * geometry.reduction * outputs
        return Cost(flops, 2.0 * itemsize * columns, 20.0)

    def forward(self, device: Device, x: Array, kernel: Array, geometry: Geometry) -> Array:
        """See `Backend.conv`."""
        xp = device.xp
        y = xp.empty((x.shape[0], *geometry.output_shape), dtype=x.dtype)
        weights = _grouped(kernel, geometry)
        for tile in _tiles(device, x, geometry):
            columns = _columns(device, x[tile], geometry)
            part = y[tile]
            if len(part) == 1:
                rows = part.reshape(geometry.groups, weights.shape[1], -1)
                _matmul(xp, weights, columns, rows)
            else:
                rows = _rows(device, part, geometry)
                _matmul(xp, weights, columns, rows)
                part[...] = _samples_first(rows, part.shape)
        return y

    def input_gradient(self, device: Device, dy: Array, kernel: Array, geometry: Geometry) -> Array:
        """See `Backend.conv_input_gradient`."""
        xp, window = device.xp, geometry.window
        dx = xp.empty((dy.shape[0], *geometry.input_shape), dtype=dy.dtype)
        weights = _grouped(kernel, geometry).swapaxes(1, 2)
        for tile in _tiles(device, dy, geometry):
            rows = _filled_rows(device, dy[tile], geometry)
            n = len(dy[tile])
            columns = device.workspace.take(
                "columns", (*weights.shape[:2], rows.shape[2]), dy.dtype
            )
            _matmul(xp, weights, rows, columns)
            # (C, K, n, *output_size)
            by_tap = columns.reshape(geometry.channels, -1, n, *window.output_size)
            padded = device.workspace.take(
                "padded", (geometry.channels, n, *window.padded_size), dy.dtype
            )
            padded.fill(0)
            for k, tap in enumerate(window.taps()):
                padded[(..., *tap)] += by_tap[:, k]
            dx[tile] = padded[(..., *window.interior)].swapaxes(0, 1)
        return dx

    def kernel_gradient(self, device: Device, x: Array, dy: Array, geometry: Geometry) -> Array:
        """See `Backend.conv_kernel_gradient`."""
        xp = device.xp
        dk = xp.zeros(geometry.kernel_shape, dtype=x.dtype)
        total = _grouped(dk, geometry)
        for tile in _tiles(device, x, geometry):
            columns = _columns(device, x[tile], geometry)
            rows = _filled_rows(device, dy[tile], geometry)
            part = device.workspace.take("kernel", total.shape, x.dtype)
            _matmul(xp, rows, columns.swapaxes(1, 2), part)
            total += part
        return dk


def _grouped(kernel: Array, geometry: Geometry) -> Array:
    """(filters, D, *kernel_size) -> (G, F, D*K)."""
    return kernel.reshape(geometry.groups, -1, geometry.reduction)


def _columns(device: Device, x: Array, geometry: Geometry) -> Array:
    """(n, C, *input_size) -> (G, D*K, n*O)."""
    xp, window = device.xp, geometry.window
    n = x.shape[0]
    if window.padded:
        shape = (n, geometry.channels, *window.padded_size)
        x = pad(xp, x, window, out=device.workspace.take("padded", shape, x.dtype))
    # (n, C, *kernel_size, *output_size) -> (C, *kernel_size, n, *output_size)
    view = xp.moveaxis(patches(xp, x, window), 0, 1 + window.rank)
    columns = device.workspace.take("columns", view.shape, x.dtype)
    columns[...] = view
    return columns.reshape(geometry.groups, geometry.reduction, -1)


def _filled_rows(device: Device, dy: Array, geometry: Geometry) -> Array:
    """(n, G*F, *output_size) -> (G, F, n*O)."""
    if len(dy) == 1 and dy.flags.c_contiguous:
        return dy.reshape(geometry.groups, geometry.filters // geometry.groups, -1)
    rows = _rows(device, dy, geometry)
    _samples_first(rows, dy.shape)[...] = dy
    return rows


def _rows(device: Device, y: Array, geometry: Geometry) -> Array:
    """Room for the output of a tile, (G, F, n*O)."""
    n, outputs = y.shape[0], math.prod(geometry.window.output_size)
    shape = (geometry.groups, geometry.filters // geometry.groups, n * outputs)
    return device.workspace.take("rows", shape, y.dtype)


def _samples_first(rows: Array, shape: tuple[int, ...]) -> Array:
    """View (G, F, n*O) as (n, G*F, *output_size)."""
    n, filters, *output_size = shape
    return rows.reshape(filters, n, *output_size).swapaxes(0, 1)


def _tiles(device: Device, x: Array, geometry: Geometry) -> Iterator[slice]:
    length = _tile_length(device, geometry, x.dtype)
    return (slice(start, start + length) for start in range(0, len(x), length))


def _tile_length(device: Device, geometry: Geometry, dtype: DType) -> int:
    """How many samples' columns fill the device's tile."""
    outputs = math.prod(geometry.window.output_size)
    sample = geometry.groups * geometry.reduction * outputs * device.xp.dtype(dtype).itemsize
    return int(max(1, device.tile_bytes // sample))


def _matmul(xp: Any, a: Array, b: Array, out: Array) -> None:
    """``out = a @ b`` for each group; a single one as a plain 2-D product, the fastest."""
    if len(a) == 1:
        xp.matmul(a[0], b[0], out=out[0])
    else:
        xp.matmul(a, b, out=out)
