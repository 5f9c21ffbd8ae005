"""Activations where numbers are extreme, and their options. The table has the rest."""

import numpy as np
import pytest

from onepath.layers import (
    CELU,
    ELU,
    GELU,
    SELU,
    Activation,
    Conv2D,
    HardShrink,
    HardSigmoid,
    LeakyReLU,
    PReLU,
    ReLU,
    Sequential,
    Sigmoid,
    Softmax,
    Squareplus,
    Tanh,
    deserialize,
    serialize,
)
from onepath.layers.activations import ACTIVATIONS, activation_layer

FAR_OUT = [-3e38, -1000.0, -90.0, 0.0, 90.0, 1000.0, 3e38]


def both_ways(layer, x, backend):
    """Output, and the derivative for each element."""
    x = backend.asarray(np.array(x, "float32"))
    y = layer.forward(x)
    dx = layer.backward(backend.xp.ones_like(y))
    return backend.to_numpy(y), backend.to_numpy(dx)


def test_sigmoid_does_not_overflow(backend):
    y, dx = both_ways(Sigmoid(), FAR_OUT, backend)
    np.testing.assert_allclose(y, [0, 0, 8.1940126e-40, 0.5, 1, 1, 1], rtol=1e-6, atol=1e-39)
    np.testing.assert_allclose(dx, [0, 0, 0, 0.25, 0, 0, 0], atol=1e-38)


def test_tanh_does_not_overflow(backend):
    y, dx = both_ways(Tanh(), FAR_OUT, backend)
    np.testing.assert_array_equal(y, [-1, -1, -1, 0, 1, 1, 1])
    np.testing.assert_array_equal(dx, [0, 0, 0, 1, 0, 0, 0])


def test_softmax_does_not_overflow(backend):
    x = [[1000.0, 1000.0, -1000.0], [-3e38, -3e38, -3e38], [3e38, 0.0, -3.0]]
    y, dx = both_ways(Softmax(), x, backend)
    np.testing.assert_allclose(y, [[0.5, 0.5, 0], [1 / 3] * 3, [1, 0, 0]], rtol=1e-6)
    # the outputs' sum is constant
    np.testing.assert_allclose(dx, np.zeros((3, 3)), atol=1e-7)


SAME = "that of x"
ASYMPTOTES = {  # value and slope far below 0, and far above
    "celu": (-1, 0, SAME, 1),
    "elu": (-1, 0, SAME, 1),
    "gelu": (0, 0, SAME, 1),
    "hard_shrink": (SAME, 1, SAME, 1),
    "hard_sigmoid": (0, 0, 1, 0),
    "hard_silu": (0, 0, SAME, 1),
    "hard_tanh": (-1, 0, 1, 0),
    "linear": (SAME, 1, SAME, 1),
    "log_sigmoid": (SAME, 1, 0, 0),
    "mish": (0, 0, SAME, 1),
    "relu": (0, 0, SAME, 1),
    "relu6": (0, 0, 6, 0),
    "sigmoid": (0, 0, 1, 0),
    "silu": (0, 0, SAME, 1),
    "soft_shrink": (SAME, 1, SAME, 1),
    "softplus": (0, 0, SAME, 1),
    "softsign": (-1, 0, 1, 0),
    "squareplus": (0, 0, SAME, 1),
    "tanh": (-1, 0, 1, 0),
}


def assert_asymptotic(layer, below, slope_below, above, slope_above, backend):
    y, dx = both_ways(layer, FAR_OUT, backend)
    for at in (0, 1, -2, -1):
        value, slope = (below, slope_below) if at in (0, 1) else (above, slope_above)
        value = FAR_OUT[at] if value is SAME else value
        np.testing.assert_allclose(y[at], value, rtol=2e-3, atol=2e-3)
        np.testing.assert_allclose(dx[at], slope, atol=1e-5)


@pytest.mark.parametrize("name", ASYMPTOTES)
def test_nothing_overflows(backend, name):
    assert_asymptotic(activation_layer(name), *ASYMPTOTES[name], backend)


def test_nothing_overflows_with_options(backend):
    assert_asymptotic(CELU(0.01), -0.01, 0, SAME, 1, backend)
    assert_asymptotic(ELU(2), -2, 0, SAME, 1, backend)
    assert_asymptotic(GELU(approximate=True), 0, 0, SAME, 1, backend)
    y, dx = both_ways(SELU(), FAR_OUT, backend)
    np.testing.assert_allclose(y[[0, 1, -2, -1]], [-1.7580993] * 2 + [1050.701, 3.152103e38], 1e-6)
    np.testing.assert_allclose(dx[[0, 1, -2, -1]], [0, 0, 1.050701, 1.050701], 1e-6, 1e-6)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_small_values_keep_their_digits(backend, dtype):
    """Differences of numbers near 1 would leave none of them."""
    x = np.array([-6.0, -4.0], dtype)
    expected = {
        "gelu": [-5.919525869e-09, -1.266849673e-04],
        "silu": [-1.483573883e-02, -7.194483984e-02],
        "softplus": [2.475685138e-03, 1.814992792e-02],
        "squareplus": [1.622776602e-01, 2.360679775e-01],
    }
    for name, values in expected.items():
        y = activation_layer(name).forward(backend.asarray(x))
        np.testing.assert_allclose(backend.to_numpy(y), values, rtol=2e-6, err_msg=name)
    tiny = backend.asarray(np.array([-1e-6, 1e-6], dtype))
    for name in ("elu", "celu"):
        y = activation_layer(name).forward(tiny)
        np.testing.assert_allclose(backend.to_numpy(y), [-1e-6, 1e-6], rtol=2e-6, err_msg=name)


