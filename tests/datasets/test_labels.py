import numpy as np
import pytest

from onepath.datasets import to_categorical


def test_each_row_has_a_one_at_its_label():
    result = to_categorical([2, 0, 1, 2])
    assert result.dtype == np.float32
    assert result.tolist() == [[0, 0, 1], [1, 0, 0], [0, 1, 0], [0, 0, 1]]


def test_number_of_classes_and_dtype_can_be_given():
    result = to_categorical(np.array([1, 0], np.uint8), num_classes=4, dtype="int8")
    assert result.dtype == np.int8
    assert result.tolist() == [[0, 1, 0, 0], [1, 0, 0, 0]]


@pytest.mark.parametrize(
    ("shape", "expected"),
    [((), (5,)), ((3,), (3, 5)), ((3, 1), (3, 5)), ((2, 3), (2, 3, 5)), ((2, 3, 1), (2, 3, 5))],
)
def test_shapes_are_those_of_keras(shape, expected):
    labels = np.arange(np.prod(shape, dtype=int)).reshape(shape) % 5
    result = to_categorical(labels, 5)
    assert result.shape == expected
    assert np.array_equal(result.reshape(-1, 5).argmax(axis=1), labels.reshape(-1))
    assert result.sum() == labels.size


def test_whole_numbers_stored_as_floats_are_labels():
    assert to_categorical([1.0, 0.0]).tolist() == [[0, 1], [1, 0]]


def test_no_labels_give_no_rows():
    assert to_categorical([], 3).shape == (0, 3)


@pytest.mark.parametrize(
    ("labels", "num_classes", "message"),
    [
        ([0, -1], None, "labels start at 0, got -1"),
        ([0, 0.5], None, "whole numbers, got 0.5"),
        ([0, np.nan], 3, "whole numbers, got nan"),
        ([0, np.inf], None, "whole numbers, got inf"),
        (["a"], None, "whole numbers, got dtype <U1"),
        ([0, 3], 3, "num_classes=3 allows 0 to 2, got 3"),
        ([0], 0, "num_classes must be at least 1, got 0"),
        ([], None, "num_classes must be given"),
    ],
)
def test_what_is_no_label_is_refused(labels, num_classes, message):
    with pytest.raises(ValueError, match=message):
        to_categorical(labels, num_classes)


def test_labels_are_not_modified():
    labels = np.array([[1], [0]])
    to_categorical(labels)
    assert labels.tolist() == [[1], [0]]
