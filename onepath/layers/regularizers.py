"""Penalties on parameters, by Keras's names."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

from ..arguments import named, number
from ..backends import Array, backend_of
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
        if not self.l1:
            return xp.asarray(self.l2 * xp.square(w).sum())
        absolute = self.l1 * xp.abs(w).sum()
        return xp.asarray(absolute + self.l2 * xp.square(w).sum() if self.l2 else absolute)

    def gradient(self, xp: Any, w: Array) -> Array:
        """Return ``l1 * sign(w) + 2 * l2 * w``."""
        if not self.l1:
            return (2 * self.l2) * w
        slope = self.l1 * xp.sign(w)
        return slope + (2 * self.l2) * w if self.l2 else slope


class L1(L1L2):
    """``l1 * sum(abs(w))``; see `L1L2`."""

    def __init__(self, l1: float = 0.01) -> None:
        super().__init__(l1=l1)


class L2(L1L2):
    """``l2 * sum(w**2)``; see `L1L2`."""

    def __init__(self, l2: float = 0.01) -> None:
        super().__init__(l2=l2)


class OrthogonalRegularizer(Regularizer):
    """The mean of how parallel two rows are, times a factor (`keras.regularizers`).

    With ``u`` the rows divided by their lengths, the penalty is ``factor * mean(abs(u_i u_j))``
    over all pairs ``i < j``. Rows shorter than 1e-7 are divided by that.

    Parameters
    ----------
    factor : float, optional
        At least 0.
    mode : {"rows", "columns"}, optional
        What is to be orthogonal; columns are taken as rows are.

    Raises
    ------
    TypeError, ValueError
        If an argument is none of those allowed. So does the penalty for a parameter that is no
        matrix of two rows, or columns, or more.
    """

    def __init__(self, factor: float = 0.01, mode: str = "rows") -> None:
        self.factor = number("factor", factor)
        if mode not in ("rows", "columns"):
            raise ValueError(f"mode must be 'rows' or 'columns', got {mode!r}")
        self.mode = mode

    def value(self, xp: Any, w: Array) -> Array:
        """Return the penalty, of shape ()."""
        _, _, products, share = self._products(xp, w)
        return xp.asarray(xp.abs(products).sum() * share)

    def gradient(self, xp: Any, w: Array) -> Array:
        """Return the gradient: of each row, what is at right angles to it."""
        u, length, products, share = self._products(xp, w)
        slope = backend_of(w).matmul(xp.sign(products), u) * (2 * share)
        slope = (slope - (slope * u).sum(axis=1, keepdims=True) * u) / length
        return slope if self.mode == "rows" else slope.T

    def _products(self, xp: Any, w: Array) -> tuple[Array, Array, Array, float]:
        """Rows of length 1, their lengths, their products, and each product's share."""
        if w.ndim != 2 or w.shape[self.mode == "columns"] < 2:
            raise ValueError(
                f"OrthogonalRegularizer: the parameter must be a matrix of two {self.mode} or "
                f"more, got shape {w.shape}"
            )
        rows = w if self.mode == "rows" else w.T
        length = xp.maximum(xp.sqrt(xp.square(rows).sum(axis=1, keepdims=True)), 1e-7)
        u, count = rows / length, len(rows)
        products = backend_of(w).matmul(u, u.T) * (1 - xp.eye(count, dtype=w.dtype))
        return u, length, products, self.factor / (count * (count - 1))


REGULARIZERS: dict[str, type[Regularizer]] = {
    "l1": L1,
    "L1": L1,
    "l2": L2,
    "L2": L2,
    "l1_l2": L1L2,
    "l1l2": L1L2,
    "L1L2": L1L2,
    "orthogonal_regularizer": OrthogonalRegularizer,
    "OrthogonalRegularizer": OrthogonalRegularizer,
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
