"""Batch normalization: its moving averages, and its options. The table has the rest."""

import math

import numpy as np
import pytest

from onepath.layers import BatchNormalization

X = np.random.default_rng(1).normal([3.0, -1.0], [2.0, 0.5], (16, 2))


@pytest.mark.parametrize("momentum", [0.0, 0.25, 0.99, 1.0])
def test_moving_averages_have_a_closed_form(backend, momentum):
    layer = BatchNormalization(momentum=momentum, dtype="float64")
    for _ in range(7):
        layer.forward(backend.asarray(X), training=True)
    left = momentum**7
    expected = {
        "moving_mean": (1 - left) * X.mean(axis=0),
        "moving_variance": left + (1 - left) * X.var(axis=0),
    }
    assert layer.state.keys() == expected.keys()
    for name, array in layer.state.items():
        np.testing.assert_allclose(backend.to_numpy(array), expected[name], rtol=1e-12, atol=1e-12)


def test_moving_averages_follow_changing_batches(cpu):
    layer = BatchNormalization(momentum=0.5, dtype="float64")
    for shift in (0.0, 8.0, 2.0):
        layer.forward(X + shift, training=True)
    # the latest batch counts a half, the one before a quarter, ...
    expected = 7 / 8 * X.mean(axis=0) + 8.0 / 4 + 2.0 / 2
    np.testing.assert_allclose(layer.state["moving_mean"], expected, rtol=1e-12)


def test_inference_leaves_the_state_alone(backend):
    layer = BatchNormalization(dtype="float64")
    y = layer.forward(backend.asarray(X))
    layer.backward(y)
    assert (backend.to_numpy(layer.state["moving_mean"]) == 0).all()
    assert (backend.to_numpy(layer.state["moving_variance"]) == 1).all()
    np.testing.assert_allclose(backend.to_numpy(y), X / math.sqrt(1 + 1e-3), rtol=1e-12)


def test_frozen_in_training_is_inference(backend):
    layer = BatchNormalization(dtype="float64")
    layer.trainable = False
    y = layer.forward(backend.asarray(X), training=True)
    dx = layer.backward(backend.xp.ones_like(y))
    assert (backend.to_numpy(layer.state["moving_mean"]) == 0).all()
    assert (backend.to_numpy(layer.state["moving_variance"]) == 1).all()
    np.testing.assert_allclose(backend.to_numpy(y), X / math.sqrt(1 + 1e-3), rtol=1e-12)
    np.testing.assert_allclose(backend.to_numpy(dx), 1 / math.sqrt(1 + 1e-3), rtol=1e-12)


def test_training_output_has_mean_0_and_variance_1(backend):
    y = BatchNormalization(epsilon=1e-12, dtype="float64").forward(backend.asarray(X), True)
    y = backend.to_numpy(y)
    np.testing.assert_allclose(y.mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(y.var(axis=0), 1, rtol=1e-9)


def test_backward_does_not_touch_the_state(backend):
    layer = BatchNormalization(dtype="float64")
    y = layer.forward(backend.asarray(X), training=True)
    before = {name: backend.to_numpy(array).copy() for name, array in layer.state.items()}
    layer.backward(y, 0.1)
    for name, array in layer.state.items():
        np.testing.assert_array_equal(backend.to_numpy(array), before[name])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"momentum": -0.1}, "momentum must be at least 0 and at most 1, got -0.1"),
        ({"momentum": 1.1}, "momentum must be at least 0 and at most 1, got 1.1"),
        ({"momentum": math.nan}, "momentum must be at least 0 and at most 1, got nan"),
        ({"epsilon": 0}, "epsilon must be above 0 and finite, got 0"),
        ({"epsilon": math.nan}, "epsilon must be above 0 and finite, got nan"),
        ({"axis": 0}, "axis 0 is the batch"),
    ],
)
def test_options_are_checked(options, message):
    with pytest.raises(ValueError, match=message):
        BatchNormalization(**options)


@pytest.mark.parametrize("axis", [2, -2, 5])
def test_axis_must_be_there(axis):
    message = rf"samples of shape \(2,\) do not fit: there is no axis {axis} in a batch of them"
    with pytest.raises(ValueError, match=message):
        BatchNormalization(axis=axis).forward(X)


def test_options_of_numpys_do_not_widen_the_output():
    layer = BatchNormalization(momentum=np.float64(0.9), epsilon=np.float64(1e-3))
    for training in (False, True):
        assert layer.forward(X, training).dtype == "float32"
    assert layer.state["moving_mean"].dtype == "float32"


@pytest.mark.parametrize("last", ["width", "batch"])
def test_long_sums_lose_few_digits(backend, last):
    """Of 720,000 numbers that are 1000 or so, added up one by one, the last would be cut short."""
    x = np.random.default_rng(0).normal(1000, 1, (8, 3, 300, 300)).astype("f4")
    if last == "batch":
        x = np.moveaxis(np.ascontiguousarray(np.moveaxis(x, 0, -1)), -1, 0)
    layer = BatchNormalization()
    y = layer.forward(backend.asarray(x), training=True)
    layer.backward(y + 1)
    exact = x - x.mean(axis=(0, 2, 3), keepdims=True, dtype="f8")
    exact /= np.sqrt((exact**2).mean(axis=(0, 2, 3), keepdims=True) + 1e-3)
    np.testing.assert_allclose(backend.to_numpy(y), exact, atol=1.5e-4)
    for array in layer.gradients.values():  # by gamma n times the variance of y, by beta n
        np.testing.assert_allclose(backend.to_numpy(array), x.size / 3, rtol=2e-3)
