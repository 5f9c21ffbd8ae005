"""Scratch memory that is taken again and again instead of being allocated anew."""

import math
import threading
from collections.abc import Callable, Hashable
from typing import Any, TypeVar

from .types import Array, DType

Made = TypeVar("Made")

MOST = 4096
"""How many things made of scratch arrays a thread remembers at most."""


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

    def prepared(self, key: Hashable, make: Callable[[], Made]) -> Made:
        """Return what was made of scratch arrays for a key, such as views of them.

        Parameters
        ----------
        key : hashable
            What it is for.
        make : callable
            Called without arguments where nothing was made for the key, or where buffers that it
            may be made of have been replaced since.

        Returns
        -------
        object
            What `make` returned.
        """
        made = self._own.made.get(key)
        if made is None:
            if len(self._own.made) >= MOST:
                self._own.made.clear()
            made = self._own.made[key] = make()
        return made

    def _viewed(self, name: str, shape: tuple[int, ...], dtype: DType) -> Array:
        """View a buffer; a larger one takes its place where it is too small."""
        dtype = self._xp.dtype(dtype)
        size = math.prod(shape) * dtype.itemsize
        buffer = self._own.buffers.get(name)
        if buffer is None or buffer.size < size:
            self._own.views[name].clear()
            self._own.made.clear()
            buffer = self._own.buffers[name] = self._xp.empty(size, dtype="uint8")
        return buffer[:size].view(dtype).reshape(shape)

    def buffers(self) -> list[Array]:
        """Return this thread's buffers, which whoever holds them keeps from being freed."""
        return list(self._own.buffers.values())

    def held(self) -> int:
        """Bytes that this thread's buffers hold."""
        return sum(buffer.size for buffer in self._own.buffers.values())

    def release(self) -> None:
        """Give this thread's buffers back."""
        self._own.buffers.clear()
        self._own.views.clear()
        self._own.made.clear()


class _Own(threading.local):
    """A thread's buffers by name, views of each by shape, and what was made of them."""

    def __init__(self) -> None:
        self.buffers: dict[str, Array] = {}
        self.views: dict[str, dict[tuple[int, ...], Array]] = {}
        self.made: dict[Hashable, Any] = {}
