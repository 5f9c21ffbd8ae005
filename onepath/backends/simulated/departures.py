"""What computes CuPy's functions where the host's functions of that name compute otherwise."""

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any

import numpy as np

from . import cupyx
from .array import unwrap, wrap
from .indexing import wrapped
from .kinds import OLD_NAMES, REDUCTIONS, names
from .ledger import ledger

Compute = Callable[..., Any]
Departure = Callable[[Compute], Compute]


def reversed_order(compute: Compute) -> Compute:
    """Let a reduction take the elements in the other order: no device promises one."""

    @wraps(compute)
    def call(a: Any, axis: Any = None, *args: Any, **kwargs: Any) -> Any:
        return compute(np.flip(a, axis), axis, *args, **kwargs)

    return call


def _other_nan(compute: Compute) -> Compute:
    """Let a maximum of complex numbers meet another NaN first than NumPy's."""
    backwards = reversed_order(compute)

    @wraps(compute)
    def call(a: Any, *args: Any, **kwargs: Any) -> Any:
        return (backwards if a.dtype.kind == "c" else compute)(a, *args, **kwargs)

    return call


def _as_array(compute: Compute) -> Compute:
    """Give a Python number or an answer as a 0-d array."""

    @wraps(compute)
    def call(*args: Any, **kwargs: Any) -> Any:
        return np.asarray(compute(*args, **kwargs))

    return call


def _wrapping(compute: Compute) -> Compute:
    """Take indices out of bounds modulo the length of their axis."""

    @wraps(compute)
    def call(a: Any, indices: Any, axis: Any = None, *args: Any, **kwargs: Any) -> Any:
        length = a.size if axis is None else a.shape[axis]
        return compute(a, wrapped(np.asarray(indices), length), axis, *args, **kwargs)

    return call


def _stable(compute: Compute) -> Compute:
    """Sort as CuPy does: it has one way, which keeps the order of what is equal."""

    @wraps(compute)
    def call(a: Any, axis: Any = -1, kind: Any = None) -> Any:
        if kind not in (None, "stable"):
            raise ValueError("kind can only be None or 'stable'")
        return compute(a, axis=axis, kind="stable")

    return call


def _contiguous(compute: Compute) -> Compute:
    """Sort in place as CuPy does: no view with gaps in it."""

    @wraps(compute)
    def call(a: Any, *args: Any, **kwargs: Any) -> Any:
        if not a.flags.c_contiguous:
            raise NotImplementedError("Sorting non-contiguous array is not supported.")
        return compute(a, *args, **kwargs)

    return call


def _copied(compute: Compute) -> Compute:
    """Copy where NumPy gives a view."""

    @wraps(compute)
    def call(*args: Any, **kwargs: Any) -> Any:
        return compute(*args, **kwargs).copy()

    return call


def _quiet(compute: Compute) -> Compute:
    """Give NaN for a matrix that cannot be treated, as CuPy does unless it is told to raise."""

    @wraps(compute)
    def call(a: Any, *args: Any) -> Any:
        if cupyx.geterr()["linalg"] == "raise":
            ledger.synchronized(compute.__name__)
            return compute(a, *args)
        try:
            return compute(a, *args)
        except np.linalg.LinAlgError:
            if a.ndim < 2 or a.shape[-1] != a.shape[-2]:
                raise
            ledger.undefined(f"linalg.{compute.__name__} of a matrix that cannot be treated")
            eye = np.broadcast_to(np.eye(a.shape[-1], dtype=a.dtype), a.shape)
            return compute(eye, *args) * np.nan

    return call


def _checked_place(compute: Compute) -> Compute:
    """Take an ``out`` for a product that has the very dtype and is contiguous."""

    @wraps(compute)
    def call(a: Any, b: Any, out: Any = None) -> Any:
        if out is None:
            return compute(a, b)
        if np.result_type(a, b) != out.dtype:
            raise ValueError("Not supported dtype combination.")
        if not out.flags.c_contiguous:
            raise ValueError("Output array must be C-contiguous")
        return compute(a, b, out)

    return call


