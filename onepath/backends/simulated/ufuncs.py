"""Elementwise functions by CuPy's loops and rules, computed by NumPy or SciPy."""

from functools import cache
from typing import Any

import numpy as np

from .array import deepen, ndarray, roundings, unwrap, wrap
from .dtypes import SCALARS, checked_dtype, flushed
from .kinds import EXACT
from .signatures import UfuncEntry, ufuncs

_OF_BOOLEANS = {"subtract": np.logical_xor, "negative": np.asarray}

_SCATTERED = {
    "add": "ilILQqefd",
    "subtract": "iI",
    "maximum": "ilILQqfd",
    "minimum": "ilILQqfd",
    "bitwise_and": "ilILQq",
    "bitwise_or": "ilILQq",
    "bitwise_xor": "ilILQq",
}


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

    def __init__(self, name: str, entry: UfuncEntry, compute: Any) -> None:
        self.name = f"cupy_{name}"
        self.nin, self.nout = entry.nin, entry.nout
        self.nargs = entry.nin + entry.nout
        self.types = list(entry.types)
        self.__name__ = name
        self._compute = compute
        self._loops = [tuple(map(str, t.split("->"))) for t in entry.types]

    def __repr__(self) -> str:
        return f"<ufunc '{self.name}'>"

    def __call__(
        self,
        *args: Any,
        out: Any = None,
        dtype: Any = None,
        casting: str = "same_kind",
    ) -> Any:
        """Compute; arrays of the device and numbers are taken, nothing else."""
        inputs, out = self._parsed(args, out)
        hosts = [unwrap(x) for x in inputs]
        chosen, results = self._loop(hosts, dtype)
        hosts = [_converted(x, t) for x, t in zip(hosts, chosen, strict=True)]
        with np.errstate(all="ignore"):
            computed = self._computes(chosen)(*map(flushed, hosts))
        many = computed if isinstance(computed, tuple) else (computed,)
        depth = roundings(*inputs) + (self.__name__ not in EXACT)
        finished = tuple(
            self._finished(flushed(np.asarray(y)), t, place, casting, depth)
            for y, t, place in zip(many, results, out, strict=True)
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
                raise TypeError(f"return arrays must be of ArrayType, got {type(place)}")
        return args[: self.nin], places or (None,) * self.nout

    def _loop(self, hosts: list[Any], dtype: Any) -> tuple[Any, Any]:
        """The types of inputs and outputs: the first of CuPy's loops into which the inputs fit."""
        if dtype is not None:
            wanted = checked_dtype(dtype)
            for ins, outs in self._loops:
                if all(np.dtype(t) == wanted for t in outs):
                    return ins, outs
            raise TypeError(f"Wrong type ({wanted}) of arguments for {self.name}")
        weak = [type(x) if type(x) in (int, float, complex) else None for x in hosts]
        if all(weak):
            weak = [None] * len(hosts)
        have = [np.asarray(x).dtype for x in hosts]
        for ins, outs in self._loops:
            if all(_fits(h, w, t) for h, w, t in zip(have, weak, ins, strict=True)):
                return ins, outs
        raise TypeError(f"Wrong type ({tuple(have)}) of arguments for {self.name}")

    def _computes(self, chosen: Any) -> Any:
        """The host's function; CuPy has two of booleans that NumPy has not."""
        return (
            _OF_BOOLEANS.get(self.__name__, self._compute)
            if set(chosen) == {"?"}
            else self._compute
        )

    def _finished(
        self, y: Any, char: str, place: ndarray | None, casting: str, depth: int
    ) -> ndarray:
        """One output, in the place given for it if there is one."""
        y = y.astype(char, copy=False)
        depth = depth if y.dtype.kind in "fc" else 0
        if place is None:
            return wrap(y, roundings=depth)
        if not np.can_cast(y.dtype, place.dtype, casting):  # type: ignore[arg-type]
            raise TypeError(
                f"output (typecode '{char}') could not be coerced to provided output parameter "
                f"(typecode '{place.dtype.char}') according to the casting rule \"{casting}\""
            )
        if place.shape != np.broadcast_shapes(y.shape, place.shape):
            raise ValueError(
                f"non-broadcastable output operand with shape {place.shape} doesn't match the "
                f"broadcast shape {y.shape}"
            )
        unwrap(place)[...] = y
        deepen(place, depth)
        return place

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
        return getattr(array, self._method("reduce", add="sum", multiply="prod"))(
            axis, dtype, out, keepdims
        )

    def accumulate(self, array: ndarray, axis: Any = 0, dtype: Any = None, out: Any = None) -> Any:
        """Cumulative sum or product."""
        return getattr(array, self._method("accumulate", add="cumsum", multiply="cumprod"))(
            axis, dtype, out
        )

    def reduceat(
        self, array: ndarray, indices: Any, axis: int = 0, dtype: Any = None, out: Any = None
    ) -> Any:
        """Sums over slices."""
        self._method("reduceat", add="")
        host = unwrap(array)
        sums = np.add.reduceat(host, unwrap(indices), axis, dtype)
        return wrap(sums, roundings=roundings(array) + host.size)

    def at(self, a: ndarray, indices: Any, b: Any = None) -> None:
        """Apply in place, once for each index; several at one element in no fixed order."""
        if self.__name__ not in _SCATTERED:
            raise NotImplementedError(f"`{self.name}.at` is not supported yet")
        if a.dtype.char not in _SCATTERED[self.__name__]:
            allowed = ", ".join(np.dtype(c).name for c in dict.fromkeys(_SCATTERED[self.__name__]))
            raise TypeError(f"cupy.{self.__name__}.at only supports {allowed} as data type")
        places = wrap(np.arange(a.size).reshape(a.shape))[indices]
        values = np.broadcast_to(unwrap(b), places.shape).ravel()[::-1]
        flat = unwrap(a).ravel()
        self._compute.at(flat, unwrap(places).ravel()[::-1], values.astype(a.dtype))
        unwrap(a)[...] = flat.reshape(a.shape)
        deepen(a, roundings(a, b) + places.size)

    def _method(self, method: str, **supported: str) -> str:
        if self.__name__ not in supported:
            raise NotImplementedError(f"`{self.name}.{method}` is not supported yet")
        return supported[self.__name__]


@cache
def ufunc_of_numpy(name: str) -> ufunc:
    """Return CuPy's ufunc of that name, computed by NumPy's."""
    return ufunc(name, ufuncs("cupy")[name], getattr(np, name))


def _fits(have: Any, weak: type | None, char: str) -> bool:
    """Whether a loop takes an operand: without loss, or as a Python number of no fixed dtype."""
    if np.can_cast(have, char):
        return True
    return weak is not None and np.result_type(weak(0), np.dtype(char)) == np.dtype(char)


def _converted(operand: Any, char: str) -> Any:
    """An operand in its loop's type; a Python integer out of range raises as in NumPy."""
    if isinstance(operand, np.ndarray):
        return operand.astype(char, copy=False)
    return np.asarray(operand, char) if isinstance(operand, SCALARS) else operand
