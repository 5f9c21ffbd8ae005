"""What elementwise layers share."""

from typing import Any

from ..backends import Array
from .base import Layer


class Elementwise(Layer):
    """Any shape goes in and comes out, and nothing is learned."""

    elementwise = True
    shardable = True

    def __init__(self, name: str | None = None) -> None:
        super().__init__(name)


def sigmoid(xp: Any, x: Array) -> Array:
    """Compute ``1 / (1 + exp(-x))``, of which no exponential overflows on either side of 0."""
    return xp.exp(xp.minimum(x, 0)) / (1 + xp.exp(-xp.abs(x)))
