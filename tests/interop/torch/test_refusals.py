"""What does not fit is refused, and leaves the network as it was."""

import re

import numpy as np
import pytest

import onepath as op
from onepath import layers
from onepath.interop import UnsupportedLayerError
from onepath.interop.torch import load_state_dict, state_dict


def test_all_that_does_not_fit_is_listed(net, unchanged):
    state = state_dict(net)
    state["conv.biases"] = state.pop("conv.bias")
    state["norm.weight"] = np.ones(4)
    state["head.hidden.weight"] = state["head.hidden.weight"].T
    with unchanged(net), pytest.raises(ValueError, match="the state does not fit") as caught:
        load_state_dict(net, state)
    assert str(caught.value).splitlines() == [
        "the state does not fit Sequential 'sequential'",
        "  missing: 'conv.bias' of shape (3,)",
        "  left over: 'conv.biases' of shape (3,)",
        "  of another shape: 'norm.weight' must have (3,), got (4,); 'head.hidden.weight' must "
        "have (4, 27), got (27, 4)",
    ]


def test_names_and_numbers_are_not_mixed(net, unchanged):
    state = state_dict(net, "positions")
    state["conv.weight"] = state.pop("0.weight")
    expected = "missing: '0.weight' of shape (3, 2, 2, 3)\n  left over: 'conv.weight' of shape"
    with unchanged(net), pytest.raises(ValueError, match=re.escape(expected)):
        load_state_dict(net, state)


def test_long_lists_are_cut_short(net):
    state = {f"x{i}.weight": np.zeros(1) for i in range(13)}
    with pytest.raises(ValueError, match=r"'x9\.weight' of shape \(1,\); and 3 more$"):
        load_state_dict(net, state)


def test_an_empty_state_misses_all(net):
    with pytest.raises(ValueError, match=r"missing: 'conv\.weight' of shape"):
        load_state_dict(net, {})


def test_numbers_beyond_the_dtype(net, unchanged):
    state = state_dict(net) | {"head.dense.bias": np.array([1.0, 1e39])}
    with (
        unchanged(net),
        pytest.raises(ValueError, match=r"'head.dense.bias' has numbers too large for float32"),
    ):
        load_state_dict(net, state)


@pytest.mark.parametrize("dtype", ["int8", "int64", "bool", "complex64", "U3", "object"])
def test_what_is_not_floating(net, unchanged, dtype):
    state = state_dict(net) | {"conv.bias": np.ones(3).astype(dtype)}
    expected = f"'conv.bias' must be floating, got {np.dtype(dtype)}"
    with unchanged(net), pytest.raises(TypeError, match=re.escape(expected)):
        load_state_dict(net, state)


def test_arrays_of_a_device_are_not_copied_by_the_way(net, unchanged):
    array = op.get_backend("simulated").asarray(np.ones(3, "float32"))
    with (
        unchanged(net),
        pytest.raises(TypeError, match=r"'conv\.bias' is no array on the host, got .*ndarray"),
    ):
        load_state_dict(net, state_dict(net) | {"conv.bias": array})


def test_tensors_are_taken_as_they_are(torch, net):
    state = {name: torch.from_numpy(array) for name, array in state_dict(net).items()}
    load_state_dict(net, state | {"conv.bias": torch.full((3,), 2.0)})
    assert (net.parameters["conv/bias"] == 2).all()


def test_networks_that_are_not_built():
    dense = layers.Dense(2)
    for refused in (
        lambda: state_dict(dense),
        lambda: load_state_dict(dense, {}),
        lambda: op.interop.torch.save(op.Model(dense), "never"),
        lambda: op.interop.torch.load(dense, "never"),
    ):
        with pytest.raises(RuntimeError, match=r"Dense 'dense' is not built.*build\(input_shape\)"):
            refused()


def test_what_is_no_network():
    with pytest.raises(TypeError, match="weights are those of a Model or a Layer, got 3"):
        state_dict(3)
    with pytest.raises(TypeError, match="a state is a mapping of names to arrays, got 3"):
        load_state_dict(built(layers.Dense(1)), 3)


