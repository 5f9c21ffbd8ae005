"""Model files: what is written comes back, and damage is found."""

import json
import os

import numpy as np
import pytest

import onepath as op
from onepath import layers
from onepath.training import CorruptFileError, files


@pytest.fixture
def model():
    op.set_seed(3)
    model = op.Sequential(
        [
            layers.Conv2D(3, 3, padding=[(0, 1), 1], groups=2),
            layers.BatchNormalization(),
            layers.Residual(layers.Conv2D(3, 1), layers.Conv2D(3, 1, use_bias=False)),
            layers.Flatten(),
            layers.Dense(4, dtype="float64"),
        ]
    )
    return model


@pytest.fixture
def images():
    return np.random.default_rng(0).normal(size=(5, 2, 4, 4)).astype("float32")


def fitted(model, images):
    model = op.Sequential([layers.Conv2D(2, 3), layers.Flatten(), layers.Dense(3)])
    model.compile("adam", op.losses.SparseCategoricalCrossentropy(from_logits=True))
    model.fit(images, np.arange(5) % 3, verbose=0)
    return model


def test_what_is_written_comes_back(backend, images, tmp_path):
    model = fitted(None, images).to(backend)
    expected = model.predict(images)
    model.save(tmp_path / "model.onepath")
    assert model.backend is backend
    read = op.load_model(tmp_path / "model.onepath", backend)
    np.testing.assert_array_equal(read.predict(images), expected)
    np.testing.assert_array_equal(read.predict_proba(images), model.predict_proba(images))
    assert read.layer.get_config() == model.layer.get_config()


def test_state_and_nested_layers_come_back(model, images, tmp_path):
    model = op.Sequential([layers.Conv2D(4, 3), layers.BatchNormalization(), *model.layers[2:]])
    for _ in range(3):
        model.layer.forward(images, training=True)
    model.save(tmp_path / "m")
    read = op.load_model(tmp_path / "m")
    assert set(read.arrays()) == set(model.arrays())
    for name, array in model.arrays().items():
        np.testing.assert_array_equal(read.arrays()[name], array)
        assert read.arrays()[name].dtype == array.dtype
    np.testing.assert_array_equal(read.predict(images), model.predict(images))


def test_arrays_that_are_not_contiguous_come_back_right(tmp_path):
    array = np.arange(24.0).reshape(4, 6)
    files.write(tmp_path / "f", {}, {"t": array.T, "s": array[:, ::2]})
    _, arrays = files.read(tmp_path / "f")
    np.testing.assert_array_equal(arrays["t"], array.T)
    np.testing.assert_array_equal(arrays["s"], array[:, ::2])


def test_every_truncation_and_every_flipped_byte_is_found(tmp_path):
    path = tmp_path / "f"
    files.write(path, {"a": [1, 2]}, {"w": np.arange(6, dtype="float32")})
    whole = path.read_bytes()
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        with pytest.raises(CorruptFileError, match="f is"):
            files.read(path)
    for position in range(len(whole)):
        damaged = bytearray(whole)
        damaged[position] ^= 1 << (position % 8)
        path.write_bytes(damaged)
        try:
            description, arrays = files.read(path)
        except CorruptFileError:
            continue
        # harmless where it is not refused: a space of the header's filling
        assert description == {"a": [1, 2]}
        np.testing.assert_array_equal(arrays["w"], np.arange(6))


def test_another_format_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "FORMAT", 99)
    files.write(tmp_path / "f", {}, {"w": np.zeros(1)})
    monkeypatch.undo()
    with pytest.raises(CorruptFileError, match=r"format 99, this version of onepath reads 1"):
        files.read(tmp_path / "f")


def test_weights_that_do_not_fit_the_layers_are_refused(images, tmp_path):
    model = fitted(None, images)
    model.save(tmp_path / "f")
    description, arrays = files.read(tmp_path / "f")
    arrays["dense/bias"] = arrays["dense/bias"][:1]
    files.write(tmp_path / "f", description, arrays)
    with pytest.raises(CorruptFileError, match="weights do not fit"):
        op.load_model(tmp_path / "f")


def test_an_unregistered_layer_is_named(tmp_path):
    description = {"layer": {"class_name": "os.system", "config": {}}, "input_shape": [1]}
    files.write(tmp_path / "f", description, {})
    with pytest.raises(ValueError, match=r"no layer class 'os\.system' is registered"):
        op.load_model(tmp_path / "f")


def test_a_failed_write_leaves_the_older_file(images, tmp_path, monkeypatch):
    model = fitted(None, images)
    path = tmp_path / "m"
    model.save(path)
    before = path.read_bytes()

    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        model.save(path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_an_unbuilt_model_has_nothing_to_save(tmp_path):
    with pytest.raises(RuntimeError, match="not built"):
        op.Sequential([layers.Dense(3)]).save(tmp_path / "m")
    assert not any(tmp_path.iterdir())


def test_a_missing_package_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "safetensors.numpy", None)
    with pytest.raises(ImportError, match=r"pip install 'onepath\[train\]'"):
        files.read(tmp_path / "m")


def test_a_description_is_plain_json(images, tmp_path):
    model = fitted(None, images)
    model.save(tmp_path / "m")
    description, _ = files.read(tmp_path / "m")
    assert json.loads(json.dumps(description)) == description
    options = {"from_logits": True, "label_smoothing": 0.0}
    assert description["loss"] == ["sparse_categorical_crossentropy", options]
