import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from onepath.datasets import Dataset, digits, fashion_mnist, load, mnist


def test_digits_are_the_default():
    data = load()
    (x_train, y_train), (x_test, y_test) = digits.load_data()
    assert data.name == "digits"
    assert data.classes == tuple("0123456789")
    for mine, raw in ((data.x_train, x_train), (data.x_test, x_test)):
        assert mine.dtype == np.float32
        assert mine.shape == (len(raw), 1, 8, 8)
        assert np.array_equal(mine[:, 0], raw / 16)  # sixteenths are exact
    for mine, raw in ((data.y_train, y_train), (data.y_test, y_test)):
        assert mine.dtype == np.int64
        assert np.array_equal(mine, raw)


def test_repr_says_what_it_holds():
    assert repr(load("digits")) == (
        "<Dataset 'digits': 1437 training and 360 test images of shape (1, 8, 8), 10 classes>"
    )


def scaled(image):
    return np.array([[np.float32(value) / np.float32(255) for value in row] for row in image])


@pytest.mark.parametrize("kind", [str, Path])
def test_folder(tmp_path, write_idx, tiny, kind):
    data = load(kind(write_idx(tmp_path / "tiny")))
    assert isinstance(data, Dataset)
    assert data.name == "tiny"
    assert data.classes == tuple("0123456789")
    assert data.x_train.shape == (6, 1, 4, 3)
    assert data.x_test.dtype == np.float32
    assert np.array_equal(data.x_train[5, 0], scaled(tiny[0][5]))
    assert np.array_equal(data.x_test[2, 0], scaled(tiny[2][2]))
    assert data.y_train.tolist() == tiny[1].tolist()
    assert data.y_test.tolist() == tiny[3].tolist()
    assert data.y_test.dtype == np.int64


def test_npz_with_channels_and_classes_of_its_own(tmp_path, write_npz):
    rng = np.random.default_rng(3)
    colour = rng.integers(0, 256, (6, 4, 3, 2), dtype=np.uint8)
    path = write_npz(
        tmp_path / "colour.npz", x_train=colour, x_test=colour[:3], y_test=np.array([0, 11, 1])
    )
    data = load(path)
    assert data.name == "colour.npz"
    assert data.classes == tuple(map(str, range(12)))
    assert data.x_train.shape == (6, 2, 4, 3)
    assert data.x_train.flags.c_contiguous
    for n, channel in np.ndindex(6, 2):
        assert np.array_equal(data.x_train[n, channel], scaled(colour[n, :, :, channel]))


def test_a_path_may_have_the_name_of_a_data_set(tmp_path, write_idx, monkeypatch):
    write_idx(tmp_path / "digits")
    monkeypatch.chdir(tmp_path)
    assert len(load("./digits").x_train) == len(load(Path("digits")).x_train) == 6
    assert len(load("digits").x_train) == 1437


def test_the_home_folder_may_be_abbreviated(tmp_path, write_idx, monkeypatch):
    write_idx(tmp_path / "tiny")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    assert load("~/tiny").name == "tiny"
    assert len(mnist.load_data("~/tiny")[0][0]) == 6


@pytest.mark.parametrize("module", [mnist, fashion_mnist])
def test_load_data_takes_a_path(tmp_path, write_idx, write_npz, same, module):
    assert same(module.load_data(write_idx(tmp_path / "idx")))
    assert same(module.load_data(str(write_npz(tmp_path / "tiny.npz"))))


def test_user_files_stay_as_they_are(tmp_path, write_idx, write_npz):
    write_idx(tmp_path, packed=True)
    write_npz(tmp_path / "tiny.npz")
    before = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in tmp_path.iterdir()}
    load(tmp_path)
    load(tmp_path / "tiny.npz")
    after = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in tmp_path.iterdir()}
    assert after == before


def test_unknown_name_is_told_with_the_known_ones():
    with pytest.raises(ValueError, match=r"'minst'.*'digits', 'mnist', 'fashion_mnist'"):
        load("minst")


def test_another_file_is_told_with_what_is_expected(tmp_path):
    path = tmp_path / "data.csv"
    path.touch()
    with pytest.raises(
        ValueError, match=r"data\.csv: .*train-images-idx3-ubyte.*x_train.*found another file"
    ):
        load(path)
    with pytest.raises(ValueError, match=r"none\.npz: .*\.npz file.*found nothing there"):
        mnist.load_data(tmp_path / "none.npz")


def test_importing_brings_no_optional_package():
    code = (
        "import sys, onepath.datasets\n"
        "sys.exit(repr({'sklearn', 'keras', 'scipy.signal'} & set(sys.modules) or ''))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stderr.strip() == "''"
