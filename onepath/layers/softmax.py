"""Softmax and its logarithm: activations along an axis."""

from typing import Any

from ..backends import Array, backend_of
from ..backends.dtypes import widened
from .base import Shape
from .elementwise import Elementwise
from .layout import check_axis, length_along
from .registry import register_layer


def softmax(xp: Any, x: Array, axis: int) -> Array:
    """Compute ``exp(x) / sum(exp(x))`` along an axis, with the largest x subtracted first.

    The result for float16 and bfloat16 is float32.
    """
    x = widened(x)
    y = xp.exp(x - x.max(axis=axis, keepdims=True))
    y /= y.sum(axis=axis, keepdims=True)
    return y


@register_layer
class Softmax(Elementwise):
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


@register_layer
class LogSoftmax(Softmax):
    """``x - log(sum(exp(x)))`` along an axis, with the largest x subtracted first.

    Parameters
    ----------
    axis : int, optional
        Along which the outputs' exponentials sum to 1; see `Softmax`.
    name : str, optional
        See `Layer`.

    Raises
    ------
    ValueError
        If the axis is that of the batch.
    """

    def _forward(self, x: Array, training: bool) -> Array:
        xp, x = backend_of(x).xp, widened(x)
        y = x - x.max(axis=self.axis, keepdims=True)
        y -= xp.log(xp.exp(y).sum(axis=self.axis, keepdims=True))
        self._saved = y
        return y

    def _backward(self, dy: Array) -> Array:
        dy = widened(dy)
        dx = backend_of(dy).xp.exp(self._saved)
        dx *= -dy.sum(axis=self.axis, keepdims=True)
        dx += dy
        return dx
