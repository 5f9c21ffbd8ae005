"""Elementwise functions by CuPy's loops and rules, computed by NumPy or SciPy."""

from functools import cache
from typing import Any

import numpy as np

from . import loops
from .array import deepen, ndarray, roundings, unwrap, wrap
from .dtypes import cast, checked_dtype, flushed
from .graphs import captured
from .kinds import EXACT
from .signatures import UfuncEntry, ufuncs

SCATTERED = {
    "add": "ilILQqefd",
    "subtract": "iI",
    "maximum": "ilILQqfd",
    "minimum": "ilILQqfd",
    "bitwise_and": "ilILQq",
    "bitwise_or": "ilILQq",
    "bitwise_xor": "ilILQq",
}
"""The dtypes of `ufunc.at`, for which CUDA has atomic operations."""


class ufunc:  # noqa: N801 - CuPy's name
    """A function of elements.

    Parameters
    ----------
    name : str
        CuPy's name for it.
    entry : UfuncEntry
        Numbers of inputs and outputs, and the loops in the order in which CuPy tries them.
    compute : callable
        NumPy's or SciPy's ufunc.
    """

    __module__ = "cupy"

    def __init__(self, name: str, entry: UfuncEntry, compute: Any) -> None:
        self.name = f"cupy_{name}"
        self.nin, self.nout = entry.nin, entry.nout
        self.nargs = entry.nin + entry.nout
        self.__name__ = name
        self._types = entry.types
        self._compute: Any = _power if compute is np.power else compute
        self._rounds = name not in EXACT

    def __repr__(self) -> str:
        return f"<ufunc '{self.name}'>"

    @property
    def types(self) -> list[str]:
        """The loops, such as ``"ff->f"``, in the order in which they are tried."""
        return list(self._types)

    @captured
    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Compute; arrays of the device and numbers are taken, nothing else."""
        out, dtype = kwargs.pop("out", None), kwargs.pop("dtype", None)
        casting = kwargs.pop("casting", "same_kind")
        if kwargs:
            raise TypeError(f"Wrong arguments {kwargs}")
        inputs, places = self._parsed(args, out)
        values = [unwrap(x) for x in inputs]
        hosts = [np.asarray(x) for x in values]
        chosen = self._loop(values, hosts, dtype)
        hosts = [
            flushed(_converted(x, host, char))
            for x, host, char in zip(values, hosts, chosen.inputs, strict=True)
        ]
        with np.errstate(all="ignore"):
            computed = self._compute(*hosts)
        results = computed if isinstance(computed, tuple) else (computed,)
        depth = roundings(*inputs) + self._rounds
        finished = tuple(
            _finished(y, char, place, casting, depth)
            for y, char, place in zip(results, chosen.outputs, places, strict=True)
        )
        return finished if self.nout > 1 else finished[0]

    def _parsed(self, args: tuple[Any, ...], out: Any) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
        """The inputs, and a place or None for each output."""
        if not self.nin <= len(args) <= self.nargs:
            raise TypeError(
                f"Wrong number of arguments for {self.name!r}. It must be either {self.nin} or "
                f"{self.nargs} (with outputs), but given {len(args)}."
            )
        places = args[self.nin :]
        if out is not None:
            if places:
                raise ValueError("Cannot specify 'out' as both a positional and keyword argument")
            places = out if isinstance(out, tuple) else (out,)
            if len(places) != self.nout:
                raise ValueError("'out' must be a tuple of arrays, one for each output")
        for place in places:
            if place is not None and not isinstance(place, ndarray):
                raise TypeError(f"Output arguments type must be cupy.ndarray, got {type(place)}")
        return args[: self.nin], places or (None,) * self.nout

    def _loop(self, values: list[Any], hosts: list[Any], dtype: Any) -> loops.Loop:
        """CuPy's loop for the operands, or for the dtype if one is asked for."""
        if dtype is None:
            operands = tuple(map(loops.operand, values, (host.dtype for host in hosts)))
            loop = loops.for_operands(self.__name__, self._types, operands)
        else:
            dtype = checked_dtype(dtype)
            loop = loops.for_dtype(self.__name__, self._types, dtype)
        if loop is None:
            wrong = dtype or tuple(host.dtype for host in hosts)
            raise TypeError(f"Wrong type ({wrong}) of arguments for {self.name}")
        return loop

    # Methods of ufuncs, of which CuPy has few

    def outer(self, A: Any, B: Any, **kwargs: Any) -> Any:  # noqa: N803 - CuPy's names
        """Apply to all pairs of elements."""
        return self(A[(..., *(None,) * B.ndim)], B, **kwargs)

    def reduce(
        self,
        array: ndarray,
        axis: Any = 0,
        dtype: Any = None,
        out: Any = None,
        keepdims: bool = False,
    ) -> Any:
        """Sum or product along axes."""
        method = self._method("reduce", add="sum", multiply="prod")
        return getattr(array, method)(axis, dtype, out, keepdims)

    def accumulate(self, array: ndarray, axis: Any = 0, dtype: Any = None, out: Any = None) -> Any:
        """Cumulative sum or product."""
        method = self._method("accumulate", add="cumsum", multiply="cumprod")
        return getattr(array, method)(axis, dtype, out)

    @captured
    def reduceat(
        self, array: ndarray, indices: Any, axis: int = 0, dtype: Any = None, out: Any = None
    ) -> Any:
        """Sums over slices."""
        self._method("reduceat", add="")
        host = unwrap(array)
        sums = np.add.reduceat(host, unwrap(indices), axis, dtype)
        result = wrap(sums, roundings=roundings(array) + host.shape[axis])
        if out is None:
            return result
        out[...] = result
        return out

    @captured
    def at(self, a: ndarray, indices: Any, b: Any = None) -> None:
        """Apply in place, once for each index; several at one element in no fixed order."""
        if self.__name__ not in SCATTERED:
            raise NotImplementedError(f"`{self.name}.at` is not supported yet")
        host, chosen = unwrap(a), wrap(np.arange(a.size).reshape(a.shape))[indices]
        if chosen.base is None and a.dtype.char not in SCATTERED[self.__name__]:
            allowed = ", ".join(dict.fromkeys(np.dtype(c).name for c in SCATTERED[self.__name__]))
            raise TypeError(f"cupy.{self.__name__}.at only supports {allowed} as data type")
        places = unwrap(chosen)
        values = np.broadcast_to(cast(np.asarray(unwrap(b)), a.dtype), places.shape)
        places, elements = places.ravel()[::-1], host.ravel()
        self._compute.at(elements, places, values.ravel()[::-1])
        host[...] = elements.reshape(a.shape)
        often = int(np.bincount(places, minlength=1).max())
        deepen(a, roundings(a, b) + self._rounds * often)

    def _method(self, method: str, **supported: str) -> str:
        if self.__name__ not in supported:
            raise NotImplementedError(f"`{self.name}.{method}` is not supported yet")
        return supported[self.__name__]


