"""The CPU: NumPy and scipy.signal."""

import math
import os
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import numpy as np

from . import blas, threads
from .base import Backend, Item, Memory, Result, off_host
from .convolution.engine import Speed
from .dtypes import widened
from .errors import DeviceMismatchError
from .random import Key
from .types import Array, DType


class _Here(threading.local):
    """Whether numbers out of range are no news on this thread."""

    quiet = False


_here = _Here()


@contextmanager
def _quiet() -> Iterator[None]:
    """Let NumPy not warn; what is spread from here must be told, as threads do not inherit it."""
    before, _here.quiet = _here.quiet, True
    try:
        with np.errstate(all="ignore"):
            yield
    finally:
        _here.quiet = before


class CpuBackend(Backend):
    """NumPy for arrays, scipy.signal for signals.

    Parameters
    ----------
    index : int, optional
        There is one CPU: 0.
    """

    name = "cpu"
    tile_bytes = 3 << 20
    parts = 4
    speed = Speed(flops=90e9, moved=10e9, call=1e-6)

    def __init__(self, index: int = 0) -> None:
        if index != 0:
            raise ValueError(f"there is one CPU, 'cpu'; got index {index}")
        super().__init__()

    @classmethod
    def index_of(cls, array: Any) -> int | None:
        """Return 0 for a NumPy array, None for anything else."""
        return 0 if isinstance(array, np.ndarray) else None

    @property
    def xp(self) -> Any:
        """NumPy."""
        return np

    @property
    def signal(self) -> Any:
        """`scipy.signal`, imported at first use: it takes several times as long as NumPy."""
        import scipy.signal

        return scipy.signal

    @property
    def special(self) -> Any:
        """`scipy.special`, imported at first use."""
        import scipy.special

        return scipy.special

    def owns(self, array: Any) -> bool:
        """Whether ``array`` is a NumPy array."""
        return isinstance(array, np.ndarray)

    def asarray(self, x: Any, dtype: DType | None = None) -> Array:
        """Make a NumPy array of host data; see `Backend.asarray`."""
        if off_host(x):
            raise DeviceMismatchError(
                f"asarray: {type(x).__module__}.{type(x).__qualname__} lives on a CUDA device; "
                "backend_of(x).to_numpy(x) brings it to the CPU"
            )
        return np.asarray(x, dtype=dtype)

    def to_numpy(self, x: Array) -> Any:
        """Return ``x`` itself."""
        return x

    def synchronize(self) -> None:
        """Do nothing: NumPy returns when it is done."""

    def memory(self) -> Memory:
        """The process's resident memory and the machine's, where the system tells."""
        try:
            page = os.sysconf("SC_PAGE_SIZE")
            total = page * os.sysconf("SC_PHYS_PAGES")
            with open("/proc/self/statm") as file:
                used = page * int(file.read().split()[1])
        except (AttributeError, ValueError, OSError):
            return Memory(None, None, None)
        return Memory(used, used, total)

    def scope(self, quiet: bool = False) -> AbstractContextManager[Any]:
        """Do nothing, or keep NumPy from warning of numbers out of range."""
        return _quiet() if quiet else self._scope

    def spread(self, work: Callable[[Item], Result], items: Iterable[Item]) -> list[Result]:
        """Do the work on each item, on as many threads as `threads.set_threads` allows."""
        if not _here.quiet:
            return threads.spread(work, items)

        def quietly(item: Item) -> Result:
            with _quiet():
                return work(item)

        return threads.spread(quietly, items)

    def shards(self, shape: tuple[int, ...]) -> int:
        """Return 2, but for parts of 16 to 64 samples, and 2**15 numbers or more.

        Calls take a while in smaller ones, and memory in larger ones. Convolutions are divided
        further where there are more threads.
        """
        batch = shape[0]
        return max(min(batch // 16, math.prod(shape) >> 15, 2), -(-batch // 64))

    def arranged(self, x: Array) -> Array:
        """Interleave the samples, element by element; see `Backend.arranged`.

        Functions of a batch then run along memory, however small the images are. Batches without
        spatial axes are returned as they are.
        """
        if x.ndim < 3 or len(x) == 1:
            return x
        return np.moveaxis(np.ascontiguousarray(np.moveaxis(x, 0, -1)), -1, 0)

    def dot(self, a: Array, b: Array) -> Array:
        """Multiply two matrices by NumPy's `dot`: `matmul` is slow over a column and a row."""
        return np.dot(widened(a), widened(b))

    def axpby(self, a: float, x: Array, b: float, y: Array) -> None:
        """Add multiples of two arrays up in the second; BLAS does it to large ones in one pass."""
        if not blas.axpby(a, x, b, y):
            super().axpby(a, x, b, y)

    def steady(self) -> AbstractContextManager[Any]:
        """Let BLAS use one thread."""
        return blas.single_thread

    def philox(self, key: Key, counter: int, blocks: int) -> Array:
        """Return blocks of random words from NumPy's own Philox4x64-10, which is compiled."""
        source = np.random.Philox(
            counter=np.array([counter, 0, 0, 0], "uint64"), key=np.array(key, "uint64")
        )
        return source.random_raw(4 * blocks)
