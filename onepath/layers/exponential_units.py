"""Exponential linear units: ``scale * x`` above 0, and an exponential that levels off below."""

from ..arguments import number
from ..backends import Array, backend_of
from ..backends.dtypes import widened
from .elementwise import Elementwise
from .registry import register_layer

FAR = 1000.0
"""Beyond this, even double precision takes an exponential for 0."""


@register_layer
class ELU(Elementwise):
    """``x`` where positive, ``alpha * (exp(x) - 1)`` elsewhere.

    (D.-A. Clevert, T. Unterthiner, S. Hochreiter, 2015.)

    Parameters
    ----------
    alpha : float, optional
        The output goes down to ``-alpha``; at least 0.
    name : str, optional
        See `Layer`.

    Raises
    ------
    TypeError, ValueError
        If alpha is not a number, or negative.
    """

    _scale = 1.0
    _width = 1.0
    """What the input is divided by below 0."""

    def __init__(self, alpha: float = 1.0, name: str | None = None) -> None:
        super().__init__(name)
        self.alpha = number("alpha", alpha)

    def _forward(self, x: Array, training: bool) -> Array:
        xp, x = backend_of(x).xp, widened(x)
        y = xp.clip(x, -FAR * self._width, 0)
        y /= self._width
        xp.expm1(y, out=y)
        y *= self.alpha
        y += xp.maximum(x, 0)
        y *= self._scale
        self._saved = y  # it is positive where x is
        return y

    def _backward(self, dy: Array) -> Array:
        xp, y, dy = backend_of(dy).xp, self._saved, widened(dy)
        below = xp.minimum(y, 0)
        below += self._scale * self.alpha
        below /= self._width
        return dy * xp.where(y > 0, self._scale, below)


@register_layer
class CELU(ELU):
    """``x`` where positive, ``alpha * (exp(x / alpha) - 1)`` elsewhere; the slope at 0 is 1.

    (J. Barron, "Continuously differentiable exponential linear units", 2017.)

    Parameters
    ----------
    alpha : float, optional
        The output goes down to ``-alpha``; above 0.
    name : str, optional
        See `Layer`.

    Raises
    ------
    TypeError, ValueError
        If alpha is not a number above 0.
    """

    def __init__(self, alpha: float = 1.0, name: str | None = None) -> None:
        super().__init__(number("alpha", alpha, positive=True), name)
        self._width = self.alpha


@register_layer
class SELU(ELU):
    """`ELU` with the ``alpha`` and the scale that keep mean 0 and variance 1 from layer to layer.

    (G. Klambauer, T. Unterthiner, A. Mayr, S. Hochreiter, "Self-normalizing neural networks",
    2017; the constants are the paper's.)
    """

    _scale = 1.0507009873554805

    def __init__(self, name: str | None = None) -> None:
        super().__init__(1.6732632423543772, name)
