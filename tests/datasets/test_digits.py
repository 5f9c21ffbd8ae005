import sys

import numpy as np
import pytest
from sklearn.datasets import load_digits

from onepath.datasets import DatasetUnavailableError, digits


def rows(images, labels):
    """Images with their labels, in an order of their own."""
    table = np.column_stack([images.reshape(len(images), -1), labels])
    return table[np.lexsort(table.T)]


def test_every_image_is_in_one_part():
    (x_train, y_train), (x_test, y_test) = digits.load_data()
    bunch = load_digits()
    assert (len(x_train), len(x_test)) == (1437, 360)
    both = rows(np.concatenate([x_train, x_test]), np.concatenate([y_train, y_test]))
    assert np.array_equal(both, rows(bunch.images, bunch.target))


def test_images_and_labels_are_bytes():
    for images, labels in digits.load_data():
        assert images.dtype == labels.dtype == np.uint8
        assert images.shape[1:] == (8, 8)
        assert (images.min(), images.max()) == (0, digits.PEAK)


def test_classes_are_shared_out_evenly():
    _, (_, y_test) = digits.load_data()
    for label, count in enumerate(np.bincount(load_digits().target)):
        assert abs(np.sum(y_test == label) - count / 5) < 1


def test_the_split_is_fixed():
    """Every fifth, class by class, in the order of NumPy's own Philox words."""
    bunch = load_digits()
    words = np.random.Philox(key=0).random_raw(1797)
    order = sorted(range(1797), key=lambda i: words[i])
    by_class = [i for label in range(10) for i in order if bunch.target[i] == label]
    chosen = set(by_class[::5])
    train = [i for i in order if i not in chosen]
    test = [i for i in order if i in chosen]
    for (images, labels), indices in zip(digits.load_data(), (train, test), strict=True):
        assert np.array_equal(images, bunch.images[indices])
        assert np.array_equal(labels, bunch.target[indices])


def test_missing_scikit_learn_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    with pytest.raises(
        DatasetUnavailableError, match=r"scikit-learn.*pip install 'onepath\[train\]'"
    ):
        digits.load_data()
