"""What CuPy does to numbers: its dtypes, its conversions, its denormals, its fresh memory."""

from typing import Any

import numpy as np

from .ledger import ledger

CHARACTERS = "?bBhHiIlLqQefdFD"
"""The type characters of the dtypes that CuPy has."""

SCALARS = (bool, int, float, complex, np.generic)
"""What CuPy takes for a number."""


def checked_dtype(dtype: Any) -> Any:
    """Return the dtype, in the machine's byte order, if CuPy has it, or raise as CuPy does."""
    dtype = np.dtype(dtype)
    if dtype.char not in CHARACTERS:
        hint = ": it is CuPy's, but not simulated" if dtype.name == "bfloat16" else ""
        raise ValueError(f"Unsupported dtype {dtype}{hint}")
    return dtype if dtype.isnative else dtype.newbyteorder("=")


def cast(host: Any, dtype: Any) -> Any:
    """Convert as CUDA does: floats beyond an integer's range become its bounds, NaN 0.

    CuPy's documentation leaves those undefined; NumPy makes other numbers of them.
    """
    dtype = np.dtype(dtype)
    if dtype.kind not in "iu" or host.dtype.kind != "f":
        with np.errstate(all="ignore"):
            return host.astype(dtype, copy=False)
    limits = np.iinfo(dtype)
    with np.errstate(all="ignore"):
        whole = np.trunc(host)
        low, high = whole < limits.min, whole >= float(limits.max + 1)
        strange = low | high | np.isnan(host)
        if not strange.any():
            return host.astype(dtype)
        ledger.undefined(f"conversion to {dtype} of numbers out of its range")
        safe = np.where(strange, 0, host).astype(dtype)
        return np.where(low, limits.min, np.where(high, limits.max, safe)).astype(dtype)


def flushed(host: Any) -> Any:
    """Make zeros of float32 denormals: CuPy's kernels are compiled with ``-ftz=true``."""
    if host.dtype.char not in "fF" or not host.size:
        return host
    parts = np.ascontiguousarray(host).view(np.uint32)
    # Twice its bits are a number without its sign. A denormal's are fewer than those of the
    # smallest normal number; those of zero, less one, are all bits.
    bits = parts << _ONE
    bits -= _ONE
    if bits.min() >= _SMALLEST_NORMAL:
        return host
    normal = np.where(bits < _SMALLEST_NORMAL, np.uint32(0), parts)
    return normal.view(host.dtype).reshape(host.shape)


_ONE = np.uint32(1)
_SMALLEST_NORMAL = np.uint32(2 * 0x0080_0000 - 1)


_ABSURD = {"b": True, "i": -1, "f": np.nan, "c": complex(np.nan, np.nan)}


def poisoned(host: Any) -> Any:
    """Fill fresh memory with NaN, or with all bits set, which is NaN in every floating dtype."""
    host.fill(np.iinfo(host.dtype).max if host.dtype.kind == "u" else _ABSURD[host.dtype.kind])
    return host
