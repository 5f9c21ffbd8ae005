"""What flows through a graph while it is read."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, TypeAlias

from ....layers import Layer
from ....layers.base import Shape

BATCH = -(1 << 62)
"""Stands for the batch's length in shapes that are computed with, where the file leaves it open."""


@dataclass(frozen=True)
class Value:
    """An array that the model computes.

    ONNX has the batch on any axis, layers have it first: the array is that of ONNX with the batch
    moved there, and all other axes in their order.

    Attributes
    ----------
    name : str
        Of the input, or of the layer, that it comes from.
    shape : tuple of int
        Of a sample, without the batch.
    dtype : str
        Floating, or that of indices.
    batch : int
        Where ONNX has the batch.
    """

    name: str
    shape: Shape
    dtype: str
    batch: int = 0

    @property
    def ndim(self) -> int:
        """How many axes ONNX's array has."""
        return len(self.shape) + 1

    def full(self, batch: int) -> Shape:
        """Return the shape as ONNX has it, with a batch of that length."""
        return (*self.shape[: self.batch], batch, *self.shape[self.batch :])


Operand: TypeAlias = Value | Any
"""A `Value`, or a constant: an array of NumPy."""

Step: TypeAlias = tuple[Layer, tuple[str, ...]]
"""A layer, and the names of the inputs and steps that it takes."""


def shown(shape: Iterable[int]) -> str:
    """Write a shape, with a question mark where it is open."""
    return f"({', '.join('?' if n == BATCH else str(n) for n in shape)})"
