"""The methods of the array: operators by their ufuncs, the others by CuPy's list of them."""

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from .array import ndarray
from .departures import computing
from .dtypes import SCALARS
from .flat import flatiter
from .namespace import function
from .signatures import functions
from .ufuncs import ufunc_of_numpy

IN_PLACE = {
    "add": "add",
    "and": "bitwise_and",
    "floordiv": "floor_divide",
    "lshift": "left_shift",
    "mod": "remainder",
    "mul": "multiply",
    "or": "bitwise_or",
    "pow": "power",
    "rshift": "right_shift",
    "sub": "subtract",
    "truediv": "true_divide",
    "xor": "bitwise_xor",
}
"""Operators that come in three forms: ``a + b``, ``b + a`` from the right, and ``a += b``."""

ORDER = {"ge": "greater_equal", "gt": "greater", "le": "less_equal", "lt": "less"}

COMPARISONS = {*ORDER.values(), "equal", "not_equal"}
"""Ufuncs for which NumPy makes a 0-d array of its numbers, so that CuPy takes such arrays."""

UNARY = {"abs": "absolute", "invert": "invert", "neg": "negative"}


def add_methods() -> None:
    """Give the array its methods, by CuPy's list of them."""
    for name in functions("cupy.ndarray"):
        compute = computing("cupy.ndarray", name, np.ndarray)
        if not name.startswith("_") and name not in vars(ndarray) and compute is not None:
            setattr(ndarray, name, function("cupy.ndarray", name, compute))
    ndarray.flat = property(flatiter)  # type: ignore[attr-defined]


def add_operators() -> None:
    """Give the array its operators."""
    for operator, name in IN_PLACE.items():
        _add(operator, ufunc_of_numpy(name))
        _set(f"i{operator}", _in_place(ufunc_of_numpy(name)))
    _add("divmod", ufunc_of_numpy("divmod"))
    _add("matmul", function("cupy", "matmul", np.matmul))
    for operator, name in ORDER.items():
        _set(operator, _comparison(ufunc_of_numpy(name)))
    _set("eq", _equality(ufunc_of_numpy("equal"), otherwise=False))
    _set("ne", _equality(ufunc_of_numpy("not_equal"), otherwise=True))
    for operator, name in UNARY.items():
        _set(operator, _unary(ufunc_of_numpy(name)))
    _set("pos", _positive)


def _add(operator: str, compute: Callable[..., Any]) -> None:
    _set(operator, _forward(compute))
    _set(f"r{operator}", _reverse(compute))


def _set(operator: str, method: Callable[..., Any]) -> None:
    method.__name__ = method.__qualname__ = f"__{operator}__"
    setattr(ndarray, method.__name__, method)


def _is_operand(value: Any) -> bool:
    """Whether CuPy looks at it at all; NumPy's arrays are refused with a message then."""
    return isinstance(value, (ndarray, np.ndarray, *SCALARS))


def _forward(compute: Callable[..., Any]) -> Callable[..., Any]:
    return lambda self, value: compute(self, value) if _is_operand(value) else NotImplemented


def _reverse(compute: Callable[..., Any]) -> Callable[..., Any]:
    return lambda self, value: compute(value, self) if _is_operand(value) else NotImplemented


def _in_place(compute: Callable[..., Any]) -> Callable[..., Any]:
    return lambda self, value: (
        compute(self, value, out=self) if _is_operand(value) else NotImplemented
    )


def number(value: Any) -> Any:
    """Take a 0-d array of NumPy's for the number in it."""
    return value.item() if isinstance(value, np.ndarray) and not value.ndim else value


def _comparison(compute: Callable[..., Any]) -> Callable[..., Any]:
    compared = _forward(compute)
    return lambda self, value: compared(self, number(value))


def _equality(compute: Callable[..., Any], otherwise: bool) -> Callable[..., Any]:
    """Compare; what compares with nothing but itself is an element of no array."""
    compared = _comparison(compute)

    def compare(self: ndarray, value: Any) -> Any:
        equals: Any = type(value).__eq__
        if value is None or equals is object.__eq__:
            result = ndarray(self.shape, bool)
            result.fill(otherwise)
            return result
        return compared(self, value)

    return compare


def _unary(compute: Callable[..., Any]) -> Callable[..., Any]:
    return lambda self: compute(self)


def _positive(self: ndarray) -> Any:
    if self.dtype != np.bool_:
        return ufunc_of_numpy("positive")(self)
    warnings.warn(
        "Applying '+' to a non-numerical array is ill-defined. Returning a copy, but in the future "
        "this will error.",
        DeprecationWarning,
        stacklevel=2,
    )
    return self.copy()
