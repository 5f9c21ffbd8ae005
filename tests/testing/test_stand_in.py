"""CuPy's names lead to the simulated device, and only where that is meant."""

import importlib
import importlib.util
import subprocess
import sys
from types import ModuleType

import numpy as np
import pytest

from onepath.backends import BackendUnavailableError, backend_of, get_backend, registry
from onepath.testing import simulated_cupy, stand_in


def names_of_cupy():
    return [name for name in sys.modules if name.partition(".")[0] in stand_in.PACKAGES]


@pytest.fixture
def _nothing_imported(monkeypatch):
    """As in a fresh process; what earlier tests have imported is put back afterwards."""
    for name in names_of_cupy():
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(
        registry, "_live", {key: each for key, each in registry._live.items() if key[0] != "cuda"}
    )


@pytest.fixture
def _no_cupy(_nothing_imported, monkeypatch):
    """No real CuPy is installed, either."""
    monkeypatch.setattr(stand_in, "installed_cupy", lambda: None)


@pytest.fixture
def install(_nothing_imported, monkeypatch, tmp_path):
    """Install a package ``cupy`` of some source, for this process and others."""

    def install(source):
        package = tmp_path / "cupy"
        package.mkdir()
        (package / "__init__.py").write_text(source)
        monkeypatch.syspath_prepend(tmp_path)
        monkeypatch.setenv("PYTHONPATH", str(tmp_path))
        stand_in._gpu_answers.cache_clear()
        return str(package / "__init__.py")

    yield install
    stand_in._gpu_answers.cache_clear()


# Imports


@pytest.mark.usefixtures("_no_cupy")
def test_every_form_of_import():
    with simulated_cupy():
        import cupy
        import cupy.lib.stride_tricks
        import cupyx.scipy.signal
        from cupy import linalg
        from cupyx.scipy import fft

        assert linalg is cupy.linalg
        assert fft is cupyx.scipy.fft
        assert importlib.import_module("cupy") is cupy
        assert importlib.util.find_spec("cupy").name == "cupy"
        assert importlib.util.find_spec("cupyx.scipy.signal").name == "cupyx.scipy.signal"
        assert repr(cupy) == "<module 'cupy' (simulated by onepath)>"


@pytest.mark.usefixtures("_no_cupy")
def test_arrays_are_the_simulated_backend_s():
    with simulated_cupy():
        import cupy

        x = cupy.arange(3)
        assert cupy is get_backend("simulated").xp
        assert backend_of(x) is get_backend("simulated")
        with pytest.raises(TypeError):
            x + np.arange(3)


@pytest.mark.usefixtures("_no_cupy")
def test_nothing_claims_to_be_cuda():
    with (
        simulated_cupy(),
        pytest.raises(BackendUnavailableError, match="the name cupy stands for the simulated"),
    ):
        get_backend("cuda")


@pytest.mark.parametrize("name", ["cupyx.nothing", "cupy_backends", "cupy.linalg.nothing"])
@pytest.mark.usefixtures("_no_cupy")
def test_what_is_not_simulated_is_no_module(name):
    message = f"no module named '{name}': cupy is simulated by onepath, which has cupy, "
    with simulated_cupy(), pytest.raises(ModuleNotFoundError, match=message) as caught:
        importlib.import_module(name)
    assert caught.value.name == name


# Afterwards


@pytest.mark.usefixtures("_no_cupy")
def test_all_is_as_it_was():
    def interrupted():
        with simulated_cupy():
            assert importlib.import_module("cupyx.scipy.signal").__name__ in sys.modules
            raise KeyboardInterrupt

    before, finders = dict(sys.modules), list(sys.meta_path)
    with pytest.raises(KeyboardInterrupt):
        interrupted()
    new = sys.modules.keys() - before.keys()
    assert not [name for name in new if not name.startswith(("onepath.", "scipy."))]
    assert {name: sys.modules[name] for name in before} == before
    assert sys.meta_path == finders


@pytest.mark.usefixtures("_no_cupy")
def test_a_name_that_was_barred_is_barred_again(monkeypatch):
    monkeypatch.setitem(sys.modules, "cupy", None)
    with simulated_cupy():
        import cupy

        assert cupy.__simulated__
    assert sys.modules["cupy"] is None


@pytest.mark.usefixtures("_no_cupy")
def test_one_within_another():
    with simulated_cupy():
        import cupy

        with simulated_cupy():
            assert importlib.import_module("cupy") is cupy
        assert sys.modules["cupy"] is cupy
    assert names_of_cupy() == []


# The real CuPy


@pytest.mark.usefixtures("_nothing_imported")
def test_the_real_one_is_imported_already(monkeypatch):
    real = ModuleType("cupy")
    real.__file__ = "/somewhere/cupy/__init__.py"
    monkeypatch.setitem(sys.modules, "cupy", real)
    with (
        pytest.raises(
            RuntimeError,
            match=r"the real cupy is imported already, from /somewhere/cupy/__init__\.py, .*"
            "simulate cupy before the first import of it",
        ),
        simulated_cupy(),
    ):
        pass
    assert sys.modules["cupy"] is real


def test_a_gpu_answers_the_real_one(install):
    place = install("class cuda:\n    is_available = lambda: True\n")
    with (
        pytest.raises(
            RuntimeError,
            match=f"cupy is installed in {place} and a GPU answers it: run on the GPU, ",
        ),
        simulated_cupy(),
    ):
        pass
    assert names_of_cupy() == []


@pytest.mark.parametrize(
    "source", ["class cuda:\n    is_available = lambda: False\n", "raise ImportError('libcuda')"]
)
def test_no_gpu_answers_the_real_one(install, source):
    place = install(source)
    assert stand_in.installed_cupy() == place
    with simulated_cupy():
        import cupy

        assert cupy.__simulated__
        assert stand_in.installed_cupy() == place
    assert importlib.util.find_spec("cupy").origin == place


def test_no_answer_in_time(install, monkeypatch):
    install("class cuda:\n    is_available = lambda: True\n")

    def run(command, timeout, **options):
        raise subprocess.TimeoutExpired(command, timeout)

    monkeypatch.setattr(subprocess, "run", run)
    with simulated_cupy():
        assert importlib.import_module("cupy").__simulated__


def test_nothing_is_installed(monkeypatch):
    monkeypatch.setattr(sys, "path", [])
    assert stand_in.installed_cupy() is None