def _broadcast_arrays(*args: Any) -> tuple[Any, ...]:
    """Broadcast; NumPy's results may not be written to without a warning."""
    shape = np.broadcast_shapes(*(np.shape(x) for x in args))
    return tuple(np.broadcast_to(x, shape) for x in args)


def _sliding_window_view(x: Any, window_shape: Any, axis: Any = None) -> Any:
    """Show windows that may be written to."""
    return np.lib.stride_tricks.sliding_window_view(x, window_shape, axis, writeable=True)


def _can_cast(from_: Any, to: Any, casting: Any = "safe") -> bool:
    """Take arrays for their dtypes, on both sides."""
    from_, to = (x.dtype if isinstance(x, np.ndarray) else x for x in (from_, to))
    return np.can_cast(from_, to, casting)


def _linspace(
    start: Any,
    stop: Any,
    num: int = 50,
    endpoint: bool = True,
    retstep: bool = False,
    dtype: Any = None,
    axis: int = 0,
) -> Any:
    """Give the step between numbers as a Python number."""
    numbers, step = np.linspace(start, stop, num, endpoint, True, dtype, axis)  # type: ignore[call-overload]
    return (numbers, float(step) if np.ndim(step) == 0 else step) if retstep else numbers


def _mask_indices(n: int, mask_func: Any, k: Any = 0) -> Any:
    """Let the function see an array of the device."""
    return np.nonzero(unwrap(mask_func(wrap(np.ones((n, n), "int8")), k)))


def _in1d(ar1: Any, ar2: Any, assume_unique: bool = False, invert: bool = False) -> Any:
    return np.isin(ar1.ravel(), ar2.ravel(), assume_unique, invert)


_OWNERS = ("cupy", "cupy.ndarray")

_INSTEAD: Mapping[str, Compute] = {
    "cupy.broadcast_arrays": _broadcast_arrays,
    "cupy.can_cast": _can_cast,
    "cupy.in1d": _in1d,
    "cupy.lib.stride_tricks.sliding_window_view": _sliding_window_view,
    "cupy.linspace": _linspace,
    "cupy.mask_indices": _mask_indices,
    "cupyx.scipy.special.round": np.round,
}
"""What has nothing in common with the host's function of that name, or no such function."""

_CHANGED: Mapping[str, Departure] = {
    **{f"{owner}.{name}": reversed_order for name in REDUCTIONS for owner in _OWNERS},
    **{f"{owner}.{name}": _other_nan for name in names("max min amax amin") for owner in _OWNERS},
    **{
        f"cupy.{name}": _as_array
        for name in ("allclose", "array_equal", "array_equiv", "count_nonzero")
    },
    "cupy.take": _wrapping,
    "cupy.ndarray.take": _wrapping,
    "cupy.take_along_axis": _wrapping,
    "cupy.sort": _stable,
    "cupy.argsort": _stable,
    "cupy.ndarray.argsort": _stable,
    "cupy.ndarray.sort": lambda compute: _contiguous(_stable(compute)),
    "cupy.ndarray.partition": _contiguous,
    "cupy.diag": _copied,
    "cupy.dot": _checked_place,
    "cupy.ndarray.dot": _checked_place,
    "cupy.linalg.cholesky": _quiet,
    "cupy.linalg.inv": _quiet,
    "cupy.linalg.solve": _quiet,
}
"""What changes the host's function."""


def computing(section: str, name: str, host: Any) -> Any:
    """Return what computes a function of CuPy's on the host, None if nothing does.

    Parameters
    ----------
    section, name : str
        The module or class of CuPy's, and the name of its function.
    host : module or class
        Where the host's function of that name is.
    """
    path = f"{section}.{name}"
    theirs = getattr(host, OLD_NAMES.get(name, name), None)
    if section == "cupy.ndarray" and (theirs is None or name in REDUCTIONS):
        theirs = getattr(np, name, None)
    if path in _INSTEAD:
        return _INSTEAD[path]
    return _CHANGED[path](theirs) if path in _CHANGED and theirs is not None else theirs
