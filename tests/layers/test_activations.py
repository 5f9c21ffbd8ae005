"""Activations where numbers are extreme, and their options. The table has the rest."""

import numpy as np
import pytest

from onepath.layers import LeakyReLU, ReLU, Sigmoid, Softmax, Tanh

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


def test_kinks_have_the_derivative_from_the_left(backend):
    x = [-0.0, 0.0, 1e-30, -1e-30]
    np.testing.assert_array_equal(both_ways(ReLU(), x, backend)[1], [0, 0, 1, 0])
    np.testing.assert_array_equal(both_ways(LeakyReLU(0.5), x, backend)[1], [0.5, 0.5, 1, 0.5])


@pytest.mark.parametrize("layer", [ReLU, LeakyReLU, Sigmoid, Tanh, Softmax])
def test_nan_stays_visible(backend, layer):
    y, _ = both_ways(layer(), [[np.nan, 1.0]], backend)
    assert np.isnan(y[0, 0])


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
