"""Losses against loops written from their formulas, and finite differences of those."""

import json
import math

import numpy as np
import pytest

from onepath import losses
from onepath.backends import DeviceMismatchError
from onepath.losses import (
    LOSSES,
    BinaryCrossentropy,
    BinaryFocalCrossentropy,
    CategoricalCrossentropy,
    CategoricalFocalCrossentropy,
    CategoricalHinge,
    CosineSimilarity,
    Crossentropy,
    Hinge,
    Huber,
    KLDivergence,
    LogCosh,
    MeanAbsoluteError,
    MeanSquaredError,
    Poisson,
    SparseCategoricalCrossentropy,
    SquaredHinge,
)

from .formulas import (
    CASES,
    between,
    binary,
    drawn,
    finite_differences,
    one_hot,
    sparse,
    squared,
)


@pytest.mark.parametrize("shape", [(5, 4), (1, 2), (2, 3, 2, 3)])
def test_value_and_gradient_are_the_formula_s(case, shape, backend):
    loss, oracle, *_ = case
    y, p = drawn(case, shape)
    on_device = backend.asarray(y), backend.asarray(p)
    value, gradient = loss(*on_device), loss.gradient(*on_device)
    np.testing.assert_allclose(backend.to_numpy(value), oracle(y, p), rtol=1e-12)
    expected = finite_differences(oracle, y, p)
    np.testing.assert_allclose(backend.to_numpy(gradient), expected, rtol=1e-7, atol=1e-9)


def test_value_and_gradient_together_are_those_apart(case, backend):
    loss = case[0]
    y, p = (backend.asarray(array) for array in drawn(case, (6, 3), "float32"))
    value, gradient = loss.value_and_gradient(y, p)
    assert backend.to_numpy(value) == backend.to_numpy(loss(y, p))
    np.testing.assert_array_equal(backend.to_numpy(gradient), backend.to_numpy(loss.gradient(y, p)))


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_results_are_on_the_device_and_no_narrower_than_float32(case, dtype, backend):
    loss, oracle, *_ = case
    y, p = drawn(case, (4, 3), dtype)
    value, gradient = loss.value_and_gradient(backend.asarray(y), backend.asarray(p))
    assert backend.owns(value)
    assert value.shape == ()
    assert value.dtype == ("float64" if dtype == "float64" else "float32")
    assert backend.owns(gradient)
    assert (gradient.shape, gradient.dtype) == (p.shape, value.dtype)
    np.testing.assert_allclose(backend.to_numpy(value), oracle(y, p.astype("float64")), rtol=1e-5)


def test_inputs_are_not_changed(case, backend):
    loss = case[0]
    y, p = drawn(case, (4, 3))
    y_device, p_device = backend.asarray(y.copy()), backend.asarray(p.copy())
    gradient = loss.gradient(y_device, p_device)
    gradient += 1  # nor is the gradient a view of one
    np.testing.assert_array_equal(backend.to_numpy(y_device), y)
    np.testing.assert_array_equal(backend.to_numpy(p_device), p)


def test_predictions_need_not_be_contiguous(case, backend):
    loss, oracle, *_ = case
    y, p = drawn(case, (3, 2, 4))
    swapped = backend.asarray(np.ascontiguousarray(p.swapaxes(0, 1))).swapaxes(0, 1)
    assert not swapped.flags.c_contiguous
    value, gradient = loss.value_and_gradient(backend.asarray(y), swapped)
    np.testing.assert_allclose(backend.to_numpy(value), oracle(y, p), rtol=1e-12)
    np.testing.assert_allclose(
        backend.to_numpy(gradient), finite_differences(oracle, y, p), rtol=1e-7, atol=1e-9
    )


def test_mse_and_mae_by_hand():
    y, p = np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([[1.0, 4.0], [2.0, 0.0]])
    assert MeanSquaredError()(y, p) == (0 + 4 + 1 + 16) / 4
    np.testing.assert_array_equal(MeanSquaredError().gradient(y, p), [[0, 1], [-0.5, -2]])
    assert MeanAbsoluteError()(y, p) == (0 + 2 + 1 + 4) / 4
    np.testing.assert_array_equal(MeanAbsoluteError().gradient(y, p), [[0, 0.25], [-0.25, -0.25]])


# Extremes


