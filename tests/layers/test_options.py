"""Arguments of layers that cannot be."""

import numpy as np
import pytest

from onepath.layers import (
    Conv1D,
    Conv2D,
    Conv2DTranspose,
    Dense,
    DepthwiseConv2D,
    Reshape,
    SeparableConv2D,
)


@pytest.mark.parametrize("dtype", ["int32", "double", "mixed_float32", "", np.float32])
def test_dtype(dtype):
    with pytest.raises(ValueError, match=r"dtype must be one of 'float32', 'float64', .*, got "):
        Dense(2, dtype=dtype)


@pytest.mark.parametrize("units", [0, -1, 2.0, "3", True, None])
def test_units(units):
    with pytest.raises((TypeError, ValueError), match=rf"units must be .*, got {units!r}$"):
        Dense(units)


@pytest.mark.parametrize("target", [(0, 4), (-2, 2), (-1, -1)])
def test_target_shape(target):
    with pytest.raises(ValueError, match="positive integers, one of which may be -1, got "):
        Reshape(target)


def test_data_format():
    with pytest.raises(ValueError, match=r"data_format must be .* got 'NCHW'"):
        Conv2D(2, 3, data_format="NCHW")


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"kernel_size": (3, 3, 3)}, ValueError, "kernel_size must have 2 entries"),
        ({"kernel_size": 0}, ValueError, "kernel_size must be at least 1"),
        ({"strides": 0}, ValueError, "strides must be at least 1"),
        ({"dilation_rate": -1}, ValueError, "dilation_rate must be at least 1"),
        ({"padding": "some"}, ValueError, "padding must be 'valid', 'same', 'full'"),
        ({"padding": (1, 1, 1)}, ValueError, "padding has 3 entries for 2 spatial axes"),
        ({"padding": -1}, ValueError, "padding must be at least 0"),
        ({"groups": 2}, ValueError, "groups=2 does not divide the 3 channels"),
        ({"groups": 3}, ValueError, "groups=3 does not divide the 2 filters"),
        ({"dilation_rate": 3}, ValueError, "the kernel spans 7 positions on spatial axis 0"),
    ],
)
def test_convolutions_check_when_the_shape_is_known(options, error, message):
    layer = Conv2D(**{"filters": 2, "kernel_size": 3, **options})
    with pytest.raises(error, match=message):
        layer.forward(np.ones((1, 3, 6, 6)))


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"filters": 0}, ValueError, "filters must be at least 1, got 0"),
        ({"filters": 1.5}, TypeError, "filters must be an int"),
        ({"groups": 0}, ValueError, "groups must be at least 1, got 0"),
        ({"engine": "magic"}, ValueError, "engine must be 'auto' or one of .* got 'magic'"),
        ({"seed": "abc"}, ValueError, "a seed is an integer from 0 .* got 'abc'"),
    ],
)
def test_convolutions_check_when_they_are_made(options, error, message):
    with pytest.raises(error, match=message):
        Conv2D(**{"filters": 2, "kernel_size": 3, **options})


def test_transposed_convolutions_check_when_the_shape_is_known():
    layer = Conv2DTranspose(2, 3, output_padding=1, name="up")
    message = r"'up': samples of shape \(3, 6, 6\) do not fit: .* output_padding adds 1 positions"
    with pytest.raises(ValueError, match=message):
        layer.forward(np.ones((1, 3, 6, 6)))
    assert not layer.built


@pytest.mark.parametrize("multiplier", [0, 1.5, True])
def test_depth_multiplier(multiplier):
    for make in (DepthwiseConv2D, lambda size, **options: SeparableConv2D(2, size, **options)):
        with pytest.raises((TypeError, ValueError), match=r"depth_multiplier must be .*, got"):
            make(3, depth_multiplier=multiplier)


def test_winograd_is_not_for_pointwise_convolutions():
    with pytest.raises(ValueError, match=r"engine 'winograd' does not support .* not \(1, 1\)"):
        SeparableConv2D(2, 3, engine="winograd").forward(np.ones((1, 3, 6, 6)))


def test_images_are_not_signals():
    with pytest.raises(ValueError, match=r"the input must have 3 axes, or 2 for a single sample"):
        Conv1D(2, 3).forward(np.ones((1, 3, 6, 6)))


def test_images_without_channels_are_one_sample_too_few_axes():
    with pytest.raises(ValueError, match=r"the input must have 4 axes, or 3 for a single sample"):
        Conv2D(2, 3).forward(np.ones((28, 28)))
