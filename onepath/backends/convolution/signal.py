"""The definition: batched convolution as sums of the signal library's own functions.

Every other engine is tested against this one. Stride and dilation are written out with zeros, so
what each line computes is what scipy.signal's documentation says that it computes.
"""

import math
from collections.abc import Callable, Iterator

from ..types import Array, DType
from .engine import Cost, Device, Engine
from .geometry import Geometry
from .windows import pad, spread


class SignalEngine(Engine):
    """Sums of correlations and convolutions of single channels."""

    name = "signal"

    def refusal(self, device: Device, geometry: Geometry, dtype: DType) -> str | None:
        """Refuse float16, which neither library sums directly."""
        if device.xp.dtype(dtype).itemsize < 4:
            return f"scipy.signal and cupyx.scipy.signal do not sum {dtype} directly"
        return None

    def workspace(self, device: Device, geometry: Geometry, batch: int, dtype: DType) -> int:
        """The padded input."""
        size = batch * geometry.channels * math.prod(geometry.window.padded_size)
        return int(size * device.xp.dtype(dtype).itemsize) if geometry.window.padded else 0

    def cost(
        self, device: Device, operation: str, geometry: Geometry, batch: int, dtype: DType
    ) -> Cost:
        """About a product of two numbers at a time, and a few calls for each pair of channels."""
        pairs = batch * geometry.filters * (geometry.channels // geometry.groups)
        products = math.prod(_dense_size(geometry)) * math.prod(geometry.window.extent)
        return Cost(0.0, 8.0 * pairs * products, 10.0 * pairs)

    def forward(self, device: Device, x: Array, kernel: Array, geometry: Geometry) -> Array:
        """``y[n, f] = sum_c correlate(x[n, c], kernel[f, c], "valid")``, every stride-th of it."""
        window, xp = geometry.window, device.xp
        correlate, _ = _functions(device, window.rank)
        x = pad(xp, x, window)
        kernel = spread(xp, kernel, window.dilation)
        every = tuple(slice(None, None, s) for s in window.strides)
        y = xp.zeros((x.shape[0], *geometry.output_shape), dtype=x.dtype)
        for n, f, c, k in _pairs(x.shape[0], geometry):
            y[n, f] += correlate(x[n, c], kernel[f, k], "valid")[every]
        return y

    def input_gradient(self, device: Device, dy: Array, kernel: Array, geometry: Geometry) -> Array:
        """``dx[n, c] = sum_f convolve(dy[n, f], kernel[f, c], "full")``, without the padding."""
        window, xp = geometry.window, device.xp
        _, convolve = _functions(device, window.rank)
        kernel = spread(xp, kernel, window.dilation)
        dy = spread(xp, dy, window.strides, _dense_size(geometry))
        dx = xp.zeros((dy.shape[0], geometry.channels, *window.padded_size), dtype=dy.dtype)
        for n, f, c, k in _pairs(dy.shape[0], geometry):
            dx[n, c] += convolve(dy[n, f], kernel[f, k], "full")
        return xp.ascontiguousarray(dx[(..., *window.interior)])

    def kernel_gradient(self, device: Device, x: Array, dy: Array, geometry: Geometry) -> Array:
        """``dk[f, c] = sum_n correlate(x[n, c], dy[n, f], "valid")``, every dilation-th of it."""
        window, xp = geometry.window, device.xp
        correlate, _ = _functions(device, window.rank)
        x = pad(xp, x, window)
        dy = spread(xp, dy, window.strides, _dense_size(geometry))
        every = tuple(slice(None, None, d) for d in window.dilation)
        dk = xp.zeros(geometry.kernel_shape, dtype=x.dtype)
        for n, f, c, k in _pairs(x.shape[0], geometry):
            dk[f, k] += correlate(x[n, c], dy[n, f], "valid")[every]
        return dk


def _pairs(batch: int, geometry: Geometry) -> Iterator[tuple[int, int, int, int]]:
    """(sample, filter, channel of the input, channel of the kernel) for all that meet."""
    width, depth = geometry.filters // geometry.groups, geometry.channels // geometry.groups
    for n in range(batch):
        for f in range(geometry.filters):
            for k in range(depth):
                yield n, f, f // width * depth + k, k


def _dense_size(geometry: Geometry) -> tuple[int, ...]:
    """The output's size if the stride were 1."""
    window = geometry.window
    return tuple(n - e + 1 for n, e in zip(window.padded_size, window.extent, strict=True))


def _functions(
    device: Device, rank: int
) -> tuple[Callable[[Array, Array, str], Array], Callable[[Array, Array, str], Array]]:
    """The direct correlation and convolution for this many axes; those for two are faster."""
    if rank == 2:
        return device.correlate2d, device.convolve2d
    return (
        lambda a, b, mode: device.correlate(a, b, mode, "direct"),
        lambda a, b, mode: device.convolve(a, b, mode, "direct"),
    )