def test_binary_crossentropy_of_huge_logits(backend):
    z = backend.asarray(np.array([1e4, 1e4, -1e4, -1e4], "float32"))
    y = backend.asarray(np.array([1, 0, 1, 0], "float32"))
    value, gradient = BinaryCrossentropy(from_logits=True).value_and_gradient(y, z)
    assert backend.to_numpy(value) == 2e4 / 4
    np.testing.assert_array_equal(backend.to_numpy(gradient), [0, 0.25, -0.25, 0])


@pytest.mark.parametrize("is_sparse", [False, True])
def test_class_crossentropy_of_huge_logits(is_sparse, backend):
    z = np.array([[1e4, -1e4, 0], [1e4, -1e4, 0], [-1e4, -1e4, -1e4]], "float32")
    labels = np.array([0, 1, 2])
    if is_sparse:
        loss, y = SparseCategoricalCrossentropy(from_logits=True), labels
    else:
        loss, y = CategoricalCrossentropy(from_logits=True), one_hot(labels, 3)
    value, gradient = loss.value_and_gradient(backend.asarray(y), backend.asarray(z))
    np.testing.assert_allclose(backend.to_numpy(value), (2e4 + math.log(3)) / 3, rtol=1e-6)
    expected = np.array([[0, 0, 0], [1, -1, 0], [1 / 3, 1 / 3, -2 / 3]]) / 3
    np.testing.assert_allclose(backend.to_numpy(gradient), expected, rtol=1e-6)


def test_focal_crossentropy_of_huge_logits(backend):
    z = backend.asarray(np.array([1e4, 1e4, -1e4, -1e4], "float32"))
    y = backend.asarray(np.array([1, 0, 1, 0], "float32"))
    for gamma in (0.5, 2.0):
        loss = BinaryFocalCrossentropy(gamma=gamma, from_logits=True)
        value, gradient = loss.value_and_gradient(y, z)
        assert backend.to_numpy(value) == 2e4 / 4
        np.testing.assert_array_equal(backend.to_numpy(gradient), [0, 0.25, -0.25, 0])


def test_class_focal_crossentropy_of_huge_logits(backend):
    z = np.array([[1e4, -1e4, 0], [1e4, -1e4, 0]], "float32")
    y = one_hot(np.array([0, 1]), 3)
    for gamma in (0.5, 2.0):
        loss = CategoricalFocalCrossentropy(1.0, gamma, from_logits=True)
        value, gradient = loss.value_and_gradient(backend.asarray(y), backend.asarray(z))
        assert backend.to_numpy(value) == 2e4 / 2
        expected = np.array([[0, 0, 0], [1, -1, 0]]) / 2
        np.testing.assert_array_equal(backend.to_numpy(gradient), expected)


def test_log_cosh_of_huge_and_of_tiny_errors(backend):
    p = backend.asarray(np.array([1e4, -1e4, 1e-3, -1e-3], "float32"))
    terms = [
        backend.to_numpy(LogCosh()(backend.asarray(np.zeros(1, "float32")), p[i : i + 1]))
        for i in range(4)
    ]
    np.testing.assert_allclose(terms[:2], 1e4 - math.log(2), rtol=1e-6)
    np.testing.assert_allclose(terms[2:], 5e-7, rtol=1e-3)


@pytest.mark.parametrize("loss", [CosineSimilarity(), KLDivergence(), Poisson()])
def test_predictions_of_zero_are_no_nan(loss, backend):
    y, p = np.array([[0.0, 1.0]]), backend.asarray(np.zeros((1, 2), "float32"))
    value, gradient = loss.value_and_gradient(backend.asarray(y), p)
    assert np.isfinite(backend.to_numpy(value))
    assert backend.to_numpy(gradient)[0, 1] < -1e6


def test_a_share_above_one_does_not_grow(backend):
    """By hand: -y / p / rows, and 0 where the clip stops."""
    y, p = np.array([[0.5, 0.5]]), backend.asarray(np.array([[0.25, 1.5]]))
    gradient = KLDivergence().gradient(backend.asarray(y), p)
    np.testing.assert_allclose(backend.to_numpy(gradient), [[-2, 0]])


@pytest.mark.parametrize("loss", [Hinge(), SquaredHinge()])
def test_hinges_take_zeros_for_minus_ones_where_there_is_nothing_else(loss, backend):
    p = backend.asarray(np.array([0.5, 2.0, -0.5]))
    signs, binary_targets, others = (
        loss.value_and_gradient(backend.asarray(np.array(y)), p)
        for y in ([-1, 1, -1], [0, 1, 0], [0, 1, -1])
    )
    for a, b in zip(signs, binary_targets, strict=True):
        np.testing.assert_array_equal(backend.to_numpy(a), backend.to_numpy(b))
    assert backend.to_numpy(others[1])[0] == 0


