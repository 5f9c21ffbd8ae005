"""The confusion matrix shows its counts and their shares."""

import numpy as np
import pytest

from onepath.cli.pictures import confusion

COUNTS = np.array([[50, 1, 0], [0, 400, 3], [0, 0, 7]])
NAMES = ["cat", "dog", "eel"]


def test_counts_recall_and_accuracy_are_written(draw, texts):
    (axes,) = draw(confusion, COUNTS, NAMES).axes
    assert texts(axes) == [
        # 457 of 461 are on the diagonal
        "Accuracy 99.13% (457 of 461)",
        *("50", "1", "400", "3", "7"),
        *("recall", "98.0%", "99.3%", "100.0%"),
    ]


def test_rows_go_down_and_columns_across(draw):
    (axes,) = draw(confusion, COUNTS, NAMES).axes
    positions = {text.get_text(): text.get_position() for text in axes.texts}
    assert positions["3"] == (2, 1)
    assert axes.get_ylabel() == "true"
    assert axes.get_xlabel() == "predicted"
    assert [label.get_text() for label in axes.get_xticklabels()] == NAMES


def test_an_error_is_seen_though_it_is_one_in_ten_thousand(draw):
    (axes,) = draw(confusion, [[9999, 1], [0, 10000]], "ab").axes
    (right, wrong), (empty, _) = axes.images[0].get_array()
    np.testing.assert_array_equal(empty, 1.0)
    assert (1 - wrong).max() > 0.1
    assert wrong[0] > wrong[2]  # orange
    assert right[0] < right[2]  # blue


def test_cells_are_coloured_by_the_share_of_their_row(draw):
    # the same counts in a large and in a small class
    (axes,) = draw(confusion, [[990, 10, 0], [0, 90, 10], [0, 0, 1]], "abc").axes
    depth = 1 - axes.images[0].get_array().min(axis=-1)
    assert depth[1, 2] > depth[0, 1] > 0
    assert depth[1, 2] > 0.6  # the largest error, though it is a tenth
    assert depth[0, 0] > depth[1, 1]


@pytest.mark.parametrize(("classes", "size"), [(1, (540, 600)), (10, (900, 960))])
def test_it_grows_with_its_classes(write, classes, size):
    picture = write(confusion, np.eye(classes, dtype=int), range(classes))
    assert picture.shape[:2] == size
    assert (picture != 255).any()


def test_a_class_without_samples_is_no_error(draw, texts):
    (axes,) = draw(confusion, [[3, 0], [0, 0]], "ab").axes
    assert "0.0%" in texts(axes)


def test_names_are_not_taken_for_formulas(write):
    # written out: it is then that a formula would be read
    assert write(confusion, [[3, 0], [0, 2]], ["$a_$", "$"]).size


@pytest.mark.parametrize(
    ("matrix", "names", "message"),
    [
        ([[1, 2, 3], [4, 5, 6]], "ab", r"square, got shape \(2, 3\)"),
        ([1, 2], "ab", r"square, got shape \(2,\)"),
        ([[1, 0], [0, 1]], "abc", "must name 2 classes, got 3 names"),
        ([[0.5, 0.5], [0.5, 0.5]], "ab", "integers, .* got float64 with sum 2.0"),
        ([[1, -1], [0, 1]], "ab", "none negative .* got int64 with sum 1"),
        ([[0, 0], [0, 0]], "ab", "not all zero; got int64 with sum 0"),
        (np.empty((0, 0), dtype="int64"), "", "not all zero; got int64 with sum 0"),
    ],
)
def test_what_is_no_confusion_matrix_is_refused(refused, matrix, names, message):
    refused(message, confusion, matrix, names)
