"""Zero padding and cropping: their options, and memory. The table has the rest."""

import numpy as np
import pytest

from onepath.layers import Cropping1D, Cropping2D, Cropping3D, ZeroPadding1D, ZeroPadding2D

SPELLED = {
    "an int": (2, ((2, 2), (2, 2))),
    "ints": ((1, 2), ((1, 1), (2, 2))),
    "pairs": (((1, 2), (3, 0)), ((1, 2), (3, 0))),
    "lists": ([[1, 2], [3, 0]], ((1, 2), (3, 0))),
    "both": ((1, (0, 2)), ((1, 1), (0, 2))),
    "NumPy's": ((np.int64(1), np.int64(2)), ((1, 1), (2, 2))),
}


@pytest.mark.parametrize(("value", "pairs"), SPELLED.values(), ids=SPELLED)
def test_spellings(cpu, value, pairs):
    x = np.random.default_rng(1).normal(size=(1, 1, 7, 8))
    np.testing.assert_array_equal(
        ZeroPadding2D(value).forward(x), np.pad(x, ((0, 0), (0, 0), *pairs))
    )
    (top, bottom), (left, right) = pairs
    np.testing.assert_array_equal(
        Cropping2D(value).forward(x), x[..., top : 7 - bottom, left : 8 - right]
    )


@pytest.mark.parametrize(
    ("value", "pair"), [((1, 2), (1, 2)), (((1, 2),), (1, 2)), ((2,), (2, 2)), ([0, 1], (0, 1))]
)
def test_two_ints_for_one_axis_are_before_and_after(value, pair):
    x = np.arange(1.0, 7.0).reshape(1, 1, 6)
    before, after = pair
    y = ZeroPadding1D(value).forward(x)
    np.testing.assert_array_equal(y[0, 0], [*[0] * before, 1, 2, 3, 4, 5, 6, *[0] * after])
    np.testing.assert_array_equal(Cropping1D(value).forward(y), x)


def test_borders_of_nothing(backend):
    x = backend.asarray(np.ones((1, 1, 3, 3)))
    for layer in (ZeroPadding2D(0), Cropping2D(0)):
        np.testing.assert_array_equal(backend.to_numpy(layer.forward(x)), np.ones((1, 1, 3, 3)))
        np.testing.assert_array_equal(backend.to_numpy(layer.backward(x)), np.ones((1, 1, 3, 3)))


def test_what_is_padded_lies_in_memory_as_the_input_does():
    x = np.ones((2, 3, 3, 4))
    y = ZeroPadding2D(data_format="channels_last").forward(x)
    assert y.flags.c_contiguous
    layer = Cropping2D(data_format="channels_last")
    dx = layer.backward(layer.forward(x))
    assert dx.flags.c_contiguous


BAD = {
    "negative": ((-1, 0), ValueError, "{} must be at least 0, got -1"),
    "a fraction": (1.5, TypeError, "{} must be an integer, got 1.5"),
    "a word": ("same", TypeError, "{} must be an integer, got 'same'"),
    "a bool": (True, TypeError, "{} must be an integer, got True"),
    "a triple": ((1, (1, 2, 3)), TypeError, r"{} must be an integer, got \(1, 2, 3\)"),
    "an axis more": (
        (1, 2, 3),
        ValueError,
        r"{} must be one for all or one for each of 2 spatial axes, got \(1, 2, 3\)",
    ),
}


@pytest.mark.parametrize(("value", "error", "message"), BAD.values(), ids=BAD)
def test_options_are_checked(value, error, message):
    with pytest.raises(error, match=message.format("padding")):
        ZeroPadding2D(value)
    with pytest.raises(error, match=message.format("cropping")):
        Cropping2D(value)


def test_something_must_be_left():
    message = r"samples of shape \(1, 2, 4, 4\) do not fit: cropping .* leaves nothing of spatial"
    with pytest.raises(ValueError, match=message):
        Cropping3D().build((1, 2, 4, 4))
    Cropping3D().build((1, 3, 3, 3))
