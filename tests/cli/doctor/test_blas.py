"""BLAS is judged by its threads, its kernels, and what was measured."""

import subprocess

import numpy as np
import pytest

from onepath.cli.doctor import Finding, blas
from onepath.cli.doctor.blas import examine_blas

AVX2 = "avx2 fma"
AVX512 = f"{AVX2} avx512f avx512bw avx512vl avx512dq"


def found(measure=True):
    return [(each.verdict, each.what, each.mend) for each in examine_blas(measure)]


def test_fitting_kernels_are_well(machine):
    assert list(examine_blas(measure=True)) == [
        Finding("BLAS", "ok", "openblas 0.3.31, threads: 4, CPUs: 4"),
        Finding("BLAS", "ok", "Haswell kernels, which suit this CPU"),
        Finding("BLAS", "ok", "250 GFLOP/s in products of 1024 x 1024 matrices in float32"),
    ]


def test_faster_kernels_are_recommended_with_what_was_measured(machine):
    machine.set_flags(AVX512)
    machine.speeds["SkylakeX"] = 455.0
    assert found()[1] == (
        "note",
        "Haswell kernels, which leave this CPU's AVX-512 idle; SkylakeX ones measured 455 GFLOP/s "
        "against 250, 1.82 times as fast",
        "export OPENBLAS_CORETYPE=SkylakeX",
    )


@pytest.mark.parametrize(
    ("speed", "verdict"), [(274.0, "ok"), (276.0, "note"), (100.0, "ok"), (None, "ok")]
)
def test_only_a_gain_of_a_tenth_is_recommended(machine, speed, verdict):
    machine.set_flags(AVX512)
    if speed:
        machine.speeds["SkylakeX"] = speed
    told, what, mend = found()[1]
    assert told == verdict
    assert (mend is None) == (verdict == "ok")
    assert ("do not run here" in what) == (speed is None)


def test_without_measuring_the_better_kernels_are_only_named(machine, monkeypatch):
    machine.set_flags(AVX512)
    monkeypatch.setattr(subprocess, "run", None)
    _, (_, what, mend) = found(measure=False)
    assert what.endswith("AVX-512 idle; SkylakeX ones may be faster")
    assert mend == "export OPENBLAS_CORETYPE=SkylakeX"


@pytest.mark.parametrize("family", [25, 26])
def test_the_command_line_says_that_it_chooses_better_kernels_itself(machine, family):
    machine.set_flags(AVX512, family=family)
    machine.speeds["SkylakeX"] = 455.0
    chosen = (
        "ok",
        "SkylakeX kernels are chosen by the command line, for all commands but this one",
    )
    lines = found()
    # what other programs get is still what was measured, with the line that mends it
    assert lines[1][2] == "export OPENBLAS_CORETYPE=SkylakeX"
    assert ((*chosen, None) in lines) == (family == 26)


def test_a_product_that_fails_is_not_reported(machine):
    machine.speeds = {}
    assert len(found()) == 2


@pytest.mark.parametrize(
    ("architectures", "flags", "core_type"),
    [
        ("Haswell Zen Nehalem Sandybridge", AVX512, "SkylakeX"),
        ("Prescott Core2", AVX2, "Haswell"),
        ("Haswell", AVX512.removesuffix("avx512dq"), None),
        ("Prescott", "sse2 avx2", None),
        ("Prescott", "sse2", None),
        ("Haswell", AVX2, None),
        ("SkylakeX Cooperlake SapphireRapids", AVX512, None),
        ("Zen7 Core", AVX512, None),
    ],
)
def test_which_kernels_would_be_better(machine, architectures, flags, core_type):
    machine.set_flags(flags)
    expected = core_type and f"export OPENBLAS_CORETYPE={core_type}"
    for architecture in architectures.split():
        machine.libraries = [machine.openblas(architecture=architecture)]
        assert found(measure=False)[1][2] == expected, architecture


@pytest.mark.parametrize("text", ["", "processor\t: 0\nFeatures\t: fp asimd\n"])
def test_where_flags_cannot_be_told_it_is_said(machine, text):
    machine.cpuinfo.write_text(text)
    verdict, what, mend = found()[1]
    assert (verdict, mend) == ("note", None)
    assert "can be told on Linux and x86 only" in what


@pytest.mark.parametrize(
    ("threads", "environment", "verdict", "what", "mend"),
    [
        (
            1,
            {"OMP_NUM_THREADS": "1"},
            "note",
            "OMP_NUM_THREADS=1 holds it back",
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
    machine.libraries = [machine.openblas(num_threads=threads)]
    finding = next(examine_blas(measure=False))
    assert (finding.verdict, finding.mend) == (verdict, mend)
    assert what in finding.what


@pytest.mark.parametrize(
    "filepath",
    ["/a/scipy.libs/libscipy_openblas.so", "/a/scipy/.dylibs/libscipy_openblas.dylib"],
)
def test_the_blas_that_scipy_brings_for_itself_is_left_out(machine, filepath):
    mine = "/home/scipy/env/site-packages/numpy.libs/libopenblas.so"
    machine.libraries = [
        machine.openblas(filepath=filepath, architecture="Prescott"),
        machine.openblas(user_api="openmp", internal_api="openmp"),
        machine.openblas(filepath=mine),
    ]
    assert [what for _, what, _ in found(measure=False)] == [
        "openblas 0.3.31, threads: 4, CPUs: 4",
        "Haswell kernels, which suit this CPU",
    ]


def test_another_blas_has_no_kernels_to_choose(machine):
    machine.libraries = [machine.openblas(internal_api="mkl", version="2025.0", num_threads=8)]
    what = "mkl 2025.0, threads: 8, CPUs: 4; threads that share a CPU wait for each other"
    assert found()[:-1] == [("note", what, "export MKL_NUM_THREADS=4")]


def test_a_blas_that_threadpoolctl_does_not_know_is_named_by_numpy(machine, monkeypatch):
    machine.libraries = []
    config = {"Build Dependencies": {"blas": {"name": "accelerate", "version": "unknown"}}}
    monkeypatch.setattr(np, "show_config", lambda mode: config)
    what = "NumPy was built with accelerate unknown, of which threadpoolctl tells nothing"
    assert found()[0] == ("ok", what, None)


def test_without_threadpoolctl_it_says_what_cannot_be_told(machine, without):
    without("threadpoolctl")
    (verdict, what, mend), (_, speed, _) = found()
    assert (verdict, mend) == ("note", "pip install 'onepath[train]'")
    assert "its kernels and threads cannot be told" in what
    assert speed.startswith("250 GFLOP/s")


def test_a_product_is_measured_in_a_process_of_its_own():
    assert 0.01 < blas._gflops() < 1e6


def test_the_variable_reaches_the_process(monkeypatch):
    monkeypatch.setattr(blas, "_PRODUCT", "import os; print(len(os.environ['OPENBLAS_CORETYPE']))")
    assert blas._gflops("SkylakeX") == 8.0
    monkeypatch.delenv("OPENBLAS_CORETYPE", raising=False)
    assert blas._gflops() is None
