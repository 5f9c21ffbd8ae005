"""How the Fourier engine cuts a convolution into tiles and pieces, and what that takes."""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import count, product
from typing import NamedTuple, TypeAlias

from ..types import DType
from .engine import Cost, Device
from .geometry import Geometry, Ints

Slices: TypeAlias = tuple[slice, ...]
Starts: TypeAlias = list[Ints]
"""Where tiles begin in the result."""

KEPT = 64
"""How many times a device's `tile_bytes` the transforms may take that are kept at a time."""

SHARE = 8
"""Into how many pieces of work `tile_bytes` is divided."""

WAVES = 1 << 18
"""Up to how many numbers a matrix of waves may have."""

SIZES = (1.25, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0, 16.0, 24.0, 32.0, 64.0)
"""Lengths of transforms that are considered, as multiples of the kernel's."""


class Axis(NamedTuple):
    """A spatial axis of ``result[i] = sum_t source[i + t - before] * kernel[t]``.

    Places are counted as if strides and dilation were 1; elements lie a step apart on them.

    Attributes
    ----------
    sources, source_step : int
        How many elements the source has, and how far they lie apart.
    before : int
        How many zeros come before them; if negative, how many places are left out.
    span : int
        How many places the kernel spans.
    results, result_step : int
        How many results there are, and how far they lie apart.
    """

    sources: int
    source_step: int
    before: int
    span: int
    results: int
    result_step: int

    @property
    def extent(self) -> int:
        """How many places the result spans."""
        return (self.results - 1) * self.result_step + 1

    @property
    def whole(self) -> int:
        """The shortest transform that gives all results at once.

        It is cyclic, so that the zeros before the source serve as those behind it, too.
        """
        reach = self.extent + self.span - 1
        behind = reach - self.before - (self.sources - 1) * self.source_step - 1
        return max(reach - max(0, min(self.before, behind)), self.extent, self.span)


