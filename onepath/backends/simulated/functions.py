"""Functions of arrays: called as CuPy's are, computed by NumPy's or SciPy's of that name."""

import math
from collections.abc import Callable, Iterator
from functools import wraps
from inspect import Parameter, Signature
from typing import Any

import numpy as np

from .array import deepen, ndarray, roundings, unwrap, wrap
from .calls import bind, call
from .dtypes import checked_dtype
from .kinds import DATA, MOVES, PRODUCTS, SHAPED_BY_VALUES, SUMS, UPLOADS
from .ledger import ledger

Compute = Callable[..., Any]

ANYTHING = Signature(
    [Parameter("args", Parameter.VAR_POSITIONAL), Parameter("kwargs", Parameter.VAR_KEYWORD)]
)
"""What is taken for the parameters of a function that does not tell them."""


class Function:
    """A function of CuPy's.

    Parameters
    ----------
    name : str
        Its name.
    signature : inspect.Signature or None
        How CuPy's is called; None if that cannot be read.
    compute : callable
        What computes it from host arrays.
    """

    def __init__(self, name: str, signature: Signature | None, compute: Compute) -> None:
        self.__name__ = self.__qualname__ = name
        self.__signature__ = signature or ANYTHING
        self._compute = compute

    def __repr__(self) -> str:
        return f"<simulated cupy function {self.__name__!r}>"

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Compute; arrays of the device are taken, NumPy's are not."""
        if self._waits(args, kwargs):
            ledger.synchronized(self.__name__)
        bound = bind(self.__name__, self.__signature__, args, kwargs)
        given = dict(bound.arguments)
        for name, value in given.items():
            bound.arguments[name] = self._argument(name, value)
        with np.errstate(all="ignore"):
            result = call(self._compute, bound)

        out = kwargs.get("out", given.get("out"))
        operands = [x for x in _flat(given.values()) if isinstance(x, ndarray) and x is not out]
        depth = roundings(*operands) + self._steps(operands, result)
        if isinstance(out, ndarray):
            deepen(out, depth)
            return out
        if len(operands) == 1 and isinstance(result, np.ndarray) and self.__name__ in MOVES:
            return wrap(result, operands[0])
        return on_device(result, depth)

    def _argument(self, name: str, value: Any) -> Any:
        """An argument for the host's function, if CuPy takes it."""
        if self.__name__ in UPLOADS and isinstance(value, np.ndarray):
            ledger.copied_in(value.nbytes, f"host data given to {self.__name__}")
            return value
        if name in DATA and isinstance(value, list | tuple) and not _arrays_alone(value):
            raise TypeError(f"Unsupported type {type(value)}")
        return _host(value)

    def _waits(self, args: Any, kwargs: Any) -> bool:
        """Whether the result's shape depends on values on the device."""
        return self.__name__ in SHAPED_BY_VALUES or (
            self.__name__ == "where" and len(args) + len(kwargs) == 1
        )

    def _steps(self, operands: list[ndarray], result: Any) -> int:
        """How many roundings lie between the operands and an element of the result."""
        sizes = [x.size for x in operands]
        out = max((np.size(x) for x in _flat((result,))), default=1) or 1
        if self.__name__ in SUMS:
            shrunk = -(-max(sizes, default=1) // out)
            return shrunk if shrunk > 1 else max(max(x.shape, default=1) for x in operands)
        if self.__name__ in PRODUCTS:
            return max(1, math.isqrt(math.prod(sizes) // out))
        return 0 if self.__name__ in MOVES or not operands else 1


def method(function: Function) -> Compute:
    """Make a method of the array's class out of a function of the array."""

    def bound(self: ndarray, *args: Any, **kwargs: Any) -> Any:
        return function(self, *args, **kwargs)

    bound.__name__ = function.__name__
    return bound


def reversed_order(compute: Compute) -> Compute:
    """Let a reduction of NumPy's take the elements in the other order: no device promises one."""

    @wraps(compute)
    def reduction(a: Any, axis: Any = None, *args: Any, **kwargs: Any) -> Any:
        return compute(np.flip(a, axis), axis, *args, **kwargs)

    return reduction


def decorator(*args: Any, **kwargs: Any) -> Any:
    """``fuse`` and ``memoize``: leave the function as it is, with arguments or without."""
    return args[0] if args and callable(args[0]) else lambda function: function


def _host(value: Any) -> Any:
    """An argument for the host's function; NumPy's arrays are refused."""
    if isinstance(value, ndarray):
        return unwrap(value)
    if isinstance(value, np.ndarray):
        raise TypeError(f"Unsupported type {type(value)}")
    if type(value) in (list, tuple):
        return type(value)(map(_host, value))
    if type(value) is dict:
        return {key: _host(each) for key, each in value.items()}
    return value


def on_device(result: Any, depth: int = 0) -> Any:
    """Put a result of the host's function on the device; what is no number stays as it is."""
    if isinstance(result, np.ndarray | np.generic):
        checked_dtype(result.dtype)
        return wrap(result, roundings=depth if result.dtype.kind in "fc" else 0)
    if isinstance(result, tuple) and hasattr(result, "_fields"):
        return type(result)(*(on_device(each, depth) for each in result))
    if isinstance(result, list | tuple):
        return type(result)(on_device(each, depth) for each in result)
    return result


def _flat(values: Any) -> Iterator[Any]:
    """The values, and those within lists and tuples."""
    for value in values:
        if isinstance(value, list | tuple):
            yield from _flat(value)
        elif isinstance(value, dict):
            yield from _flat(value.values())
        else:
            yield value


def _arrays_alone(values: Any) -> bool:
    """Whether a sequence has no numbers in it."""
    return all(isinstance(x, ndarray | np.ndarray) for x in _flat(values))
