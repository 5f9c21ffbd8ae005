"""Activations by Keras's names."""

from collections.abc import Callable, Iterator

from ..backends import Array
from .base import Layer, Shape
from .composition import Composite
from .curves import Exponential, LogSigmoid, Sigmoid, Softplus, Softsign, Squareplus, Tanh
from .elementwise import Elementwise
from .exponential_units import CELU, ELU, SELU
from .gates import GELU, HardSiLU, Mish, SiLU
from .rectifiers import HardSigmoid, HardTanh, LeakyReLU, ReLU
from .registry import register_layer
from .shrinkage import HardShrink, SoftShrink
from .softmax import LogSoftmax, Softmax


@register_layer
class Identity(Elementwise):
    """Nothing at all: the output is the input."""

    def _forward(self, x: Array, training: bool) -> Array:
        return x

    def _backward(self, dy: Array) -> Array:
        return dy


ACTIVATIONS: dict[str, Callable[[], Layer]] = {
    "celu": CELU,
    "elu": ELU,
    "exponential": Exponential,
    "gelu": GELU,
    "hard_shrink": HardShrink,
    "hard_sigmoid": HardSigmoid,
    "hard_silu": HardSiLU,
    "hard_swish": HardSiLU,
    "hard_tanh": HardTanh,
    "leaky_relu": lambda: LeakyReLU(0.2),  # the function's slope, which is not the layer's
    "linear": Identity,
    "log_sigmoid": LogSigmoid,
    "log_softmax": LogSoftmax,
    "mish": Mish,
    "relu": ReLU,
    "relu6": lambda: ReLU(max_value=6),
    "selu": SELU,
    "sigmoid": Sigmoid,
    "silu": SiLU,
    "soft_shrink": SoftShrink,
    "softmax": Softmax,
    "softplus": Softplus,
    "softsign": Softsign,
    "squareplus": Squareplus,
    "swish": SiLU,
    "tanh": Tanh,
}
"""What makes the layer of each."""


def activation_layer(name: str) -> Layer:
    """Return a new layer that computes what Keras calls by that name.

    Parameters
    ----------
    name : str
        A key of `ACTIVATIONS`. All are elementwise but ``"softmax"`` and ``"log_softmax"``, which
        are along the last axis.

    Returns
    -------
    Layer
        Without parameters.

    Raises
    ------
    ValueError
        If the name is unknown.
    """
    if not isinstance(name, str) or name not in ACTIVATIONS:
        raise ValueError(f"activation must be one of {tuple(ACTIVATIONS)}, got {name!r}")
    return ACTIVATIONS[name]()


@register_layer
class Activation(Composite):
    """An activation by its name.

    Parameters
    ----------
    activation : str
        One of Keras's names, ``"relu"`` or ``"gelu"``, say; see `activation_layer`.
    name : str, optional
        See `Layer`.

    Raises
    ------
    ValueError
        If the name of the activation is unknown.
    """

    shardable = True

    def __init__(self, activation: str, name: str | None = None) -> None:
        super().__init__([activation_layer(activation)], name)
        self.activation = activation

    @property
    def elementwise(self) -> bool:  # type: ignore[override]
        """Whether the activation is."""
        return self.children[0].elementwise

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """Return the input's shape, if the activation takes it."""
        return self.children[0].check_sample(input_shape)

    def parts(self, input_shape: Shape) -> Iterator[tuple[Layer, Shape]]:
        """Return the activation's layer."""
        yield self.children[0], input_shape

    def _forward(self, x: Array, training: bool) -> Array:
        return self._pass(self.children[0], x, training)

    def _backward(self, dy: Array) -> Array:
        return self.children[0].backward(dy)
