"""Convolution by Fourier transforms: products at each frequency, for kernels of many taps."""

from ..types import Array, DType
from .engine import OPERATIONS, Cost, Device, Engine
from .fft_plan import Piece, Plan, Slices, Starts, ranges
from .fft_waves import waves_on
from .geometry import Geometry, Ints
from .windows import like, spread


class FFTEngine(Engine):
    """Products at each frequency of the real Fourier transforms of tiles.

    A correlation becomes ``Y[f, s] = sum_c conj(K[f, c]) X[c, s]``, where s counts the tiles of all
    samples, the segments; the kernels' gradient is ``dK[f, c] = sum_s conj(dY[f, s]) X[c, s]``, and
    the input's gradient is the correlation of ``dy`` with the flipped kernels. Tiles overlap in
    what they read ("overlap-save": A. Oppenheim, R. Schafer, "Discrete-Time Signal Processing",
    section 8.7). Strides and dilation are zeros between elements.

    Errors are relative to norms, not to elements. With u the unit roundoff and n the size of a
    transform, an output differs from the exact one by at most about

        c u log2(n) sum_c ||x[c]|| ||k[c]||

    where x is the tile and k the kernel of a channel, and c a small constant: a transform's error
    is a few ``u log2(n)`` times the norm (N. Higham, "Accuracy and Stability of Numerical
    Algorithms", 2nd ed., 2002, theorem 24.2), there are three of them, and the rest is Cauchy's
    inequality. The gradients' bounds are alike, the kernels' with a sum over segments. So a huge
    element costs its tile precision. One that is not finite, or so large that a sum overflows,
    makes NaN of its tile's outputs, and of the gradients of all kernels that meet its channel;
    outputs of other samples stay as they are.
    """

    name = "fft"
    normwise = True

    def refusal(self, device: Device, geometry: Geometry, dtype: DType) -> str | None:
        """Refuse dtypes that no transform keeps."""
        if device.xp.dtype(dtype).itemsize in (4, 8):
            return None
        return f"Fourier transforms are computed in float32 and float64, not in {dtype}"

    def workspace(self, device: Device, geometry: Geometry, batch: int, dtype: DType) -> int:
        """The transforms that are kept at a time, and a thread's own tiles and sums.

        What the array module's transforms allocate themselves, a few tiles, is not counted.
        """
        plans = (Plan.of(device, each, geometry, batch, dtype) for each in OPERATIONS)
        return sum(map(max, zip(*(plan.rooms for plan in plans), strict=True)))

    def cost(
        self, device: Device, operation: str, geometry: Geometry, batch: int, dtype: DType
    ) -> Cost:
        """Transforms, and products at each frequency."""
        return Plan.of(device, operation, geometry, batch, dtype).cost

    def forward(self, device: Device, x: Array, kernel: Array, geometry: Geometry) -> Array:
        """See `Backend.conv`."""
        plan = Plan.of(device, "forward", geometry, len(x), x.dtype)
        y = like(device.xp, (len(x), *geometry.output_shape), x)
        _Work(device, plan, x.dtype).correlate(x, _grouped(kernel, geometry), y)
        return y

    def input_gradient(self, device: Device, dy: Array, kernel: Array, geometry: Geometry) -> Array:
        """See `Backend.conv_input_gradient`."""
        plan = Plan.of(device, "input_gradient", geometry, len(dy), dy.dtype)
        dx = like(device.xp, (len(dy), *geometry.input_shape), dy)
        flipped = kernel[(..., *[slice(None, None, -1)] * geometry.window.rank)]
        swapped = _grouped(flipped, geometry).swapaxes(1, 2)
        _Work(device, plan, dy.dtype).correlate(dy, swapped, dx)
        return dx

    def kernel_gradient(self, device: Device, x: Array, dy: Array, geometry: Geometry) -> Array:
        """See `Backend.conv_kernel_gradient`."""
        plan = Plan.of(device, "kernel_gradient", geometry, len(x), x.dtype)
        dk = device.xp.empty(geometry.kernel_shape, dtype=x.dtype)
        _Work(device, plan, x.dtype).correlate_all(x, dy, _grouped(dk, geometry))
        return dk


