"""Activations, and what acts in training alone."""

import math

from ....layers import (
    CELU,
    ELU,
    GELU,
    SELU,
    Dropout,
    Exponential,
    HardShrink,
    HardSigmoid,
    HardSiLU,
    HardTanh,
    Identity,
    LeakyReLU,
    LogSoftmax,
    Mish,
    PReLU,
    ReLU,
    Reshape,
    Sigmoid,
    SiLU,
    Softmax,
    Softplus,
    SoftShrink,
    Softsign,
    Tanh,
)
from .node import Node, meant
from .table import reads
from .values import Value

_PLAIN = {
    "Exp": Exponential,
    "HardSwish": HardSiLU,
    "Mish": Mish,
    "Relu": ReLU,
    "Sigmoid": Sigmoid,
    "Softplus": Softplus,
    "Softsign": Softsign,
    "Tanh": Tanh,
}


@reads(*_PLAIN)
def plain(node: Node) -> Value:
    """Read an operator without options."""
    return node.apply(_PLAIN[node.op](), node.value(0))


@reads("LeakyRelu")
def leaky_relu(node: Node) -> Value:
    """Read a LeakyRelu."""
    return node.apply(LeakyReLU(node.number("alpha", 0.01)), node.value(0))


@reads("ThresholdedRelu")
def thresholded_relu(node: Node) -> Value:
    """Read a ThresholdedRelu."""
    return node.apply(ReLU(threshold=node.number("alpha", 1.0)), node.value(0))


@reads("PRelu")
def prelu(node: Node) -> Value:
    """Read a PRelu by constant slopes; before opset 7 they were those of the channels."""
    x, slopes = node.x, node.constant(1)
    rank = len(x.shape)
    if node.opset < 7 and slopes.ndim == 1:
        slopes = slopes.reshape(-1, *(1,) * (rank - 1))
    if slopes.ndim == rank + 1 and len(slopes) == 1:
        slopes = slopes[0]
    slopes = slopes.reshape((1,) * (rank - slopes.ndim) + slopes.shape)
    if slopes.ndim != rank or any(
        n not in (1, m) for n, m in zip(slopes.shape, x.shape, strict=True)
    ):
        raise node.refusal(f"has slopes of shape {slopes.shape} for samples of shape {x.shape}")
    shared = tuple(axis for axis, n in enumerate(slopes.shape, 1) if n == 1)
    layer = PReLU(shared_axes=shared or None, dtype=str(slopes.dtype))
    return node.apply(layer, x, alpha=slopes)


@reads("Elu")
def elu(node: Node) -> Value:
    """Read an Elu."""
    return node.apply(ELU(node.number("alpha", 1.0)), node.value(0))


@reads("Celu")
def celu(node: Node) -> Value:
    """Read a Celu."""
    return node.apply(CELU(node.number("alpha", 1.0)), node.value(0))


@reads("Selu")
def selu(node: Node) -> Value:
    """Read a Selu with the constants of the paper."""
    alpha, gamma = node.number("alpha", 1.6732632), node.number("gamma", 1.0507009)
    # ONNX's first version had them with fewer digits
    if not (
        math.isclose(alpha, 1.67326, rel_tol=1e-4) and math.isclose(gamma, 1.0507, rel_tol=1e-4)
    ):
        raise node.refusal(f"has constants of its own, alpha {alpha} and gamma {gamma}")
    return node.apply(SELU(), node.value(0))


@reads("Gelu")
def gelu(node: Node) -> Value:
    """Read a Gelu."""
    kind = node.text("approximate", "none")
    if kind not in ("none", "tanh"):
        raise node.refusal(f"is approximated by {kind!r}")
    return node.apply(GELU(kind == "tanh"), node.value(0))


@reads("Swish")
def swish(node: Node) -> Value:
    """Read a Swish."""
    if node.number("alpha", 1.0) != 1:
        raise node.refusal("has an alpha other than 1")
    return node.apply(SiLU(), node.value(0))


@reads("HardSigmoid")
def hard_sigmoid(node: Node) -> Value:
    """Read a HardSigmoid."""
    layer = HardSigmoid(node.number("alpha", 0.2), node.number("beta", 0.5))
    return node.apply(layer, node.value(0))


@reads("Shrink")
def shrink(node: Node) -> Value:
    """Read a Shrink, hard or soft."""
    threshold, bias = node.number("lambd", 0.5), node.number("bias", 0.0)
    if bias not in (0, threshold):
        raise node.refusal(f"shrinks by {bias}, neither by nothing nor by its lambd {threshold}")
    return node.apply((SoftShrink if bias else HardShrink)(threshold), node.value(0))


@reads("Clip")
def clip(node: Node) -> Value:
    """Read a Clip between 0 and something, or between -1 and 1."""
    if node.opset < 11:
        low, high = node.number("min", -math.inf), node.number("max", math.inf)
    else:
        low, high = (
            meant(node.constant(index, default))
            for index, default in ((1, -math.inf), (2, math.inf))
        )
    x = node.value(0)
    if low == 0 <= high:
        return node.apply(ReLU(None if high == math.inf else high), x)
    if (low, high) == (-1, 1):
        return node.apply(HardTanh(), x)
    if (low, high) == (-math.inf, math.inf):
        return node.apply(Identity(), x)
    raise node.refusal(f"clips at {low} and {high}; layers do at 0 and something, or -1 and 1")


@reads("Softmax", "LogSoftmax")
def softmax(node: Node) -> Value:
    """Read a Softmax or LogSoftmax; before opset 13 it was over all axes from one on."""
    x, cls = node.value(0), Softmax if node.op == "Softmax" else LogSoftmax
    axis = node.axis(x, node.integer("axis", -1 if node.opset >= 13 else 1))
    if node.opset >= 13 or axis == len(x.shape):
        return node.apply(cls(axis), x)
    if x.batch >= axis:
        raise node.refusal("works along the batch")
    flat = node.apply(Reshape((*x.shape[: axis - 1], -1)), x)
    return node.apply(Reshape(x.shape), node.apply(cls(), flat))


@reads("Dropout")
def dropout(node: Node) -> Value:
    """Read a Dropout, which drops nothing in inference and everything by its rate in training."""
    node.attribute("seed")
    if node.opset < 7 and not node.integer("is_test", 0):
        raise node.refusal("drops: export the model for inference")
    if node.opset < 12:
        rate = node.number("ratio", 0.5)
    else:
        rate = meant(node.constant(1, 0.5))
        if node.has(2) and node.constant(2).any():
            raise node.refusal("drops: export the model for inference")
    return node.apply(Dropout(rate), node.value(0))
