"""Batched convolutions of well-known networks: forward, and the two gradients."""

import math
from dataclasses import dataclass
from typing import NamedTuple

from .case import Array, Case, as_it_comes, draws, normal

OPERATIONS = ("forward", "input gradient", "kernel gradient")


class Operands(NamedTuple):
    """The three arrays of a convolution; each operation takes two of them."""

    x: Array
    kernel: Array
    dy: Array


@dataclass(frozen=True, kw_only=True)
class ConvCase(Case):
    """One of the three convolutions of a layer.

    Attributes
    ----------
    operation : str
        One of `OPERATIONS`.
    x_shape, kernel_shape : tuple of int
        (N, channels, *size) and (filters, channels // groups, *size).
    stride, padding : int
        On each axis, the padding on both sides.
    groups : int
        Into how many independent convolutions channels and filters are divided.
    engine : str
        Which of onepath's engines computes; "auto" leaves the choice to it.
    """

    kind = "conv"
    operation: str
    x_shape: tuple[int, ...]
    kernel_shape: tuple[int, ...]
    stride: int = 1
    padding: int = 0
    groups: int = 1
    engine: str = "auto"

    @property
    def rank(self) -> int:
        """The number of spatial axes."""
        return len(self.x_shape) - 2

    def inputs(self) -> Operands:
        """Return input, kernel and output gradient, so scaled that no result grows large."""
        rng = draws()
        sizes = zip(self.x_shape[2:], self.kernel_shape[2:], strict=True)
        outputs = ((n + 2 * self.padding - k) // self.stride + 1 for n, k in sizes)
        return Operands(
            normal(rng, self.x_shape),
            normal(rng, self.kernel_shape, 1 / math.sqrt(math.prod(self.kernel_shape[1:]))),
            normal(rng, (self.x_shape[0], self.kernel_shape[0], *outputs)),
        )


class _Layer(NamedTuple):
    name: str
    x_shape: tuple[int, ...]
    kernel_shape: tuple[int, ...]
    stride: int = 1
    padding: int = 0
    groups: int = 1


_LAYERS = (
    _Layer("LeNet 5x5, 1 to 6", (32, 1, 28, 28), (6, 1, 5, 5), padding=2),
    _Layer("LeNet 5x5, 6 to 16", (32, 6, 14, 14), (16, 6, 5, 5)),
    _Layer("VGG 3x3, 3 to 64", (1, 3, 224, 224), (64, 3, 3, 3), padding=1),
    _Layer("VGG 3x3, 256 to 256", (1, 256, 56, 56), (256, 256, 3, 3), padding=1),
    _Layer("CIFAR 3x3, 32 to 64", (32, 32, 16, 16), (64, 32, 3, 3), padding=1),
    _Layer("ResNet 7x7/2, 3 to 64", (1, 3, 224, 224), (64, 3, 7, 7), stride=2, padding=3),
    _Layer("ResNet 3x3, 64 to 64", (8, 64, 56, 56), (64, 64, 3, 3), padding=1),
    _Layer("ResNet 3x3/2, 128 to 256", (8, 128, 28, 28), (256, 128, 3, 3), stride=2, padding=1),
    _Layer("MobileNet depthwise 3x3, 128", (8, 128, 56, 56), (128, 1, 3, 3), 1, 1, groups=128),
    _Layer("MobileNet 1x1, 128 to 256", (8, 128, 28, 28), (256, 128, 1, 1)),
    _Layer("1-D 9, 64 to 64", (16, 64, 1024), (64, 64, 9), padding=4),
    _Layer("3-D 3x3x3, 16 to 32", (2, 16, 16, 32, 32), (32, 16, 3, 3, 3), padding=1),
    _Layer("large 31x31, 8 to 8", (1, 8, 128, 128), (8, 8, 31, 31), padding=15),
)


def cases(device: str) -> list[Case]:
    """Return the three operations of each layer, the same on every device.

    Keras is no peer here: it calls one of the others, and has no function for the gradients.
    """
    peers = ("torch", "jax", *as_it_comes(device))
    return [
        ConvCase(
            name=f"{layer.name}, N={layer.x_shape[0]}: {operation}",
            peers=peers,
            operation=operation,
            **{field: value for field, value in layer._asdict().items() if field != "name"},
        )
        for layer in _LAYERS
        for operation in OPERATIONS
    ]
