"""Networks taken apart: who takes what, however deep."""

import pytest

from onepath.layers import (
    Add,
    Conv2D,
    Dense,
    Flatten,
    Graph,
    ReLU,
    Residual,
    Sequential,
)
from onepath.layers.wiring import wiring


def wired(layer, shape):
    nodes, outputs = wiring(layer, shape)
    names = [node.path for node in nodes]
    return {n.path: [names[i] for i in n.sources] for n in nodes}, [names[i] for i in outputs]


def test_a_stack_in_a_stack():
    layer = Sequential([Sequential([Flatten(), Dense(3)], name="inner"), ReLU()])
    nodes, outputs = wiring(layer, (2, 2))
    found = [(n.path, type(n.layer).__name__, n.sources, n.shape) for n in nodes]
    assert found == [
        ("input", "NoneType", (), (2, 2)),
        ("inner/flatten", "Flatten", (0,), (4,)),
        ("inner/dense", "Dense", (1,), (3,)),
        ("relu", "ReLU", (2,), (3,)),
    ]
    assert outputs == (3,)
    assert nodes[2].layer is layer.layers[0].layers[1]


def test_residual_layers_end_in_a_sum():
    plain = Residual(Dense(4, name="main"))
    assert wired(plain, (4,)) == (
        {"input": [], "main": ["input"], "residual": ["main", "input"]},
        ["residual"],
    )
    both = Sequential([Residual(Conv2D(3, 1), Conv2D(3, 1, name="around"), name="block")])
    nodes, outputs = wired(both, (2, 4, 4))
    assert nodes["block"] == ["block/conv2d", "block/around"]
    assert outputs == ["block"]
    assert isinstance(wiring(both, (2, 4, 4))[0][-1].layer, Add)


def test_graphs_of_several_inputs_and_outputs():
    inner = Graph(["p", "q"], {"s": (Add(), ["p", "q"]), "t": (ReLU(), "s")}, ["t", "s"])
    nodes, outputs = wired(inner, ((3,), (3,)))
    assert nodes == {"p": [], "q": [], "s": ["p", "q"], "t": ["s"]}
    assert outputs == ["t", "s"]
    outer = Graph(
        "x",
        {
            "a": (Dense(3), "x"),
            "stack": (Sequential([ReLU(), Dense(3)]), "a"),
            "sum": (Add(), ["stack", "a"]),
        },
        "sum",
    )
    nodes, outputs = wired(outer, (3,))
    assert nodes["stack/relu"] == ["a"]
    assert nodes["sum"] == ["stack/dense", "a"]
    assert outputs == ["sum"]


def test_a_layer_by_itself():
    nodes, outputs = wiring(Add(), ((3,), (3,)))
    assert [node.path for node in nodes] == ["input_1", "input_2", "add"]
    assert outputs == (2,)


def test_a_way_of_one_s_own_is_not_looked_into():
    class Twice(Sequential):
        def _forward(self, x, training):
            return 2 * super()._forward(x, training)

    nodes, _ = wiring(Sequential([Twice([ReLU()], name="own")]), (3,))
    assert [node.path for node in nodes] == ["input", "own"]


def test_samples_that_do_not_fit():
    with pytest.raises(ValueError, match="samples must have 3 axes"):
        wiring(Sequential([Conv2D(2, 3)]), (4,))
