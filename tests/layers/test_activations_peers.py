"""Activations against PyTorch's and Keras's, for random inputs and options."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onepath.layers import (
    CELU,
    ELU,
    GELU,
    SELU,
    HardShrink,
    HardSigmoid,
    HardSiLU,
    HardTanh,
    LeakyReLU,
    LogSigmoid,
    LogSoftmax,
    Mish,
    PReLU,
    ReLU,
    Sigmoid,
    SiLU,
    Softmax,
    Softplus,
    SoftShrink,
    Softsign,
    Tanh,
)
from onepath.layers.activations import ACTIVATIONS, activation_layer

shapes = st.lists(st.integers(1, 5), min_size=2, max_size=4).map(tuple)
seeds = st.integers(0, 2**32 - 1)
scales = st.sampled_from([1.0, 10.0, 1e3, 1e6])
randomly = settings(deadline=None, max_examples=20, derandomize=True)


def drawn(shape, seed, scale=1.0):
    return np.random.default_rng(seed).normal(scale=scale, size=shape)


def tolerance(name):
    """How far PyTorch's derivatives are off: some have constants that are rounded to float32."""
    return 1e-6 if name in ("celu", "hardsigmoid", "hard_sigmoid") else 1e-9


PLAIN = {
    ReLU: "relu",
    Sigmoid: "sigmoid",
    Tanh: "tanh",
    HardSigmoid: "hardsigmoid",
    HardSiLU: "hardswish",
    HardTanh: "hardtanh",
    LogSigmoid: "logsigmoid",
    Mish: "mish",
    SELU: "selu",
    SiLU: "silu",
    Softsign: "softsign",
}


@pytest.mark.parametrize(("layer", "name"), PLAIN.items(), ids=PLAIN.values())
@randomly
@given(shape=shapes, scale=scales, seed=seeds)
def test_without_options(torch, as_torch, layer, name, shape, scale, seed):
    function = getattr(torch.nn.functional, name)
    x = drawn(shape, seed, scale)
    as_torch(layer(), lambda x, parameters: function(x), x, rtol=tolerance(name))


OF_A_NUMBER = {
    LeakyReLU: "leaky_relu",
    ELU: "elu",
    CELU: "celu",
    HardShrink: "hardshrink",
    SoftShrink: "softshrink",
}


@pytest.mark.parametrize(("layer", "name"), OF_A_NUMBER.items(), ids=OF_A_NUMBER.values())
@randomly
@given(shape=shapes, option=st.floats(0.01, 2), scale=scales, seed=seeds)
def test_of_a_number(torch, as_torch, layer, name, shape, option, scale, seed):
    function = getattr(torch.nn.functional, name)
    x = drawn(shape, seed, scale)
    as_torch(layer(option), lambda x, parameters: function(x, option), x, rtol=tolerance(name))


@randomly
@given(shape=shapes, scale=scales, seed=seeds)
def test_softplus(torch, as_torch, shape, scale, seed):
    function = torch.nn.functional.softplus  # which is its asymptote beyond a threshold
    as_torch(Softplus(), lambda x, parameters: function(x, threshold=50), drawn(shape, seed, scale))


@randomly
@given(shape=shapes, approximate=st.booleans(), scale=scales, seed=seeds)
def test_gelu(torch, as_torch, shape, approximate, scale, seed):
    def function(x, parameters):
        how = "tanh" if approximate else "none"
        return torch.nn.functional.gelu(x, approximate=how)

    as_torch(GELU(approximate), function, drawn(shape, seed, scale))


@randomly
@given(
    shape=shapes,
    limit=st.none() | st.floats(0, 3),
    slope=st.sampled_from([0.0, 0.2, 1.7]),
    threshold=st.sampled_from([0.0, 0.9]),
    scale=scales,
    seed=seeds,
)
def test_relu_of_options(keras, as_torch, shape, limit, slope, threshold, scale, seed):
    theirs = keras.layers.ReLU(limit, slope, threshold, dtype="float64")
    x = drawn(shape, seed, scale)
    as_torch(ReLU(limit, slope, threshold), lambda x, parameters: theirs(x), x)


@randomly
@given(shape=shapes, seed=seeds)
def test_prelu(torch, as_torch, shape, seed):
    def function(x, parameters):
        return torch.nn.functional.prelu(x, parameters["alpha"].reshape(-1))

    layer = PReLU(shared_axes=range(2, len(shape)), dtype="float64")
    as_torch(layer, function, drawn(shape, seed))


@randomly
@given(shape=shapes, data=st.data(), seed=seeds)
def test_prelu_of_keras(keras, as_torch, shape, data, seed):
    axes = st.integers(1, len(shape) - 1)
    shared = data.draw(st.none() | axes | st.lists(axes, unique=True))
    theirs = keras.layers.PReLU(shared_axes=shared, dtype="float64")
    theirs.build(shape)
    as_torch(
        PReLU(shared_axes=shared, dtype="float64"),
        lambda x, parameters: theirs.stateless_call([parameters["alpha"]], [], x)[0],
        drawn(shape, seed),
    )


@pytest.mark.parametrize(("layer", "name"), [(Softmax, "softmax"), (LogSoftmax, "log_softmax")])
@randomly
@given(shape=shapes, data=st.data(), scale=scales, seed=seeds)
def test_along_an_axis(torch, as_torch, layer, name, shape, data, scale, seed):
    axis = data.draw(st.integers(1, len(shape) - 1))
    function = getattr(torch, name)
    as_torch(layer(axis), lambda x, parameters: function(x, axis), drawn(shape, seed, scale))


@pytest.mark.parametrize("name", ACTIVATIONS)
@settings(randomly, max_examples=5)
@given(shape=shapes, scale=st.sampled_from([1.0, 10.0]), seed=seeds)
def test_names_are_those_of_keras(keras, as_torch, name, shape, scale, seed):
    function = keras.activations.get(name)
    x = drawn((*shape, 2), seed, scale)
    as_torch(activation_layer(name), lambda x, parameters: function(x), x, rtol=tolerance(name))