def built(layer, shape=(2,)):
    layer.build(shape)
    return layer


def test_names_are_by_name_or_number(net):
    with pytest.raises(ValueError, match=r"\('names', 'positions'\), got 'numbers'"):
        state_dict(net, "numbers")


def test_layers_that_pytorch_has_not():
    net = layers.Sequential([layers.Convolutional((1, 3, 3), 2, 1, name="odd")], name="stack")
    outer = built(layers.Sequential([net]), (1, 3, 3))
    expected = (
        r"PyTorch has nothing for \['biases', 'kernels'\] of Convolutional 'stack/odd'.*Dense"
    )
    with pytest.raises(UnsupportedLayerError, match=expected):
        state_dict(outer)
    with pytest.raises(UnsupportedLayerError, match=expected):
        load_state_dict(outer, {})


def test_classes_derived_from_ours():
    class Odd(layers.Dense):
        pass

    with pytest.raises(UnsupportedLayerError, match=r"\['bias', 'kernel'\] of Odd 'odd'"):
        state_dict(built(Odd(1)))


def test_layers_that_add_a_weight_to_what_is_inside_them():
    class Odd(layers.Sequential):
        parameters = property(lambda self: super().parameters | {"own": self.children[0].bias})

    odd = Odd([layers.Dense(1)])
    layers.Dense.bias = None
    try:
        with pytest.raises(UnsupportedLayerError, match=r"\['own'\] of Odd 'odd'"):
            state_dict(built(odd))
    finally:
        del layers.Dense.bias


def test_two_weights_of_one_name():
    inner = layers.Sequential([layers.Dense(1, name="b")], name="a")
    net = built(layers.Sequential([inner, layers.Dense(1, name="a.b")]))
    with pytest.raises(ValueError, match=r"two weights would be called 'a\.b\.weight'"):
        state_dict(net)
    assert list(state_dict(net, "positions")) == ["0.0.weight", "0.0.bias", "1.weight", "1.bias"]


@pytest.mark.parametrize(
    ("shape", "shared", "slopes"),
    [((3, 4), None, (3, 4)), ((3, 4, 5), 3, (3, 4, 1)), ((3, 4, 5), (1, 3), (1, 4, 1))],
)
def test_slopes_that_are_not_of_channels(shape, shared, slopes):
    layer = built(layers.PReLU(shared_axes=shared), shape)
    expected = rf"PReLU 'prelu': .*those here are {re.escape(str(slopes))}: shared_axes makes"
    with pytest.raises(UnsupportedLayerError, match=expected):
        state_dict(layer)


def backwards(**options):
    return layers.GRU(2, go_backwards=True, **options)


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (lambda: layers.GRU(2, reset_after=False), "GRU 'gru': .*reset_after=True alone"),
        (lambda: layers.Bidirectional(backwards()), "of which the second goes backwards"),
        (
            lambda: layers.Bidirectional(layers.LSTM(2), backward_layer=backwards()),
            "Bidirectional 'bidirectional': .*two layers of one kind",
        ),
        (
            lambda: layers.Bidirectional(layers.GRU(2, reset_after=False)),
            "Bidirectional 'bidirectional': .*reset_after=True",
        ),
    ],
)
def test_recurrent_layers_that_pytorch_has_not(made, expected):
    with pytest.raises(UnsupportedLayerError, match=expected):
        state_dict(built(made(), (3, 2)))


@pytest.mark.parametrize(
    ("features", "options"), [(5, {}), (6, {"value_dim": 4}), (6, {"output_shape": 4})]
)
def test_attention_that_pytorch_has_not(features, options):
    layer = built(layers.MultiHeadAttention(2, 3, **options), (4, features))
    expected = r"MultiHeadAttention 'multi_head_attention': .*as many as num_heads \* key_dim"
    with pytest.raises(UnsupportedLayerError, match=expected):
        state_dict(layer)
