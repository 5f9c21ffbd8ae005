"""Weights that go together: those of one layer here, and those that PyTorch has for them."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

Arrays = tuple[Any, ...]


@dataclass(frozen=True)
class Slot:
    """One or several of our arrays, and PyTorch's that hold the same numbers.

    Attributes
    ----------
    ours : tuple of str
        Names of parameters or state, as a layer has them.
    theirs : tuple of str
        Names in PyTorch's ``state_dict``.
    out, back : callable
        ``out(*arrays)`` makes PyTorch's arrays, all on the host, of ours, ``back(*arrays)`` ours.
    needed : bool
        Whether a state must have PyTorch's arrays to be whole.
    """

    ours: tuple[str, ...]
    theirs: tuple[str, ...]
    out: Callable[..., Arrays]
    back: Callable[..., Arrays]
    needed: bool = True

    def within(self, ours: str, theirs: str = "", behind: str = "") -> "Slot":
        """Return the slot with what its names begin with in a larger layer, and theirs end in."""
        return replace(
            self,
            ours=tuple(ours + name for name in self.ours),
            theirs=tuple(theirs + name + behind for name in self.theirs),
        )


Entry = Callable[[Any], Iterable[Slot]]
"""Tells a layer's slots; those of weights that the layer does not have are left out."""


def same(ours: str, theirs: str) -> Slot:
    """An array that is the same on both sides."""
    return Slot((ours,), (theirs,), _alone, _alone)


def turned(ours: str, theirs: str) -> Slot:
    """A matrix, which PyTorch has with outputs first."""
    return Slot((ours,), (theirs,), lambda a: (a.T,), lambda a: (a.T,))


def uncounted(theirs: str) -> Slot:
    """A whole number that only PyTorch has: 0 is written, and what is read is let go."""
    return Slot((), (theirs,), lambda: (np.zeros((), "int64"),), lambda count: (), needed=False)


def always(*slots: Slot) -> Entry:
    """The entry of a class whose slots do not depend on the layer."""
    return lambda layer: slots


def _alone(array: Any) -> Arrays:
    return (array,)
