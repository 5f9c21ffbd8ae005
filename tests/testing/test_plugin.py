"""The plugin in runs of its own: options, fixtures, marker, and the ways in which it is loaded."""

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from onepath.backends import BackendUnavailableError, get_backend, registry
from onepath.backends.cpu import CpuBackend

ROOT = Path(__file__).parents[2]
PLUGIN = "onepath.testing.plugin"

pytest_plugins = ["pytester"]

ON_EACH = """
def test_it(backend, xp):
    assert xp is backend.xp
    x = backend.asarray([1.0, 2.0])
    assert backend.to_numpy(xp.sqrt(x * x)).tolist() == [1.0, 2.0]
"""
MARKED = """
import pytest

@pytest.mark.cuda
def test_it():
    pass
"""


class Answering(CpuBackend):
    """Stands for a GPU that answers."""

    def __init__(self, index=0):
        super().__init__()
        self.name = f"cuda:{index}"


def absent(index):
    raise BackendUnavailableError(f"device {index} is not there")


@pytest.fixture(autouse=True)
def _no_gpu(monkeypatch):
    """What is made and registered in a run within this process is forgotten; there is no GPU."""
    get_backend("simulated")
    monkeypatch.setattr(registry, "_factories", {**registry._factories, "cuda": absent})
    live = {key: each for key, each in registry._live.items() if key[0] != "cuda"}
    monkeypatch.setattr(registry, "_live", live)


@pytest.fixture
def gpu(monkeypatch, _no_gpu):
    monkeypatch.setitem(registry._factories, "cuda", Answering)


@pytest.fixture
def run(pytester, monkeypatch):
    """Run pytest within this process, with no plugin but this one."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    return lambda *args: pytester.runpytest_inprocess(
        "-p", PLUGIN, "--strict-markers", "-Werror", "-v", *args
    )


def says(result, *lines):
    result.stdout.fnmatch_lines(lines)


# Backends


def test_a_test_runs_on_each_backend(pytester, run):
    pytester.makepyfile(ON_EACH)
    result = run()
    result.assert_outcomes(passed=2, skipped=1)
    says(
        result,
        "onepath: backends cpu, simulated, cuda",
        "*::test_it?cpu? PASSED*",
        "*::test_it?simulated? PASSED*",
        "*::test_it?cuda? SKIPPED*",
        "1 skipped: no backend 'cuda': device 0 is not there",
    )


def test_a_test_runs_on_the_gpu(pytester, run, gpu):
    pytester.makepyfile(ON_EACH)
    result = run()
    result.assert_outcomes(passed=3)
    result.stdout.no_fnmatch_line("*skipped: *")


def test_backends_are_chosen_in_an_order(pytester, run):
    pytester.makepyfile(ON_EACH)
    result = run("--backends=simulated, cpu,simulated")
    result.assert_outcomes(passed=2)
    says(
        result,
        "onepath: backends simulated, cpu",
        "*::test_it?simulated? PASSED*",
        "*::test_it?cpu? PASSED*",
    )


def test_one_of_several_gpus_is_chosen(pytester, run, gpu):
    pytester.makepyfile("def test_it(backend): assert backend.name == 'cuda:1'")
    run("--backends=cuda:1", "-m", "cuda", "--require-cuda").assert_outcomes(passed=1)


def test_a_project_s_own_backend_is_chosen(pytester, run):
    pytester.makeconftest(
        """
        from onepath.backends import BackendUnavailableError, register_backend
        from onepath.backends.cpu import CpuBackend

        class Mine(CpuBackend):
            def __init__(self, index):
                super().__init__()
                self.name = f"mine:{index}"

        def absent(index):
            raise BackendUnavailableError("plug it in")

        register_backend("mine", Mine)
        register_backend("yours", absent)
        """
    )
    pytester.makepyfile("def test_it(backend): assert backend.name == 'mine:0'")
    result = run("--backends=mine,yours,cuda", "--require-cuda")
    result.assert_outcomes(passed=1, skipped=1, errors=1)
    says(
        result, "--require-cuda: device 0 is not there", "1 skipped: no backend 'yours': plug it in"
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            ["--backends=cpu,tpu"],
            "ERROR: --backends=cpu,tpu: there is no 'tpu'; known are 'cpu', *'simulated'*",
        ),
        (["--backends="], "ERROR: --backends=: there is no ''; known are 'cpu'*"),
        (
            ["--backends=cpu", "--require-cuda"],
            "ERROR: --require-cuda with --backends=cpu, which leaves cuda out: add it there*",
        ),
    ],
)
def test_options_that_cannot_be_met(pytester, run, options, message):
    pytester.makepyfile(ON_EACH)
    result = run(*options)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([message])


def test_a_gpu_may_be_required(pytester, run):
    pytester.makepyfile(ON_EACH)
    result = run("--require-cuda")
    result.assert_outcomes(passed=2, errors=1)
    says(result, "--require-cuda: device 0 is not there")


def test_a_required_gpu_that_is_there(pytester, run, gpu):
    pytester.makepyfile(ON_EACH + MARKED.replace("test_it", "test_marked"))
    run("--require-cuda").assert_outcomes(passed=4)


OWN = """
import types
import pytest