def _power(x1: Any, x2: Any) -> Any:
    """Raise integers to negative powers, too, for which NumPy raises an error."""
    if x2.dtype.kind != "i" or not np.any(x2 < 0):
        return np.power(x1, x2)
    ones = np.where(x1 == -1, np.where(x2 % 2, -1, 1), x1 == 1)
    return np.where(x2 < 0, ones, np.power(x1, np.maximum(x2, 0))).astype(np.result_type(x1, x2))


def _converted(value: Any, host: Any, char: str) -> Any:
    """An operand in its loop's type; a Python number that does not fit raises as in NumPy."""
    return cast(host, char) if isinstance(value, np.ndarray) else np.asarray(value, char)


def _finished(y: Any, char: str, place: ndarray | None, casting: str, depth: int) -> ndarray:
    """One output, C-contiguous, or in the place given for it if there is one."""
    y = flushed(np.asarray(y, char, order="C"))
    depth = depth if y.dtype.kind in "fc" else 0
    if place is None:
        return wrap(y, roundings=depth)
    if not np.can_cast(y.dtype, place.dtype, casting):  # type: ignore[arg-type]
        raise TypeError(
            f"Cannot cast output operand from {y.dtype!r} to {place.dtype!r} according to the rule "
            f"'{casting}'"
        )
    if y.shape != place.shape and np.broadcast_shapes(y.shape, place.shape) != place.shape:
        raise ValueError(
            f"Out shape is mismatched: {place.shape} is given for a result of shape {y.shape}"
        )
    unwrap(place)[...] = cast(y, place.dtype)
    deepen(place, depth, everywhere=True)
    return place


@cache
def ufunc_of_numpy(name: str) -> ufunc:
    """Return CuPy's ufunc of that name, computed by NumPy's."""
    return ufunc(name, ufuncs("cupy")[name], getattr(np, name))
