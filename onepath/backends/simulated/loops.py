"""Which of a ufunc's loops CuPy takes for given operands, and so the dtypes of the results."""

from functools import cache
from typing import Any, NamedTuple

import numpy as np

from .kinds import names

COMPARISONS = names("""
    equal greater greater_equal less less_equal logical_and logical_or not_equal
""")
"""Beside an array of integers, their Python integers have a dtype of their own."""

DIVISIONS = names("divide true_divide")
"""If a dtype is asked for, they compute in it, integers too."""


class Loop(NamedTuple):
    """One of a ufunc's loops.

    Attributes
    ----------
    inputs, outputs : str
        Type characters of the operands.
    """

    inputs: str
    outputs: str


Operand = tuple[str, type | None]
"""A dtype's character, and the type of a Python number, which has no dtype of its own."""


def operand(value: object, dtype: Any) -> Operand:
    """Describe an operand; Python's integers are wide or, beyond that, unsigned."""
    kind = type(value)
    return dtype.char, kind if kind in (int, float, complex) else None


@cache
def loops(types: tuple[str, ...]) -> tuple[Loop, ...]:
    """Read CuPy's list of loops, such as ``"ff->f"``."""
    return tuple(Loop(*text.split("->")) for text in types)


@cache
def for_operands(name: str, types: tuple[str, ...], operands: tuple[Operand, ...]) -> Loop | None:
    """Return the first loop into which all operands fit, None if there is none."""
    if not _weak(operands):
        operands = tuple((char, None) for char, _ in operands)
    elif name in COMPARISONS:
        operands = _strong_integers(operands)
    for loop in loops(types):
        if all(_fits(*each, char) for each, char in zip(operands, loop.inputs, strict=True)):
            return loop
    return None


@cache
def for_dtype(name: str, types: tuple[str, ...], dtype: Any) -> Loop | None:
    """Return the first loop whose results have a dtype, None if there is none."""
    for loop in loops(types):
        if name in DIVISIONS and loop.inputs[0] in "qQ":
            continue
        if all(char == dtype.char or np.dtype(char) == dtype for char in loop.outputs):
            return loop
    return None


def _weak(operands: tuple[Operand, ...]) -> bool:
    """Whether Python numbers give way: beside an array of their kind or a higher one."""
    arrays = [_rank(np.dtype(char).type) for char, number in operands if number is None]
    numbers = [_rank(number) for _, number in operands if number is not None]
    return bool(arrays and numbers) and max(arrays) >= max(numbers)


def _rank(kind: type) -> int:
    """Booleans, integers, and then everything else."""
    if issubclass(kind, np.bool_):
        return 0
    return 1 if issubclass(kind, np.integer | int) else 2


def _strong_integers(operands: tuple[Operand, ...]) -> tuple[Operand, ...]:
    """Keep the dtype of Python integers beside an array of integers."""
    if not any(number is None and np.dtype(char).kind in "iu" for char, number in operands):
        return operands
    return tuple((char, None if number is int else number) for char, number in operands)


def _fits(have: str, number: type | None, char: str) -> bool:
    """Whether a loop takes an operand: without loss, or as a Python number of no fixed dtype."""
    if np.can_cast(have, char):
        return True
    return number is not None and np.result_type(number(0), np.dtype(char)) == np.dtype(char)
