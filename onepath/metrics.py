"""Metrics: what is watched during training but not made small.

A metric adds up on the device, so `Metric.update` never waits for a GPU; `Metric.result` does.
"""

import math
from typing import Any

from .arguments import named, number, whole
from .backends import Array, backend_of
from .backends.dtypes import is_floating


class Metric:
    """The share of samples that are right, over as many batches as one likes.

    Parameters
    ----------
    name : str
        How histories call it.
    """

    _total: Array
    _count: int

    def __init__(self, name: str) -> None:
        self.name = name
        self.reset()

    def update(self, y_true: Array, y_pred: Array) -> None:
        """Add a batch.

        Parameters
        ----------
        y_true : array
            Targets, in one of the shapes that the metric knows. A label that is no class is never
            right.
        y_pred : array
            Predictions, on the same device.

        Raises
        ------
        DeviceMismatchError
            If the two live on different devices.
        TypeError, ValueError
            If a dtype or a shape does not fit; the batch is left out.
        """
        backend = backend_of(y_true, y_pred)
        if not is_floating(y_pred.dtype):
            raise TypeError(
                f"{self.name}: y_pred must be floating, got {y_pred.dtype}: it is what the network "
                "returns, not class labels; is the order (y_true, y_pred)?"
            )
        if not y_pred.ndim:
            raise ValueError(f"{self.name}: y_pred needs a batch axis, got shape ()")
        with backend.scope():
            right = self._right(backend.xp, y_true, y_pred)
            self._total = self._total + right.sum()
        self._count += right.size

    def result(self) -> float:
        """Return the share so far: the one call that waits for the device.

        Returns
        -------
        float
            Between 0 and 1; NaN if there was no sample since the start or the last `reset`.
        """
        return int(self._total) / self._count if self._count else math.nan

    def reset(self) -> None:
        """Forget all batches."""
        self._total = 0
        self._count = 0

    def _right(self, xp: Any, y_true: Array, y_pred: Array) -> Array:
        """For each sample, whether the prediction is right."""
        raise NotImplementedError(f"{type(self).__name__} has neither update nor _right")

    def _labels(self, y_true: Array, y_pred: Array) -> Array:
        """True classes as integers, of the shape of the predictions without their last axis."""
        if y_pred.ndim < 2:
            raise ValueError(
                f"{self.name}: y_pred must have shape (N, ..., classes), got {y_pred.shape}"
            )
        if y_true.shape == y_pred.shape:
            return y_true.argmax(axis=-1)
        labels = self._shaped(y_true, y_pred.shape[:-1])
        if labels.dtype.kind not in "biu":
            raise TypeError(f"{self.name}: labels in y_true must be integers, got {labels.dtype}")
        return labels.astype("int64", copy=False)

    def _shaped(self, y_true: Array, shape: tuple[int, ...]) -> Array:
        """The targets in that shape; a last axis of length 1 may be there or not."""
        if y_true.shape not in {shape, (*shape, 1)} | ({shape[:-1]} if shape[-1] == 1 else set()):
            raise ValueError(
                f"{self.name}: y_true must have shape {shape}, or that of y_pred if it is one-hot, "
                f"got {y_true.shape}"
            )
        return y_true.reshape(shape)


class Accuracy(Metric):
    """How often the predicted class is the true one.

    The shapes decide what that means, the class axis being the last:

    ===================  =====================  ====================================
    ``y_pred``           ``y_true``             right is
    ===================  =====================  ====================================
    (N,) or (N, ..., 1)  of that shape, 0 or 1  ``(y_pred > threshold) == y_true``
    (N, ..., C)          (N, ...), integers     ``argmax(y_pred) == y_true``
    (N, ..., C)          (N, ..., C), one-hot   ``argmax(y_pred) == argmax(y_true)``
    ===================  =====================  ====================================

    These are `keras.metrics.BinaryAccuracy`, `SparseCategoricalAccuracy` and
    `CategoricalAccuracy`. A last axis of length 1 may be there or not in ``y_true``. Of equal
    predictions the first class counts. NaN is above no threshold, and higher than all other
    predictions.

    Parameters
    ----------
    threshold : float, optional
        Above it a binary prediction is class 1: 0.5 for probabilities, 0.0 for logits.

    Raises
    ------
    TypeError, ValueError
        If the threshold is not a finite number.
    """

    def __init__(self, threshold: float = 0.5) -> None:
        self.threshold = number("threshold", threshold, at_least=-math.inf)
        super().__init__("accuracy")

    def _right(self, xp: Any, y_true: Array, y_pred: Array) -> Array:
        if y_pred.ndim == 1 or y_pred.shape[-1] == 1:
            right: Array = (y_pred > self.threshold) == self._shaped(y_true, y_pred.shape)
            return right
        return y_pred.argmax(axis=-1) == self._labels(y_true, y_pred)


