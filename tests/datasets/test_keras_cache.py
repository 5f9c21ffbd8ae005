"""Keras is a stub here, found through PYTHONPATH by the process that downloads."""

import json
import os
import subprocess
import sys
import time

import pytest

from onepath.datasets import DatasetUnavailableError, fashion_mnist, keras_cache, load, mnist

STUB = """
import json, os, pathlib, shutil, sys, time

def load_data():
    log = {name: os.environ.get(name) for name in ("KERAS_HOME", "KERAS_BACKEND")}
    pathlib.Path(os.environ["STUB_LOG"]).write_text(json.dumps(log))
    target = pathlib.Path(os.environ["KERAS_HOME"], "datasets")
"""
DOWNLOAD = "    shutil.copytree(os.environ['STUB_SOURCE'], target)\n"
OFFLINE = "    print('...', file=sys.stderr)\n    raise Exception('URL fetch failure on there')\n"
CUT_SHORT = """
    target.mkdir()
    (target / "mnist.npz").write_bytes(b"PK")
    time.sleep(60)
"""


@pytest.fixture
def home(tmp_path, monkeypatch):
    """Keras's home, not made yet."""
    home = tmp_path / "home" / "keras"
    monkeypatch.setenv("KERAS_HOME", str(home))
    monkeypatch.delenv("KERAS_BACKEND", raising=False)
    return home


@pytest.fixture
def stub(tmp_path, home, monkeypatch):
    """A function that installs a Keras whose ``load_data`` goes on as told, and has a log."""
    root, log = tmp_path / "stub", tmp_path / "log.json"
    monkeypatch.setenv("PYTHONPATH", str(root))
    monkeypatch.syspath_prepend(str(root))
    monkeypatch.setenv("STUB_LOG", str(log))
    monkeypatch.setenv("STUB_SOURCE", str(tmp_path / "source"))

    def install(body):
        folder = root / "keras" / "datasets"
        folder.mkdir(parents=True)
        (root / "keras" / "__init__.py").touch()
        (folder / "__init__.py").touch()
        for name in ("mnist", "fashion_mnist"):
            (folder / f"{name}.py").write_text(STUB + body)
        return log

    return install


@pytest.fixture
def no_process(monkeypatch):
    """Whoever starts a process fails the test."""

    def run(*arguments, **options):
        pytest.fail("a process was started")

    monkeypatch.setattr(subprocess, "run", run)


