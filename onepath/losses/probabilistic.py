"""Losses of predicted distributions and rates."""

import math
from typing import Any

from ..backends import Array
from .base import EPSILON, Loss, Mean


class KLDivergence(Loss):
    """``sum(y_true log(y_true / y_pred))`` of each row, averaged (`keras.losses.KLDivergence`).

    Rows are distributions, along the last axis. Both are clipped to [1e-7, 1] first. The gradient
    is ``-y_true / y_pred / rows``, for a prediction below 1e-7 that of the formula there, which
    points back inside, and 0 above 1.
    """

    name = "kl_divergence"
    _by_row = True
    _targets = "distributions, of the shape of y_pred"

    def probabilities(self, y_pred: Array) -> Array:
        """Return the predictions themselves; see `Loss.probabilities`."""
        return y_pred

    def _limit(self, classes: int) -> tuple[int, str]:
        return 1, f"the share of each of the {classes} classes lies between 0 and 1"

    def _evaluate(self, xp: Any, y: Array, p: Array, mean: Mean) -> tuple[Array, Array]:
        y = xp.clip(y.astype(p.dtype, copy=False), EPSILON, 1)
        ratio = y / xp.clip(p, EPSILON, 1)
        return mean(y * xp.log(ratio)), xp.where(p > 1, 0, ratio / -mean.count)


class Poisson(Loss):
    """``mean(y_pred - y_true log(y_pred + 1e-7))`` over all elements (`keras.losses.Poisson`).

    Predictions are the rates of Poisson distributions, targets what was counted. The gradient is
    ``(1 - y_true / (y_pred + 1e-7)) / size``. The logarithm of a prediction below 0 is that of 0,
    and so is its slope, which points back inside.
    """

    name = "poisson"
    _targets = "counts, one for each prediction"

    def _limit(self, classes: int) -> tuple[float, str]:
        return math.inf, "counts are not negative"

    def _evaluate(self, xp: Any, y: Array, p: Array, mean: Mean) -> tuple[Array, Array]:
        y = y.astype(p.dtype, copy=False)
        rate = xp.maximum(p, 0) + EPSILON
        return mean(p - y * xp.log(rate)), (1 - y / rate) / mean.count