class Tiling(NamedTuple):
    """A result in tiles.

    Attributes
    ----------
    axes : tuple of Axis
        The spatial axes.
    lengths : tuple of int
        The lengths of the transforms.
    extents : tuple of int
        How many places of the result a tile has.
    """

    axes: tuple[Axis, ...]
    lengths: Ints
    extents: Ints

    @property
    def frequencies(self) -> int:
        """How many complex numbers a real transform has."""
        return math.prod(self.lengths[:-1]) * (self.lengths[-1] // 2 + 1)

    def starts(self) -> Starts:
        """Where the tiles begin."""
        axes = zip(self.axes, self.extents, strict=True)
        return list(product(*(range(0, axis.extent, step) for axis, step in axes)))

    def source(self, start: Ints) -> tuple[Slices, Slices]:
        """The source's elements that a tile reads, and their places in its transform."""
        return _split(
            _met(axis.sources, axis.source_step, first - axis.before, extent + axis.span - 1)
            for axis, first, extent in zip(self.axes, start, self.extents, strict=True)
        )

    def result(self, start: Ints) -> tuple[Slices, Slices]:
        """The result's elements that lie in a tile, and their places in its transform."""
        return _split(
            _met(axis.results, axis.result_step, first, extent)
            for axis, first, extent in zip(self.axes, start, self.extents, strict=True)
        )


def _split(pairs: Iterable[tuple[slice, slice]]) -> tuple[Slices, Slices]:
    elements, places = zip(*pairs, strict=True)
    return elements, places


def _met(elements: int, step: int, first: int, extent: int) -> tuple[slice, slice]:
    """Which elements lie on places from ``first`` on; and where, counted from there."""
    begin = max(0, -(-first // step))
    end = max(begin, min(elements, -(-(first + extent) // step)))
    place = begin * step - first
    return slice(begin, end), slice(place, place + (end - begin) * step, step)


class Block(NamedTuple):
    """Kernels whose transforms are kept at a time.

    Attributes
    ----------
    groups, filters : slice
        Some groups, and which filters of each.
    sources, targets : slice
        The channels that they read and write.
    """

    groups: slice
    filters: slice
    sources: slice
    targets: slice


class Piece(NamedTuple):
    """What one thread transforms at a time.

    Attributes
    ----------
    start : tuple of int
        Where the tile begins.
    samples, channels : slice
        Of which samples and channels.
    segments : slice
        Where these tiles stand among those that are kept.
    """

    start: Ints
    samples: slice
    channels: slice
    segments: slice


@dataclass(frozen=True)
class Plan:
    """One of the three operations, cut into tiles, blocks and pieces.

    Attributes
    ----------
    tiling : Tiling
        The tiles.
    transposed : bool
        Whether kernels are the result, and targets are given.
    matrices : bool
        Whether sums are matrix products, one for each frequency. These want a frequency's numbers
        side by side in memory, which pays if the matrices are large.
    kernel_size, dilation : tuple of int
        As in `Window`.
    batch, groups : int
        How many samples and groups there are.
    depth, width : int
        How many channels a group reads and writes.
    real : int
        Bytes of a real number.
    kept, share : int
        Bytes of all transforms that are kept at a time, and of a piece.
    """

    tiling: Tiling
    transposed: bool
    matrices: bool
    kernel_size: Ints
    dilation: Ints
    batch: int
    groups: int
    depth: int
    width: int
    real: int
    kept: int
    share: int

    @staticmethod
    def of(device: Device, operation: str, geometry: Geometry, batch: int, dtype: DType) -> "Plan":
        """Return the plan predicted to be the fastest.

        Parameters
        ----------
        device : Device
            Where it will be carried out.
        operation : str
            One of `OPERATIONS`.
        geometry : Geometry
            The shapes.
        batch : int
            How many samples there are.
        dtype : dtype
            The arrays' dtype.

        Returns
        -------
        Plan
            The same for the same arguments.
        """
        real = device.xp.dtype(dtype).itemsize
        return _fastest(operation, geometry, batch, real, device.tile_bytes)

    @property
    def places(self) -> Slices:
        """Where the taps of a kernel lie in its transform."""
        axes = zip(self.kernel_size, self.dilation, strict=True)
        return tuple(slice(0, (taps - 1) * step + 1, step) for taps, step in axes)

    @property
    def short(self) -> bool:
        """Whether a matrix of waves does for each axis of a kernel."""
        axes = zip(self.kernel_size, self.tiling.lengths, strict=True)
        return all(taps * length <= WAVES for taps, length in axes)

    @property
    def _plane(self) -> int:
        """Bytes of a transform."""
        return 2 * self.real * self.tiling.frequencies

    @property
    def piece(self) -> int:
        """How many transforms are a piece of work."""
        return max(1, self.share // self._plane)

    @cached_property
    def _filters(self) -> int:
        """Of how many filters the kernels are kept at a time."""
        return min(self.groups * self.width, max(1, self.kept // 2 // (self.depth * self._plane)))

    @cached_property
    def _segments(self) -> int:
        """How many tiles, counted over samples, are kept at a time."""
        channels = self._filters + max(1, self._filters // self.width) * self.depth
        return min(
            self.batch * len(self.tiling.starts()),
            max(1, self.kept // 2 // (channels * self._plane)),
        )

    @property
    def _planes(self) -> tuple[int, int, int]:
        """Of how many kernels, sources and targets transforms are kept at a time."""
        groups = max(1, self._filters // self.width)
        return (
            self._filters * self.depth,
            groups * self.depth * self._segments,
            self._filters * self._segments,
        )

    @property
    def _sum(self) -> int:
        """Bytes of a sum at one frequency."""
        kernels, _, targets = self._planes
        return (kernels if self.transposed else targets) * 2 * self.real

    @property
    def chunk(self) -> int:
        """How many frequencies are summed at a time."""
        return max(64, 4 * self.share // self._sum)

    @property
    def rooms(self) -> Ints:
        """Bytes of transforms of kernels, sources, targets; of real tiles; of a chunk of sums."""
        return (
            *(planes * self._plane for planes in self._planes),
            self.piece * math.prod(self.tiling.lengths) * self.real,
            min(self.chunk, self.tiling.frequencies) * self._sum,
        )

    @cached_property
    def cost(self) -> Cost:
        """What the plan takes; the constants are fitted to measurements."""
        moved, calls = self._tiles()
        flops, extra, more = self._sums()
        products, filled = self._kernels()
        return Cost(flops + products, moved + extra + filled, 60.0 + calls + more)

    def _tiles(self) -> tuple[float, float]:
        """Bytes and calls of the tiles' transforms; sources are read again for other filters."""
        sources = self.groups * self.depth * -(-self.width // self._filters)
        targets = self.groups * self.width
        tiles, size = len(self.tiling.starts()), math.prod(self.tiling.lengths)
        pieces = sum(-(-self.batch * planes // self.piece) for planes in (sources, targets))
        passes = 31.0 * len(self.tiling.lengths) + 4.0 * self.real
        return tiles * self.batch * (sources + targets) * size * passes, 35.0 * tiles * pieces

    def _kernels(self) -> tuple[float, float]:
        """Products and bytes of the kernels' transforms."""
        pairs = self.groups * self.width * self.depth
        lengths, taps = self.tiling.lengths, self.kernel_size
        if not self.short:
            return 0.0, 70.0 * len(lengths) * math.prod(lengths) * pairs
        width = lengths[-1] // 2 + 1
        flops = 4.0 * math.prod(taps) * width
        for axis in reversed(range(len(lengths) - 1)):
            flops += 8.0 * math.prod(taps[: axis + 1]) * lengths[axis] * width
            width *= lengths[axis]
        return flops * pairs, 2.0 * self._plane * pairs

    def _sums(self) -> tuple[float, float, float]:
        """Flops, bytes and calls of the products at each frequency."""
        pairs = self.groups * self.width * self.depth
        segments = self.batch * len(self.tiling.starts())
        frequencies = self.tiling.frequencies
        products = pairs * segments * frequencies
        blocks = -(-self.groups * self.width // self._filters) * -(-segments // self._segments)
        chunks = blocks * -(-frequencies // self.chunk)
        if self.matrices:
            planes = segments * self.groups * (self.width + self.depth) + pairs
            return 4.0 * self.real * products, 3.6 * self._plane * planes, 35.0 * chunks
        summed = self._segments if self.transposed else self.depth
        return 0.0, 4.0 * self.real * products, (25.0 + 7.0 * summed) * chunks

    def kernel_blocks(self) -> Iterator[Block]:
        """Which kernels are transformed at a time."""
        for groups, filters in _blocks(self.groups, self.width, self._filters):
            first = groups.start * self.width
            yield Block(
                groups,
                filters,
                slice(groups.start * self.depth, groups.stop * self.depth),
                slice(
                    first + filters.start,
                    first + (groups.stop - groups.start - 1) * self.width + filters.stop,
                ),
            )

    def segment_blocks(self) -> Iterator[tuple[Starts, slice]]:
        """Which tiles of which samples are transformed at a time."""
        starts = self.tiling.starts()
        for tiles, samples in _blocks(len(starts), self.batch, self._segments):
            yield starts[tiles], samples

    def pieces(self, channels: int, samples: int, starts: Starts) -> list[Piece]:
        """Cut a block's tiles into pieces."""
        return [
            Piece(start, some, these, slice(i * samples + some.start, i * samples + some.stop))
            for i, start in enumerate(starts)
            for these, some in _blocks(channels, samples, self.piece)
        ]


def ranges(length: int, step: int) -> list[slice]:
    """Cut a range into such of some length, the last one being shorter."""
    return [slice(i, min(i + step, length)) for i in range(0, length, step)]


def _blocks(rows: int, columns: int, most: int) -> Iterator[tuple[slice, slice]]:
    """Cut a table into blocks of so many cells at most: of whole rows, or of parts of one."""
    return product(ranges(rows, max(1, most // columns)), ranges(columns, most))


@lru_cache(maxsize=1024)
def _fastest(operation: str, geometry: Geometry, batch: int, real: int, tile_bytes: int) -> Plan:
    every = plans(operation, geometry, batch, real, tile_bytes)
    return min(every, key=lambda plan: _seconds(plan.cost))


def plans(
    operation: str, geometry: Geometry, batch: int, real: int, tile_bytes: int
) -> Iterator[Plan]:
    """All plans that are considered; see `Plan.of`."""
    window, groups = geometry.window, geometry.groups
    depth, width = geometry.channels // groups, geometry.filters // groups
    axes = _axes(geometry)
    if operation == "input_gradient":
        axes, depth, width = tuple(map(_backwards, axes)), width, depth
    for tiling, matrices in product(_tilings(axes), (False, True)):
        yield Plan(
            tiling,
            operation == "kernel_gradient",
            matrices,
            window.kernel_size,
            window.dilation,
            batch,
            groups,
            depth,
            width,
            real,
            KEPT * tile_bytes,
            tile_bytes // SHARE,
        )


def _axes(geometry: Geometry) -> tuple[Axis, ...]:
    """The output as a correlation of the input with the kernel."""
    window = geometry.window
    return tuple(
        Axis(size, 1, before, span, outputs, stride)
        for size, (before, _), span, outputs, stride in zip(
            window.input_size,
            window.pads,
            window.extent,
            window.output_size,
            window.strides,
            strict=True,
        )
    )


def _backwards(axis: Axis) -> Axis:
    """The input's gradient as a correlation of the output's with the flipped kernel."""
    before = axis.span - 1 - axis.before
    return Axis(axis.results, axis.result_step, before, axis.span, axis.sources, axis.source_step)


def _tilings(axes: tuple[Axis, ...]) -> Iterator[Tiling]:
    """One tile, and tiles of several sizes."""
    whole = tuple(good_length(axis.whole) for axis in axes)
    yield Tiling(axes, whole, tuple(axis.extent for axis in axes))
    for size in SIZES:
        lengths = tuple(good_length(math.ceil(size * axis.span) + 2) for axis in axes)
        shorter = [n < most for n, most in zip(lengths, whole, strict=True)]
        if any(shorter):
            yield Tiling(
                axes,
                tuple(map(min, lengths, whole)),
                tuple(
                    n - axis.span + 1 if tiled else axis.extent
                    for n, axis, tiled in zip(lengths, axes, shorter, strict=True)
                ),
            )


@lru_cache(maxsize=4096)
def good_length(least: int) -> int:
    """Return the next number that has no prime factors but 2, 3, 5 and 7."""
    return next(n for n in count(least) if 210 ** n.bit_length() % n == 0)


def _seconds(cost: Cost) -> float:
    """Weigh costs against each other as a CPU's thread does."""
    return cost.flops / 90e9 + cost.moved / 10e9 + cost.calls * 1e-6
