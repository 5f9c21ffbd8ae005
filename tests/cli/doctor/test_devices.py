"""Devices are described, and those that fail say why."""

import os
import platform
import sys
from types import SimpleNamespace

import pytest

from onepath.backends import BackendUnavailableError
from onepath.cli.doctor import Finding, usable_cpus
from onepath.cli.doctor.devices import examine_devices


class Unsigned:
    """A device whose libraries are missing."""

    name = "cuda:0"

    @property
    def signal(self):
        raise BackendUnavailableError("cupyx.scipy.signal does not load")


def test_the_cpu_is_described(machine):
    assert list(examine_devices()) == [
        Finding("Devices", "ok", "cpu: A CPU, 4 CPUs, 16 GB of memory")
    ]


@pytest.mark.parametrize("file", ["empty", "none"])
def test_what_the_system_does_not_tell_is_left_out(machine, monkeypatch, file):
    machine.cpuinfo.write_text("")
    if file == "none":
        machine.cpuinfo.unlink()
    machine.backends["cpu"] = machine.device("cpu", None)
    monkeypatch.setattr(platform, "processor", lambda: "arm")
    assert list(examine_devices()) == [Finding("Devices", "ok", "cpu: arm, 4 CPUs, memory unknown")]


def test_a_gpu_is_described(machine):
    runtime = SimpleNamespace(
        getDeviceProperties=lambda index: {"name": b"NVIDIA H200"},
        driverGetVersion=lambda: 13000,
        runtimeGetVersion=lambda: 12090,
        getDeviceCount=lambda: 2,
    )
    xp = SimpleNamespace(cuda=SimpleNamespace(runtime=runtime))
    device = machine.backends["cuda"] = machine.device("cuda:0", 150e9, xp=xp)
    device.cudnn = lambda: SimpleNamespace(version=91203)
    what = "cuda:0: NVIDIA H200, GPUs: 2, CUDA driver 13.0, runtime 12.9, 150 GB of memory"
    assert list(examine_devices())[1:] == [
        Finding("Devices", "ok", what),
        Finding("Devices", "ok", "cuda:0: cuDNN 9.12.3"),
    ]

    def missing():
        raise BackendUnavailableError("the wheel is missing")

    device.cudnn = missing
    slow = "cuda:0: convolutions are matrix products, which are slower: the wheel is missing"
    assert list(examine_devices())[2] == Finding("Devices", "note", slow)


def test_another_backend_is_described_by_its_memory(machine):
    machine.backends["npu"] = machine.device("npu:0", 8e9)
    assert list(examine_devices())[1] == Finding("Devices", "ok", "npu:0: 8 GB of memory")


@pytest.mark.parametrize(
    ("backend", "verdict", "what"),
    [
        (BackendUnavailableError("install a driver"), "note", "gpu: install a driver"),
        (Unsigned(), "note", "gpu: cupyx.scipy.signal does not load"),
        (RuntimeError("firmware"), "problem", "gpu: RuntimeError: firmware"),
    ],
)
def test_a_backend_that_fails_says_why_and_the_next_is_asked(machine, backend, verdict, what):
    machine.backends |= {"gpu": backend, "npu": machine.device("npu:0", 8e9)}
    _, gpu, npu = examine_devices()
    assert gpu == Finding("Devices", verdict, what)
    assert npu.verdict == "ok"


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux can bind a process")
def test_cpus_are_those_that_the_process_may_use():
    mine = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(mine)})
    try:
        assert usable_cpus() == 1
    finally:
        os.sched_setaffinity(0, mine)
