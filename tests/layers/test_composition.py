"""Names of layers within layers, and what may be composed."""

import numpy as np
import pytest

from onepath.layers import (
    BatchNormalization,
    Conv2D,
    Conv2DTranspose,
    Dense,
    Flatten,
    Layer,
    LeakyReLU,
    ReLU,
    Residual,
    Sequential,
)


def names(layer):
    return [child.name for child in layer.children]


def test_layers_are_named_after_their_classes():
    class XYZCell(Layer):
        """Someone's, in several capitals."""

    class PReLU2(Layer):
        """Someone's, whose first two capitals do not begin words."""

    layers = [
        Conv2D(1, 1),
        Conv2DTranspose(1, 1),
        ReLU(),
        LeakyReLU(),
        BatchNormalization(),
        XYZCell(),
        PReLU2(),
    ]
    assert [each.name for each in layers] == [
        "conv2d",
        "conv2d_transpose",
        "relu",
        "leaky_relu",
        "batch_normalization",
        "xyz_cell",
        "prelu2",
    ]


def test_layers_without_names_get_names_of_their_own():
    network = Sequential([Dense(2), Dense(2, name="dense_1"), Dense(2), ReLU(), ReLU()])
    assert names(network) == ["dense", "dense_1", "dense_2", "relu", "relu_1"]


def test_given_names_come_first():
    network = Sequential([Dense(2), Dense(2, name="dense")])
    assert names(network) == ["dense_1", "dense"]


def test_parameters_are_named_after_layers():
    network = Sequential([Dense(2), Residual(Dense(2, name="main"), name="around")])
    network.build((3,))
    assert list(network.parameters) == [
        "dense/kernel",
        "dense/bias",
        "around/main/kernel",
        "around/main/bias",
    ]
    assert network.parameters["around/main/bias"] is network.layers[1].main.parameters["bias"]


def test_description_keeps_the_names():
    network = Sequential([Dense(2), Dense(2), ReLU()])
    assert names(Sequential.from_config(network.get_config())) == names(network)


@pytest.mark.parametrize("cls", [lambda *layers: Sequential(layers), Residual])
def test_two_layers_with_one_name(cls):
    with pytest.raises(ValueError, match=r"(Sequential|Residual) '.*': two layers are named 'a'"):
        cls(Dense(2, name="a"), Dense(2, name="a"))


@pytest.mark.parametrize("cls", [lambda *layers: Sequential(layers), Residual])
def test_one_layer_twice(cls):
    layer = ReLU()
    with pytest.raises(ValueError, match=r"'.*': a layer is there twice"):
        cls(layer, layer)


def test_names_must_not_look_like_paths():
    with pytest.raises(ValueError, match="a layer's name must be without '/', got 'a/b'"):
        Dense(2, name="a/b")


@pytest.mark.parametrize("other", [None, Dense, "Dense", np.tanh])
def test_only_layers_are_composed(other):
    with pytest.raises(TypeError, match="Sequential 'net' is made of layers, got "):
        Sequential([ReLU(), other], name="net")
    with pytest.raises(TypeError, match="Residual 'net' is made of layers, got "):
        Residual(other, name="net")


def test_sequential_of_nothing():
    with pytest.raises(ValueError, match="Sequential 'sequential' needs at least one layer"):
        Sequential([])


def test_both_ways_of_a_residual_end_in_one_shape():
    layer = Residual(Dense(4))
    message = (
        r"Residual 'residual': samples of shape \(3,\) do not fit: "
        r"main gives \(4,\), the way around \(3,\): they must be equal"
    )
    with pytest.raises(ValueError, match=message):
        layer.forward(np.ones((2, 3)))
    assert not layer.built
    assert not layer.main.built
    assert layer.forward(np.ones((2, 4))).shape == (2, 4)


def test_shape_that_fits_only_the_first_layers_builds_none():
    network = Sequential([Dense(4), Conv2D(2, 3)])
    message = r"Sequential 'sequential': .* Conv2D 'conv2d': .* samples must have 3 axes"
    with pytest.raises(ValueError, match=message):
        network.forward(np.ones((2, 5)))
    assert not any(layer.built for layer in (network, *network.layers))


def test_parts_come_with_the_shapes_that_they_get():
    main, shortcut = Dense(4), Dense(4)
    around = Residual(main, shortcut)
    network = Sequential([Flatten(), ReLU(), around])
    flatten, relu = network.layers[:2]
    assert list(network.parts((2, 3))) == [(flatten, (2, 3)), (relu, (6,)), (around, (6,))]
    assert list(around.parts((6,))) == [(main, (6,)), (shortcut, (6,))]
    assert list(main.parts((6,))) == []


def test_clear_reaches_every_layer():
    network = Sequential([Dense(2), Residual(ReLU())])
    network.forward(np.ones((3, 2)))
    network.clear()
    for layer in (network, network.layers[0], network.layers[1].main):
        with pytest.raises(RuntimeError, match="backward needs a forward before it"):
            layer.backward(np.ones((3, 2)))


def test_looks_show_what_was_asked_for():
    network = Sequential([Conv2D(2, (3, 1), padding="same"), Flatten(), Residual(ReLU())])
    assert repr(network) == (
        "Sequential(Conv2D(filters=2, kernel_size=(3, 1), padding='same'), "
        "Flatten(), Residual(ReLU()))"
    )
