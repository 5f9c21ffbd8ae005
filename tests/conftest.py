"""What onepath's own tests need beside the fixtures of its plugin, `onepath.testing.plugin`."""

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


def pytest_collection_modifyitems(items):
    """Mark what takes those two; the plugin skips what is marked with cuda if there is none."""
    for item in items:
        for fixture, mark in (("cuda", "cuda"), ("torch", "oracle")):
            if fixture in getattr(item, "fixturenames", ()):
                item.add_marker(mark)
