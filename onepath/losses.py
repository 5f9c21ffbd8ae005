"""Losses: what training makes small, each value with its gradient beside it.

Formulas and names are Keras 3's. A loss is a mean: regressions average over all elements,
crossentropies over all distributions. Arithmetic is done in float32, in float64 for float64
predictions; gradients stay so, since small ones would be lost in float16 before a loss scale can
save them.
"""

from abc import ABC, abstractmethod
from typing import Any, ClassVar

from .arguments import flag, named
from .backends import Array, Backend, backend_of
from .backends.dtypes import is_floating, widened
from .configuration import Configurable
from .layers.activations import sigmoid, softmax

EPSILON = 1e-7
"""Probabilities are clipped to [EPSILON, 1 - EPSILON] before their logarithm is taken."""


class Loss(Configurable, ABC):
    """A mean over a batch, and its gradient with respect to the predictions.

    Calling a loss, and `gradient`, look at everything, the values of the labels too, for which a
    GPU has to be waited for. `value_and_gradient` leaves those values out: a training loop calls it
    for each batch, after one `check_labels` on the whole data. A loss of one's own overrides
    `_evaluate`, and `_target_shape` and `_limit` where they apply.

    Attributes
    ----------
    name : str
        The name by which `get` knows the loss.
    """

    name: ClassVar[str]

    _target_kinds: ClassVar[str] = "biuf"
    _targets: ClassVar[str] = "numbers, one for each prediction"

    def __call__(self, y_true: Array, y_pred: Array) -> Array:
        """Compute the loss.

        Parameters
        ----------
        y_true : array
            Targets. Their shape is that of ``y_pred``, without the last axis if they are sparse
            labels; a last axis of length 1 may be there or not.
        y_pred : array, shape (N, ...), float16, bfloat16, float32 or float64
            Predictions, on the same device.

        Returns
        -------
        array, shape ()
            The mean, on the device; float64 for float64 predictions, else float32.

        Raises
        ------
        DeviceMismatchError
            If the two live on different devices.
        TypeError
            If one is no array or its dtype does not fit.
        ValueError
            If the batch is empty, shapes do not fit, or a label is out of range.
        """
        self.check(y_true, y_pred)
        return self.value_and_gradient(y_true, y_pred)[0]

    def gradient(self, y_true: Array, y_pred: Array) -> Array:
        """Compute the loss's gradient with respect to the predictions.

        Parameters and errors are those of calling the loss.

        Returns
        -------
        array
            Of the shape of ``y_pred``; float64 for float64 predictions, else float32.
        """
        self.check(y_true, y_pred)
        return self.value_and_gradient(y_true, y_pred)[1]

    def value_and_gradient(self, y_true: Array, y_pred: Array) -> tuple[Array, Array]:
        """Compute both, without a look at the labels' values: nothing waits for the device.

        Parameters and errors are those of calling the loss, but that a label out of range is an
        IndexError or a wrong number, depending on the device; `check_labels` finds it.

        Returns
        -------
        value : array, shape ()
            The loss, as calling it gives.
        gradient : array
            As `gradient` gives it.
        """
        backend, y = self._admitted(y_true, y_pred)
        with backend.scope():
            value, gradient = self._evaluate(backend.xp, y, widened(y_pred))
            return backend.xp.asarray(value), gradient

    def check(self, y_true: Array, y_pred: Array) -> None:
        """Raise unless the loss can be computed; parameters and errors are those of calling it."""
        self._admitted(y_true, y_pred)
        self.check_labels(y_true, y_pred.shape[-1])

    def check_labels(self, y_true: Array, classes: int) -> None:
        """Raise if a target is out of range; for a regression none is.

        Parameters
        ----------
        y_true : array
            Targets, on any device, the host included. NaN is in range.
        classes : int
            The length of the predictions' last axis.

        Raises
        ------
        ValueError
            With the smallest and the largest target, and the range allowed.
        """
        limit = self._limit(classes)
        if limit is None or not y_true.size:
            return
        largest, reason = limit
        backend = backend_of(y_true)
        with backend.scope():
            if y_true.dtype.kind == "f":
                y_true = backend.xp.where(backend.xp.isnan(y_true), 0, y_true)
            low, high = y_true.min().item(), y_true.max().item()
        if low < 0 or high > largest:
            raise ValueError(
                f"{type(self).__name__}: y_true runs from {low} to {high}, but {reason}"
            )

    def probabilities(self, y_pred: Array) -> Array:
        """Turn predictions into probabilities.

        Parameters
        ----------
        y_pred : array, shape (N, ...)
            Logits or probabilities, whichever the loss was made for.

        Returns
        -------
        array
            Of the shape of ``y_pred``: ``y_pred`` itself if it holds probabilities; if not, of its
            dtype, or float32 if that is float16 or bfloat16.

        Raises
        ------
        TypeError
            If the loss is a regression's.
        """
        raise TypeError(
            f"{type(self).__name__} is a regression's loss, and its predictions are no "
            "probabilities: train with a crossentropy, or use the predictions as they are"
        )

    @abstractmethod
    def _evaluate(self, xp: Any, y: Array, p: Array) -> tuple[Array, Array]:
        """Value and gradient for checked targets and predictions; neither may be changed."""

    def _target_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """The shape of the targets for predictions of that shape, or an error."""
        if not shape:
            raise ValueError(f"{type(self).__name__}: y_pred needs a batch axis, got shape ()")
        return shape

    def _admitted(self, y_true: Array, y_pred: Array) -> tuple[Backend, Array]:
        """The device, and the targets in their full shape; nothing waits for the device."""
        title = type(self).__name__
        backend = backend_of(y_true, y_pred)
        if not is_floating(y_pred.dtype) or y_pred.dtype.itemsize > 8:
            raise TypeError(
                f"{title}: y_pred must be float16, bfloat16, float32 or float64, got "
                f"{y_pred.dtype}: it is what the network returns, not class labels; is the order "
                "(y_true, y_pred)?"
            )
        if y_true.dtype.kind not in self._target_kinds:
            raise TypeError(f"{title}: y_true must be {self._targets}; got {y_true.dtype}")
        if not y_pred.size:
            raise ValueError(f"{title}: the batch is empty, y_pred has shape {y_pred.shape}")
        shape = self._target_shape(y_pred.shape)
        allowed = {shape, (*shape, 1)} | ({shape[:-1]} if shape[-1] == 1 else set())
        if y_true.shape not in allowed:
            raise ValueError(
                f"{title}: y_pred of shape {y_pred.shape} needs y_true of shape {shape}, got "
                f"{y_true.shape}; y_true must be {self._targets}"
            )
        return backend, y_true.reshape(shape)

    def _limit(self, classes: int) -> tuple[int, str] | None:
        """The largest target, and why; None if there is none. The smallest is 0."""
        return None


