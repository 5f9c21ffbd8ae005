"""Recurrent layers against PyTorch's and Keras's, for random shapes and options."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onepath.layers import GRU, LSTM, Bidirectional, SimpleRNN
from onepath.layers.recurrent.activations import ACTIVATIONS

often = settings(deadline=None, max_examples=12, derandomize=True)
sizes = st.tuples(*[st.integers(1, 5)] * 4)  # samples, steps, features, units
seeds = st.integers(0, 2**32 - 1)


def batch(size, seed):
    return np.random.default_rng(seed).normal(size=size[:3])


# PyTorch. Its gates' rows are i, f, g, o and r, z, n; ours are i, f, c, o and z, r, h.


def reordered(torch, array, order, units):
    parts = array.split(units)
    return torch.cat([parts[i] for i in order])


def through(torch, function_name, order, units, sequences=True, backwards=False):
    """PyTorch's layer as a function of our parameters."""

    def function(x, p):
        bias = p.get("bias", torch.zeros(p["kernel"].shape[1], dtype=x.dtype))
        biases = bias if bias.ndim == 2 else torch.stack([bias, torch.zeros_like(bias)])
        ours = p["kernel"].T, p["recurrent_kernel"].T, biases[0], biases[1]
        weights = [reordered(torch, each, order, units) for each in ours]
        start = torch.zeros(1, len(x), units, dtype=x.dtype)
        start = (start, start) if function_name == "lstm" else start
        x = x.flip(1) if backwards else x
        # has biases, one layer, no dropout, no training, one direction, batch first
        y = getattr(torch, function_name)(x, start, weights, True, 1, 0.0, False, False, True)[0]
        return y if sequences else y[:, -1]

    return function


@pytest.mark.parametrize(
    ("layer", "kind", "order"),
    [(SimpleRNN, "rnn_tanh", [0]), (LSTM, "lstm", [0, 1, 2, 3]), (GRU, "gru", [1, 0, 2])],
    ids=["RNN", "LSTM", "GRU"],
)
@often
@given(size=sizes, sequences=st.booleans(), backwards=st.booleans(), bias=st.booleans(), seed=seeds)
def test_as_pytorch(torch, as_torch, layer, kind, order, size, sequences, backwards, bias, seed):
    options = {"return_sequences": sequences, "go_backwards": backwards, "use_bias": bias}
    ours = layer(size[3], **options, dtype="float64")
    as_torch(ours, through(torch, kind, order, size[3], sequences, backwards), batch(size, seed))


@pytest.mark.parametrize("size", [(33, 7, 5, 96), (70, 9, 3, 64)], ids=["two parts", "more parts"])
@pytest.mark.parametrize("layer", [SimpleRNN, LSTM, GRU])
def test_batches_in_parts(torch, as_torch, cpu, layer, size):
    kind, order = {
        SimpleRNN: ("rnn_tanh", [0]),
        LSTM: ("lstm", [0, 1, 2, 3]),
        GRU: ("gru", [1, 0, 2]),
    }[layer]
    ours = layer(size[3], return_sequences=True, dtype="float64")
    columns = ours._cell.gates * size[3]
    assert cpu.shards((size[0], size[1], columns)) > 1 or layer is SimpleRNN
    function = through(torch, kind, order, size[3])
    # standard normal weights let so many units forget what is within rounding errors
    as_torch(ours, function, batch(size, 1) * 0.1, rtol=1e-6, atol=1e-6)


# Keras, for what PyTorch has not


def assert_as_keras(torch, ours, theirs, x, seed):
    """The same values and gradients as far as Keras has float64, whatever the parameters."""
    near = {"rtol": 1e-6, "atol": 1e-7}

    rng = np.random.default_rng(seed)
    ours.build(x.shape[1:])
    theirs.build(x.shape)
    weights = {w.path.rpartition("/")[2]: w for w in theirs.weights}
    if isinstance(ours, Bidirectional):
        ways = zip(("forward", "backward"), ours.children, strict=True)
        weights = {
            f"{child.name}/{name}": next(
                w for w in theirs.weights if f"/{way}_" in f"/{w.path}" and w.name == name
            )
            for way, child in ways
            for name in child.parameters
        }
    for name, array in ours.parameters.items():
        array[...] = rng.normal(size=array.shape)
        weights[name].assign(array)
    tensor = torch.tensor(x, requires_grad=True)
    expected = theirs(tensor)
    y = ours.forward(x)
    np.testing.assert_allclose(y, expected.detach().numpy(), **near)
    dy = rng.normal(size=y.shape)
    expected.backward(torch.tensor(dy))
    dx = ours.backward(dy)
    np.testing.assert_allclose(dx, tensor.grad.numpy(), **near)
    for name, gradient in ours.gradients.items():
        theirs_gradient = weights[name].value.grad.numpy()
        np.testing.assert_allclose(gradient, theirs_gradient, **near, err_msg=name)


few = settings(deadline=None, max_examples=3, derandomize=True)


@few
@given(
    size=sizes, after=st.booleans(), sequences=st.booleans(), backwards=st.booleans(), seed=seeds
)
def test_gru_as_keras(torch, keras, size, after, sequences, backwards, seed):
    options = {
        "reset_after": after,
        "return_sequences": sequences,
        "go_backwards": backwards,
        "dtype": "float64",
    }
    ours, theirs = GRU(size[3], **options), keras.layers.GRU(size[3], **options)
    assert_as_keras(torch, ours, theirs, batch(size, seed), seed)


@pytest.mark.parametrize("layer", ["SimpleRNN", "LSTM", "GRU"])
@few
@given(
    size=sizes,
    activation=st.sampled_from(sorted(ACTIVATIONS)),
    recurrent=st.sampled_from(sorted(ACTIVATIONS)),
    seed=seeds,
)
def test_activations_as_keras(torch, keras, layer, size, activation, recurrent, seed):
    options = {"activation": activation, "return_sequences": True, "dtype": "float64"}
    if layer != "SimpleRNN":
        options["recurrent_activation"] = recurrent
    ours = {"SimpleRNN": SimpleRNN, "LSTM": LSTM, "GRU": GRU}[layer](size[3], **options)
    theirs = getattr(keras.layers, layer)(size[3], **options)
    assert_as_keras(torch, ours, theirs, batch(size, seed) * 0.3, seed)


@pytest.mark.parametrize("merge_mode", ["concat", "sum", "mul", "ave"])
@few
@given(size=sizes, sequences=st.booleans(), seed=seeds)
def test_bidirectional_as_keras(torch, keras, merge_mode, size, sequences, seed):
    options = {"return_sequences": sequences, "dtype": "float64"}
    ours = Bidirectional(LSTM(size[3], **options), merge_mode)
    theirs = keras.layers.Bidirectional(
        keras.layers.LSTM(size[3], **options), merge_mode, dtype="float64"
    )
    assert_as_keras(torch, ours, theirs, batch(size, seed), seed)


def test_bias_of_the_forget_gate_begins_as_ones_as_keras_s(keras):
    for option in (True, False):
        ours = LSTM(3, unit_forget_bias=option)
        theirs = keras.layers.LSTM(3, unit_forget_bias=option)
        ours.build((2, 4))
        theirs.build((1, 2, 4))
        expected = theirs.cell.bias.value.detach().numpy()
        np.testing.assert_array_equal(ours.parameters["bias"], expected)
