"""Files written by hand are read as Keras means them; expected values are by loops and formulas."""

import logging

import numpy as np
import pytest

import onepath as op
from onepath import layers
from onepath.interop import UnsupportedLayerError
from onepath.interop.keras import load, save

from .handmade import (
    called,
    dense_file,
    described,
    functional,
    input_layer,
    layer,
    sequential,
    write,
)

COMPILED = {
    "optimizer": described(
        "Adam",
        {
            "name": "adam",
            "learning_rate": 0.25,
            "beta_1": 0.5,
            "weight_decay": None,
            "use_ema": False,
            "ema_momentum": 0.99,
        },
        "keras.src.backend.torch.optimizers.torch_adam",
        "Adam",
    ),
    "loss": "mse",
    "metrics": ["accuracy"],
}


def array(*shape, start=0):
    """Small numbers of which no two are equal."""
    return (np.arange(np.prod(shape), dtype="float32").reshape(shape) + start) / 16


def correlated(x, kernel):
    """Valid cross-correlation of (N, H, W, C) images with a kernel of (h, w, C, F)."""
    n, height, width, _ = x.shape
    h, w, _, filters = kernel.shape
    y = np.zeros((n, height - h + 1, width - w + 1, filters))
    for i in range(y.shape[1]):
        for j in range(y.shape[2]):
            y[:, i, j] = np.tensordot(x[:, i : i + h, j : j + w], kernel, 3)
    return y


