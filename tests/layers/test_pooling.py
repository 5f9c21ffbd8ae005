"""Pooling at ties, at the padding, and its options. The table has the rest."""

import numpy as np
import pytest

from onepath.layers import (
    AveragePooling1D,
    AveragePooling2D,
    AveragePooling3D,
    MaxPooling1D,
    MaxPooling2D,
    MaxPooling3D,
)


def test_first_of_equal_maxima_takes_the_gradient(backend):
    layer = MaxPooling2D(2)
    layer.forward(backend.asarray(np.array([[[[5.0, 5.0, 1.0, 2.0], [5.0, 5.0, 3.0, 3.0]]]])))
    dx = layer.backward(backend.asarray(np.array([[[[7.0, 9.0]]]])))
    np.testing.assert_array_equal(backend.to_numpy(dx), [[[[7, 0, 0, 0], [0, 0, 9, 0]]]])


def test_first_of_equal_maxima_in_row_major_order(backend):
    x = np.zeros((1, 1, 2, 2, 2))
    x[0, 0, 0, 1, 1] = x[0, 0, 1, 0, 0] = x[0, 0, 1, 1, 0] = 5.0
    for layer, shape, place in (
        (MaxPooling3D(2), (1, 1, 2, 2, 2), 3),
        (MaxPooling1D(8), (1, 1, 8), 3),
        (MaxPooling1D(8, data_format="channels_last"), (1, 8, 1), 3),
    ):
        y = layer.forward(backend.asarray(x.reshape(shape)))
        dx = backend.to_numpy(layer.backward(backend.xp.full_like(y, 7.0)))
        np.testing.assert_array_equal(dx.ravel(), [7.0 * (i == place) for i in range(8)])


def test_windows_that_share_a_maximum_add_up_their_gradients(backend):
    layer = MaxPooling2D(3, strides=1)
    x = np.zeros((1, 1, 4, 4))
    x[0, 0, 1, 2] = 1.0
    layer.forward(backend.asarray(x))
    dx = layer.backward(backend.asarray(np.array([[[[1.0, 10.0], [100.0, 1000.0]]]])))
    np.testing.assert_array_equal(backend.to_numpy(dx), 1111 * x)


def test_padding_never_is_the_maximum(backend):
    x = backend.asarray(np.full((1, 1, 3, 3), -8.0))
    layer = MaxPooling2D(2, padding="same")
    y = layer.forward(x)
    np.testing.assert_array_equal(backend.to_numpy(y), np.full((1, 1, 2, 2), -8.0))
    dx = layer.backward(backend.xp.ones_like(y))
    np.testing.assert_array_equal(backend.to_numpy(dx), [[[[1, 0, 1], [0, 0, 0], [1, 0, 1]]]])


def test_padding_is_left_out_of_the_mean(backend):
    layer = AveragePooling2D(2, padding="same")
    y = layer.forward(backend.asarray(np.full((1, 1, 3, 3), 6.0)))
    np.testing.assert_array_equal(backend.to_numpy(y), np.full((1, 1, 2, 2), 6.0))
    dx = layer.backward(backend.xp.ones_like(y))
    expected = [[[[0.25, 0.25, 0.5], [0.25, 0.25, 0.5], [0.5, 0.5, 1]]]]
    np.testing.assert_array_equal(backend.to_numpy(dx), expected)


@pytest.mark.parametrize("cls", [MaxPooling2D, AveragePooling2D])
@pytest.mark.parametrize("padding", [2, ((0, 2), 0)])
def test_windows_must_not_see_padding_alone(cls, padding):
    message = "leaves places with nothing but padding in a window of .*pad less"
    with pytest.raises(ValueError, match=message):
        cls(2, padding=padding).forward(np.ones((1, 1, 4, 4)))


@pytest.mark.parametrize("cls", [MaxPooling2D, AveragePooling2D])
@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"pool_size": 0}, ValueError, "kernel_size must be at least 1, got 0"),
        ({"pool_size": (2, 2, 2)}, ValueError, "kernel_size must have 2 entries"),
        ({"pool_size": 1.5}, TypeError, "kernel_size must be an int or a tuple of ints"),
        ({"strides": 0}, ValueError, "strides must be at least 1, got 0"),
        ({"padding": "some"}, ValueError, "padding must be 'valid', 'same'"),
        ({"padding": -1}, ValueError, "padding must be at least 0"),
    ],
)
def test_options_are_checked_when_the_shape_is_known(cls, options, error, message):
    with pytest.raises(error, match=message):
        cls(**options).forward(np.ones((1, 1, 4, 4)))


@pytest.mark.parametrize("cls", [MaxPooling2D, AveragePooling3D])
def test_data_format_is_checked(cls):
    message = "data_format must be 'channels_first' or 'channels_last', got 'NHWC'"
    with pytest.raises(ValueError, match=message):
        cls(data_format="NHWC")


@pytest.mark.parametrize("shape", [(), (4,), (4, 4), (1, 4, 4), (1, 4, 4, 4), (1, 1, 4, 4, 4)])
@pytest.mark.parametrize(
    ("cls", "axes"),
    [
        (MaxPooling1D, 2),
        (MaxPooling2D, 3),
        (MaxPooling3D, 4),
        (AveragePooling1D, 2),
        (AveragePooling2D, 3),
        (AveragePooling3D, 4),
    ],
)
def test_samples_must_have_as_many_axes(cls, axes, shape):
    if len(shape) == axes:
        cls().build(shape)
        return
    message = rf"{cls.__name__} '.*': samples of shape \({str(shape)[1:-1]}\) do not fit: "
    with pytest.raises(ValueError, match=message + f"samples must have {axes} axes"):
        cls().build(shape)
