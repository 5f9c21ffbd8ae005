"""What was written is read as layers that compute and learn the same."""

import numpy as np
import pytest

import onepath as op
from onepath.interop import UnsupportedLayerError
from onepath.interop.onnx import from_onnx, load, save, to_onnx
from onepath.layers import Convolutional, Sequential
from onepath.testing.cases import layer_cases

NAMES = [case.name for case in layer_cases()]
ONE_WAY = {
    "ReLU of all options": "Sub at 'sub' takes 1 constants",
    "LogSigmoid": "no layer computes Neg",
    "Squareplus": "no layer computes Sqrt",
    "RMSNormalization": "no layer computes Div, Sqrt",
    "RMSNormalization of images": "no layer computes Div, Sqrt",
    "SimpleRNN sequences backwards": "the outputs of a reversed sequence in the order of time",
    "LSTM sequences backwards": "the outputs of a reversed sequence in the order of time",
    "MultiHeadAttention": "MatMul at .* takes its input 1 .* from what the model computes",
    "MultiHeadAttention causal": "MatMul at .* takes its input 1",
    "MultiHeadAttention of two": "MatMul at .* takes its input 1",
    "MultiHeadAttention of three training": "MatMul at .* takes its input 1",
    "Bidirectional sum": "the outputs of a reversed sequence in the order of time",
}
"""Cases that are written in operators that no layer computes alone, with what reading them says."""


@pytest.mark.parametrize("name", [name for name in NAMES if name not in ONE_WAY])
def test_what_is_read_computes_and_learns_the_same(onnx, built, infer, name):
    case = built(name)
    model = from_onnx(to_onnx(case.layer))
    assert isinstance(model, op.Model)
    pairs = zip(infer(model.layer, case.given), infer(case.layer, case.given), strict=True)
    for a, b in pairs:
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-5)
    gradients = [learned(layer, case.given) for layer in (model.layer, case.layer)]
    for a, b in zip(*gradients, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-4)
    count = [sum(a.size for a in layer.parameters.values()) for layer in (model.layer, case.layer)]
    if count[0] == count[1]:  # ONNX has scales and shifts that a layer may lack
        for a, b in zip(infer(model.layer, case.given), infer(case.layer, case.given), strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-4)


def learned(layer, given):
    """Take a plain gradient step; return the gradients of the inputs."""
    y = layer.forward(given)
    dy = tuple(
        np.cos(np.arange(a.size)).reshape(a.shape) for a in (y if isinstance(y, tuple) else (y,))
    )
    dx = layer.backward(dy if isinstance(y, tuple) else dy[0], learning_rate=0.01)
    return dx if isinstance(dx, tuple) else (dx,)


@pytest.mark.parametrize("name", ONE_WAY)
def test_what_no_layer_computes_alone_is_refused(onnx, built, name):
    with pytest.raises(UnsupportedLayerError, match=ONE_WAY[name]):
        from_onnx(to_onnx(built(name).layer))


def test_the_notebooks_layer_comes_back(onnx):
    layer = from_onnx(to_onnx(Convolutional((2, 5, 4), 3, 3))).layer.layers[0]
    assert isinstance(layer, Convolutional)
    assert layer.biases.shape == (3, 3, 2)


def test_a_model_is_trained_on(tmp_path, onnx):
    layers = op.layers
    model = op.Sequential(
        [
            layers.Conv2D(4, 3, seed=1, name="conv"),
            layers.BatchNormalization(),
            layers.ReLU(),
            layers.MaxPooling2D(),
            layers.Dropout(0.2, seed=2),
            layers.Flatten(),
            layers.Dense(3, seed=3, name="head"),
        ],
    )
    model.build((1, 8, 8))
    save(model, tmp_path / "model.onnx")
    again = load(tmp_path / "model.onnx")
    assert isinstance(again.layer, Sequential)
    assert [type(layer) for layer in again.layer.layers] == [type(layer) for layer in model.layers]
    assert again.layer.layers[4].rate == 0.2
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((32, 1, 8, 8)).astype("float32"), rng.integers(0, 3, 32)
    np.testing.assert_allclose(again.predict(x), model.predict(x), rtol=1e-5, atol=1e-6)
    loss = op.losses.SparseCategoricalCrossentropy(from_logits=True)
    again.compile(op.optimizers.Adam(0.01), loss)
    before = again.evaluate(x, y)["loss"]
    again.fit(x, y, epochs=5, batch_size=8, verbose=False)
    assert again.evaluate(x, y)["loss"] < 0.8 * before
    again.save(tmp_path / "model.onepath")
    np.testing.assert_array_equal(
        op.load_model(tmp_path / "model.onepath").predict(x), again.predict(x)
    )
