"""Functions that make arrays: of the host's data, which are copied and counted, or of nothing."""

from inspect import signature
from typing import Any

import numpy as np

from .array import ndarray, roundings, unwrap, wrap
from .dtypes import checked_dtype, poisoned
from .functions import Function, on_device
from .graphs import captured
from .indexing import upload
from .ledger import ledger
from .signatures import functions


@captured
def array(
    obj: Any,
    dtype: Any = None,
    copy: bool | None = True,
    order: str | None = "K",
    subok: bool = False,
    ndmin: int = 0,
    *,
    blocking: bool = False,
) -> Any:
    """Make an array of the host's data, of an array of the device, or of a list of them."""
    if subok:
        raise NotImplementedError("CuPy has no subok")
    if isinstance(obj, ndarray):
        result = _of_array(obj, dtype, copy, order or "K")
    elif isinstance(obj, list | tuple) and _is_stack(obj):
        result = _stack(obj, dtype)
    else:
        result = wrap(_uploaded(obj, dtype, order or "K", blocking))
    missing = ndmin - result.ndim
    return result[(None,) * missing] if missing > 0 else result


def _of_array(a: ndarray, dtype: Any, copy: bool | None, order: str) -> Any:
    """Copy an array if it has to be, to the current device."""
    if a.device != type(a.device)():
        a = a.copy("K")
    same = a.astype(a.dtype if dtype is None else dtype, order, copy=bool(copy))
    if copy is False and same is not a:
        raise ValueError("Unable to avoid copy while creating an array as requested.")
    return same


def _is_stack(values: Any) -> bool:
    """Whether a sequence has arrays of the device in it, nothing else, all of one shape."""
    shapes = {_shape(each) for each in values}
    return len(shapes) == 1 and None not in shapes


def _shape(value: Any) -> tuple[int, ...] | None:
    """The shape of an array or of a stack of them."""
    if isinstance(value, ndarray):
        return value.shape
    stacked = isinstance(value, list | tuple) and _is_stack(value)
    return (len(value), *_shape(value[0])) if stacked else None  # type: ignore[misc]


def _stack(values: Any, dtype: Any) -> Any:
    arrays = [array(each) for each in values]
    stacked = wrap(np.stack([unwrap(x) for x in arrays]), roundings=roundings(*arrays))
    return stacked if dtype is None else stacked.astype(dtype, copy=False)


def _uploaded(obj: Any, dtype: Any, order: str, blocking: bool) -> Any:
    """A copy of the host's data, in the machine's byte order."""
    host = np.array(obj, dtype=dtype, order=order)  # type: ignore[call-overload]
    upload(host, "array of host data")
    if blocking:
        ledger.synchronized("array of host data")
    return host.astype(checked_dtype(host.dtype), copy=False)


def asarray(
    a: Any,
    dtype: Any = None,
    order: str | None = None,
    *,
    copy: bool | None = None,
    blocking: bool = False,
) -> Any:
    """Make an array, unless it is one already."""
    return array(a, dtype, copy, order, blocking=blocking)


def ascontiguousarray(a: Any, dtype: Any = None) -> Any:
    """Make a C-contiguous array of one of the device's, unless it is one already."""
    return _laid_out(a, dtype, "C")


def asfortranarray(a: Any, dtype: Any = None) -> Any:
    """Make a Fortran-contiguous array of one of the device's, unless it is one already."""
    return _laid_out(a, dtype, "F")


def _laid_out(a: Any, dtype: Any, order: str) -> Any:
    if not isinstance(a, ndarray):
        raise TypeError(f"Argument 'a' has incorrect type (expected cupy.ndarray, got {type(a)})")
    laid_out = a.astype(a.dtype if dtype is None else dtype, order, copy=False)
    return laid_out if laid_out.ndim else laid_out.reshape(1)


def asfarray(a: Any, dtype: Any = np.float64) -> Any:
    """Make an array of floating-point numbers."""
    return asarray(a, dtype if np.issubdtype(dtype, np.inexact) else np.float64)


def copy(a: ndarray, order: str = "K") -> Any:
    """Copy an array."""
    return a.copy(order)


def astype(x: ndarray, dtype: Any, /, *, copy: bool = True) -> Any:
    """Convert an array to a dtype."""
    if not isinstance(x, ndarray):
        raise TypeError(f"Input should be a CuPy array. It is a {type(x)} instead.")
    return x.astype(dtype, copy=copy)


def asnumpy(
    a: Any, stream: Any = None, order: str = "C", out: Any = None, *, blocking: bool = True
) -> Any:
    """Copy to the host."""
    return a.get(stream, order, out) if isinstance(a, ndarray) else np.asarray(a, order=order)  # type: ignore[call-overload]


class _Fresh(Function):
    """What only allocates: memory is there at once, whether or not a stream captures."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Allocate; a graph keeps memory that addresses alone may lead to."""
        made = Function.__call__.__wrapped__(self, *args, **kwargs)  # type: ignore[attr-defined]
        if ledger.capturing is not None:
            ledger.capturing.kept.append(made)
        return made


def _fresh(name: str) -> Function:
    """Memory of which nothing is known: it is never zero by right, so it is NaN here."""
    compute = getattr(np, name)

    def poison(*args: Any, **kwargs: Any) -> Any:
        return poisoned(compute(*args, **kwargs))

    poison.__signature__ = signature(compute)  # type: ignore[attr-defined]
    return _Fresh(name, functions("cupy")[name], poison)


def _brought(name: str) -> Any:
    """What NumPy makes of a file or a buffer, copied to the device."""
    compute = getattr(np, name)

    def bring(*args: Any, **kwargs: Any) -> Any:
        made = compute(*args, **kwargs)
        return asarray(made) if isinstance(made, np.ndarray) else on_device(made)

    bring.__name__ = bring.__qualname__ = name
    bring.__signature__ = functions("cupy")[name]  # type: ignore[attr-defined]
    return bring


_BROUGHT = (
    "frombuffer",
    "fromfile",
    "fromfunction",
    "fromiter",
    "fromstring",
    "genfromtxt",
    "load",
    "loadtxt",
)

FUNCTIONS = {
    **{
        each.__name__: each
        for each in (
            array,
            asarray,
            ascontiguousarray,
            asfarray,
            asfortranarray,
            asnumpy,
            astype,
            copy,
        )
    },
    "asanyarray": asarray,
    **{name: _fresh(name) for name in ("empty", "empty_like")},
    **{name: _brought(name) for name in _BROUGHT},
}
"""By CuPy's names."""
