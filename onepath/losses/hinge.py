"""Losses of margins: what is right by a margin of 1 costs nothing."""

from typing import Any

from ..backends import Array
from .base import Loss, Mean


class Hinge(Loss):
    """``mean(max(1 - y_true y_pred, 0))`` over all elements (`keras.losses.Hinge`).

    Targets are -1 and 1. Where all targets of a batch are 0 and 1, the zeros stand for -1. The
    gradient is ``-y_true / size`` within the margin, and 0 beyond it.
    """

    name = "hinge"
    _targets = "-1 and 1, or 0 and 1, one for each prediction"

    def _evaluate(self, xp: Any, y: Array, p: Array, mean: Mean) -> tuple[Array, Array]:
        y = _signs(xp, y.astype(p.dtype, copy=False))
        lack = xp.maximum(1 - y * p, 0)
        return mean(lack), xp.where(lack > 0, y, 0) / -mean.count


class SquaredHinge(Loss):
    """``mean(max(1 - y_true y_pred, 0)**2)`` over all elements (`keras.losses.SquaredHinge`).

    Targets are those of `Hinge`. The gradient is ``-2 y_true max(1 - y_true y_pred, 0) / size``.
    """

    name = "squared_hinge"
    _targets = Hinge._targets

    def _evaluate(self, xp: Any, y: Array, p: Array, mean: Mean) -> tuple[Array, Array]:
        y = _signs(xp, y.astype(p.dtype, copy=False))
        lack = xp.maximum(1 - y * p, 0)
        return mean(xp.square(lack)), y * lack * (-2.0 / mean.count)


class CategoricalHinge(Loss):
    """``max(1 + max((1 - y) p) - sum(y p), 0)``, averaged (`keras.losses.CategoricalHinge`).

    Targets ``y`` are one-hot along the last axis, predictions ``p`` scores. A row within the margin
    has the gradient ``-y / rows``, with ``(1 - y) / rows`` added for the class that scores highest
    among the wrong ones, the first of equal ones.
    """

    name = "categorical_hinge"
    _by_row = True
    _targets = "one-hot, of the shape of y_pred"

    def _limit(self, classes: int) -> tuple[int, str]:
        return 1, f"the share of each of the {classes} classes lies between 0 and 1"

    def _evaluate(self, xp: Any, y: Array, p: Array, mean: Mean) -> tuple[Array, Array]:
        y = y.astype(p.dtype, copy=False)
        wrong = (1 - y) * p
        worst = wrong.argmax(axis=-1)[..., None] == xp.arange(p.shape[-1])
        lack = 1 + wrong.max(axis=-1) - (y * p).sum(axis=-1)
        within = (lack > 0)[..., None]
        return mean(xp.maximum(lack, 0)), within * (worst * (1 - y) - y) / mean.count


def _signs(xp: Any, y: Array) -> Array:
    """Targets as -1 and 1; nothing waits for the device to tell of which kind they are."""
    binary = ((y == 0) | (y == 1)).all()
    return xp.where(binary, 2 * y - 1, y)
