"""How host data comes to a device: by itself, one batch after the other."""

from collections.abc import Iterable, Iterator
from typing import Any, Protocol

from .types import Array

Part = tuple[Array, Any]
"""An array, on the host or on the device, and which of its rows: a slice, or an array of them."""


class Device(Protocol):
    """The part of a backend that a feeder stands on."""

    @property
    def xp(self) -> Any:
        """The array module."""

    def owns(self, array: Any) -> bool:
        """Whether the array lives on this device."""

    def asarray(self, x: Any) -> Array:
        """Bring host data to this device."""


class Feeder:
    """Brings data to a device when they are asked for.

    Parameters
    ----------
    backend : Device
        Where to. It is the current device in all calls.
    """

    def __init__(self, backend: Device) -> None:
        self.backend = backend

    def stays(self, nbytes: int) -> bool:
        """Whether so many bytes are little enough to be on the device all the time."""
        return False

    def whole(self, array: Array) -> Array:
        """Bring an array of the host's here, all at once."""
        return self.backend.asarray(array)

    def batches(self, parts: Iterable[list[Part]]) -> Iterator[tuple[Array, ...]]:
        """Bring batches here.

        Parameters
        ----------
        parts : iterable of list of (array, slice or array of int)
            For each batch, of which arrays it is made and of which of their rows. Rows of an array
            that is here already are told by an array that is here.

        Yields
        ------
        tuple of array
            A batch, for work on the stream that is current when it is asked for. Nobody writes to
            its arrays again. They may be let go of as soon as that work is queued.
        """
        for batch in parts:
            yield tuple(self.backend.asarray(array[rows]) for array, rows in batch)
