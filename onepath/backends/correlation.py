"""scipy.signal's six functions for convolution, with one behaviour on every backend.

scipy.signal and cupyx.scipy.signal bear the same names and differ in corners: which dtypes they
take, what ``method="auto"`` means, what an empty input gives. Here the arguments are checked and
normalised before either sees them, so that what is left is what both agree on.
"""

import math
from contextlib import suppress
from typing import Any, Protocol

from .types import Array, DType

_MODES = ("full", "valid", "same")
_METHODS = ("auto", "direct", "fft")
_BOUNDARIES = {
    "fill": "fill",
    "pad": "fill",
    "wrap": "wrap",
    "circular": "wrap",
    "symm": "symm",
    "symmetric": "symm",
}

# Nanoseconds that they cost as SciPy 1.17 runs them on a CPU: a product of the direct sum, which is
# vectorised in 1-D alone; a butterfly of the transform, and its start.
_PRODUCT_1D, _PRODUCT_ND = 0.15, 25.0
_BUTTERFLY, _TRANSFORM = 1.0, 2e5


class SignalDevice(Protocol):
    """The part of a backend that the six functions stand on."""

    name: str

    @property
    def xp(self) -> Any:
        """The array module."""

    def owns(self, array: Any) -> bool:
        """Whether the array lives on this device."""

    def apply_signal(self, function: str, in1: Array, in2: Array, **options: Any) -> Array:
        """Call the device's own function of that name."""


def correlate_nd(
    device: SignalDevice, function: str, in1: Array, in2: Array, mode: str, method: str
) -> Array:
    """``correlate`` or ``convolve``: checked, with the method chosen here."""
    in1, in2 = _admitted(device, function, in1, in2, mode)
    _choice(function, "method", method, _METHODS)
    if method == "auto":
        method = choose_method(in1.shape, in2.shape, mode, in1.dtype.kind)
    if in1.ndim > 1 or method == "fft":
        _refuse(function, in1, "?")
    if in1.ndim > 1 and method == "direct":
        _refuse(function, in1, "e")
    return device.apply_signal(function, in1, in2, mode=mode, method=method)


def correlate_2d(
    device: SignalDevice,
    function: str,
    in1: Array,
    in2: Array,
    mode: str,
    boundary: str,
    fillvalue: complex,
) -> Array:
    """``correlate2d`` or ``convolve2d``: checked."""
    in1, in2 = _admitted(device, function, in1, in2, mode)
    if in1.ndim != 2:
        raise ValueError(
            f"{function}: both inputs must be 2-D, got {in1.ndim}-D; "
            f"{function.removesuffix('2d')} takes any number of dimensions"
        )
    _choice(function, "boundary", boundary, tuple(_BOUNDARIES))
    _refuse(function, in1, "?e")
    fill = _fill(function, fillvalue, device.xp, in1.dtype)
    return device.apply_signal(
        function, in1, in2, mode=mode, boundary=_BOUNDARIES[boundary], fillvalue=fill
    )


def convolve_by_fft(
    device: SignalDevice,
    function: str,
    in1: Array,
    in2: Array,
    mode: str,
    axes: int | tuple[int, ...] | None,
) -> Array:
    """``fftconvolve`` or ``oaconvolve``: checked."""
    in1, in2 = _admitted(device, function, in1, in2, mode)
    if in1.dtype.kind not in "fc":
        in1, in2 = in1.astype("float64"), in2.astype("float64")
    elif in1.dtype.itemsize == 2:
        in1, in2 = in1.astype("float32"), in2.astype("float32")
    return device.apply_signal(function, in1, in2, mode=mode, axes=axes)


def choose_method(
    shape1: tuple[int, ...], shape2: tuple[int, ...], mode: str, kind: str = "f"
) -> str:
    """Choose between the direct sum and the Fourier transform, alike on every device.

    SciPy and CuPy each have a choice of their own; with those, the same call would round
    differently on two devices, and a single NaN would spread on one of them alone.

    Parameters
    ----------
    shape1, shape2 : tuple of int
        The inputs' shapes.
    mode : {"full", "valid", "same"}
        The output's size.
    kind : str, optional
        The dtype's kind: ``"i"``, ``"u"`` and ``"b"`` are summed directly, which is exact.

    Returns
    -------
    str
        ``"direct"`` or ``"fft"``.
    """
    if kind not in "fc" or not shape1:
        return "direct"
    if mode == "full":
        products = math.prod(shape1) * math.prod(shape2)
    elif mode == "same":
        products = math.prod(shape1) * math.prod(map(min, shape1, shape2))
    else:
        outputs = math.prod(abs(a - b) + 1 for a, b in zip(shape1, shape2, strict=True))
        products = outputs * math.prod(map(min, shape1, shape2))
    points = math.prod(a + b - 1 for a, b in zip(shape1, shape2, strict=True))
    direct = products * (_PRODUCT_1D if len(shape1) == 1 else _PRODUCT_ND)
    fft = _TRANSFORM + _BUTTERFLY * 3 * points * math.log2(points + 1)
    return "direct" if direct <= fft else "fft"


def _admitted(
    device: SignalDevice, function: str, in1: Array, in2: Array, mode: str
) -> tuple[Array, Array]:
    """Check what all six functions require, and bring both inputs to one dtype."""
    for name, array in (("in1", in1), ("in2", in2)):
        if not device.owns(array):
            raise TypeError(
                f"{function}: {name} must be an array on {device.name}, got "
                f"{type(array).__module__}.{type(array).__qualname__}; "
                f"get_backend({device.name!r}).asarray({name}) makes one"
            )
        if array.dtype.kind not in "biufc" or array.dtype.char in "gG":
            raise TypeError(
                f"{function}: {name} has dtype {array.dtype}; allowed are booleans, integers, "
                "float16 to float64, complex64 and complex128"
            )
    _choice(function, "mode", mode, _MODES)
    if in1.ndim != in2.ndim:
        raise ValueError(
            f"{function}: in1 and in2 must have the same number of dimensions, "
            f"got {in1.ndim} and {in2.ndim}"
        )
    for name, array in (("in1", in1), ("in2", in2)):
        if array.size == 0:
            raise ValueError(f"{function}: {name} is empty, its shape is {array.shape}")
    dtype = device.xp.result_type(in1.dtype, in2.dtype)
    return in1.astype(dtype, copy=False), in2.astype(dtype, copy=False)


def _choice(function: str, argument: str, value: str, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise ValueError(f"{function}: {argument} must be one of {allowed}, got {value!r}")


def _fill(function: str, value: complex, xp: Any, dtype: DType) -> complex:
    """Spell the fill value as a Python number of the dtype's kind; integers cut a fraction off."""
    with suppress(TypeError, ValueError, OverflowError):
        number = complex(value)
        if dtype.kind == "c":
            return number
        if number.imag == 0 and dtype.kind == "f":
            return number.real
        whole, limits = int(number.real), xp.iinfo(dtype)
        if number.imag == 0 and limits.min <= whole <= limits.max:
            return whole
    raise ValueError(f"{function}: fillvalue must be a number that {dtype} holds, got {value!r}")


def _refuse(function: str, array: Array, characters: str) -> None:
    """Refuse the dtypes whose type characters are given."""
    if array.dtype.char in characters:
        raise TypeError(
            f"{function}: SciPy and CuPy do not do this for {array.ndim}-D {array.dtype} arrays; "
            "convert both inputs to float32"
        )