def test_a_small_binary_loss_keeps_its_digits(backend):
    """log(1 + exp(-20)) in float32, where 1 + exp(-20) is 1."""
    z, y = backend.asarray(np.full(1, 20, "float32")), backend.asarray(np.ones(1, "float32"))
    value = BinaryCrossentropy(from_logits=True)(y, z)
    np.testing.assert_allclose(backend.to_numpy(value), math.log1p(math.exp(-20)), rtol=1e-6)


@pytest.mark.parametrize(("target", "prediction"), [(1, 0), (0, 1)])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_binary_probability_surely_wrong_is_pushed_back(target, prediction, dtype, backend):
    y, p = (backend.asarray(np.full(1, value, dtype)) for value in (target, prediction))
    value, gradient = BinaryCrossentropy().value_and_gradient(y, p)
    # 1 - 1e-7 is 1 - 1.19e-7 in float32
    np.testing.assert_allclose(
        backend.to_numpy(value), -math.log(1e-7), rtol=2e-2 if dtype == "float32" else 1e-7
    )
    push = -1e7 if target else 1e7
    np.testing.assert_allclose(backend.to_numpy(gradient), [push], rtol=0.2)


@pytest.mark.parametrize(("target", "prediction"), [(1, 1), (0, 0)])
def test_a_binary_probability_surely_right_costs_next_to_nothing(target, prediction, backend):
    y, p = (backend.asarray(np.full(1, value, "float32")) for value in (target, prediction))
    value, gradient = BinaryCrossentropy().value_and_gradient(y, p)
    assert 0 <= backend.to_numpy(value) < 2e-7
    np.testing.assert_allclose(backend.to_numpy(gradient), [1 - 2 * target], atol=1e-6)


@pytest.mark.parametrize("is_sparse", [False, True])
def test_a_class_probability_of_zero_is_pushed_back(is_sparse, backend):
    p = np.array([[0, 1, 0], [0.5, 0.25, 0.25]], "float32")
    labels = np.array([0, 1])
    if is_sparse:
        loss, y = SparseCategoricalCrossentropy(), labels
    else:
        loss, y = CategoricalCrossentropy(), one_hot(labels, 3)
    value, gradient = loss.value_and_gradient(backend.asarray(y), backend.asarray(p))
    np.testing.assert_allclose(
        backend.to_numpy(value), -(math.log(1e-7) + math.log(0.25)) / 2, rtol=1e-6
    )
    # by hand: (sum(y) - y / q) / rows, where the clip is passed, q being 1e-7 in the first row
    expected = np.array([[-1e7, 0, 0], [1, -3, 1]]) / 2
    np.testing.assert_allclose(backend.to_numpy(gradient), expected, rtol=1e-6)


def test_nan_predictions_give_a_nan_loss(case, backend):
    y, p = drawn(case, (4, 3))
    p[1] = np.nan
    value = case[0](backend.asarray(y), backend.asarray(p))
    assert np.isnan(backend.to_numpy(value))


# Probabilities


def test_probabilities_of_logits(backend):
    z = np.array([[-1e4, 0, 1e4], [0.5, -1, 2]], "float32")
    sigmoid = [[0, 0.5, 1], [1 / (1 + math.exp(-x)) for x in z[1]]]
    softmax = [[0, 0, 1], [math.exp(x) / sum(math.exp(v) for v in z[1]) for x in z[1]]]
    for loss, expected in [
        (BinaryCrossentropy(from_logits=True), sigmoid),
        (CategoricalCrossentropy(from_logits=True), softmax),
        (SparseCategoricalCrossentropy(from_logits=True), softmax),
    ]:
        probabilities = loss.probabilities(backend.asarray(z))
        assert probabilities.dtype == "float32"
        np.testing.assert_allclose(backend.to_numpy(probabilities), expected, rtol=1e-6)


@pytest.mark.parametrize(
    "loss", [BinaryCrossentropy(), CategoricalCrossentropy(), SparseCategoricalCrossentropy()]
)
def test_probabilities_are_returned_as_they_are(loss):
    p = np.ones((2, 2))
    assert loss.probabilities(p) is p