class TopKAccuracy(Metric):
    """How often the true class is among the ``k`` predicted highest.

    That is, how often fewer than ``k`` classes are predicted higher than the true one, so classes
    that tie with it do not push it out (`keras.metrics.TopKCategoricalAccuracy`). NaN is higher
    than all, and never right. Shapes are those of `Accuracy` with several classes.

    Parameters
    ----------
    k : int, optional
        At least 1, and at most the number of classes.

    Raises
    ------
    TypeError, ValueError
        If ``k`` is not a positive integer.
    """

    def __init__(self, k: int = 5) -> None:
        self.k = whole("k", k)
        super().__init__(f"top_{self.k}_accuracy")

    def _right(self, xp: Any, y_true: Array, y_pred: Array) -> Array:
        labels = self._labels(y_true, y_pred)[..., None]  # (N, ..., 1)
        classes = y_pred.shape[-1]
        if self.k > classes:
            raise ValueError(f"{self.name}: k is {self.k}, but y_pred has {classes} classes")
        known = (labels >= 0) & (labels < classes)
        # an index out of range is an error on one device and wraps on another
        score = xp.take_along_axis(y_pred, xp.where(known, labels, 0), axis=-1)
        higher = (~(y_pred <= score)).sum(axis=-1)
        return (higher < self.k) & known[..., 0]


def confusion_matrix(y_true: Array, y_pred: Array, num_classes: int | None = None) -> Array:
    """Count how often each class was taken for each.

    Parameters
    ----------
    y_true, y_pred : array of int, of the same shape
        True and predicted labels, on one device. ``y_pred.argmax(axis=-1)`` makes labels of
        probabilities or logits.
    num_classes : int, optional
        How many classes there are; one more than the largest label if left out.

    Returns
    -------
    array of int64, shape (num_classes, num_classes)
        Counts, on the device; rows are true classes, columns predicted ones.

    Raises
    ------
    DeviceMismatchError
        If the two live on different devices.
    TypeError
        If one is no array of integers.
    ValueError
        If shapes differ, a label is out of range, or there is nothing to tell the classes from.
    """
    backend = backend_of(y_true, y_pred)
    if num_classes is not None:
        whole("num_classes", num_classes)
    for name, labels in {"y_true": y_true, "y_pred": y_pred}.items():
        if labels.dtype.kind not in "iu":
            raise TypeError(
                f"confusion_matrix: {name} must hold integer labels, got {labels.dtype}; "
                "argmax(axis=-1) makes labels of probabilities"
            )
    if y_true.shape != y_pred.shape:
        raise ValueError(
            f"confusion_matrix: y_true has shape {y_true.shape}, y_pred {y_pred.shape}; both must "
            "hold one label for each sample"
        )
    if num_classes is None and not y_true.size:
        raise ValueError("confusion_matrix: there are no labels, so num_classes must be given")
    with backend.scope():
        lowest, highest = 0, -1
        for labels in (y_true, y_pred) if y_true.size else ():
            lowest, highest = min(lowest, int(labels.min())), max(highest, int(labels.max()))
        classes = highest + 1 if num_classes is None else num_classes
        if lowest < 0 or highest >= classes:
            raise ValueError(
                f"confusion_matrix: labels run from {lowest} to {highest}, but with {classes} "
                f"classes they go from 0 to {classes - 1}"
            )
        rows, columns = (labels.astype("int64").reshape(-1) for labels in (y_true, y_pred))
        counts = backend.xp.bincount(rows * classes + columns, minlength=classes * classes)
        return counts.astype("int64", copy=False).reshape(classes, classes)


METRICS: dict[str, type[Accuracy | TopKAccuracy]] = {
    "accuracy": Accuracy,
    "acc": Accuracy,
    "top_k_accuracy": TopKAccuracy,
    "top_k": TopKAccuracy,
}


def get(metric: str | Metric) -> Metric:
    """Return a metric by its name.

    Parameters
    ----------
    metric : str or Metric
        A key of `METRICS`. A metric is returned as it is.

    Returns
    -------
    Metric
        A new one, with its defaults, for a name.

    Raises
    ------
    ValueError
        If the name is unknown.
    TypeError
        If it is neither.
    """
    return named("metric", metric, Metric, METRICS)
