"""The doctor on machines that are not there: packages, CPUs, BLAS and devices are made up."""

import builtins
import importlib
import os
import subprocess
import sys
from collections import namedtuple
from importlib.metadata import PackageNotFoundError
from types import SimpleNamespace

import numpy as np
import pytest
import threadpoolctl

import onepath
from onepath.backends import BackendUnavailableError, Memory
from onepath.cli import doctor
from onepath.cli.doctor import Finding

AVX2 = "fpu sse2 avx avx2 fma"
AVX512 = f"{AVX2} avx512f avx512bw avx512vl avx512dq"
OPENBLAS = {
    "user_api": "blas",
    "internal_api": "openblas",
    "num_threads": 4,
    "filepath": "/site-packages/numpy.libs/libscipy_openblas64_.so",
    "version": "0.3.31",
    "architecture": "Haswell",
}
INSTALLED = {
    "numpy": "2.1.0",
    "scipy": "1.14.1",
    "scikit-learn": "1.5.0",
    "matplotlib": "3.9.0",
    "pillow": "11.0",
    "rich": "13.0",
    "safetensors": "0.4.5",
    "threadpoolctl": "3.5.0",
    "keras": "3.6.0",
    "torch": "2.5.0",
    "cupy-cuda13x": "14.2.0",
}


class Machine:
    """What the doctor is to find; each test changes what it is about."""

    def __init__(self):
        self.installed = dict(INSTALLED)
        self.cpuinfo = cpuinfo(AVX2)
        self.cpus = 4
        self.libraries = [OPENBLAS]
        self.speeds = {None: 250.0}
        self.backends = {"cpu": device("cpu", 16e9)}

    def version(self, package):
        if package not in self.installed:
            raise PackageNotFoundError(package)
        return self.installed[package]

    def run(self, command, env=None, **options):
        """The measuring process: prints its GFLOP/s, or dies as on an unknown instruction."""
        core_type = env and env["OPENBLAS_CORETYPE"]
        if core_type not in self.speeds:
            raise subprocess.CalledProcessError(-4, command)
        return SimpleNamespace(stdout=f"{self.speeds[core_type]}\n")

    def get_backend(self, name):
        backend = self.backends[name]
        if isinstance(backend, Exception):
            raise backend
        return backend


def cpuinfo(flags, times=2):
    return f"processor\t: 0\nmodel name\t: A CPU\nflags\t\t: {flags}\n\n" * times


def device(name, total, **parts):
    return SimpleNamespace(
        name=name, signal=None, memory=lambda: Memory(0, 0, total and int(total)), **parts
    )


@pytest.fixture
def machine(monkeypatch):
    machine = Machine()
    monkeypatch.setattr(doctor, "version", machine.version)
    monkeypatch.setattr(doctor, "_cpuinfo", lambda: machine.cpuinfo)
    monkeypatch.setattr(doctor, "_usable_cpus", lambda: machine.cpus)
    monkeypatch.setattr(threadpoolctl, "threadpool_info", lambda: machine.libraries)
    monkeypatch.setattr(subprocess, "run", machine.run)
    monkeypatch.setattr(doctor, "registered_backends", lambda: tuple(machine.backends))
    monkeypatch.setattr(doctor, "get_backend", machine.get_backend)
    for variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_CORETYPE"):
        monkeypatch.delenv(variable, raising=False)
    return machine


def without(monkeypatch, *packages):
    """Let the import of these fail."""
    real = builtins.__import__

    def failing(name, *arguments, **options):
        if name.partition(".")[0] in packages:
            raise ImportError(f"No module named {name!r}")
        return real(name, *arguments, **options)

    monkeypatch.setattr(builtins, "__import__", failing)


def about(topic, findings=None):
    return [each for each in findings or doctor.examine() if each.topic == topic]


def found(topic):
    return [(each.verdict, each.what, each.mend) for each in about(topic)]


# Packages


def test_all_is_well_on_a_complete_machine(machine):
    findings = doctor.examine()
    assert {each.verdict for each in findings} == {"ok"}
    assert {each.mend for each in findings} == {None}
    assert list(dict.fromkeys(each.topic for each in findings)) == [
        "Core",
        "Extras",
        "Devices",
        "BLAS",
    ]


