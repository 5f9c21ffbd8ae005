"""Pooling against PyTorch's, and where only Keras has it, against Keras's."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onepath import layers

few = settings(deadline=None, max_examples=20, derandomize=True)
each_rank = pytest.mark.parametrize("rank", [1, 2, 3])
LARGEST = {1: 9, 2: 6, 3: 4}


def of_rank(module, name, rank):
    return getattr(module, f"{name}{rank}{'d' if name.islower() else 'D'}")


def per_axis(data, rank, smallest, largest):
    return data.draw(st.tuples(*[st.integers(smallest, largest)] * rank))


def batch(data, *size):
    """Numbers of which no two are equal: what becomes of ties is each one's own."""
    shape = (data.draw(st.integers(1, 3)), data.draw(st.integers(1, 3)), *size)
    n = math.prod(shape)
    order = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1))).permutation(n)
    return (order - n / 3).reshape(shape) / 7


@each_rank
@pytest.mark.parametrize("kind", ["Max", "Average"])
@few
@given(data=st.data())
def test_pooling(torch, as_torch, kind, rank, data):
    size = per_axis(data, rank, 1, LARGEST[rank])
    pool = tuple(data.draw(st.integers(1, min(3, n))) for n in size)
    pads = tuple(data.draw(st.integers(0, k // 2)) for k in pool)  # PyTorch takes no more
    strides = per_axis(data, rank, 1, 3)

    def peer(x, parameters):
        if kind == "Max":
            return of_rank(torch.nn.functional, "max_pool", rank)(x, pool, strides, pads)
        function = of_rank(torch.nn.functional, "avg_pool", rank)
        return function(x, pool, strides, pads, count_include_pad=False)

    layer = of_rank(layers, f"{kind}Pooling", rank)(pool, strides, pads)
    as_torch(layer, peer, batch(data, *size))


@each_rank
@few
@given(data=st.data())
def test_averages_of_what_is_not_padded(torch, as_torch, rank, data):
    """PyTorch pads both ends alike; sums of numbers by sums of ones know of no padding."""
    size = per_axis(data, rank, 1, LARGEST[rank])
    pool = tuple(data.draw(st.integers(1, min(3, n))) for n in size)
    pads = tuple(data.draw(st.tuples(*[st.integers(0, k - 1)] * 2)) for k in pool)
    strides = per_axis(data, rank, 1, 3)
    around = [n for pair in reversed(pads) for n in pair]

    def average(x):
        padded = torch.nn.functional.pad(x, around)
        return of_rank(torch.nn.functional, "avg_pool", rank)(padded, pool, strides)

    layer = of_rank(layers, "AveragePooling", rank)(pool, strides, pads)
    x = batch(data, *size)
    as_torch(layer, lambda x, parameters: average(x) / average(torch.ones_like(x)), x)


@each_rank
@settings(few, max_examples=8)
@given(data=st.data())
def test_same_padding_as_keras(keras, as_torch, rank, data):
    """Averages are left out: on PyTorch, Keras 3.15 counts an odd rest of padding in them."""
    options = {
        "pool_size": per_axis(data, rank, 1, 3),
        "strides": per_axis(data, rank, 1, 3),
        "padding": "same",
        "data_format": "channels_last",
    }
    theirs = of_rank(keras.layers, "MaxPooling", rank)(**options, dtype="float64")
    x = np.moveaxis(batch(data, *per_axis(data, rank, 1, LARGEST[rank])), 1, -1)
    layer = of_rank(layers, "MaxPooling", rank)(**options)
    as_torch(layer, lambda x, parameters: theirs(x), x.copy())


@each_rank
@pytest.mark.parametrize(("kind", "name"), [("Max", "amax"), ("Average", "mean")])
@pytest.mark.parametrize("data_format", ["channels_first", "channels_last"])
@settings(few, max_examples=8)
@given(data=st.data(), keepdims=st.booleans())
def test_global_pooling(torch, as_torch, kind, name, rank, data_format, data, keepdims):
    x = batch(data, *per_axis(data, rank, 1, LARGEST[rank]))
    axes = tuple(range(2, rank + 2))
    if data_format == "channels_last":
        x, axes = np.moveaxis(x, 1, -1).copy(), tuple(range(1, rank + 1))
    layer = of_rank(layers, f"Global{kind}Pooling", rank)(data_format, keepdims)
    as_torch(layer, lambda x, parameters: getattr(torch, name)(x, axes, keepdims), x)
