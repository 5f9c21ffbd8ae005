"""The images that were taken for the wrong class."""

from collections.abc import Iterable
from typing import Any

import numpy as np

from ...drawing import RIGHT, WRONG, Path, picture

_ACROSS, _DOWN = 6, 4


def misclassified(
    images: Any,
    labels: Any,
    predictions: Any,
    probabilities: Any,
    class_names: Iterable[Any],
    path: Path,
) -> None:
    """Draw the images that were taken for the wrong class with the greatest confidence.

    Parameters
    ----------
    images : array_like, shape (N, H, W), or with 1 or 3 channels (N, C, H, W) or (N, H, W, C)
        The images. The lowest value is drawn white and the highest black, or in colour as it is.
    labels : array_like of int, shape (N,)
        The true classes.
    predictions : array_like of int, shape (N,)
        The classes they were taken for.
    probabilities : array_like of float, shape (N, classes)
        How probable each class was thought.
    class_names : iterable
        A name for each class.
    path : str or path
        The PNG file to write. It says so if no image is misclassified.

    Raises
    ------
    ValueError
        If shapes do not fit each other, or there are labels without a class name.
    ImportError
        If matplotlib is not installed.
    """
    images, names = _pixels(np.asarray(images)), [str(name) for name in class_names]
    labels, predictions = np.asarray(labels), np.asarray(predictions)
    probabilities = np.asarray(probabilities)
    _check(len(images), len(names), labels, predictions, probabilities)
    wrong = np.flatnonzero(labels != predictions)
    confidence = probabilities[wrong, predictions[wrong]]
    worst = wrong[np.argsort(-confidence, kind="stable")][: _ACROSS * _DOWN]
    rows = -(-len(worst) // _ACROSS)
    with picture(path, 1.3 * _ACROSS, 1.7 * rows + 0.5) as figure:
        figure.suptitle(_title(len(wrong), len(images), len(worst)), x=0.01, ha="left")
        for place, i in enumerate(worst, 1):
            axes = figure.add_subplot(rows, _ACROSS, place)
            axes.set_axis_off()
            axes.imshow(images[i], cmap="gray_r", vmin=0, vmax=1)
            taken = f"{names[predictions[i]]}, {probabilities[i, predictions[i]]:.0%}"
            text = {"xycoords": "axes fraction", "textcoords": "offset points", "ha": "center"}
            axes.annotate(names[labels[i]], (0.5, 1), (0, 13), color=RIGHT, **text)
            axes.annotate(taken, (0.5, 1), (0, 3), color=WRONG, **text)


def _title(wrong: int, total: int, shown: int) -> str:
    if not wrong:
        return f"None of {total} images is misclassified"
    title = f"{wrong} of {total} images misclassified"
    if shown < wrong:
        title += f", the {shown} surest"
    return title + ": true class, then predicted class"


def _pixels(images: Any) -> Any:
    """Images as (N, H, W) or (N, H, W, 3), from 0 to 1."""
    if images.ndim == 4 and images.shape[1] in (1, 3):
        images = np.moveaxis(images, 1, -1)
    if images.ndim == 4 and images.shape[-1] == 1:
        images = images[..., 0]
    if not (images.ndim == 3 or (images.ndim == 4 and images.shape[-1] == 3)):
        raise ValueError(
            "images have the shape (N, H, W), or with 1 or 3 channels (N, C, H, W) or "
            f"(N, H, W, C), got {images.shape}"
        )
    images = images.astype("float64")
    low, high = images.min(initial=np.inf), images.max(initial=-np.inf)
    return (images - low) / (high - low or 1.0)


def _check(count: int, classes: int, labels: Any, predictions: Any, probabilities: Any) -> None:
    """Raise unless there is a class, a guess and its probabilities for each image."""
    expected = {
        "labels": (labels, (count,)),
        "predictions": (predictions, (count,)),
        "probabilities": (probabilities, (count, classes)),
    }
    for name, (array, shape) in expected.items():
        if array.shape != shape:
            raise ValueError(
                f"{count} images and {classes} class names need {name} of shape {shape}, "
                f"got {array.shape}"
            )
    for name, array in (("labels", labels), ("predictions", predictions)):
        if array.dtype.kind not in "iu" or not ((array >= 0) & (array < classes)).all():
            raise ValueError(
                f"{name} must be integers from 0 to {classes - 1}, one for each class name; got "
                f"{array.dtype} from {array.min()} to {array.max()}"
            )
