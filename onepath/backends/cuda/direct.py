"""CuPy's direct sums, mended to have NaN and infinities just where SciPy has them.

CuPy's kernel leaves out zero weights, takes the smaller operand for the weights, multiplies the
padding by them, and has the fill value written into its source, where NaN and 1j are not C++. So
padding is laid around the data here, for which "valid" is the mode in which CuPy chooses the
operands as SciPy does, and what was left out is added.
"""

import math
from collections.abc import Callable
from typing import Any

from ..types import Array

Call = Callable[..., Array]


def direct_sum(xp: Any, call: Call, in1: Array, in2: Array, mode: str, **options: Any) -> Array:
    """Call one of CuPy's four functions that sum directly.

    Parameters
    ----------
    xp : module
        CuPy.
    call : callable
        The function.
    in1, in2 : array
        The operands, of one dtype and at least 1-D.
    mode : str
        The output's size.
    **options
        Either ``method="direct"``, or ``boundary`` and ``fillvalue``.

    Returns
    -------
    array
        What SciPy's function of that name gives.
    """
    fill = options.pop("fillvalue", 0)
    planar = "boundary" in options
    if in1.ndim == 1 and (mode == "full" or (mode == "same" and in1.size >= in2.size)):
        return _sum_of_pairs(xp, call, in1, in2, mode=mode, **options)
    padding = mode == "same" or (mode == "full" and planar)
    if padding and options.get("boundary", "fill") == "fill":
        in1 = _surrounded(xp, in1, in2.shape, mode, fill, call.__name__ == "correlate2d")
        mode = "valid"
    out = call(in1, in2, mode=mode, **options)
    if in1.dtype.kind in "fc":
        # 0 * x is 0, but NaN where x is not finite: over the zero weights, what was left out
        if _exchanged(in1.shape, in2.shape, mode, planar):
            out += call((in1 == 0).astype(in1.dtype), in2 * 0, mode=mode, **options)
        else:
            out += call(in1 * 0, (in2 == 0).astype(in2.dtype), mode=mode, **options)
    return out


def _surrounded(
    xp: Any, x: Array, size: tuple[int, ...], mode: str, fill: complex, later: bool
) -> Array:
    """Lay padding around ``x`` so that "valid" with a kernel of that size gives ``mode``.

    "same" is the middle of "full"; with a kernel of even size, ``later`` is one place further on.
    """
    after = [n - 1 if mode == "full" else (n - 1 + later) // 2 for n in size]
    before = [n - 1 if mode == "full" else n - 1 - a for n, a in zip(size, after, strict=True)]
    shape = [b + n + a for b, n, a in zip(before, x.shape, after, strict=True)]
    padded = xp.full(shape, fill, dtype=x.dtype)
    padded[tuple(slice(b, b + n) for b, n in zip(before, x.shape, strict=True))] = x
    return padded


def _exchanged(shape1: tuple[int, ...], shape2: tuple[int, ...], mode: str, planar: bool) -> bool:
    """Whether CuPy takes in1 for the weights, as SciPy does in these cases, too."""
    if mode == "valid":
        return any(a < b for a, b in zip(shape1, shape2, strict=True))
    return not planar and math.prod(shape2) > math.prod(shape1)


def _sum_of_pairs(xp: Any, call: Call, in1: Array, in2: Array, **options: Any) -> Array:
    """Sum in 1-D, where SciPy leaves the summing to NumPy, for which there is no padding.

    What is finite is summed, and what is not is counted: all products of an output that are not
    finite are infinities of one sign if their signs add up to their number, up to the sign.
    """
    if in1.dtype.kind not in "fc":
        return call(in1, in2, **options)
    finite1, finite2 = xp.isfinite(in1), xp.isfinite(in2)
    total = call(xp.where(finite1, in1, 0), xp.where(finite2, in2, 0), **options)

    def count(a: Array, b: Array) -> Array:
        return call(a.astype("float64"), b.astype("float64"), **options)

    spoiled = count(xp.ones_like(finite1), xp.ones_like(finite2)) - count(finite1, finite2)
    if in1.dtype.kind == "c":
        return xp.where(spoiled == 0, total, complex("nan+nanj")).astype(in1.dtype)
    sign1, sign2 = xp.nan_to_num(xp.sign(in1)), xp.nan_to_num(xp.sign(in2))
    signs = count(sign1, sign2) - count(sign1 * finite1, sign2 * finite2)
    infinite = xp.where(abs(signs) == spoiled, signs * math.inf, math.nan)
    return xp.where(spoiled == 0, total, infinite).astype(in1.dtype)
