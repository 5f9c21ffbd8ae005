"""Penalties on parameters, by Keras's names."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

from ..arguments import named, number
from ..backends import Array
from ..configuration import Configurable


class Regularizer(Configurable, ABC):
    """A penalty on a parameter, which training adds to the loss."""

    @abstractmethod
    def value(self, xp: Any, w: Array) -> Array:
        """Return the penalty, of shape ()."""

    @abstractmethod
    def gradient(self, xp: Any, w: Array) -> Array:
        """Return the penalty's gradient, of the parameter's shape and dtype."""


class L1L2(Regularizer):
    """``l1 * sum(abs(w)) + l2 * sum(w**2)``; the gradient of ``abs`` at 0 is taken to be 0.

    Parameters
    ----------
    l1, l2 : float, optional
        The factors; at least 0.

    Raises
    ------
    TypeError, ValueError
        If a factor is not a number, or out of range.
    """

    def __init__(self, l1: float = 0.0, l2: float = 0.0) -> None:
        self.l1 = number("l1", l1)
        self.l2 = number("l2", l2)

    def value(self, xp: Any, w: Array) -> Array:
        """Return the penalty, of shape ()."""
        return self.l1 * xp.abs(w).sum() + self.l2 * (w * w).sum()

    def gradient(self, xp: Any, w: Array) -> Array:
        """Return ``l1 * sign(w) + 2 * l2 * w``."""
        return self.l1 * xp.sign(w) + (2 * self.l2) * w


class L1(L1L2):
    """``l1 * sum(abs(w))``; see `L1L2`."""

    def __init__(self, l1: float = 0.01) -> None:
        super().__init__(l1=l1)


class L2(L1L2):
    """``l2 * sum(w**2)``; see `L1L2`."""

    def __init__(self, l2: float = 0.01) -> None:
        super().__init__(l2=l2)


REGULARIZERS: dict[str, type[Regularizer]] = {
    "l1": L1,
    "L1": L1,
    "l2": L2,
    "L2": L2,
    "l1_l2": L1L2,
    "L1L2": L1L2,
}


def check_regularizer(value: Any) -> Regularizer | None:
    """Return a regularizer for itself, its name, its description or None, or raise.

    A description is what a layer's configuration has, ``{"class_name": ..., "config": {...}}``.
    """
    if value is None:
        return None
    match value:
        case {"class_name": str(name), "config": Mapping() as config} if name in REGULARIZERS:
            return REGULARIZERS[name].from_config(config)
    return named("regularizer", value, Regularizer, REGULARIZERS)