@pytest.fixture({scope}params=["one", "two"])
def backend(request):
    return types.SimpleNamespace(xp=request.param)
"""


def test_a_project_s_own_fixture_comes_first(pytester, run):
    pytester.makeconftest(OWN.format(scope="scope='session', "))
    pytester.makepyfile("def test_it(backend, xp): assert xp is backend.xp in ('one', 'two')")
    run("--backends=cpu").assert_outcomes(passed=2)


def test_a_module_s_own_fixture_comes_first(pytester, run):
    pytester.makepyfile(
        OWN.format(scope="") + "def test_it(backend): assert backend.xp in ('one', 'two')"
    )
    run("--backends=cpu").assert_outcomes(passed=2)


def test_fixtures_are_listed_with_what_they_are(pytester, run):
    result = run("--fixtures")
    says(result, "backend ?session scope?*", "    Each backend in turn, see --backends*")
    says(result, "xp ?session scope?*", "    The array module of each backend in turn*")


# The marker


def test_the_marker_is_on_instances_for_cuda(pytester, run, gpu):
    pytester.makepyfile(ON_EACH)
    says(run("-m", "cuda"), "*test_it?cuda? PASSED*", "*1 passed, 2 deselected*")
    run("-m", "not cuda").assert_outcomes(passed=2, deselected=1)


def test_what_is_marked_by_hand_is_skipped_without_a_gpu(pytester, run):
    pytester.makepyfile(MARKED)
    result = run()
    result.assert_outcomes(skipped=1)
    says(result, "1 skipped: no backend 'cuda': device 0 is not there")
    run("--require-cuda").assert_outcomes(errors=1)


def test_what_is_marked_by_hand_runs_on_a_gpu(pytester, run, gpu):
    pytester.makepyfile(MARKED)
    run().assert_outcomes(passed=1)


def test_the_marker_is_registered(run):
    says(run("--markers"), "@pytest.mark.cuda: needs a CUDA GPU, and is skipped without one*")


@pytest.mark.parametrize("where", ["ini", "conftest"])
def test_a_project_s_own_marker_keeps_its_meaning(pytester, run, where):
    if where == "ini":
        pytester.makeini("[pytest]\nmarkers = cuda(version): something else\n")
    else:
        pytester.makeconftest(
            "def pytest_configure(config):\n"
            "    config.addinivalue_line('markers', 'cuda: something else')\n"
        )
    pytester.makepyfile(MARKED)
    run().assert_outcomes(passed=1)
    result = run("--markers")
    says(result, "@pytest.mark.cuda*: something else")
    result.stdout.no_fnmatch_line("*needs a CUDA GPU*")


# The summary


def test_reasons_are_told_once_and_only_our_own(pytester, run):
    pytester.makepyfile(
        ON_EACH
        + MARKED.replace("test_it", "test_marked")
        + "def test_other(): pytest.skip('no CUDA GPU: says someone else')"
    )
    result = run()
    result.assert_outcomes(passed=2, skipped=3)
    says(result, "2 skipped: no backend 'cuda': device 0 is not there")
    result.stdout.no_fnmatch_line("1 skipped:*")


# Loading


@pytest.fixture
def installed(pytester, monkeypatch):
    """Give processes the entry point that ``pyproject.toml`` declares, as an installer does."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    metadata = pytester.mkdir("site") / "onepath-0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: onepath\nVersion: 0\n")
    (metadata / "RECORD").write_text("onepath/__init__.py,,\nonepath/testing/plugin.py,,\n")
    entries = [f"{k} = {v}" for k, v in project["entry-points"]["pytest11"].items()]
    (metadata / "entry_points.txt").write_text("\n".join(["[pytest11]", *entries]))
    monkeypatch.setenv("PYTHONPATH", f"{ROOT}{os.pathsep}{metadata.parent}")


@pytest.fixture
def checkout(pytester, monkeypatch):
    """Let a project's conftest name the plugin, as from a checkout that is not installed."""
    pytester.mkdir("tests").joinpath("conftest.py").write_text(f"pytest_plugins = ['{PLUGIN}']\n")
    pytester.makeini(f"[pytest]\ntestpaths = tests\npythonpath = {ROOT}\n")


def run_alone(pytester, *args):
    """Run pytest in a process of its own, as it starts with what is installed."""
    (pytester.path / "tests").mkdir(exist_ok=True)
    (pytester.path / "tests" / "test_each.py").write_text(ON_EACH)
    return pytester.runpytest_subprocess(
        "--backends=cpu,simulated",
        "--import-mode=importlib",
        "--strict-config",
        "--strict-markers",
        "-Werror",
        *args,
    )


def test_loaded_by_the_entry_point(pytester, installed):
    run_alone(pytester).assert_outcomes(passed=2)


