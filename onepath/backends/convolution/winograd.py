"""Convolution with 3x3 kernels by minimal filtering: fewer products, more additions.

Along one axis, m outputs of three taps take m + 2 products instead of 3 m. With ``d`` the m + 2
inputs that they see and ``g`` the taps,

    y = A.T @ ((G @ g) * (B.T @ d))

(S. Winograd, "Arithmetic Complexity of Computations", SIAM, 1980; for networks A. Lavin, S. Gray,
"Fast Algorithms for Convolutional Neural Networks", 2016, arXiv:1509.09308). For two axes the
matrices are Kronecker products: tiles of 2x2 outputs take 16 products instead of 36, tiles of 4x4
take 36 instead of 144. The sum over channels comes before ``A.T`` and makes them matrix products.

Rounding
--------
What is large in a tile touches all of its outputs, not only its neighbours. Let u be the unit
roundoff, D the channels that are summed, and k = D + 82 the roundings on the way to an output: 36,
9, D and 36 in the four products of matrices, 1 in the entries of G. Its error is below

    k u e_h e_w max|d| sum|g|,    e = max_i sum_t |A_ti| sum_j |B_jt| max_l |G_tl|

with the tile's largest input and the sum over its kernel's taps (N. Higham, "Accuracy and Stability
of Numerical Algorithms", 2nd ed., 2002, section 3.5, for each product), and with all likelihood
below ``8 sqrt(k)`` instead of k (N. Higham, T. Mary, SIAM J. Sci. Comput. 41 (2019) A2815). Direct
summation has e = 1. Tiles of 2 have e = 4; tiles of 4 have 29.4 with the points 0, 1, -1, 2, -2
that are mostly taken, and 15.5 with those taken here. How points decide on errors was studied by
B. Barabasz et al., ACM Trans. Math. Softw. 46 (2020) 37, arXiv:1803.10986. The kernel's gradient
has max|d| and sum|dy| of each tile, added up over tiles, and e = 4 or 16.3.
"""

import math
from collections.abc import Iterable, Iterator
from fractions import Fraction
from functools import lru_cache
from itertools import product
from typing import Any, NamedTuple

from ..types import Array, DType
from .engine import Cost, Device, Engine
from .geometry import Geometry, Ints, Window
from .strides import batch_last
from .windows import like, pad, patches

_TAPS = 3

_POINTS = {
    2: (Fraction(-1), Fraction(0), Fraction(1)),
    4: (Fraction(-3, 2), Fraction(-3, 4), Fraction(0), Fraction(3, 4), Fraction(3, 2)),
}
"""Where polynomials are evaluated, by the tile's outputs; infinity comes to them.

For 4, of some ten sets whose A and B are exact in float32, the one that rounds least.
"""

_COLUMN_BYTES = 4096
"""A block has a column for so many of the device's ``tile_bytes``: 512 make products large."""

_STEP = 2
"""How much memory each array of a step in a block takes, in units of ``tile_bytes``."""

_SHARES = 16
"""Into how many parts the sum over blocks is cut for the kernel's gradient, at most."""


