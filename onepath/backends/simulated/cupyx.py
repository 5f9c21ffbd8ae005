"""What ``cupyx`` itself has: scattering, pinned memory, and a guard against waiting."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from . import signatures
from .array import ndarray
from .ledger import DeviceSynchronized, ledger
from .ufuncs import ufunc, ufunc_of_numpy

_config = threading.local()


def _scatter(name: str) -> Any:
    def scatter(a: ndarray, slices: Any, value: Any) -> None:
        ufunc_of_numpy(name).at(a, slices, value)

    return scatter


def _rsqrt(x: Any) -> Any:
    return 1 / np.sqrt(x)


# Pinned memory belongs to the host


def _empty_pinned(shape: Any, dtype: Any = float, order: Any = "C") -> Any:
    return np.empty(shape, dtype, order)


def _zeros_pinned(shape: Any, dtype: Any = float, order: Any = "C") -> Any:
    return np.zeros(shape, dtype, order)


def _empty_like_pinned(
    a: Any, dtype: Any = None, order: Any = "K", subok: None = None, shape: Any = None
) -> Any:
    if subok is not None:
        raise TypeError("subok is not supported yet")
    host = a._host if isinstance(a, ndarray) else a
    return np.empty_like(host, dtype, order, subok=False, shape=shape)


def _zeros_like_pinned(
    a: Any, dtype: Any = None, order: Any = "K", subok: None = None, shape: Any = None
) -> Any:
    pinned = _empty_like_pinned(a, dtype, order, subok, shape)
    pinned[...] = 0
    return pinned


# What becomes of floating-point errors: CuPy looks at cuSOLVER's at most


def geterr() -> dict[str, Any]:
    """Tell what becomes of errors."""
    linalg = getattr(_config, "linalg", "ignore")
    return {**dict.fromkeys(("divide", "over", "under", "invalid")), "linalg": linalg}


def seterr(
    *,
    divide: Any = None,
    over: Any = None,
    under: Any = None,
    invalid: Any = None,
    linalg: Any = None,
) -> dict[str, Any]:
    """Say what becomes of errors of linear algebra, and return what did before."""
    before = geterr()
    if any(each is not None for each in (divide, over, under, invalid)):
        raise NotImplementedError("CuPy has no choice for errors other than linalg's")
    if linalg not in (None, "ignore", "raise"):
        raise NotImplementedError(f"linalg is 'ignore' or 'raise' in CuPy, got {linalg!r}")
    _config.linalg = linalg or before["linalg"]
    return before


@contextmanager
def errstate(
    *,
    divide: None = None,
    over: None = None,
    under: None = None,
    invalid: None = None,
    linalg: str | None = None,
) -> Iterator[None]:
    """``seterr`` for a ``with`` statement."""
    before = seterr(divide=divide, over=over, under=under, invalid=invalid, linalg=linalg)
    try:
        yield
    finally:
        seterr(**before)


CONTENTS: dict[str, Any] = {
    "allow_synchronize": ledger.allow_synchronize,
    "DeviceSynchronized": DeviceSynchronized,
    "rsqrt": ufunc("rsqrt", signatures.ufuncs("cupyx")["rsqrt"], _rsqrt),
    "scatter_add": _scatter("add"),
    "scatter_max": _scatter("maximum"),
    "scatter_min": _scatter("minimum"),
    "empty_pinned": _empty_pinned,
    "zeros_pinned": _zeros_pinned,
    "empty_like_pinned": _empty_like_pinned,
    "zeros_like_pinned": _zeros_like_pinned,
    "geterr": geterr,
    "seterr": seterr,
    "errstate": errstate,
}
"""By CuPy's names."""
