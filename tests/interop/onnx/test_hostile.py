"""Files may come from anywhere: what is damaged or malicious is refused, clearly and at once."""

import random

import numpy as np
import pytest

from onepath.interop import CorruptFileError, UnsupportedLayerError
from onepath.interop.onnx import from_onnx, load, to_onnx
from onepath.interop.onnx.importing.tensors import array_of
from onepath.layers import BatchNormalization, Conv2D, Dense, Flatten, ReLU, Sequential


@pytest.fixture(scope="module")
def good(onnx):
    """A model that is as it should be."""
    layers = [
        Conv2D(2, 3, padding="same", seed=1),
        BatchNormalization(),
        ReLU(),
        Flatten(),
        Dense(3, seed=2),
    ]
    return to_onnx(Sequential(layers), (1, 4, 4))


@pytest.fixture
def model(good):
    """One to be spoilt."""
    copy = type(good)()
    copy.CopyFrom(good)
    return copy


def refused(model, error, message):
    with pytest.raises(error, match=message):
        from_onnx(model)


def test_truncated_files_are_refused(tmp_path, good):
    data = good.SerializeToString()
    path = tmp_path / "model.onnx"
    for length in range(0, len(data) - 1, 7):
        path.write_bytes(data[:length])
        with pytest.raises((CorruptFileError, UnsupportedLayerError)):
            load(path)


def test_another_file_is_none_of_onnx(tmp_path, onnx):
    path = tmp_path / "model.onnx"
    path.write_bytes(b"PK\x03\x04 something else")
    with pytest.raises(CorruptFileError, match=r"model.onnx is no ONNX file, or is damaged"):
        load(path)
    path.write_bytes(b"")
    with pytest.raises(CorruptFileError, match="the model has no graph"):
        load(path)
    with pytest.raises(FileNotFoundError):
        load(tmp_path / "absent.onnx")


def test_flipped_bits_are_refused_or_harmless(tmp_path, good):
    """What a flip leaves valid, as it does in weights, makes a model; nothing else is raised."""
    data, path, rng = good.SerializeToString(), tmp_path / "model.onnx", random.Random(1)
    outcomes = {"read": 0, "refused": 0}
    for _ in range(300):
        spoilt = bytearray(data)
        spoilt[rng.randrange(len(spoilt))] ^= 1 << rng.randrange(8)
        path.write_bytes(spoilt)
        try:
            load(path, input_shape=(1, 4, 4))
            outcomes["read"] += 1
        except (CorruptFileError, UnsupportedLayerError):
            outcomes["refused"] += 1
        except ValueError as error:
            assert "input_shape" in str(error)  # noqa: PT017 - a dimension that is another now
    assert min(outcomes.values()) > 30


def test_external_data_is_never_opened(tmp_path, monkeypatch, model, onnx):
    (tmp_path / "secret").write_bytes(bytes(1000))
    monkeypatch.chdir(tmp_path)
    tensor = model.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = onnx.TensorProto.EXTERNAL
    entry = tensor.external_data.add()
    entry.key, entry.value = "location", "secret"
    opened = []
    monkeypatch.setattr("builtins.open", lambda *args, **options: opened.append(args))
    refused(model, UnsupportedLayerError, "lies in another file, and none is read because a model")
    tensor.data_location = onnx.TensorProto.DEFAULT
    refused(model, UnsupportedLayerError, "lies in another file")
    constant = onnx.helper.make_node("Constant", [], ["c"], value=tensor)
    tensor_free = type(model)()
    tensor_free.CopyFrom(model)
    del tensor_free.graph.initializer[:]
    tensor_free.graph.node.insert(0, constant)
    refused(tensor_free, UnsupportedLayerError, "Constant at 'c': the tensor .* in another file")
    assert opened == []


@pytest.mark.parametrize(
    "dims", [[1 << 40, 1 << 20], [2, 1, 3, 4], [-2, -1, 3, 3], [0, 1 << 62, 1 << 62], [1] * 70]
)
def test_dimensions_must_be_those_of_what_is_stored(model, dims):
    model.graph.initializer[0].dims[:] = dims
    # which of the two sees it depends on the version of onnx
    refused(model, (CorruptFileError, UnsupportedLayerError), "tensor|kernel")


def test_nothing_is_made_that_is_not_stored(onnx):
    """Whatever the checker of the installed onnx lets through."""
    tensor = onnx.numpy_helper.from_array(np.ones(3, "float32"), "w")
    for dims in ([1 << 40], [-3], [4]):
        tensor.dims[:] = dims
        with pytest.raises(
            CorruptFileError, match=r"'w' declares shape .*, and 3 numbers are stored"
        ):
            array_of(onnx, tensor, "here")


