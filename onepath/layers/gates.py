"""Activations by which an input decides how much of it is let through."""

import math
from abc import ABC, abstractmethod
from typing import Any

from ..arguments import flag
from ..backends import Array, Backend, backend_of
from ..backends.dtypes import widened
from .elementwise import Elementwise, sigmoid
from .registry import register_layer

FAR = 40.0
"""Beyond this, even double precision takes the normal distribution's density for 0."""


class Gate(Elementwise, ABC):
    """``x * gate(x)``, with a gate between 0 and 1."""

    @abstractmethod
    def _gate(self, home: Backend, x: Array) -> Array:
        """Compute how much is let through."""

    @abstractmethod
    def _steepness(self, xp: Any, x: Array, gate: Array) -> Array:
        """Compute ``x`` times the gate's derivative, as a new array."""

    def _forward(self, x: Array, training: bool) -> Array:
        x = widened(x)
        gate = self._gate(backend_of(x), x)
        self._saved = x, gate
        return x * gate

    def _backward(self, dy: Array) -> Array:
        x, gate = self._saved
        dx = self._steepness(backend_of(x).xp, x, gate)
        dx += gate
        dx *= widened(dy)
        return dx


@register_layer
class SiLU(Gate):
    """``x * sigmoid(x)``, also known as Swish."""

    def _gate(self, home: Backend, x: Array) -> Array:
        return sigmoid(home.xp, x)

    def _steepness(self, xp: Any, x: Array, gate: Array) -> Array:
        return gate * (1 - gate) * x


@register_layer
class HardSiLU(Gate):
    """``x`` times ``x / 6 + 1 / 2``, cut off at 0 and 1; also known as hard Swish.

    (A. Howard et al., "Searching for MobileNetV3", 2019.)
    """

    def _gate(self, home: Backend, x: Array) -> Array:
        return home.xp.clip(x / 6 + 0.5, 0, 1)

    def _steepness(self, xp: Any, x: Array, gate: Array) -> Array:
        return x / 6 * ((gate > 0) & (gate < 1))


@register_layer
class GELU(Gate):
    """``x`` times the normal distribution's cumulative function.

    (D. Hendrycks, K. Gimpel, "Gaussian error linear units", 2016.)

    Parameters
    ----------
    approximate : bool, optional
        Whether that function is approximated by ``(1 + tanh(z)) / 2`` with ``z = sqrt(2 / pi) *
        (x + 0.044715 * x**3)``, as the paper does for speed.
    name : str, optional
        See `Layer`.

    Raises
    ------
    TypeError
        If ``approximate`` is not a bool.
    """

    def __init__(self, approximate: bool = False, name: str | None = None) -> None:
        super().__init__(name)
        self.approximate = flag("approximate", approximate)

    def _gate(self, home: Backend, x: Array) -> Array:
        if not self.approximate:
            return home.special.ndtr(x)
        x = home.xp.clip(x, -FAR, FAR)
        return sigmoid(home.xp, _SLOPE * x * (1 + _CUBIC * x * x))  # (1 + tanh(z)) / 2

    def _steepness(self, xp: Any, x: Array, gate: Array) -> Array:
        x = xp.clip(x, -FAR, FAR)
        square = x * x
        if self.approximate:
            return _SLOPE * x * (1 + 3 * _CUBIC * square) * (gate * (1 - gate))
        square *= -0.5
        return xp.exp(square, out=square) * x * _DENSITY


_SLOPE, _CUBIC = 2 * math.sqrt(2 / math.pi), 0.044715
_DENSITY = 1 / math.sqrt(2 * math.pi)


@register_layer
class Mish(Gate):
    """``x * tanh(log(1 + exp(x)))`` (D. Misra, 2019)."""

    def _gate(self, home: Backend, x: Array) -> Array:
        e = _exp(home.xp, x)
        e *= e + 2
        e /= e + 2
        return e

    def _steepness(self, xp: Any, x: Array, gate: Array) -> Array:
        e = _exp(xp, x)
        return (1 - gate * gate) * (e / (1 + e)) * x


def _exp(xp: Any, x: Array) -> Array:
    """``exp(x)`` up to where the gate is 1 even in double precision."""
    return xp.exp(xp.minimum(x, 20))
