"""A machine that is not there: packages, CPUs, BLAS and devices are made up."""

import os
import subprocess
from importlib.metadata import PackageNotFoundError
from types import SimpleNamespace

import pytest
import threadpoolctl

from onepath import cpuinfo
from onepath.backends import Memory
from onepath.cli.doctor import devices, packages


class Machine:
    """What the doctor is to find; each test changes what it is about."""

    def __init__(self, cpuinfo):
        self.cpuinfo = cpuinfo
        self.set_flags("avx2 fma")
        self.installed = {
            "numpy": "2.1.0",
            "scipy": "1.14.1",
            "scikit-learn": "1.5.0",
            "matplotlib": "3.9.0",
            "pillow": "11.0",
            "rich": "13.0",
            "safetensors": "0.4.5",
            "threadpoolctl": "3.5.0",
            "platformdirs": "4.3.0",
            "keras": "3.6.0",
            "jax": "0.4.34",
            "h5py": "3.12.0",
            "onnx": "1.17.0",
            "onnxruntime": "1.20.0",
            "torch": "2.5.0",
            "ml_dtypes": "0.5.4",
            "cupy-cuda13x": "14.2.0",
        }
        self.backends = {"cpu": self.device("cpu", 16e9)}
        self.libraries = [self.openblas()]
        self.speeds = {None: 250.0}

    def set_flags(self, flags, family=25):
        kind = f"vendor_id\t: AuthenticAMD\ncpu family\t: {family}\nmodel name\t: A CPU\n"
        processor = f"processor\t: 0\n{kind}flags\t\t: {flags}\n\n"
        self.cpuinfo.write_text(2 * processor)

    @staticmethod
    def openblas(**changes):
        """What threadpoolctl tells of a library."""
        return {
            "user_api": "blas",
            "internal_api": "openblas",
            "num_threads": 4,
            "filepath": "/site-packages/numpy.libs/libscipy_openblas64_.so",
            "version": "0.3.31",
            "architecture": "Haswell",
        } | changes

    @staticmethod
    def device(name, total, **parts):
        memory = Memory(0, 0, total and int(total))
        return SimpleNamespace(name=name, signal=None, memory=lambda: memory, **parts)

    def version(self, package):
        if package not in self.installed:
            raise PackageNotFoundError(package)
        return self.installed[package]

    def get_backend(self, name):
        backend = self.backends[name]
        if isinstance(backend, Exception):
            raise backend
        return backend

    def run(self, command, env=None, **options):
        """The measuring process: prints its GFLOP/s, or dies as on an unknown instruction."""
        core_type = env and env["OPENBLAS_CORETYPE"]
        if core_type not in self.speeds:
            raise subprocess.CalledProcessError(-4, command)
        return SimpleNamespace(stdout=f"{self.speeds[core_type]}\n")


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """A machine on which all is well."""
    machine = Machine(tmp_path / "cpuinfo")
    monkeypatch.setattr(packages, "version", machine.version)
    monkeypatch.setattr(cpuinfo, "_CPUINFO", machine.cpuinfo)
    monkeypatch.setattr(devices, "registered_backends", lambda: tuple(machine.backends))
    monkeypatch.setattr(devices, "get_backend", machine.get_backend)
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: {0, 1, 2, 3}, raising=False)
    monkeypatch.setattr(threadpoolctl, "threadpool_info", lambda: machine.libraries)
    monkeypatch.setattr(subprocess, "run", machine.run)
    for variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_CORETYPE"):
        monkeypatch.delenv(variable, raising=False)
    return machine
