"""A stand-in for CuPy, so that the CUDA backend's own code runs where there is no GPU.

What is CuPy's own here: its list of names, and the Python files of ``cupyx.scipy.signal``, read
from the installed package. They decide which operand becomes the weights, where the sum starts, and
when operands are exchanged. What is stood in for: memory (NumPy's arrays, marked with a device),
the Fourier transform (SciPy's), and the one compiled kernel of the direct sum, written out as
CuPy's source has it: zero weights are skipped, and what lies outside the data is multiplied too.
"""

import functools
import importlib.util
import sys
import types
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
import scipy.fft

from onepath.backends import registry
from onepath.backends.cpu import CpuBackend
from onepath.backends.cuda import CudaBackend

SIGNAL = ("correlate", "convolve", "correlate2d", "convolve2d", "fftconvolve", "oaconvolve")


class Device:
    """``cupy.cuda.Device``: a number that a ``with`` statement makes the current one."""

    entered: ClassVar = [0]
    mem_info = (3 << 30, 8 << 30)

    def __init__(self, index=0):
        self.id = index

    def __enter__(self):
        self.entered.append(self.id)
        return self

    def __exit__(self, *error):
        self.entered.pop()

    def synchronize(self):
        pass


class DeviceArray(np.ndarray):
    """``cupy.ndarray``: an array that knows its device and takes no host array as an operand."""

    device = property(lambda self: self._device)

    def __array_finalize__(self, source):
        self._device = getattr(source, "_device", None) or Device(Device.entered[-1])

    def __array_ufunc__(self, ufunc, method, *inputs, out=(), **options):
        inputs = [unmarked(x) for x in inputs]
        if out:
            options["out"] = tuple(unmarked(x) for x in out)
        with np.errstate(all="ignore"):  # a GPU does not tell
            return marked(getattr(ufunc, method)(*inputs, **options))


def marked(result):
    """Put an array of NumPy's on the current device."""
    if isinstance(result, list | tuple):
        return type(result)(map(marked, result))
    return result.view(DeviceArray) if isinstance(result, np.ndarray | np.generic) else result


def unmarked(argument):
    """Give NumPy a device's array, and refuse a host array, as CuPy does."""
    if isinstance(argument, list | tuple):
        return type(argument)(map(unmarked, argument))
    if type(argument) is np.ndarray:
        raise TypeError("Unsupported type <class 'numpy.ndarray'>")
    return np.asarray(argument) if isinstance(argument, DeviceArray) else argument


def on_host(x):
    """Whether the CPU owns an array; the stand-in's are NumPy's too, but that is not to be seen."""
    return isinstance(x, np.ndarray) and not isinstance(x, DeviceArray)


def dtype_of(x):
    return x.dtype if isinstance(x, np.ndarray) else x


class Cupy(types.ModuleType):
    """``cupy``: of NumPy's functions those that the real CuPy has too."""

    __version__ = "of the test"
    ndarray = DeviceArray
    devices = 2

    def __init__(self, real):
        super().__init__("cupy")
        self.real = real
        self.asarray = lambda x, dtype=None: marked(np.asarray(x, dtype=dtype))
        self.asnumpy = lambda x: np.array(x, subok=False)
        self.promote_types = lambda a, b: np.promote_types(dtype_of(a), dtype_of(b))
        self.can_cast = lambda a, b: np.can_cast(dtype_of(a), dtype_of(b))
        self.get_default_memory_pool = lambda: types.SimpleNamespace(
            used_bytes=lambda: 1 << 20, total_bytes=lambda: 2 << 20
        )
        self.cuda = types.SimpleNamespace(
            Device=Device,
            is_available=lambda: self.devices > 0,
            runtime=types.SimpleNamespace(getDeviceCount=lambda: self.devices),
        )
        self.lib = types.SimpleNamespace(
            stride_tricks=types.SimpleNamespace(
                as_strided=on_device(np.lib.stride_tricks.as_strided)
            )
        )

    def __getattr__(self, name):
        theirs = getattr(self.real, name)
        ours = getattr(np, name, theirs)
        return ours if theirs is ours else on_device(ours)


def on_device(function):
    """Let a function of NumPy's or SciPy's take and give arrays of the stand-in."""

    def call(*args, **options):
        options = {name: unmarked(value) for name, value in options.items()}
        return marked(function(*map(unmarked, args), **options))

    return call


