"""Losses of regressions: how far predictions are from numbers."""

from typing import Any

from ..arguments import number
from ..backends import Array
from .base import EPSILON, Loss, Mean


class MeanSquaredError(Loss):
    """``mean((y_pred - y_true)**2)`` over all elements (`keras.losses.MeanSquaredError`).

    The gradient is ``2 (y_pred - y_true) / size``.
    """

    name = "mean_squared_error"

    def _evaluate(self, xp: Any, y: Array, p: Array, mean: Mean) -> tuple[Array, Array]:
        residual = p - y.astype(p.dtype, copy=False)
        return mean(xp.square(residual)), residual * (2.0 / mean.count)


class MeanAbsoluteError(Loss):
    """``mean(|y_pred - y_true|)`` over all elements (`keras.losses.MeanAbsoluteError`).

    The gradient is ``sign(y_pred - y_true) / size``: 0 where the two are equal.
    """

    name = "mean_absolute_error"

    def _evaluate(self, xp: Any, y: Array, p: Array, mean: Mean) -> tuple[Array, Array]:
        residual = p - y.astype(p.dtype, copy=False)
        return mean(xp.abs(residual)), xp.sign(residual) / mean.count


class MeanAbsolutePercentageError(Loss):
    """``100 mean(|y_pred - y_true| / |y_true|)`` (`keras.losses.MeanAbsolutePercentageError`).

    Divisors are at least 1e-7. The gradient is ``100 sign(y_pred - y_true) / (|y_true| size)``.
    """

    name = "mean_absolute_percentage_error"

    def _evaluate(self, xp: Any, y: Array, p: Array, mean: Mean) -> tuple[Array, Array]:
        y = y.astype(p.dtype, copy=False)
        residual = p - y
        percent = 100.0 / xp.maximum(xp.abs(y), EPSILON)
        return mean(xp.abs(residual) * percent), xp.sign(residual) * percent / mean.count


class MeanSquaredLogarithmicError(Loss):
    """``mean((log(1 + y_pred) - log(1 + y_true))**2)`` over all elements.

    Both are taken to be at least 1e-7 (`keras.losses.MeanSquaredLogarithmicError`). The gradient of
    a prediction below is that of the formula at 1e-7, which points back inside.
    """

    name = "mean_squared_logarithmic_error"

    def _evaluate(self, xp: Any, y: Array, p: Array, mean: Mean) -> tuple[Array, Array]:
        c = xp.maximum(p, EPSILON)
        residual = xp.log1p(c) - xp.log1p(xp.maximum(y.astype(p.dtype, copy=False), EPSILON))
        return mean(xp.square(residual)), residual * (2.0 / mean.count) / (1 + c)


class Huber(Loss):
    """Squares of small errors and absolute values of large ones (`keras.losses.Huber`).

    An error ``e = y_pred - y_true`` counts ``e**2 / 2`` up to ``delta``, and beyond as the tangent
    there, ``delta |e| - delta**2 / 2``. The gradient is ``clip(e, -delta, delta) / size``.

    Parameters
    ----------
    delta : float, optional
        Where the tangent begins; above 0.

    Raises
    ------
    TypeError, ValueError
        If ``delta`` is no positive number.
    """

    name = "huber"

    def __init__(self, delta: float = 1.0) -> None:
        self.delta = number("delta", delta, positive=True)

    def _evaluate(self, xp: Any, y: Array, p: Array, mean: Mean) -> tuple[Array, Array]:
        residual = p - y.astype(p.dtype, copy=False)
        near = xp.clip(residual, -self.delta, self.delta)
        return mean(near * (residual - 0.5 * near)), near / mean.count


class LogCosh(Loss):
    """``mean(log(cosh(y_pred - y_true)))`` over all elements (`keras.losses.LogCosh`).

    The gradient is ``tanh(y_pred - y_true) / size``. With ``a`` the absolute error, the logarithm
    is ``a + log(1 + (exp(-2 a) - 1) / 2)``: nothing overflows, and small errors keep their digits.
    """

    name = "log_cosh"

    def _evaluate(self, xp: Any, y: Array, p: Array, mean: Mean) -> tuple[Array, Array]:
        residual = p - y.astype(p.dtype, copy=False)
        size = xp.abs(residual)
        value = mean(size + xp.log1p(0.5 * xp.expm1(-2.0 * size)))
        return value, xp.tanh(residual) / mean.count


class CosineSimilarity(Loss):
    """Minus the cosine of the angle between rows, averaged (`keras.losses.CosineSimilarity`).

    Rows lie along the last axis; -1 says that all have the targets' directions. With ``u`` and
    ``v`` the rows of targets and predictions divided by their lengths, a row's term is ``-u v``,
    its gradient ``((u v) v - u) / |y_pred|``. Rows shorter than 1e-7 are divided by that.
    """

    name = "cosine_similarity"
    _by_row = True

    def _evaluate(self, xp: Any, y: Array, p: Array, mean: Mean) -> tuple[Array, Array]:
        u, _ = _directions(xp, y.astype(p.dtype, copy=False))
        v, length = _directions(xp, p)
        cosine = (u * v).sum(axis=-1, keepdims=True)
        return -mean(cosine), (cosine * v - u) / (length * mean.count)


def _directions(xp: Any, x: Array) -> tuple[Array, Array]:
    """Rows divided by their lengths, and the lengths."""
    length = xp.maximum(xp.sqrt(xp.square(x).sum(axis=-1, keepdims=True)), EPSILON)
    return x / length, length
