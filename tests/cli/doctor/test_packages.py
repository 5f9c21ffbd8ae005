"""What is installed, what is missing, and the line that installs it."""

import importlib
import re
import tomllib
from pathlib import Path

import pytest

import onepath
from onepath.cli.doctor import Finding
from onepath.cli.doctor.packages import examine_core, examine_extras

PROJECT = tomllib.loads(Path(__file__).parents[3].joinpath("pyproject.toml").read_text())["project"]


def test_core_versions_are_told(machine):
    whats = [each.what for each in examine_core()]
    assert whats[0].startswith("Python 3.")
    assert whats[1:] == [f"onepath {onepath.__version__}", "NumPy 2.1.0", "SciPy 1.14.1"]


def test_missing_scipy_is_a_problem(machine):
    del machine.installed["scipy"]
    mend = "pip install --upgrade 'scipy>=1.13'"
    assert list(examine_core())[3] == Finding("Core", "problem", "SciPy is not installed", mend)


def test_what_is_wanted_is_what_the_project_wants(machine):
    machine.installed = {}
    mends = [each.mend for each in examine_core() if each.mend]
    assert mends == [f"pip install --upgrade '{each}'" for each in PROJECT["dependencies"]]
    named = {each.mend: re.findall(r"([\w-]+) \(", each.what) for each in examine_extras()}
    for extra in ("train", "keras", "oracle", "mixed"):
        requirements = PROJECT["optional-dependencies"][extra]
        names = [re.match(r"[\w-]+", requirement)[0] for requirement in requirements]
        assert named[f"pip install 'onepath[{extra}]'"] == names


@pytest.mark.parametrize(
    ("package", "version", "verdict"),
    [
        ("numpy", "1.26.4", "problem"),
        ("numpy", "2.0.0rc1", "ok"),
        ("numpy", "2.10.0", "ok"),
        ("scipy", "1.9.3", "problem"),
        ("scipy", "1.13.0", "ok"),
    ],
)
def test_numpy_and_scipy_must_be_new_enough(machine, package, version, verdict):
    machine.installed[package] = version
    finding = list(examine_core())[["numpy", "scipy"].index(package) + 2]
    assert finding.verdict == verdict
    assert version in finding.what


def test_a_package_that_does_not_load_is_a_problem(machine, monkeypatch):
    def fail(module):
        if module == "scipy.signal":
            raise ImportError("undefined symbol: cblas")
        return module

    monkeypatch.setattr(importlib, "import_module", fail)
    assert list(examine_core())[3] == Finding(
        "Core",
        "problem",
        "SciPy 1.14.1 does not load: undefined symbol: cblas",
        "pip install --force-reinstall 'scipy>=1.13'",
    )


def test_what_an_extra_lacks_is_named_with_its_use_and_install_line(machine):
    for package in ("matplotlib", "rich", "keras", "jax", "h5py"):
        del machine.installed[package]
    assert list(examine_extras())[:3] == [
        Finding(
            "Extras",
            "ok",
            "train: scikit-learn 1.5.0, pillow 11.0, safetensors 0.4.5, threadpoolctl 3.5.0, "
            "platformdirs 4.3.0",
        ),
        Finding(
            "Extras",
            "note",
            "not installed: matplotlib (pictures), rich (tables and progress)",
            "pip install 'onepath[train]'",
        ),
        Finding(
            "Extras",
            "note",
            "not installed: keras (downloads of MNIST), jax (what Keras runs on), "
            "h5py (Keras's model files)",
            "pip install 'onepath[keras]'",
        ),
    ]


@pytest.mark.parametrize(
    ("cupys", "verdict", "mend"),
    [
        ([], "note", "pip install 'onepath[cuda13]'"),
        (["cupy-cuda12x"], "ok", None),
        (["cupy"], "ok", None),
        (
            ["cupy-cuda12x", "cupy-cuda13x"],
            "problem",
            "pip uninstall cupy-cuda13x cupy-cuda12x && pip install 'onepath[cuda13]'",
        ),
    ],
)
def test_there_may_be_one_cupy(machine, cupys, verdict, mend):
    del machine.installed["cupy-cuda13x"]
    machine.installed.update(dict.fromkeys(cupys, "14.2.0"))
    *_, cupy = examine_extras()
    assert (cupy.verdict, cupy.mend) == (verdict, mend)
    assert all(f"{package} 14.2.0" in cupy.what for package in cupys)