@pytest.mark.parametrize("loss", [MeanSquaredError(), MeanAbsoluteError(), Hinge()])
def test_other_predictions_are_no_probabilities(loss):
    with pytest.raises(TypeError, match=f"{type(loss).__name__}: its predictions are no prob"):
        loss.probabilities(np.ones((2, 2)))


# Shapes


@pytest.mark.parametrize("shapes", [((4,), (4, 1)), ((4, 1), (4,)), ((4,), (4,)), ((1,), (1, 1))])
@pytest.mark.parametrize("loss", [MeanSquaredError(), BinaryCrossentropy()])
def test_a_last_axis_of_length_one_may_be_missing(loss, shapes, backend):
    random = np.random.default_rng(1)
    y, p = (random.uniform(0.1, 0.9, shape) for shape in shapes)
    value, gradient = loss.value_and_gradient(backend.asarray(y), backend.asarray(p))
    oracle = squared if isinstance(loss, MeanSquaredError) else binary
    np.testing.assert_allclose(backend.to_numpy(value), oracle(y, p), rtol=1e-12)
    assert gradient.shape == p.shape


def test_sparse_labels_may_be_a_column(backend):
    p = between(np.random.default_rng(2), (4, 3))
    y = np.array([[0], [2], [1], [2]], "uint8")
    value = SparseCategoricalCrossentropy()(backend.asarray(y), backend.asarray(p))
    np.testing.assert_allclose(backend.to_numpy(value), sparse(y[:, 0], p), rtol=1e-12)


@pytest.mark.parametrize("loss", ["sparse", "sparse-logits"])
@pytest.mark.parametrize("dtype", ["bool", "uint8", "uint64", "int32"])
def test_sparse_labels_of_any_integer_dtype(loss, dtype, backend):
    loss, oracle, *_ = CASES[loss]
    y, p = np.array([0, 1, 1, 0]), between(np.random.default_rng(3), (4, 2))
    value, gradient = loss.value_and_gradient(backend.asarray(y.astype(dtype)), backend.asarray(p))
    np.testing.assert_allclose(backend.to_numpy(value), oracle(y, p), rtol=1e-12)
    np.testing.assert_allclose(
        backend.to_numpy(gradient), finite_differences(oracle, y, p), rtol=1e-7
    )


BAD_SHAPES = [
    (MeanSquaredError(), (3,), (3, 3), r"needs y_true of shape \(3, 3\), got \(3,\)"),
    (
        MeanSquaredError(),
        (3, 1),
        (3, 3),
        r"y_pred of shape \(3, 3\) needs y_true of shape \(3, 3\)",
    ),
    (MeanAbsoluteError(), (2, 3), (3, 2), r"needs y_true of shape \(3, 2\), got \(2, 3\)"),
    (MeanSquaredError(), (), (), r"y_pred needs a batch axis, got shape \(\)"),
    (MeanSquaredError(), (0, 3), (0, 3), r"the batch is empty, y_pred has shape \(0, 3\)"),
    (BinaryCrossentropy(), (4, 2), (4, 1), r"needs y_true of shape \(4, 1\), got \(4, 2\)"),
    (CategoricalCrossentropy(), (4,), (4, 3), "integer labels are for sparse_categorical"),
    (CategoricalCrossentropy(), (4, 1), (4, 1), r"with two classes or more, got \(4, 1\)"),
    (CategoricalCrossentropy(), (4,), (4,), r"shape \(N, \.\.\., classes\).* got \(4,\)"),
    (SparseCategoricalCrossentropy(), (4, 3), (4, 3), "one-hot targets are for categorical"),
    (CosineSimilarity(), (4,), (4,), r"must have shape \(N, \.\.\., features\), got \(4,\)"),
    (CategoricalHinge(), (4,), (4, 3), r"y_true must be one-hot, of the shape of y_pred"),
    (SparseCategoricalCrossentropy(), (3,), (4, 3), r"needs y_true of shape \(4,\), got \(3,\)"),
]


@pytest.mark.parametrize(("loss", "y_shape", "p_shape", "message"), BAD_SHAPES)
@pytest.mark.parametrize("call", ["__call__", "gradient", "value_and_gradient", "check"])
def test_shapes_that_do_not_fit(loss, y_shape, p_shape, message, call):
    with pytest.raises(ValueError, match=f"{type(loss).__name__}: .*{message}"):
        getattr(loss, call)(np.zeros(y_shape, "int64"), np.full(p_shape, 0.5))


