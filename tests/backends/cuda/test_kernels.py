"""Our CUDA C++: compiled by NVRTC, which needs no GPU, and launched as it is declared.

That its numbers are those of the portable twin is for `test_random.py` to show, on a GPU.
"""

import re

import numpy as np
import pytest

from onepath.backends import get_backend
from onepath.backends.cuda import kernels

ARCHITECTURES = ("sm_75", "sm_80", "sm_90", "sm_100")
C_TYPES = {"word": np.uint64}

each_kernel = pytest.mark.parametrize("name", kernels.SOURCES)


def compiled(source, architecture, nvrtc):
    program = nvrtc.createProgram(source, "kernel.cu", (), ())
    try:
        nvrtc.compileProgram(program, (f"-arch={architecture}", "-Werror=all-warnings"))
        return nvrtc.getCUBIN(program)
    finally:
        log = nvrtc.getProgramLog(program)
        nvrtc.destroyProgram(program)
        assert not log.strip("\0\n "), log


@pytest.fixture(scope="module")
def nvrtc():
    """CuPy's binding of NVRTC; the tests' extra brings both."""
    return pytest.importorskip("cupy_backends.cuda.libs.nvrtc")


@each_kernel
@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_it_compiles(name, architecture, nvrtc):
    machine_code = compiled(kernels.SOURCES[name], architecture, nvrtc)
    assert name.encode() in machine_code


def test_what_is_wrong_does_not_compile(nvrtc):
    wrong = kernels.PHILOX.replace("c0 = high1", "c9 = high1")
    with pytest.raises(Exception, match="NVRTC_ERROR_COMPILATION"):
        nvrtc.compileProgram(nvrtc.createProgram(wrong, "kernel.cu", (), ()), ("-arch=sm_90",))


class Cupy:
    """What a launch asks of CuPy: it is noted, and nothing runs."""

    uint64 = np.uint64

    def __init__(self):
        self.launches = []

    def empty(self, size, dtype):
        return np.empty(size, dtype)

    def RawKernel(self, source, name):  # noqa: N802 - CuPy's name
        return lambda *launch: self.launches.append((source, name, *launch))


@pytest.mark.parametrize("blocks", [1, 255, 256, 257, 1000])
def test_philox_is_launched_as_it_is_declared(blocks):
    for key in ((3, 2**64 - 1), np.array([3, 2**64 - 1], "u8")):
        cupy = Cupy()
        words = kernels.philox(cupy, key, 7, blocks)
        assert (words.size, words.dtype) == (4 * blocks, np.uint64)
        ((source, name, grid, threads, arguments),) = cupy.launches
        declared = re.search(rf"void {name}\((.*?)\)", source, re.S)[1].split(",")
        assert len(arguments) == len(declared)
        for given, text in zip(arguments, declared, strict=True):
            if "*" not in text:
                assert type(given) is C_TYPES[text.split()[0]]
        k0, k1, place, first, count, out = arguments
        assert (first, count) == (8, blocks)
        assert out is words
        if isinstance(key, tuple):
            assert ((k0, k1), place) == (key, 0)
        else:
            assert ((k0, k1), place is key) == ((0, 0), True)
        assert threads[0] % 32 == 0
        assert (grid[0] - 1) * threads[0] < blocks <= grid[0] * threads[0]


def test_nothing_is_launched_for_nothing():
    cupy = Cupy()
    assert kernels.philox(cupy, (1, 2), 0, 0).shape == (0,)
    assert cupy.launches == []


def test_the_twin_takes_hundreds_of_calls(monkeypatch):
    """What the kernel is for: each call of the array module is a launch on a GPU."""
    device = get_backend("simulated")
    from onepath.backends.simulated import ufuncs

    calls = []
    original = ufuncs.ufunc.__call__
    monkeypatch.setattr(
        ufuncs.ufunc,
        "__call__",
        lambda self, *a, **k: (calls.append(1), original(self, *a, **k))[1],
    )
    device.philox((1, 2), 0, 8)
    assert len(calls) > 300
