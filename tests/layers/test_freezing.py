"""Frozen layers: nothing of them is learned, and what nobody needs is not computed."""

import copy
import json

import numpy as np
import pytest

from onepath.layers import (
    Add,
    BatchNormalization,
    Conv2D,
    Dense,
    Flatten,
    Graph,
    Layer,
    ReLU,
    Residual,
    Sequential,
    deserialize,
    serialize,
)


def network():
    """Three blocks of one kind of layer each, and one within another."""
    return Sequential(
        [
            Sequential([Conv2D(2, 3, seed=1, dtype="float64", name="conv"), ReLU()], name="back"),
            Residual(Sequential([Conv2D(2, 1, seed=2, dtype="float64", name="conv")], name="main")),
            Flatten(),
            Dense(3, seed=3, dtype="float64", name="head"),
        ]
    )


def batch(backend):
    return backend.asarray(np.random.default_rng(0).normal(size=(2, 1, 4, 4)))


def passed(layer, x, learning_rate=None):
    """Forward, and backward with a gradient of ones; the input's gradient."""
    y = layer.forward(x, training=True)
    return layer.backward(layer.home.xp.ones_like(y), learning_rate)


FROZEN = [["back"], ["head"], ["residual"], ["back", "head"], ["back", "residual", "head"]]


@pytest.mark.parametrize("names", FROZEN, ids="-".join)
def test_frozen_parameters_get_no_gradients_and_others_the_same(backend, names):
    frozen, whole = network(), network()
    for layer in frozen.layers:
        layer.trainable = layer.name not in names
    x = batch(backend)
    dx, expected_dx = passed(frozen, x), passed(whole, x)
    np.testing.assert_array_equal(backend.to_numpy(dx), backend.to_numpy(expected_dx))
    expected = {k: g for k, g in whole.gradients.items() if k.split("/")[0] not in names}
    for gradients in (frozen.gradients, frozen.trainable_parameters):
        assert gradients.keys() == expected.keys()
    for name, gradient in frozen.gradients.items():
        np.testing.assert_array_equal(
            backend.to_numpy(gradient), backend.to_numpy(expected[name]), err_msg=name
        )
    assert frozen.parameters.keys() == whole.parameters.keys()


@pytest.mark.parametrize("names", FROZEN, ids="-".join)
def test_learning_fills_the_same_gradients(backend, names):
    layer = network()
    for each in layer.layers:
        each.trainable = each.name not in names
    x = batch(backend)
    passed(layer, x)
    expected = {name: g.copy() for name, g in layer.gradients.items()}
    y = layer.forward(x, training=True)
    layer.learn(layer.home.xp.ones_like(y))
    assert layer.gradients.keys() == expected.keys()
    for name, gradient in layer.gradients.items():
        np.testing.assert_array_equal(backend.to_numpy(gradient), backend.to_numpy(expected[name]))


def test_gradients_are_pytorch_s_with_requires_grad(torch):
    """A frozen layer between two others passes the gradient on."""
    ours = Sequential([Dense(n, seed=n, dtype="float64", name=f"d{n}") for n in (4, 5, 2)])
    ours.layers[1].trainable = False
    x = np.random.default_rng(1).normal(size=(3, 6))
    passed(ours, x)
    theirs = {k: torch.tensor(a, requires_grad="d5" not in k) for k, a in ours.parameters.items()}
    y = torch.tensor(x)
    for name in ("d4", "d5", "d2"):
        y = y @ theirs[f"{name}/kernel"] + theirs[f"{name}/bias"]
    y.sum().backward()
    expected = {name: each.grad for name, each in theirs.items() if each.grad is not None}
    assert ours.gradients.keys() == expected.keys()
    for name, gradient in ours.gradients.items():
        np.testing.assert_allclose(gradient, expected[name], rtol=1e-12)


@pytest.mark.parametrize("names", FROZEN, ids="-".join)
def test_a_plain_gradient_step_leaves_frozen_layers_alone(backend, names):
    layer, x = network(), batch(backend)
    for each in layer.layers:
        each.trainable = each.name not in names
    layer.build(x.shape[1:], backend)
    before = {k: backend.to_numpy(a).copy() for k, a in layer.parameters.items()}
    passed(layer, x, 0.5)
    for name, array in layer.parameters.items():
        same = (backend.to_numpy(array) == before[name]).all()
        assert same == (name.split("/")[0] in names), name


