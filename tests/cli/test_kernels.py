"""Which kernels the command line asks OpenBLAS for, and that it does so in time."""

import os
import subprocess
import sys

import pytest

from onepath import cpuinfo
from onepath.cli import kernels

AVX512 = "fma avx2 avx512f avx512dq avx512bw avx512vl"


@pytest.fixture
def cpu(tmp_path, monkeypatch):
    """A function that makes up the CPU."""
    path = tmp_path / "cpuinfo"
    monkeypatch.setattr(cpuinfo, "_CPUINFO", path)
    monkeypatch.delenv("OPENBLAS_CORETYPE", raising=False)

    def cpu(vendor="AuthenticAMD", family=26, flags=AVX512):
        one = f"vendor_id\t: {vendor}\ncpu family\t: {family}\nflags\t\t: {flags}\n\n"
        path.write_text(2 * one)
        return path

    return cpu


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({}, "SkylakeX"),
        ({"family": 25}, None),
        ({"family": 6, "vendor": "GenuineIntel"}, None),
        ({"vendor": "HygonGenuine"}, None),
        ({"flags": "fma avx2"}, None),
        ({"flags": AVX512.replace("avx512vl", "")}, None),
    ],
)
def test_only_a_cpu_that_openblas_misjudges_gets_other_kernels(cpu, facts, expected):
    cpu(**facts)
    assert kernels.choice() == expected


def test_where_the_cpu_cannot_be_told_nothing_is_chosen(cpu):
    assert kernels.choice() is None


@pytest.mark.parametrize("value", ["Haswell", ""])
def test_the_users_variable_wins(cpu, monkeypatch, value):
    cpu()
    monkeypatch.setenv("OPENBLAS_CORETYPE", value)
    monkeypatch.delitem(sys.modules, "numpy")
    kernels.choose()
    assert os.environ["OPENBLAS_CORETYPE"] == value


def test_once_numpy_is_loaded_the_environment_is_left_alone(cpu, monkeypatch):
    cpu()
    kernels.choose()
    assert "OPENBLAS_CORETYPE" not in os.environ
    monkeypatch.setenv("OPENBLAS_CORETYPE", "restored afterwards")
    monkeypatch.delenv("OPENBLAS_CORETYPE")
    monkeypatch.delitem(sys.modules, "numpy")
    kernels.choose()
    assert os.environ["OPENBLAS_CORETYPE"] == "SkylakeX"


# The oldest kernels stand for the better ones: any x86 CPU runs them, and takes others by itself.
FRESH = """
import os
import sys
from pathlib import Path
from onepath import cpuinfo
from onepath.cli import kernels, main

def run(options):
    from onepath.cli.doctor.blas import _libraries
    print([library["architecture"] for library in _libraries() or () if "architecture" in library])
    return 0

cpuinfo._CPUINFO = Path(sys.argv.pop(1))
kernels.SKYLAKEX = kernels.SKYLAKEX._replace(core_type="Prescott")
main._run = run
main.main()
print(os.environ.get("OPENBLAS_CORETYPE"))
"""


@pytest.mark.parametrize(
    ("command", "chosen"), [("predict run image", True), ("train", True), ("doctor", False)]
)
def test_a_fresh_process_chooses_before_numpy_is_loaded(cpu, command, chosen):
    pytest.importorskip("threadpoolctl")
    words = [sys.executable, "-c", FRESH, cpu(), *command.split()]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    architectures, variable = done.stdout.splitlines()
    assert variable == ("Prescott" if chosen else "None")
    if "SkylakeX" in architectures or "Haswell" in architectures or "Prescott" in architectures:
        assert ("Prescott" in architectures) == chosen


def test_the_library_leaves_the_environment_alone(cpu):
    script = FRESH.replace("main.main()", "import onepath.layers")
    words = [sys.executable, "-c", script, cpu()]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "None"
