"""What CuPy does to numbers: its dtypes, its conversions, its denormals, its fresh memory."""

from typing import Any

import numpy as np

from .ledger import ledger

CHARACTERS = "?bBhHiIlLqQefdFD"
"""The type characters of the dtypes that CuPy has."""

SCALARS = (bool, int, float, complex, np.generic)
"""What CuPy takes for a number."""


def checked_dtype(dtype: Any) -> Any:
    """Return the dtype if CuPy has it, or raise as CuPy does."""
    dtype = np.dtype(dtype)
    if dtype.char not in CHARACTERS:
        raise ValueError(f"Unsupported dtype {dtype}")
    return dtype


def cast(host: Any, dtype: Any) -> Any:
    """Convert as CUDA does: floats beyond an integer's range become its bounds, NaN 0.

    CuPy's documentation leaves those undefined; NumPy makes other numbers of them.
    """
    dtype = np.dtype(dtype)
    with np.errstate(all="ignore"):
        if dtype.kind not in "iu" or host.dtype.kind != "f":
            return host.astype(dtype, copy=False)
        limits = np.iinfo(dtype)
        low, high = host < limits.min, host >= float(limits.max)
        strange = low | high | np.isnan(host)
        if not strange.any():
            return host.astype(dtype)
        ledger.undefined(f"conversion to {dtype} of numbers out of its range")
        safe = np.where(strange, 0, host).astype(dtype)
        return np.where(low, limits.min, np.where(high, limits.max, safe)).astype(dtype)


def flushed(host: Any) -> Any:
    """Make zeros of float32 denormals: CuPy's kernels are compiled with ``-ftz=true``."""
    if not isinstance(host, np.ndarray) or host.dtype.char not in "fF" or not host.size:
        return host
    parts = np.ascontiguousarray(host).view("float32")
    denormal = (np.abs(parts) < np.finfo("float32").tiny) & (parts != 0)
    if not denormal.any():
        return host
    return np.where(denormal, np.float32(0), parts).view(host.dtype).reshape(host.shape)


def poisoned(host: Any) -> Any:
    """Fill fresh memory with bits that are NaN in every floating dtype."""
    if host.dtype == bool:
        host[...] = True
    elif host.size:
        host.reshape(-1, order="A").view("uint8")[...] = 255
    return host
