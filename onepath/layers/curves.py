"""Smooth activations; none overflows but `Exponential`, whose values do."""

import math
from typing import Any

from ..arguments import number
from ..backends import Array, backend_of
from ..backends.dtypes import widened
from .elementwise import Elementwise, sigmoid
from .registry import register_layer


@register_layer
class Sigmoid(Elementwise):
    """Logistic function, ``1 / (1 + exp(-x))``, without overflow on either side."""

    def _forward(self, x: Array, training: bool) -> Array:
        y = sigmoid(backend_of(x).xp, x)
        self._saved = y
        return y

    def _backward(self, dy: Array) -> Array:
        y = self._saved
        return dy * y * (1 - y)


@register_layer
class Tanh(Elementwise):
    """Hyperbolic tangent."""

    def _forward(self, x: Array, training: bool) -> Array:
        y = backend_of(x).xp.tanh(x)
        self._saved = y
        return y

    def _backward(self, dy: Array) -> Array:
        y = self._saved
        return dy * (1 - y * y)


@register_layer
class Softplus(Elementwise):
    """``log(1 + exp(x))``."""

    def _forward(self, x: Array, training: bool) -> Array:
        xp, x = backend_of(x).xp, widened(x)
        self._saved = x
        y = _bend(xp, x)
        y += xp.maximum(x, 0)
        return y

    def _backward(self, dy: Array) -> Array:
        return widened(dy) * sigmoid(backend_of(dy).xp, self._saved)


@register_layer
class LogSigmoid(Elementwise):
    """``-log(1 + exp(-x))``, the logarithm of the logistic function."""

    def _forward(self, x: Array, training: bool) -> Array:
        xp, x = backend_of(x).xp, widened(x)
        self._saved = x
        return xp.minimum(x, 0) - _bend(xp, x)

    def _backward(self, dy: Array) -> Array:
        return widened(dy) * sigmoid(backend_of(dy).xp, -self._saved)


def _bend(xp: Any, x: Array) -> Array:
    """``log(1 + exp(-abs(x)))``: by how much softplus is above its two asymptotes."""
    y = xp.abs(x)
    xp.negative(y, out=y)
    xp.exp(y, out=y)
    return xp.log1p(y, out=y)


@register_layer
class Softsign(Elementwise):
    """``x / (1 + abs(x))``."""

    def _forward(self, x: Array, training: bool) -> Array:
        x = widened(x)
        self._saved = 1 + backend_of(x).xp.abs(x)
        return x / self._saved

    def _backward(self, dy: Array) -> Array:
        return widened(dy) / self._saved / self._saved  # the square may be out of range


@register_layer
class Squareplus(Elementwise):
    """``(x + sqrt(x**2 + b)) / 2`` (J. Barron, "Squareplus: a softplus-like algebraic rectifier").

    Parameters
    ----------
    b : float, optional
        How wide the bend is; above 0.
    name : str, optional
        See `Layer`.

    Raises
    ------
    TypeError, ValueError
        If b is not a number above 0.
    """

    def __init__(self, b: float = 4.0, name: str | None = None) -> None:
        super().__init__(name)
        self.b = number("b", b, positive=True)

    def _forward(self, x: Array, training: bool) -> Array:
        xp, x = backend_of(x).xp, widened(x)
        root = xp.hypot(x, math.sqrt(self.b))
        # max(x, 0) + b / (2 root + 2 abs(x)), where nothing is lost by a difference
        y = self.b / 4 / (root / 2 + xp.abs(x) / 2)
        y += xp.maximum(x, 0)
        self._saved = y, root
        return y

    def _backward(self, dy: Array) -> Array:
        y, root = self._saved
        return widened(dy) * (y / root)


@register_layer
class Exponential(Elementwise):
    """``exp(x)``."""

    def _forward(self, x: Array, training: bool) -> Array:
        self._saved = y = backend_of(x).xp.exp(widened(x))
        return y

    def _backward(self, dy: Array) -> Array:
        return widened(dy) * self._saved
