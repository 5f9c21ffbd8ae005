"""What is written: what Keras would write, whole or not at all. Keras itself is asked elsewhere."""

import json
import os
import zipfile

import numpy as np
import pytest

import onepath as op
from onepath import layers
from onepath.interop import UnsupportedLayerError
from onepath.interop.keras import load, save

pytest.importorskip("h5py", reason="h5py is absent: pip install h5py")


@pytest.fixture
def model():
    op.set_seed(3)
    model = op.Sequential(
        [
            layers.Conv2D(3, 3),
            layers.BatchNormalization(),
            layers.ReLU(),
            layers.Residual(layers.Conv2D(3, 1), layers.Conv2D(3, 1, use_bias=False)),
            layers.Flatten(),
            layers.Dense(4, kernel_regularizer="l2"),
        ]
    )
    model.compile("adam", op.losses.SparseCategoricalCrossentropy(from_logits=True), ["accuracy"])
    return model


@pytest.fixture
def data(rng):
    return rng.normal(size=(9, 2, 5, 5)).astype("float32"), np.arange(9) % 4


def test_what_is_written_comes_back(model, data, path, backend):
    model.to(backend)
    model.fit(*data, batch_size=4, verbose=0)
    save(model, path)
    assert model.backend is backend
    read = load(path, device=backend)
    np.testing.assert_allclose(read.predict(data[0]), model.predict(data[0]), rtol=1e-6)
    assert read.optimizer.iterations == model.optimizer.iterations == 3
    x, y = (backend.asarray(each) for each in data)
    for _ in range(3):
        ours, theirs = model.train_on_batch(x, y), read.train_on_batch(x, y)
    np.testing.assert_allclose(backend.to_numpy(theirs), backend.to_numpy(ours), rtol=1e-4)
    assert read.loss.get_config() == model.loss.get_config()
    assert [metric.name for metric in read.metrics] == ["accuracy"]
    assert read.layers[5].kernel_regularizer.get_config() == {"l2": 0.01}


def test_an_optimizer_that_has_not_begun_comes_back(model, data, path):
    model.build((2, 5, 5))
    save(model, path)
    read = load(path)
    assert read.optimizer.iterations == 0
    for each in (model, read):
        each.train_on_batch(*data)
    np.testing.assert_allclose(read.predict(data[0]), model.predict(data[0]), rtol=1e-5)


def test_an_uncompiled_model_comes_back_uncompiled(path):
    model = op.Model(layers.Dense(3))
    model.build((2,))
    save(model, path)
    with pytest.raises(RuntimeError, match="call compile"):
        _ = load(path).optimizer


def test_saving_draws_no_random_numbers(model, path):
    model.build((2, 5, 5))
    op.set_seed(1)
    expected = layers.Dense(2).seed
    op.set_seed(1)
    save(model, path)
    assert layers.Dense(2).seed == expected


def test_the_file_has_keras_members(model, path):
    model.build((2, 5, 5))
    save(model, path)
    with zipfile.ZipFile(path) as archive:
        assert archive.namelist() == ["metadata.json", "config.json", "model.weights.h5"]
        config = json.loads(archive.read("config.json"))
    classes = [layer["class_name"] for layer in config["config"]["layers"]]
    assert classes == [
        "InputLayer",
        "Conv2D",
        "BatchNormalization",
        "ReLU",
        "Functional",
        "Flatten",
        "Dense",
    ]


def test_a_failed_write_leaves_the_older_file(model, path, monkeypatch):
    model.build((2, 5, 5))
    save(model, path)
    before = path.read_bytes()

    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        save(model, path)
    assert path.read_bytes() == before
    assert [*path.parent.iterdir()] == [path]


def test_an_unbuilt_model_has_nothing_to_save(model, path):
    with pytest.raises(RuntimeError, match="not built"):
        save(model, path)
    assert not path.exists()


class Mine(layers.Layer):
    elementwise = True

    def _forward(self, x, training):
        return x


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        (Mine(name="own"), "Mine 'own': a layer of this class cannot be written"),
        (layers.MaxPooling2D(3, padding=1, name="p"), "MaxPooling2D 'p': Keras pools with"),
        (layers.Convolutional((2, 5, 5), 3, 2), "Convolutional"),
        (
            layers.Sequential([layers.Reshape((2, 25)), layers.UpSampling1D(name="u")]),
            "UpSampling1D 'u': Keras has it with data_format='channels_last' alone",
        ),
        (
            layers.Conv2DTranspose(2, 3, padding=1, name="t"),
            "Conv2DTranspose 't': Keras has transposed convolutions with padding 'valid'",
        ),
        (layers.Conv2DTranspose(2, 3, groups=2, name="t"), "without groups"),
    ],
)
def test_what_keras_has_not_is_named(layer, message, path):
    model = op.Sequential([layer])
    model.build((2, 5, 5))
    with pytest.raises(UnsupportedLayerError, match=message):
        save(model, path)
    assert not path.exists()


def test_to_keras_names_what_is_missing(model, monkeypatch):
    from onepath.interop.keras import to_keras

    monkeypatch.setitem(__import__("sys").modules, "keras", None)
    with pytest.raises(ImportError, match=r"pip install 'onepath\[keras\]'"):
        to_keras(model)
