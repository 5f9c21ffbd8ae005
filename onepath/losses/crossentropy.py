"""Crossentropies, of probabilities or of logits."""

from abc import abstractmethod
from typing import Any

from ..arguments import flag, number
from ..backends import Array, backend_of
from ..backends.dtypes import widened
from ..layers.elementwise import sigmoid
from ..layers.softmax import softmax
from .base import EPSILON, Loss, Mean


class Crossentropy(Loss):
    """What the crossentropies have in common: predictions are logits or probabilities.

    Parameters
    ----------
    from_logits : bool, optional
        Whether predictions are logits, from which the loss is exact however large they are.
        Otherwise they are probabilities, clipped to [1e-7, 1 - 1e-7]. The clip's own derivative is
        zero outside, so a prediction that is surely wrong would never be mended; here the gradient
        there is that of the formula at the clipped value, which points back inside.
    label_smoothing : float, optional
        Which share of each target is spread evenly over the classes, from 0 to 1: a target ``y``
        becomes ``(1 - label_smoothing) y + label_smoothing / classes``.

    Raises
    ------
    TypeError
        If ``from_logits`` is not a bool, or ``label_smoothing`` no number.
    ValueError
        If ``label_smoothing`` is out of range.
    """

    def __init__(self, from_logits: bool = False, label_smoothing: float = 0.0) -> None:
        self.from_logits = flag("from_logits", from_logits)
        self.label_smoothing = number("label_smoothing", label_smoothing, at_most=1.0)

    def probabilities(self, y_pred: Array) -> Array:
        """Turn predictions into probabilities; see `Loss.probabilities`."""
        if not self.from_logits:
            return y_pred
        backend = backend_of(y_pred)
        with backend.scope():
            return self._activation(backend.xp, widened(y_pred))

    def _evaluate(self, xp: Any, y: Array, p: Array, mean: Mean) -> tuple[Array, Array]:
        formula = self._from_logits if self.from_logits else self._from_probabilities
        return formula(xp, self._shares(y, p), p, mean)

    def _shares(self, y: Array, p: Array) -> Array:
        """The targets as the formulas take them: in the predictions' dtype, and smoothed."""
        y = y.astype(p.dtype, copy=False)
        if not self.label_smoothing:
            return y
        return y * (1 - self.label_smoothing) + self.label_smoothing / self._classes(p)

    def _classes(self, p: Array) -> int:
        """Over how many classes a target is spread."""
        return int(p.shape[-1])

    @abstractmethod
    def _activation(self, xp: Any, z: Array) -> Array:
        """The probabilities of logits."""

    @abstractmethod
    def _from_logits(self, xp: Any, y: Array, z: Array, mean: Mean) -> tuple[Array, Array]:
        """Value and gradient for logits; see `Loss._evaluate`."""

    @abstractmethod
    def _from_probabilities(self, xp: Any, y: Array, p: Array, mean: Mean) -> tuple[Array, Array]:
        """Value and gradient for probabilities; see `Loss._evaluate`."""


class BinaryKind(Crossentropy):
    """What crossentropies of yes or no have in common: each prediction is the one of yes."""

    def _limit(self, classes: int) -> tuple[int, str]:
        return 1, "a binary target lies between 0 and 1"

    def _classes(self, p: Array) -> int:
        return 2

    def _activation(self, xp: Any, z: Array) -> Array:
        return sigmoid(xp, z)


class BinaryCrossentropy(BinaryKind):
    """``-mean(y log p + (1 - y) log(1 - p))`` over all (`keras.losses.BinaryCrossentropy`).

    Targets lie in [0, 1] and have the shape of the predictions. From logits ``z`` an element is
    ``max(z, 0) - z y + log(1 + exp(-|z|))``, with the gradient ``sigmoid(z) - y``.

    Parameters
    ----------
    from_logits, label_smoothing
        See `Crossentropy`.
    """

    name = "binary_crossentropy"

    def _from_logits(self, xp: Any, y: Array, z: Array, mean: Mean) -> tuple[Array, Array]:
        terms = xp.maximum(z, 0) - z * y + xp.log1p(xp.exp(-xp.abs(z)))
        return mean(terms), (self._activation(xp, z) - y) / mean.count

    def _from_probabilities(self, xp: Any, y: Array, p: Array, mean: Mean) -> tuple[Array, Array]:
        c = xp.clip(p, EPSILON, 1 - EPSILON)
        terms = y * xp.log(c) + (1 - y) * xp.log1p(-c)
        return -mean(terms), (c - y) / (c * (1 - c) * mean.count)


class ClassKind(Crossentropy):
    """What crossentropies of distributions over classes have in common.

    The classes lie along the last axis.
    """

    _by_row = True
    _targets = (
        "one-hot or other distributions, of the shape of y_pred; integer labels are for "
        "sparse_categorical_crossentropy"
    )

    def _limit(self, classes: int) -> tuple[int, str]:
        return 1, f"the share of each of the {classes} classes lies between 0 and 1"

    def _target_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        if len(shape) < 2 or shape[-1] < 2:
            raise ValueError(
                f"{type(self).__name__}: y_pred must have shape (N, ..., classes) with two classes "
                f"or more, got {shape}; one probability for each sample is for binary_crossentropy"
            )
        return shape

    def _activation(self, xp: Any, z: Array) -> Array:
        return softmax(xp, z, -1)


