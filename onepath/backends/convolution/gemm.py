"""Convolution as matrix products: patches become columns, in tiles that fit the cache."""

import math

from ..dtypes import NARROW, widened
from ..types import Array, DType
from .columns import Columns, Tile, choose, tiles
from .engine import Cost, Device, Engine
from .geometry import Geometry
from .matrices import flat, for_gradients, for_kernels, rows_of, sent
from .sampling import Axis, forward_axes, phases
from .strides import by_group, in_a_row, packed, packing_room
from .windows import like

ENOUGH = 48
"""Columns from which on a product is near BLAS's full speed."""

THIN = 16
"""Rows below which a product is slow."""

SLOW = 4
"""A product with so many rows takes twice as long as its arithmetic."""

ADDITION = 16
"""What it takes to add a column's element up, in products."""

LANES = 8
"""Into how many sums at most the tiles of a kernel gradient are divided."""


class GemmEngine(Engine):
    """Matrix products over columns of patches, tile by tile.

    With kernels as (G, F, K) and columns as (G, K, outputs)

    - forward is ``kernel @ columns``,
    - the input's gradient is the same of the output gradient, with kernels turned round, for each
      phase of the strides (see `onepath.backends.convolution.sampling`); or, where channels are
      few, ``kernel.T @ dy``, columns that are added up tap by tap, in one order,
    - the kernel's gradient is ``columns @ dy.T``, added up over tiles.
    """

    name = "gemm"

    def refusal(self, device: Device, geometry: Geometry, dtype: DType) -> str | None:
        """Refuse nothing."""
        return None

    def workspace(self, device: Device, geometry: Geometry, batch: int, dtype: DType) -> int:
        """Columns, padded input and rearranged output of a tile, and a sum of kernel gradients."""
        ways = geometry.channels, geometry.filters
        itemsize = device.xp.dtype(dtype).itemsize
        rules = [(ways, forward_axes(geometry.window))]
        rules += [(ways[::-1], part.axes) for part in phases(geometry.window)]
        tile = max(
            choose(
                device.tile_bytes, device.parts, batch, into, itemsize, last, axes, shared, least
            ).scratch(into, out)
            for (into, out), axes in rules
            for last in (False, True)
            for shared in (False, True)
            for least in (1, ENOUGH)
        )
        fewest = min(
            _block_count(
                device, batch, into * itemsize * math.prod(a.taps * a.outputs for a in axes)
            )
            for (into, _), axes in rules
        )
        block = -(-batch // fewest)
        sides = math.prod(geometry.input_shape) + math.prod(geometry.output_shape)
        size = tile + math.prod(geometry.kernel_shape) + block * sides
        return int(size * itemsize)

    def cost(
        self, device: Device, operation: str, geometry: Geometry, batch: int, dtype: DType
    ) -> Cost:
        """The products, slower where they are thin, and the columns written and read."""
        itemsize = device.xp.dtype(dtype).itemsize
        outputs = batch * math.prod(geometry.window.output_size)
        depth, width = geometry.channels // geometry.groups, geometry.filters // geometry.groups
        taps = math.prod(geometry.window.kernel_size)
        thin = {
            "forward": (width, depth * taps),
            "input_gradient": (depth * taps, width)
            if _sends_back(geometry)
            else (depth, width * taps),
            "kernel_gradient": (width, depth * taps),
        }[operation]
        flops = 2.0 * geometry.filters * geometry.reduction * outputs
        flops *= math.prod(1 + SLOW / length for length in thin)
        columns = geometry.groups * geometry.reduction * outputs * itemsize
        if columns > device.tile_bytes and geometry.window.strides[0] == 1:
            columns /= geometry.window.kernel_size[0]
        if operation == "input_gradient" and _sends_back(geometry):
            flops += 2.0 * ADDITION * columns / itemsize
        sides = (geometry.channels + geometry.filters) * outputs * itemsize
        tiles = 1 + columns // device.tile_bytes
        return Cost(flops, columns + sides / 2, 20.0 + 15.0 * tiles)

    def forward(self, device: Device, x: Array, kernel: Array, geometry: Geometry) -> Array:
        """See `Backend.conv`."""
        y = like(device.xp, (len(x), *geometry.output_shape), x)
        _correlate(device, x, _grouped(kernel, geometry), forward_axes(geometry.window), y)
        return y

    def input_gradient(self, device: Device, dy: Array, kernel: Array, geometry: Geometry) -> Array:
        """See `Backend.conv_input_gradient`."""
        dx = like(device.xp, (len(dy), *geometry.input_shape), dy)
        if _sends_back(geometry):
            _send_back(device, dy, _grouped(kernel, geometry), forward_axes(geometry.window), dx)
            return dx
        weights = _grouped(kernel, geometry).swapaxes(1, 2)  # (G, D, F, *kernel_size)
        parts = phases(geometry.window)
        if math.prod(geometry.window.strides) > len(parts):
            dx.fill(0)
        for places, taps, axes in parts:
            _correlate(device, dy, weights[(..., *taps)], axes, dx[(..., *places)])
        return dx

    def kernel_gradient(self, device: Device, x: Array, dy: Array, geometry: Geometry) -> Array:
        """See `Backend.conv_kernel_gradient`."""
        xp, groups = device.xp, geometry.groups
        axes = forward_axes(geometry.window)
        width = geometry.filters // groups
        shared = groups > width == 1 or geometry.reduction >= THIN * axes[0].taps
        columns = Columns.of(device, x, axes, shared)
        if columns.crowded:

            def of_block(block: slice) -> Array:
                sides = packed(device, "x", x[block]), packed(device, "dy", dy[block])
                return self.kernel_gradient(device, *sides, geometry)

            return _sum(device.spread(of_block, _blocks(device, x, axes)))
        taps = geometry.window.kernel_size[0] if columns.overlapping else 1
        depth = geometry.reduction // taps
        every = tiles(columns, len(x))
        lanes = min(len(every), LANES)
        kept = "float32" if x.dtype.itemsize < NARROW else x.dtype

        def add_up(lane: int) -> Array:
            total = xp.empty((taps, groups, depth, width), dtype=kept)
            part = device.workspace.take("kernel", total.shape[1:], total.dtype)
            mine = every[len(every) * lane // lanes : len(every) * (lane + 1) // lanes]
            for tile in mine:
                rows = _flat(device, columns, dy[tile.samples, :, tile.rows], groups)
                matrices = for_gradients(device, columns, x, tile, groups)
                for matrix, so_far in zip(matrices, total, strict=True):
                    _contract(device, matrix, rows, so_far if tile is mine[0] else part)
                    if tile is not mine[0]:
                        so_far += part
            return total

        first = _sum(device.spread(add_up, range(lanes)))
        # (tap of the row, G, D, other taps, F) -> (G, F, D, tap of the row, other taps)
        first = first.reshape(taps, groups, geometry.channels // groups, -1, width)
        gradient = xp.ascontiguousarray(first.transpose(1, 4, 2, 0, 3), dtype=x.dtype)
        return gradient.reshape(geometry.kernel_shape)


def _grouped(kernel: Array, geometry: Geometry) -> Array:
    """(G*F, D, *kernel_size) -> (G, F, D, *kernel_size)."""
    return kernel.reshape(geometry.groups, -1, *kernel.shape[1:])


def _sends_back(geometry: Geometry) -> bool:
    """Whether adding columns up is faster than products so thin, or with so much padding."""
    depth, width = geometry.channels // geometry.groups, geometry.filters // geometry.groups
    growth = math.prod(geometry.window.input_size) / math.prod(geometry.window.output_size)
    growth /= math.prod(geometry.window.strides)
    return (1 + SLOW / depth) * growth > 1 + SLOW / width + ADDITION / width


def _correlate(device: Device, x: Array, weights: Array, axes: tuple[Axis, ...], y: Array) -> None:
    """Let y (N, G*F, *outputs) be what weights (G, F, D, *taps) make of x (N, G*D, *inputs)."""
    columns = Columns.of(device, x, axes, least=ENOUGH)
    if columns.crowded:

        def of_block(block: slice) -> None:
            _correlate(device, packed(device, "x", x[block]), weights, axes, y[block])

        device.spread(of_block, _blocks(device, x, axes))
        return
    groups, width = weights.shape[:2]
    if columns.overlapping:
        weights = weights.transpose(0, 1, 3, 2, *range(4, weights.ndim))
    matrix = device.xp.ascontiguousarray(weights).reshape(groups, 1, width, -1)

    def multiply(tile: Tile) -> None:
        stack = for_kernels(device, columns, x, tile, groups)
        rows = rows_of(columns, y[tile.samples, :, tile.rows], groups)
        shape = (*rows.shape[:3], stack.shape[3])
        if in_a_row(rows, 3):
            _matmul(device, matrix, stack, rows.reshape(shape))
        else:
            room = device.workspace.take("rows", shape, y.dtype)
            _matmul(device, matrix, stack, room)
            rows[...] = room.reshape(rows.shape)

    device.spread(multiply, tiles(columns, len(x)))


def _send_back(device: Device, dy: Array, kernel: Array, axes: tuple[Axis, ...], dx: Array) -> None:
    """Let dx (N, G*D, *inputs) be what kernels (G, F, D, *taps) send back of dy (N, G*F, *outputs).

    One product gives the columns' gradient, whose taps are added up one after the other. Each tile
    of the input takes the rows of the output that reach it, and is worked on by one thread alone.
    """
    columns = Columns.of(device, dx, axes, shared=False)
    if columns.crowded:

        def of_block(block: slice) -> None:
            part = packing_room(device, "x", dx[block])
            _send_back(device, packed(device, "dy", dy[block]), kernel, axes, part)
            dx[block] = part

        device.spread(of_block, _blocks(device, dy, axes))
        return
    groups, width = kernel.shape[:2]
    matrix = kernel.reshape(groups, width, -1).swapaxes(1, 2)  # (G, D*K, F)

    def send(tile: Tile) -> None:
        part = sent(device, columns, tile, groups, dx.shape[1] // groups, dy.dtype)
        rows = _flat(device, columns, dy[tile.samples, :, part.outputs], groups)
        _matmul(device, matrix, rows, part.matrix)
        part.collecting.collect(by_group(dx[tile.samples, :, part.inputs], groups))

    device.spread(send, tiles(columns, len(dx)))


def _flat(device: Device, columns: Columns, dy: Array, groups: int) -> Array:
    """(n, G*F, *outputs) -> (G, F, columns)."""
    view = flat(columns, dy, groups)
    if not in_a_row(view, 2):
        room = device.workspace.take("rows", view.shape, dy.dtype)
        room[...] = view
        view = room
    return view.reshape(*view.shape[:2], -1)


def _blocks(device: Device, x: Array, axes: tuple[Axis, ...]) -> list[slice]:
    """The parts of a batch whose samples are interleaved together: as large as tiles, or larger."""
    taken = x.shape[1] * x.dtype.itemsize * math.prod(a.taps * a.outputs for a in axes)
    count = _block_count(device, len(x), taken)
    return [slice(len(x) * i // count, len(x) * (i + 1) // count) for i in range(count)]


def _block_count(device: Device, batch: int, columns: int) -> int:
    """Blocks have 16 samples or more, and there are no more of them than lanes."""
    return max(min(batch // 16, LANES, batch * columns // device.tile_bytes), 1)


def _sum(parts: list[Array]) -> Array:
    """The parts' sum, added up in their order, in the first of them."""
    first, *others = parts
    for other in others:
        first += other
    return first


def _contract(device: Device, a: Array, b: Array, out: Array) -> None:
    """``out = a @ b.T``, group by group.

    Of matrices and vectors, BLAS takes the memory for each product from one place, and threads wait
    there for each other.
    """
    if len(b) > b.shape[1] == 1:
        out[...] = device.einsum("gkn,gfn->gkf", widened(a), widened(b))
    else:
        _matmul(device, a, b.swapaxes(1, 2), out)


def _matmul(device: Device, a: Array, b: Array, out: Array) -> None:
    """``out = a @ b``; a single pair as a plain 2-D product, the fastest."""
    if out.size == out.shape[-2] * out.shape[-1]:
        a, b, out = (array.reshape(array.shape[-2:]) for array in (a, b, out))
    device.matmul(a, b, out=out)
