"""Something to check."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ...backends import Array, get_backend
from ...layers import Layer, Softmax
from ...layers.base import Shape
from ...optimizers import Optimizer
from ..joining import Joined

BATCH = 3
"""How many samples a batch of a case has."""


@dataclass(frozen=True)
class Case:
    """Something to check, as a layer.

    Attributes
    ----------
    name : str
        No other case has it, and it stays: recordings are kept by it.
    make : callable
        Makes the layer, with seeds of its own, for a dtype, "float32" or "float64".
    shape : tuple of int
        The shape of a sample.
    training : bool
        Whether the layer runs in training mode.
    values : {"normal", "probabilities"}
        Which inputs it takes: any numbers, or distributions along the last axis.
    optimizer : Optimizer or None
        What the case is there to step with; None if the layer is what matters.
    """

    name: str
    make: Callable[[str], Any]
    shape: Shape
    training: bool = False
    values: str = "normal"
    optimizer: Optimizer | None = None

    @property
    def x(self) -> Shape | Array:
        """The input as the checks take it.

        Returns
        -------
        tuple of int or array, float64
            The shape of a batch, to be filled, or on the CPU a batch of what the layer must have.
        """
        shape = (BATCH, *self.shape)
        if self.values == "normal":
            return shape
        logits = get_backend("cpu").random(1).normal(shape, dtype="float64")
        return Softmax().forward(logits)


def typed(cls: Callable[..., Layer], *args: Any, **options: Any) -> Callable[[str], Layer]:
    """What makes a layer with parameters."""
    return lambda dtype: cls(*args, dtype=dtype, seed=1, **options)


def untyped(cls: Callable[..., Layer], *args: Any, **options: Any) -> Callable[[str], Layer]:
    """What makes a layer that has the dtype of its input."""
    return lambda dtype: cls(*args, **options)


def joined(
    cls: Callable[..., Layer], *shapes: Shape, **options: Any
) -> tuple[Callable[[str], Layer], Shape]:
    """What makes a layer with several inputs and no parameters, and the shape of them as one."""
    size = sum(map(math.prod, shapes))
    return lambda dtype: Joined(cls(**options), shapes), (size,)