class CategoricalCrossentropy(ClassKind):
    """``-sum(y log p)`` over classes, averaged (`keras.losses.CategoricalCrossentropy`).

    Targets are distributions over the classes, as one-hot ones are, and have the shape of the
    predictions, the classes being the last axis. From logits ``z`` the logarithm is
    ``log p = z - max z - log(sum(exp(z - max z)))``, and a row's gradient ``p sum(y) - y``.
    Probabilities are divided by their row's positive sum first, as Keras does.

    Parameters
    ----------
    from_logits, label_smoothing
        See `Crossentropy`.
    """

    name = "categorical_crossentropy"

    def _from_logits(self, xp: Any, y: Array, z: Array, mean: Mean) -> tuple[Array, Array]:
        shifted, e, total = exponentials(xp, z)
        value = -mean(y * (shifted - xp.log(total)))
        return value, (e * (y.sum(axis=-1, keepdims=True) / total) - y) / mean.count

    def _from_probabilities(self, xp: Any, y: Array, p: Array, mean: Mean) -> tuple[Array, Array]:
        total = p.sum(axis=-1, keepdims=True)
        q = p / total
        c = xp.clip(q, EPSILON, 1 - EPSILON)
        slope = y / c
        mean_slope = (slope * q).sum(axis=-1, keepdims=True)
        return -mean(y * xp.log(c)), (mean_slope - slope) / (total * mean.count)


class SparseCategoricalCrossentropy(ClassKind):
    """``-log p[label]``, averaged (`keras.losses.SparseCategoricalCrossentropy`).

    Targets are integers from 0 to ``classes - 1``, of the shape of the predictions without their
    last axis, the classes. Formulas are those of `CategoricalCrossentropy` with one-hot targets.

    Parameters
    ----------
    from_logits, label_smoothing
        See `Crossentropy`; the second by name alone, as in Keras another argument has its place.
    """

    name = "sparse_categorical_crossentropy"
    _target_kinds = "biu"
    _targets = (
        "integer labels, one for each row of y_pred, as y_true.astype('int64') makes of whole "
        "numbers; one-hot targets are for categorical_crossentropy"
    )

    def __init__(self, from_logits: bool = False, *, label_smoothing: float = 0.0) -> None:
        super().__init__(from_logits, label_smoothing)

    def _limit(self, classes: int) -> tuple[int, str]:
        return classes - 1, f"y_pred has {classes} classes, so labels go from 0 to {classes - 1}"

    def _target_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        return super()._target_shape(shape)[:-1]

    def _evaluate(self, xp: Any, y: Array, p: Array, mean: Mean) -> tuple[Array, Array]:
        if not self.label_smoothing:
            return super()._evaluate(xp, y, p, mean)
        one_hot = y[..., None] == xp.arange(p.shape[-1])
        dense = CategoricalCrossentropy(self.from_logits, self.label_smoothing)
        return dense._evaluate(xp, one_hot, p, mean)

    def _shares(self, y: Array, p: Array) -> Array:
        return y

    def _from_logits(self, xp: Any, y: Array, z: Array, mean: Mean) -> tuple[Array, Array]:
        at = _label_positions(xp, y)
        shifted, e, total = exponentials(xp, z.reshape(y.size, -1))  # (rows, classes)
        value = mean(xp.log(total[:, 0]) - shifted[at])
        gradient = e / total
        gradient[at] -= 1
        gradient /= mean.count
        return value, gradient.reshape(z.shape)

    def _from_probabilities(self, xp: Any, y: Array, p: Array, mean: Mean) -> tuple[Array, Array]:
        at = _label_positions(xp, y)
        rows = p.reshape(y.size, -1)  # (rows, classes)
        total = rows.sum(axis=-1)
        q = rows[at] / total
        c = xp.clip(q, EPSILON, 1 - EPSILON)
        slope = 1 / (c * total * mean.count)
        gradient = xp.repeat((slope * q)[:, None], rows.shape[1], axis=1)
        gradient[at] -= slope
        return -mean(xp.log(c)), gradient.reshape(p.shape)


def exponentials(xp: Any, z: Array) -> tuple[Array, Array, Array]:
    """Logits less their row's largest, the exponentials of those, and these' sums by row."""
    shifted = z - z.max(axis=-1, keepdims=True)
    e = xp.exp(shifted)
    return shifted, e, e.sum(axis=-1, keepdims=True)


def _label_positions(xp: Any, labels: Array) -> tuple[Array, Array]:
    """Index of the labels' elements in an array of shape (rows, classes)."""
    return xp.arange(labels.size), labels.reshape(-1).astype("int64", copy=False)
