"""Products of matrices."""

import numpy as np

from ....layers import Dense
from .node import Node
from .table import reads
from .values import Value


@reads("Gemm")
def gemm(node: Node) -> Value:
    """Read a Gemm by a constant matrix, whose factors go into the weights."""
    x, kernel = node.x, node.constant(1)
    alpha, beta = node.number("alpha", 1.0), node.number("beta", 1.0)
    if node.integer("transA", 0) or node.integer("broadcast", 1) not in (0, 1):
        raise node.refusal("transposes its input, which would mix the samples")
    kernel = kernel.T if node.integer("transB", 0) else kernel
    weights = {"kernel": kernel * kernel.dtype.type(alpha)}
    units = kernel.shape[1]
    if node.has(2):
        bias = node.constant(2)
        if bias.size not in (1, units) or bias.shape[-1:] not in ((), (1,), (units,)):
            raise node.refusal(f"adds an array of shape {bias.shape} to rows of {units}")
        weights["bias"] = np.broadcast_to(bias.reshape(-1), (units,)) * bias.dtype.type(beta)
    if len(x.shape) != 1:
        raise node.refusal(f"takes samples of shape {x.shape}, not rows of features")
    node.expect("features", x.shape[-1], len(kernel))
    layer = Dense(units, use_bias="bias" in weights, dtype=str(kernel.dtype))
    return node.apply(layer, x, **weights)


@reads("MatMul")
def matrix_product(node: Node) -> Value:
    """Read a MatMul by a constant matrix, with the bias that is added behind it."""
    x, kernel = node.value(0), node.constant(1)
    if kernel.ndim != 2 or x.batch == len(x.shape):
        raise node.refusal(
            f"multiplies samples of shape {x.shape} by an array of shape {kernel.shape}; a layer "
            "multiplies their last axis by a matrix"
        )
    node.expect("features", x.shape[-1], len(kernel))
    weights, units = {"kernel": kernel}, kernel.shape[1]
    bias = node.followed_by("Add")
    if bias is not None and bias.ndim and bias.shape[-1] == bias.size == units:
        node.absorb()
        weights["bias"] = bias.reshape(-1)
    layer = Dense(units, use_bias="bias" in weights, dtype=str(kernel.dtype))
    return node.apply(layer, x, **weights)
