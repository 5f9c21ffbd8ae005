"""``cupy.cuda``'s memory: limits and allocators. The memory itself is the host's."""

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from weakref import WeakSet

import numpy as np

from . import array, devices
from .array import ndarray
from .devices import Device

_local = threading.local()


class OutOfMemoryError(MemoryError):
    """``cupy.cuda.memory.OutOfMemoryError``: a pool's limit is reached."""

    def __init__(self, size: int, total: int, limit: int = 0) -> None:
        bounds = f", limit set to: {limit:,} bytes" if limit else ""
        super().__init__(
            f"Out of memory allocating {size:,} bytes (allocated so far: {total:,} bytes{bounds})."
        )


class MemoryPool:
    """``cupy.cuda.MemoryPool``: the host's allocator does its work, so it holds nothing back."""

    def __init__(self, allocator: Any = None) -> None:
        self._limits: dict[int, int] = {}

    def malloc(self, size: int) -> None:
        """Refuse what the limit does not allow. There is nothing to be given out."""
        limit = self.get_limit()
        if limit and self.used_bytes() + size > limit:
            gc.collect()
            used = self.used_bytes()
            if used + size > limit:
                raise OutOfMemoryError(size, used, limit)

    def used_bytes(self) -> int:
        """Bytes of all arrays that live on the current device."""
        arrays = [x for x in gc.get_objects() if type(x) is ndarray]
        memories = [_memory(x) for x in arrays if x._device == devices.current()]
        return sum({id(memory): memory.nbytes for memory in memories}.values())

    def free_bytes(self) -> int:
        """Bytes held and not in use: none."""
        return 0

    def total_bytes(self) -> int:
        """Bytes held: those in use."""
        return self.used_bytes()

    def n_free_blocks(self) -> int:
        """Blocks held and not in use: none."""
        return 0

    def free_all_blocks(self, stream: Any = None) -> None:
        """Give up what is not in use: nothing."""

    def set_limit(self, size: int | None = None, fraction: float | None = None) -> None:
        """Set how many bytes may be in use on the current device."""
        total = Device().mem_info[1]
        self._limits[devices.current()] = int((fraction or 0) * total) if size is None else size
        (_limited.add if any(self._limits.values()) else _limited.discard)(self)
        array.ask = _ask if _limited else None

    def get_limit(self) -> int:
        """Return how many bytes may be in use on the current device, 0 if any number may."""
        return self._limits.get(devices.current(), 0)


_limited: WeakSet[MemoryPool] = WeakSet()


def _memory(x: ndarray) -> Any:
    """The array that owns the memory of an array."""
    owner = x._host
    while isinstance(owner.base, np.ndarray):
        owner = owner.base
    return owner


def alloc_pinned_memory(size: int) -> bytearray:
    """Return page-locked memory; its content is NaN, as that of other fresh memory."""
    return bytearray(b"\xff") * size


class PinnedMemoryPool:
    """``cupy.cuda.PinnedMemoryPool``: it holds nothing back either."""

    n_free_blocks = MemoryPool.n_free_blocks
    free_all_blocks = MemoryPool.free_all_blocks

    def malloc(self, size: int) -> bytearray:
        """Return page-locked memory."""
        return alloc_pinned_memory(size)


_pool, _pinned_pool = MemoryPool(), PinnedMemoryPool()


def get_default_memory_pool() -> MemoryPool:
    """Return the pool of the devices."""
    return _pool


def get_default_pinned_memory_pool() -> PinnedMemoryPool:
    """Return the pool of page-locked memory."""
    return _pinned_pool


# Allocators, which are asked while a pool has a limit: otherwise all of them would agree


def _ask(size: int) -> None:
    """Ask for the memory of a new array."""
    get_allocator()(size)


def _raw(size: int) -> None:
    """Do without a pool, and its limit."""


_allocator: Any = _pool.malloc


def get_allocator() -> Any:
    """Return the allocator of this thread, or of all."""
    return getattr(_local, "allocator", None) or _allocator


def set_allocator(allocator: Any = None) -> None:
    """Set the allocator of all threads."""
    global _allocator
    if getattr(_local, "allocator", None) is not None:
        raise ValueError(
            "Can't change the global allocator inside `using_allocator` context manager"
        )
    _allocator = allocator or _raw


@contextmanager
def using_allocator(allocator: Any = None) -> Iterator[None]:
    """Set the allocator of this thread for a ``with`` statement."""
    before = getattr(_local, "allocator", None)
    _local.allocator = allocator or _raw
    try:
        yield
    finally:
        _local.allocator = before
