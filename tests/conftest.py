"""What onepath's own tests need beside the fixtures of its plugin, `onepath.testing.plugin`."""

import os
import warnings

import pytest

from onepath.backends import get_backend

pytest_plugins = ["onepath.testing.plugin"]


@pytest.fixture(scope="session", autouse=True)
def _no_measurements_of_this_machine():
    """The planner predicts, in subprocesses too, and the user's cache folder is left alone."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ONEPATH_CACHE", "off")
        yield


@pytest.fixture
def cpu():
    return get_backend("cpu")


@pytest.fixture(scope="session")
def cuda():
    """A GPU's backend, for tests that take a device beside the host."""
    return get_backend("cuda")


@pytest.fixture(scope="session")
def torch():
    """PyTorch, an oracle that nobody here wrote."""
    return pytest.importorskip("torch", reason="PyTorch is absent: pip install 'onepath[oracle]'")


@pytest.fixture(scope="session")
def keras():
    """Keras on PyTorch, an oracle that nobody here wrote."""
    pytest.importorskip("torch", reason="PyTorch is absent: pip install 'onepath[oracle]'")
    os.environ.setdefault("KERAS_BACKEND", "torch")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        module = pytest.importorskip(
            "keras", reason="Keras is absent: pip install 'onepath[oracle]'"
        )
    assert module.backend.backend() == "torch"
    return module


@pytest.fixture(scope="session")
def onnx():
    """ONNX's own package: its checker, and the tests of its operators."""
    return pytest.importorskip("onnx", reason="ONNX is absent: pip install 'onepath[oracle]'")


@pytest.fixture(scope="session")
def onnxruntime():
    """What others run ONNX models with."""
    return pytest.importorskip(
        "onnxruntime", reason="onnxruntime is absent: pip install 'onepath[oracle]'"
    )


ORACLES = ("torch", "keras", "onnx", "onnxruntime")


def pytest_collection_modifyitems(items):
    """Mark what takes those; the plugin skips what is marked with cuda if there is none."""
    for item in items:
        for fixture, mark in (("cuda", "cuda"), *((name, "oracle") for name in ORACLES)):
            if fixture in getattr(item, "fixturenames", ()):
                item.add_marker(mark)
