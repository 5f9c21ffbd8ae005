"""Initial values of parameters, by Keras's names."""

import math
from collections.abc import Callable
from typing import Any

from ..backends import Array, Random

Initializer = Callable[[Random, Any, tuple[int, ...], Any], Array]


def initial(name: str, random: Random, xp: Any, shape: tuple[int, ...], dtype: Any) -> Array:
    """Make an array of initial values.

    Parameters
    ----------
    name : {"zeros", "ones", "standard_normal", "glorot_uniform", "he_uniform"}
        How to fill it.
    random : Random
        The stream to draw from.
    xp : module
        The array module.
    shape : tuple of int
        Shape; a kernel's is (in, out) for dense layers, (out, in, *size) for convolutions.
    dtype : dtype
        The result's dtype.

    Returns
    -------
    array
        On the stream's device.

    Raises
    ------
    ValueError
        If the name is unknown.
    """
    return INITIALIZERS[check_initializer(name)](random, xp, shape, dtype)


def check_initializer(name: str) -> str:
    """Return ``name`` if it is an initializer's, or raise."""
    if name not in INITIALIZERS:
        raise ValueError(f"an initializer is one of {tuple(INITIALIZERS)}, got {name!r}")
    return name


def _glorot_uniform(random: Random, xp: Any, shape: tuple[int, ...], dtype: Any) -> Array:
    """Uniform within sqrt(6 / (fan_in + fan_out)) of 0 (X. Glorot, Y. Bengio, 2010)."""
    limit = math.sqrt(6 / sum(_fans(shape)))
    return random.uniform(shape, -limit, limit, dtype)


def _he_uniform(random: Random, xp: Any, shape: tuple[int, ...], dtype: Any) -> Array:
    """Uniform within sqrt(6 / fan_in) of 0 (K. He et al., 2015)."""
    limit = math.sqrt(6 / _fans(shape)[0])
    return random.uniform(shape, -limit, limit, dtype)


def _fans(shape: tuple[int, ...]) -> tuple[int, int]:
    """How many inputs a unit has, and to how many units an input goes."""
    if len(shape) <= 2:
        return shape[0], shape[-1]
    taps = math.prod(shape[2:])
    return shape[1] * taps, shape[0] * taps


INITIALIZERS: dict[str, Initializer] = {
    "zeros": lambda random, xp, shape, dtype: xp.zeros(shape, dtype),
    "ones": lambda random, xp, shape, dtype: xp.ones(shape, dtype),
    "standard_normal": lambda random, xp, shape, dtype: random.normal(shape, dtype=dtype),
    "glorot_uniform": _glorot_uniform,
    "he_uniform": _he_uniform,
}