def _grouped(kernel: Array, geometry: Geometry) -> Array:
    """(filters, D, *kernel_size) -> (G, F, D, *kernel_size)."""
    return kernel.reshape(geometry.groups, -1, *kernel.shape[1:])


class _Work:
    """A plan, carried out on a device.

    Transforms of many planes have shape (..., frequencies). In memory the frequencies come last, or
    first if sums are matrix products. G, F and D are a block's groups, filters and channels of
    each; S its segments.
    """

    def __init__(self, device: Device, plan: Plan, dtype: DType) -> None:
        device.refuse_capture("the plans of Fourier transforms may be freed before a graph is")
        self._device, self._plan, self._xp, self._real = device, plan, device.xp, dtype
        self._complex, self._fft = device.xp.result_type(dtype, "complex64"), device.xp.fft
        if plan.short:
            self._waves = waves_on(
                device.name,
                device.xp,
                plan.tiling.lengths,
                plan.kernel_size,
                plan.dilation,
                device.xp.dtype(dtype),
            )

    def correlate(self, source: Array, kernel: Array, target: Array) -> None:
        """Fill the target (N, groups*F, ...); the kernel has shape (groups, F, D, ...)."""
        plan = self._plan
        for block in plan.kernel_blocks():
            weights = self._kernels(kernel[block.groups, block.filters])
            for starts, samples in plan.segment_blocks():
                x = self._tiles("source", source[samples, block.sources], starts)
                y = self._room("target", (*weights.shape[:2], x.shape[1]))
                self._sum(weights, x.reshape(len(y), -1, *x.shape[1:]), y)
                self._restore_tiles(_flat(y, 2), target[samples, block.targets], starts)

    def correlate_all(self, source: Array, target: Array, kernel: Array) -> None:
        """Fill the kernel (groups, F, D, ...) with sums over all segments."""
        plan = self._plan
        for block in plan.kernel_blocks():
            part = kernel[block.groups, block.filters]
            total = self._room("kernels", part.shape[:3])
            for i, (starts, samples) in enumerate(plan.segment_blocks()):
                x = self._tiles("source", source[samples, block.sources], starts)
                dy = self._tiles("target", target[samples, block.targets], starts)
                x, dy = (each.reshape(len(part), -1, *each.shape[1:]) for each in (x, dy))
                self._sum(dy, x.swapaxes(1, 2), total, add=i > 0)
            self._restore_kernels(_flat(total, 3), _flat(part, 3))

    def _room(self, name: str, shape: Ints) -> Array:
        """Room for the transforms of many planes, which all threads may use."""
        frequencies = self._plan.tiling.frequencies
        if not self._plan.matrices:
            return self._device.workspace.take(name, (*shape, frequencies), self._complex)
        room = self._device.workspace.take(name, (frequencies, *shape), self._complex)
        return self._xp.moveaxis(room, 0, -1)

    def _kernels(self, kernel: Array) -> Array:
        """The conjugate transforms of kernels (G, F, D, ...)."""
        room = self._room("kernels", kernel.shape[:3])
        planes, kernels = _flat(room, 3), _flat(kernel, 3)

        def work(some: slice) -> None:
            if self._plan.short:
                planes[some] = self._waves.conjugates(kernels[some])
            else:
                dense = spread(self._xp, kernels[some], self._plan.dilation)
                self._xp.conjugate(self._transform(dense), out=planes[some])

        self._device.spread(work, ranges(len(kernels), self._plan.piece))
        return room

    def _restore_kernels(self, planes: Array, kernels: Array) -> None:
        """Fill kernels (G*F*D, ...) from their transforms."""

        def work(some: slice) -> None:
            if self._plan.short:
                kernels[some] = self._waves.taps(planes[some])
            else:
                kernels[some] = self._restore(planes[some], self._plan.places)

        self._device.spread(work, ranges(len(kernels), self._plan.piece))

    def _tiles(self, role: str, array: Array, starts: Starts) -> Array:
        """The transforms (channels, S) of tiles of an array (samples, channels, ...).

        A target is transformed for the kernels' gradient alone, which wants it conjugated.
        """
        plan, (samples, channels) = self._plan, array.shape[:2]
        planes = self._room(role, (channels, len(starts) * samples))
        cut = plan.tiling.source if role == "source" else plan.tiling.result

        def work(piece: Piece) -> None:
            elements, places = cut(piece.start)
            part = array[(piece.samples, piece.channels, *elements)].swapaxes(0, 1)
            shape = (*part.shape[:2], *plan.tiling.lengths)
            tile = self._device.workspace.take("tile", shape, self._real)
            tile.fill(0)
            tile[(..., *places)] = part
            spectra = self._transform(tile)
            if role == "target":
                self._xp.conjugate(spectra, out=spectra)
            planes[piece.channels, piece.segments] = spectra

        self._device.spread(work, plan.pieces(channels, samples, starts))
        return planes

    def _restore_tiles(self, planes: Array, array: Array, starts: Starts) -> None:
        """Fill tiles of an array (samples, channels, ...) from their transforms (channels, S)."""
        plan, (samples, channels) = self._plan, array.shape[:2]

        def work(piece: Piece) -> None:
            elements, places = plan.tiling.result(piece.start)
            part = self._restore(planes[piece.channels, piece.segments], places)
            array[(piece.samples, piece.channels, *elements)] = part.swapaxes(0, 1)

        self._device.spread(work, plan.pieces(channels, samples, starts))

    def _transform(self, x: Array) -> Array:
        """(..., *size) -> (..., frequencies), filled up with zeros."""
        fft, (*others, last) = self._fft, self._plan.tiling.lengths
        x = fft.rfft(x, last)
        for axis, length in enumerate(others, -len(others) - 1):
            x = fft.fft(x, length, axis)
        return x.reshape(*x.shape[: -len(others) - 1], -1)

    def _restore(self, spectra: Array, places: Slices) -> Array:
        """(..., frequencies) -> (..., *size), cut out as soon as an axis is done."""
        fft, (*others, last) = self._fft, self._plan.tiling.lengths
        x = spectra.reshape(*spectra.shape[:-1], *others, last // 2 + 1)
        for axis, place in enumerate(places[:-1], -len(others) - 1):
            x = fft.ifft(x, axis=axis)
            x = x[(..., place, *[slice(None)] * (-axis - 1))]
        return fft.irfft(x, last)[..., places[-1]]

    def _sum(self, a: Array, b: Array, out: Array, add: bool = False) -> None:
        """``out[g, i, k] = sum_j a[g, i, j] * b[g, j, k]``, or that added, at each frequency."""
        total = self._by_matrices if self._plan.matrices else self._by_planes

        def work(some: slice) -> None:
            total(a[..., some], b[..., some], out[..., some], add)

        self._device.spread(work, ranges(out.shape[-1], self._plan.chunk))

    def _by_matrices(self, a: Array, b: Array, out: Array, add: bool) -> None:
        a, b, out = (self._xp.moveaxis(each, -1, 0) for each in (a, b, out))
        if not add:
            self._xp.matmul(a, b, out=out)
            return
        product = self._device.workspace.take("product", out.shape, self._complex)
        self._xp.matmul(a, b, out=product)
        out += product

    def _by_planes(self, a: Array, b: Array, out: Array, add: bool) -> None:
        product = self._device.workspace.take("product", out.shape, self._complex)
        for j in range(b.shape[1]):
            first = j == 0 and not add
            room = out if first else product
            self._xp.multiply(a[:, :, j, None], b[:, None, j], out=room)
            if not first:
                out += product


def _flat(array: Array, axes: int) -> Array:
    """Make one axis of the first ones."""
    return array.reshape(-1, *array.shape[axes:])
