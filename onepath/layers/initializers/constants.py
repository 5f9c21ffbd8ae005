"""Initial values that are not drawn."""

import math
from typing import Any

from ...arguments import number
from ...backends import Array, Random
from .base import Initializer


class Constant(Initializer):
    """The same value everywhere (`keras.initializers.Constant`).

    Parameters
    ----------
    value : float, optional
        Finite.

    Raises
    ------
    TypeError, ValueError
        If the value is not a finite number.
    """

    def __init__(self, value: float = 0.0) -> None:
        self.value = number("value", value, at_least=-math.inf)

    def __call__(self, random: Random, xp: Any, shape: tuple[int, ...], dtype: Any) -> Array:
        """Make an array of the value; see `Initializer`."""
        return xp.full(shape, self.value, dtype)


class Zeros(Initializer):
    """Zeros."""

    def __call__(self, random: Random, xp: Any, shape: tuple[int, ...], dtype: Any) -> Array:
        """Make an array of zeros; see `Initializer`."""
        return xp.zeros(shape, dtype)


class Ones(Initializer):
    """Ones."""

    def __call__(self, random: Random, xp: Any, shape: tuple[int, ...], dtype: Any) -> Array:
        """Make an array of ones; see `Initializer`."""
        return xp.ones(shape, dtype)


class Identity(Initializer):
    """``gain`` on a matrix's diagonal, and zeros elsewhere (`keras.initializers.Identity`).

    Parameters
    ----------
    gain : float, optional
        Finite.

    Raises
    ------
    TypeError, ValueError
        If the gain is not a finite number. So does a parameter that is no matrix.
    """

    def __init__(self, gain: float = 1.0) -> None:
        self.gain = number("gain", gain, at_least=-math.inf)

    def __call__(self, random: Random, xp: Any, shape: tuple[int, ...], dtype: Any) -> Array:
        """Make such a matrix; see `Initializer`."""
        if len(shape) != 2:
            raise ValueError(f"Identity is for matrices, but the parameter's shape is {shape}")
        return self.gain * xp.eye(*shape, dtype=dtype)
