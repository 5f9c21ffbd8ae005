"""Networks as data: every library builds its own from the same description and weights."""

import math
from dataclasses import dataclass
from typing import Literal, TypeAlias

from .case import Array, draws, normal


@dataclass(frozen=True)
class Conv:
    """A convolution over `rank` axes, padded by zeros on both sides."""

    filters: int
    size: int
    stride: int = 1
    padding: int = 0
    bias: bool = True
    rank: int = 2


@dataclass(frozen=True)
class NotebookConv:
    """The notebook's convolution: 2-D, valid, with a bias for each position."""

    input_shape: tuple[int, int, int]
    size: int
    depth: int


@dataclass(frozen=True)
class Dense:
    """A fully connected layer."""

    units: int


@dataclass(frozen=True)
class Activation:
    """An elementwise function."""

    name: Literal["relu", "sigmoid"]


@dataclass(frozen=True)
class MaxPool:
    """The maximum over squares that do not overlap."""

    size: int


@dataclass(frozen=True)
class BatchNorm:
    """Batch normalization of images, with the batch's own mean and variance."""

    epsilon: float = 1e-3


@dataclass(frozen=True)
class GlobalAverage:
    """The mean of each channel."""


@dataclass(frozen=True)
class Flatten:
    """One axis of all of a sample's axes."""


@dataclass(frozen=True)
class Residual:
    """Layers and a way around them; an empty one passes the input on."""

    main: tuple["Node", ...]
    shortcut: tuple["Node", ...] = ()


Node: TypeAlias = (
    Conv
    | NotebookConv
    | Dense
    | Activation
    | MaxPool
    | BatchNorm
    | GlobalAverage
    | Flatten
    | Residual
)
Network: TypeAlias = tuple[Node, ...]

RELU, SIGMOID = Activation("relu"), Activation("sigmoid")


class Weights:
    """Initial values of a network, drawn parameter by parameter, first to last.

    The order is that of the nodes, the way around a residual coming last, with the kernel or scale
    before the offset. Dense kernels are (in, out), those of convolutions (out, in, *size).
    """

    def __init__(self) -> None:
        self._rng = draws()

    def draw(self, kind: Literal["kernel", "scale", "offset"], shape: tuple[int, ...]) -> Array:
        """Return the next parameter, of float32.

        Parameters
        ----------
        kind : {"kernel", "scale", "offset"}
            Kernels keep the size of a signal, scales are near 1 and offsets near 0.
        shape : tuple of int
            Its shape.

        Returns
        -------
        numpy.ndarray
            Normally distributed.
        """
        if kind == "kernel":
            inputs = shape[0] if len(shape) == 2 else math.prod(shape[1:])
            return normal(self._rng, shape, math.sqrt(2 / inputs))
        near = normal(self._rng, shape, 0.1)
        return near + 1 if kind == "scale" else near


NOTEBOOK: Network = (
    NotebookConv((1, 28, 28), 3, 5),
    SIGMOID,
    Flatten(),
    Dense(100),
    SIGMOID,
    Dense(2),
    SIGMOID,
)
NOTEBOOK_LAYER: Network = (NotebookConv((32, 14, 14), 3, 64),)
LENET: Network = (
    *(Conv(6, 5, padding=2), RELU, MaxPool(2)),
    *(Conv(16, 5), RELU, MaxPool(2)),
    *(Flatten(), Dense(120), RELU, Dense(84), RELU, Dense(10)),
)
MLP: Network = (Dense(512), RELU, Dense(256), RELU, Dense(10))
SEQUENCE: Network = (
    *(Conv(32, 9, stride=2, padding=4, rank=1), RELU),
    *(Conv(64, 9, stride=2, padding=4, rank=1), RELU),
    *(Conv(64, 9, stride=2, padding=4, rank=1), RELU),
    *(Flatten(), Dense(10)),
)
LARGE_KERNELS: Network = (
    *(Conv(8, 21, padding=10), RELU),
    *(Conv(8, 21, padding=10), RELU),
    *(GlobalAverage(), Dense(10)),
)


def _vgg_stage(filters: int) -> Network:
    conv = Conv(filters, 3, padding=1)
    return conv, RELU, conv, RELU, MaxPool(2)


VGG: Network = (
    *_vgg_stage(32),
    *_vgg_stage(64),
    *_vgg_stage(128),
    *(Flatten(), Dense(128), RELU, Dense(10)),
)


def _normalized(filters: int, size: int, stride: int = 1) -> Network:
    return Conv(filters, size, stride, size // 2, bias=False), BatchNorm()


def _resnet_block(filters: int, stride: int) -> Network:
    main = (*_normalized(filters, 3, stride), RELU, *_normalized(filters, 3))
    return Residual(main, _normalized(filters, 1, stride) if stride > 1 else ()), RELU


RESNET8: Network = (
    *(*_normalized(16, 3), RELU),
    *_resnet_block(16, 1),
    *_resnet_block(32, 2),
    *_resnet_block(64, 2),
    *(GlobalAverage(), Dense(10)),
)