class MeanSquaredError(Loss):
    """``mean((y_pred - y_true)**2)`` over all elements (`keras.losses.MeanSquaredError`).

    The gradient is ``2 (y_pred - y_true) / size``.
    """

    name = "mean_squared_error"

    def _evaluate(self, xp: Any, y: Array, p: Array) -> tuple[Array, Array]:
        residual = p - y.astype(p.dtype, copy=False)
        return xp.square(residual).sum() / p.size, residual * (2.0 / p.size)


class MeanAbsoluteError(Loss):
    """``mean(|y_pred - y_true|)`` over all elements (`keras.losses.MeanAbsoluteError`).

    The gradient is ``sign(y_pred - y_true) / size``: 0 where the two are equal.
    """

    name = "mean_absolute_error"

    def _evaluate(self, xp: Any, y: Array, p: Array) -> tuple[Array, Array]:
        residual = p - y.astype(p.dtype, copy=False)
        return xp.abs(residual).sum() / p.size, xp.sign(residual) / p.size


class Crossentropy(Loss):
    """What the crossentropies have in common: predictions are logits or probabilities.

    Parameters
    ----------
    from_logits : bool, optional
        Whether predictions are logits, from which the loss is exact however large they are.
        Otherwise they are probabilities, clipped to [1e-7, 1 - 1e-7]. The clip's own derivative is
        zero outside, so a prediction that is surely wrong would never be mended; here the gradient
        there is that of the formula at the clipped value, which points back inside.

    Raises
    ------
    TypeError
        If ``from_logits`` is not a bool.
    """

    def __init__(self, from_logits: bool = False) -> None:
        self.from_logits = flag("from_logits", from_logits)

    def probabilities(self, y_pred: Array) -> Array:
        """Turn predictions into probabilities; see `Loss.probabilities`."""
        if not self.from_logits:
            return y_pred
        backend = backend_of(y_pred)
        with backend.scope():
            return self._activation(backend.xp, widened(y_pred))

    def _evaluate(self, xp: Any, y: Array, p: Array) -> tuple[Array, Array]:
        return (self._from_logits if self.from_logits else self._from_probabilities)(xp, y, p)

    @abstractmethod
    def _activation(self, xp: Any, z: Array) -> Array:
        """The probabilities of logits."""

    @abstractmethod
    def _from_logits(self, xp: Any, y: Array, z: Array) -> tuple[Array, Array]:
        """Value and gradient for logits."""

    @abstractmethod
    def _from_probabilities(self, xp: Any, y: Array, p: Array) -> tuple[Array, Array]:
        """Value and gradient for probabilities."""


