"""Initial values whose width goes by how many inputs and outputs a unit has."""

import math
from typing import Any

from ...arguments import number
from ...backends import Array, Random
from .base import Drawn

MODES = ("fan_in", "fan_out", "fan_avg")
DISTRIBUTIONS = ("truncated_normal", "untruncated_normal", "uniform")

_CUT = 0.87962566103423978
"""Standard deviation of the normal distribution cut off at two of its own."""


class VarianceScaling(Drawn):
    """Of the variance ``scale / n`` (`keras.initializers.VarianceScaling`).

    Parameters
    ----------
    scale : float, optional
        Above 0.
    mode : {"fan_in", "fan_out", "fan_avg"}, optional
        What ``n`` is: how many inputs a unit has, to how many units an input goes, or the mean of
        both.
    distribution : {"truncated_normal", "untruncated_normal", "uniform"}, optional
        What to draw from; "normal" is the first.
    seed : int, optional
        See `Drawn`.

    Raises
    ------
    TypeError, ValueError
        If an argument is none of those allowed.
    """

    def __init__(
        self,
        scale: float = 1.0,
        mode: str = "fan_in",
        distribution: str = "truncated_normal",
        seed: int | None = None,
    ) -> None:
        super().__init__(seed)
        self.scale = number("scale", scale, positive=True)
        if mode not in MODES:
            raise ValueError(f"mode must be one of {MODES}, got {mode!r}")
        chosen = "truncated_normal" if distribution == "normal" else distribution
        if chosen not in DISTRIBUTIONS:
            raise ValueError(f"distribution must be one of {DISTRIBUTIONS}, got {distribution!r}")
        self.mode, self.distribution = mode, chosen

    def _drawn(self, random: Random, shape: tuple[int, ...], dtype: Any) -> Array:
        fan_in, fan_out = fans(shape)
        n = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2}[self.mode]
        if self.distribution == "uniform":
            limit = math.sqrt(3 * self.scale / max(n, 1))
            return random.uniform(shape, -limit, limit, dtype)
        width = math.sqrt(self.scale / max(n, 1))
        if self.distribution == "untruncated_normal":
            return random.normal(shape, 0.0, width, dtype)
        return random.truncated_normal(shape, 0.0, width / _CUT, dtype)


class GlorotUniform(VarianceScaling):
    """Uniform within sqrt(6 / (fan_in + fan_out)) of 0 (X. Glorot, Y. Bengio, 2010)."""

    def __init__(self, seed: int | None = None) -> None:
        super().__init__(1.0, "fan_avg", "uniform", seed)


class GlorotNormal(VarianceScaling):
    """Normal of the variance 2 / (fan_in + fan_out), cut off (X. Glorot, Y. Bengio, 2010)."""

    def __init__(self, seed: int | None = None) -> None:
        super().__init__(1.0, "fan_avg", "truncated_normal", seed)


class HeUniform(VarianceScaling):
    """Uniform within sqrt(6 / fan_in) of 0 (K. He et al., 2015)."""

    def __init__(self, seed: int | None = None) -> None:
        super().__init__(2.0, "fan_in", "uniform", seed)


class HeNormal(VarianceScaling):
    """Normal of the variance 2 / fan_in, cut off (K. He et al., 2015)."""

    def __init__(self, seed: int | None = None) -> None:
        super().__init__(2.0, "fan_in", "truncated_normal", seed)


class LecunUniform(VarianceScaling):
    """Uniform within sqrt(3 / fan_in) of 0 (Y. LeCun et al., 1998)."""

    def __init__(self, seed: int | None = None) -> None:
        super().__init__(1.0, "fan_in", "uniform", seed)


class LecunNormal(VarianceScaling):
    """Normal of the variance 1 / fan_in, cut off (Y. LeCun et al., 1998)."""

    def __init__(self, seed: int | None = None) -> None:
        super().__init__(1.0, "fan_in", "truncated_normal", seed)


def fans(shape: tuple[int, ...]) -> tuple[int, int]:
    """How many inputs a unit has, and to how many units an input goes."""
    if not shape:
        return 1, 1
    if len(shape) <= 2:
        return shape[0], shape[-1]
    taps = math.prod(shape[2:])
    return shape[1] * taps, shape[0] * taps