def test_kinks_have_the_derivative_from_the_left(backend):
    x = [-0.0, 0.0, 1e-30, -1e-30]
    np.testing.assert_array_equal(both_ways(ReLU(), x, backend)[1], [0, 0, 1, 0])
    np.testing.assert_array_equal(both_ways(LeakyReLU(0.5), x, backend)[1], [0.5, 0.5, 1, 0.5])


@pytest.mark.parametrize(
    "make",
    [*ACTIVATIONS.values(), PReLU, lambda: ReLU(2, 0.1, 0.5), lambda: GELU(approximate=True)],
)
def test_nan_stays_visible(backend, make):
    y, _ = both_ways(make(), [[np.nan, 1.0]], backend)
    assert np.isnan(y[0, 0])


# Options


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: ReLU(max_value=-1), ValueError, "max_value must be at least 0 and finite, got -1"),
        (lambda: ReLU(negative_slope=-1), ValueError, "negative_slope must be at least 0"),
        (lambda: ReLU(threshold=-0.5), ValueError, "threshold must be at least 0"),
        (lambda: ELU("1"), TypeError, "alpha must be a number, got '1'"),
        (lambda: CELU(0), ValueError, "alpha must be above 0 and finite, got 0"),
        (lambda: Squareplus(0), ValueError, "b must be above 0 and finite, got 0"),
        (lambda: HardShrink(-1), ValueError, "threshold must be at least 0"),
        (lambda: HardSigmoid(beta=np.nan), ValueError, "beta must be at least 0"),
        (lambda: GELU("tanh"), TypeError, "approximate must be True or False, got 'tanh'"),
        (lambda: PReLU("none"), ValueError, "an initializer is one of .* got 'none'"),
        (lambda: PReLU(shared_axes=0), ValueError, "shared_axes must be at least 1, got 0"),
        (lambda: PReLU(shared_axes=[1, 2.0]), TypeError, "shared_axes must be an integer, got 2.0"),
        (lambda: Activation("rely"), ValueError, r"must be one of \('celu', .*, got 'rely'"),
        (lambda: activation_layer(None), ValueError, "activation must be one of .*, got None"),
    ],
)
def test_options_are_checked(make, error, message):
    with pytest.raises(error, match=message):
        make()


def test_shared_axes_must_be_there():
    message = r"samples of shape \(3, 2\) do not fit: there is no axis 3 in a batch of them"
    with pytest.raises(ValueError, match=message):
        PReLU(shared_axes=[2, 3]).forward(np.ones((1, 3, 2)))


def test_slopes_serve_images_of_any_size_along_shared_axes(backend):
    layer = PReLU("ones", shared_axes=[2, 3]).to(backend)
    for size in ((4, 5), (2, 7)):
        x = backend.asarray(-np.ones((2, 3, *size), "float32"))
        layer.backward(layer.forward(x))
        assert layer.gradients["alpha"].shape == (3, 1, 1)
        # each of two images has so many pixels, where dy times x is 1
        found = backend.to_numpy(layer.gradients["alpha"])
        np.testing.assert_array_equal(found, np.full((3, 1, 1), 2 * size[0] * size[1]))


def test_slopes_have_a_penalty_if_asked_for():
    layer = PReLU(alpha_regularizer="l2")
    layer.build((3,))
    assert list(layer.regularizers) == ["alpha"]
    assert deserialize(serialize(layer)).get_config() == layer.get_config()


def test_frozen_slopes_have_no_gradient():
    layer = PReLU("ones")
    layer.trainable = False
    dx = layer.backward(layer.forward(-np.ones((2, 3), "float32")))
    np.testing.assert_array_equal(dx, -np.ones((2, 3)))
    assert layer.gradients == {}


# By name


def test_each_call_makes_a_layer_of_its_own():
    for name in ACTIVATIONS:
        one, other = activation_layer(name), activation_layer(name)
        assert one is not other
        assert one.parameters == one.state == {}


def test_an_activation_by_name_is_elementwise_where_its_layer_is():
    assert Activation("relu").elementwise
    assert not Activation("softmax").elementwise
    network = Sequential([Activation("relu"), Conv2D(2, 3)])
    assert network.forward(np.ones((1, 4, 4), "float32")).shape == (2, 2, 2)  # one image


def test_an_activation_by_name_shows_what_it_is():
    assert repr(Activation("relu6")) == "Activation(ReLU(max_value=6.0))"
    assert serialize(Activation("gelu", name="bend")) == {
        "class_name": "Activation",
        "config": {"activation": "gelu", "name": "bend"},
    }


def test_slope_of_numpys_does_not_widen_the_output():
    layer = LeakyReLU(np.float64(0.1))
    y = layer.forward(np.ones(3, "float32"))
    assert y.dtype == layer.backward(y).dtype == "float32"


def test_softmax_is_not_over_the_batch():
    with pytest.raises(ValueError, match="axis 0 is the batch"):
        Softmax(axis=0)


@pytest.mark.parametrize("axis", [2, -2])
def test_axis_of_softmax_must_be_there(axis):
    message = rf"Softmax 'softmax': samples of shape \(3,\) do not fit: there is no axis {axis}"
    with pytest.raises(ValueError, match=message):
        Softmax(axis=axis).forward(np.ones((2, 3)))