class WinogradEngine(Engine):
    """Minimal filtering in tiles of 2 or 4 outputs along each axis.

    Written with T products and m outputs of a tile, G groups, D channels and F filters in each, and
    P tiles in a block, its columns, all is copies and matrix products:

    - forward transforms the kernels, (T, 9) @ (9, G*F*D), and the inputs, (T, T) @ (T, G*D*P),
      multiplies them, (F, D) @ (D, P) for each of T, and makes outputs, (m, T) @ (T, G*F*P),
    - the input's gradient is the same for dy, with kernels flipped and transposed,
    - the kernel's gradient is the adjoint: it transforms dy, (T, m) @ (m, G*F*P), multiplies,
      (F, P) @ (P, D) for each of T, adds up over blocks, and ends with (G*F*D, T) @ (T, 9).
    """

    name = "winograd"
    normwise = True

    def refusal(self, device: Device, geometry: Geometry, dtype: DType) -> str | None:
        """Refuse all but dense 3x3 kernels that move by 1, and float16."""
        window = geometry.window
        if window.kernel_size != (_TAPS, _TAPS):
            return f"it is for kernels of (3, 3), not {window.kernel_size}"
        if window.strides != (1, 1) or window.dilation != (1, 1):
            return (
                f"it is for strides and dilation (1, 1), not {window.strides} and {window.dilation}"
            )
        if device.xp.dtype(dtype).itemsize < 4:
            return f"{dtype} has too few digits: it adds and subtracts terms beyond the results"
        return None

    def workspace(self, device: Device, geometry: Geometry, batch: int, dtype: DType) -> int:
        """What a thread takes: transformed kernels, twice, a block's input and dy, three steps."""
        itemsize = int(device.xp.dtype(dtype).itemsize)
        window, kernels = geometry.window, math.prod(geometry.kernel_shape) // _TAPS**2
        products, column = 0, 0
        for tiling in map(_Tiling.over, (window.output_size, window.input_size)):
            tiles = batch * math.prod(tiling.counts)
            products = max(products, tiling.products)
            column = max(column, tiling.products * min(tiles, _limit(device, tiles)))
        image = max(geometry.channels, geometry.filters) * column
        step = max(column, min(image, _STEP * device.tile_bytes // itemsize))
        size = 2 * products * kernels + image + geometry.filters * column + 3 * step
        return size * itemsize

    def cost(
        self, device: Device, operation: str, geometry: Geometry, batch: int, dtype: DType
    ) -> Cost:
        """The matrix products; what is cut, put together and transformed; calls for each step."""
        itemsize = int(device.xp.dtype(dtype).itemsize)
        window, depth = geometry.window, geometry.channels // geometry.groups
        width, kernels = geometry.filters // geometry.groups, geometry.filters * depth
        sources, targets, size = geometry.channels, geometry.filters, window.output_size
        if operation == "input_gradient":
            sources, targets, size = targets, sources, window.input_size
        tiling = _Tiling.over(size)
        products, outputs = tiling.products, math.prod(tiling.outputs)
        tiles = batch * math.prod(tiling.counts)
        columns = min(tiles, _limit(device, tiles))
        blocks = tiles / columns
        flops = (
            products * geometry.groups * blocks * _flops(width, depth, columns)
            + _flops(products, products, sources * tiles)
            + _flops(products, outputs, targets * tiles)
            + _flops(products, _TAPS**2, kernels)
        )
        short_runs = 1 + 8 / max(8, batch)
        images = short_runs * products * sources * tiles + outputs * targets * tiles
        moved = 2.5 * itemsize * (images + products * kernels * (1 + blocks) / 2)
        steps = products * (sources + targets) * tiles * itemsize / (_STEP * device.tile_bytes)
        return Cost(flops, moved, 30.0 * (1 + blocks + steps))

    def forward(self, device: Device, x: Array, kernel: Array, geometry: Geometry) -> Array:
        """See `Backend.conv`."""
        y = like(device.xp, (len(x), *geometry.output_shape), x)
        tiling = _Tiling.over(geometry.window.output_size)
        matrices = _matrices(device.xp, device.name, tiling.outputs, x.dtype)
        weights = _weights(device, kernel, matrices.kernel, geometry)
        _convolve(device, x, weights, _before(geometry), y, tiling)
        return y

    def input_gradient(self, device: Device, dy: Array, kernel: Array, geometry: Geometry) -> Array:
        """See `Backend.conv_input_gradient`."""
        dx = like(device.xp, (len(dy), *geometry.input_shape), dy)
        tiling = _Tiling.over(geometry.window.input_size)
        matrices = _matrices(device.xp, device.name, tiling.outputs, dy.dtype)
        weights = _weights(device, kernel, matrices.kernel[:, ::-1], geometry).swapaxes(2, 3)
        before = tuple(_TAPS - 1 - padding for padding in _before(geometry))
        _convolve(device, dy, weights, before, dx, tiling)
        return dx

    def kernel_gradient(self, device: Device, x: Array, dy: Array, geometry: Geometry) -> Array:
        """See `Backend.conv_kernel_gradient`."""
        tiling = _Tiling.over(geometry.window.output_size)
        matrices = _matrices(device.xp, device.name, tiling.outputs, x.dtype)
        width, depth = geometry.filters // geometry.groups, geometry.channels // geometry.groups
        shape = (tiling.products, geometry.groups, width, depth)
        before = _before(geometry)

        def add_up(blocks: list[_Block]) -> Array:
            total = device.workspace.take("weights", shape, x.dtype)
            part = device.workspace.take("part", shape, x.dtype)
            total.fill(0)
            for block in blocks:
                inputs = _transformed(
                    device, "inputs", matrices.input, x, block, tiling.inputs, before
                )
                gradients = _transformed(
                    device, "gradients", matrices.output.T, dy, block, tiling.outputs, (0, 0)
                )
                for g in range(geometry.groups):
                    rows = gradients[:, g * width : (g + 1) * width]
                    columns = inputs[:, g * depth : (g + 1) * depth]
                    device.matmul(rows, columns.swapaxes(1, 2), out=part[:, g])
                total += part
            return device.matmul(total.reshape(tiling.products, -1).T, matrices.kernel)

        blocks = _blocks(device, x, tiling)
        shares = _slices(len(blocks), math.ceil(len(blocks) / _SHARES))
        dk, *others = device.spread(add_up, [blocks[share] for share in shares])
        for other in others:
            dk += other
        return dk.reshape(geometry.kernel_shape)


class _Matrices(NamedTuple):
    """G, B.T and A.T, for both axes."""

    kernel: Array
    input: Array
    output: Array


class _Tiling(NamedTuple):
    """How many outputs a tile has along each axis, and how many tiles there are."""

    outputs: Ints
    counts: Ints

    @classmethod
    def over(cls, size: Ints) -> "_Tiling":
        """Take the fewest products; of equals the smaller tiles, which round less."""
        outputs = tuple(min(_POINTS, key=lambda m: -(-n // m) * (m + _TAPS - 1)) for n in size)
        return cls(outputs, tuple(-(-n // m) for n, m in zip(size, outputs, strict=True)))

    @property
    def inputs(self) -> Ints:
        """How many inputs a tile sees along each axis."""
        return tuple(m + _TAPS - 1 for m in self.outputs)

    @property
    def products(self) -> int:
        """How many products a tile takes: as many as it sees inputs."""
        return math.prod(self.inputs)


class _Block(NamedTuple):
    """Tiles that are worked on at a time."""

    samples: slice
    tiles: tuple[slice, slice]
    outputs: Ints
    batch_last: bool

    @property
    def counts(self) -> Ints:
        """How many tiles of a sample along each axis."""
        return tuple(each.stop - each.start for each in self.tiles)

    @property
    def columns(self) -> int:
        """How many tiles of all samples."""
        return int(self.samples.stop - self.samples.start) * math.prod(self.counts)

    def arranged(self, room: Array, leading: Ints, size: Ints) -> Array:
        """View memory as (*leading, n, *size); samples are innermost if they are in the images."""
        n, k = self.samples.stop - self.samples.start, len(leading)
        if self.batch_last:
            return room.reshape(*leading, *size, n).transpose(*range(k), k + 2, k, k + 1)
        return room.reshape(*leading, n, *size)


def _convolve(
    device: Device, source: Array, weights: Array, before: Ints, target: Array, tiling: _Tiling
) -> None:
    """Fill the target with the source's convolution, before which so much is padded, or cut."""
    xp, take, dtype = device.xp, device.workspace.take, source.dtype
    matrices = _matrices(device.xp, device.name, tiling.outputs, dtype)
    products, groups, width, depth = weights.shape

    def fill(block: _Block) -> None:
        inputs = _transformed(
            device, "inputs", matrices.input, source, block, tiling.inputs, before
        )
        step = _step(device, products * block.columns, dtype)
        for g, part in product(range(groups), _slices(width, step)):
            filters = slice(g * width + part.start, g * width + part.stop)
            channels = slice(g * depth, (g + 1) * depth)
            room = take("products", (products, part.stop - part.start, block.columns), dtype)
            device.matmul(weights[:, g, part], inputs[:, channels], out=room)
            room = room.reshape(products, -1)
            tiles = take("columns", (len(matrices.output), room.shape[1]), dtype)
            device.matmul(matrices.output, room, out=tiles)
            _put(xp, tiles, target[block.samples, filters], block)

    device.spread(fill, _blocks(device, source, tiling))


def _weights(device: Device, kernel: Array, matrix: Array, geometry: Geometry) -> Array:
    """(G*F, D, 3, 3) -> (T, G, F, D)."""
    rows = kernel.reshape(-1, _TAPS**2)
    weights = device.workspace.take("weights", (len(matrix), len(rows)), kernel.dtype)

    def transform(part: slice) -> None:
        device.matmul(matrix, rows[part].T, out=weights[:, part])

    device.spread(transform, _slices(len(rows), _step(device, len(matrix), kernel.dtype)))
    return weights.reshape(len(matrix), geometry.groups, -1, kernel.shape[1])


def _transformed(
    device: Device,
    name: str,
    matrix: Array,
    source: Array,
    block: _Block,
    taps: Ints,
    before: Ints,
) -> Array:
    """Transform what a block's tiles see of all channels, into (T, C, P)."""
    channels, columns = source.shape[1], block.columns
    room = device.workspace.take(name, (len(matrix), channels * columns), source.dtype)
    for part in _slices(channels, _step(device, math.prod(taps) * columns, source.dtype)):
        tiles = _cut(device, source[block.samples, part], block, taps, before)
        place = slice(part.start * columns, part.stop * columns)
        device.matmul(matrix, tiles, out=room[:, place])
    return room.reshape(len(matrix), channels, columns)


def _cut(device: Device, source: Array, block: _Block, taps: Ints, before: Ints) -> Array:
    """Copy what a block's tiles see, into (taps, C*P)."""
    take, (n, channels, *size) = device.workspace.take, source.shape
    seen, pads = zip(*map(_seen, block.tiles, block.outputs, taps, before, size), strict=True)
    source = source[(..., *seen)]
    window = Window(source.shape[2:], taps, block.outputs, pads, (1, 1))
    if window.padded:
        room = take("padded", (channels * n * math.prod(window.padded_size),), source.dtype)
        # (C, n, *padded_size)
        room = block.arranged(room, (channels,), window.padded_size)
        source = pad(device.xp, source, window, out=room.swapaxes(0, 1))
    columns = take("columns", (math.prod(taps), channels * block.columns), source.dtype)
    # (n, C, *taps, *counts) -> (*taps, C, n, *counts)
    tiles = patches(device.xp, source, window).transpose(2, 3, 1, 0, 4, 5)
    block.arranged(columns, (*taps, channels), block.counts)[...] = tiles
    return columns


def _seen(
    tiles: slice, step: int, taps: int, before: int, size: int
) -> tuple[slice, tuple[int, int]]:
    """Which part of an axis some tiles see, and how far they see beyond it on both sides."""
    start, stop = tiles.start * step - before, (tiles.stop - 1) * step + taps - before
    first, last = (min(max(place, 0), size) for place in (start, stop))
    return slice(first, last), (first - start, stop - last)


def _put(xp: Any, tiles: Array, target: Array, block: _Block) -> None:
    """Copy a block's outputs, (m, F*P), to where they belong; what sticks out is left away."""
    filters, size = target.shape[1], target.shape[2:]
    # (*outputs, F, n, *counts) -> (n, F, *outputs, *counts)
    arranged = block.arranged(tiles, (*block.outputs, filters), block.counts)
    arranged = arranged.transpose(3, 2, 0, 1, 4, 5)
    axes = map(_whole_and_cut, block.tiles, block.outputs, size)
    for (rows, height, h), (columns, width, w) in product(*axes):
        part = target[:, :, rows, columns]
        places = patches(xp, part, Window(part.shape[2:], (h, w), (h, w), ((0, 0),) * 2, (1, 1)))
        places[...] = arranged[:, :, :h, :w, height, width]


def _whole_and_cut(tiles: slice, step: int, size: int) -> Iterator[tuple[slice, slice, int]]:
    """Outputs of whole tiles, which tiles, and their length; the same of one that sticks out."""
    whole = min(tiles.stop, size // step)
    if tiles.start < whole:
        yield slice(tiles.start * step, whole * step), slice(0, whole - tiles.start), step
    if whole < tiles.stop:
        yield slice(whole * step, size), slice(whole - tiles.start, None), size - whole * step


def _blocks(device: Device, source: Array, tiling: _Tiling) -> list[_Block]:
    """Blocks of up to `_limit` columns, long along what is inner in memory."""
    interleaved = batch_last(source)
    lengths = (len(source), *tiling.counts)
    room, steps = _limit(device, math.prod(lengths)), [1, 1, 1]
    for axis in (0, 2, 1) if interleaved else (2, 1, 0):
        pieces = -(-lengths[axis] // max(1, room))
        steps[axis] = -(-lengths[axis] // pieces)
        room //= steps[axis]
    return [
        _Block(samples, (rows, columns), tiling.outputs, interleaved)
        for samples, rows, columns in product(*map(_slices, lengths, steps))
    ]


def _slices(length: int, step: int) -> list[slice]:
    return [slice(start, min(start + step, length)) for start in range(0, length, step)]


def _limit(device: Device, tiles: int) -> int:
    """How many columns a block has at most: less where that makes blocks for several threads."""
    full = max(1, device.tile_bytes // _COLUMN_BYTES)
    return min(full, max(tiles, full) // 4 + 1)


def _step(device: Device, size: int, dtype: DType) -> int:
    """How many arrays of this size a step takes at a time."""
    return int(max(1, _STEP * device.tile_bytes // (size * device.xp.dtype(dtype).itemsize)))


def _before(geometry: Geometry) -> Ints:
    return tuple(before for before, _ in geometry.window.pads)


def _flops(m: int, k: int, n: float) -> float:
    """What (m, k) @ (k, n) is worth: BLAS takes as long as if lengths were about 8 more."""
    return 2.0 * m * k * n * (1 + 8 / m + 8 / k + 8 / n)


@lru_cache(maxsize=64)
def _matrices(xp: Any, device: str, outputs: Ints, dtype: DType) -> _Matrices:
    """The matrices on the device of that name, filled in there: nothing is copied to it."""
    axes = zip(*map(_interpolation, outputs), strict=True)
    pairs = ([_filled(xp, rows) for rows in each] for each in axes)
    return _Matrices(*(xp.kron(*pair).astype(dtype) for pair in pairs))


def _filled(xp: Any, rows: list[list[Fraction]]) -> Array:
    matrix = xp.empty((len(rows), len(rows[0])), dtype="float64")
    for i, row in enumerate(rows):
        for j, entry in enumerate(row):
            matrix[i, j] = float(entry)
    return matrix


def _interpolation(outputs: int) -> tuple[list[list[Fraction]], ...]:
    """G, B.T and A.T along an axis: the transpose of Toom's and Cook's product of polynomials.

    That evaluates two polynomials at points, multiplies the values, and interpolates, by Lagrange's
    formula: its products ``prod (x - q)`` over the other points are B, their values at the points
    are divided out of G, and the leading coefficient is the value at infinity.
    """
    points = _POINTS[outputs]
    zero, one = Fraction(0), Fraction(1)
    kernel, inputs = [], []
    for point in points:
        others = [other for other in points if other != point]
        scale = math.prod(point - other for other in others)
        kernel.append([point**power / scale for power in range(_TAPS)])
        inputs.append([*_with_roots(others), zero])
    kernel.append([zero] * (_TAPS - 1) + [one])
    inputs.append(_with_roots(points))
    output = [[point**power for point in points] + [zero] for power in range(outputs)]
    output[-1][-1] = one
    return kernel, inputs, output


def _with_roots(roots: Iterable[Fraction]) -> list[Fraction]:
    """The coefficients of ``prod (x - root)``, that of 1 first."""
    coefficients = [Fraction(1)]
    for root in roots:
        shifted, scaled = [Fraction(0), *coefficients], [*coefficients, Fraction(0)]
        coefficients = [a - root * b for a, b in zip(shifted, scaled, strict=True)]
    return coefficients
