"""How host data comes to a GPU: a batch is on its way while the one before is computed with."""

import math
from collections.abc import Iterable, Iterator
from itertools import chain, cycle, pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from ..feeding import Feeder, Part
from ..transfers import count
from ..types import Array
from .sparing import available

if TYPE_CHECKING:
    from ..base import Backend

SHARE = 4
"""Data stay on the device where they take less than one part in so many of what is free."""

PIECE = 32 << 20
"""How many bytes of such data are sent at a time, since page-locked memory is scarce."""

SLOTS = 2
"""How many batches lie in page-locked memory: one is copied, and one is gathered."""


class StreamingFeeder(Feeder):
    """Sends data on a stream of its own, from page-locked memory.

    Events keep three things in order. The host waits for the last of them alone, and only when it
    is two batches ahead of the device.

    - Work on a batch comes after its copy: the current stream, on which that work is queued, waits.
    - A copy comes after other uses of its memory. The pool gives out what the host has let go of,
      although work queued earlier may still use it. That is in order on the stream for which memory
      is taken, which is the current one, whether the pool is CuPy's or CUDA's own; so the copying
      stream waits for what is queued there when the memory is taken. That is the work before the
      batch which is given out next, and the copy runs beside the work on that one.
    - Page-locked memory is written to again, or given back, after it was copied.

    Memory is taken anew for each batch, not used in turn: whoever keeps a batch keeps its numbers,
    as on the CPU, and what a batch lets go of serves the step's other arrays.

    Parameters
    ----------
    backend : Backend
        Where to: a device with a module like CuPy. It is the current device in all calls.
    """

    def __init__(self, backend: "Backend") -> None:
        super().__init__(backend)
        self._cupy = backend.xp
        # a stream that blocks would take turns with the default stream, in which work is done
        self._copying = self._cupy.cuda.Stream(non_blocking=True)
        self._queued = self._cupy.cuda.Event(disable_timing=True)
        self._slots = [_Slot(self._cupy) for _ in range(SLOTS)]

    def stays(self, nbytes: int) -> bool:
        """Whether so many bytes are less than a quarter of what is free."""
        return nbytes * SHARE < available(self._cupy)

    def whole(self, array: Array) -> Array:
        """Send an array of the host's, in pieces."""
        there = self._cupy.empty(array.shape, array.dtype.newbyteorder("="))
        rows = max(PIECE * len(array) // max(array.nbytes, 1), 1)
        try:
            for start, slot in zip(range(0, len(array), rows), cycle(self._slots), strict=False):
                slot.wait()
                piece = slice(start, start + rows)
                self._copy([(there[piece], slot.filled(0, array, piece))], slot)
        finally:
            self._wait()
        return there

    def batches(self, parts: Iterable[list[Part]]) -> Iterator[tuple[Array, ...]]:
        """Send batches, each while the one before is computed with; see `Feeder.batches`."""
        sent: Iterator[Any] = map(self._sent, parts, cycle(self._slots))
        try:
            for (batch, slot), _ in pairwise(chain(sent, [None])):
                self._cupy.cuda.get_current_stream().wait_event(slot.copied)
                yield batch
        finally:
            self._wait()

    def _sent(self, parts: list[Part], slot: "_Slot") -> tuple[tuple[Array, ...], "_Slot"]:
        """Begin to send a batch."""
        slot.wait()
        batch, copies = [], []
        for number, (array, rows) in enumerate(parts):
            if self.backend.owns(array):
                batch.append(array[rows])
            else:
                source = slot.filled(number, array, rows)
                batch.append(self._cupy.empty(source.shape, source.dtype))
                copies.append((batch[-1], source))
        self._copy(copies, slot)
        return tuple(batch), slot

    def _copy(self, copies: list[tuple[Array, Any]], slot: "_Slot") -> None:
        """Copy from a slot into arrays that were just made."""
        self._cupy.cuda.get_current_stream().record(self._queued)
        self._copying.wait_event(self._queued)
        for target, source in copies:
            target.set(source, stream=self._copying)
            count(host_to_device=source.nbytes)
        self._copying.record(slot.copied)

    def _wait(self) -> None:
        """Let the host wait for all copies that have begun."""
        for slot in self._slots:
            slot.wait()


class _Slot:
    """Page-locked memory of the host, and when it was copied."""

    def __init__(self, cupy: Any) -> None:
        self._cupy = cupy
        self._memory: dict[int, Any] = {}
        self.copied = cupy.cuda.Event(disable_timing=True)

    def wait(self) -> None:
        """Let the host wait until the memory may be written to."""
        if not self.copied.done:
            self.copied.synchronize()

    def filled(self, number: int, array: Any, rows: Any) -> Any:
        """Return a copy of an array's rows, in the memory of that number."""
        in_order = isinstance(rows, slice)
        length = len(range(len(array))[rows]) if in_order else len(rows)
        room = self._room(number, (length, *array.shape[1:]), array.dtype.newbyteorder("="))
        if in_order or not array.flags.c_contiguous:
            np.copyto(room, array[rows])
        else:  # in one pass; it would copy all of an array of another layout
            np.take(array, rows, axis=0, out=room, mode="clip")
        return room

    def _room(self, number: int, shape: tuple[int, ...], dtype: Any) -> Any:
        """View the memory of that number, which grows to the most that is asked of it."""
        size = math.prod(shape) * dtype.itemsize
        memory = self._memory.get(number)
        if memory is None or memory.size < size:
            locked = self._cupy.cuda.alloc_pinned_memory(size)
            memory = self._memory[number] = np.ndarray(size, "uint8", locked)
        return memory[:size].view(dtype).reshape(shape)
