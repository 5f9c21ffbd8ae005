"""Global pooling at ties and at what is not finite, and its options. The table has the rest."""

import numpy as np
import pytest

from onepath import layers
from onepath.layers import GlobalAveragePooling2D, GlobalMaxPooling1D, GlobalMaxPooling2D

ALL = [f"Global{kind}Pooling{rank}D" for kind in ("Max", "Average") for rank in (1, 2, 3)]


@pytest.mark.parametrize("data_format", ["channels_first", "channels_last"])
def test_first_of_equal_maxima_takes_the_gradient(backend, data_format):
    x = np.array([[[[1.0, 5.0], [5.0, 5.0]], [[3.0, 3.0], [3.0, 3.0]]]])
    expected = np.array([[[[0.0, 7.0], [0.0, 0.0]], [[9.0, 0.0], [0.0, 0.0]]]])
    if data_format == "channels_last":
        x, expected = np.moveaxis(x, 1, -1), np.moveaxis(expected, 1, -1)
    layer = GlobalMaxPooling2D(data_format)
    layer.forward(backend.asarray(x))
    dx = layer.backward(backend.asarray(np.array([[7.0, 9.0]])))
    np.testing.assert_array_equal(backend.to_numpy(dx), expected)


def test_infinite_gradients_of_maxima_stay_where_they_are(backend):
    layer = GlobalMaxPooling1D()
    layer.forward(backend.asarray(np.array([[[1.0, 2.0, 0.0]]])))
    dx = layer.backward(backend.asarray(np.array([[np.inf]])))
    np.testing.assert_array_equal(backend.to_numpy(dx), [[[0, np.inf, 0]]])


def test_rounded_numbers_are_the_same_maxima(backend):
    x = np.random.default_rng(2).normal(size=(3, 4, 5)).astype("float16")
    layer = GlobalMaxPooling1D()
    y = layer.forward(backend.asarray(x))
    assert y.dtype == "float16"
    np.testing.assert_array_equal(backend.to_numpy(y), x.max(axis=2))
    dx = layer.backward(y)
    assert dx.dtype == "float16"
    first = x == x.max(axis=2, keepdims=True)
    np.testing.assert_array_equal(backend.to_numpy(dx), np.where(first, x, 0))


@pytest.mark.parametrize("name", ALL)
def test_options_are_checked(name):
    cls = getattr(layers, name)
    message = "data_format must be 'channels_first' or 'channels_last', got 'NHWC'"
    with pytest.raises(ValueError, match=message):
        cls("NHWC")
    with pytest.raises(TypeError, match="keepdims must be True or False, got 1"):
        cls(keepdims=1)


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("more", [-1, 1])
def test_samples_must_have_as_many_axes(name, more):
    axes = int(name[-2]) + 1
    shape = (2,) * (axes + more)
    message = f"{name} '.*': samples of shape .* do not fit: samples must have {axes} axes"
    with pytest.raises(ValueError, match=message):
        getattr(layers, name)().build(shape)


def test_the_mean_s_gradient_can_be_written_to(backend):
    """And what is written there is not elsewhere, too."""
    layer = GlobalAveragePooling2D()
    y = layer.forward(backend.asarray(np.ones((1, 1, 2, 2))))
    dx = layer.backward(y)
    dx[0, 0, 0, 0] = 5
    np.testing.assert_array_equal(backend.to_numpy(dx), [[[[5, 0.25], [0.25, 0.25]]]])
