"""Initial values from distributions of given widths."""

import math
from typing import Any

from ...arguments import number
from ...backends import Array, Random
from .base import Drawn


class RandomNormal(Drawn):
    """From the normal distribution (`keras.initializers.RandomNormal`).

    Parameters
    ----------
    mean, stddev : float, optional
        Mean and standard deviation; the second at least 0.
    seed : int, optional
        See `Drawn`.

    Raises
    ------
    TypeError, ValueError
        If an argument is not such a number.
    """

    def __init__(self, mean: float = 0.0, stddev: float = 0.05, seed: int | None = None) -> None:
        super().__init__(seed)
        self.mean = number("mean", mean, at_least=-math.inf)
        self.stddev = number("stddev", stddev)

    def _drawn(self, random: Random, shape: tuple[int, ...], dtype: Any) -> Array:
        return random.normal(shape, self.mean, self.stddev, dtype)


class TruncatedNormal(RandomNormal):
    """From the normal distribution within two standard deviations of its mean.

    That is `keras.initializers.TruncatedNormal`; parameters and errors are `RandomNormal`'s, and
    ``stddev`` is the one before the tails are cut off.
    """

    def _drawn(self, random: Random, shape: tuple[int, ...], dtype: Any) -> Array:
        return random.truncated_normal(shape, self.mean, self.stddev, dtype)


class RandomUniform(Drawn):
    """From the uniform distribution (`keras.initializers.RandomUniform`).

    Parameters
    ----------
    minval, maxval : float, optional
        The bounds.
    seed : int, optional
        See `Drawn`.

    Raises
    ------
    TypeError, ValueError
        If a bound is not a finite number, or the first above the second.
    """

    def __init__(
        self, minval: float = -0.05, maxval: float = 0.05, seed: int | None = None
    ) -> None:
        super().__init__(seed)
        self.minval = number("minval", minval, at_least=-math.inf)
        self.maxval = number("maxval", maxval, at_least=self.minval)

    def _drawn(self, random: Random, shape: tuple[int, ...], dtype: Any) -> Array:
        return random.uniform(shape, self.minval, self.maxval, dtype)
