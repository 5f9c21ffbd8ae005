"""Convolutions are found wherever they are in a network."""

import pytest

import onepath as op
from onepath.backends import Geometry, get_backend
from onepath.layers import (
    Add,
    Conv1D,
    Conv2D,
    Conv2DTranspose,
    Convolutional,
    Dense,
    Flatten,
    Graph,
    Layer,
    ReLU,
    Residual,
    SeparableConv2D,
    Sequential,
)
from onepath.tuning.convolutions import Convolution, batches_of, convolutions_of, home_of

GEOMETRY = Geometry.of((2, 6, 6), 4, 3)


def test_a_geometry_is_one():
    assert convolutions_of(GEOMETRY) == (Convolution("convolution", GEOMETRY, "float32", "auto"),)
    assert convolutions_of(GEOMETRY, dtype="float64")[0].dtype == "float64"


def test_a_layer_is_one_for_samples_of_a_shape():
    layer = Conv2D(4, 3, name="first", dtype="float64", engine="gemm")
    expected = (Convolution("first (Conv2D)", GEOMETRY, "float64", "gemm"),)
    assert convolutions_of(layer, (2, 6, 6)) == expected
    assert convolutions_of(layer, [2, 6, 6]) == expected
    layer.build((2, 6, 6))
    assert convolutions_of(layer) == expected
    assert convolutions_of(layer, dtype="float16")[0].dtype == "float16"


def test_the_data_format_makes_no_difference():
    layer = Conv2D(4, 3, data_format="channels_last")
    assert convolutions_of(layer, (6, 6, 2))[0].geometry == GEOMETRY


def test_a_geometry_may_be_an_attribute():
    (found,) = convolutions_of(Convolutional((2, 6, 6), 3, 4))
    assert (found.name, found.geometry) == ("convolutional (Convolutional)", GEOMETRY)


def test_a_transposed_convolution_is_the_one_that_goes_the_other_way():
    (found,) = convolutions_of(Conv2DTranspose(2, 3), (4, 4, 4))
    assert found == Convolution("conv2d_transpose (Conv2DTranspose)", GEOMETRY, "float32")


def test_a_separable_convolution_is_two():
    layer = SeparableConv2D(4, 3, depth_multiplier=3, data_format="channels_last", engine="fft")
    found = convolutions_of(layer, (6, 6, 2))
    assert [each.geometry for each in found] == [
        Geometry.of((2, 6, 6), 6, 3, groups=2),
        Geometry.of((6, 4, 4), 4, 1),
    ]
    assert {(each.name, each.engine) for each in found} == {
        ("separable_conv2d (SeparableConv2D)", "fft")
    }


def test_those_inside_others_are_found_with_their_paths_and_shapes():
    block = Residual(
        Sequential([Conv2D(3, 3, padding="same"), ReLU(), Conv2D(5, 1)]), Conv2D(5, 1), name="block"
    )
    network = [Conv2D(3, 3, strides=2), block, Flatten(), Dense(2)]
    expected = [
        ("conv2d (Conv2D)", Geometry.of((1, 9, 9), 3, 3, strides=2)),
        ("block/sequential/conv2d (Conv2D)", Geometry.of((3, 4, 4), 3, 3, padding="same")),
        ("block/sequential/conv2d_1 (Conv2D)", Geometry.of((3, 4, 4), 5, 1)),
        ("block/conv2d (Conv2D)", Geometry.of((3, 4, 4), 5, 1)),
    ]
    model = op.Sequential(network)
    for subject in (model, model.layer):
        found = convolutions_of(subject, (1, 9, 9))
        assert [(each.name, each.geometry) for each in found] == expected


def test_networks_of_several_inputs_are_looked_at_and_measured_in_their_shards(monkeypatch):
    nodes = {"conv": (Conv2D(4, 3), "a"), "sum": (Add(), ["conv", "b"])}
    graph, shapes = Graph(["a", "b"], nodes, "sum"), ((2, 6, 6), (4, 4, 4))
    (found,) = convolutions_of(graph, shapes)
    assert found.name == "conv (Conv2D)"
    assert found.geometry == GEOMETRY
    cpu = get_backend("cpu")
    monkeypatch.setattr(cpu, "shards", lambda shape: {(9, 2, 6, 6): 2}[shape])
    assert batches_of(graph, 9, cpu, shapes) == (9, 5, 4)


def test_a_network_may_have_none():
    assert convolutions_of(Dense(3), (4,)) == ()


def test_ones_own_layer_counts_if_it_tells_its_geometry():
    class Own(Layer):
        def geometry(self, input_shape):
            return Geometry.of(input_shape, 4, 3)

    assert convolutions_of(Own(), (2, 6, 6)) == (Convolution("own (Own)", GEOMETRY, "float32"),)
    Own.geometry = "flat"
    assert convolutions_of(Own(), (2, 6, 6)) == ()


def test_what_is_no_network_is_refused():
    for subject in ("conv", [Conv2D(1, 1)], Conv2D, None):
        with pytest.raises(TypeError, match="expected a layer, a model or a Geometry, got "):
            convolutions_of(subject)


def test_the_shape_must_be_known_and_fit():
    with pytest.raises(
        ValueError, match=r"Conv2D 'conv2d' is not built: say input_shape, .*\(1, 28, 28\)"
    ):
        convolutions_of(Conv2D(4, 3))
    with pytest.raises(ValueError, match=r"Conv1D 'conv1d': samples of shape \(2, 2\) do not fit"):
        convolutions_of(Conv1D(4, 3), (2, 2))


def test_a_network_is_looked_at_where_it_is():
    layer = Conv2D(4, 3)
    assert home_of(layer, None) is home_of(GEOMETRY, None) is get_backend("cpu")
    layer.to("simulated")
    assert home_of(layer, None) is get_backend("simulated")
    assert home_of(op.Model(layer), None) is get_backend("simulated")
    assert home_of(layer, "cpu") is home_of(GEOMETRY, get_backend("cpu")) is get_backend("cpu")


@pytest.mark.parametrize("dtype", ["int32", "f4", 32])
def test_the_dtype_is_floating(dtype):
    with pytest.raises(ValueError, match=f"dtype must be one of .*'float64'.*, got {dtype!r}"):
        convolutions_of(GEOMETRY, dtype=dtype)
