"""NumPy's BLAS, as far as its threads go.

Python offers no way to say how many threads a matrix product may use, but the libraries that NumPy
comes with have a function for it, which is found by its name.
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


_NAMES = (
    ("scipy_openblas_get_num_threads64_", "scipy_openblas_set_num_threads64_"),
    ("scipy_openblas_get_num_threads", "scipy_openblas_set_num_threads"),
    ("openblas_get_num_threads64_", "openblas_set_num_threads64_"),
    ("openblas_get_num_threads", "openblas_set_num_threads"),
    ("MKL_Get_Max_Threads", "MKL_Set_Num_Threads"),
    ("bli_thread_get_num_threads", "bli_thread_set_num_threads"),
)
"""OpenBLAS as NumPy's wheels have it and as others build it, MKL, BLIS."""


@cache
def control() -> Control | None:
    """Find how NumPy's BLAS is told its threads; None where there is no way that is known."""
    for library in _libraries():
        for read, write in _NAMES:
            if hasattr(library, read) and hasattr(library, write):
                return Control(getattr(library, read), getattr(library, write))
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
