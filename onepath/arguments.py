"""Checks of arguments: each message has the name, the value, and what is allowed."""

import math
from collections.abc import Callable, Mapping
from numbers import Integral, Real
from typing import Any, TypeVar

T = TypeVar("T")


def number(
    name: str,
    value: Any,
    at_least: float = 0.0,
    at_most: float = math.inf,
    below: float = math.inf,
    positive: bool = False,
) -> float:
    """Return a finite number within bounds as Python's float, or raise.

    A NumPy float64 would raise float32 arrays to float64; Python's does not.

    Parameters
    ----------
    name : str
        What the message calls it.
    value : number
        Anything real but a bool.
    at_least, at_most, below : float, optional
        The bounds; the last is not allowed itself.
    positive : bool, optional
        Whether 0 is refused as well.

    Returns
    -------
    float
        The number.

    Raises
    ------
    TypeError
        If it is no number.
    ValueError
        If it is not finite or out of bounds.
    """
    if isinstance(value, bool) or not isinstance(value, Real):
        raise TypeError(f"{name} must be a number, got {value!r}")
    found = float(value)
    within = at_least <= found <= at_most and found < below and not (positive and found == 0)
    if within and math.isfinite(found):
        return found
    allowed = "finite" if below == at_most == math.inf else f"below {below:g}"
    if at_most < math.inf:
        allowed = f"at most {at_most:g}"
    if positive:
        allowed = f"above 0 and {allowed}"
    elif at_least > -math.inf:
        allowed = f"at least {at_least:g} and {allowed}"
    raise ValueError(f"{name} must be {allowed}, got {value!r}")


def whole(name: str, value: Any, at_least: int = 1) -> int:
    """Return an integer from a bound on as Python's int, or raise.

    Parameters
    ----------
    name : str
        What the message calls it.
    value : int
        Any integer but a bool.
    at_least : int, optional
        The bound.

    Returns
    -------
    int
        The integer.

    Raises
    ------
    TypeError
        If it is no integer.
    ValueError
        If it is too small.
    """
    if isinstance(value, bool) or not isinstance(value, Integral):
        raise TypeError(f"{name} must be an integer, got {value!r}")
    if value < at_least:
        raise ValueError(f"{name} must be at least {at_least}, got {value!r}")
    return int(value)


def flag(name: str, value: Any) -> bool:
    """Return ``value`` if it is a bool, or raise TypeError."""
    if not isinstance(value, bool):
        raise TypeError(f"{name} must be True or False, got {value!r}")
    return value


def named(kind: str, value: Any, cls: type[T], table: Mapping[str, Callable[[], T]]) -> T:
    """Return an object itself, or a new one for its name.

    Parameters
    ----------
    kind : str
        What the message calls such objects.
    value : str or object
        A key of the table, or an object of the class.
    cls : type
        The class of such objects.
    table : dict of str to callable
        What makes a new one, by name.

    Returns
    -------
    object
        Of the class.

    Raises
    ------
    TypeError
        If it is neither.
    ValueError
        If the name is unknown.
    """
    if isinstance(value, cls):
        return value
    if not isinstance(value, str):
        raise TypeError(f"{kind} must be of class {cls.__name__} or a name, got {value!r}")
    if value not in table:
        raise ValueError(f"unknown {kind} {value!r}; known are {', '.join(map(repr, table))}")
    return table[value]()
