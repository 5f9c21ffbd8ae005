"""What a machine is called."""

import platform
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

import onepath
from onepath.backends import machine

VERSIONS = f"onepath {onepath.__version__}, numpy {np.__version__}"


@pytest.fixture
def named(monkeypatch):
    """A function that names a machine which was not asked before, with a made-up /proc/cpuinfo."""

    def named(device, xp, cpuinfo="/no/such/file"):
        monkeypatch.setattr(onepath.cpuinfo, "_CPUINFO", Path(cpuinfo))
        return machine.machine_of.__wrapped__(device, xp)

    return named


def test_a_cpu_is_named_by_its_model(named, tmp_path):
    cpuinfo = tmp_path / "cpuinfo"
    cpuinfo.write_text("processor\t: 0\nmodel name\t: A CPU\nflags\t: x\n\nmodel name\t: Another\n")
    assert named("cpu", np, cpuinfo) == f"cpu, A CPU, {VERSIONS}"


@pytest.mark.parametrize("cpuinfo", [None, "processor\t: 0\nFeatures\t: fp asimd\n"])
def test_where_linux_does_not_tell_the_model_it_is_a_kind(named, tmp_path, cpuinfo):
    if cpuinfo is not None:
        (tmp_path / "cpuinfo").write_text(cpuinfo)
    kind = platform.processor() or platform.machine()
    assert named("cpu", np, tmp_path / "cpuinfo") == f"cpu, {kind}, {VERSIONS}"


def test_a_gpu_is_named_by_the_driver(named):
    runtime = SimpleNamespace(getDeviceProperties=lambda index: {"name": b"GPU number %d" % index})
    xp = SimpleNamespace(
        __name__="cupy", __version__="14.2.0", cuda=SimpleNamespace(runtime=runtime)
    )
    versions = f"onepath {onepath.__version__}, cupy 14.2.0"
    assert named("cuda:1", xp) == f"cuda, GPU number 1, {versions}"
    assert named("cuda", xp) == f"cuda, GPU number 0, {versions}"


def test_another_library_may_have_no_version(named):
    assert named("own", SimpleNamespace(__name__="own")).endswith("own of an unknown version")


def test_every_backend_has_one(backend):
    name = machine.machine_of(backend.name, backend.xp)
    assert name.startswith(f"{backend.name.partition(':')[0]}, ")
    assert f"onepath {onepath.__version__}" in name
