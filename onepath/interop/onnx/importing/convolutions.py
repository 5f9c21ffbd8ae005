"""Convolutions."""

from typing import Any

import numpy as np

from ....layers import Conv1D, Conv2D, Conv3D, Convolutional
from ....layers.base import Shape
from .node import Node, by_channel
from .table import reads
from .values import Value

_CLASSES = {1: Conv1D, 2: Conv2D, 3: Conv3D}


@reads("Conv")
def convolution(node: Node) -> Value:
    """Read a Conv, with the bias that is added behind it if it has none of its own."""
    x, kernel = node.x, node.constant(1)
    groups, dilations = node.integer("group", 1), node.integers("dilations")
    rank = len(x.shape) - 1
    if rank not in _CLASSES or kernel.ndim != rank + 2:
        raise node.refusal(f"has {rank} spatial axes and a kernel of {kernel.ndim} axes")
    size = kernel.shape[2:]
    if node.integers("kernel_shape", size) != size:
        raise node.refusal(f"declares another kernel than the stored one of {size}")
    node.expect("channels", x.shape[0], kernel.shape[1] * groups)
    strides = node.integers("strides", (1,) * rank)
    dilations = dilations or (1,) * rank
    padding = padding_of(node, x.shape[1:], size, strides, dilations)
    weights = {"kernel": kernel}
    plain = groups == 1 and strides == dilations == (1,) * rank and padding == "valid"
    if node.has(2):
        weights["bias"] = node.constant(2)
    else:
        added = node.followed_by("Add")
        if added is not None and plain and _is_by_position(added, x.shape, kernel):
            node.absorb()
            whole = Convolutional(x.shape, size[0], len(kernel), dtype=str(kernel.dtype))
            return node.apply(whole, x, kernels=kernel, biases=added.reshape(added.shape[-3:]))
        if by_channel(added, len(kernel), rank):
            node.absorb()
            weights["bias"] = added.reshape(-1)
    layer = _CLASSES[rank](
        len(kernel),
        size,
        strides,
        padding,
        dilations,
        groups,
        use_bias="bias" in weights,
        dtype=str(kernel.dtype),
    )
    return node.apply(layer, x, **weights)


def padding_of(node: Node, size: Shape, kernel: Shape, strides: Shape, dilations: Shape) -> Any:
    """Return what ``padding`` a layer takes, from ``auto_pad`` or ``pads``."""
    rank, auto = len(size), node.text("auto_pad", "NOTSET")
    pads = node.integers("pads", (0,) * (2 * rank))
    if auto == "SAME_UPPER":
        return "same"
    if auto == "SAME_LOWER":
        return tuple(
            _odd_rest_before(n, (k - 1) * d + 1, s)
            for n, k, s, d in zip(size, kernel, strides, dilations, strict=True)
        )
    if auto not in ("NOTSET", "VALID"):
        raise node.refusal(f"has auto_pad {auto!r}")
    if auto == "VALID" or not any(pads):
        return "valid"
    return tuple(zip(pads[:rank], pads[rank:], strict=True))


def _odd_rest_before(n: int, extent: int, stride: int) -> tuple[int, int]:
    """What "same" pads, with the odd rest at the start."""
    total = max((-(-n // stride) - 1) * stride + extent - n, 0)
    return total - total // 2, total // 2


def _is_by_position(added: Any, shape: Shape, kernel: Any) -> bool:
    """Whether an array has a bias for each position of a plain two-dimensional convolution."""
    size = kernel.shape[2:]
    if len(size) != 2 or size[0] != size[1]:
        return False
    output = (len(kernel), shape[1] - size[0] + 1, shape[2] - size[1] + 1)
    return output[1:] != (1, 1) and np.shape(added) in (output, (1, *output))
