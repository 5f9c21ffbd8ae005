"""Loads a data set in the form that a network takes."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import digits, fashion_mnist, idx, mnist
from .files import read_path
from .split import Split

_NAMED = {"digits": digits, "mnist": mnist, "fashion_mnist": fashion_mnist}


@dataclass(frozen=True, eq=False, repr=False)
class Dataset:
    """Images and labels for training and for testing, in host memory.

    Attributes
    ----------
    x_train, x_test : numpy.ndarray
        Images, float32 from 0 to 1, of shape (N, C, H, W).
    y_train, y_test : numpy.ndarray
        The images' class numbers, int64 of shape (N,).
    name : str
        What was loaded: a data set's name, or that of a file or folder.
    classes : tuple of str
        The classes' names, by class number.
    """

    x_train: NDArray[np.float32]
    y_train: NDArray[np.int64]
    x_test: NDArray[np.float32]
    y_test: NDArray[np.int64]
    name: str
    classes: tuple[str, ...]

    def __repr__(self) -> str:
        return (
            f"<Dataset {self.name!r}: {len(self.x_train)} training and {len(self.x_test)} test "
            f"images of shape {self.x_train.shape[1:]}, {len(self.classes)} classes>"
        )


def load(source: str | os.PathLike[str] = "digits") -> Dataset:
    """Load a data set by its name, or from a path.

    Parameters
    ----------
    source : str or path-like, optional
        ``"digits"``, which comes with scikit-learn; ``"mnist"`` or ``"fashion_mnist"``, from
        Keras's cache or downloaded by Keras; or the path of a folder with the four IDX files
        ``train-images-idx3-ubyte``, ``train-labels-idx1-ubyte``, ``t10k-images-idx3-ubyte``,
        ``t10k-labels-idx1-ubyte``, gzipped or not, or of an ``.npz`` file with the arrays
        ``x_train``, ``y_train``, ``x_test``, ``y_test``. A folder that has the name of a data set
        is given as ``"./mnist"``.

    Returns
    -------
    Dataset
        Float images from 0 to 1, channels first. Files are never changed.

    Raises
    ------
    DatasetUnavailableError
        If the named data set is not on this machine and cannot be downloaded; the message says what
        to do.
    ValueError
        If the name is unknown and no path, or a file is missing in the folder or damaged.

    Examples
    --------
    >>> from onepath.datasets import load
    >>> load("digits")
    <Dataset 'digits': 1437 training and 360 test images of shape (1, 8, 8), 10 classes>
    """
    if isinstance(source, str) and source in _NAMED:
        module = _NAMED[source]
        return _dataset(module.load_data(), source, module.CLASSES, module.PEAK)
    path = Path(source).expanduser()
    if not path.exists():
        raise ValueError(
            f"no data set {str(source)!r}: the names are {', '.join(map(repr, _NAMED))}, and there "
            "is no file or folder of that path"
        )
    split = read_path(path)
    highest = idx.HIGHEST_LABEL if path.is_dir() else max(int(y.max()) for _, y in split)
    return _dataset(split, path.resolve().name, tuple(map(str, range(highest + 1))), 255)


def _dataset(split: Split, name: str, classes: tuple[str, ...], peak: int) -> Dataset:
    (x_train, y_train), (x_test, y_test) = split
    return Dataset(
        _channels_first(x_train, peak),
        y_train.astype(np.int64),
        _channels_first(x_test, peak),
        y_test.astype(np.int64),
        name,
        classes,
    )


def _channels_first(images: NDArray[Any], peak: int) -> NDArray[np.float32]:
    """Scale images from 0..peak to 0..1, and bring (N, H, W) or (N, H, W, C) to (N, C, H, W)."""
    if images.ndim == 3:
        images = images[..., None]
    scaled = np.ascontiguousarray(images.transpose(0, 3, 1, 2), dtype=np.float32)
    scaled /= peak
    return scaled
