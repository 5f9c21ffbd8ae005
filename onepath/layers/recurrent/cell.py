"""What recurrent layers do at each time step, and on the way back."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar

from ...backends import Array, Backend
from .activations import ACTIVATIONS

Arrays = tuple[Array, ...]
Given = Sequence[Array | None]


class Cell(ABC):
    """The part of a recurrent layer that differs from one kind to another.

    All arrays are time-major: (T, N, ...), in the order in which steps are taken. ``h``, the
    outputs, has one step more, the first of which is before all others. A cell is given room for
    all that it writes, and may be given the rows of some samples alone.

    Parameters
    ----------
    activation, recurrent_activation : str
        Of candidates for outputs, and of gates.
    """

    gates: ClassVar[int]
    """How many times ``units`` columns the projections have."""

    def __init__(self, activation: str, recurrent_activation: str = "sigmoid") -> None:
        self.activation = ACTIVATIONS[activation]
        self.recurrent_activation = ACTIVATIONS[recurrent_activation]

    @abstractmethod
    def kept(self, xp: Any, z: Array, h: Array) -> Arrays:
        """Return what the way back needs, with undefined content but for ``z`` and ``h[0]``.

        Parameters
        ----------
        xp : module
            The array module.
        z : array, shape (T, N, gates * units)
            The projected inputs, with their bias.
        h : array, shape (T + 1, N, units)
            Room for the outputs.
        """

    @abstractmethod
    def forward(
        self, home: Backend, kernel: Array, bias: Array | None, z: Array, kept: Arrays
    ) -> None:
        """Take all steps.

        Parameters
        ----------
        home : Backend
            Where the arrays live.
        kernel : array, shape (units, gates * units)
            By which the output before is multiplied.
        bias : array, shape (gates * units,), or None
            What is added to that product.
        z : array, shape (T, N, gates * units)
            The projected inputs; overwritten.
        kept : tuple of array
            What `kept` returned; filled.
        """

    @abstractmethod
    def like_deltas(self, kept: Arrays) -> Arrays:
        """Return arrays of the shapes of what `backward` computes."""

    @abstractmethod
    def backward(
        self, home: Backend, kernel: Array, dy: Given, kept: Arrays, deltas: Arrays
    ) -> None:
        """Go all steps back: backpropagation through time.

        Parameters
        ----------
        home, kernel, kept
            As for `forward`.
        dy : sequence of array, shape (N, units), or None
            Gradients of the outputs, for each step that has one.
        deltas : tuple of array
            Of the shapes that `like_deltas` tells; filled.
        """

    @abstractmethod
    def learned(self, home: Backend, kept: Arrays, deltas: Arrays) -> tuple[Array, Array | None]:
        """Return the gradients of the recurrent kernel and of a bias that it has of its own."""

    @abstractmethod
    def projected(self, deltas: Arrays) -> Array:
        """Return the gradient of the projected inputs, shape (T, N, gates * units).

        It may overwrite the deltas.
        """


def rows(x: Array) -> Array:
    """(T, N, n) -> (T * N, n)."""
    return x.reshape(-1, x.shape[-1])


def blocks(x: Array, units: int) -> Arrays:
    """(..., gates * units) -> a view (..., units) of each gate."""
    return tuple(x[..., i : i + units] for i in range(0, x.shape[-1], units))


def started(xp: Any, h: Array) -> Array:
    """Return the zeros of shape (N, units) with which the way back begins."""
    return xp.zeros_like(h[0])
