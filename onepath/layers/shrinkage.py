"""Activations that take small inputs for 0."""

from ..arguments import number
from ..backends import Array, backend_of
from ..backends.dtypes import widened
from .elementwise import Elementwise
from .registry import register_layer


@register_layer
class HardShrink(Elementwise):
    """``x`` where it is further from 0 than the threshold, 0 elsewhere.

    Parameters
    ----------
    threshold : float, optional
        At least 0.
    name : str, optional
        See `Layer`.

    Raises
    ------
    TypeError, ValueError
        If the threshold is not a number, or negative.
    """

    def __init__(self, threshold: float = 0.5, name: str | None = None) -> None:
        super().__init__(name)
        self.threshold = number("threshold", threshold)

    def _forward(self, x: Array, training: bool) -> Array:
        xp = backend_of(x).xp
        self._saved = y = xp.where(xp.abs(x) <= self.threshold, 0, x)
        return y

    def _backward(self, dy: Array) -> Array:
        return dy * (self._saved != 0)


@register_layer
class SoftShrink(HardShrink):
    """``x``, moved towards 0 by the threshold, and no further than 0.

    Parameters
    ----------
    threshold : float, optional
        At least 0.
    name : str, optional
        See `Layer`.

    Raises
    ------
    TypeError, ValueError
        If the threshold is not a number, or negative.
    """

    def _forward(self, x: Array, training: bool) -> Array:
        x = widened(x)
        self._saved = y = x - backend_of(x).xp.clip(x, -self.threshold, self.threshold)
        return y
