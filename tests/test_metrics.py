"""Metrics against loops over the samples."""

import math

import numpy as np
import pytest

from onepath import metrics
from onepath.backends import DeviceMismatchError
from onepath.metrics import Accuracy, TopKAccuracy, confusion_matrix


def scores_and_labels(shape, seed=0, dtype="float32"):
    """Scores with many ties, and a true class for each row of them."""
    random = np.random.default_rng(seed)
    return random.integers(0, 4, shape).astype(dtype), random.integers(0, shape[-1], shape[:-1])


def one_hot(labels, classes):
    return np.array([[label == c for c in range(classes)] for label in labels], "float32")


def first_largest(row):
    best = 0
    for index, value in enumerate(row):
        if value > row[best]:
            best = index
    return best


def hits_of_argmax(labels, scores):
    rows = zip(labels.ravel(), scores.reshape(-1, scores.shape[-1]), strict=True)
    return [label == first_largest(row) for label, row in rows]


def hits_of_top_k(labels, scores, k):
    """In the top k is whoever reaches the k-th largest score: ties at the border are all in."""
    rows = zip(labels.ravel(), scores.reshape(-1, scores.shape[-1]), strict=True)
    return [row[label] >= sorted(row, reverse=True)[k - 1] for label, row in rows]


# Accuracy


@pytest.mark.parametrize("shape", [(50, 5), (4, 6, 3), (3, 2, 2, 4)])
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_accuracy_with_labels(shape, dtype, backend):
    scores, labels = scores_and_labels(shape, dtype=dtype)
    metric = Accuracy()
    metric.update(backend.asarray(labels), backend.asarray(scores))
    assert metric.result() == np.mean(hits_of_argmax(labels, scores))


@pytest.mark.parametrize("dtype", ["bool", "uint8", "float64"])
def test_accuracy_with_one_hot_targets(dtype, backend):
    scores, labels = scores_and_labels((50, 5))
    metric = Accuracy()
    metric.update(backend.asarray(one_hot(labels, 5).astype(dtype)), backend.asarray(scores))
    assert metric.result() == np.mean(hits_of_argmax(labels, scores))


def test_accuracy_with_a_column_of_labels(backend):
    scores, labels = scores_and_labels((50, 5))
    metric = Accuracy()
    metric.update(backend.asarray(labels[:, None].astype("uint8")), backend.asarray(scores))
    assert metric.result() == np.mean(hits_of_argmax(labels, scores))


@pytest.mark.parametrize("y_shape", [(6,), (6, 1)])
@pytest.mark.parametrize("p_shape", [(6,), (6, 1)])
@pytest.mark.parametrize("dtype", ["bool", "int64", "float32"])
def test_binary_accuracy(y_shape, p_shape, dtype, backend):
    y = backend.asarray(np.array([0, 0, 0, 1, 1, 1]).astype(dtype).reshape(y_shape))
    # exactly on the threshold is class 0
    p = backend.asarray(np.array([0.1, 0.5, 0.6, 0.4, 0.7, 0.51], "float32").reshape(p_shape))
    for threshold, expected in [(0.5, 4 / 6), (0.55, 3 / 6)]:
        metric = Accuracy(threshold)
        metric.update(y, p)
        assert metric.result() == expected


def test_binary_accuracy_of_logits(backend):
    metric = Accuracy(threshold=0.0)
    metric.update(backend.asarray(np.array([1, 0, 1])), backend.asarray(np.array([0.2, -3, -0.1])))
    assert metric.result() == 2 / 3


def test_binary_accuracy_of_pictures(backend):
    """One channel is binary at any rank: its argmax would be 0 everywhere."""
    p = np.random.default_rng(1).uniform(size=(2, 3, 4, 1))
    y = np.random.default_rng(2).integers(0, 2, (2, 3, 4))
    metric = Accuracy()
    metric.update(backend.asarray(y), backend.asarray(p))
    pairs = zip(y.ravel(), p.ravel(), strict=True)
    assert metric.result() == np.mean([(b > 0.5) == a for a, b in pairs])


# Top k


@pytest.mark.parametrize("k", [1, 2, 3, 6])
@pytest.mark.parametrize("shape", [(60, 6), (5, 4, 6)])
def test_top_k_accuracy(k, shape, backend):
    scores, labels = scores_and_labels(shape)
    metric = TopKAccuracy(k)
    metric.update(backend.asarray(labels), backend.asarray(scores))
    assert metric.result() == np.mean(hits_of_top_k(labels, scores, k))


def test_top_k_accuracy_with_one_hot_targets(backend):
    scores, labels = scores_and_labels((60, 6))
    metric = TopKAccuracy(2)
    metric.update(backend.asarray(one_hot(labels, 6)), backend.asarray(scores))
    assert metric.result() == np.mean(hits_of_top_k(labels, scores, 2))


