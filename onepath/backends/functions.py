"""Convolution as plain functions, on the device where the arrays live."""

from collections.abc import Iterable

from .convolution.geometry import Geometry, Ints, Padding
from .registry import backend_of
from .types import Array


def conv(
    x: Array,
    kernel: Array,
    strides: int | Ints = 1,
    padding: Padding = "valid",
    dilation_rate: int | Ints = 1,
    groups: int = 1,
    engine: str = "auto",
) -> Array:
    """Cross-correlate a batch with a bank of kernels, in one to three dimensions.

    Parameters
    ----------
    x : array, shape (N, channels, *input_size)
        The batch.
    kernel : array, shape (filters, channels // groups, *kernel_size)
        The kernels, of the same dtype and on the same device.
    strides, dilation_rate : int or tuple of int, optional
        For all axes, or one for each.
    padding : {"valid", "same", "full"}, int, or one int or pair of ints for each axis, optional
        "same" gives ``ceil(input / stride)`` outputs and pads an odd rest at the end.
    groups : int, optional
        Divides channels and filters into so many independent convolutions.
    engine : {"auto", "gemm", "winograd", "fft", "signal"}, optional
        What computes; "auto" is the planner's choice, and "signal" is the definition by
        scipy.signal's or cupyx.scipy.signal's sums. See docs/performance.md.

    Returns
    -------
    array, shape (N, filters, *output_size)
        ``y[n, f, i] = sum_{c, k} x_padded[n, c, i * stride + k * dilation] * kernel[f, c, k]``

    Raises
    ------
    DeviceMismatchError
        If ``x`` and ``kernel`` live on different devices.
    TypeError, ValueError
        If shapes, dtypes or options do not fit; the message says which.
    """
    backend = backend_of(x, kernel)
    _ranked("conv", x=x, kernel=kernel)
    geometry = Geometry.of(
        x.shape[1:], kernel.shape[0], kernel.shape[2:], strides, padding, dilation_rate, groups
    )
    with backend.scope():
        return backend.conv(x, kernel, geometry, engine)


def conv_input_gradient(
    dy: Array,
    kernel: Array,
    input_size: Iterable[int],
    strides: int | Ints = 1,
    padding: Padding = "valid",
    dilation_rate: int | Ints = 1,
    groups: int = 1,
    engine: str = "auto",
) -> Array:
    """Gradient of `conv` with respect to its input: a transposed convolution.

    Parameters
    ----------
    dy : array, shape (N, filters, *output_size)
        Gradient with respect to the output of `conv`.
    kernel : array, shape (filters, channels // groups, *kernel_size)
        The kernels.
    input_size : tuple of int
        The spatial shape of the input; with strides, several give the same output shape.
    strides, padding, dilation_rate, groups, engine
        As for `conv`.

    Returns
    -------
    array, shape (N, channels, *input_size)
        The gradient.

    Raises
    ------
    DeviceMismatchError, TypeError, ValueError
        As `conv` does.
    """
    backend = backend_of(dy, kernel)
    _ranked("conv_input_gradient", dy=dy, kernel=kernel)
    shape = (kernel.shape[1] * groups, *input_size)
    geometry = Geometry.of(
        shape, kernel.shape[0], kernel.shape[2:], strides, padding, dilation_rate, groups
    )
    with backend.scope():
        return backend.conv_input_gradient(dy, kernel, geometry, engine)


def conv_kernel_gradient(
    x: Array,
    dy: Array,
    kernel_size: int | Ints,
    strides: int | Ints = 1,
    padding: Padding = "valid",
    dilation_rate: int | Ints = 1,
    groups: int = 1,
    engine: str = "auto",
) -> Array:
    """Gradient of `conv` with respect to its kernels.

    Parameters
    ----------
    x : array, shape (N, channels, *input_size)
        The batch.
    dy : array, shape (N, filters, *output_size)
        Gradient with respect to the output of `conv`.
    kernel_size : int or tuple of int
        The kernels' spatial shape.
    strides, padding, dilation_rate, groups, engine
        As for `conv`.

    Returns
    -------
    array, shape (filters, channels // groups, *kernel_size)
        The gradient.

    Raises
    ------
    DeviceMismatchError, TypeError, ValueError
        As `conv` does.
    """
    backend = backend_of(x, dy)
    _ranked("conv_kernel_gradient", x=x, dy=dy)
    geometry = Geometry.of(
        x.shape[1:], dy.shape[1], kernel_size, strides, padding, dilation_rate, groups
    )
    with backend.scope():
        return backend.conv_kernel_gradient(x, dy, geometry, engine)


def _ranked(function: str, **arrays: Array) -> None:
    """Check that there are one to three spatial axes, the same number in both arrays."""
    ranks = {name: array.ndim for name, array in arrays.items()}
    if len(set(ranks.values())) > 1 or not 3 <= min(ranks.values()) <= 5:
        raise ValueError(
            f"{function}: both arrays need two axes and one to three spatial ones, got shapes "
            + ", ".join(f"{name} {array.shape}" for name, array in arrays.items())
        )
