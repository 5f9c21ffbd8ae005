"""Scratch memory that is taken again and again instead of being allocated anew."""

import math
import threading
from typing import Any

from .types import Array, DType


class Workspace:
    """Named scratch buffers of one device, one set for each thread.

    Fresh large temporaries cost page faults, as dear as the arithmetic done in them, so a buffer
    is kept and grows to the largest request made under its name.

    Parameters
    ----------
    xp : module
        The array module that allocates.
    """

    def __init__(self, xp: Any) -> None:
        self._xp = xp
        self._local = threading.local()

    def take(self, name: str, shape: tuple[int, ...], dtype: DType) -> Array:
        """Return a C-contiguous scratch array with undefined content.

        Parameters
        ----------
        name : str
            The buffer's name. Taking a name again gives the same memory: whoever holds an
            earlier array of that name must be done with it.
        shape : tuple of int
            The array's shape.
        dtype : dtype
            The array's dtype.

        Returns
        -------
        array
            Memory that belongs to the workspace: copy what has to last.
        """
        dtype = self._xp.dtype(dtype)
        size = math.prod(shape) * dtype.itemsize
        buffers = self._local.__dict__
        buffer = buffers.get(name)
        if buffer is None or buffer.size < size:
            buffer = buffers[name] = self._xp.empty(size, dtype="uint8")
        return buffer[:size].view(dtype).reshape(shape)

    def held(self) -> int:
        """Bytes that this thread's buffers hold."""
        return sum(buffer.size for buffer in self._local.__dict__.values())

    def release(self) -> None:
        """Give this thread's buffers back."""
        self._local.__dict__.clear()
