"""Focal crossentropies: what is right already counts less.

Formulas are those of T.-Y. Lin et al., "Focal loss for dense object detection", 2017, as Keras has
them.
"""

from typing import Any

from ..arguments import flag, number
from ..backends import Array
from .base import EPSILON, Mean
from .crossentropy import BinaryKind, ClassKind, exponentials

TINY = 1e-30
"""A divisor in place of 0, where what is divided is 0, too."""


class BinaryFocalCrossentropy(BinaryKind):
    """Binary crossentropy times ``q**gamma`` (`keras.losses.BinaryFocalCrossentropy`).

    ``q = y (1 - p) + (1 - y) p`` is how wrong a probability is. From logits the gradient of an
    element with the crossentropy ``c`` is ``q**gamma (p - y + gamma (1 - 2 y) c p (1 - p) / q)``.

    Parameters
    ----------
    apply_class_balancing : bool, optional
        Whether elements are multiplied by ``y alpha + (1 - y) (1 - alpha)``.
    alpha : float, optional
        The weight of class 1, from 0 to 1.
    gamma : float, optional
        At least 0; with 0 it is the crossentropy.
    from_logits, label_smoothing
        See `onepath.losses.Crossentropy`.

    Raises
    ------
    TypeError, ValueError
        If an argument is not of its type, or out of range.
    """

    name = "binary_focal_crossentropy"

    def __init__(
        self,
        apply_class_balancing: bool = False,
        alpha: float = 0.25,
        gamma: float = 2.0,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
    ) -> None:
        super().__init__(from_logits, label_smoothing)
        self.apply_class_balancing = flag("apply_class_balancing", apply_class_balancing)
        self.alpha = number("alpha", alpha, at_most=1.0)
        self.gamma = number("gamma", gamma)

    def _from_logits(self, xp: Any, y: Array, z: Array, mean: Mean) -> tuple[Array, Array]:
        t = xp.exp(-xp.abs(z))
        large, small = 1 / (1 + t), t / (1 + t)  # p and 1 - p, or the other way round
        p, other = xp.where(z < 0, small, large), xp.where(z < 0, large, small)
        crossentropy = xp.maximum(z, 0) - z * y + xp.log1p(t)
        return self._focal(xp, y, p, other, crossentropy, mean)

    def _from_probabilities(self, xp: Any, y: Array, p: Array, mean: Mean) -> tuple[Array, Array]:
        c = xp.clip(p, EPSILON, 1 - EPSILON)
        crossentropy = (y - 1) * xp.log1p(-c) - y * xp.log(c)
        value, gradient = self._focal(xp, y, c, 1 - c, crossentropy, mean)
        return value, gradient / (c * (1 - c))

    def _focal(
        self, xp: Any, y: Array, p: Array, other: Array, crossentropy: Array, mean: Mean
    ) -> tuple[Array, Array]:
        """Value, and the gradient with respect to logits; ``other`` is 1 - p."""
        q = y * other + (1 - y) * p
        factor = q**self.gamma
        if self.apply_class_balancing:
            factor = factor * (y * self.alpha + (1 - y) * (1 - self.alpha))
        push = self.gamma * (1 - 2 * y) * (p * other / xp.maximum(q, TINY)) * crossentropy
        return mean(factor * crossentropy), factor * (p - y + push) / mean.count


class CategoricalFocalCrossentropy(ClassKind):
    """``-sum(alpha (1 - p)**gamma y log p)`` over classes, averaged.

    That is `keras.losses.CategoricalFocalCrossentropy`. Targets and predictions are those of
    `onepath.losses.CategoricalCrossentropy`. The slope of a class's term with respect to ``log p``
    is ``h = alpha (1 - p)**gamma y (gamma p log p / (1 - p) - 1)``, and the gradient of a row of
    logits ``h - p sum(h)``.

    Parameters
    ----------
    alpha : float, optional
        A factor of all, at least 0.
    gamma : float, optional
        At least 0; with 0 it is the crossentropy times ``alpha``.
    from_logits, label_smoothing
        See `onepath.losses.Crossentropy`.

    Raises
    ------
    TypeError, ValueError
        If an argument is not of its type, or out of range.
    """

    name = "categorical_focal_crossentropy"

    def __init__(
        self,
        alpha: float = 0.25,
        gamma: float = 2.0,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
    ) -> None:
        super().__init__(from_logits, label_smoothing)
        self.alpha = number("alpha", alpha)
        self.gamma = number("gamma", gamma)

    def _from_logits(self, xp: Any, y: Array, z: Array, mean: Mean) -> tuple[Array, Array]:
        shifted, e, total = exponentials(xp, z)
        p = e / total
        terms, slope = self._focal(xp, y, p, shifted - xp.log(total))
        return mean(terms), (slope - p * slope.sum(axis=-1, keepdims=True)) / mean.count

    def _from_probabilities(self, xp: Any, y: Array, p: Array, mean: Mean) -> tuple[Array, Array]:
        total = p.sum(axis=-1, keepdims=True)
        q = p / total
        c = xp.clip(q, EPSILON, 1 - EPSILON)
        terms, slope = self._focal(xp, y, c, xp.log(c))
        slope /= c
        mean_slope = (slope * q).sum(axis=-1, keepdims=True)
        return mean(terms), (slope - mean_slope) / (total * mean.count)

    def _focal(self, xp: Any, y: Array, p: Array, log_p: Array) -> tuple[Array, Array]:
        """Terms, and the slopes of each with respect to its logarithm."""
        other = 1 - p
        weight = y * (self.alpha * other**self.gamma)
        bend = self.gamma * p * (log_p / xp.maximum(other, TINY))
        return weight * -log_p, weight * (bend - 1)
