"""A planner that knows nothing yet, and a folder for what it learns."""

import pytest

from onepath.backends.convolution import planner
from onepath.backends.convolution.measurements import Measurements


@pytest.fixture(autouse=True)
def cache(monkeypatch, tmp_path):
    """The folder."""
    monkeypatch.setenv("ONEPATH_CACHE", str(tmp_path))
    monkeypatch.setattr(planner, "memory", Measurements())
    monkeypatch.setattr(planner, "_decided", {})
    return tmp_path
