"""Activations against PyTorch's, for random inputs and options."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onepath.layers import LeakyReLU, ReLU, Sigmoid, Softmax, Tanh

shapes = st.lists(st.integers(1, 5), min_size=2, max_size=4).map(tuple)


@pytest.mark.parametrize(
    ("layer", "name"), [(ReLU, "relu"), (Sigmoid, "sigmoid"), (Tanh, "tanh")], ids=str
)
@settings(deadline=None, max_examples=20, derandomize=True)
@given(shape=shapes, seed=st.integers(0, 2**32 - 1))
def test_elementwise(torch, as_torch, layer, name, shape, seed):
    x = np.random.default_rng(seed).normal(scale=3, size=shape)
    as_torch(layer(), lambda x, parameters: getattr(torch, name)(x), x)


@settings(deadline=None, max_examples=20, derandomize=True)
@given(shape=shapes, slope=st.floats(0, 2), seed=st.integers(0, 2**32 - 1))
def test_leaky_relu(torch, as_torch, shape, slope, seed):
    x = np.random.default_rng(seed).normal(size=shape)
    function = torch.nn.functional.leaky_relu
    as_torch(LeakyReLU(slope), lambda x, parameters: function(x, slope), x)


@settings(deadline=None, max_examples=20, derandomize=True)
@given(shape=shapes, data=st.data(), seed=st.integers(0, 2**32 - 1))
def test_softmax(torch, as_torch, shape, data, seed):
    axis = data.draw(st.integers(1, len(shape) - 1))
    x = np.random.default_rng(seed).normal(scale=3, size=shape)
    as_torch(Softmax(axis), lambda x, parameters: torch.softmax(x, axis), x)