# Dtypes and devices


@pytest.mark.parametrize("call", ["__call__", "gradient", "value_and_gradient", "check"])
def test_integer_predictions(case, call):
    y, p = drawn(case, (4, 3))
    with pytest.raises(
        TypeError, match="y_pred must be float16, bfloat16, float32 or float64, got int64"
    ):
        getattr(case[0], call)(y, p.astype("int64"))


def test_targets_that_are_no_numbers():
    with pytest.raises(TypeError, match=r"MeanSquaredError: y_true must be numbers.*complex128"):
        MeanSquaredError()(np.zeros(3, "complex128"), np.zeros(3))
    with pytest.raises(TypeError, match=r"integer labels.*astype\('int64'\).*got float64"):
        SparseCategoricalCrossentropy()(np.zeros(3), np.full((3, 2), 0.5))


@pytest.mark.parametrize("dtype", ["bool", "uint8", "int32", "float16", "float64"])
def test_targets_of_another_dtype_do_not_change_the_result_s(dtype, backend):
    y, p = np.array([0, 1, 1]).astype(dtype), np.array([0.25, 0.5, 0.75], "float32")
    for loss, oracle in [(MeanSquaredError(), squared), (BinaryCrossentropy(), binary)]:
        value, gradient = loss.value_and_gradient(backend.asarray(y), backend.asarray(p))
        assert value.dtype == gradient.dtype == "float32"
        expected = oracle(y.astype("float64"), p.astype("float64"))
        np.testing.assert_allclose(backend.to_numpy(value), expected, rtol=1e-6)


def test_lists_are_no_arrays():
    with pytest.raises(TypeError, match=r"argument 0 is a builtins.list"):
        MeanSquaredError()([1.0], np.ones(1))


def test_arrays_on_different_devices(cuda):
    with pytest.raises(DeviceMismatchError, match="argument 0 is on cpu and argument 1 on"):
        MeanSquaredError()(np.ones(2), cuda.asarray(np.ones(2)))


# Labels

SPARSE_PREDICTIONS = np.full((3, 4), 0.25)


@pytest.mark.parametrize("call", ["__call__", "gradient", "check"])
@pytest.mark.parametrize(
    ("labels", "found"), [([0, 1, 4], "from 0 to 4"), ([-1, 0, 3], "from -1 to 3")]
)
def test_labels_out_of_range(call, labels, found, backend):
    y, p = backend.asarray(np.array(labels)), backend.asarray(SPARSE_PREDICTIONS)
    message = f"y_true runs {found}, but y_pred has 4 classes, so labels go from 0 to 3"
    with pytest.raises(ValueError, match=message):
        getattr(SparseCategoricalCrossentropy(), call)(y, p)


def test_nan_does_not_hide_a_target_out_of_range(backend):
    y, p = backend.asarray(np.array([np.nan, 1, 7])), backend.asarray(np.full(3, 0.5))
    with pytest.raises(ValueError, match=r"y_true runs from 0\.0 to 7\.0"):
        BinaryCrossentropy()(y, p)


def test_counts_are_not_negative(backend):
    y, p = backend.asarray(np.array([3, -1])), backend.asarray(np.ones(2))
    with pytest.raises(ValueError, match="Poisson: y_true runs from -1 to 3, but counts are not"):
        Poisson()(y, p)
    Poisson().check_labels(backend.asarray(np.array([0, 10**6])), 1)


@pytest.mark.parametrize("loss", [BinaryCrossentropy(), CategoricalCrossentropy(), KLDivergence()])
@pytest.mark.parametrize("wrong", [-0.5, 1.5, math.inf])
def test_targets_out_of_range(loss, wrong, backend):
    y = np.array([[0, 1], [wrong, 0]])
    p = backend.asarray(np.full((2, 2), 0.5))
    with pytest.raises(ValueError, match=rf"y_true runs from .*{wrong}.* lies between 0 and 1"):
        loss(backend.asarray(y), p)


def test_check_labels_takes_host_and_device_arrays(backend):
    loss = SparseCategoricalCrossentropy()
    for labels in (np.array([0, 9], "uint8"), backend.asarray(np.array([0, 9], "uint8"))):
        loss.check_labels(labels, 10)
        with pytest.raises(ValueError, match="runs from 0 to 9, but y_pred has 9 classes"):
            loss.check_labels(labels, 9)
    loss.check_labels(np.zeros(0, "int64"), 9)


