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
        self._own = _Own()

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
        views = self._own.views.get(name)
        if views is None:
            views = self._own.views[name] = {}
        view = views.get(shape)
        if view is None or view.dtype != dtype:
            view = views[shape] = self._viewed(name, shape, dtype)
        return view

    def _viewed(self, name: str, shape: tuple[int, ...], dtype: DType) -> Array:
        """View a buffer, in place of a larger one where it is too small."""
        dtype = self._xp.dtype(dtype)
        size = math.prod(shape) * dtype.itemsize
        buffer = self._own.buffers.get(name)
        if buffer is None or buffer.size < size:
            self._own.views[name].clear()
            buffer = self._own.buffers[name] = self._xp.empty(size, dtype="uint8")
        return buffer[:size].view(dtype).reshape(shape)

    def held(self) -> int:
        """Bytes that this thread's buffers hold."""
        return sum(buffer.size for buffer in self._own.buffers.values())

    def release(self) -> None:
        """Give this thread's buffers back."""
        self._own.buffers.clear()
        self._own.views.clear()


class _Own(threading.local):
    """A thread's buffers by name, and views of each by shape."""

    def __init__(self) -> None:
        self.buffers: dict[str, Array] = {}
        self.views: dict[str, dict[tuple[int, ...], Array]] = {}
