"""Training and test data as files hold them, and what must be true of them."""

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Part: TypeAlias = tuple[NDArray[Any], NDArray[Any]]
"""Images, uint8 of shape (N, H, W) or (N, H, W, C), and labels, integers of shape (N,)."""

Split: TypeAlias = tuple[Part, Part]
"""The training and the test part, nested as Keras's ``load_data`` returns them."""


def checked_split(arrays: Sequence[NDArray[Any]], names: Sequence[str], highest: int) -> Split:
    """Nest the arrays as Keras does, if they fit together.

    Parameters
    ----------
    arrays : sequence of numpy.ndarray
        Training images, training labels, test images, test labels.
    names : sequence of str
        Where each came from, for messages.
    highest : int
        The highest label there may be.

    Returns
    -------
    ((x_train, y_train), (x_test, y_test))
        The arrays themselves.

    Raises
    ------
    ValueError
        If dtypes, shapes or counts are wrong, or a label is out of range.
    """
    x_train, y_train, x_test, y_test = arrays
    _check_part(x_train, y_train, names[:2], highest)
    _check_part(x_test, y_test, names[2:], highest)
    if x_train.shape[1:] != x_test.shape[1:]:
        raise ValueError(
            f"training and test images differ in size: {x_train.shape[1:]} in {names[0]}, "
            f"{x_test.shape[1:]} in {names[2]}"
        )
    return (x_train, y_train), (x_test, y_test)


def _check_part(
    images: NDArray[Any], labels: NDArray[Any], names: Sequence[str], highest: int
) -> None:
    images_name, labels_name = names
    if images.dtype != np.uint8 or images.ndim not in (3, 4) or images.size == 0:
        raise ValueError(
            f"{images_name}: expected uint8 images of shape (N, H, W) or (N, H, W, C), "
            f"got {images.dtype} of shape {images.shape}"
        )
    if labels.dtype.kind not in "iu" or labels.ndim != 1:
        raise ValueError(
            f"{labels_name}: expected integer labels of shape (N,), "
            f"got {labels.dtype} of shape {labels.shape}"
        )
    if len(images) != len(labels):
        raise ValueError(
            f"{len(images)} images in {images_name}, but {len(labels)} labels in {labels_name}"
        )
    wrong = np.flatnonzero((labels < 0) | (labels > highest))
    if wrong.size:
        raise ValueError(
            f"{labels_name}: labels go from 0 to {highest}, "
            f"got {labels[wrong[0]]} at position {wrong[0]}"
        )
