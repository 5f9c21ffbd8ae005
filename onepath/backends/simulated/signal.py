"""``cupyx.scipy.signal``: the six functions for convolution, by CuPy's rules.

The direct sum is written out as CuPy's kernel does it: the smaller operand is the weights, zero
weights are left out, what lies outside the data is multiplied by them too, and the sum has their
dtype. The transform is SciPy's. Everything else of this module is SciPy's altogether.
"""

import math
import re
from functools import partial
from typing import Any

import numpy as np

from .array import ndarray
from .cuda import CompileException
from .dtypes import cast, flushed
from .functions import Compute, Function
from .signatures import functions

_BOUNDARIES = {
    "fill": "fill",
    "pad": "fill",
    "wrap": "wrap",
    "circular": "wrap",
    "symm": "symm",
    "symmetric": "symm",
}

_NUMBER = re.compile(r"[+-]?\d+(\.\d*)?(e[+-]?\d+)?")
"""What Python prints of a number and C++ reads as one."""


def _correlate(
    in1: Any, in2: Any, mode: str = "full", method: str = "auto", *, mirrored: bool
) -> Any:
    """``correlate``, or ``convolve`` if the weights are to be mirrored."""
    known = _known(in1, in2, mode, conjugate=not mirrored)
    if known is not None:
        return known
    if method not in ("auto", "direct", "fft"):
        raise ValueError(f"acceptable methods are 'auto', 'direct', 'fft', got {method!r}")
    if method == "auto":
        method = _choose_conv_method(in1, in2)
    if method == "direct":
        return _direct(in1, in2, mode, mirrored)
    second = in2 if mirrored else np.flip(in2).conj()
    out = _transformed(in1, second, mode, function="fftconvolve")
    dtype = np.result_type(in1, in2)
    return cast(out.round() if dtype.kind in "ui" else out, dtype)


def _correlate2d(
    in1: Any,
    in2: Any,
    mode: str = "full",
    boundary: str = "fill",
    fillvalue: Any = 0,
    *,
    mirrored: bool,
) -> Any:
    """``correlate2d``, or ``convolve2d`` if the weights are to be mirrored."""
    if not in1.ndim == in2.ndim == 2:
        raise ValueError(f"both inputs must be 2-D arrays, got {in1.ndim}-D and {in2.ndim}-D")
    if boundary not in _BOUNDARIES:
        raise ValueError(f"acceptable boundaries are {tuple(_BOUNDARIES)}, got {boundary!r}")
    known = _known(in1, in2, mode)
    if known is not None:
        return known
    return _direct(in1, in2, mode, mirrored, _BOUNDARIES[boundary], fillvalue, not mirrored)


def _transformed(in1: Any, in2: Any, mode: str = "full", axes: Any = None, *, function: str) -> Any:
    """``fftconvolve`` or ``oaconvolve``."""
    known = _known(in1, in2, mode)
    if known is not None:
        return known
    import scipy.signal

    return np.ascontiguousarray(getattr(scipy.signal, function)(in1, in2, mode, axes))


def _choose_conv_method(in1: Any, in2: Any, mode: str = "full") -> str:
    """CuPy's estimate of what is faster, which has no estimate in it."""
    if in1.ndim != 1 or in2.ndim != 1:
        raise NotImplementedError("Only 1d inputs are supported currently")
    return "fft" if in1.dtype.kind in "fc" and in2.dtype.kind in "fc" else "direct"


def _known(in1: Any, in2: Any, mode: str, conjugate: bool = False) -> Any:
    """Check what all functions require; give the result that needs no sum, if that is so."""
    if in1.ndim == in2.ndim == 0:
        return in1 * (in2.conj() if conjugate else in2)
    if in1.ndim != in2.ndim:
        raise ValueError(f"inputs must have the same dimensionality, got {in1.ndim} and {in2.ndim}")
    if in1.size == 0 or in2.size == 0:
        return np.empty(0, in1.dtype)
    if mode not in ("full", "same", "valid"):
        raise ValueError(f"acceptable modes are 'valid', 'same', 'full', got {mode!r}")
    return None