def content(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.usefixtures("no_process")
def test_cached_files_are_read_without_keras(home, write_npz, write_idx, same):
    write_npz(home / "datasets" / "mnist.npz")
    write_idx(home / "datasets" / "fashion-mnist", packed=True)
    before = content(home)
    assert same(mnist.load_data())
    assert same(fashion_mnist.load_data())
    assert load("mnist").name == "mnist"
    assert load("fashion_mnist").classes[9] == "Ankle boot"
    assert content(home) == before
    assert "keras" not in sys.modules


@pytest.mark.usefixtures("no_process")
def test_the_cache_is_in_the_home_folder_by_default(tmp_path, monkeypatch, write_npz, same):
    monkeypatch.delenv("KERAS_HOME", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    write_npz(tmp_path / ".keras" / "datasets" / "mnist.npz")
    assert same(mnist.load_data())


@pytest.mark.usefixtures("no_process")
def test_damaged_cached_file_is_named_and_left_as_it_is(home, write_npz):
    path = write_npz(home / "datasets" / "mnist.npz")
    path.write_bytes(path.read_bytes()[:-7])
    before = content(home)
    with pytest.raises(ValueError, match=r"mnist\.npz: not a whole .*left as it is: move it away"):
        mnist.load_data()
    assert content(home) == before


def test_keras_downloads_what_is_not_cached(tmp_path, home, stub, write_npz, same):
    source = write_npz(tmp_path / "source" / "mnist.npz")
    log = stub(DOWNLOAD)
    environment = dict(os.environ)
    assert same(mnist.load_data())
    assert content(home) == {home / "datasets" / "mnist.npz": source.read_bytes()}
    log.unlink()
    assert same(mnist.load_data())
    assert not log.exists()  # the second time it is cached
    assert dict(os.environ) == environment
    assert "keras" not in sys.modules


def test_files_that_are_cached_already_are_kept(tmp_path, home, stub, write_idx, same):
    write_idx(tmp_path / "source" / "fashion-mnist", packed=True)
    cached = write_idx(home / "datasets" / "fashion-mnist", packed=True)
    (cached / "t10k-labels-idx1-ubyte.gz").unlink()
    own = cached / "t10k-images-idx3-ubyte.gz"
    own.write_bytes(own.read_bytes() + b"\0")  # padding that gzip allows
    before = content(home)
    stub(DOWNLOAD)
    assert same(fashion_mnist.load_data())
    assert before.items() < content(home).items()
    assert len(content(home)) == 4


def test_a_file_that_appears_meanwhile_is_kept(tmp_path, home, stub, write_npz):
    write_npz(tmp_path / "source" / "mnist.npz")
    path = home / "datasets" / "mnist.npz"
    stub(
        f"    path = pathlib.Path({str(path)!r})\n"
        "    path.parent.mkdir()\n    path.write_bytes(b'mine')\n" + DOWNLOAD
    )
    with pytest.raises(ValueError, match="left as it is"):
        mnist.load_data()
    assert content(home) == {path: b"mine"}


@pytest.mark.parametrize(
    ("installed", "chosen"),
    [("jax", "jax"), ("torch", "torch"), ("tensorflow", "tensorflow"), (None, "numpy")],
)
def test_keras_starts_with_a_framework_that_is_there(
    tmp_path, stub, write_npz, monkeypatch, installed, chosen
):
    write_npz(tmp_path / "source" / "mnist.npz")
    log = stub(DOWNLOAD)
    monkeypatch.setattr(
        keras_cache, "find_spec", lambda name: name if name in ("keras", installed) else None
    )
    mnist.load_data()
    assert json.loads(log.read_text())["KERAS_BACKEND"] == chosen


def test_the_user_has_the_choice_of_framework(tmp_path, home, stub, write_npz, monkeypatch):
    monkeypatch.setenv("KERAS_BACKEND", "openvino")
    write_npz(tmp_path / "source" / "mnist.npz")
    log = stub(DOWNLOAD)
    mnist.load_data()
    logged = json.loads(log.read_text())
    assert logged["KERAS_BACKEND"] == "openvino"
    assert logged["KERAS_HOME"] != str(home)  # Keras never sees the user's files


def test_files_of_the_current_folder_are_not_run(tmp_path, stub, write_npz, monkeypatch, same):
    write_npz(tmp_path / "source" / "mnist.npz")
    stub(DOWNLOAD)
    folder = tmp_path / "current"
    folder.mkdir()
    (folder / "keras.py").write_text("raise SystemExit('this is not Keras')")
    monkeypatch.chdir(folder)
    assert same(mnist.load_data())


def test_without_a_network_the_message_says_what_to_do(home, stub):
    stub(OFFLINE)
    with pytest.raises(DatasetUnavailableError) as caught:
        load("mnist")
    message = str(caught.value)
    assert f"no mnist.npz in {home / 'datasets'}" in message
    assert "Exception: URL fetch failure on there" in message
    assert "(pip install 'onepath[keras]')" in message
    assert "'digits'" in message
    assert "--data PATH" in message
    assert "Traceback" not in message
    assert content(home) == {}


@pytest.mark.usefixtures("home", "no_process")
def test_without_keras_the_message_has_the_install_line(home, monkeypatch):
    monkeypatch.setattr(keras_cache, "find_spec", lambda name: None)
    with pytest.raises(
        DatasetUnavailableError,
        match=r"fashion_mnist is not .*pip install 'onepath\[keras\]'\. .*'digits'.*--data PATH",
    ):
        load("fashion_mnist")
    assert not home.exists()


def test_a_download_that_hangs_is_ended_and_leaves_nothing(home, stub, monkeypatch):
    stub(CUT_SHORT)
    monkeypatch.setattr(keras_cache, "TIMEOUT", 1.0)
    started = time.monotonic()
    with pytest.raises(DatasetUnavailableError, match=r"timed out after .* seconds"):
        mnist.load_data()
    assert time.monotonic() - started < 30
    assert content(home) == {}


def test_keras_that_leaves_no_file_is_told(stub):
    stub("    pass\n")
    with pytest.raises(DatasetUnavailableError, match=r"No such file.*mnist\.npz"):
        mnist.load_data()


def test_home_that_is_no_folder_is_told(home, stub):
    stub(DOWNLOAD)
    home.parent.mkdir()
    home.write_text("a file")
    with pytest.raises(DatasetUnavailableError, match=r"File exists|Not a directory"):
        mnist.load_data()
    assert home.read_text() == "a file"
