"""What every loss has in common."""

from abc import ABC, abstractmethod
from typing import Any, ClassVar

from ..backends import Array, Backend, backend_of
from ..backends.dtypes import is_floating, widened
from ..configuration import Configurable

EPSILON = 1e-7
"""Probabilities are clipped to [EPSILON, 1 - EPSILON] before their logarithm is taken."""


class Mean:
    """How the terms of a batch are averaged.

    Attributes
    ----------
    count : int
        What their sum is divided by: the number of rows, or of elements.
    """

    def __init__(self, count: int, weight: Array | None) -> None:
        self.count = count
        self._weight = weight

    def __call__(self, terms: Array) -> Array:
        """Return the mean of terms that lie sample by sample; a row's may still be in parts."""
        if self._weight is not None:
            terms = terms.reshape(len(self._weight), -1) * self._weight[:, None]
        return terms.sum() / self.count


class Loss(Configurable, ABC):
    """A mean over a batch, and its gradient with respect to the predictions.

    Calling a loss, and `gradient`, look at everything, the values of the labels too, for which a
    GPU has to be waited for. `value_and_gradient` leaves those values out: a training loop calls it
    for each batch, after one `check_labels` on the whole data. A loss of one's own overrides
    `_evaluate`, and `_by_row`, `_target_shape` and `_limit` where they apply.

    With sample weights each term of a sample is multiplied by the sample's weight. The mean is
    still one over all terms: it is not divided by the sum of the weights
    (`keras.losses.Loss` with ``reduction="sum_over_batch_size"``).

    Attributes
    ----------
    name : str
        The name by which `get` knows the loss.
    """

    name: ClassVar[str]

    _target_kinds: ClassVar[str] = "biuf"
    _targets: ClassVar[str] = "numbers, one for each prediction"
    _by_row: ClassVar[bool] = False
    """Whether the mean is one over rows, along the last axis, and not over elements."""

    def __call__(self, y_true: Array, y_pred: Array, sample_weight: Array | None = None) -> Array:
        """Compute the loss.

        Parameters
        ----------
        y_true : array
            Targets. Their shape is that of ``y_pred``, without the last axis if they are sparse
            labels; a last axis of length 1 may be there or not.
        y_pred : array, shape (N, ...), float16, bfloat16, float32 or float64
            Predictions, on the same device.
        sample_weight : array, shape (N,), optional
            How much each sample counts, on the same device: 1 if left out.

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
        self.check(y_true, y_pred, sample_weight)
        return self.value_and_gradient(y_true, y_pred, sample_weight)[0]

    def gradient(self, y_true: Array, y_pred: Array, sample_weight: Array | None = None) -> Array:
        """Compute the loss's gradient with respect to the predictions.

        Parameters and errors are those of calling the loss.

        Returns
        -------
        array
            Of the shape of ``y_pred``; float64 for float64 predictions, else float32.
        """
        self.check(y_true, y_pred, sample_weight)
        return self.value_and_gradient(y_true, y_pred, sample_weight)[1]

    def value_and_gradient(
        self, y_true: Array, y_pred: Array, sample_weight: Array | None = None
    ) -> tuple[Array, Array]:
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
        backend, y = self._admitted(y_true, y_pred, sample_weight)
        with backend.scope():
            p = widened(y_pred)
            count = p.size // p.shape[-1] if self._by_row else p.size
            weight = None
            if sample_weight is not None:
                weight = sample_weight.astype(p.dtype, copy=False)
            value, gradient = self._evaluate(backend.xp, y, p, Mean(count, weight))
            if weight is not None:
                # what a sample's predictions do, its own terms alone tell
                gradient = gradient * weight.reshape(-1, *(1 for _ in p.shape[1:]))
            return backend.xp.asarray(value), gradient

    def check(self, y_true: Array, y_pred: Array, sample_weight: Array | None = None) -> None:
        """Raise unless the loss can be computed; parameters and errors are those of calling it."""
        self._admitted(y_true, y_pred, sample_weight)
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

    def check_targets(self, y_true: Array, output_shape: tuple[Any, ...]) -> None:
        """Raise unless these can be the targets of a network.

        Parameters
        ----------
        y_true : array
            All targets, on any device, the host included.
        output_shape : tuple of int
            The shape of one prediction.

        Raises
        ------
        TypeError, ValueError
            As calling the loss does.
        """
        self.check_labels(y_true, output_shape[-1] if output_shape else 1)
        home = backend_of(y_true)
        with home.scope():  # a prediction that was never made
            self.check(y_true[:1], home.xp.empty((1, *output_shape), dtype="float32"))

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
            If they are something else, as a regression's are.
        """
        raise TypeError(
            f"{type(self).__name__}: its predictions are no probabilities; train with a "
            "crossentropy, or use the predictions as they are"
        )

    @abstractmethod
    def _evaluate(self, xp: Any, y: Array, p: Array, mean: Mean) -> tuple[Array, Array]:
        """Value and gradient for checked targets and predictions; neither may be changed.

        The value is what `mean` gives for the terms. The gradient is that of the plain mean, over
        ``mean.count``.
        """

    def _target_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """The shape of the targets for predictions of that shape, or an error."""
        if not shape:
            raise ValueError(f"{type(self).__name__}: y_pred needs a batch axis, got shape ()")
        if self._by_row and len(shape) < 2:
            raise ValueError(
                f"{type(self).__name__}: y_pred must have shape (N, ..., features), got {shape}"
            )
        return shape

    def _admitted(
        self, y_true: Array, y_pred: Array, sample_weight: Array | None
    ) -> tuple[Backend, Array]:
        """The device, and the targets in their full shape; nothing waits for the device."""
        title = type(self).__name__
        given = (y_true, y_pred) if sample_weight is None else (y_true, y_pred, sample_weight)
        backend = backend_of(*given)
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
        if sample_weight is not None:
            check_weights(sample_weight, len(y_pred))
        return backend, y_true.reshape(shape)

    def _limit(self, classes: int) -> tuple[float, str] | None:
        """The largest target, and why; None if there is none. The smallest is 0."""
        return None


def check_weights(sample_weight: Array, samples: int) -> None:
    """Raise unless there is one number for each sample; the numbers are not looked at."""
    if sample_weight.dtype.kind not in "biuf":
        raise TypeError(f"sample_weight must be numbers, got {sample_weight.dtype}")
    if sample_weight.shape != (samples,):
        raise ValueError(
            f"sample_weight must have shape {(samples,)}, a number for each sample, got "
            f"{sample_weight.shape}"
        )