def test_loaded_by_a_conftest(pytester, checkout, monkeypatch):
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    run_alone(pytester).assert_outcomes(passed=2)


def test_loaded_in_every_way_at_once(pytester, installed, checkout):
    run_alone(pytester, "-p", PLUGIN).assert_outcomes(passed=2)


def test_switched_off(pytester, installed):
    result = run_alone(pytester, "-p", f"no:{PLUGIN}")
    result.stderr.fnmatch_lines(["*unrecognized arguments: --backends*"])


def test_loading_brings_nothing_of_the_layers():
    """The plugin is in every run of whoever has onepath installed."""
    code = (
        f"import sys, {PLUGIN}\n"
        "print(*(name for name in sys.modules if name.startswith('onepath')))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    loaded = {".".join(name.split(".")[:2]) for name in done.stdout.split()}
    assert loaded <= {"onepath", "onepath.testing", "onepath.version"}


# CuPy, simulated


@pytest.fixture
def real_cupy(pytester, monkeypatch):
    """Install a package ``cupy`` whom no GPU answers; return how to change its mind."""
    package = pytester.mkpydir("cupy")
    source = package / "__init__.py"
    source.write_text("class cuda:\n    is_available = lambda: False\n")
    monkeypatch.setenv("PYTHONPATH", f"{ROOT}{os.pathsep}{pytester.path}")
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    return lambda: source.write_text("class cuda:\n    is_available = lambda: True\n")


USER = """
import cupy
import cupyx.scipy.signal
import numpy
import pytest

def test_rules():
    x = cupy.ones(3)
    assert float(x.sum()) == 3
    with pytest.raises(TypeError):
        x + numpy.ones(3)
"""
HEADER = (
    "onepath: cupy is SIMULATED in host memory, nothing runs on a GPU; "
    "the real one in */cupy/__init__.py is shadowed"
)


def test_cupy_is_simulated(pytester, real_cupy):
    pytester.makeconftest("import cupy\nassert cupy.__simulated__")
    pytester.makepyfile(USER)
    result = pytester.runpytest_subprocess("-p", PLUGIN, "-Werror", "--simulate-cupy")
    result.assert_outcomes(passed=1)
    says(result, HEADER)


def test_cupy_is_simulated_from_a_checkout(pytester, real_cupy, checkout):
    pytester.makepyfile(**{"tests/test_user": USER})
    result = pytester.runpytest_subprocess("-Werror", "--simulate-cupy")
    result.assert_outcomes(passed=1)
    says(result, HEADER)


def test_cupy_is_not_simulated_unless_asked_for(pytester, real_cupy):
    pytester.makepyfile("import cupy\ndef test_it(): assert not hasattr(cupy, '__simulated__')")
    result = pytester.runpytest_subprocess("-p", PLUGIN)
    result.assert_outcomes(passed=1)
    result.stdout.no_fnmatch_line("*SIMULATED*")


def test_the_backend_for_cuda_says_that_cupy_is_simulated(pytester, real_cupy):
    pytester.makepyfile("def test_it(backend): pass")
    result = pytester.runpytest_subprocess("-p", PLUGIN, "--simulate-cupy", "--backends=cuda")
    result.assert_outcomes(skipped=1)
    says(result, "1 skipped: no backend 'cuda': the name cupy stands for the simulated device*")


def test_the_real_cupy_is_never_shadowed_in_use(pytester, real_cupy):
    pytester.makepyfile(early="import cupy")
    result = pytester.runpytest_subprocess("-p", PLUGIN, "-p", "early", "--simulate-cupy")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: --simulate-cupy: the real cupy is imported already*"])


def test_the_real_cupy_is_never_shadowed_on_a_gpu(pytester, real_cupy):
    real_cupy()
    result = pytester.runpytest_subprocess("-p", PLUGIN, "--simulate-cupy")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: --simulate-cupy: cupy is installed in * and a GPU *"])


def test_the_real_cupy_is_back_after_the_run(pytester, real_cupy):
    pytester.makepyfile(USER)
    code = (
        f"import pytest; pytest.main(['-p', '{PLUGIN}', '--simulate-cupy'])\n"
        "import cupy; print(cupy.__file__)"
    )
    result = pytester.run(sys.executable, "-c", code)
    says(result, "*= 1 passed in *", f"{pytester.path}/cupy/__init__.py")


# The guide


def test_the_examples_of_the_guide_run(pytester, monkeypatch):
    guide = (ROOT / "docs" / "testing.md").read_text(encoding="utf-8")
    for name, code in re.findall(r"```python\n# (\w+)\.py\n(.*?)```", guide, re.DOTALL):
        pytester.makepyfile(**{name: code})
    assert len(re.findall("```python", guide)) == len([*pytester.path.glob("*.py")]) == 5
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    result = pytester.runpytest_subprocess("-p", PLUGIN, "-Werror", "--simulate-cupy")
    result.assert_outcomes(passed=6, skipped=2)
