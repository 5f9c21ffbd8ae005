"""The methods of the array: operators by their ufuncs, the others by CuPy's list of them."""

from collections.abc import Callable
from typing import Any

import numpy as np

from .array import ndarray
from .dtypes import SCALARS
from .functions import Function, method, reversed_order
from .kinds import REDUCTIONS
from .own import take
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

COMPARISONS = {
    "eq": "equal",
    "ge": "greater_equal",
    "gt": "greater",
    "le": "less_equal",
    "lt": "less",
    "ne": "not_equal",
}

UNARY = {"abs": "absolute", "invert": "invert", "neg": "negative", "pos": "positive"}


TO_FILES = ("dump", "dumps", "tofile")


def add_methods() -> None:
    """Give the array its methods, by CuPy's list of them."""
    for name, signature in functions("cupy.ndarray").items():
        compute = getattr(np.ndarray, name, None) or getattr(np, name, None)
        if name.startswith("_") or name in (*vars(ndarray), *TO_FILES) or compute is None:
            continue
        if name in REDUCTIONS:
            compute = reversed_order(getattr(np, name))
        compute = take if name == "take" else compute
        setattr(ndarray, name, method(Function(name, signature, compute)))


def add_operators() -> None:
    """Give the array its operators."""
    matmul = Function("matmul", functions("cupy")["matmul"], np.matmul)
    for operator, name in IN_PLACE.items():
        _add(operator, ufunc_of_numpy(name))
        _set(f"i{operator}", _in_place(ufunc_of_numpy(name)))
    _add("divmod", ufunc_of_numpy("divmod"))
    _add("matmul", matmul)
    for operator, name in COMPARISONS.items():
        _set(operator, _forward(ufunc_of_numpy(name)))
    for operator, name in UNARY.items():
        _set(operator, _unary(ufunc_of_numpy(name)))


def _add(operator: str, compute: Callable[..., Any]) -> None:
    _set(operator, _forward(compute))
    _set(f"r{operator}", _reverse(compute))


def _set(operator: str, method: Callable[..., Any]) -> None:
    method.__name__ = f"__{operator}__"
    setattr(ndarray, method.__name__, method)


def _is_operand(other: Any) -> bool:
    """Whether CuPy looks at it at all; NumPy's arrays are refused with a message then."""
    return isinstance(other, (ndarray, np.ndarray, *SCALARS))


def _forward(compute: Callable[..., Any]) -> Callable[..., Any]:
    return lambda self, other: compute(self, other) if _is_operand(other) else NotImplemented


def _reverse(compute: Callable[..., Any]) -> Callable[..., Any]:
    return lambda self, other: compute(other, self) if _is_operand(other) else NotImplemented


def _in_place(compute: Callable[..., Any]) -> Callable[..., Any]:
    return lambda self, other: (
        compute(self, other, out=self) if _is_operand(other) else NotImplemented
    )


def _unary(compute: Callable[..., Any]) -> Callable[..., Any]:
    return lambda self: compute(self)