def softmax(z):
    e = np.exp(z - z.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


KERNEL, BIAS = array(2, 3, 2, 3, start=-9), array(3, start=1)
# of no pattern: with one, a softmax would not see which row is where
ROWS = np.random.default_rng(1).normal(size=(18, 2)).astype("float32")
SHIFT = array(2)
CONV = {"filters": 3, "kernel_size": [2, 3], "data_format": "channels_last", "activation": "relu"}


@pytest.fixture
def convolutional(path):
    """Convolution with ReLU, flattened, and a dense layer with softmax."""
    model = sequential(
        input_layer("image", 4, 4, 2),
        layer("Conv2D", "conv", **CONV),
        layer("Flatten", "flat", data_format="channels_last"),
        layer("Dense", "out", units=2, activation="softmax"),
    )
    return write(path, model, {"layers/conv2d": [KERNEL, BIAS], "layers/dense": [ROWS, SHIFT]})


def defined(x):
    y = np.maximum(correlated(x, KERNEL) + BIAS, 0)
    return softmax(y.reshape(len(x), -1) @ ROWS + SHIFT)


def test_a_stack_computes_what_keras_means(convolutional, rng, backend):
    x = rng.normal(size=(5, 4, 4, 2)).astype("float32")
    model = load(convolutional, device=backend)
    assert isinstance(model, op.Sequential)
    assert model.backend is backend
    assert [each.name for each in model.layers] == [
        "conv",
        "conv_activation",
        "flat",
        "out",
        "out_activation",
    ]
    np.testing.assert_allclose(model.predict(x), defined(x), rtol=1e-5, atol=1e-6)


def test_channels_may_be_put_first(convolutional, rng, backend):
    x = rng.normal(size=(5, 4, 4, 2)).astype("float32")
    model = load(convolutional, "channels_first", device=backend)
    assert model.layer.input_shape == (2, 4, 4)
    first = np.ascontiguousarray(np.moveaxis(x, -1, 1))
    np.testing.assert_allclose(model.predict(first), defined(x), rtol=1e-5, atol=1e-6)


@pytest.fixture
def wired(path):
    """Two inputs, two outputs; layers of one class are numbered in the file's order."""
    model = functional(
        [
            called(input_layer("a", 3)),
            called(input_layer("b", 2)),
            called(layer("Dense", "second", units=4, use_bias=False), "b"),
            called(layer("Dense", "first", units=4, activation="tanh"), "a"),
            called(layer("Add", "sum"), "first", "second"),
            called(layer("Concatenate", "both", axis=-1), "sum", "b"),
        ],
        ["a", "b"],
        ["both", "first"],
    )
    weights = {
        "layers/dense": [array(2, 4)],
        "layers/dense_1": [array(3, 4, start=-6), array(4)],
    }
    return write(path, model, weights)


def test_a_functional_model_becomes_a_graph(wired, rng):
    a, b = (rng.normal(size=(5, n)).astype("float32") for n in (3, 2))
    model = load(wired)
    assert isinstance(model.layer, layers.Graph)
    both, first = model.layer.forward((a, b))
    expected = np.tanh(a @ array(3, 4, start=-6) + array(4))
    np.testing.assert_allclose(first, expected, rtol=1e-6)
    expected = np.concatenate([expected + b @ array(2, 4), b], axis=-1)
    np.testing.assert_allclose(both, expected, rtol=1e-5, atol=1e-6)


def test_models_may_lie_in_models(path, rng):
    inner = functional(
        [
            called(input_layer("deep", 3)),
            called(layer("Dense", "d", units=3), "deep"),
            called(layer("Add", "around"), "deep", "d"),
        ],
        ["deep"],
        ["around"],
        name="inner",
    )
    model = sequential(input_layer("x", 3), layer("Dense", "d", units=3), inner)
    weights = {
        "layers/dense": [array(3, 3), array(3)],
        "layers/functional/layers/dense": [array(3, 3, start=4), array(3, start=5)],
    }
    x = rng.normal(size=(5, 3)).astype("float32")
    y = x @ array(3, 3) + array(3)
    expected = y + y @ array(3, 3, start=4) + array(3, start=5)
    model = load(write(path, model, weights))
    np.testing.assert_allclose(model.predict(x), expected, rtol=1e-5, atol=1e-6)
    save(model, path)
    np.testing.assert_array_equal(load(path).predict(x), model.predict(x))


def test_the_optimizer_goes_on_where_it_was(path):
    """One step of Adam from given moments, by its formula."""
    kernel, m, v = array(2, 1), array(2, 1, start=3), array(2, 1, start=5)
    model = sequential(input_layer("x", 2), layer("Dense", "d", units=1, use_bias=False))
    model["compile_config"] = COMPILED
    state = [np.int32(3), np.float32(0.5), m, v]
    model = load(write(path, model, {"layers/dense": [kernel], "optimizer": state}))
    assert model.optimizer.iterations == 3
    x, y = np.array([[1.0, 2.0]], dtype="float32"), np.array([[1.0]], dtype="float32")
    gradient = 2 * (x @ kernel - y) * x.T
    m, v = 0.5 * m + 0.5 * gradient, 0.999 * v + 0.001 * gradient**2
    alpha = 0.5 * np.sqrt(1 - 0.999**4) / (1 - 0.5**4)
    model.train_on_batch(x, y)
    expected = kernel - alpha * m / (np.sqrt(v) + 1e-7)
    np.testing.assert_allclose(model.layer.parameters["d/kernel"], expected, rtol=1e-5)


@pytest.mark.parametrize(
    "change",
    [
        {"loss": "mine"},
        {"loss": described("Mine", {}, "mine")},
        {"loss": ["mse", "mse"]},
        {"optimizer": described("Mine", {}, "keras.optimizers")},
        {"optimizer": described("Adam", {"clipmode": 3}, "keras.optimizers")},
        {"optimizer": described("Adam", {"learning_rate": -1}, "keras.optimizers")},
        {"loss": described("MeanSquaredError", {"reduction": "sum"}, "keras.losses")},
    ],
    ids=str,
)
def test_what_cannot_be_compiled_is_left_uncompiled(path, change, caplog):
    caplog.set_level(logging.INFO, "onepath")
    model = sequential(input_layer("x", 2), layer("Dense", "d", units=1, use_bias=False))
    model["compile_config"] = COMPILED | change
    model = load(write(path, model, {"layers/dense": [array(2, 1)]}))
    with pytest.raises(RuntimeError, match="call compile"):
        _ = model.optimizer
    assert "left uncompiled" in caplog.text


def test_open_lengths_are_asked_for(path):
    model = sequential(input_layer("x", None, 3), layer("Dense", "d", units=2))
    write(path, model, {"layers/dense": [array(3, 2), array(2)]})
    with pytest.raises(UnsupportedLayerError, match=r"'x' has shape \(None, 3\), with open len"):
        load(path)
    assert load(path, input_shape=(7, 3)).layer.input_shape == (7, 3)
    with pytest.raises(UnsupportedLayerError, match=r"which \(7, 4\) does not fit"):
        load(path, input_shape=(7, 4))


@pytest.mark.parametrize("options", [{}, {"data_format": "channels_last"}], ids=str)
def test_what_is_left_out_is_as_keras_has_it(path, options):
    """Some of Keras's layers have no format; their channels are last, where ours would be first."""
    model = sequential(
        input_layer("x", 4, 2),
        layer("BatchNormalization", "n"),
        layer("ZeroPadding1D", "p", padding=[0, 1], **options),
    )
    moments = [np.full(2, n, dtype="float32") for n in (2, 1, 0, 1)]
    model = load(write(path, model, {"layers/batch_normalization": moments}))
    x = np.arange(8, dtype="float32").reshape(1, 4, 2)
    expected = np.pad(x * 2 / np.sqrt(1.001) + 1, [(0, 0), (0, 1), (0, 0)])
    np.testing.assert_allclose(model.predict(x), expected, rtol=1e-6)


def test_a_frozen_layer_stays_frozen(path):
    model = sequential(input_layer("x", 3), layer("Dense", "d", units=2) | {})
    model["config"]["layers"][1]["config"]["trainable"] = False
    model = load(write(path, model, {"layers/dense": [array(3, 2), array(2)]}))
    assert not model.layers[0].trainable
    save(model, path)
    assert not load(path).layers[0].trainable


def test_weights_may_be_nan(path):
    weights = np.full((3, 2), np.nan, dtype="float32")
    model = sequential(input_layer("x", 3), layer("Dense", "d", units=2, use_bias=False))
    model = load(write(path, model, {"layers/dense": [weights]}))
    assert np.isnan(model.layer.parameters["d/kernel"]).all()


def test_compressed_files_are_read(tmp_path):
    from zipfile import ZIP_DEFLATED

    def gzipped(place):
        data = np.arange(3000, dtype="float32").reshape(3, 1000)
        place.create_dataset("0", data=data, compression="gzip", shuffle=True)

    model = sequential(input_layer("x", 3), layer("Dense", "d", units=1000, use_bias=False))
    path = write(tmp_path / "m", model, {"layers/dense": gzipped}, ZIP_DEFLATED)
    assert load(path).layer.parameters["d/kernel"][2, 999] == 2999


def test_a_missing_package_is_named(path, monkeypatch):
    dense_file(path)
    monkeypatch.setitem(__import__("sys").modules, "h5py", None)
    with pytest.raises(ImportError, match="pip install h5py"):
        load(path)


def test_no_file_is_no_damage(tmp_path):
    with pytest.raises(FileNotFoundError):
        load(tmp_path / "none")


def test_an_unknown_format_is_refused(path):
    with pytest.raises(ValueError, match="data_format must be None or 'channels_first'"):
        load(dense_file(path), data_format="channels_last")