def test_core_versions_are_told(machine):
    whats = [each.what for each in about("Core")]
    assert whats[0].startswith("Python 3.")
    assert whats[1:] == [f"onepath {onepath.__version__}", "NumPy 2.1.0", "SciPy 1.14.1"]


def test_missing_scipy_is_a_problem(machine):
    del machine.installed["scipy"]
    expected = ("problem", "SciPy is not installed", "pip install --upgrade 'scipy>=1.13'")
    assert expected in found("Core")
    assert doctor.run() == 1


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
    finding = about("Core")[["numpy", "scipy"].index(package) + 2]
    assert finding.verdict == verdict
    assert version in finding.what
    assert doctor.run() == (verdict == "problem")


def test_a_package_that_does_not_load_is_a_problem(machine, monkeypatch):
    def fail(module):
        if module == "scipy.signal":
            raise ImportError("undefined symbol: cblas")
        return module

    monkeypatch.setattr(importlib, "import_module", fail)
    assert about("Core")[3] == Finding(
        "Core",
        "problem",
        "SciPy 1.14.1 does not load: undefined symbol: cblas",
        "pip install --force-reinstall 'scipy>=1.13'",
    )


def test_what_an_extra_lacks_is_named_with_its_use_and_install_line(machine):
    del machine.installed["matplotlib"], machine.installed["rich"], machine.installed["keras"]
    assert found("Extras")[:3] == [
        (
            "ok",
            "train: scikit-learn 1.5.0, pillow 11.0, safetensors 0.4.5, threadpoolctl 3.5.0",
            None,
        ),
        (
            "note",
            "not installed: matplotlib (pictures), rich (tables and progress)",
            "pip install 'onepath[train]'",
        ),
        (
            "note",
            "not installed: keras (models from and to Keras)",
            "pip install 'onepath[keras]'",
        ),
    ]
    assert doctor.run() == 0


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
    cupy = about("Extras")[-1]
    assert (cupy.verdict, cupy.mend) == (verdict, mend)
    assert all(f"{package} 14.2.0" in cupy.what for package in cupys)
    assert doctor.run() == 0


def test_no_optional_package_is_imported(monkeypatch):
    heavy = ("sklearn", "matplotlib", "PIL", "safetensors", "keras", "torch", "rich")
    without(monkeypatch, *heavy)
    assert len(doctor.examine(measure=False)) > 8


def test_it_works_with_numpy_and_scipy_alone(machine, monkeypatch, capsys):
    machine.installed = {name: INSTALLED[name] for name in ("numpy", "scipy")}
    without(monkeypatch, "threadpoolctl", "rich")
    assert doctor.run() == 0
    printed = capsys.readouterr().out
    assert "not installed: scikit-learn (the digits)" in printed
    assert "mend   pip install 'onepath[train]'" in printed
    assert "NumPy was built with" in printed


# Devices


def test_the_cpu_is_described(machine):
    assert found("Devices") == [("ok", "cpu: A CPU, 4 CPUs, 16 GB of memory", None)]


def test_what_the_system_does_not_tell_is_left_out(machine, monkeypatch):
    machine.cpuinfo = ""
    machine.backends["cpu"] = device("cpu", None)
    monkeypatch.setattr(doctor.platform, "processor", lambda: "arm")
    assert found("Devices") == [("ok", "cpu: arm, 4 CPUs, memory unknown", None)]


def test_an_unavailable_backend_speaks_for_itself(machine):
    machine.backends["cuda"] = BackendUnavailableError("no GPU answers: install a driver")
    expected = ("note", "cuda: no GPU answers: install a driver", None)
    assert found("Devices")[1] == expected
    assert doctor.run() == 0


def test_missing_signal_libraries_are_found(machine):
    class Cuda:
        name = "cuda:0"

        @property
        def signal(self):
            raise BackendUnavailableError("cupyx.scipy.signal does not load")

    machine.backends["cuda"] = Cuda()
    assert found("Devices")[1] == ("note", "cuda: cupyx.scipy.signal does not load", None)


def test_a_backend_that_fails_otherwise_does_not_stop_the_doctor(machine):
    machine.backends["npu"] = RuntimeError("firmware")
    assert found("Devices")[1] == ("problem", "npu: RuntimeError: firmware", None)
    assert about("BLAS")
    assert doctor.run() == 0


