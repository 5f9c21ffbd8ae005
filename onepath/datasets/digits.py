"""Digits: 1,797 real images of handwritten digits, 8 x 8, that come with scikit-learn."""

import numpy as np

from ..backends import get_backend
from .errors import DatasetUnavailableError
from .split import Split

CLASSES = tuple("0123456789")
PEAK = 16

_SEED = 0
_TEST_SHARE = 5  # one image in five


def load_data() -> Split:
    """Load the digits with a return value like that of ``keras.datasets.mnist.load_data``.

    Which images are for training is fixed: the same on every machine and with every version of
    scikit-learn. Each class has its fifth in the test part, to within one image.

    Returns
    -------
    ((x_train, y_train), (x_test, y_test))
        1,437 and 360 uint8 images of shape (N, 8, 8) from 0 to 16, uint8 labels of shape (N,).

    Raises
    ------
    DatasetUnavailableError
        If scikit-learn is not installed.
    """
    try:
        from sklearn.datasets import load_digits
    except ImportError as error:
        raise DatasetUnavailableError(
            f"the digits come with scikit-learn, and importing it failed: {error}. "
            "pip install 'onepath[train]'"
        ) from error
    bunch = load_digits()
    images, labels = bunch.images.astype(np.uint8), bunch.target.astype(np.uint8)
    order = get_backend("cpu").random(_SEED).permutation(len(labels))
    by_class = order[np.argsort(labels[order], kind="stable")]
    for_test = np.isin(order, by_class[::_TEST_SHARE])
    train, test = order[~for_test], order[for_test]
    return (images[train], labels[train]), (images[test], labels[test])
