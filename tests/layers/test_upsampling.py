"""Upsampling: numbers by hand, memory, narrow numbers, options. The table has the rest."""

import numpy as np
import pytest

from onepath.layers import UpSampling1D, UpSampling2D, UpSampling3D


def bilinear(size, **options):
    return UpSampling2D(size, interpolation="bilinear", **options)


@pytest.mark.parametrize(
    ("factor", "expected"),
    [
        (2, [0, 2, 6, 8]),
        (3, [0, 0, 8 / 3, 16 / 3, 8, 8]),
        (4, [0, 0, 1, 3, 5, 7, 8, 8]),
    ],
)
def test_centres_of_pixels_keep_their_values(backend, factor, expected):
    y = bilinear((1, factor)).forward(backend.asarray(np.array([[[[0.0, 8.0]]]])))
    np.testing.assert_allclose(backend.to_numpy(y)[0, 0, 0], expected, rtol=1e-14)


def test_what_is_not_finite_reaches_its_neighbours_alone(backend):
    x = np.zeros((1, 1, 1, 6))
    x[..., 0] = np.nan
    y = backend.to_numpy(bilinear((1, 2)).forward(backend.asarray(x)))
    np.testing.assert_array_equal(np.isnan(y)[0, 0, 0], [True] * 3 + [False] * 9)


def test_the_gradient_of_what_is_rounded_is_summed_in_float32(backend):
    """Float16 ends at 65,504."""
    dy = backend.asarray(np.array([[[[6e4, 6e4, -6e4]]]], "float16"))
    for layer in (UpSampling2D((1, 3)), bilinear((1, 3))):
        y = layer.forward(backend.asarray(np.ones((1, 1, 1, 1), "float16")))
        assert y.dtype == "float16"
        dx = layer.backward(dy)
        assert dx.dtype == "float16"
        assert backend.to_numpy(dx).item() == 6e4


@pytest.mark.parametrize("interpolation", ["nearest", "bilinear"])
def test_larger_images_lie_in_memory_as_the_input_does(interpolation):
    layer = UpSampling2D((2, 3), "channels_last", interpolation)
    y = layer.forward(np.ones((2, 3, 4, 5)))
    assert y.flags.c_contiguous
    assert layer.backward(y).flags.c_contiguous


@pytest.mark.parametrize("layer", [UpSampling1D(1), bilinear(1), UpSampling3D((1, 1, 1))], ids=repr)
def test_a_factor_of_one_changes_nothing(backend, layer):
    x = np.random.default_rng(1).normal(size=(2, 3, 4, 5, 6)[: layer.sample_rank + 1])
    y = layer.forward(backend.asarray(x))
    np.testing.assert_array_equal(backend.to_numpy(y), x)
    np.testing.assert_array_equal(backend.to_numpy(layer.backward(y)), x)


BAD = [
    ({"size": 0}, ValueError, "size must be at least 1, got 0"),
    ({"size": 1.5}, TypeError, "size must be an integer, got 1.5"),
    ({"size": (2, 2, 2)}, ValueError, "size must be one for all or one for each of 2 spatial axes"),
    (
        {"interpolation": "bicubic"},
        ValueError,
        "interpolation must be 'nearest' or 'bilinear', got 'bicubic'",
    ),
    ({"data_format": "NHWC"}, ValueError, "data_format must be 'channels_first' or"),
]


@pytest.mark.parametrize(("options", "error", "message"), BAD)
def test_options_are_checked(options, error, message):
    with pytest.raises(error, match=message):
        UpSampling2D(**options)


def test_samples_must_have_as_many_axes():
    for cls, axes in ((UpSampling1D, 2), (UpSampling2D, 3), (UpSampling3D, 4)):
        with pytest.raises(ValueError, match=f"samples must have {axes} axes"):
            cls().build((2,) * (axes + 1))
