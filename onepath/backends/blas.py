"""NumPy's BLAS, for what NumPy does not do with it.

Python offers no way to say how many threads a matrix product may use, nor to add a multiple of an
array to another in one pass, but the libraries that NumPy comes with have functions for it, which
are found by their names.
"""

import ctypes
import threading
from collections.abc import Callable
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np


class Control(NamedTuple):
    """How many threads a library uses: read and set."""

    read: Callable[[], int]
    set: Callable[[int], Any]


WORTHWHILE = 1 << 15
"""Elements from which on calling the library itself is faster than two of NumPy's functions."""

_NAMES = (
    ("scipy_openblas_get_num_threads64_", "scipy_openblas_set_num_threads64_"),
    ("scipy_openblas_get_num_threads", "scipy_openblas_set_num_threads"),
    ("openblas_get_num_threads64_", "openblas_set_num_threads64_"),
    ("openblas_get_num_threads", "openblas_set_num_threads"),
    ("MKL_Get_Max_Threads", "MKL_Set_Num_Threads"),
    ("bli_thread_get_num_threads", "bli_thread_set_num_threads"),
)
"""OpenBLAS as NumPy's wheels have it and as others build it, MKL, BLIS."""

_AXPBY = "scipy_cblas_{}axpby64_", "scipy_cblas_{}axpby", "cblas_{}axpby64_", "cblas_{}axpby"


@cache
def control() -> Control | None:
    """Find how NumPy's BLAS is told its threads; None where there is no way that is known."""
    for library in _libraries():
        for read, write in _NAMES:
            if hasattr(library, read) and hasattr(library, write):
                return Control(getattr(library, read), getattr(library, write))
    return None


def axpby(a: float, x: Any, b: float, y: Any) -> bool:
    """Let BLAS do ``y = a * x + b * y`` in one pass over memory, if it is there and worth a call.

    Parameters
    ----------
    a, b : float
        The factors.
    x, y : numpy.ndarray
        Of one shape and dtype; y is changed in place.

    Returns
    -------
    bool
        Whether it was done.
    """
    if y.size < WORTHWHILE or not (x.flags.c_contiguous and y.flags.c_contiguous):
        return False
    function = _axpby(y.dtype.char)
    if function is None or a == 0 or b == 0:  # BLAS would not even look for NaN
        return False
    with single_thread:
        function(y.size, a, x.ctypes.data, 1, b, y.ctypes.data, 1)
    return True


@cache
def _axpby(char: str) -> Any:
    """Find the function for a dtype's character; None where there is none that is known.

    Lengths are passed with 64 bits, of which a library may take the lower 32.
    """
    kinds = {"f": ("s", ctypes.c_float), "d": ("d", ctypes.c_double)}
    if char not in kinds:
        return None
    letter, number = kinds[char]
    for library in _libraries():
        for name in _AXPBY:
            function = getattr(library, name.format(letter), None)
            if function is not None:
                vector = number, ctypes.c_void_p, ctypes.c_int64
                function.argtypes = ctypes.c_int64, *vector, *vector
                function.restype = None
                return function
    return None


def _libraries() -> list[ctypes.CDLL]:
    """What has the names: NumPy's own module, through which its libraries are found, or these."""
    module: Any = import_module("numpy._core._multiarray_umath")

    beside = Path(np.__file__).parent.parent / "numpy.libs"
    found = []
    for path in (module.__file__, *map(str, beside.glob("*openblas*.dll"))):
        try:
            found.append(ctypes.CDLL(path))
        except OSError:
            continue
    return found


class SingleThread:
    """A context in which BLAS uses one thread; it may be entered by several threads at a time.

    The setting is the library's, so it holds for the whole process until the last has left.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._inside = 0
        self._before = 1

    def __enter__(self) -> None:
        threads = control()
        with self._lock:
            self._inside += 1
            if threads is not None and self._inside == 1:
                self._before = threads.read()
                if self._before != 1:
                    threads.set(1)

    def __exit__(self, *exception: object) -> None:
        threads = control()
        with self._lock:
            self._inside -= 1
            if threads is not None and self._inside == 0 and self._before != 1:
                threads.set(self._before)


single_thread = SingleThread()
