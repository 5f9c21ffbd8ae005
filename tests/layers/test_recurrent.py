"""What recurrent layers do beside computing what they must."""

import numpy as np
import pytest

import onepath as op
from onepath.layers import GRU, LSTM, Bidirectional, Dense, Embedding, SimpleRNN
from onepath.layers.recurrent.activations import ACTIVATIONS


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: LSTM(0), ValueError, "units must be at least 1, got 0"),
        (lambda: LSTM(2, "swish"), ValueError, r"activation must be one of .*, got 'swish'"),
        (lambda: GRU(2, "tanh", "step"), ValueError, "recurrent_activation must be one of"),
        (lambda: GRU(2, reset_after=1), TypeError, "reset_after must be True or False, got 1"),
        (lambda: LSTM(2, unit_forget_bias=None), TypeError, "unit_forget_bias must be True"),
        (lambda: SimpleRNN(2, return_sequences="no"), TypeError, "return_sequences must be True"),
        (lambda: Bidirectional(Dense(2)), TypeError, "takes recurrent layers, got Dense"),
        (lambda: Bidirectional(LSTM(2), "max"), ValueError, "merge_mode must be one of .*'max'"),
        (
            lambda: Bidirectional(LSTM(2), backward_layer=LSTM(2)),
            ValueError,
            "both layers have go_backwards=False",
        ),
        (
            lambda: Bidirectional(
                LSTM(2), backward_layer=LSTM(2, return_sequences=True, go_backwards=True)
            ),
            ValueError,
            "return_sequences must be the same",
        ),
        (
            lambda: Bidirectional(
                LSTM(2), "sum", backward_layer=LSTM(3, go_backwards=True)
            ).compute_output_shape((4, 5)),
            ValueError,
            "merge_mode='sum' needs as many units both ways, got 2 and 3",
        ),
        (lambda: LSTM(2).compute_output_shape((4,)), ValueError, "samples must have 2 axes"),
    ],
)
def test_refusals(make, error, message):
    with pytest.raises(error, match=message):
        make()


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_slopes_are_those_of_the_functions(name, backend):
    activation, xp = ACTIVATIONS[name], backend.xp
    x = backend.asarray(np.linspace(-4.03, 4.03, 32))
    values = []
    for shifted in (x - 1e-6, x + 1e-6):
        activation.apply(xp, shifted, shifted)
        values.append(backend.to_numpy(shifted))
    y, slope = xp.empty_like(x), xp.empty_like(x)
    activation.apply(xp, x, y)
    activation.slope(xp, y, slope)
    difference = (values[1] - values[0]) / 2e-6
    np.testing.assert_allclose(backend.to_numpy(slope), difference, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("layer", [SimpleRNN, LSTM, GRU])
def test_sequences_may_have_other_lengths_later(layer, backend):
    built = layer(3, return_sequences=True, dtype="float64").to(backend)
    x = backend.asarray(np.random.default_rng(0).normal(size=(2, 6, 4)))
    whole = backend.to_numpy(built.forward(x))
    part = backend.to_numpy(built.forward(x[:, :4]))
    np.testing.assert_allclose(part, whole[:, :4], rtol=1e-12)


@pytest.mark.parametrize("scale", [1e4, -1e4])
@pytest.mark.parametrize("layer", [SimpleRNN, LSTM, GRU])
def test_gates_saturate_without_a_warning(layer, scale, backend):
    built = layer(3).to(backend)
    y = built.forward(backend.asarray(np.full((2, 3, 4), scale, "float32")))
    dx = built.backward(y)
    assert np.isfinite(backend.to_numpy(y)).all()
    assert np.isfinite(backend.to_numpy(dx)).all()


def test_frozen_layers_pass_gradients_on(backend):
    x = backend.asarray(np.random.default_rng(0).normal(size=(2, 3, 4)))
    for layer in (LSTM(3, seed=1), GRU(3, seed=1), GRU(3, reset_after=False, seed=1)):
        layer.to(backend)
        layer.trainable = False
        y = layer.forward(x.astype("float32"))
        dx = backend.to_numpy(layer.backward(y))
        assert layer.gradients == {}
        layer.trainable = True
        np.testing.assert_array_equal(dx, backend.to_numpy(layer.backward(y)))


def test_both_ways_have_weights_of_their_own():
    layer = Bidirectional(LSTM(3))
    layer.build((4, 2))
    ahead, back = layer.children
    assert (ahead.name, back.name) == ("forward_lstm", "backward_lstm")
    assert (ahead.go_backwards, back.go_backwards) == (False, True)
    assert (ahead.parameters["kernel"] != back.parameters["kernel"]).any()


@pytest.mark.parametrize("graph", [True, False])
def test_learns_which_index_came_first(graph):
    """Captured as a graph where devices do that, and step by step, with the same numbers."""
    x = np.random.default_rng(0).integers(0, 4, (64, 5))
    op.set_seed(3)
    layers = [Embedding(4, 8), Bidirectional(GRU(8, return_sequences=True)), LSTM(8), Dense(4)]
    model = op.Sequential(layers).to("simulated")
    loss = op.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile("adam", loss, metrics=["accuracy"])
    history = model.fit(x, x[:, 0], epochs=2, batch_size=32, verbose=0, graph=graph)
    losses = history.history["loss"]
    assert losses[1] < losses[0]
    assert bool(history.replayed) == graph