class BinaryCrossentropy(Crossentropy):
    """``-mean(y log p + (1 - y) log(1 - p))`` over all (`keras.losses.BinaryCrossentropy`).

    Targets lie in [0, 1] and have the shape of the predictions. From logits ``z`` an element is
    ``max(z, 0) - z y + log(1 + exp(-|z|))``, with the gradient ``sigmoid(z) - y``.

    Parameters
    ----------
    from_logits : bool, optional
        See `Crossentropy`.
    """

    name = "binary_crossentropy"

    def _limit(self, classes: int) -> tuple[int, str]:
        return 1, "a binary target lies between 0 and 1"

    def _activation(self, xp: Any, z: Array) -> Array:
        return sigmoid(xp, z)

    def _from_logits(self, xp: Any, y: Array, z: Array) -> tuple[Array, Array]:
        y = y.astype(z.dtype, copy=False)
        terms = xp.maximum(z, 0) - z * y + xp.log1p(xp.exp(-xp.abs(z)))
        return terms.sum() / z.size, (self._activation(xp, z) - y) / z.size

    def _from_probabilities(self, xp: Any, y: Array, p: Array) -> tuple[Array, Array]:
        y = y.astype(p.dtype, copy=False)
        c = xp.clip(p, EPSILON, 1 - EPSILON)
        terms = y * xp.log(c) + (1 - y) * xp.log1p(-c)
        return -terms.sum() / p.size, (c - y) / (c * (1 - c) * p.size)


class _ClassCrossentropy(Crossentropy):
    """A crossentropy of distributions over classes, which lie along the last axis."""

    def _target_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        if len(shape) < 2 or shape[-1] < 2:
            raise ValueError(
                f"{type(self).__name__}: y_pred must have shape (N, ..., classes) with two classes "
                f"or more, got {shape}; one probability for each sample is for binary_crossentropy"
            )
        return shape

    def _activation(self, xp: Any, z: Array) -> Array:
        return softmax(xp, z, -1)


class CategoricalCrossentropy(_ClassCrossentropy):
    """``-sum(y log p)`` over classes, averaged (`keras.losses.CategoricalCrossentropy`).

    Targets are distributions over the classes, as one-hot ones are, and have the shape of the
    predictions, the classes being the last axis. From logits ``z`` the logarithm is
    ``log p = z - max z - log(sum(exp(z - max z)))``, and a row's gradient ``p sum(y) - y``.
    Probabilities are divided by their row's positive sum first, as Keras does.

    Parameters
    ----------
    from_logits : bool, optional
        See `Crossentropy`.
    """

    name = "categorical_crossentropy"
    _targets = (
        "one-hot or other distributions, of the shape of y_pred; integer labels are for "
        "sparse_categorical_crossentropy"
    )

    def _limit(self, classes: int) -> tuple[int, str]:
        return 1, f"the share of each of the {classes} classes lies between 0 and 1"

    def _from_logits(self, xp: Any, y: Array, z: Array) -> tuple[Array, Array]:
        y, rows = y.astype(z.dtype, copy=False), z.size // z.shape[-1]
        shifted, e, total = _exponentials(xp, z)
        value = -xp.sum(y * (shifted - xp.log(total))) / rows
        return value, (e * (y.sum(axis=-1, keepdims=True) / total) - y) / rows

    def _from_probabilities(self, xp: Any, y: Array, p: Array) -> tuple[Array, Array]:
        y, rows = y.astype(p.dtype, copy=False), p.size // p.shape[-1]
        total = p.sum(axis=-1, keepdims=True)
        q = p / total
        c = xp.clip(q, EPSILON, 1 - EPSILON)
        slope = y / c
        mean_slope = (slope * q).sum(axis=-1, keepdims=True)
        return -xp.sum(y * xp.log(c)) / rows, (mean_slope - slope) / (total * rows)


