"""Networks of layers: names, numbers, and devices."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import onepath as op
from onepath import layers
from onepath.interop.torch import load_state_dict, state_dict

KINDS = ("conv", "transpose", "depthwise", "norm", "relu", "stack")


@st.composite
def stacks(draw, channels, depth=0):
    """Descriptions of stacks: kinds with channels in and out, stacks within them."""
    described = []
    for kind in draw(st.lists(st.sampled_from(KINDS[: None if depth < 2 else -1]), max_size=3)):
        if kind == "stack":
            inner, out = draw(stacks(channels, depth + 1))
            described.append((kind, inner, out))
        else:
            out = draw(st.integers(1, 4)) if kind in ("conv", "transpose") else channels
            described.append((kind, channels, out))
        channels = out
    return described or [("relu", channels, channels)], channels


def ours(kind, before, after):
    match kind:
        case "conv":
            return layers.Conv2D(after, 3, padding=1, dtype="float64")
        case "transpose":
            return layers.Conv2DTranspose(after, 3, padding=1, dtype="float64")
        case "depthwise":
            return layers.DepthwiseConv2D(1, dtype="float64")
        case "norm":
            return layers.BatchNormalization(epsilon=1e-5, dtype="float64")
        case "relu":
            return layers.ReLU()
        case "stack":
            return layers.Sequential([ours(*each) for each in before])


def theirs(nn, kind, before, after):
    match kind:
        case "conv":
            return nn.Conv2d(before, after, 3, padding=1)
        case "transpose":
            return nn.ConvTranspose2d(before, after, 3, padding=1)
        case "depthwise":
            return nn.Conv2d(before, after, 1, groups=before)
        case "norm":
            return nn.BatchNorm2d(before)
        case "relu":
            return nn.ReLU()
        case "stack":
            return nn.Sequential(*(theirs(nn, *each) for each in before))


@settings(deadline=None, max_examples=15, derandomize=True)
@given(stacks(2), st.integers(0, 99))
def test_random_stacks_by_numbers(torch, made, seed):
    described, channels = made
    torch.manual_seed(seed)
    net = layers.Sequential(
        [*(ours(*each) for each in described), layers.Flatten(), layers.Dense(3, dtype="float64")]
    )
    module = torch.nn.Sequential(
        *(theirs(torch.nn, *each) for each in described),
        torch.nn.Flatten(),
        torch.nn.Linear(channels * 12, 3),
    ).double()
    net.build((2, 3, 4))
    x = np.random.default_rng(seed).standard_normal((5, 2, 3, 4))
    with torch.no_grad():
        module(torch.from_numpy(x))  # in training, so that there are moving statistics
        load_state_dict(net, module.eval().state_dict())
        expected = module(torch.from_numpy(x)).numpy()
        np.testing.assert_allclose(net.forward(x), expected, rtol=1e-12, atol=1e-12)
        for tensor in module.parameters():
            tensor.zero_()
        state = {n: torch.from_numpy(a) for n, a in state_dict(net, "positions").items()}
        module.load_state_dict(state, strict=True)
        np.testing.assert_allclose(module(torch.from_numpy(x)).numpy(), expected, rtol=1e-12)


# Names


def test_names_are_paths_with_dots(net):
    assert list(state_dict(net)) == [
        "conv.weight",
        "conv.bias",
        "norm.weight",
        "norm.bias",
        "norm.running_mean",
        "norm.running_var",
        "norm.num_batches_tracked",
        "head.hidden.weight",
        "head.hidden.bias",
        "head.dense.weight",
        "head.dense.bias",
    ]


def test_numbers_count_layers_without_weights(net):
    names = list(state_dict(net, names="positions"))
    assert names[:2] + names[-2:] == ["0.weight", "0.bias", "4.1.weight", "4.1.bias"]
    assert "4.0.weight" in names


def test_graphs_and_residual_layers_go_by_names_in_both():
    block = layers.Residual(layers.Sequential([layers.Conv2D(2, 1)], name="main"), name="block")
    net = layers.Sequential(
        [
            layers.Graph("x", {"a": (layers.Conv2D(2, 1), "x"), "b": (block, "a")}, "b"),
            layers.Flatten(),
            layers.Dense(2, name="last"),
        ]
    )
    net.build((1, 2, 2))
    weights = [name for name in state_dict(net) if "weight" in name]
    assert weights == ["graph.a.weight", "graph.b.main.conv2d.weight", "last.weight"]
    weights = [name for name in state_dict(net, "positions") if "weight" in name]
    assert weights == ["0.a.weight", "0.b.main.0.weight", "2.weight"]


def test_a_layer_alone_has_no_path():
    dense = layers.Dense(2)
    dense.build((3,))
    assert list(state_dict(dense)) == ["weight", "bias"]
    assert list(state_dict(op.Model(dense))) == ["weight", "bias"]


@pytest.mark.parametrize("names", ["names", "positions"])
def test_either_is_read(backend, net, names, randomized):
    state = state_dict(net, names)
    again = layers.Sequential.from_config(net.get_config())
    again.build((2, 4, 5), backend)
    load_state_dict(op.Model(again), state)
    for name, array in (net.parameters | net.state).items():
        there = (again.parameters | again.state)[name]
        assert backend.owns(there)
        np.testing.assert_array_equal(backend.to_numpy(there), array)


def test_names_come_before_numbers():
    net = layers.Sequential([layers.Dense(2, name="1"), layers.Dense(2, name="0")])
    net.build((2,))
    state = {f"{i}.{name}": np.full((2, 2), i) * 1.0 for i in (0, 1) for name in ("weight",)}
    state |= {"0.bias": np.zeros(2), "1.bias": np.zeros(2)}
    load_state_dict(net, state)
    assert (net.parameters["1/kernel"] == 1).all()
    assert (net.parameters["0/kernel"] == 0).all()


def torch_net(torch):
    """A network of modules, as they are written there."""
    nn = torch.nn

    class Block(nn.Module):
        def __init__(self, channels):
            super().__init__()
            self.conv1 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
            self.bn1 = nn.BatchNorm2d(channels)

        def forward(self, x):
            return x + self.bn1(self.conv1(x)).relu()

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.stem = nn.Conv2d(2, 4, 3)
            self.layer1 = nn.Sequential(Block(4), Block(4))
            self.fc = nn.Linear(36, 3)

        def forward(self, x):
            return self.fc(self.layer1(self.stem(x)).flatten(1))

    return Net().double()


def our_net():
    """The same of graphs, whose nodes have the names of those modules."""

    def block():
        nodes = {
            "conv1": (layers.Conv2D(4, 3, padding=1, use_bias=False, dtype="float64"), "x"),
            "bn1": (layers.BatchNormalization(epsilon=1e-5, dtype="float64"), "conv1"),
            "relu": (layers.ReLU(), "bn1"),
            "sum": (layers.Add(), ["x", "relu"]),
        }
        return layers.Graph("x", nodes, "sum")

    nodes = {
        "stem": (layers.Conv2D(4, 3, dtype="float64"), "x"),
        "layer1": (layers.Sequential([block(), block()]), "stem"),
        "flat": (layers.Flatten(), "layer1"),
        "fc": (layers.Dense(3, dtype="float64"), "flat"),
    }
    return layers.Graph("x", nodes, "fc")


def test_graphs_beside_modules_with_names(torch, rng):
    torch.manual_seed(0)
    module, net, x = torch_net(torch), our_net(), rng.standard_normal((4, 2, 5, 5))
    net.build((2, 5, 5))
    with torch.no_grad():
        module(torch.from_numpy(x))  # in training, so that there are moving statistics
        expected = module.eval()(torch.from_numpy(x)).numpy()
    load_state_dict(net, module.state_dict())
    np.testing.assert_allclose(net.forward(x), expected, rtol=1e-12, atol=1e-12)
    assert state_dict(net, "positions").keys() == module.state_dict().keys()


def test_networks_without_weights():
    net = layers.Sequential([layers.ReLU(), layers.Flatten()])
    net.build((2, 3))
    assert state_dict(net) == {}
    load_state_dict(net, {})
    with pytest.raises(ValueError, match=r"left over: 'weight' of shape \(1,\)"):
        load_state_dict(net, {"weight": np.zeros(1)})


# What is not a matter of names


def test_arrays_stay_the_layers_own(net):
    """Optimizers and captured steps hold on to them."""
    before = net.parameters | net.state
    state = state_dict(net)
    load_state_dict(net, state)
    after = net.parameters | net.state
    assert all(after[name] is before[name] for name in before)
    state["conv.weight"][...] = 5
    assert not (net.parameters["conv/kernel"] == 5).any()


def test_state_dict_is_a_copy_in_memory_order(backend, net):
    net.to(backend)
    for name, array in state_dict(net).items():
        assert type(array) is np.ndarray
        assert array.flags.c_contiguous, name
        array.fill(9)
    assert not (backend.to_numpy(net.parameters["conv/kernel"]) == 9).any()


def test_frozen_layers_take_weights_too(net):
    state = {name: array + 1 for name, array in state_dict(net).items()}
    net.children[0].trainable = False
    load_state_dict(net, state)
    np.testing.assert_array_equal(state_dict(net)["conv.weight"], state["conv.weight"])


@pytest.mark.parametrize("given", ["float16", "float32", "float64", "bfloat16"])
@pytest.mark.parametrize("dtype", ["float32", "float64", "mixed_float16"])
def test_numbers_are_converted_to_the_parameters_dtype(given, dtype):
    pytest.importorskip("ml_dtypes")
    import ml_dtypes  # noqa: F401 - NumPy knows bfloat16 from then on

    dense = layers.Dense(1, dtype=dtype)
    dense.build((3,))
    weight = np.array([[0.1, np.nan, -np.inf]]).astype(given)
    load_state_dict(dense, {"weight": weight, "bias": np.ones(1, given)})
    kernel = dense.parameters["kernel"]
    assert kernel.dtype == ("float64" if dtype == "float64" else "float32")
    np.testing.assert_array_equal(kernel.T, weight.astype("float64").astype(kernel.dtype))


def test_statistics_do_without_their_count(net):
    state = state_dict(net)
    assert state["norm.num_batches_tracked"].dtype == "int64"
    del state["norm.num_batches_tracked"]
    load_state_dict(net, state)
