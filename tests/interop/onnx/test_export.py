"""What is written is what ONNX allows, and computes the same in onnxruntime."""

import importlib
import subprocess
import sys

import numpy as np
import pytest

import onepath as op
from onepath.interop import UnsupportedLayerError
from onepath.interop.onnx import save, to_onnx
from onepath.layers import (
    BatchNormalization,
    Conv2D,
    Dense,
    Flatten,
    GlobalAveragePooling2D,
    MaxPooling2D,
    ReLU,
    Residual,
    Sequential,
)
from onepath.testing.cases import layer_cases

NAMES = [case.name for case in layer_cases()]


@pytest.mark.parametrize("name", NAMES)
def test_onnxruntime_computes_the_same(built, infer, run_onnx, name):
    case = built(name)
    model = to_onnx(case.layer)
    for batch in (3, 1):
        x = tuple(a[:batch] for a in case.x)
        expected = infer(case.layer, x if case.several else x[0])
        actual = run_onnx(model, *x)
        for a, b in zip(actual, expected, strict=True):
            assert a.dtype == b.dtype
            np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-5)


def test_float64_models(onnx, infer):
    layer = Sequential(
        [
            Conv2D(3, 2, data_format="channels_last", dtype="float64", seed=1),
            BatchNormalization(axis=-1, dtype="float64"),
            ReLU(),
            Flatten(),
            Dense(4, dtype="float64", seed=2),
        ]
    )
    layer.build((4, 5, 2))
    x = np.random.default_rng(0).standard_normal((3, 4, 5, 2))
    reference = importlib.import_module("onnx.reference")  # onnxruntime has not all in float64
    (y,) = reference.ReferenceEvaluator(to_onnx(layer)).run(None, {"input": x})
    assert y.dtype == np.float64
    np.testing.assert_allclose(y, infer(layer, x)[0], rtol=1e-6, atol=1e-7)


def test_dtypes_may_change_on_the_way(infer, run_onnx):
    layer = Sequential([Dense(3, dtype="float64", seed=1), Dense(2, dtype="float32", seed=2)])
    layer.build((4,))
    x = np.random.default_rng(0).standard_normal((3, 4))
    (y,) = run_onnx(to_onnx(layer), x)
    assert y.dtype == np.float32
    np.testing.assert_allclose(y, infer(layer, x)[0], rtol=1e-5, atol=1e-6)


def test_mixed_precision_is_written_by_its_float32_parameters(onnx, run_onnx):
    layer = Dense(3, dtype="mixed_float16", seed=1)
    layer.build((4,))
    x = np.random.default_rng(0).standard_normal((2, 4)).astype("float32")
    (y,) = run_onnx(to_onnx(layer), x)
    np.testing.assert_allclose(y, x @ layer.parameters["kernel"], rtol=1e-5, atol=1e-6)


def network():
    """One with everything: nested, residual, both layouts."""
    block = Residual(
        Sequential([Conv2D(4, 3, padding="same", seed=2), BatchNormalization(), ReLU()]),
        Conv2D(4, 1, seed=3),
        name="block",
    )
    layers = [MaxPooling2D(), block, GlobalAveragePooling2D(), Dense(5, seed=4, name="head")]
    model = op.Sequential([Conv2D(3, 3, seed=1), *layers])
    model.build((1, 8, 8))
    return model


def test_a_model_is_saved(tmp_path, onnx, run_onnx):
    model = network()
    save(model, tmp_path / "model.onnx")
    read = onnx.load(tmp_path / "model.onnx")
    onnx.checker.check_model(read, full_check=True)
    assert read.opset_import[0].version == 21
    assert [d.dim_param or d.dim_value for d in read.graph.input[0].type.tensor_type.shape.dim] == [
        "batch",
        1,
        8,
        8,
    ]
    assert {tensor.name for tensor in read.graph.initializer} == set(model.arrays())
    x = np.random.default_rng(0).standard_normal((6, 1, 8, 8)).astype("float32")
    np.testing.assert_allclose(run_onnx(read, x)[0], model.predict(x), rtol=1e-5, atol=1e-6)


def test_a_model_is_exported_from_where_it_is(backend, onnx):
    model = network()
    expected = to_onnx(model).SerializeToString()
    assert to_onnx(model.to(backend)).SerializeToString() == expected
    assert model.backend is backend


def test_layers_are_built_for_a_shape_that_is_given(onnx):
    layer = Dense(2, seed=1)
    with pytest.raises(ValueError, match="does not know the shape of its input: give input_shape"):
        to_onnx(layer)
    assert to_onnx(layer, (3,)).graph.initializer[0].dims == [3, 2]
    assert to_onnx(ReLU(), (3, 4)).graph.node[0].op_type == "Relu"


def test_transpositions_that_undo_each_other_are_left_out(onnx):
    convolutions = [Conv2D(2, 2, data_format="channels_last", seed=n) for n in range(3)]
    nodes = to_onnx(Sequential(convolutions), (5, 5, 1)).graph.node
    assert [node.op_type for node in nodes].count("Transpose") == 2


class Doubling(ReLU):
    """A class that is like a known one, but for what it computes."""

    def _forward(self, x, training):
        return 2 * super()._forward(x, training)


class Custom(Doubling):
    """Another."""


@pytest.mark.parametrize("cls", [Doubling, Custom])
def test_other_classes_are_refused_by_name_and_place(onnx, cls):
    layer = Sequential([Sequential([Dense(2, seed=1), cls(name="odd")], name="inner")])
    message = f"{cls.__name__} 'odd' at 'inner/odd': ONNX has no words for a {cls.__name__} here"
    with pytest.raises(UnsupportedLayerError, match=message):
        to_onnx(layer, (2,))


def test_a_missing_package_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(ImportError, match=r"pip install 'onepath\[onnx\]'"):
        to_onnx(Dense(2), (3,))


def test_the_room_is_imported_when_it_is_asked_for():
    code = (
        "import sys, onepath as op\n"
        "assert 'onepath.interop' not in sys.modules\n"
        "op.interop.onnx.save\n"
        "assert 'onnx' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
    with pytest.raises(AttributeError, match="interop' has no attribute 'nothing'"):
        _ = op.interop.nothing
