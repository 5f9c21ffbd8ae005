"""What is done when the memory of a CuPy device runs out."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ..errors import OutOfMemoryError

if TYPE_CHECKING:
    from ..base import Backend


class SparingAllocator:
    """An allocator that gives scratch memory up before it gives up itself.

    By itself, CuPy's pool gives free blocks of all streams back and collects garbage before it
    raises an error (cupy/cuda/memory.pyx, ``_try_malloc``), so that is not done again here. What
    the pool cannot take back is the backend's scratch memory, since that is in use.

    An allocation is tried again where a whole step could not be: that would move the averages of
    batch normalization twice, and the counters of dropout.

    Parameters
    ----------
    backend : Backend
        A device with a module like CuPy.
    batch : int
        How many samples are worked on at a time.
    """

    def __init__(self, backend: "Backend", batch: int) -> None:
        self._backend, self._batch = backend, batch
        self._exhausted = backend.xp.cuda.memory.OutOfMemoryError
        self._allocate: Callable[[int], Any] = backend.xp.cuda.get_allocator()
        if isinstance(self._allocate, SparingAllocator):  # of a call around this one
            self._allocate = self._allocate._allocate

    def __call__(self, size: int) -> Any:
        """Return memory of that many bytes, or raise `OutOfMemoryError`."""
        try:
            return self._allocate(size)
        except self._exhausted:
            self._backend.workspace.release()
        try:
            return self._allocate(size)
        except self._exhausted as error:
            raise OutOfMemoryError(self._told(size)) from error

    def _told(self, size: int) -> str:
        """What is asked for and held, and what can be done."""
        backend, batch = self._backend, self._batch
        used, reserved, total = (number or 0 for number in backend.memory())
        # as if all that is held grew with the batch
        fitting = min(batch * (used + available(backend.xp)) // (used + size), batch - 1)
        return (
            f"{backend.name} has no room for {size:,} bytes: {used:,} are in use, {reserved:,} "
            f"reserved by CuPy's pool, {total:,} there in all. The batch has {batch} "
            f"sample{'s' if batch > 1 else ''}; {_fitting(fitting)}. Give a smaller batch_size, "
            "or let go of arrays on the device; onepath.memory() tells what is held"
        )


def _fitting(samples: int) -> str:
    if not samples:
        return "by an estimate, not even one fits"
    return f"about {samples} would fit, by an estimate in proportion to what is in use"


def available(cupy: Any) -> int:
    """Return how many bytes new arrays may take on the current device.

    Parameters
    ----------
    cupy : module
        CuPy, or what is like it.
    """
    pool = cupy.get_default_memory_pool()
    free: int = cupy.cuda.Device().mem_info[0] + pool.free_bytes()
    limit = pool.get_limit()
    return min(free, max(limit - pool.used_bytes(), 0)) if limit else free