@pytest.mark.parametrize("whole", [False, True])
def test_freezing_drops_gradients_of_before(backend, whole):
    layer = network()
    passed(layer, batch(backend))
    part = layer if whole else layer.layers[0]
    part.trainable = False
    assert part.gradients == {}
    assert bool(layer.gradients) is not whole


def test_layers_that_fill_gradients_on_the_way_keep_none(backend):
    """Where it is no work of its own, they are filled, and dropped."""
    layer = BatchNormalization()
    layer.trainable = False
    passed(layer, batch(backend).astype("float32"))
    assert layer.gradients == {}


class Counting(Layer):
    """A layer that tells what it was asked for."""

    def __init__(self, calls, name=None):
        super().__init__(name)
        self.calls = calls

    def _build(self, input_shape):
        self._add_parameter("scale", (1,), "ones")

    def _forward(self, x, training):
        self._saved = x
        return x * self.parameters["scale"]

    def _learn(self, dy):
        self.calls.append(f"{self.name} learns")
        self.gradients["scale"] = (dy * self._saved).sum(keepdims=True).reshape(1)

    def _backward(self, dy):
        self.calls.append(f"{self.name} passes on")
        if self.trainable:
            self._learn(dy)
        return dy * self.parameters["scale"]


@pytest.mark.parametrize(
    ("frozen", "expected"),
    [
        ("", ["d passes on", "d learns", "c passes on", "c learns", "b passes on", "b learns",
              "a learns"]),
        ("a", ["d passes on", "d learns", "c passes on", "c learns", "b learns"]),
        ("ab", ["d passes on", "d learns", "c learns"]),
        ("abc", ["d learns"]),
        ("c", ["d passes on", "d learns", "c passes on", "b passes on", "b learns", "a learns"]),
        ("cd", ["d passes on", "c passes on", "b passes on", "b learns", "a learns"]),
        ("abcd", []),
    ],
)  # fmt: skip
def test_a_frozen_beginning_costs_no_backward(frozen, expected):
    calls = []
    a, b, c, d = (Counting(calls, name) for name in "abcd")
    layer = Sequential([Sequential([a, b]), ReLU(), Residual(c), d])
    for each in (a, b, c, d):
        each.trainable = each.name not in frozen
    y = layer.forward(np.ones((2, 3)), training=True)
    layer.learn(y)
    assert calls == expected


def test_a_frozen_branch_of_a_graph_costs_no_backward():
    calls = []
    a, b, c = (Counting(calls) for _ in "abc")
    nodes = {"a": (a, "x"), "b": (b, "x"), "sum": (Add(), ["a", "b"]), "c": (c, "sum")}
    layer = Graph("x", nodes, "c")
    a.trainable = False
    layer.learn(layer.forward(np.ones((2, 3)), training=True))
    assert calls == ["c passes on", "c learns", "b learns"]
    assert layer.gradients.keys() == layer.trainable_parameters.keys() == {"b/scale", "c/scale"}


def test_what_is_set_in_a_network_is_set_in_every_layer():
    layer = network()
    assert layer.trainable
    layer.layers[0].trainable = False
    assert not layer.trainable
    assert not layer.layers[0].layers[1].trainable
    assert layer.layers[3].trainable
    layer.trainable = True
    assert layer.layers[0].layers[0].trainable
    layer.trainable = False
    assert not layer.learns
    assert layer.trainable_parameters == {}
    with pytest.raises(TypeError, match="trainable must be True or False, got 'no'"):
        layer.trainable = "no"
    with pytest.raises(TypeError, match="trainable must be True or False, got 0"):
        layer.layers[3].trainable = 0


@pytest.mark.parametrize("names", [[], *FROZEN], ids="-".join)
def test_descriptions_and_copies_keep_it(names):
    layer = network()
    for each in layer.layers:
        each.trainable = each.name not in names
    text = json.dumps(serialize(layer))
    assert ("trainable" in text) is bool(names)
    layer.build((1, 4, 4))
    for again in (deserialize(json.loads(text)), copy.deepcopy(layer), layer.replica()):
        again.build((1, 4, 4))
        assert again.trainable_parameters.keys() == layer.trainable_parameters.keys()


def test_a_description_says_so_only_where_it_is():
    dense = Dense(2)
    assert "trainable" not in dense.get_config()
    dense.trainable = False
    assert dense.get_config()["trainable"] is False
    assert repr(dense) == "Dense(units=2)"
    with pytest.raises(TypeError, match="trainable must be True or False, got 'no'"):
        Dense.from_config({"units": 2, "trainable": "no"})