def test_ties_at_the_border_are_all_in(backend):
    scores = backend.asarray(np.array([[3.0, 2, 2, 2, 1]]))
    for label, right in enumerate([1, 1, 1, 1, 0]):
        metric = TopKAccuracy(k=2)
        metric.update(backend.asarray(np.array([label])), scores)
        assert metric.result() == right


def test_nan_is_never_among_the_top(backend):
    scores = np.full((2, 3), np.nan)
    scores[1, 1:] = 1, 2
    for label, right in [(0, 0), (1, 0), (2, 0.5)]:
        metric = TopKAccuracy(k=2)
        metric.update(backend.asarray(np.array([label, label])), backend.asarray(scores))
        assert metric.result() == right


def test_k_beyond_the_classes():
    metric = TopKAccuracy(4)
    with pytest.raises(ValueError, match="top_4_accuracy: k is 4, but y_pred has 3 classes"):
        metric.update(np.array([0]), np.zeros((1, 3)))


@pytest.mark.parametrize(
    ("k", "error", "message"),
    [
        (0, ValueError, "k must be at least 1, got 0"),
        (-1, ValueError, "k must be at least 1, got -1"),
        (True, TypeError, "k must be an integer, got True"),
        (2.0, TypeError, r"k must be an integer, got 2\.0"),
    ],
)
def test_k_is_a_positive_integer(k, error, message):
    with pytest.raises(error, match=message):
        TopKAccuracy(k)


# Both


@pytest.mark.parametrize("metric", [Accuracy(), TopKAccuracy(1)])
def test_a_label_that_is_no_class_is_never_right(metric, backend):
    metric.reset()
    scores = backend.asarray(np.array([[2.0, 1, 0]] * 4))
    metric.update(backend.asarray(np.array([0, 3, -1, -3])), scores)
    assert metric.result() == 1 / 4


@pytest.mark.parametrize("metric", [Accuracy(), TopKAccuracy(2)])
def test_batches_add_up_by_samples_until_a_reset(metric, backend):
    metric.reset()
    assert math.isnan(metric.result())
    scores, labels = scores_and_labels((10, 4))
    for part in (slice(0, 7), slice(7, 8), slice(8, 10)):
        metric.update(backend.asarray(labels[part]), backend.asarray(scores[part]))
    hits = (
        hits_of_argmax(labels, scores)
        if isinstance(metric, Accuracy)
        else hits_of_top_k(labels, scores, 2)
    )
    assert type(metric.result()) is float
    assert metric.result() == sum(hits) / 10
    metric.reset()
    assert math.isnan(metric.result())


def test_sums_stay_on_the_device(cuda):
    scores, labels = (cuda.asarray(array) for array in scores_and_labels((8, 4)))
    for metric in (Accuracy(), TopKAccuracy(2)):
        metric.update(labels, scores)
        assert cuda.owns(metric._total)


BAD_SHAPES = [
    (Accuracy(), (4,), (3, 5), r"accuracy: y_true must have shape \(3,\), or .* got \(4,\)"),
    (Accuracy(), (3, 2), (3, 5), r"shape \(3,\), or that of y_pred if it is one-hot, got \(3, 2\)"),
    (Accuracy(), (3, 2), (3, 1), r"y_true must have shape \(3, 1\).* got \(3, 2\)"),
    (Accuracy(), (1,), (3,), r"y_true must have shape \(3,\).* got \(1,\)"),
    (Accuracy(), (), (), r"y_pred needs a batch axis, got shape \(\)"),
    (TopKAccuracy(1), (3,), (3,), r"y_pred must have shape \(N, \.\.\., classes\), got \(3,\)"),
    (TopKAccuracy(1), (4,), (3, 5), r"top_1_accuracy: y_true must have shape \(3,\).* got \(4,\)"),
]


@pytest.mark.parametrize(("metric", "y_shape", "p_shape", "message"), BAD_SHAPES)
def test_shapes_that_do_not_fit_leave_the_batch_out(metric, y_shape, p_shape, message):
    metric.reset()
    with pytest.raises(ValueError, match=message):
        metric.update(np.zeros(y_shape, "int64"), np.zeros(p_shape))
    assert math.isnan(metric.result())


@pytest.mark.parametrize("metric", [Accuracy(), TopKAccuracy(1)])
def test_dtypes_that_do_not_fit(metric):
    with pytest.raises(TypeError, match=r"y_pred must be floating, got int64.*\(y_true, y_pred\)"):
        metric.update(np.zeros(3, "int64"), np.zeros((3, 2), "int64"))
    with pytest.raises(TypeError, match="labels in y_true must be integers, got float64"):
        metric.update(np.zeros(3), np.zeros((3, 2)))


