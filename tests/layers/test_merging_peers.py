"""Merging layers against PyTorch, for random shapes that broadcast."""

from functools import reduce

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import mutually_broadcastable_shapes

from onepath.layers import Add, Average, Concatenate, Maximum, Minimum, Multiply, Subtract


def samples(shapes, seed):
    """Batches of 2; samples broadcast from the right, as NumPy's arrays do."""
    rng = np.random.default_rng(seed)
    return [rng.normal(size=(2, *shape)) for shape in shapes]


def wide(tensors):
    rank = max(t.ndim for t in tensors)
    return [t.reshape(2, *(1,) * (rank - t.ndim), *t.shape[1:]) for t in tensors]


FOLDS = {
    Add: lambda torch, x: reduce(torch.add, x),
    Average: lambda torch, x: reduce(torch.add, x) / len(x),
    Multiply: lambda torch, x: reduce(torch.mul, x),
    Maximum: lambda torch, x: reduce(torch.maximum, x),
    Minimum: lambda torch, x: reduce(torch.minimum, x),
    Subtract: lambda torch, x: reduce(torch.sub, x),
}


@pytest.mark.parametrize("layer", FOLDS, ids=lambda layer: layer.__name__)
@settings(deadline=None, max_examples=20, derandomize=True)
@given(data=st.data(), seed=st.integers(0, 2**32 - 1))
def test_merging(torch, as_torch, layer, data, seed):
    count = 2 if layer is Subtract else data.draw(st.integers(2, 4))
    strategy = mutually_broadcastable_shapes(num_shapes=count, min_dims=1, max_dims=3, max_side=3)
    shapes = data.draw(strategy).input_shapes
    as_torch(layer(), lambda *x: FOLDS[layer](torch, wide(x[:-1])), *samples(shapes, seed))


@settings(deadline=None, max_examples=20, derandomize=True)
@given(data=st.data(), seed=st.integers(0, 2**32 - 1))
def test_concatenation(torch, as_torch, data, seed):
    shape = data.draw(st.lists(st.integers(1, 3), min_size=1, max_size=3))
    axis = data.draw(st.integers(1, len(shape)))
    lengths = data.draw(st.lists(st.integers(1, 3), min_size=2, max_size=4))
    shapes = [(*shape[: axis - 1], length, *shape[axis:]) for length in lengths]
    axis -= data.draw(st.sampled_from([0, len(shape) + 1]))
    as_torch(Concatenate(axis), lambda *x: torch.cat(x[:-1], axis), *samples(shapes, seed))
