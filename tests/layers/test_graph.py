"""Graphs: any wiring without a circle; what is wired wrongly is refused."""

import numpy as np
import pytest

from onepath.layers import (
    Add,
    Concatenate,
    Dense,
    Graph,
    Layer,
    Multiply,
    ReLU,
    Sequential,
    deserialize,
    serialize,
)


def dense(units=3, seed=1):
    return Dense(units, dtype="float64", seed=seed)


def two_way():
    """Two inputs, two outputs, a value taken three times, nodes in no order."""
    nodes = {
        "out": (dense(2, 3), "all"),
        "all": (Concatenate(), ["sum", "b"]),
        "gate": (Multiply(), ["sum", "left"]),
        "sum": (Add(), ["left", "right", "a"]),
        "left": (dense(4, 1), "a"),
        "right": (dense(4, 2), "b"),
    }
    return Graph(["a", "b"], nodes, ["out", "gate"])


def inputs(size=3):
    rng = np.random.default_rng(0)
    return rng.normal(size=(size, 4)), rng.normal(size=(size, 5))


def test_pytorch_has_the_same_values_and_gradients(torch):
    graph, x = two_way(), inputs()
    y = graph.forward(x)
    a, b = (torch.tensor(each, requires_grad=True) for each in x)
    w = {k: torch.tensor(v, requires_grad=True) for k, v in graph.parameters.items()}
    left = a @ w["left/kernel"] + w["left/bias"]
    total = left + b @ w["right/kernel"] + w["right/bias"] + a
    out = torch.cat([total, b], 1) @ w["out/kernel"] + w["out/bias"]
    gate = total * left
    rng = np.random.default_rng(1)
    dy = rng.normal(size=out.shape), rng.normal(size=gate.shape)
    torch.autograd.backward([out, gate], [torch.tensor(d) for d in dy])
    dx = graph.backward(dy)
    pairs = [*zip(y, (out, gate), strict=True), *zip(dx, (a.grad, b.grad), strict=True)]
    pairs += [(graph.gradients[name], tensor.grad) for name, tensor in w.items()]
    for ours, theirs in pairs:
        np.testing.assert_allclose(ours, theirs.detach().numpy(), rtol=1e-12, atol=1e-13)


def test_single_samples_in_a_list():
    graph, x = two_way(), inputs()
    batch = graph.forward(x)
    single = graph.forward([each[0] for each in x])
    for one, many in zip(single, batch, strict=True):
        np.testing.assert_allclose(one, many[0], rtol=1e-12)
    dx = graph.backward([np.ones(2), np.ones(4)])
    assert [each.shape for each in dx] == [(4,), (5,)]


def test_what_learns_nothing_gets_no_gradient():
    """`learn` goes back as far as something learns, and no further."""
    backs = []

    class Seen(ReLU):
        def _backward(self, dy):
            backs.append(self.name)
            return super()._backward(dy)

    nodes = {
        "first": (Seen(), "x"),
        "dense": (dense(), "first"),
        "second": (Seen(), "dense"),
        "beside": (Seen(), "x"),
        "sum": (Concatenate(), ["second", "beside"]),
    }
    graph = Graph("x", nodes, "sum")
    y = graph.forward(np.ones((2, 3)))
    graph.learn(np.ones_like(y))
    assert backs == ["second"]
    learned = dict(graph.gradients)
    graph.backward(np.ones_like(y))
    assert set(backs[1:]) == {"first", "second", "beside"}
    for name, gradient in graph.gradients.items():
        np.testing.assert_array_equal(gradient, learned[name])


def test_inference_keeps_nothing():
    graph = two_way()
    graph.infer(inputs())
    assert all(child._saved is None for child in graph.children)


def test_configuration_comes_back():
    graph = two_way()
    graph.build(((4,), (5,)))
    again = deserialize(serialize(graph))
    assert again.get_config() == graph.get_config()
    assert (again.inputs, again.outputs) == (("a", "b"), ("out", "gate"))
    again.build(((4,), (5,)))
    for a, b in zip(again.forward(inputs()), graph.forward(inputs()), strict=True):
        np.testing.assert_array_equal(a, b)


def test_nodes_give_names():
    graph = two_way()
    assert list(graph.nodes) == [layer.name for layer in graph.children]
    assert graph.nodes["all"][1] == ("sum", "b")
    assert "left/kernel" in graph.parameters or not graph.built