def test_the_training_loop_s_call_does_not_look_at_values(monkeypatch):
    def looked(*_):
        raise AssertionError("value_and_gradient looked at the labels")

    monkeypatch.setattr(SparseCategoricalCrossentropy, "check_labels", looked)
    SparseCategoricalCrossentropy().value_and_gradient(np.zeros(3, "int64"), SPARSE_PREDICTIONS)


@pytest.mark.parametrize(
    "loss",
    [MeanSquaredError(), MeanAbsoluteError(), BinaryCrossentropy(), CategoricalCrossentropy()],
)
@pytest.mark.parametrize("y", [[[np.nan, 1], [0, 0]], [[np.nan, np.nan], [np.nan, np.nan]]])
def test_nan_is_a_target(loss, y, backend):
    y, p = backend.asarray(np.array(y)), backend.asarray(np.full((2, 2), 0.5))
    assert np.isnan(backend.to_numpy(loss(y, p)))


def test_any_number_is_a_target_of_a_regression():
    MeanSquaredError().check_labels(np.array([-1e9, 1e9]), 2)


# Names and configurations


def each_of(base):
    """The losses of a kind, once each."""
    return [cls for cls in dict.fromkeys(LOSSES.values()) if issubclass(cls, base)]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("mse", MeanSquaredError),
        ("mean_squared_error", MeanSquaredError),
        ("mae", MeanAbsoluteError),
        ("mean_absolute_error", MeanAbsoluteError),
        ("binary_crossentropy", BinaryCrossentropy),
        ("categorical_crossentropy", CategoricalCrossentropy),
        ("sparse_categorical_crossentropy", SparseCategoricalCrossentropy),
    ],
)
def test_losses_by_name(name, expected):
    loss = losses.get(name)
    assert type(loss) is expected
    assert type(losses.get(loss.name)) is expected
    assert losses.get(loss) is loss
    assert not loss.get_config().get("from_logits", False)


def test_unknown_losses():
    with pytest.raises(
        ValueError, match=r"unknown loss 'angle'; known are 'mse', 'mae', .*'sparse"
    ):
        losses.get("angle")
    with pytest.raises(TypeError, match=r"loss must be of class Loss or a name, got <class"):
        losses.get(MeanSquaredError)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        *((cls.name, {}) for cls in dict.fromkeys(LOSSES.values())),
        *((cls.name, {"from_logits": True}) for cls in each_of(Crossentropy)),
        *((cls.name, {"label_smoothing": 0.25}) for cls in each_of(Crossentropy)),
        ("huber", {"delta": 2.0}),
        ("binary_focal_crossentropy", {"apply_class_balancing": True, "alpha": 0.5, "gamma": 1.0}),
        ("categorical_focal_crossentropy", {"alpha": 2.0, "gamma": 0.0}),
    ],
)
def test_configurations_come_back(name, options):
    cls = LOSSES[name]
    config = cls(**options).get_config()
    assert config == cls().get_config() | options
    again = cls.from_config(json.loads(json.dumps(config)))
    assert again.get_config() == config
    assert repr(again) == f"{cls.__name__}({', '.join(f'{k}={v}' for k, v in options.items())})"


def test_names_are_keras_s(keras):
    for name, cls in LOSSES.items():
        assert keras.losses.get(name) is not None
        assert cls.__name__ == getattr(keras.losses, cls.__name__).__name__
        assert cls.name == keras.losses.get(cls.name).__name__


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Huber(0), r"delta must be above 0 and finite, got 0"),
        (lambda: BinaryCrossentropy(label_smoothing=1.5), r"label_smoothing must be .* 1, got 1.5"),
        (lambda: BinaryFocalCrossentropy(alpha=-1), r"alpha must be at least 0 .* got -1"),
        (lambda: CategoricalFocalCrossentropy(gamma=-2), r"gamma must be at least 0 .* got -2"),
    ],
)
def test_numbers_out_of_range(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize("value", [1, "yes", None])
def test_from_logits_is_a_bool(value):
    with pytest.raises(TypeError, match=f"from_logits must be True or False, got {value!r}"):
        BinaryCrossentropy(from_logits=value)


def test_descent_along_the_gradient_lowers_every_loss(case):
    loss = case[0]
    y, p = drawn(case, (5, 3))
    before, gradient = loss.value_and_gradient(y, p)
    assert loss(y, p - 1e-3 * gradient) < before