def _direct(
    in1: Any,
    in2: Any,
    mode: str,
    mirrored: bool,
    boundary: str = "fill",
    fill: Any = 0,
    later: bool = False,
) -> Any:
    """Sum over the weights; with ones of even size, "same" may start one place ``later``."""
    if in1.ndim > 1 and in1.dtype.char in "?e":
        raise ValueError(f"{in1.dtype} is a type that SciPy does not support")
    exchanged = _exchanged(in1.shape, in2.shape, mode) or (
        in2.size > in1.size and boundary == "fill" and fill == 0
    )
    x, weights = (in2, in1) if exchanged else (in1, in2)
    if weights.nbytes >= 1 << 31:
        raise RuntimeError("the smaller array must be less than 2 GiB: use method='fft' instead")
    dtype = np.promote_types(in1.dtype, in2.dtype)
    if np.can_cast(weights.dtype, x.dtype):
        weights = weights.astype(dtype)
    _compile(x.dtype, weights.dtype, boundary, fill)
    size, start = _extent(in1.shape, in2.shape, mode, later)
    backwards = exchanged and not mirrored
    if backwards:
        ends = zip(in1.shape, in2.shape, size, start, strict=True)
        start = [a + b - 1 - n - first for a, b, n, first in ends]
    weights = np.flip(weights) if mirrored else weights.conj()
    out = _summed(x, weights, size, start, boundary, fill).astype(dtype)
    if not backwards:
        return out
    out = np.ascontiguousarray(np.flip(out))
    return out if mode == "valid" and later else out.conj()


def _exchanged(shape1: tuple[int, ...], shape2: tuple[int, ...], mode: str) -> bool:
    """Whether the second operand has to hold the first in mode "valid"."""
    if mode != "valid":
        return False
    pairs = list(zip(shape1, shape2, strict=True))
    if any(a < b for a, b in pairs) and any(a > b for a, b in pairs):
        raise ValueError(
            "in mode 'valid', one must be at least as large as the other in every "
            f"dimension, got shapes {shape1} and {shape2}"
        )
    return any(a < b for a, b in pairs)


def _extent(
    shape1: tuple[int, ...], shape2: tuple[int, ...], mode: str, later: bool
) -> tuple[list[int], list[int]]:
    """The result's shape, and where it starts in that of mode "full"."""
    pairs = list(zip(shape1, shape2, strict=True))
    if mode == "full":
        return [a + b - 1 for a, b in pairs], [0] * len(pairs)
    if mode == "valid":
        return [abs(a - b) + 1 for a, b in pairs], [min(pair) - 1 for pair in pairs]
    return list(shape1), [(b - 1 + later) // 2 for b in shape2]


def _compile(data: Any, weights: Any, boundary: str, fill: Any) -> None:
    """Raise where the kernel that CuPy writes for these operands is no C++."""
    if data.kind == "c" and weights.kind != "c":
        raise CompileException(f"the kernel converts {data} to {weights}, which C++ does not do")
    written = fill is np.nan or fill in (math.inf, -math.inf) or _NUMBER.fullmatch(str(fill))
    if boundary == "fill" and not written:
        raise CompileException(f"the kernel has the fill value {fill} in it, which is no C++")


def _summed(
    x: Any,
    weights: Any,
    size: list[int],
    start: list[int],
    boundary: str,
    fill: Any,
) -> Any:
    """Sum in the weights' dtype, weight by weight."""
    weights = flushed(weights)
    x = flushed(cast(x, weights.dtype))
    for axis, (first, n, k) in enumerate(zip(start, size, weights.shape, strict=True)):
        x = _continued(x, axis, first - k + 1, n + k - 1, boundary, fill)
    total = np.zeros(size, weights.dtype)
    for place in np.argwhere(weights):
        window = tuple(slice(p, p + n) for p, n in zip(place, size, strict=True))
        total += x[window] * weights[tuple(place)]
    return flushed(total)


def _continued(x: Any, axis: int, first: int, count: int, boundary: str, fill: Any) -> Any:
    """Take ``count`` elements from ``first`` on along an axis, some of them beyond the ends."""
    places, n = np.arange(first, first + count), x.shape[axis]
    if boundary == "wrap":
        return x.take(places, axis, mode="wrap")
    if boundary == "symm":
        places %= 2 * n
        return x.take(np.minimum(places, 2 * n - 1 - places), axis)
    x = x.take(places, axis, mode="clip")
    x.swapaxes(0, axis)[(places < 0) | (places >= n)] = cast(np.asarray(fill), x.dtype)
    return x


class _Sum(Function):
    """A function of two operands that rounds once for each term."""

    def _steps(self, operands: list[ndarray], result: Any) -> int:
        return math.prod(map(min, *(x.shape for x in operands)))


_COMPUTED: dict[str, Compute] = {
    "correlate": partial(_correlate, mirrored=False),
    "convolve": partial(_correlate, mirrored=True),
    "correlate2d": partial(_correlate2d, mirrored=False),
    "convolve2d": partial(_correlate2d, mirrored=True),
    "fftconvolve": partial(_transformed, function="fftconvolve"),
    "oaconvolve": partial(_transformed, function="oaconvolve"),
    "choose_conv_method": _choose_conv_method,
}

CONTENTS: dict[str, Any] = {
    name: _Sum(name, functions("cupyx.scipy.signal")[name], compute)
    for name, compute in _COMPUTED.items()
}
"""By CuPy's names."""
