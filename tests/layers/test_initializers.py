"""Initial values: their distribution, their seeds."""

import math

import numpy as np
import pytest

from onepath.backends import set_seed
from onepath.layers import Conv2D, Convolutional, Dense
from onepath.layers.initializers import INITIALIZERS, initial

# (in, out) of a dense kernel, (out, in, *size) of a convolution's: fan-in and fan-out
FANS = {(60, 200): (60, 200), (40, 30, 5, 2): (300, 400), (200,): (200, 200)}


def drawn(backend, name, shape, dtype="float64"):
    array = initial(name, backend.random(8), backend.xp, shape, dtype)
    assert backend.owns(array)
    assert (array.shape, array.dtype) == (shape, dtype)
    return backend.to_numpy(array)


def assert_uniform(values, limit):
    """All within the limit, close up to it, with a uniform distribution's mean and variance."""
    n = values.size
    assert abs(values).max() <= limit
    assert abs(values).max() > limit * (1 - 20 / n)
    # five standard errors: limit / sqrt(3 n), and limit**2 * sqrt(4 / 45 / n)
    assert abs(values.mean()) < 5 * limit / math.sqrt(3 * n)
    assert abs((values**2).mean() - limit**2 / 3) < 5 * limit**2 * math.sqrt(4 / 45 / n)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("shape", FANS)
def test_glorot_uniform(backend, shape, dtype):
    limit = math.sqrt(6 / sum(FANS[shape]))
    assert_uniform(drawn(backend, "glorot_uniform", shape, dtype).astype("float64"), limit)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("shape", FANS)
def test_he_uniform(backend, shape, dtype):
    limit = math.sqrt(6 / FANS[shape][0])
    assert_uniform(drawn(backend, "he_uniform", shape, dtype).astype("float64"), limit)


def test_standard_normal(backend):
    values = drawn(backend, "standard_normal", (100, 100))
    assert abs(values.mean()) < 5 / 100
    assert abs((values**2).mean() - 1) < 5 * math.sqrt(2) / 100
    assert abs((abs(values) < 1).mean() - 0.6827) < 5 * 0.4654 / 100


@pytest.mark.parametrize(("name", "value"), [("zeros", 0), ("ones", 1)])
def test_constants(backend, name, value):
    assert (drawn(backend, name, (3, 4), "float32") == value).all()


@pytest.mark.parametrize("name", INITIALIZERS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_values_are_the_same_bits_everywhere(backend, cpu, name, dtype):
    shape = (7, 5, 3)
    assert drawn(backend, name, shape, dtype).tobytes() == drawn(cpu, name, shape, dtype).tobytes()


@pytest.mark.parametrize("cls", [Dense, lambda **options: Conv2D(kernel_size=3, **options)])
@pytest.mark.parametrize("option", ["kernel_initializer", "bias_initializer"])
def test_unknown_initializer(cls, option):
    message = r"an initializer is one of \('zeros', .*'he_uniform'\), got 'magic'"
    with pytest.raises(ValueError, match=message):
        cls(**{"units" if cls is Dense else "filters": 2, option: "magic"})


def built(seed=None):
    layer = Dense(50, seed=seed, bias_initializer="glorot_uniform")
    layer.build((1,))
    return layer.parameters


def test_same_seed_same_parameters():
    first, second, other = built(3), built(3), built(4)
    for name, array in first.items():
        np.testing.assert_array_equal(array, second[name])
        assert not np.isin(array, other[name]).any()


def test_parameters_of_a_layer_have_streams_of_their_own():
    parameters = built(3)
    assert not np.isin(parameters["kernel"], parameters["bias"]).any()
    layer = Convolutional((1, 6, 6), 3, 4, seed=3)
    assert not np.isin(layer.kernels, layer.biases).any()


def test_layers_without_a_seed_follow_set_seed():
    set_seed(11)
    first, second = built(), built()
    set_seed(11)
    again, other = built(), built()
    set_seed(12)
    elsewhere = built()
    np.testing.assert_array_equal(first["kernel"], again["kernel"])
    np.testing.assert_array_equal(second["kernel"], other["kernel"])
    assert not np.isin(first["kernel"], second["kernel"]).any()
    assert not np.isin(first["kernel"], elsewhere["kernel"]).any()