def test_a_gpu_is_described(machine):
    runtime = SimpleNamespace(
        getDeviceProperties=lambda index: {"name": b"NVIDIA H200"},
        driverGetVersion=lambda: 13000,
        runtimeGetVersion=lambda: 12090,
        getDeviceCount=lambda: 2,
    )
    xp = SimpleNamespace(cuda=SimpleNamespace(runtime=runtime))
    machine.backends["cuda"] = device("cuda:0", 150e9, xp=xp)
    what = "cuda:0: NVIDIA H200, GPUs: 2, CUDA driver 13.0, runtime 12.9, 150 GB of memory"
    assert found("Devices")[1] == ("ok", what, None)


def test_another_backend_is_described_by_its_memory(machine):
    machine.backends["npu"] = device("npu:0", 8e9)
    assert found("Devices")[1] == ("ok", "npu:0: 8 GB of memory", None)


# BLAS


def test_fitting_kernels_are_well(machine):
    assert found("BLAS") == [
        ("ok", "openblas 0.3.31, threads: 4, CPUs: 4", None),
        ("ok", "Haswell kernels, which suit this CPU", None),
        ("ok", "250 GFLOP/s in products of 1024 x 1024 matrices in float32", None),
    ]


def test_faster_kernels_are_recommended_with_what_was_measured(machine):
    machine.cpuinfo = cpuinfo(AVX512)
    machine.speeds["SkylakeX"] = 455.0
    assert found("BLAS")[1] == (
        "note",
        "Haswell kernels, which leave this CPU's AVX-512 idle; SkylakeX ones measured 455 GFLOP/s "
        "against 250, 1.82 times as fast",
        "export OPENBLAS_CORETYPE=SkylakeX",
    )


@pytest.mark.parametrize(
    ("speed", "verdict"), [(274.0, "ok"), (276.0, "note"), (100.0, "ok"), (None, "ok")]
)
def test_only_a_gain_of_a_tenth_is_recommended(machine, speed, verdict):
    machine.cpuinfo = cpuinfo(AVX512)
    if speed:
        machine.speeds["SkylakeX"] = speed
    kernels = about("BLAS")[1]
    assert kernels.verdict == verdict
    assert (kernels.mend is None) == (verdict == "ok")
    assert ("do not run here" in kernels.what) == (speed is None)


def test_without_measuring_the_better_kernels_are_only_named(machine, monkeypatch):
    machine.cpuinfo = cpuinfo(AVX512)
    monkeypatch.setattr(subprocess, "run", None)
    kernels, *more = about("BLAS", doctor.examine(measure=False))[1:]
    assert kernels.what.endswith("AVX-512 idle; SkylakeX ones may be faster")
    assert kernels.mend == "export OPENBLAS_CORETYPE=SkylakeX"
    assert more == []


def test_a_product_that_fails_is_not_reported(machine):
    machine.speeds = {}
    assert len(found("BLAS")) == 2


@pytest.mark.parametrize(
    ("architecture", "flags", "core_type"),
    [
        ("Haswell", AVX512, "SkylakeX"),
        ("Zen", AVX512, "SkylakeX"),
        ("Nehalem", AVX512, "SkylakeX"),
        ("Sandybridge", AVX512, "SkylakeX"),
        ("Prescott", AVX2, "Haswell"),
        ("Core2", AVX2, "Haswell"),
        ("Haswell", AVX512.replace("avx512dq", ""), None),
        ("Prescott", "sse2 avx2", None),
        ("SkylakeX", AVX512, None),
        ("Cooperlake", AVX512, None),
        ("SapphireRapids", AVX512, None),
        ("Haswell", AVX2, None),
        ("Prescott", "sse2", None),
        ("Zen7", AVX512, None),
        ("Core", AVX512, None),
    ],
)
def test_which_kernels_would_be_better(machine, architecture, flags, core_type):
    machine.cpuinfo = cpuinfo(flags)
    machine.libraries = [{**OPENBLAS, "architecture": architecture}]
    kernels = about("BLAS", doctor.examine(measure=False))[1]
    expected = core_type and f"export OPENBLAS_CORETYPE={core_type}"
    assert kernels.mend == expected


@pytest.mark.parametrize("text", ["", "processor\t: 0\nFeatures\t: fp asimd\n"])
def test_where_flags_cannot_be_told_it_is_said(machine, text):
    machine.cpuinfo = text
    kernels = about("BLAS")[1]
    assert (kernels.verdict, kernels.mend) == ("note", None)
    assert "can be told on Linux and x86 only" in kernels.what


