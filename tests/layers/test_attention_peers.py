"""Attention against PyTorch's and Keras's, for random shapes and options."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onepath.layers import Dense, Graph, MultiHeadAttention, Residual, Sequential

often = settings(deadline=None, max_examples=15, derandomize=True)
small = st.integers(1, 5)
seeds = st.integers(0, 2**32 - 1)


def through(torch, causal):
    """PyTorch's own dot products between projections by our parameters."""

    def function(query, *others):
        *inputs, p = others
        value, key = ([*inputs] + [(inputs or [query])[-1]] * 2)[:2]

        def heads(x, name):
            y = torch.einsum("ntf,fhw->nhtw", x, p[f"{name}_kernel"])
            return y + p[f"{name}_bias"][:, None] if f"{name}_bias" in p else y

        attend = torch.nn.functional.scaled_dot_product_attention
        y = attend(
            heads(query, "query"), heads(key, "key"), heads(value, "value"), is_causal=causal
        )
        y = torch.einsum("nhtw,hwo->nto", y, p["output_kernel"])
        return y + p["output_bias"] if "output_bias" in p else y

    return function


@pytest.mark.parametrize("inputs", [1, 2, 3])
@often
@given(
    sizes=st.tuples(small, small, small),
    widths=st.tuples(small, small, small),
    heads=st.integers(1, 3),
    dims=st.tuples(small, small, small),
    bias=st.booleans(),
    causal=st.booleans(),
    seed=seeds,
)
def test_as_pytorch(torch, as_torch, inputs, sizes, widths, heads, dims, bias, causal, seed):
    batch, places, others = sizes
    rng = np.random.default_rng(seed)
    lengths = (places, others, others)
    x = [rng.normal(size=(batch, lengths[i], widths[i])) for i in range(inputs)]
    layer = MultiHeadAttention(
        heads,
        dims[0],
        value_dim=dims[1],
        output_shape=dims[2],
        use_bias=bias,
        use_causal_mask=causal,
        dtype="float64",
    )
    as_torch(layer, through(torch, causal), *x)


@pytest.mark.parametrize("inputs", [2, 3])
def test_layouts_are_keras_s(torch, keras, inputs):
    rng = np.random.default_rng(inputs)
    x = [rng.normal(size=(2, t, f)) for t, f in ((3, 4), (5, 6), (5, 2))[:inputs]]
    ours = MultiHeadAttention(2, 3, value_dim=5, use_causal_mask=True, dtype="float64")
    theirs = keras.layers.MultiHeadAttention(2, 3, value_dim=5, dtype="float64")
    tensors = [torch.tensor(each) for each in x]
    theirs(*tensors)
    y = ours.forward(tuple(x))
    for dense in ("query", "key", "value", "output"):
        for weight in getattr(theirs, f"_{dense}_dense").weights:
            array = ours.parameters[f"{dense}_{weight.name}"]
            assert tuple(weight.shape) == array.shape
            array[...] = rng.normal(size=array.shape)
            weight.assign(array)
    y = ours.forward(tuple(x))
    expected = theirs(*tensors, use_causal_mask=True).detach().numpy()
    np.testing.assert_allclose(y, expected, rtol=1e-6, atol=1e-6)


def test_large_scores_stay_finite(backend):
    layer = MultiHeadAttention(1, 2, kernel_initializer="ones", dtype="float32").to(backend)
    x = backend.asarray(np.array([[[300.0, 300.0], [-300.0, 300.0], [1.0, 2.0]]], "float32"))
    y = layer.forward(x)
    dx = layer.backward(y)
    assert np.isfinite(backend.to_numpy(y)).all()
    assert np.isfinite(backend.to_numpy(dx)).all()


def test_causal_places_do_not_see_what_is_behind_them(backend):
    layer = MultiHeadAttention(2, 3, use_causal_mask=True, dtype="float64").to(backend)
    x = np.random.default_rng(0).normal(size=(1, 5, 4))
    before = backend.to_numpy(layer.forward(backend.asarray(x))).copy()
    x[:, 3:] += 1
    after = backend.to_numpy(layer.forward(backend.asarray(x)))
    np.testing.assert_array_equal(before[:, :3], after[:, :3])
    assert (before[:, 3:] != after[:, 3:]).all()


def test_one_array_is_query_value_and_key(backend):
    x = backend.asarray(np.random.default_rng(0).normal(size=(2, 3, 4)))
    one, two = (MultiHeadAttention(2, 3, dtype="float64", seed=5).to(backend) for _ in range(2))
    y, same = one.forward(x), two.forward((x, x))
    np.testing.assert_array_equal(*map(backend.to_numpy, (y, same)))
    dx, (dquery, dvalue) = one.backward(y), two.backward(y)
    np.testing.assert_allclose(
        *map(backend.to_numpy, (dx, dquery + dvalue)), rtol=1e-12, atol=1e-12
    )


def test_the_first_input_settles_how_many_there_are():
    x = np.ones((2, 3, 4))
    layer = MultiHeadAttention(2, 3)
    with pytest.raises(ValueError, match="each value needs a key, got 3 values, 2 keys"):
        layer.forward((x, x, x[:, :2]))
    assert layer.several is None
    with pytest.raises(ValueError, match="at most a query, a value and a key, got 4 inputs"):
        layer.forward((x, x, x, x))
    layer.forward(x)
    with pytest.raises(TypeError, match="the first input was one array, and so must be all"):
        layer.forward((x, x))
    other = MultiHeadAttention(2, 3)
    other.forward((x, x))
    with pytest.raises(TypeError, match="the first input was 2 arrays, and so must be all"):
        other.forward(x)


def test_in_stacks_and_graphs(backend):
    x = backend.asarray(np.random.default_rng(0).normal(size=(2, 3, 4)))
    block = Sequential([Residual(MultiHeadAttention(2, 3, dtype="float64")), Dense(4)])
    block.to(backend)
    assert block.backward(block.forward(x)).shape == x.shape
    graph = Graph(
        inputs=("query", "value"),
        nodes={"both": (MultiHeadAttention(2, 3, dtype="float64"), ("query", "value"))},
        outputs="both",
    ).to(backend)
    y = graph.forward((x, x[:, :2]))
    assert [dx.shape for dx in graph.backward(y)] == [(2, 3, 4), (2, 2, 4)]


def test_initial_kernels_are_those_of_matrices():
    layer = MultiHeadAttention(8, 16, dtype="float64", seed=1)
    layer.build((2, 64))
    limit = math.sqrt(6 / (64 + 8 * 16))
    for name in ("query_kernel", "output_kernel"):
        largest = abs(layer.parameters[name]).max()
        assert 0.99 * limit < largest <= limit
