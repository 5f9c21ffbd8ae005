"""The doctor as a whole: on machines that are well, ill or bare, and on this one."""

import os

import numpy as np
import pytest

from onepath.backends import BackendUnavailableError
from onepath.cli import doctor


def test_all_is_well_on_a_complete_machine(machine):
    findings = doctor.examine()
    assert {each.verdict for each in findings} == {"ok"}
    assert {each.mend for each in findings} == {None}
    topics = list(dict.fromkeys(each.topic for each in findings))
    assert topics == ["Core", "Extras", "Devices", "BLAS"]
    assert doctor.run() == 0


@pytest.mark.parametrize(
    ("installed", "backend", "status"),
    [
        ({"scipy": None}, None, 1),
        ({"numpy": "1.26.4"}, None, 1),
        ({"matplotlib": None}, None, 0),
        ({"cupy-cuda13x": None}, None, 0),
        ({"cupy-cuda12x": "14.2.0"}, None, 0),
        ({}, BackendUnavailableError("no GPU answers"), 0),
        ({}, RuntimeError("firmware"), 0),
    ],
)
def test_only_a_problem_of_the_core_is_a_failure(machine, installed, backend, status):
    installed = machine.installed | installed
    machine.installed = {name: version for name, version in installed.items() if version}
    if backend:
        machine.backends["cuda"] = backend
    assert {each.verdict for each in doctor.examine()} != {"ok"}
    assert doctor.run() == status


def test_it_works_with_numpy_and_scipy_alone(machine, without, capsys):
    machine.installed = {name: machine.installed[name] for name in ("numpy", "scipy")}
    without("threadpoolctl", "rich")
    assert doctor.run() == 0
    printed = capsys.readouterr().out
    assert "not installed: scikit-learn (the digits)" in printed
    assert "mend   pip install 'onepath[train]'" in printed
    assert "NumPy was built with" in printed


def test_this_machine_is_described_without_importing_what_is_optional(without):
    without("sklearn", "matplotlib", "PIL", "safetensors", "keras", "jax", "torch", "rich")
    findings = doctor.examine(measure=False)
    assert len(findings) > 8
    assert f"NumPy {np.__version__}" in [each.what for each in findings]
    assert any(each.what.startswith("cpu: ") for each in findings)


@pytest.fixture
def improvable(machine):
    """A machine whose BLAS leaves instructions idle."""
    machine.set_flags("avx2 fma avx512f avx512bw avx512vl avx512dq")
    machine.speeds["SkylakeX"] = 455.0
    return machine


@pytest.mark.usefixtures("improvable")
def test_the_environment_is_left_alone():
    before = dict(os.environ)
    assert "SkylakeX ones measured" in doctor.report(doctor.examine(), width=200)
    assert dict(os.environ) == before


@pytest.mark.parametrize("width", [40, 80, 100])
def test_no_line_is_longer_than_the_terminal(improvable, width):
    improvable.installed = {"cupy-cuda12x": "14.2.0", "cupy-cuda13x": "14.2.0"}
    improvable.backends["cuda"] = BackendUnavailableError("a " * 50 + "/very/long/path" * 20)
    lines = doctor.report(doctor.examine(), width).split("\n")
    assert max(map(len, lines)) <= width
    assert all(line == line.rstrip() for line in lines)
