"""Fashion-MNIST: 60,000 training and 10,000 test images of clothes, 28 x 28."""

import os
from pathlib import Path

from .files import read_path
from .keras_cache import read_cached
from .split import Split

CLASSES = (
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)
PEAK = 255

_FOLDER = "fashion-mnist"
_FILES = (
    f"{_FOLDER}/train-images-idx3-ubyte.gz",
    f"{_FOLDER}/train-labels-idx1-ubyte.gz",
    f"{_FOLDER}/t10k-images-idx3-ubyte.gz",
    f"{_FOLDER}/t10k-labels-idx1-ubyte.gz",
)


def load_data(path: str | os.PathLike[str] | None = None) -> Split:
    """Load Fashion-MNIST with the return value of ``keras.datasets.fashion_mnist.load_data``.

    Parameters
    ----------
    path : path-like, optional
        A folder with the four IDX files, or an ``.npz`` file. If left out, Keras's cached files are
        read (``$KERAS_HOME/datasets/fashion-mnist``, in ``~/.keras`` by default); Keras downloads
        those that are missing.

    Returns
    -------
    ((x_train, y_train), (x_test, y_test))
        uint8 images of shape (N, 28, 28) from 0 to 255, uint8 labels of shape (N,).

    Raises
    ------
    DatasetUnavailableError
        If a file is not cached, and Keras cannot download it.
    ValueError
        If a file is missing in the folder or damaged. It is left as it is.
    """
    if path is not None:
        return read_path(Path(path).expanduser())
    return read_cached("fashion_mnist", _FOLDER, _FILES)