def test_arrays_on_different_devices(cuda):
    with pytest.raises(DeviceMismatchError, match="argument 0 is on cpu and argument 1 on"):
        Accuracy().update(np.ones(2), cuda.asarray(np.ones(2)))


@pytest.mark.parametrize(
    ("threshold", "error", "message"),
    [
        (math.nan, ValueError, "threshold must be finite, got nan"),
        (math.inf, ValueError, "threshold must be finite, got inf"),
        (True, TypeError, "threshold must be a number, got True"),
        ("0.5", TypeError, "threshold must be a number, got '0.5'"),
    ],
)
def test_thresholds(threshold, error, message):
    with pytest.raises(error, match=message):
        Accuracy(threshold)


# The confusion matrix


def test_confusion_matrix_counts(backend):
    random = np.random.default_rng(5)
    true, predicted = random.integers(0, 4, 200), random.integers(0, 6, 200)
    expected = np.zeros((6, 6), "int64")
    for row, column in zip(true, predicted, strict=True):
        expected[row, column] += 1
    for dtype in ("uint8", "int64", "uint64"):
        matrix = confusion_matrix(
            backend.asarray(true.astype(dtype)), backend.asarray(predicted.astype("int32"))
        )
        assert backend.owns(matrix)
        assert matrix.dtype == "int64"
        np.testing.assert_array_equal(backend.to_numpy(matrix), expected)


def test_confusion_matrix_of_more_classes_than_occur(backend):
    true, predicted = (backend.asarray(np.array(labels)) for labels in ([0, 1, 1], [1, 1, 0]))
    matrix = confusion_matrix(true, predicted, num_classes=3)
    np.testing.assert_array_equal(backend.to_numpy(matrix), [[0, 1, 0], [1, 1, 0], [0, 0, 0]])


def test_confusion_matrix_of_nothing(backend):
    nothing = backend.asarray(np.zeros(0, "int64"))
    matrix = confusion_matrix(nothing, nothing, num_classes=2)
    np.testing.assert_array_equal(backend.to_numpy(matrix), np.zeros((2, 2)))
    with pytest.raises(ValueError, match="there are no labels, so num_classes must be given"):
        confusion_matrix(nothing, nothing)


def test_confusion_matrix_of_segmentations(cpu):
    true, predicted = cpu.asarray([[0, 1], [1, 1]]), cpu.asarray([[0, 0], [1, 1]])
    np.testing.assert_array_equal(confusion_matrix(true, predicted), [[1, 0], [1, 2]])


@pytest.mark.parametrize(
    ("true", "predicted", "classes", "message"),
    [
        ([0, -1], [0, 0], None, "labels run from -1 to 0, but with 1 classes they go from 0 to 0"),
        ([0, 3], [0, 0], 3, "labels run from 0 to 3, but with 3 classes they go from 0 to 2"),
        ([0, 0], [0, 3], 3, "labels run from 0 to 3, but with 3 classes"),
        ([0, 0], [0, 0, 0], None, r"y_true has shape \(2,\), y_pred \(3,\)"),
        ([0], [0], 0, "num_classes must be at least 1, got 0"),
    ],
)
def test_labels_that_confusion_matrix_refuses(true, predicted, classes, message, backend):
    true, predicted = (backend.asarray(np.array(labels)) for labels in (true, predicted))
    with pytest.raises(ValueError, match=message):
        confusion_matrix(true, predicted, classes)


def test_dtypes_that_confusion_matrix_refuses():
    labels = np.zeros(2, "int64")
    with pytest.raises(TypeError, match="y_pred must hold integer labels, got float32; argmax"):
        confusion_matrix(labels, np.zeros((2, 3), "float32"))
    with pytest.raises(TypeError, match="y_true must hold integer labels, got bool"):
        confusion_matrix(labels > 0, labels)
    with pytest.raises(TypeError, match=r"num_classes must be an integer, got 3\.0"):
        confusion_matrix(labels, labels, 3.0)


# Names


@pytest.mark.parametrize(
    ("name", "cls", "own"),
    [
        ("accuracy", Accuracy, "accuracy"),
        ("acc", Accuracy, "accuracy"),
        ("top_k", TopKAccuracy, "top_5_accuracy"),
        ("top_k_accuracy", TopKAccuracy, "top_5_accuracy"),
    ],
)
def test_metrics_by_name(name, cls, own):
    metric = metrics.get(name)
    assert type(metric) is cls
    assert metric.name == own
    assert metrics.get(metric) is metric


def test_unknown_metrics():
    with pytest.raises(ValueError, match="unknown metric 'auc'; known are 'accuracy', 'acc', 'top"):
        metrics.get("auc")
    with pytest.raises(TypeError, match=r"metric must be of class Metric or a name, got <class"):
        metrics.get(Accuracy)
