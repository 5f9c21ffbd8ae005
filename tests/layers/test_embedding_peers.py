"""Embeddings against PyTorch's, and what only they do."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onepath.layers import LSTM, Dense, Embedding, Sequential
from onepath.layers.segments import BLOCK, summed_by_key


@pytest.mark.parametrize("dtype", ["int64", "uint8", "float32"])
@settings(deadline=None, max_examples=20, derandomize=True)
@given(
    shape=st.lists(st.integers(1, 6), min_size=2, max_size=3).map(tuple),
    count=st.integers(1, 20),
    width=st.integers(1, 5),
    seed=st.integers(0, 2**32 - 1),
)
def test_as_pytorch(torch, dtype, shape, count, width, seed):
    rng = np.random.default_rng(seed)
    x = rng.integers(0, count, shape).astype(dtype)
    layer = Embedding(count, width, dtype="float64")
    y = layer.forward(x)
    table = torch.tensor(layer.parameters["embeddings"], requires_grad=True)
    expected = torch.nn.functional.embedding(torch.tensor(x).long(), table)
    np.testing.assert_array_equal(y, expected.detach().numpy())
    dy = rng.normal(size=y.shape)
    expected.backward(torch.tensor(dy))
    dx = layer.backward(dy)
    np.testing.assert_allclose(layer.gradients["embeddings"], table.grad.numpy(), atol=1e-14)
    assert (dx.shape, dx.dtype, dx.any()) == (x.shape, "float64", False)


@pytest.mark.parametrize("n", [1, BLOCK - 1, BLOCK, BLOCK + 1, 5 * BLOCK, BLOCK**2 + 3])
@pytest.mark.parametrize("kinds", ["one key", "few keys", "many keys"])
def test_sums_by_key(backend, n, kinds):
    rng = np.random.default_rng(n)
    count = {"one key": 4, "few keys": 7, "many keys": 3 * n}[kinds]
    keys = np.full(n, 2) if kinds == "one key" else rng.integers(0, count, n)
    rows = rng.normal(size=(n, 3))
    expected = np.zeros((count, 3))
    np.add.at(expected, keys, rows)
    sums = summed_by_key(backend, backend.asarray(keys), backend.asarray(rows), count)
    np.testing.assert_allclose(backend.to_numpy(sums), expected, rtol=1e-12, atol=1e-12)


def test_sums_are_not_differences_of_larger_ones(backend):
    """A small row among large ones of other keys keeps all its digits."""
    keys = np.repeat(np.arange(200), 2)
    rows = np.where(keys[:, None] % 2, 1e30, 1e-30).astype("float32")
    sums = summed_by_key(backend, backend.asarray(keys), backend.asarray(rows), 200)
    expected = 2 * rows[::2]
    np.testing.assert_array_equal(backend.to_numpy(sums), expected)


def test_negative_indices_count_from_the_end(backend):
    layer = Embedding(5, 2, dtype="float64").to(backend)
    y = backend.to_numpy(layer.forward(backend.asarray(np.array([[-1, 4, -5, 0]]))))
    np.testing.assert_array_equal(y[0, [0, 2]], y[0, [1, 3]])
    layer.backward(backend.asarray(np.ones((1, 4, 2))))
    gradient = backend.to_numpy(layer.gradients["embeddings"])
    np.testing.assert_array_equal(gradient[:, 0], [2, 0, 0, 0, 2])


def test_an_index_out_of_range_is_an_error_on_the_cpu():
    layer = Embedding(5, 2)
    with pytest.raises(IndexError, match="out of bounds"):
        layer.forward(np.array([[0, 5]]))


def test_a_network_begins_with_indices(backend):
    network = Sequential([Embedding(7, 3, dtype="float64"), LSTM(4, dtype="float64"), Dense(2)])
    network.to(backend)
    x = backend.asarray(np.random.default_rng(0).integers(0, 7, (5, 6)))
    y = network.forward(x)
    assert y.shape == (5, 2)
    network.learn(y)
    used = np.unique(backend.to_numpy(x))
    gradient = backend.to_numpy(network.gradients["embedding/embeddings"])
    assert gradient[used].any(axis=1).all()
    assert not np.delete(gradient, used, axis=0).any()


def test_frozen_embeddings_learn_nothing(backend):
    layer = Embedding(4, 2).to(backend)
    layer.trainable = False
    y = layer.forward(backend.asarray(np.array([[1, 2]])))
    layer.backward(y)
    assert layer.gradients == {}
