"""Turns class numbers into one-hot vectors."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray


def to_categorical(
    labels: ArrayLike, num_classes: int | None = None, dtype: DTypeLike = "float32"
) -> NDArray[Any]:
    """Turn class numbers into one-hot vectors, as ``keras.utils.to_categorical`` does.

    Parameters
    ----------
    labels : array_like
        Whole numbers from 0 to ``num_classes - 1``, of any shape. A last axis of length 1 is
        dropped.
    num_classes : int, optional
        How many classes there are; one more than the highest label if left out.
    dtype : dtype, optional
        The result's dtype.

    Returns
    -------
    numpy.ndarray
        Of shape ``(*labels.shape, num_classes)``: 1 at the label, 0 elsewhere.

    Raises
    ------
    ValueError
        If a label is negative, not a whole number or too high, if ``num_classes`` is not positive,
        or if there is no label to tell it from.
    """
    given = np.asarray(labels)
    if given.ndim > 1 and given.shape[-1] == 1:
        given = given[..., 0]
    if num_classes is None and given.size == 0:
        raise ValueError("to_categorical: without labels, num_classes must be given")
    if given.dtype.kind not in "biuf":
        raise ValueError(f"to_categorical: labels are whole numbers, got dtype {given.dtype}")
    _refuse(given, ~np.isfinite(given) | (given != np.rint(given)), "labels are whole numbers")
    _refuse(given, given < 0, "labels start at 0")
    if num_classes is None:
        num_classes = int(given.max()) + 1
    if num_classes < 1:
        raise ValueError(f"to_categorical: num_classes must be at least 1, got {num_classes}")
    _refuse(given, given >= num_classes, f"num_classes={num_classes} allows 0 to {num_classes - 1}")
    one_hot = np.zeros((given.size, num_classes), dtype)
    one_hot[np.arange(given.size), given.reshape(-1).astype(np.intp)] = 1
    return one_hot.reshape(*given.shape, num_classes)


def _refuse(labels: NDArray[Any], wrong: NDArray[np.bool_], rule: str) -> None:
    """Raise an error that names the first wrong label, if there is one."""
    if wrong.any():
        raise ValueError(f"to_categorical: {rule}, got {labels[wrong][0]}")
