"""Activations, and what acts in training alone."""

from typing import Any

import numpy as np

from ....layers import (
    CELU,
    ELU,
    GELU,
    SELU,
    Activation,
    Dropout,
    Exponential,
    HardShrink,
    HardSigmoid,
    HardSiLU,
    HardTanh,
    Identity,
    LogSigmoid,
    LogSoftmax,
    Mish,
    PReLU,
    Sigmoid,
    SiLU,
    Softmax,
    Softplus,
    SoftShrink,
    Softsign,
    SpatialDropout1D,
    SpatialDropout2D,
    SpatialDropout3D,
    Squareplus,
    Tanh,
)
from ....layers.base import Shape
from .table import exports
from .writer import Writer

_PLAIN = {
    Exponential: "Exp",
    HardSiLU: "HardSwish",
    Identity: "Identity",
    Mish: "Mish",
    Sigmoid: "Sigmoid",
    Softplus: "Softplus",
    Softsign: "Softsign",
    Tanh: "Tanh",
}


@exports(*_PLAIN)
def plain(w: Writer, layer: Any, x: str, shape: Shape) -> str:
    """Write an operator without options."""
    return w.node(_PLAIN[type(layer)], x)


@exports(Activation)
def activation(w: Writer, layer: Activation, x: str, shape: Shape) -> str:
    """Write the activation that the layer is named after."""
    ((inner, inner_shape),) = layer.parts(shape)
    return str(w.child(inner, x, inner_shape))


@exports(ELU)
def elu(w: Writer, layer: ELU, x: str, shape: Shape) -> str:
    """Write an Elu."""
    return w.node("Elu", x, alpha=layer.alpha)


@exports(CELU)
def celu(w: Writer, layer: CELU, x: str, shape: Shape) -> str:
    """Write a Celu."""
    return w.node("Celu", x, alpha=layer.alpha)


@exports(SELU)
def selu(w: Writer, layer: SELU, x: str, shape: Shape) -> str:
    """Write a Selu, whose constants are the paper's by default."""
    return w.node("Selu", x)


@exports(GELU)
def gelu(w: Writer, layer: GELU, x: str, shape: Shape) -> str:
    """Write a Gelu."""
    return w.node("Gelu", x, approximate="tanh" if layer.approximate else "none")


@exports(SiLU)
def silu(w: Writer, layer: SiLU, x: str, shape: Shape) -> str:
    """Write the input times its Sigmoid."""
    return w.node("Mul", x, w.node("Sigmoid", x))


@exports(LogSigmoid)
def log_sigmoid(w: Writer, layer: LogSigmoid, x: str, shape: Shape) -> str:
    """Write a Softplus between two Negs."""
    return w.node("Neg", w.node("Softplus", w.node("Neg", x)))


@exports(Squareplus)
def squareplus(w: Writer, layer: Squareplus, x: str, shape: Shape) -> str:
    """Write the formula."""
    square = w.node("Add", w.node("Mul", x, x), w.number(x, layer.b))
    return w.node("Mul", w.node("Add", x, w.node("Sqrt", square)), w.number(x, 0.5))


@exports(HardSigmoid)
def hard_sigmoid(w: Writer, layer: HardSigmoid, x: str, shape: Shape) -> str:
    """Write a HardSigmoid."""
    return w.node("HardSigmoid", x, alpha=layer.alpha, beta=layer.beta)


@exports(HardTanh)
def hard_tanh(w: Writer, layer: HardTanh, x: str, shape: Shape) -> str:
    """Write a Clip."""
    return w.node("Clip", x, w.number(x, -1), w.number(x, 1))


@exports(PReLU)
def prelu(w: Writer, layer: PReLU, x: str, shape: Shape) -> str:
    """Write a PRelu."""
    return w.node("PRelu", x, w.parameter(layer, "alpha"))


@exports(HardShrink, SoftShrink)
def shrink(w: Writer, layer: Any, x: str, shape: Shape) -> str:
    """Write a Shrink."""
    bias = layer.threshold if isinstance(layer, SoftShrink) else 0.0
    return w.node("Shrink", x, lambd=layer.threshold, bias=bias)


@exports(Softmax, LogSoftmax)
def softmax(w: Writer, layer: Any, x: str, shape: Shape) -> str:
    """Write a Softmax or a LogSoftmax."""
    return w.node(type(layer).__name__, x, axis=layer.axis)


@exports(Dropout)
def dropout(w: Writer, layer: Dropout, x: str, shape: Shape) -> str:
    """Write a Dropout, which drops nothing, but tells the rate to who trains on."""
    return w.node("Dropout", x, w.constant("rate", np.array(layer.rate, dtype=np.float32)))


@exports(SpatialDropout1D, SpatialDropout2D, SpatialDropout3D)
def spatial_dropout(w: Writer, layer: Any, x: str, shape: Shape) -> str:
    """Write nothing: whole channels are dropped in training alone, of which ONNX knows nothing."""
    return x
