"""The table of a network: rows, columns and totals, and what becomes of long lines."""

import pytest

from onepath import layers
from onepath.training.summary import summarize


def built(layer, *shapes):
    layer.build(shapes if len(shapes) > 1 else shapes[0])
    return layer


def test_stacks_and_what_is_inside_them():
    net = layers.Sequential(
        [
            layers.Conv2D(2, 3),
            layers.Residual(layers.Conv2D(2, 3, padding="same", use_bias=False)),
            layers.BatchNormalization(),
            layers.Flatten(),
            layers.Dense(10),
        ]
    )
    # 2 * 9 + 2, 2 * 2 * 9, 2 * 2, 32 * 10 + 10; the last two are moving
    assert summarize(built(net, (1, 6, 6)), 80).split("\n") == [
        "layer                                       output shape  parameters",
        "────────────────────────────────────────────────────────────────────",
        "input                                       (N, 1, 6, 6)",
        "sequential (Sequential)                     (N, 10)              390",
        "  conv2d (Conv2D)                           (N, 2, 4, 4)          20",
        "  residual (Residual)                       (N, 2, 4, 4)          36",
        "    conv2d (Conv2D)                         (N, 2, 4, 4)          36",
        "  batch_normalization (BatchNormalization)  (N, 2, 4, 4)           4",
        "  flatten (Flatten)                         (N, 32)                0",
        "  dense (Dense)                             (N, 10)              330",
        "────────────────────────────────────────────────────────────────────",
        "parameters                                                       390",
        "state (not learned)                                                4",
        "memory on cpu                                               1.54 KiB",
    ]


def test_what_is_frozen_is_marked_and_counted():
    net = layers.Sequential([layers.Dense(6), layers.ReLU(), layers.Dense(2)], name="net")
    net.layers[0].trainable = net.layers[1].trainable = False
    lines = summarize(built(net, (5,)), 80).split("\n")
    assert [line.split("  (N")[0].rstrip() for line in lines[4:7]] == [
        "  dense (Dense, frozen)",
        "  relu (ReLU)",
        "  dense_1 (Dense)",
    ]
    totals = [line.rsplit(None, 1) for line in lines[8:]]
    # 5 * 6 + 6, 6 * 2 + 2
    assert totals[:3] == [["parameters", "50"], ["  trainable", "14"], ["  frozen", "36"]]
    net.trainable = False
    lines = summarize(net, 80).split("\n")
    assert lines[3].startswith("net (Sequential, frozen)")


def test_graphs_tell_what_each_node_takes():
    net = layers.Graph(
        ["image", "mask"],
        {
            "flat": (layers.Flatten(), "image"),
            "both": (layers.Concatenate(), ["flat", "mask"]),
            "label": (layers.Dense(3), "both"),
            "box": (layers.Dense(4), "both"),
        },
        ["label", "box"],
        name="net",
    )
    assert summarize(built(net, (1, 2, 4), (5,)), 80).split("\n") == [
        "layer                    output shape    takes       parameters",
        "───────────────────────────────────────────────────────────────",
        "net (Graph)              (N, 3), (N, 4)                      98",
        "  image (input)          (N, 1, 2, 4)",
        "  mask (input)           (N, 5)",
        "  flat (Flatten)         (N, 8)          image                0",
        "  both (Concatenate)     (N, 13)         flat, mask           0",
        "  label (Dense, output)  (N, 3)          both                42",
        "  box (Dense, output)    (N, 4)          both                56",
        "───────────────────────────────────────────────────────────────",
        "parameters                                                   98",
        "memory on cpu                                          0.38 KiB",
    ]


def test_graphs_inside_others_have_inputs_of_their_own():
    inner = layers.Graph("x", {"relu": (layers.ReLU(), "x")}, "relu")
    net = layers.Sequential([inner, layers.Flatten()])
    lines = summarize(built(net, (2, 3)), 80).split("\n")
    assert [line.split("  (N")[0].rstrip() for line in lines[2:8]] == [
        "input",
        "sequential (Sequential)",
        "  graph (Graph)",
        "    x (input)",
        "    relu (ReLU)",
        "  flatten (Flatten)",
    ]
    assert lines[6].split() == ["relu", "(ReLU)", "(N,", "2,", "3)", "x", "0"]
    assert lines[-1].split() == ["memory", "on", "cpu", "none"]


def test_a_layer_with_several_inputs():
    lines = summarize(built(layers.Add(), (2, 3), (2, 3)), 80).split("\n")
    assert lines[2].split(maxsplit=1) == ["input", "(N, 2, 3), (N, 2, 3)"]


def test_long_names_and_shapes_keep_within_the_line():
    net = layers.Sequential(
        [
            layers.Conv2D(8, 3, name="a_name_" * 9),
            layers.Sequential([layers.Sequential([layers.Flatten(), layers.Dense(10**5)])]),
        ]
    )
    text = summarize(built(net, (1, 8, 8)), 60)
    lines = text.split("\n")
    assert max(map(len, lines)) == 60
    assert "name_a_name_ (Conv2D)" in text
    # 288 * 10**5 + 10**5 + 80
    assert lines[-2].split() == ["parameters", "28,900,080"]
    wide = summarize(net, 200)
    assert "a_name_" * 9 in wide
    assert "…" not in wide


def test_the_device_is_named(backend):
    assert f"memory on {backend.name}" in summarize(built(layers.Dense(3), (4,)).to(backend), 80)


def test_what_is_not_built_has_no_shapes():
    with pytest.raises(RuntimeError, match=r"'dense' is not built: call build\(input_shape\)"):
        summarize(layers.Dense(3))
