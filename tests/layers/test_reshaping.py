"""What new orders and repetitions are refused. The table has the rest."""

import re

import numpy as np
import pytest

from onepath.layers import Permute, RepeatVector


@pytest.mark.parametrize("dims", [(), (0, 1), (1, 1), (1, 3), (2,), 2, (1.5, 1), "21"])
def test_dims_are_an_order_of_axes(dims):
    message = re.escape(f"dims must be the axes 1 to n in some order, got {dims!r}")
    with pytest.raises(ValueError, match=message):
        Permute(dims)


def test_samples_must_have_the_axes():
    with pytest.raises(ValueError, match="samples must have 2 axes"):
        Permute((2, 1)).build((2, 3, 4))
    with pytest.raises(ValueError, match="samples must have 1 axis"):
        RepeatVector(2).build((3, 4))


@pytest.mark.parametrize(
    ("n", "error", "message"),
    [(0, ValueError, "n must be at least 1, got 0"), (2.0, TypeError, "n must be an integer")],
)
def test_how_often_is_a_positive_integer(n, error, message):
    with pytest.raises(error, match=message):
        RepeatVector(n)


def test_the_gradient_of_repetitions_is_summed_in_float32(backend):
    """Float16 ends at 65,504."""
    layer = RepeatVector(3)
    y = layer.forward(backend.asarray(np.ones((1, 2), "float16")))
    dy = np.array([[[6e4, 1], [6e4, 1], [-6e4, 1]]], "float16")
    dx = layer.backward(backend.asarray(dy))
    assert (y.dtype, dx.dtype) == ("float16", "float16")
    np.testing.assert_array_equal(backend.to_numpy(dx), [[6e4, 3]])
