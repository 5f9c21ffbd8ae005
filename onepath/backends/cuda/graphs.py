"""CUDA graphs: what a stream is asked for is taken down once, and launched as a whole."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cached_property
from typing import Any

from ..dtypes import widened
from ..graphs import CaptureError, Captures, Number, Result
from ..products import Products, summed
from ..types import Array, DType
from .cublas import Cublas, load


class _Here(threading.local):
    tape: "CudaTape | None" = None


_here = _Here()
"""The tape on which this thread rehearses or records."""


class Slot:
    """Numbers on the device that a graph reads, written by kernels: the host never waits.

    Parameters
    ----------
    compute : callable
        Returns the number, or a tuple of them.
    array : array, shape () or (n,)
        Where they go.
    """

    def __init__(self, compute: Callable[[], Any], array: Array) -> None:
        self.array = array
        self._compute = compute
        self._places = [array] if array.ndim == 0 else [array[i] for i in range(len(array))]
        self._written: list[Any] = [None] * len(self._places)

    def fill(self) -> None:
        """Compute the numbers anew, and write those that are other ones."""
        numbers = self._compute()
        if not isinstance(numbers, tuple):
            numbers = (numbers,)
        for i, (place, number) in enumerate(zip(self._places, numbers, strict=True)):
            if number != self._written[i]:
                place.fill(number)
                self._written[i] = number


class CudaTape:
    """A CUDA graph with the memory that it reads and writes; see `graphs.Tape`.

    Work is asked of a stream of the tape's own, since the default one captures nothing. Memory
    comes from a pool of its own: what the graph frees and writes again at each launch, nobody else
    is given in the meantime.

    Parameters
    ----------
    backend : CudaCaptures
        The device.
    cupy : module
        CuPy.
    """

    def __init__(self, backend: Any, cupy: Any) -> None:
        self.backend, self.recording = backend, False
        self._cupy = cupy
        self._pool = cupy.cuda.MemoryPool()
        with backend.scope():
            self._stream = cupy.cuda.Stream(non_blocking=True)
        self._slots: dict[Any, Slot] = {}
        self._actions: list[Callable[[], None]] = []
        self._kept: list[Any] = []
        self._graph: Any = None

    def rehearse(self, work: Callable[[], Result]) -> Result:
        """Do the work on the stream and in the memory of the tape."""
        with self._apart():
            return work()

    def record(self, work: Callable[[], Result]) -> Result:
        """Capture the work; see `graphs.Tape.record`."""
        # scratch memory is the workspace's: another buffer may take its place, but not free it
        self._kept = self.backend.workspace.buffers()
        with self._apart():
            self._stream.begin_capture()
            self.recording = True
            try:
                result = work()
                self._graph = self._stream.end_capture()
            except BaseException:
                self._give_up()
                raise
            finally:
                self.recording = False
        self._kept += [*self.backend.workspace.buffers(), result]
        return result

    def replay(self) -> None:
        """Launch the graph on the current stream."""
        with self.backend.scope():
            for slot in self._slots.values():
                slot.fill()
            self._graph.launch()
        for action in self._actions:
            action()

    def varying(self, compute: Callable[[], Any], dtype: DType, size: int | None) -> Array:
        """Return an array for a number; see `Captures.varying`."""
        key = compute, self._cupy.dtype(dtype)
        if key not in self._slots:
            shape = () if size is None else size
            slot = Slot(compute, self._cupy.empty(shape, dtype=dtype))
            if not self.recording:
                slot.fill()
                return slot.array
            self._slots[key] = slot
        return self._slots[key].array

    def afterwards(self, action: Callable[[], None]) -> None:
        """Do it after each replay, or now; see `Captures.afterwards`."""
        if self.recording:
            self._actions.append(action)
        else:
            action()

    @contextmanager
    def _apart(self) -> Iterator[None]:
        """Let the tape's stream and pool be the current ones, in order with the stream before."""
        cuda, earlier = self._cupy.cuda, _here.tape
        with self.backend.scope():
            current = cuda.get_current_stream()
            self._stream.wait_event(current.record())
            _here.tape = self
            try:
                with cuda.using_allocator(self._pool.malloc), self._stream:
                    yield
            finally:
                _here.tape = earlier
                current.wait_event(self._stream.record())

    def _give_up(self) -> None:
        """End a capture that failed, of which nothing stays."""
        with suppress(Exception):  # it has ended, or CUDA tells again that it failed
            self._stream.end_capture()
        self._slots.clear()
        self._actions.clear()


class CudaCaptures(Products, Captures):
    """What a backend over CuPy does while work is captured; see `Captures` and `Products`."""

    uncapturable = None
    scope: Any
    workspace: Any

    def tape(self) -> CudaTape:
        """Return an empty tape."""
        return CudaTape(self, self.xp)

    def varying(
        self, compute: Callable[[], Number], dtype: DType, size: int | None = None
    ) -> Number | Array:
        """Return a number, or an array that has it; see `Captures.varying`."""
        tape = self._tape()
        return compute() if tape is None else tape.varying(compute, dtype, size)

    def afterwards(self, action: Callable[[], None]) -> None:
        """Do something on the host; see `Captures.afterwards`."""
        tape = self._tape()
        if tape is None:
            action()
        else:
            tape.afterwards(action)

    def refuse_capture(self, reason: str) -> None:
        """Say that what follows must not be captured; see `Captures.refuse_capture`."""
        if self._records():
            raise CaptureError(reason)

    def matmul(self, a: Array, b: Array, out: Array | None = None) -> Array:
        """Multiply matrices, in a capture past CuPy; see `Products.matmul`.

        Stacks alone are widened: cuBLAS multiplies matrices of float16 and bfloat16 itself.
        """
        if a.ndim > 2 or b.ndim > 2:
            a, b = widened(a), widened(b)
        if self._records():
            return self._cublas.matmul(a, b, out)
        return self.xp.matmul(a, b, out=out)

    def einsum(self, rule: str, *operands: Array) -> Array:
        """Sum products without CuPy's `einsum`, which copies operands, and asks cuBLAS."""
        return summed(rule, *operands)

    @cached_property
    def _cublas(self) -> Cublas:
        return Cublas(self.xp, self._cublas_library())

    def _cublas_library(self) -> Any:
        return load()

    def _tape(self) -> CudaTape | None:
        """The tape on which this thread is, if it is one of this device."""
        tape = _here.tape
        return tape if tape is not None and tape.backend is self else None

    def _records(self) -> bool:
        tape = self._tape()
        return tape is not None and tape.recording
