"""Activations: elementwise but for Softmax, without parameters."""

from typing import Any

from ..arguments import number
from ..backends import Array, backend_of
from ..backends.dtypes import widened
from .base import Layer, Shape
from .layout import check_axis, length_along
from .registry import register_layer


def sigmoid(xp: Any, x: Array) -> Array:
    """Compute ``1 / (1 + exp(-x))``, of which no exponential overflows on either side of 0."""
    return xp.exp(xp.minimum(x, 0)) / (1 + xp.exp(-xp.abs(x)))


def softmax(xp: Any, x: Array, axis: int) -> Array:
    """Compute ``exp(x) / sum(exp(x))`` along an axis, with the largest x subtracted first.

    The result for float16 and bfloat16 is float32.
    """
    x = widened(x)
    y = xp.exp(x - x.max(axis=axis, keepdims=True))
    y /= y.sum(axis=axis, keepdims=True)
    return y


class Activation(Layer):
    """What activations share: any shape goes in and comes out."""

    elementwise = True
    shardable = True

    def __init__(self, name: str | None = None) -> None:
        super().__init__(name)


@register_layer
class ReLU(Activation):
    """Rectified linear unit, ``max(x, 0)``; its derivative at 0 is taken to be 0."""

    def _forward(self, x: Array, training: bool) -> Array:
        y = backend_of(x).xp.maximum(x, 0)
        self._saved = y  # it is positive where x is, and the next layer keeps it anyway
        return y

    def _backward(self, dy: Array) -> Array:
        xp = backend_of(dy).xp
        dx = xp.greater(self._saved, 0, out=xp.empty_like(dy))  # 1 or 0, not a boolean
        dx *= dy
        return dx


@register_layer
class LeakyReLU(Activation):
    """``x`` where positive, ``negative_slope * x`` elsewhere.

    Parameters
    ----------
    negative_slope : float, optional
        The slope for negative inputs.
    name : str, optional
        See `Layer`.
    """

    def __init__(self, negative_slope: float = 0.3, name: str | None = None) -> None:
        super().__init__(name)
        self.negative_slope = number("negative_slope", negative_slope)

    def _forward(self, x: Array, training: bool) -> Array:
        self._saved = x
        return backend_of(x).xp.where(x > 0, x, x * self.negative_slope)

    def _backward(self, dy: Array) -> Array:
        return backend_of(dy).xp.where(self._saved > 0, dy, dy * self.negative_slope)


@register_layer
class Sigmoid(Activation):
    """Logistic function, ``1 / (1 + exp(-x))``, without overflow on either side."""

    def _forward(self, x: Array, training: bool) -> Array:
        y = sigmoid(backend_of(x).xp, x)
        self._saved = y
        return y

    def _backward(self, dy: Array) -> Array:
        y = self._saved
        return dy * y * (1 - y)


@register_layer
class Tanh(Activation):
    """Hyperbolic tangent."""

    def _forward(self, x: Array, training: bool) -> Array:
        y = backend_of(x).xp.tanh(x)
        self._saved = y
        return y

    def _backward(self, dy: Array) -> Array:
        y = self._saved
        return dy * (1 - y * y)


@register_layer
class Softmax(Activation):
    """``exp(x) / sum(exp(x))`` along an axis, with the largest x subtracted first.

    Parameters
    ----------
    axis : int, optional
        Along which the outputs sum to 1, in a batch: 1 for channels first, -1 for channels last and
        for flat features.
    name : str, optional
        See `Layer`.

    Raises
    ------
    ValueError
        If the axis is that of the batch.
    """

    elementwise = False

    def __init__(self, axis: int = -1, name: str | None = None) -> None:
        super().__init__(name)
        self.axis = check_axis(axis)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """Return the input's shape, if it has the axis."""
        length_along(self.axis, input_shape)
        return input_shape

    def _forward(self, x: Array, training: bool) -> Array:
        y = softmax(backend_of(x).xp, x, self.axis)
        self._saved = y
        return y

    def _backward(self, dy: Array) -> Array:
        y, dy = self._saved, widened(dy)
        return y * (dy - (dy * y).sum(axis=self.axis, keepdims=True))
