"""MNIST: 60,000 training and 10,000 test images of handwritten digits, 28 x 28."""

import os
from pathlib import Path

from .files import read_path
from .keras_cache import read_cached
from .split import Split

CLASSES = tuple("0123456789")
PEAK = 255


def load_data(path: str | os.PathLike[str] | None = None) -> Split:
    """Load MNIST with the return value of ``keras.datasets.mnist.load_data``.

    Parameters
    ----------
    path : path-like, optional
        A folder with the four IDX files, or an ``.npz`` file. If left out, Keras's cached file is
        read (``$KERAS_HOME/datasets/mnist.npz``, in ``~/.keras`` by default); if there is none,
        Keras downloads it.

    Returns
    -------
    ((x_train, y_train), (x_test, y_test))
        uint8 images of shape (N, 28, 28) from 0 to 255, uint8 labels of shape (N,).

    Raises
    ------
    DatasetUnavailableError
        If there is no cached file, and Keras cannot download one.
    ValueError
        If a file is missing in the folder or damaged. It is left as it is.
    """
    if path is not None:
        return read_path(Path(path).expanduser())
    return read_cached("mnist", "mnist.npz", ("mnist.npz",))
