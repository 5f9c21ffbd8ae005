"""Functions that make arrays: of the host's data, which are copied and counted, or of nothing."""

from typing import Any

import numpy as np

from .array import ndarray, unwrap, wrap
from .dtypes import checked_dtype, poisoned
from .functions import Function
from .ledger import ledger
from .signatures import functions


def array(
    obj: Any,
    dtype: Any = None,
    copy: bool = True,
    order: str | None = "K",
    subok: bool = False,
    ndmin: int = 0,
    *,
    blocking: bool = False,
) -> ndarray:
    """Make an array of the host's data, of an array of the device, or of a list of them."""
    if isinstance(obj, ndarray):
        result = obj.astype(obj.dtype if dtype is None else dtype, order or "K", copy=bool(copy))
    elif isinstance(obj, list | tuple) and _holds_arrays(obj):
        host = np.stack([unwrap(array(each)) for each in obj])
        result = wrap(host if dtype is None else host.astype(checked_dtype(dtype)))
    else:
        host = np.array(obj, dtype=dtype, order=order or "K")  # type: ignore[call-overload]
        checked_dtype(host.dtype)
        ledger.copied_in(host.nbytes, "array of host data")
        result = wrap(host)
    missing = ndmin - result.ndim
    return result[(None,) * missing] if missing > 0 else result


def asarray(
    a: Any,
    dtype: Any = None,
    order: str | None = None,
    *,
    copy: bool | None = None,
    blocking: bool = False,
) -> ndarray:
    """Make an array, unless it is one already."""
    return array(a, dtype, bool(copy), order)


def ascontiguousarray(a: Any, dtype: Any = None) -> ndarray:
    """Make a C-contiguous array, unless it is one already."""
    return array(a, dtype, False, "C", ndmin=1)


def asfortranarray(a: Any, dtype: Any = None) -> ndarray:
    """Make a Fortran-contiguous array, unless it is one already."""
    return array(a, dtype, False, "F")


def copy(a: Any, order: str = "K") -> ndarray:
    """Copy an array."""
    return array(a, copy=True, order=order)


def asnumpy(
    a: Any, stream: Any = None, order: str = "C", out: Any = None, *, blocking: bool = True
) -> Any:
    """Copy to the host."""
    return a.get(stream, order, out) if isinstance(a, ndarray) else np.asarray(a, order=order)  # type: ignore[call-overload]


def _holds_arrays(values: Any) -> bool:
    return any(
        _holds_arrays(x) if isinstance(x, list | tuple) else isinstance(x, ndarray) for x in values
    )


def _fresh(name: str) -> Function:
    """Memory of which nothing is known: it is never zero by right, so it is NaN here."""
    compute = getattr(np, name)
    return Function(name, functions("cupy")[name], lambda *a, **k: poisoned(compute(*a, **k)))


FUNCTIONS = {
    **{
        each.__name__: each
        for each in (array, asarray, ascontiguousarray, asfortranarray, copy, asnumpy)
    },
    "asanyarray": asarray,
    "empty": _fresh("empty"),
    "empty_like": _fresh("empty_like"),
}
"""By CuPy's names."""