class SparseCategoricalCrossentropy(_ClassCrossentropy):
    """``-log p[label]``, averaged (`keras.losses.SparseCategoricalCrossentropy`).

    Targets are integers from 0 to ``classes - 1``, of the shape of the predictions without their
    last axis, the classes. Formulas are those of `CategoricalCrossentropy` with one-hot targets.

    Parameters
    ----------
    from_logits : bool, optional
        See `Crossentropy`.
    """

    name = "sparse_categorical_crossentropy"
    _target_kinds = "biu"
    _targets = (
        "integer labels, one for each row of y_pred, as y_true.astype('int64') makes of whole "
        "numbers; one-hot targets are for categorical_crossentropy"
    )

    def _limit(self, classes: int) -> tuple[int, str]:
        return classes - 1, f"y_pred has {classes} classes, so labels go from 0 to {classes - 1}"

    def _target_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        return super()._target_shape(shape)[:-1]

    def _from_logits(self, xp: Any, y: Array, z: Array) -> tuple[Array, Array]:
        at = _label_positions(xp, y)
        shifted, e, total = _exponentials(xp, z.reshape(y.size, -1))  # (rows, classes)
        value = (xp.log(total[:, 0]) - shifted[at]).sum() / y.size
        gradient = e / total
        gradient[at] -= 1
        gradient /= y.size
        return value, gradient.reshape(z.shape)

    def _from_probabilities(self, xp: Any, y: Array, p: Array) -> tuple[Array, Array]:
        at = _label_positions(xp, y)
        rows = p.reshape(y.size, -1)  # (rows, classes)
        total = rows.sum(axis=-1)
        q = rows[at] / total
        c = xp.clip(q, EPSILON, 1 - EPSILON)
        slope = 1 / (c * total * y.size)
        gradient = xp.repeat((slope * q)[:, None], rows.shape[1], axis=1)
        gradient[at] -= slope
        return -xp.log(c).sum() / y.size, gradient.reshape(p.shape)


LOSSES: dict[str, type[Loss]] = {
    "mse": MeanSquaredError,
    "mae": MeanAbsoluteError,
    **{
        loss.name: loss
        for loss in (
            MeanSquaredError,
            MeanAbsoluteError,
            BinaryCrossentropy,
            CategoricalCrossentropy,
            SparseCategoricalCrossentropy,
        )
    },
}


def get(loss: str | Loss) -> Loss:
    """Return a loss by its name.

    Parameters
    ----------
    loss : str or Loss
        A key of `LOSSES`; a crossentropy by name takes probabilities. A loss is returned as it is.

    Returns
    -------
    Loss
        A new one for a name.

    Raises
    ------
    ValueError
        If the name is unknown.
    TypeError
        If it is neither.
    """
    return named("loss", loss, Loss, LOSSES)


def _exponentials(xp: Any, z: Array) -> tuple[Array, Array, Array]:
    """Logits less their row's largest, the exponentials of those, and these' sums by row."""
    shifted = z - z.max(axis=-1, keepdims=True)
    e = xp.exp(shifted)
    return shifted, e, e.sum(axis=-1, keepdims=True)


def _label_positions(xp: Any, labels: Array) -> tuple[Array, Array]:
    """Index of the labels' elements in an array of shape (rows, classes)."""
    return xp.arange(labels.size), labels.reshape(-1).astype("int64", copy=False)