def test_numbers_in_fields_are_counted_too(model, onnx):
    tensor = model.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.float_data[:] = [0.0] * 17
    refused(
        model, CorruptFileError, r"declares shape \(2, 1, 3, 3\), and 17 numbers are stored|data"
    )


@pytest.mark.parametrize("axis", [1, 2, 3])
def test_giant_inputs_make_nothing_giant(model, axis):
    model.graph.input[0].type.tensor_type.shape.dim[axis].dim_value = 1 << 40
    refused(model, UnsupportedLayerError, "gets .* and its weights are for|fits no layer")


def test_giant_inputs_of_normalization_make_nothing_giant(model_of):
    ones = np.ones(3, "float32")
    weights = {"s": ones, "b": ones, "m": ones, "v": ones}
    node = ("BatchNormalization", ["x", *weights], ["y"], {})
    model = model_of([node], {"x": ("n", 1 << 45)}, {"y": ("n", 1 << 45)}, weights)
    refused(model, UnsupportedLayerError, "BatchNormalization at .* gets 35184372088832 channels")


def test_unknown_operators_are_named_with_their_place(model_of):
    nodes = [("Relu", ["x"], ["a"], {}), ("Det", ["a"], ["y"], {})]
    model = model_of(nodes, {"x": (2, 3, 3)}, {"y": (2,)})
    refused(
        model, UnsupportedLayerError, r"no layer computes Det \(Det at 'det_1'\); operators that"
    )


def test_other_domains_are_refused(model):
    model.graph.node[0].domain = "com.evil"
    refused(
        model, UnsupportedLayerError, r"operators of the domains \['com.evil'\]; ONNX's own alone"
    )


def test_functions_are_refused(model, onnx):
    helper = onnx.helper
    body = [helper.make_node("Relu", ["a"], ["b"])]
    opsets = [helper.make_opsetid("", 21)]
    model.functions.append(helper.make_function("", "Relu", ["a"], ["b"], body, opsets))
    refused(model, UnsupportedLayerError, "has functions, training graphs or sparse weights")


def test_subgraphs_are_refused(model, onnx):
    body = onnx.helper.make_graph([], "body", [], [])
    model.graph.node[2].attribute.append(onnx.helper.make_attribute("body", body))
    refused(model, UnsupportedLayerError, "Relu at .*: the attribute 'body' is a graph")


def test_circles_are_refused(model_of):
    nodes = [("Add", ["x", "b"], ["a"], {}), ("Relu", ["a"], ["b"], {})]
    model = model_of(nodes, {"x": (2, 3)}, {"b": (2, 3)})
    refused(model, CorruptFileError, "is not what ONNX allows: .*topologically sorted")


def test_names_given_twice_are_refused(model_of):
    nodes = [("Relu", ["x"], ["a"], {}), ("Tanh", ["x"], ["a"], {})]
    model = model_of(nodes, {"x": (2, 3)}, {"a": (2, 3)})
    refused(model, CorruptFileError, "is not what ONNX allows")


def test_names_that_are_no_text_are_refused(tmp_path, model_of):
    data = model_of([("Relu", ["xxxx"], ["y"], {})], {"xxxx": (2, 3)}, {"y": (2, 3)})
    path = tmp_path / "model.onnx"
    path.write_bytes(data.SerializeToString().replace(b"xxxx", b"\xff\xfexx"))
    with pytest.raises(CorruptFileError, match="a name in it is no text"):
        load(path)


def test_names_are_no_paths_and_no_keys_of_others(model_of, infer):
    """Layers get names that no other has, without the slash that parameters are told apart by."""
    nodes = [("Relu", ["x"], ["a"], {}), ("Tanh", ["a"], ["b"], {}), ("Sigmoid", ["b"], ["y"], {})]
    model = model_of(nodes, {"x": (2, 3)}, {"y": (2, 3)})
    for node in model.graph.node:
        node.name = "../../x"
    layer = from_onnx(model).layer
    assert [each.name for each in layer.layers] == ["......x", "......x_2", "......x_3"]


@pytest.mark.parametrize(("opset", "message"), [(5, "of version 5; 6 to"), (99, "of version 99")])
def test_versions_that_are_not_known_are_refused(model, opset, message):
    model.opset_import[0].version = opset
    refused(model, UnsupportedLayerError, message)


def test_a_newer_format_is_refused(model):
    model.ir_version = 1000
    refused(model, UnsupportedLayerError, "of format 1000, the installed onnx knows")