def correlate_kernel(boundary, weights_shape, int_type, offsets, fill):
    """``cupyx.scipy.ndimage._filters._get_correlate_kernel``: one sum for each output."""
    if isinstance(fill, complex) or (fill != fill and fill is not np.nan):
        raise RuntimeError(f"the kernel's source would have the fill value {fill} in it: not C++")

    def read(x, start, shape):
        """The data from ``start`` on, continued beyond their edges as the boundary says."""
        axes = [np.arange(n) + first for n, first in zip(shape, start, strict=True)]
        index = np.meshgrid(*axes, indexing="ij", sparse=True)
        if boundary == "wrap":
            return x[tuple(i % n for i, n in zip(index, x.shape, strict=True))]
        if boundary == "reflect":
            folded = [i % (2 * n) for i, n in zip(index, x.shape, strict=True)]
            mirror = [np.minimum(i, 2 * n - 1 - i) for i, n in zip(folded, x.shape, strict=True)]
            return x[tuple(mirror)]
        inside = [(i >= 0) & (i < n) for i, n in zip(index, x.shape, strict=True)]
        clipped = [np.clip(i, 0, n - 1) for i, n in zip(index, x.shape, strict=True)]
        return np.where(functools.reduce(np.logical_and, inside), x[tuple(clipped)], fill)

    def kernel(x, w, y):
        x, w, total = np.asarray(x), np.asarray(w), np.zeros(y.shape, w.dtype)
        for tap in np.ndindex(weights_shape):
            if w[tap] != 0:
                start = [t - offset for t, offset in zip(tap, offsets, strict=True)]
                with np.errstate(all="ignore"):
                    total += read(x, start, y.shape).astype(w.dtype) * w[tap]
        y[...] = marked(total.astype(y.dtype))

    return kernel


def cupyx_modules(folder):
    """``cupyx.scipy.signal`` and what it imports, by name; its own files are run later."""
    transforms = ("fftn", "ifftn", "rfftn", "irfftn")
    contents = {
        "cupy._core": {},
        "cupy._core.internal": {
            "_normalize_axis_indices": lambda axes, ndim, sort_axes: (
                np.lib.array_utils.normalize_axis_tuple(range(ndim) if axes is None else axes, ndim)
            )
        },
        "cupy.linalg": {"lstsq": None},
        "cupyx": {},
        "cupyx.scipy": {},
        "cupyx.scipy.fft": {name: on_device(getattr(scipy.fft, name)) for name in transforms}
        | {"next_fast_len": scipy.fft.next_fast_len},
        "cupyx.scipy.ndimage": {},
        "cupyx.scipy.ndimage._util": {"_get_inttype": lambda x: "int"},
        "cupyx.scipy.ndimage._filters": {"_get_correlate_kernel": correlate_kernel},
        "cupyx.scipy.signal": {"__path__": [str(folder)]},
        "cupyx.scipy.signal._arraytools": dict.fromkeys(
            ("const_ext", "even_ext", "odd_ext", "axis_reverse", "axis_slice", "axis_assign")
        ),
        "cupyx.scipy.signal._iir_utils": dict.fromkeys(
            (
                "apply_iir",
                "apply_iir_sos",
                "compute_correction_factors",
                "compute_correction_factors_sos",
            )
        ),
    }
    modules = {}
    for name, attributes in contents.items():
        module = modules[name] = types.ModuleType(name)
        vars(module).update(attributes)
    return modules


@pytest.fixture(autouse=True)
def _nothing_left_behind():
    """No test leaves the stand-in, or a backend of its own, to the next one."""
    known = dict(registry._factories)
    yield
    assert not isinstance(sys.modules.get("cupy"), Cupy)
    assert registry._factories == known
    assert {kind for kind, _ in registry._live} <= {"cpu", "cuda"}
    assert all(type(x.xp) is types.ModuleType for x in registry._live.values())


@pytest.fixture
def cupy_double(monkeypatch):
    """The stand-in, in the place of ``cupy`` and ``cupyx`` for one test."""
    import cupy

    folder = Path(importlib.util.find_spec("cupyx").origin).parent / "scipy" / "signal"
    double = Cupy(cupy)
    modules = {"cupy": double} | cupyx_modules(folder)
    for name, module in modules.items():
        monkeypatch.setitem(sys.modules, name, module)
        parent, _, child = name.rpartition(".")
        if parent:
            setattr(modules[parent], child, module)
    for name in ("_signaltools_core", "_signaltools"):
        spec = importlib.util.spec_from_file_location(
            f"cupyx.scipy.signal.{name}", folder / f"{name}.py"
        )
        module = importlib.util.module_from_spec(spec)
        monkeypatch.setitem(sys.modules, spec.name, module)
        setattr(modules["cupyx.scipy.signal"], name, module)
        spec.loader.exec_module(module)
    for name in SIGNAL:
        setattr(modules["cupyx.scipy.signal"], name, getattr(module, name))
    monkeypatch.setattr(registry, "_live", {})
    monkeypatch.setattr(CpuBackend, "owns", lambda self, x: on_host(x))
    monkeypatch.setattr(CpuBackend, "index_of", lambda x: 0 if on_host(x) else None)
    return double


@pytest.fixture
def cuda_double(cupy_double):
    """The CUDA backend on the stand-in."""
    return CudaBackend()