@pytest.mark.parametrize(
    ("threads", "environment", "verdict", "what", "mend"),
    [
        (
            1,
            {"OMP_NUM_THREADS": "1"},
            "note",
            "OMP_NUM_THREADS=1 holds it",
            "unset OMP_NUM_THREADS",
        ),
        (
            2,
            {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "2"},
            "note",
            "OPENBLAS_NUM_THREADS=2 holds it back",
            "unset OPENBLAS_NUM_THREADS",
        ),
        (2, {}, "ok", "threads: 2, CPUs: 4", None),
        (4, {"OMP_NUM_THREADS": "4"}, "ok", "threads: 4, CPUs: 4", None),
        (64, {}, "note", "share a CPU wait for each other", "export OPENBLAS_NUM_THREADS=4"),
    ],
)
def test_threads_are_held_against_cpus(
    machine, monkeypatch, threads, environment, verdict, what, mend
):
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    machine.libraries = [{**OPENBLAS, "num_threads": threads}]
    finding = about("BLAS")[0]
    assert (finding.verdict, finding.mend) == (verdict, mend)
    assert what in finding.what


@pytest.mark.parametrize(
    "filepath",
    ["/a/scipy.libs/libscipy_openblas.so", "/a/scipy/.dylibs/libscipy_openblas.dylib"],
)
def test_the_blas_that_scipy_brings_for_itself_is_left_out(machine, filepath):
    machine.libraries = [
        {**OPENBLAS, "filepath": filepath, "architecture": "Prescott"},
        {**OPENBLAS, "user_api": "openmp", "internal_api": "openmp"},
        {**OPENBLAS, "filepath": "/home/scipy/env/site-packages/numpy.libs/libopenblas.so"},
    ]
    assert [each.what for each in about("BLAS")][:2] == [
        "openblas 0.3.31, threads: 4, CPUs: 4",
        "Haswell kernels, which suit this CPU",
    ]


def test_another_blas_has_no_kernels_to_choose(machine):
    machine.libraries = [{**OPENBLAS, "internal_api": "mkl", "version": "2025.0", "num_threads": 8}]
    assert found("BLAS")[:-1] == [
        (
            "note",
            "mkl 2025.0, threads: 8, CPUs: 4; threads that share a CPU wait for each other",
            "export MKL_NUM_THREADS=4",
        )
    ]


def test_a_blas_that_threadpoolctl_does_not_know_is_named_by_numpy(machine, monkeypatch):
    machine.libraries = []
    config = {"Build Dependencies": {"blas": {"name": "accelerate", "version": "unknown"}}}
    monkeypatch.setattr(np, "show_config", lambda mode: config)
    what = "NumPy was built with accelerate unknown, of which threadpoolctl tells nothing"
    assert found("BLAS")[0] == ("ok", what, None)


def test_without_threadpoolctl_it_says_what_cannot_be_told(machine, monkeypatch):
    without(monkeypatch, "threadpoolctl")
    blas, speed = about("BLAS")
    assert (blas.verdict, blas.mend) == ("note", "pip install 'onepath[train]'")
    assert "its kernels and threads cannot be told" in blas.what
    assert speed.what.startswith("250 GFLOP/s")


def test_measuring_leaves_the_environment_alone(machine):
    machine.cpuinfo = cpuinfo(AVX512)
    machine.speeds["SkylakeX"] = 455.0
    before = dict(os.environ)
    doctor.examine()
    assert dict(os.environ) == before


def test_a_product_is_measured_in_a_process_of_its_own():
    speed = doctor._gflops()
    assert 0.01 < speed < 1e6


def test_the_variable_reaches_the_process(monkeypatch):
    monkeypatch.setattr(
        doctor, "_PRODUCT", "import os; print(len(os.environ['OPENBLAS_CORETYPE']))"
    )
    assert doctor._gflops("SkylakeX") == 8.0
    monkeypatch.delenv("OPENBLAS_CORETYPE", raising=False)
    assert doctor._gflops() is None


def test_the_real_machine_is_described():
    findings = doctor.examine(measure=False)
    assert f"NumPy {np.__version__}" in [each.what for each in findings]
    assert any(each.what.startswith("cpu: ") for each in findings)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="/proc is Linux's")
