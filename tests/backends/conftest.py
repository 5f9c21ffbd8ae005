"""A double of CuPy, so that the CUDA backend's own code runs where there is no GPU.

It is the simulated device under CuPy's name, with the real package's Python files in
``cupyx.scipy.signal``. They decide which operand becomes the weights, where the sum starts, and
when operands are exchanged. Stood in for is the one compiled kernel of the direct sum, written out
as CuPy's source has it: zero weights are skipped, what lies outside the data is multiplied too.
"""

import functools
import importlib.util
import math
import sys
import types
from pathlib import Path

import numpy as np
import pytest

from onepath.backends import numerics, registry
from onepath.backends.cuda import CudaBackend, kernels
from onepath.backends.random import philox4x64
from onepath.backends.simulated import cudnn as simulated_cudnn
from onepath.backends.simulated import modules
from onepath.backends.simulated.array import unwrap, wrap
from onepath.backends.simulated.cuda import CompileException
from onepath.backends.simulated.namespace import Namespace

SIGNAL = (
    "correlate",
    "convolve",
    "correlate2d",
    "convolve2d",
    "fftconvolve",
    "oaconvolve",
    "choose_conv_method",
)


def correlate_kernel(boundary, weights_shape, int_type, offsets, fill):
    """``cupyx.scipy.ndimage._filters._get_correlate_kernel``: one sum for each output."""
    infinite = fill in (math.inf, -math.inf) or fill is np.nan  # of these CuPy knows C++'s names
    if boundary == "constant" and not infinite and not is_cpp(fill):
        raise CompileException(f"the kernel's source would have the fill value {fill} in it")

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
        x, w, total = unwrap(x), unwrap(w), np.zeros(y.shape, w.dtype)
        if np.iscomplexobj(x) and not np.iscomplexobj(w):
            raise CompileException("C++ converts no complex number to a real one")
        for tap in np.ndindex(weights_shape):
            if w[tap] != 0:
                start = [t - offset for t, offset in zip(tap, offsets, strict=True)]
                with np.errstate(all="ignore"):
                    total += read(x, start, y.shape).astype(w.dtype) * w[tap]
        y[...] = wrap(total.astype(y.dtype))

    return kernel


def is_cpp(number):
    """Whether C++ reads a number as Python writes it."""
    return type(number) in (int, float) and math.isfinite(number)


@pytest.fixture(autouse=True)
def _nothing_left_behind():
    """No test leaves the double, or a backend of its own, to the next one."""
    known, following = dict(registry._factories), len(numerics._told)
    yield
    del numerics._told[following:]
    assert not isinstance(sys.modules.get("cupy"), Namespace)
    assert registry._factories == known
    simulated = {kind: isinstance(x.xp, Namespace) for (kind, _), x in registry._live.items()}
    assert simulated.items() <= {"cpu": False, "cuda": False, "simulated": True}.items()


@pytest.fixture
def cupy_double(monkeypatch):
    """The simulated device in the place of ``cupy`` and ``cupyx``, not telling that it is one."""
    real = pytest.importorskip("cupy", reason="CuPy is absent: pip install 'onepath[test]'")
    folder = Path(importlib.util.find_spec("cupyx").origin).parent / "scipy" / "signal"
    filters = importlib.import_module("cupyx.scipy.ndimage._filters")
    monkeypatch.setattr(filters, "_get_correlate_kernel", correlate_kernel)
    double = modules.__wrapped__()  # a set of its own, for others to keep theirs as they are
    for name, module in double.items():
        monkeypatch.setitem(sys.modules, name, module)
    vars(double["cupy"]).update(__simulated__=False, _math=real._math)
    signal = double["cupyx.scipy.signal"]
    iir = types.ModuleType("cupyx.scipy.signal._iir_utils")  # compiled filters, not called here
    compiled = ("apply_iir", "apply_iir_sos", "compute_correction_factors")
    vars(iir).update(dict.fromkeys((*compiled, "compute_correction_factors_sos")))
    monkeypatch.setitem(sys.modules, iir.__name__, iir)
    for name in ("_arraytools", "_signaltools_core", "_signaltools"):
        spec = importlib.util.spec_from_file_location(
            f"{signal.__name__}.{name}", folder / f"{name}.py"
        )
        module = importlib.util.module_from_spec(spec)
        monkeypatch.setitem(sys.modules, spec.name, module)
        spec.loader.exec_module(module)
    vars(signal).update({name: getattr(module, name) for name in SIGNAL})
    monkeypatch.setattr(registry, "_live", {})
    return double["cupy"]


@pytest.fixture
def cuda_double(cupy_double, monkeypatch):
    """The CUDA backend on the double, without what is compiled: our kernels, and cuDNN."""
    monkeypatch.setattr(kernels, "philox", philox4x64)
    monkeypatch.setattr(CudaBackend, "_binding", lambda self: simulated_cudnn)
    return CudaBackend()