def test_graphs_in_graphs_and_in_stacks():
    inner = Graph("x", {"d": (dense(), "x"), "s": (Add(), ["d", "x"])}, "s")
    stack = Sequential([Graph("x", {"inner": (inner, "x"), "r": (ReLU(), "inner")}, "r"), dense()])
    assert stack.forward(np.ones((2, 3))).shape == (2, 3)
    assert "graph/inner/d/kernel" in stack.parameters


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: Graph("x", {"a": (ReLU(), "y")}, "a"), ValueError, r"'a' takes \['y'\], known"),
        (lambda: Graph("x", {"a": (ReLU(), "x")}, "b"), ValueError, r"'outputs' takes \['b'\]"),
        (lambda: Graph("x", {}, "x"), ValueError, "needs inputs, nodes and outputs"),
        (lambda: Graph("x", {"a": (ReLU(), [])}, "a"), ValueError, r"'a' takes \(\)"),
        (lambda: Graph("x", {"x": (ReLU(), "x")}, "x"), ValueError, "have one name"),
        (
            lambda: Graph("x", {"a": (Add(), ["b", "x"]), "b": (ReLU(), "a")}, "a"),
            ValueError,
            "the wiring has a circle: [ab] <- [ab] <- [ab]",
        ),
        (
            lambda: Graph("x", {"a": (ReLU(), "x"), "b": (ReLU(), "x")}, "a"),
            ValueError,
            r"\['b'\] lead to no output",
        ),
        (
            lambda: Graph(["x", "y"], {"a": (ReLU(), "x")}, "a"),
            ValueError,
            r"\['y'\] lead to no output",
        ),
        (lambda: Graph("x", {"a": ("relu", "x")}, "a"), TypeError, "is made of layers, got 'relu'"),
    ],
)
def test_wrong_wiring(make, error, message):
    with pytest.raises(error, match=message):
        make()


def test_a_layer_that_takes_one_input_gets_one():
    graph = Graph(["x", "y"], {"a": (dense(), ["x", "y"])}, "a")
    with pytest.raises(ValueError, match=r"Dense 'a' takes one input, got 2: \['x', 'y'\]"):
        graph.forward((np.ones((2, 3)), np.ones((2, 3))))


@pytest.mark.parametrize(
    ("bad", "error", "message"),
    [
        (np.ones((3, 4)), TypeError, r"input must be a tuple of arrays, got numpy\.ndarray"),
        ((np.ones((3, 4)),), ValueError, r"the inputs are \['a', 'b'\], got 1"),
        ((np.ones((3, 4)), np.ones((2, 5))), ValueError, "equally many samples, got 3, 2"),
        ((np.ones((3, 4)), np.ones(5)), ValueError, "must have 2 axes, or 1 for a single"),
        ((np.ones((3, 4)), np.ones((3, 5), "int64")), TypeError, "must be floating, got int64"),
    ],
)
@pytest.mark.parametrize("built", [False, True])
def test_wrong_inputs(bad, error, message, built):
    graph = two_way()
    if built:
        graph.build(((4,), (5,)))
        message = message.replace(r"the inputs are \['a', 'b'\]", "input must be 2 arrays")
    elif "2 axes" in message:
        message = "must have .* axes|samples must|do not"
    with pytest.raises(error, match=message):
        graph.forward(bad)
    assert graph.built is built


def test_wrong_output_gradients():
    graph = two_way()
    graph.forward(inputs())
    with pytest.raises(TypeError, match="output_gradient must be a tuple of arrays, got numpy"):
        graph.backward(np.ones((3, 2)))
    with pytest.raises(ValueError, match="output_gradient must be 2 arrays, got 1"):
        graph.backward((np.ones((3, 2)),))
    with pytest.raises(ValueError, match=r"have the output's shape \(3, 4\), got \(3, 2\)"):
        graph.backward((np.ones((3, 2)), np.ones((3, 2))))
    assert not graph.gradients


def test_inputs_on_two_devices(backend):
    if backend.name == "cpu":
        pytest.skip("there is one device")
    graph, (a, b) = two_way(), inputs()
    with pytest.raises(TypeError, match="Graph 'graph'"):
        graph.forward((backend.asarray(a), b))


def test_one_s_own_layers_with_several_inputs():
    class Difference(Layer):
        several = True

        def compute_output_shape(self, input_shape):
            return input_shape[0]

        def _forward(self, x, training):
            return x[0] - x[1]

        def _backward(self, dy):
            return dy, -dy

    layer = Difference()
    assert layer.forward((np.ones(3), np.zeros(3))).shape == (3,)
    y = layer.forward((np.ones((2, 3)), np.zeros((2, 3))))
    dx = layer.backward(y)
    assert isinstance(dx, tuple)