def test_cpus_are_those_that_the_process_may_use():
    mine = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(mine)})
    try:
        assert doctor._usable_cpus() == 1
    finally:
        os.sched_setaffinity(0, mine)


# The report


def test_the_report_is_laid_out():
    findings = [
        Finding("Core", "ok", "one"),
        Finding("Core", "problem", "two is broken", "mend two"),
        Finding("BLAS", "note", "three"),
    ]
    assert doctor.report(findings).split("\n") == [
        "Core",
        "  ok       one",
        "  problem  two is broken",
        "    mend   mend two",
        "",
        "BLAS",
        "  note     three",
        "",
        "Problems: 1, notes: 1.",
    ]


@pytest.mark.parametrize("width", [40, 80, 100])
def test_no_line_is_longer_than_the_terminal(machine, width):
    machine.cpuinfo = cpuinfo(AVX512)
    machine.speeds["SkylakeX"] = 455.0
    machine.installed = {"cupy-cuda12x": "14.2.0", "cupy-cuda13x": "14.2.0"}
    machine.backends["cuda"] = BackendUnavailableError("a " * 50 + "/very/long/path" * 20)
    lines = doctor.report(doctor.examine(), width).split("\n")
    assert max(map(len, lines)) <= width
    assert all(line == line.rstrip() for line in lines)


def test_no_command_is_longer_than_the_terminal_with_its_backslash():
    for length in range(30):
        finding = Finding("Core", "ok", "x", f"pip install {'y' * length} and more than fits")
        assert max(map(len, doctor.report([finding], width=40).split("\n"))) <= 40


def test_text_and_commands_go_on_below_themselves():
    finding = Finding("Core", "ok", "word " * 9 + "word", "pip install one two three four five")
    lines = doctor.report([finding], width=40).split("\n")[1:-2]
    assert lines == [
        "  ok       word word word word word word",
        "           word word word word",
        "    mend   pip install one two three \\",
        "           four five",
    ]


@pytest.mark.skipif(os.name == "nt", reason="the backslash is for POSIX shells")
def test_a_command_on_several_lines_is_still_one_for_the_shell():
    mend = "echo pip install 'onepath[train]' numpy scipy matplotlib rich safetensors"
    lines = doctor.report([Finding("Core", "ok", "x", mend)], width=40).split("\n")[2:-2]
    assert len(lines) > 2
    command = "\n".join(lines).replace("    mend ", "", 1)
    done = subprocess.run(command, shell=True, capture_output=True, text=True, check=True)
    assert done.stdout == mend.replace("echo ", "").replace("'", "") + "\n"


Size = namedtuple("Size", "columns lines")


@pytest.mark.parametrize(("columns", "widest"), [(20, 40), (60, 60), (300, 100)])
def test_the_report_is_as_wide_as_the_terminal(monkeypatch, capsys, columns, widest):
    monkeypatch.setattr(doctor.shutil, "get_terminal_size", lambda: Size(columns, 50))
    without(monkeypatch, "rich")
    doctor.show([Finding("Core", "ok", "a " * 200)])
    lines = capsys.readouterr().out.split("\n")
    assert widest - 2 < max(map(len, lines)) <= widest


def test_rich_colours_the_same_text(machine, monkeypatch, capsys):
    rich_console = pytest.importorskip("rich.console")
    findings = [
        Finding(
            "Core", "problem", "broken", "pip install 'onepath[train]' [bold]not markup[/bold]"
        ),
        Finding("BLAS", "note", "note that this is ok"),
    ]
    doctor.show(findings)
    assert capsys.readouterr().out == doctor.report(findings) + "\n"

    terminal = rich_console.Console(force_terminal=True, color_system="standard", width=30)
    monkeypatch.setattr(rich_console, "Console", lambda: terminal)
    doctor.show(findings)
    lines = capsys.readouterr().out.split("\n")
    assert lines[0] == "\x1b[1mCore\x1b[0m"
    assert lines[1] == "\x1b[1;31m  problem\x1b[0m  broken"
    assert lines[2].startswith("\x1b[36m    mend   pip install")
    assert lines[5] == "\x1b[33m  note\x1b[0m     note that this is ok"
    assert lines[7] == "Problems: 1, notes: 1."
